"""A sound card that is fed."""

from __future__ import annotations

import sys
import threading
from typing import Any

import numpy as np
import pytest

from gamemusic.director.output import SoundCard
from gamemusic.errors import InputError, MissingError


class Counting:
    """A source whose samples say their number."""

    sample_rate = 48000

    def __init__(self) -> None:
        self.at = 0

    def read(self, frames: int) -> np.ndarray:
        self.at += frames
        return np.repeat(np.arange(self.at - frames, self.at, dtype=np.float32)[:, None], 2, axis=1)


class Recorder:
    """A device that keeps what it gets."""

    def __init__(self, fail_after: int = 10**9, room: int = 0) -> None:
        self.got: list[np.ndarray] = []
        self.room = room
        self.enough, self.closed, self.fail_after = threading.Event(), False, fail_after

    def start(self) -> None:
        assert not self.got

    @property
    def write_available(self) -> int:
        return self.room

    def write(self, data: Any) -> None:
        if len(self.got) >= self.fail_after:
            self.enough.set()
            raise OSError("unplugged")
        self.got.append(data)
        if len(self.got) >= 20:
            self.enough.set()

    def close(self) -> None:
        self.closed = True


def test_everything_read_is_written_in_order() -> None:
    sink = Recorder()
    card = SoundCard(Counting(), latency=0.2, sink=sink)
    assert sink.enough.wait(10)
    card.close()
    assert sink.closed
    sound = np.concatenate(sink.got)
    assert np.array_equal(sound[:, 0], np.arange(len(sound), dtype=np.float32))


def test_all_that_there_is_room_for_is_written_at_once() -> None:
    for room, frames in ((0, 1200), (-9999, 1200), (5000, 5000), (10**6, 9600)):
        sink = Recorder(room=room)
        card = SoundCard(Counting(), latency=0.2, sink=sink)
        assert sink.enough.wait(10)
        card.close()
        assert {len(block) for block in sink.got} == {frames}


def test_a_device_that_fails_ends_the_sound_and_nothing_else() -> None:
    sink = Recorder(fail_after=3)
    card = SoundCard(Counting(), sink=sink)
    assert sink.enough.wait(10)
    card.close()
    assert sink.closed


def test_latency_has_its_range() -> None:
    for latency in (0.0, 5.0, float("nan"), True):
        with pytest.raises(InputError, match="latency"):
            SoundCard(Counting(), latency=latency, sink=Recorder())


def test_without_sounddevice_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingError, match="libportaudio2"):
        SoundCard(Counting())


def test_without_a_device_it_says_so(make_director: Any) -> None:
    sounddevice = pytest.importorskip("sounddevice", reason="the extra is not installed, or PortAudio")
    if any(one["max_output_channels"] >= 2 for one in sounddevice.query_devices()):
        pytest.skip("this machine has a sound device")
    director = make_director()
    with pytest.raises(MissingError, match="no sound device"):
        director.start()
    assert director.read(64).shape == (64, 2)
