"""Ren'Py: files that loop as a whole, names as Ren'Py reads them, and a script that does what it should.

Ren'Py itself comes from no package registry. Its reading of file names is rebuilt here from its sources
(``split_filename`` in renpy/audio/audio.py), and the script's Python runs against a stand-in that takes down calls.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gamemusic
from gamemusic import InputError, adapters
from gamemusic.adapters.renpy import Cue, Stem, loop_string, make_script, sync_strings
from gamemusic.audio.soundfont import find_soundfont
from gamemusic.audio.synth import fluidsynth_version
from gamemusic.audio.wavfile import read_wav


def split_filename(name: str, looped: bool) -> tuple[str, float, float]:
    """Return file, start and end as Ren'Py does; -1 is the file's end."""
    match = re.match(r"<(.*)>(.*)", name)
    if not match:
        return name, 0, -1
    words = match.group(1).split()
    start, loop, end = 0.0, None, -1.0
    while words:
        clause, value = words.pop(0), words.pop(0)
        if clause == "from":
            start = float(value)
        elif clause == "to":
            end = float(value)
        elif clause == "loop":
            loop = float(value)
        else:
            raise ValueError(clause)
    return match.group(2), loop if loop is not None and looped else start, end


def test_loop_strings() -> None:
    assert loop_string("a.wav") == "<loop 0>a.wav"
    assert split_filename(loop_string("a.wav"), looped=True) == ("a.wav", 0.0, -1)
    name = loop_string("audio/x.wav", start=1, loop=4.123456789, end=1e-3 + 20)
    assert split_filename(name, looped=False) == ("audio/x.wav", 1.0, 20.001)
    assert split_filename(name, looped=True) == ("audio/x.wav", 4.123457, 20.001)
    assert "e" not in loop_string("x", loop=0.00001).partition(">")[0].replace("loop", "")


@pytest.mark.parametrize(
    "times", [{"loop": -1}, {"loop": float("nan")}, {"start": 5, "end": 5}, {"loop": 6, "end": 5}, {"end": 0}]
)
def test_times_out_of_range(times: dict[str, float]) -> None:
    with pytest.raises(InputError):
        loop_string("a.wav", **times)


def test_sync_strings() -> None:
    # the form that Ren'Py's documentation asks for: only the first pass begins where the other channel is
    assert sync_strings("b.wav", "music_1") == ("<sync music_1>b.wav", "b.wav")


class Music:
    """renpy.music, as far as the script uses it."""

    def __init__(self) -> None:
        self.channels: dict[str, Any] = {}
        self.playing: dict[str, str] = {}
        self.volumes: dict[str, float] = {}
        self.together: set[str] = set()

    def register_channel(self, name: str, mixer: str, loop: bool) -> None:
        assert mixer == "music"
        assert loop
        self.channels[name] = loop

    def play(self, file: str, channel: str, loop: bool, fadeout: float, synchro_start: bool) -> None:
        assert channel in self.channels
        assert loop
        self.playing[channel] = file
        if synchro_start:
            self.together.add(channel)

    def stop(self, channel: str, fadeout: float) -> None:
        self.playing.pop(channel, None)

    def set_volume(self, volume: float, delay: float, channel: str) -> None:
        assert channel in self.channels
        self.volumes[channel] = volume


def run_script(script: str) -> tuple[dict[str, Any], Music]:
    """Run a script's definitions and its ``init python`` and return its names and what it asked of Ren'Py."""
    music = Music()
    names: dict[str, Any] = {"renpy": type("renpy", (), {"music": music})}
    definitions, _, code = script.partition("init python:\n")
    for line in definitions.splitlines():
        if line and not line.startswith("#"):
            name, value = re.fullmatch(r'define audio\.(\w+) = "(.+)"', line).groups()  # type: ignore[union-attr]
            names[f"audio.{name}"] = value
    exec(textwrap.dedent(code), names)
    return names, music


def test_script_of_layers() -> None:
    calm = Cue(name="calm", file="a/calm.wav", loops=True, stems=(Stem(role="bass", file="a/calm.bass.wav"),))
    wild = Cue(
        name="wild",
        file="a/wild.wav",
        loops=True,
        stems=(
            Stem(role="bass", file="a/wild.bass.wav"),
            Stem(role="drums", file="a/wild.drums.wav", from_intensity=0.45),
        ),
    )
    end = Cue(name="end", file="a/end.wav", loops=False)
    names, music = run_script(make_script([calm, wild, end]))
    assert names["audio.calm"] == "<loop 0>a/calm.wav"
    assert names["audio.end"] == "a/end.wav"
    assert list(music.channels) == ["gamemusic_bass", "gamemusic_drums"]
    names["gamemusic_play"]("wild", intensity=0.2)
    assert music.playing == {"gamemusic_bass": "a/wild.bass.wav", "gamemusic_drums": "a/wild.drums.wav"}
    assert music.together == set(music.channels)
    assert music.volumes == {"gamemusic_bass": 1.0, "gamemusic_drums": 0.0}
    names["gamemusic_intensity"]("wild", 0.45)
    assert music.volumes["gamemusic_drums"] == 1.0
    names["gamemusic_play"]("calm")
    assert music.playing == {"gamemusic_bass": "a/calm.bass.wav"}
    names["gamemusic_stop"]()
    assert not music.playing


def test_script_without_layers_has_no_python() -> None:
    assert "python" not in make_script([Cue(name="calm", file="a/calm.wav", loops=True)])


@pytest.mark.parametrize("name", ["", "Boss", "8track", "my song", "a-b", 'x"', "ü"])
def test_names_that_a_script_cannot_use(name: str, tmp_path: Path, tiny_pack: Path) -> None:
    phrase = gamemusic.compose(str(tiny_pack), bars=1, seed=1)
    with pytest.raises(InputError, match="not a name for a script"):
        adapters.renpy.write({name: phrase}, tmp_path)
    assert not any(tmp_path.iterdir())


def test_game_folder_that_is_not_there(tmp_path: Path, tiny_pack: Path) -> None:
    with pytest.raises(InputError, match="name the 'game' folder"):
        adapters.renpy.write({"a": gamemusic.compose(str(tiny_pack), bars=1, seed=1)}, tmp_path / "game")


def test_written_files(tmp_path: Path, tiny_pack: Path) -> None:
    try:
        fluidsynth_version()
        find_soundfont()
    except gamemusic.MissingError as error:
        pytest.skip(str(error))
    loop = gamemusic.compose(str(tiny_pack), bars=2, seed=3, intensity=1.0)
    end = gamemusic.compose(str(tiny_pack), bars=1, seed=3, ending="cadence")
    script = adapters.renpy.write({"loop": loop, "end": end}, tmp_path, stems=True)
    names, music = run_script(script.read_text(encoding="utf-8"))
    for name in (names["audio.loop"], names["audio.end"]):
        assert (tmp_path / split_filename(name, looped=False)[0]).is_file()
    assert not list((tmp_path / "audio/gamemusic").glob("end.*.wav"))  # what plays once has no layers
    names["gamemusic_play"]("loop", intensity=1.0)
    assert len(music.playing) > 1
    mix = read_wav(tmp_path / "audio/gamemusic/loop.wav")
    assert (mix.sample_rate, mix.bit_depth) == (48000, "16")  # what Ren'Py takes without converting
    stems = [read_wav(tmp_path / file).audio for file in music.playing.values()]
    assert {len(stem) for stem in stems} == {len(mix.audio)}
    assert np.max(np.abs(sum(stems) - mix.audio)) < (len(stems) + 1) / 2**15  # each was rounded to 16 bits
    audio = loop.render(sample_rate=48000)
    assert len(audio) == len(mix.audio)  # the whole file is the loop
