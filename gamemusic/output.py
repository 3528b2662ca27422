"""A phrase as a file or as sound: what `Phrase.save` and `Phrase.render` do."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from gamemusic.errors import InputError
from gamemusic.values import check_path, check_truth

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from gamemusic.audio.loops import Stems
    from gamemusic.score.parts import Arrangement
    from gamemusic.score.phrase import Phrase

__all__ = ["DEFAULT_SAMPLE_RATE", "MIDI_SUFFIXES", "SUFFIXES", "check_output", "render", "render_stems", "save"]

MIDI_SUFFIXES = (".mid", ".midi")
AUDIO_SUFFIXES = (".wav", ".flac", ".ogg")
SUFFIXES = MIDI_SUFFIXES + AUDIO_SUFFIXES
"""Endings of file names that `save` understands, in either case."""

DEFAULT_SAMPLE_RATE = 48000
"""In hertz."""


def save(
    phrase: Phrase,
    path: str | Path,
    *,
    soundfont: str | Path | None = None,
    sample_rate: int = DEFAULT_SAMPLE_RATE,
    bit_depth: str | int = "16",
    stems: bool = False,
) -> Path:
    """Write a phrase as MIDI or as a WAV, FLAC or OGG file that says where it loops.

    Either everything is written or nothing.

    Args:
        phrase: What to write.
        path: Its suffix, one of `SUFFIXES`, decides the format.
        soundfont: File with the instruments' sound, or ``chip``; None takes what the phrase's style names, or looks for
            one. Not used for MIDI.
        sample_rate: In hertz, 8000..96000. Not used for MIDI.
        bit_depth: ``16``, ``24`` or, for WAV alone, ``32f``. Not used for MIDI and OGG.
        stems: Also write each role to a file of its own, ``NAME.<role>.wav`` beside ``NAME.wav``.

    Returns:
        The path of the mix.

    Raises:
        InputError: An unknown suffix, sample rate or bit depth, or no such soundfont.
        MissingError: FluidSynth or a soundfont has to be installed; for FLAC and OGG ``gamemusic[bake]``.
        FormatError: The soundfont is damaged.
        OutputError: The file could not be written.
    """
    stems = check_truth(stems, "stems")
    target, depth = check_output(path, sample_rate=sample_rate, bit_depth=bit_depth)
    suffix = target.suffix.lower()
    arrangement = _arrange(phrase)
    if suffix in MIDI_SUFFIXES:
        contents = _midi_files(arrangement, target, stems)
    else:
        from gamemusic.audio.soundfont import find_soundfont

        font = find_soundfont(soundfont, style=_style_font(phrase))
        contents = _sound_files(arrangement, target, font, sample_rate, depth, stems)
    from gamemusic.files import write_files

    write_files(contents)
    return target


def check_output(
    path: str | Path, *, sample_rate: int = DEFAULT_SAMPLE_RATE, bit_depth: str | int = "16"
) -> tuple[Path, str]:
    """Return the path and bit depth that `save` would use, or raise what it would: for use before long work.

    Args and Raises: as `save`.
    """
    target = check_path(path)
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"cannot write {target.name!r}: the file name must end in one of {', '.join(SUFFIXES)}"
            + ("; .mp3 cannot loop without a gap, .ogg can" if suffix == ".mp3" else "")
        )
    from gamemusic.audio.synth import check_sample_rate
    from gamemusic.audio.wavfile import check_bit_depth
    from gamemusic.files import check_writable

    check_sample_rate(sample_rate)
    depth = check_bit_depth(bit_depth)
    if suffix == ".flac" and depth == "32f":
        raise InputError("FLAC has no floats; use bit depth 16 or 24, or a .wav file")
    if suffix in (".flac", ".ogg"):
        from gamemusic.audio.compressed import check_installed

        check_installed()
    check_writable(target)
    return target, depth


def render(
    phrase: Phrase, *, soundfont: str | Path | None = None, sample_rate: int = DEFAULT_SAMPLE_RATE
) -> npt.NDArray[np.float32]:
    """Return a phrase's sound, float32, shape (frames, 2), within -1..1.

    With the ending ``loop`` it loops exactly, and its length is a multiple of 64 frames.

    Args and Raises: as `save`, but for files.
    """
    from gamemusic.audio.loops import render_mix
    from gamemusic.audio.soundfont import find_soundfont
    from gamemusic.audio.synth import check_sample_rate

    check_sample_rate(sample_rate)
    return render_mix(_arrange(phrase), find_soundfont(soundfont, style=_style_font(phrase)), sample_rate)


def render_stems(
    phrase: Phrase, *, soundfont: str | Path | None = None, sample_rate: int = DEFAULT_SAMPLE_RATE
) -> Stems:
    """Return a phrase's sound role by role, and the mix, which is their sum.

    Args and Raises: as `render`.
    """
    from gamemusic.audio.loops import render_stems as render_arrangement
    from gamemusic.audio.soundfont import find_soundfont
    from gamemusic.audio.synth import check_sample_rate

    check_sample_rate(sample_rate)
    return render_arrangement(_arrange(phrase), find_soundfont(soundfont, style=_style_font(phrase)), sample_rate)


def _arrange(phrase: Phrase) -> Arrangement:
    from gamemusic.arranger.arranger import arrange

    return arrange(phrase)


def _style_font(phrase: Phrase) -> str:
    return phrase.orchestration.soundfont if phrase.orchestration else ""


def _midi_files(arrangement: Arrangement, target: Path, stems: bool) -> dict[Path, bytes]:
    from gamemusic.score.midi import write_midi

    contents = {target: write_midi(arrangement)}
    if stems:
        for part in arrangement.parts:
            alone = dataclasses.replace(arrangement, parts=(part,))
            contents[_stem_path(target, str(part.role))] = write_midi(alone)
    return contents


def _sound_files(
    arrangement: Arrangement, target: Path, font: Path, sample_rate: int, depth: str, stems: bool
) -> dict[Path, bytes]:
    from gamemusic.audio.loops import render_mix
    from gamemusic.audio.loops import render_stems as render_arrangement

    if stems:
        rendered = render_arrangement(arrangement, font, sample_rate)
        sounds = {target: rendered.mix}
        sounds |= {_stem_path(target, str(role)): stem for role, stem in rendered.stems.items()}
        del rendered
    else:
        sounds = {target: render_mix(arrangement, font, sample_rate)}
    contents = {}
    for path in list(sounds):  # each let go of before the next is encoded
        contents[path] = _encode(path.suffix.lower(), sounds.pop(path), sample_rate, depth, arrangement)
    return contents


def _encode(
    suffix: str, audio: npt.NDArray[np.float32], sample_rate: int, depth: str, arrangement: Arrangement
) -> bytes:
    loops, title, comment = arrangement.ending == "loop", arrangement.title, arrangement.comment
    if suffix == ".wav":
        from gamemusic.audio.wavfile import encode_wav

        return encode_wav(
            audio, sample_rate, bit_depth=depth, loop=(0, len(audio)) if loops else None, title=title, comment=comment
        )
    from gamemusic.audio.compressed import encode

    loop = (0, len(audio)) if loops else None
    return encode(audio, sample_rate, suffix, loop=loop, title=title, comment=comment, bit_depth=depth)


def _stem_path(target: Path, role: str) -> Path:
    return target.with_name(f"{target.stem}.{role}{target.suffix}")
