"""The examples run headless, for a few seconds each, and what was heard is music."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

import gamemusic
from gamemusic.audio.soundfont import find_soundfont
from gamemusic.audio.synth import fluidsynth_version
from gamemusic.audio.wavfile import read_wav

ROOT = Path(__file__).parents[2]
TINY_PACK = ROOT / "tests" / "data" / "tiny_pack"
RATE = 48000


@pytest.fixture(scope="module", autouse=True)
def _need_sound() -> None:
    try:
        fluidsynth_version()
        find_soundfont()
    except gamemusic.MissingError as error:
        pytest.skip(str(error))


def run(name: str, *words: str, folder: Path, **more: str) -> str:
    """Run an example and return what it printed."""
    screens = ("DISPLAY", "WAYLAND_DISPLAY")
    environment = {name: value for name, value in os.environ.items() if name not in screens}
    environment |= {"PYTHONPATH": str(ROOT), "XDG_DATA_HOME": str(folder), **more}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / name), *words],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=folder,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def listen(path: Path, *, seconds: float, slack: float = 0.0) -> npt.NDArray[np.float32]:
    """Return what was heard, of a given length, once it is sure that it is not silent."""
    wav = read_wav(path)
    assert wav.sample_rate == RATE
    assert abs(len(wav.audio) / RATE - seconds) <= slack
    # the last half second is music, whenever it began
    assert np.sqrt(np.mean(wav.audio[-RATE // 2 :] ** 2)) > 0.003
    return wav.audio


def test_the_scene_is_exactly_as_long_as_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("pygame", reason="the scene needs it: pip install 'gamemusic[pygame]'")
    run("03_pygame_scene.py", "--seconds", "3", "--wav", "heard.wav", "--picture", "last.png", folder=tmp_path)
    listen(tmp_path / "heard.wav", seconds=3)
    assert (tmp_path / "last.png").read_bytes().startswith(b"\x89PNG")


def test_the_scene_plays_a_mood_of_ones_own(tmp_path: Path) -> None:
    pytest.importorskip("pygame", reason="the scene needs it: pip install 'gamemusic[pygame]'")
    printed = run(
        "03_pygame_scene.py", "--seconds", "3", "--wav", "heard.wav", "--town", str(TINY_PACK), folder=tmp_path
    )
    listen(tmp_path / "heard.wav", seconds=3)
    assert {read_bar(line).mood for line in printed.splitlines()} == {"tiny"}


class BarLine(NamedTuple):
    """What the scene prints."""

    seconds: float
    mood: str
    kind: str
    tempo: float


def read_bar(line: str) -> BarLine:
    """Return a printed bar line."""
    seconds, mood, _, kind, tempo = line.split()
    return BarLine(float(seconds), mood, kind, float(tempo))


@pytest.mark.slow
def test_the_scene_changes_its_music_in_time_without_gap_or_click(tmp_path: Path) -> None:
    pytest.importorskip("pygame", reason="the scene needs it: pip install 'gamemusic[pygame]'")
    printed = run("03_pygame_scene.py", "--seconds", "70", "--wav", "heard.wav", folder=tmp_path)
    heard = listen(tmp_path / "heard.wav", seconds=70)
    # a stinger lies over the music, and may outlast the mood that it was composed for
    bars = [bar for bar in (read_bar(line) for line in printed.splitlines()) if bar.kind != "stinger"]
    changes = [(old, new) for old, new in pairwise(bars) if new.mood != old.mood]
    assert [new.mood for _, new in changes][:2] == ["dungeon", "combat"]
    assert len(changes) >= 4
    assert sum(new.kind == "bridge" for _, new in changes) >= len(changes) - 1
    for old, new in changes:
        beats = (new.seconds - old.seconds) * old.tempo / 60
        if old.kind != "bridge":  # in a bridge the tempo moves
            assert abs(beats - round(beats)) < 0.02, f"{new} does not come on a beat of {old}"
        # no step at the change is larger than those of the music round it
        place = round(new.seconds * RATE)
        steps = np.abs(np.diff(heard[place - RATE : place + RATE].mean(axis=1)))
        assert np.max(steps[RATE - 96 : RATE + 32]) <= 1.5 * np.max(np.delete(steps, np.s_[RATE - 96 : RATE + 32]))
    assert np.max(np.abs(heard)) < 1.0
    blocks = heard[: len(heard) // 480 * 480].reshape(-1, 480 * 2)  # hundredths of a second
    levels = np.sqrt(np.mean(blocks.astype(np.float64) ** 2, axis=1))
    begins = int(np.flatnonzero(levels > 1e-3)[0])
    assert begins < 50
    quiet = np.flatnonzero(levels[begins:] < 1e-4)
    assert quiet.size == 0, f"silent at {(begins + quiet) / 100} s"


def test_the_scene_plays_in_real_time(tmp_path: Path) -> None:
    pytest.importorskip("pygame", reason="the scene needs it: pip install 'gamemusic[pygame]'")
    variables = {
        "SDL_VIDEODRIVER": "dummy",
        "SDL_AUDIODRIVER": "disk",
        "SDL_DISKAUDIOFILE": str(tmp_path / "heard.raw"),
    }
    run("03_pygame_scene.py", "--seconds", "9", folder=tmp_path, **variables)
    heard = np.fromfile(tmp_path / "heard.raw", "<i2").reshape(-1, 2) / 2**15
    assert len(heard) > 2 * RATE
    assert np.sqrt(np.mean(heard[-RATE:-4096] ** 2)) > 0.003


@pytest.mark.parametrize(
    ("name", "engine", "why"),
    [
        ("04_panda3d.py", "panda3d", "pip install 'gamemusic[panda3d]'"),
        ("05_arcade.py", "arcade", "pip install arcade; it wants one version of Pillow, so no extra brings it"),
        ("06_sounddevice.py", "sounddevice", "pip install 'gamemusic[sounddevice]'"),
        ("07_miniaudio.py", "miniaudio", "pip install 'gamemusic[miniaudio]'"),
    ],
)
def test_engines(name: str, engine: str, why: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(engine) is None:
        pytest.skip(f"{name} needs it: {why}")
    # as long as a busy machine may need to compose the first phrase
    run(name, "--seconds", "9", "--wav", "heard.wav", folder=tmp_path)
    listen(tmp_path / "heard.wav", seconds=9, slack=0.1)


def test_renpy(tmp_path: Path) -> None:
    said = run("08_renpy/make_music.py", str(tmp_path), "--bars", "4", folder=tmp_path)
    assert "home, cellar, fight, won" in said
    written = (tmp_path / "gamemusic.rpy").read_text(encoding="utf-8")
    played = (ROOT / "examples" / "08_renpy" / "game" / "script.rpy").read_text(encoding="utf-8")
    for name in ("home", "won"):
        assert f"define audio.{name} =" in written
    for call in ("gamemusic_play(", "gamemusic_intensity(", "gamemusic_stop("):
        assert call in played
        assert f"def {call}" in written
    assert read_wav(tmp_path / "audio" / "gamemusic" / "home.wav").loop is not None
