"""A sound card that is fed."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace
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
    card = SoundCard(Counting(), latency=0.2, open_sink=lambda *_: sink)
    assert sink.enough.wait(10)
    card.close()
    assert sink.closed
    sound = np.concatenate(sink.got)
    assert np.array_equal(sound[:, 0], np.arange(len(sound), dtype=np.float32))


def test_all_that_there_is_room_for_is_written_at_once() -> None:
    for room, frames in ((0, 1200), (-9999, 1200), (5000, 5000), (10**6, 9600)):
        sink = Recorder(room=room)
        card = SoundCard(Counting(), latency=0.2, open_sink=lambda *_, sink=sink: sink)
        assert sink.enough.wait(10)
        card.close()
        assert {len(block) for block in sink.got} == {frames}


class Desk:
    """Opens one device after another; those that are no device cannot be opened."""

    def __init__(self, *sinks: Recorder | Exception) -> None:
        self.left, self.opened, self.errors = list(sinks), 0, list[str]()
        self.waited: list[float] = []
        self.go_on = threading.Semaphore(0)
        self.waiting = threading.Event()

    def open(self, *_: object) -> Recorder:
        self.opened += 1
        sink = self.left.pop(0)
        if isinstance(sink, Exception):
            raise sink
        return sink

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.waiting.set()
        self.go_on.acquire(timeout=10)

    def note(self, error: BaseException) -> None:
        self.errors.append(str(error))

    def card(self) -> SoundCard:
        return SoundCard(Counting(), failed=self.note, open_sink=self.open, wait=self.wait)


def test_a_pulled_card_is_opened_again_every_second_until_it_is_there() -> None:
    first, last = Recorder(fail_after=3), Recorder()
    desk = Desk(first, MissingError("no sound device"), MissingError("no sound device"), last)
    card = desk.card()
    for _ in range(3):
        desk.go_on.release()
    assert last.enough.wait(10)
    card.close()
    assert desk.waited == [1.0, 1.0, 1.0]
    assert first.closed
    assert last.closed
    assert "the sound card failed (OSError: unplugged)" in desk.errors[0]
    assert "every second" in desk.errors[0]
    assert desk.errors[1:] == ["no sound device"] * 2
    # nothing was read while there was no card, but for the block that it failed with
    assert last.got[0][0, 0] == sum(map(len, first.got)) + 1200


def test_a_pulled_card_is_opened_at_once_when_asked() -> None:
    last = Recorder()
    desk = Desk(Recorder(fail_after=3), MissingError("no sound device"), last)
    card = desk.card()
    assert desk.waiting.wait(10)
    with pytest.raises(MissingError, match="no sound device"):
        card.reopen()
    card.reopen()
    card.reopen()  # it plays: nothing to do
    assert desk.opened == 3
    desk.go_on.release()
    assert last.enough.wait(10)
    card.close()


def test_a_card_that_does_not_start_is_closed_and_told() -> None:
    class Refusing(Recorder):
        def start(self) -> None:
            raise RuntimeError("busy")

    sink = Refusing()
    with pytest.raises(MissingError, match="busy"):
        Desk(sink).card()
    assert sink.closed


def test_closing_while_the_card_is_away_ends_the_thread() -> None:
    desk = Desk(Recorder(fail_after=0))
    card = SoundCard(Counting(), failed=desk.note, open_sink=desk.open)
    until_noted(desk.errors)
    card.close(10.0)
    assert not any(thread.is_alive() for thread in card.threads)
    assert desk.opened <= 2


def until_noted(errors: list[str]) -> None:
    for _ in range(1000):
        if errors:
            return
        threading.Event().wait(0.01)
    raise AssertionError("no error was told")


def fake_sounddevice() -> Any:
    """Return a module whose first device is pulled after three blocks, and which looks for others when asked to."""

    module: Any = SimpleNamespace()

    class PortAudioError(Exception):
        pass

    class OutputStream(Recorder):
        def __init__(self, **asked: Any) -> None:
            module.opened.append(asked)
            if not module.known:
                raise PortAudioError("Error querying device -1")
            super().__init__(10**9 if module.streams else 3)
            module.streams.append(self)

        def write(self, data: Any) -> None:
            if len(self.got) >= self.fail_after:
                module.known = module.plugged = []
            super().write(data)

    def look() -> None:
        module.known = module.plugged

    speakers = [{"name": "speakers", "max_output_channels": 2}]
    module.PortAudioError, module.OutputStream = PortAudioError, OutputStream
    module.opened, module.streams, module.known, module.plugged = [], [], speakers, speakers
    module.query_devices = lambda: module.known
    module._terminate, module._initialize = lambda: None, look
    return module


def test_a_director_plays_on_a_card_that_was_pulled_and_put_back(
    make_director: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = fake_sounddevice()
    speakers = module.plugged
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    monkeypatch.setattr("gamemusic.director.output._alone", True)
    director = make_director()
    director.start()
    until_noted(director._mixer.counters.errors)
    assert "unplugged" in director.errors[0]
    with pytest.raises(MissingError, match="no sound device"):
        director.start()
    module.plugged = speakers
    director.start()  # PortAudio looks for devices once more
    assert module.streams[-1].enough.wait(10)
    director.start(device="headphones")  # another one in its place
    assert module.opened[-1]["device"] == "headphones"
    assert module.streams[-2].closed
    director.close()
    for thread in director._engine.card.threads:
        thread.join(10)
    assert all(stream.closed for stream in module.streams)
    # where a game has streams of its own, they must not be ended
    monkeypatch.setattr("gamemusic.director.output._alone", False)
    module.known = []
    director = make_director()
    with pytest.raises(MissingError, match="no sound device"):
        director.start()


def test_latency_has_its_range() -> None:
    for latency in (0.0, 5.0, float("nan"), True):
        with pytest.raises(InputError, match="latency"):
            SoundCard(Counting(), latency=latency, open_sink=lambda *_: Recorder())


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
