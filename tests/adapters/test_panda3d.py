"""Panda3D hears every sample once, with OpenAL's driver that writes a file; and without a card the music goes on."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from engines import hear
from ramps import Ramp, check_heard

from gamemusic import InputError, adapters
from gamemusic.adapters.panda3d import Feed

core: Any = pytest.importorskip("panda3d.core", reason="the engine itself is tested: pip install 'gamemusic[panda3d]'")


def test_samples_arrive_in_order(tmp_path: Path) -> None:
    check_heard(hear("panda3d", tmp_path, seconds=1.5), least=48000)


class Tasks:
    """What a feed needs of a game: a list of tasks, and a clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.steps: list[Any] = []

    def add(self, step: Any, name: str, sort: int) -> Any:
        assert sort < 60  # Panda3D's own, which moves sound on
        self.steps.append(step)
        return step

    def remove(self, step: Any) -> None:
        self.steps.remove(step)


def make_feed(source: Ramp, tasks: Tasks) -> Feed:
    core.loadPrcFileData("", "audio-library-name null")
    silent = core.AudioManager.createAudioManager()
    assert not silent.isValid()
    return Feed(source, SimpleNamespace(taskMgr=tasks), 0.2, silent, clock=lambda: tasks.now)


def test_music_goes_on_without_a_card() -> None:
    source, tasks = Ramp(), Tasks()
    feed = make_feed(source, tasks)
    assert source.count == 9600
    for frame in range(1, 61):
        tasks.now = frame / 60
        tasks.steps[0](None)
    assert source.count == feed.fed == 48000 + 9600
    tasks.now = 100.0  # a hitch is not made up for at once
    tasks.steps[0](None)
    assert source.count == 48000 + 9600 + 96000
    step = tasks.steps[0]
    feed.stop()
    step(None)
    assert not tasks.steps
    assert source.count == 48000 + 9600 + 96000


@pytest.mark.parametrize("ahead", [0.0, 3.0, float("nan"), "soon"])
def test_ahead_out_of_range(ahead: Any) -> None:
    with pytest.raises(InputError, match="ahead must be"):
        adapters.panda3d.play(Ramp(), SimpleNamespace(musicManager=None), ahead=ahead)
