"""``gamemusic play``, without a sound card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest

from gamemusic.audio.songs import render_song
from gamemusic.audio.soundfont import CHIP_SOUNDFONT
from gamemusic.audio.synth import fluidsynth_version
from gamemusic.audio.wavfile import read_wav
from gamemusic.cli.main import main
from gamemusic.cli.play import steer
from gamemusic.errors import MissingError
from gamemusic.score.midi import read_midi


@pytest.fixture(scope="module", autouse=True)
def _fluidsynth() -> None:
    try:
        fluidsynth_version()
    except MissingError as error:
        pytest.skip(str(error))


def test_what_would_be_heard_is_written_and_the_seed_decides(tiny_pack: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.wav" for name in "abc"]
    for file, seed in zip(files, ("1", "1", "2"), strict=True):
        arguments = ["play", str(tiny_pack), "--soundfont", "chip", "--sample-rate", "32000"]
        assert main([*arguments, "--seconds", "3", "--seed", seed, "--wav", str(file)]) == 0
    assert files[0].read_bytes() == files[1].read_bytes() != files[2].read_bytes()
    heard = read_wav(files[0])
    assert len(heard.audio) == 3 * 32000
    assert heard.loop is None
    assert np.any(heard.audio)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["play", "nowhere", "--seconds", "1", "--wav", "x.wav"], "not installed"),
        (["play", "explore", "--wav", "x.wav"], "--seconds"),
        (["play", "explore", "--seconds", "0"], "seconds"),
        (["play", "none.mid"], "none.mid"),
        (["play", "none.wav"], "none.wav"),
        (["play", "song.mid", "--wav", "x.wav"], "compose"),
    ],
)
def test_mistakes_are_one_clear_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


class RecordingDirector:
    """Collects what keys ask for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.intensity, self.paused, self.now = 0.5, False, None

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **options: self.asked.append((name, *arguments, *options.values()))


def test_keys_steer() -> None:
    director = RecordingDirector()
    keys = iter(["+", "+", "-", "", "1", "b", "2", "s", "x", "d", "d", " ", "q"])
    steer(director, "explore", lambda: next(keys), None)  # type: ignore[arg-type]  # stands in for one
    assert director.intensity == pytest.approx(0.6)
    names = [one[0] for one in director.asked]
    assert names == ["play", "play", "play", "stinger", "duck", "duck", "pause"]
    moods = [one[1] for one in director.asked if one[0] == "play"]
    assert moods[0] != moods[1] == moods[2]
    assert director.asked[0][-1] == "bar"
    assert director.asked[1][-1] == "phrase"
    assert [one[1] for one in director.asked if one[0] == "duck"] == [-12.0, 0.0]


def test_any_midi_file_can_be_heard(tmp_path: Path) -> None:
    file = mido.MidiFile(ticks_per_beat=96)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=1_000_000))  # 60 bpm
    track.append(mido.Message("program_change", channel=1, program=80))
    track.append(mido.Message("note_on", channel=1, note=69, velocity=100, time=96))
    track.append(mido.MetaMessage("set_tempo", tempo=500_000, time=48))  # 120 bpm from 1.5 s on
    track.append(mido.Message("note_off", channel=1, note=69, time=48))  # at 1.75 s
    track.append(mido.Message("note_on", channel=9, note=38, velocity=100, time=48))  # at 2 s
    track.append(mido.Message("note_off", channel=9, note=38, time=24))
    path = tmp_path / "song.mid"
    file.save(path)
    sound = render_song(read_midi(path.read_bytes(), file=path), CHIP_SOUNDFONT, 32000)
    loud = np.sqrt(np.mean(sound[: len(sound) // 800 * 800].reshape(-1, 800, 2) ** 2, axis=(1, 2)))  # 25 ms each
    assert np.max(np.abs(sound[: 32000 - 64])) < 1e-6
    assert loud[41] > 0.01
    assert loud[68] > 0.01
    assert loud[81] > 0.01  # the drum
    assert np.max(np.abs(sound)) == pytest.approx(10 ** (-1 / 20), abs=1e-3)
