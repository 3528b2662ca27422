"""``gamemusic play``: hear a mood, and steer it with keys; or hear a file."""

from __future__ import annotations

import argparse
import contextlib
import random
import select
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gamemusic.errors import GameMusicError, InputError

if TYPE_CHECKING:
    from gamemusic.director.director import Director

__all__ = ["KEYS", "add_to", "steer"]

KEYS = """\
  1 2 3 ...  another mood         + -    more or less intensity
  s          another style        b      beat, bar or phrase: where moods change
  x          a stinger            space  pause
  d          duck                 q      end"""
"""What the keys do."""

_STEP = 0.1


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("play", help="hear a mood or a MIDI or WAV file; keys change mood and intensity")
    parser.add_argument("what", metavar="MOOD|FILE", help="an installed mood, a mood pack's path, FILE.mid or FILE.wav")
    parser.add_argument("--style", metavar="S", help="one of the mood's styles (default: its first)")
    parser.add_argument("--intensity", type=float, default=0.5, metavar="X", help="0 (calm) to 1 (full)")
    parser.add_argument("--seed", type=int, metavar="N", help="the same seed plays the same phrases (default: drawn)")
    parser.add_argument("--soundfont", metavar="F", help="SF2 or SF3 file, or chip (default: the style's)")
    parser.add_argument("--sample-rate", type=int, default=48000, metavar="R", help="hertz (default: 48000)")
    parser.add_argument("--device", metavar="D", help="number or name of the sound card (default: the system's)")
    parser.add_argument("--seconds", type=float, metavar="T", help="end after so long (default: with q)")
    parser.add_argument(
        "--wav", type=Path, metavar="FILE.wav", help="write a file in place of being heard; needs --seconds"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Play until it is ended."""
    if options.seconds is not None and not 0 < options.seconds <= 86400:
        raise InputError(f"seconds must be more than 0 and at most 86400 (received {options.seconds:g})")
    if _is_sound(Path(options.what)):
        return _play_file(options)
    from gamemusic.director.director import Director
    from gamemusic.director.settings import Settings
    from gamemusic.packs.library import find_pack

    find_pack(options.what)  # what is wrong with it is said here, not by the thread that composes
    seed = random.SystemRandom().getrandbits(32) if options.seed is None else options.seed
    if options.wav is not None:
        return _write_wav(options, seed)
    with Director(
        sample_rate=options.sample_rate, seed=seed, soundfont=options.soundfont, settings=Settings()
    ) as director:
        director.play(options.what, options.style, options.intensity)
        director.start(_device(options.device))
        print(f"seed {seed}")
        if sys.stdin.isatty():
            print(KEYS)
        with _single_keys() as next_key:
            steer(director, options.what, next_key, options.seconds)
        director.stop(0.3)
        time.sleep(0.5)
    return 0


def steer(director: Director, mood: str, next_key: Callable[[], str], seconds: float | None) -> None:
    """Let keys steer a director until ``q`` or for so many seconds.

    Args:
        director: Which one.
        mood: What plays at first.
        next_key: Waits a moment and returns a key, or nothing.
        seconds: How long, at most.
    """
    from gamemusic.composer.stinger import stinger_names
    from gamemusic.director.conductor import BOUNDARIES
    from gamemusic.packs.library import find_pack, list_packs

    moods = [one.name for one in list_packs() if one.error is None and one.shadowed_by is None]
    at, ducked, shown, told, style = 1, False, "", 0, 0
    until = None if seconds is None else time.monotonic() + seconds
    while until is None or time.monotonic() < until:
        key = next_key()
        try:
            preset = find_pack(mood).preset if key in ("s", "x") else None
        except GameMusicError as error:  # it is being edited; what was read before plays on
            print(f"\ngamemusic: {error}", file=sys.stderr)
            continue
        if key == "q":
            return
        if key in "+=-" and key:
            director.intensity = min(1.0, max(0.0, director.intensity + (-_STEP if key == "-" else _STEP)))
        elif key.isdigit() and 0 < int(key) <= len(moods):
            mood, style = moods[int(key) - 1], 0
            director.play(mood, at=BOUNDARIES[at])
        elif key == "s" and preset is not None:
            style = (style + 1) % len(preset.styles)
            director.play(mood, list(preset.styles)[style], at=BOUNDARIES[at])
        elif key == "b":
            at = (at + 1) % len(BOUNDARIES)
        elif key == "x" and preset is not None:
            names = stinger_names(preset)
            with contextlib.suppress(InputError):  # before the first bar there is nothing it could sound in
                director.stinger(names[told % len(names)])
            told += 1
        elif key == " ":
            director.resume() if director.paused else director.pause()
        elif key == "d":
            ducked = not ducked
            director.duck(-12.0 if ducked else 0.0)
        shown = _show(director, BOUNDARIES[at], shown)


def _show(director: Director, at: str, shown: str) -> str:
    """Print where the music is, when that has changed; on a terminal in place."""
    now = director.now
    if now is None:
        return shown
    text = (
        f"{now.mood} ({now.style}) {now.kind} bar {now.bar + 1}/{now.bars}, {now.tempo_bpm:g} bpm, "
        f"{now.phrase.key}, intensity {director.intensity:.1f}, changes at the {at}"
    )
    if text != shown:
        print(f"\r\x1b[K{text}" if sys.stdout.isatty() else text, end="" if sys.stdout.isatty() else "\n", flush=True)
    return text


def _is_sound(path: Path) -> bool:
    """Say whether somebody means a WAV or MIDI file, not a mood."""
    from gamemusic.score.midifiles import MIDI_SUFFIXES, is_midi_file

    return path.suffix.lower() in {".wav", *MIDI_SUFFIXES} or is_midi_file(path)


def _play_file(options: argparse.Namespace) -> int:
    """Play a MIDI or WAV file once."""
    from gamemusic.audio.songs import render_song
    from gamemusic.audio.soundfont import find_soundfont
    from gamemusic.audio.wavfile import read_wav
    from gamemusic.director.output import Recording, SoundCard
    from gamemusic.score.midi import read_midi

    if options.wav is not None:
        raise InputError("--wav is for moods; 'gamemusic compose' writes phrases")
    path = Path(options.what)
    if path.suffix.lower() == ".wav":
        file = read_wav(path)
        source = Recording(file.audio, file.sample_rate)
    else:
        song = read_midi(_read_bytes(path), file=path)
        sound = render_song(song, find_soundfont(options.soundfont), options.sample_rate)
        source = Recording(sound, options.sample_rate)
    card = SoundCard(source, device=_device(options.device))
    until = time.monotonic() + (source.seconds if options.seconds is None else options.seconds) + 0.3
    try:
        while time.monotonic() < until:
            time.sleep(0.05)
    finally:
        card.close()
    return 0


def _read_bytes(path: Path) -> bytes:
    from gamemusic.files import read_file
    from gamemusic.limits import LIMITS

    return read_file(path, most=LIMITS.midi_bytes)


def _write_wav(options: argparse.Namespace, seed: int) -> int:
    """Write what would be heard; composed while it is read, so that the same seed gives the same file."""
    import numpy as np

    from gamemusic.audio.wavfile import encode_wav
    from gamemusic.director.director import Director
    from gamemusic.director.settings import Settings
    from gamemusic.files import write_file

    if options.seconds is None:
        raise InputError("--wav needs --seconds: how long the file is to be")
    settings = Settings(patient=True)
    with Director(
        sample_rate=options.sample_rate, seed=seed, soundfont=options.soundfont, settings=settings
    ) as director:
        director.play(options.what, options.style, options.intensity)
        left = round(options.seconds * options.sample_rate)
        blocks = []
        while left > 0:
            blocks.append(director.read(min(left, 4096)))
            left -= len(blocks[-1])
    data = encode_wav(np.concatenate(blocks), options.sample_rate, bit_depth="16")
    write_file(options.wav, data)
    print(f"{options.wav}: {options.what}, seed {seed}, {options.seconds:g} s")
    return 0


def _device(name: str | None) -> int | str | None:
    return int(name) if name is not None and name.isdigit() else name


@contextlib.contextmanager
def _single_keys() -> Iterator[Callable[[], str]]:
    """Give a function that waits a twentieth of a second for a key; without a terminal none ever comes."""
    if not sys.stdin.isatty():
        yield _no_key
        return
    try:
        import termios
        import tty
    except ImportError:
        yield _windows_key
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield lambda: sys.stdin.read(1) if select.select([sys.stdin], [], [], 0.05)[0] else ""
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        print()


def _no_key() -> str:
    time.sleep(0.05)
    return ""


def _windows_key() -> str:
    import msvcrt

    time.sleep(0.05)
    return msvcrt.getwch() if msvcrt.kbhit() else ""  # type: ignore[attr-defined,no-any-return,unused-ignore]
