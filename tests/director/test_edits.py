"""A preset that is edited while its mood plays is heard at the next phrase; a broken edit is reported."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gamemusic.director.director import Director

RATE = 32000
Make = Callable[..., Director]


@pytest.fixture
def mood(tiny_pack: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    shutil.copytree(tiny_pack, folder)
    return folder


def save(mood: Path, before: str, after: str) -> None:
    """Edit the preset as an editor does, so that its time of change differs whatever the clock's grain is."""
    path = mood / "preset.yaml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))


def tempo_line(mood: Path) -> str:
    lines = (mood / "preset.yaml").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith("tempo:"))


def read_seconds(director: Director, seconds: float) -> None:
    for _ in range(int(seconds * RATE / 2048)):
        director.read(2048)


def test_an_edit_is_heard_at_the_next_phrase(mood: Path, make_director: Make) -> None:
    heard: list[float] = []
    director = make_director()
    director.on_phrase(lambda moment: heard.append(moment.tempo_bpm))
    director.play(mood)
    read_seconds(director, 2.0)
    line = tempo_line(mood)
    save(mood, line, "tempo: [199, 199]")
    read_seconds(director, 60.0)
    assert heard[0] != 199
    assert heard[-1] == 199
    assert director.errors == ()
    save(mood, "tempo: [199, 199]", "tempo: [199, fast]")
    count = len(heard)
    read_seconds(director, 60.0)
    assert len(heard) > count
    assert set(heard[count:]) == {199}
    errors: tuple[str, ...] = director.errors
    assert sum("preset.yaml" in one for one in errors) == 1
    save(mood, "tempo: [199, fast]", "tempo: [88, 88]")
    read_seconds(director, 60.0)
    assert heard[-1] == 88


def test_a_style_that_is_gone_gives_way_to_the_first(mood: Path, make_director: Make) -> None:
    heard: list[str] = []
    director = make_director()
    director.on_phrase(lambda moment: heard.append(moment.style))
    director.play(mood, style="rock")
    read_seconds(director, 2.0)
    save(mood, "  rock:", "  metal:\n    token: rock")
    read_seconds(director, 60.0)
    assert (heard[0], heard[-1]) == ("rock", "chamber")


def test_compose_watches_its_preset(mood: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "gamemusic",
        "compose",
        str(mood),
        "--seed",
        "1",
        "--bars",
        "2",
        "--watch",
        "-o",
        "a.mid",
    ]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        line = tempo_line(mood)
        assert "a.mid: tiny" in process.stdout.readline()
        save(mood, line, "tempo: [199, 199]")
        assert "199 bpm" in process.stdout.readline()
        save(mood, "tempo: [199, 199]", "tempo: [199, fast]")
        assert "preset.yaml" in process.stderr.readline()
        save(mood, "tempo: [199, fast]", "tempo: [88, 88]")
        assert "88 bpm" in process.stdout.readline()
    finally:
        process.terminate()
        process.communicate()
