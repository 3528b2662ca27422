"""save() and render(): one phrase, every kind of file, all or nothing."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import pytest

from gamemusic.audio.compressed import decode
from gamemusic.audio.soundfont import find_soundfont
from gamemusic.audio.synth import fluidsynth_version
from gamemusic.audio.wavfile import read_wav
from gamemusic.errors import GameMusicError, InputError, MissingError, OutputError
from gamemusic.output import render, render_stems, save
from gamemusic.score.orchestration import DEFAULT_ORCHESTRATION
from gamemusic.score.parts import Arrangement, Part, PlayedNote
from gamemusic.score.phrase import Note, Phrase, Role, Track
from gamemusic.theory import Key
from gamemusic.units import METERS, loop_frames

RATE = 22050


@pytest.fixture
def phrase(monkeypatch: pytest.MonkeyPatch) -> Phrase:
    """A bar of lead and bass; what arranges it and what writes MIDI are stand-ins, tested elsewhere."""

    def arrange(phrase: Phrase) -> Arrangement:
        parts = tuple(
            Part(
                track.role,
                channel,
                DEFAULT_ORCHESTRATION.instruments[track.role],
                tuple(PlayedNote(40 * n.start, n.pitch, 40 * n.duration, n.velocity) for n in track.notes),
            )
            for channel, track in enumerate(phrase.tracks)
        )
        return Arrangement(
            bars=phrase.bars,
            meter=phrase.meter,
            tempo_bpm=phrase.tempo_bpm,
            key=phrase.key,
            parts=parts,
            ending=phrase.ending,
            title="Test",
            comment="seed 7",
        )

    def write_midi(arrangement: Arrangement) -> bytes:
        return f"MThd {' '.join(str(part.role) for part in arrangement.parts)}".encode()

    for name, function in (("gamemusic.arranger.arranger", arrange), ("gamemusic.score.midi", write_midi)):
        module = types.ModuleType(name)
        setattr(module, function.__name__, function)
        monkeypatch.setitem(sys.modules, name, module)
    tracks = (Track(Role.BASS, (Note(0, 40, 48),)), Track(Role.LEAD, (Note(0, 72, 24), Note(24, 76, 24))))
    return Phrase(bars=1, meter=METERS["4/4"], tempo_bpm=133.0, key=Key(0, "major"), tracks=tracks)


@pytest.fixture(scope="session")
def font() -> Path:
    try:
        fluidsynth_version()
        return find_soundfont()
    except MissingError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", ["a.mid", "a.midi", "A.MID"])
def test_midi(phrase: Phrase, tmp_path: Path, name: str) -> None:
    assert save(phrase, str(tmp_path / name)) == tmp_path / name
    assert (tmp_path / name).read_bytes() == b"MThd bass lead"


def test_midi_stems(phrase: Phrase, tmp_path: Path) -> None:
    save(phrase, tmp_path / "a.mid", stems=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "a.mid": b"MThd bass lead",
        "a.bass.mid": b"MThd bass",
        "a.lead.mid": b"MThd lead",
    }


@pytest.mark.parametrize("ending", ["loop", "cadence"])
def test_wav(phrase: Phrase, tmp_path: Path, font: Path, ending: str) -> None:
    path = phrase.replace(ending=ending).save(tmp_path / "a.WAV", soundfont=font, sample_rate=RATE, bit_depth="24")
    wav = read_wav(path)
    frames = loop_frames(phrase.ticks, phrase.tempo_bpm, RATE)
    assert (wav.sample_rate, wav.bit_depth, wav.title, wav.comment) == (RATE, "24", "Test", "seed 7")
    assert wav.loop == ((0, frames - 1) if ending == "loop" else None)
    assert len(wav.audio) == frames if ending == "loop" else len(wav.audio) > frames


def test_wav_stems_add_up(phrase: Phrase, tmp_path: Path, font: Path) -> None:
    save(phrase, tmp_path / "a.wav", soundfont=font, sample_rate=RATE, stems=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bass.wav", "a.lead.wav", "a.wav"]
    stems = [read_wav(tmp_path / f"a.{role}.wav").audio for role in ("bass", "lead")]
    # each file is rounded on its own: half a step each
    assert np.max(np.abs(sum(stems) - read_wav(tmp_path / "a.wav").audio)) <= 1.5 / 32768 + 1e-7


def test_render(phrase: Phrase, font: Path) -> None:
    audio = phrase.render(soundfont=font, sample_rate=RATE)
    assert audio.dtype == np.float32
    assert audio.shape == (loop_frames(phrase.ticks, phrase.tempo_bpm, RATE), 2)
    assert np.array_equal(audio, render(phrase, soundfont=font, sample_rate=RATE))
    stems = render_stems(phrase, soundfont=font, sample_rate=RATE)
    assert list(stems.stems) == [Role.BASS, Role.LEAD]
    assert np.max(np.abs(stems.mix - audio)) <= 1 / 32768


@pytest.mark.parametrize("suffix", [".flac", ".ogg"])
def test_compressed_files_hold_the_same_loop(phrase: Phrase, font: Path, tmp_path: Path, suffix: str) -> None:
    save(phrase, tmp_path / f"a{suffix}", soundfont=font, sample_rate=RATE, stems=True)
    assert {path.name for path in tmp_path.iterdir()} == {f"a{suffix}", f"a.bass{suffix}", f"a.lead{suffix}"}
    audio = phrase.render(soundfont=font, sample_rate=RATE)
    sound = decode((tmp_path / f"a{suffix}").read_bytes(), suffix)
    assert sound.loop == (0, len(audio))
    assert sound.fields["TITLE"]
    assert sound.audio.shape == audio.shape
    error = sound.audio - audio
    # FLAC rounds, Vorbis leaves out what is not heard
    assert np.max(np.abs(error)) <= 1 / 32768 if suffix == ".flac" else np.std(error) < 0.1 * np.std(audio)


def test_what_a_format_cannot_hold(phrase: Phrase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="FLAC has no floats"):
        save(phrase, tmp_path / "a.flac", bit_depth="32f")
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(MissingError, match=r"gamemusic\[bake\]"):
        save(phrase, tmp_path / "a.ogg")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.opus", "a.mp3", "a.txt", "a", ".wav"])
def test_other_suffixes(phrase: Phrase, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"\.mid, \.midi, \.wav"):
        save(phrase, tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "options", [{"sample_rate": 1}, {"bit_depth": "12"}, {"soundfont": "/none.sf2"}, {"soundfont": "/"}]
)
def test_bad_options_write_nothing(phrase: Phrase, tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        save(phrase, tmp_path / "a.wav", stems=True, **options)  # type: ignore[arg-type]  # wrong on purpose
    assert not list(tmp_path.iterdir())


def test_places_that_cannot_be_written_to(phrase: Phrase, tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "b.lead.mid").mkdir()
    for path in (tmp_path / "none" / "a.wav", tmp_path / "folder.wav", tmp_path / "b.mid"):
        with pytest.raises(OutputError):
            save(phrase, path, stems=True, soundfont="/none.sf2")
        assert issubclass(OutputError, GameMusicError)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.lead.mid", "folder.wav"]
