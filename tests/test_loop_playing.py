"""Does a loop play round? What the command wrote is repeated by sox, which knows nothing of us, and looked at."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
import numpy.typing as npt
import pytest

from gamemusic.audio.soundfont import find_soundfont
from gamemusic.audio.synth import fluidsynth_version
from gamemusic.audio.wavfile import read_wav
from gamemusic.cli.main import main
from gamemusic.errors import MissingError

MOODS = ("explore", "tavern", "dungeon", "combat")
BARS = 8
PASSES = 4
"""`repeat 3` plays once, and three times again."""

Audio = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Played:
    """Files of one phrase: as audio, as MIDI, and what sox made of the audio."""

    wav: Path
    midi: Path
    repeated: Path


@pytest.fixture(scope="module", params=MOODS)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A mood's loop of 8 bars, composed by the command, and repeated."""
    if shutil.which("sox") is None:
        pytest.skip("sox is not installed (apt install sox)")
    try:
        fluidsynth_version()
        find_soundfont()
    except MissingError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp(request.param)
    files = Played(folder / "a.wav", folder / "a.mid", folder / "b.wav")
    for path in (files.wav, files.midi):
        assert main(["compose", request.param, "--bars", str(BARS), "--seed", "7", "-o", str(path)]) == 0
    subprocess.run(["sox", files.wav, files.repeated, "repeat", str(PASSES - 1)], check=True)
    return files


def steps(audio: Audio, length: int) -> tuple[float, float]:
    """Return the largest step from sample to sample at the joints of passes of ``length`` frames, and inside them."""
    step = np.abs(np.diff(audio.astype(np.float64), axis=0)).max(axis=1)
    joints = np.arange(length - 1, len(step), length)
    return float(step[joints].max()), float(np.delete(step, joints).max())


def test_no_click_at_the_joints(played: Played) -> None:
    audio, repeated = read_wav(played.wav).audio, read_wav(played.repeated).audio
    assert np.array_equal(repeated, np.tile(audio, (PASSES, 1)))
    joint, inside = steps(repeated, len(audio))
    assert joint <= inside
    assert inside > 0.001  # there is music


def test_a_click_would_be_found(played: Played) -> None:
    audio = read_wav(played.wav).audio
    slope = np.linspace(0, 1, len(audio), dtype=np.float32)[:, None]  # jumps at the joints only
    joint, inside = steps(np.tile(audio + slope, (PASSES, 1)), len(audio))
    assert joint > inside


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield a RIFF file's chunks, name and content."""
    assert (data[:4], data[8:12]) == (b"RIFF", b"WAVE")
    assert struct.unpack("<I", data[4:8]) == (len(data) - 8,)
    at = 12
    while at < len(data):
        (size,) = struct.unpack("<I", data[at + 4 : at + 8])
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def test_smpl_chunk(played: Played) -> None:
    found = dict(chunks(played.wav.read_bytes()))
    channels, rate, _, block = struct.unpack("<HIIH", found[b"fmt "][2:14])
    frames = len(found[b"data"]) // block
    *_, period, _, _, _, _, loops, _ = struct.unpack("<9I", found[b"smpl"][:36])
    assert (channels, loops) == (2, 1)
    assert period == pytest.approx(1e9 / rate, abs=1)
    _, kind, start, end, fraction, count = struct.unpack("<6I", found[b"smpl"][36:60])
    # the end is the last frame that is played; a count of 0 plays for ever
    assert (kind, start, end, fraction, count) == (0, 0, frames - 1, 0, 0)


def test_midi_ends_with_the_bar_and_says_where_it_loops(played: Played) -> None:
    midi = mido.MidiFile(played.midi)
    events = [(tick, message) for track in midi.tracks for tick, message in ticks(track)]
    meter = next(message for _, message in events if message.type == "time_signature")
    length = BARS * midi.ticks_per_beat * 4 * meter.numerator // meter.denominator
    assert [sum(message.time for message in track) for track in midi.tracks] == [length] * len(midi.tracks)
    markers = [(tick, message.text) for tick, message in events if message.type == "marker"]
    assert markers == [(0, "loopStart"), (length, "loopEnd")]
    assert [tick for tick, message in events if message.is_cc(111)] == [0]
    sounding = [message.type == "note_on" and message.velocity > 0 for _, message in events]
    ends = [message.type in ("note_on", "note_off") for _, message in events]
    assert sum(sounding) * 2 == sum(ends) > 0
    assert midi.length == pytest.approx(len(read_wav(played.wav).audio) / 48000, abs=32 / 48000 + 0.001)


def ticks(track: mido.MidiTrack) -> Iterator[tuple[int, mido.Message]]:
    """Yield a track's events with their time from the beginning, in ticks."""
    now = 0
    for message in track:
        now += message.time
        yield now, message
