"""What adapters play, what they refuse, and that none of them loads its engine before it is used."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ramps import Ramp, ramp

from gamemusic import InputError, MissingError, OutputError, adapters
from gamemusic.adapters.source import check_rate, check_source, load_engine
from gamemusic.audio.wavfile import read_wav

ROOT = Path(__file__).parents[2]
ENGINES = ("miniaudio", "panda3d", "pygame", "pyglet", "renpy", "sounddevice")
LIBRARIES = {"pygame", "panda3d", "direct", "pyglet", "sounddevice", "miniaudio", "renpy", "arcade"}


def test_names() -> None:
    assert adapters.__all__ == ["AudioSource", "Recording", *ENGINES]
    assert set(dir(adapters)) >= set(adapters.__all__)
    for name in ENGINES:
        assert getattr(adapters, name) is importlib.import_module(f"gamemusic.adapters.{name}")
    with pytest.raises(AttributeError, match="no attribute 'godot'"):
        _ = adapters.godot


def test_no_engine_is_loaded_before_it_is_used(tmp_path: Path) -> None:
    modules = ", ".join(f"gamemusic.adapters.{name}" for name in (*ENGINES, "recording", "source"))
    code = f"import sys\nsys.modules.update(dict.fromkeys({sorted(LIBRARIES)}))\nimport {modules}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env=environment, timeout=60)


@pytest.mark.parametrize("name", [name for name in ENGINES if name != "renpy"])
def test_a_missing_engine_says_what_to_install(name: str, tmp_path: Path) -> None:
    base = "types.SimpleNamespace(musicManager=None)" if name == "panda3d" else ""
    code = f"""
import sys, types
sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]
sys.modules.update(dict.fromkeys({sorted(LIBRARIES)}))
from gamemusic import MissingError, adapters
from ramps import Ramp
try:
    adapters.{name}.play(Ramp(), {base})
except MissingError as error:
    assert "pip install 'gamemusic[{name}]'" in str(error), error
else:
    sys.exit("no error")
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, timeout=60)
    assert name in extras()


def extras() -> dict[str, str]:
    """Return the extras of the package, as they stand in pyproject.toml."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    table = project.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    return dict(re.findall(r"^(\w+) = \[(.*)\]", table, re.MULTILINE))


@pytest.mark.parametrize("name", [name for name in ENGINES if name != "renpy"])
def test_what_cannot_be_played(name: str) -> None:
    words: list[Any] = [SimpleNamespace(musicManager=None)] if name == "panda3d" else []
    module = getattr(adapters, name)
    mono = Ramp()
    mono.channels = 1
    for source in (None, object(), b"", mono):
        with pytest.raises(InputError, match="a source of sound"):
            module.play(source, *words)


@pytest.mark.parametrize("name", ENGINES)
def test_the_line_is_in_the_docs(name: str) -> None:
    text = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
    lines = re.findall(r"^>>> (.*?)(?:  # doctest.*)?$", str(getattr(adapters, name).__doc__), re.MULTILINE)
    assert any(f"adapters.{name}." in line for line in lines)
    for line in lines:
        assert line in text


def test_check_source() -> None:
    source = Ramp()
    assert check_source(source) is source
    assert isinstance(source, adapters.AudioSource)


def test_check_rate() -> None:
    check_rate(Ramp(22050), 22050, engine="it", remedy="do so")
    with pytest.raises(InputError, match=r"it plays at 44100 hertz .* Director\(sample_rate=44100\), or do so"):
        check_rate(Ramp(48000), 44100, engine="it", remedy="do so")


def test_load_engine() -> None:
    assert load_engine("json", extra="none") is importlib.import_module("json")
    with pytest.raises(MissingError, match=r"no_such_engine cannot be loaded .*'gamemusic\[x\]', and more"):
        load_engine("no_such_engine.part", extra="x", hint=", and more")


def test_recording(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    with adapters.Recording(Ramp(44100), path) as source:
        assert isinstance(source, adapters.AudioSource)
        assert np.array_equal(source.read(100, "int16"), ramp(0, 100))
        floats = source.read(50)
        assert floats.dtype == np.float32
        assert np.array_equal(floats * 32768, ramp(100, 50))
        assert source.seconds == 150 / 44100
    wav = read_wav(path)
    assert wav.sample_rate == 44100
    assert np.array_equal(np.rint(wav.audio[:100] * 32768), ramp(0, 100))
    # floats are scaled as the director scales its own 16-bit blocks
    assert np.array_equal(np.rint(wav.audio[100:] * 32768), np.rint(ramp(100, 50) / 32768 * 32767))
    source.read(10)
    source.close()
    assert read_wav(path).audio.shape == (150, 2)


def test_recording_of_a_given_length(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    with adapters.Recording(Ramp(8000), path, seconds=0.1) as source:
        for _ in range(7):
            source.read(300)
    assert read_wav(path).audio.shape == (800, 2)


def test_recording_of_nothing(tmp_path: Path) -> None:
    adapters.Recording(Ramp(), tmp_path / "heard.wav").close()
    assert (tmp_path / "heard.wav").stat().st_size == 44


def test_recording_while_two_threads_read(tmp_path: Path) -> None:
    with adapters.Recording(Ramp(), tmp_path / "heard.wav") as source:
        threads = [threading.Thread(target=lambda: [source.read(64) for _ in range(200)]) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert read_wav(tmp_path / "heard.wav").audio.shape == (2 * 200 * 64, 2)


def test_recording_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        adapters.Recording(Ramp(), tmp_path / "no" / "heard.wav")
    with pytest.raises(InputError):
        adapters.Recording(None, tmp_path / "heard.wav")  # type: ignore[arg-type]
