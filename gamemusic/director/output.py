"""Output: a director's sound to the sound card. The only module that imports sounddevice."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gamemusic.director.bell import Bell
from gamemusic.director.interpreter import keep
from gamemusic.director.mixer import describe_error
from gamemusic.errors import MissingError
from gamemusic.values import check_number

__all__ = ["Recording", "Sink", "SoundCard", "Source", "check_latency", "open_device"]

logger = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0
"""How often a device that failed is tried."""
_HINT = "pip install 'gamemusic[sounddevice]'; on Debian and Ubuntu PortAudio too: apt install libportaudio2"


class Source(Protocol):
    """What is played."""

    sample_rate: int

    def read(self, frames: int) -> npt.NDArray[Any]:
        """Return the next frames, float32, (frames, 2)."""


class Sink(Protocol):
    """What plays: a stream of sounddevice, or something in its place."""

    @property
    def write_available(self) -> int:
        """Frames that would be taken at once."""

    def start(self) -> None:
        """Begin to play."""

    def write(self, data: Any) -> object:
        """Take sound, and wait while the buffer is full."""

    def close(self) -> None:
        """Stop and free the device."""


class SoundCard:
    """Feeds a device on a thread of its own.

    The device's own buffer of ``latency`` seconds is filled by blocking writes, and PortAudio's thread, which knows no
    Python, empties it: neither the garbage collector nor a busy interpreter is heard until the buffer is empty.

    A device that fails, such as one that was pulled, is opened again as soon as that succeeds. Meanwhile nothing is
    read from the source: its time stands still.

    Args:
        source: What is played.
        device: Number or name; None the system's default.
        latency: Seconds of sound in the device's buffer, 0.02 to 2; also how late a change is heard.
        failed: Called with an error when the device fails, and when it cannot be opened again.
        open_sink: Opens a device; takes sample rate, device and latency.
        wait: Waits for so many seconds between two tries to open it, or shorter.

    Raises:
        InputError: ``latency`` is out of range.
        MissingError: sounddevice or PortAudio is not installed, or there is no such device.
    """

    def __init__(
        self,
        source: Source,
        *,
        device: int | str | None = None,
        latency: float = 0.2,
        failed: Callable[[BaseException], None] | None = None,
        open_sink: Callable[[int, int | str | None, float], Sink] | None = None,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        check_latency(latency)
        self.wanted = device, latency
        """What it was opened with."""
        self._source, self._failed = source, failed
        self._whole = round(latency * source.sample_rate)
        self._frames = max(64, self._whole // 8)
        self._open_sink = open_device if open_sink is None else open_sink
        self._bell = Bell()
        self._wait = self._bell.wait if wait is None else wait
        self._closed = False
        self._lock = threading.RLock()
        """Held while a device is opened or closed, by whoever does."""
        self._sink: Sink | None = None
        self._open()
        self._thread = threading.Thread(target=self._run, name="gamemusic output", daemon=True)
        self._thread.start()

    def reopen(self) -> None:
        """Open the device again now, if it has failed.

        Raises:
            MissingError: It cannot be opened.
        """
        self._open()
        self._bell.ring()

    def _open(self) -> None:
        with self._lock:
            if self._sink is not None or self._closed:
                return
            device, latency = self.wanted
            sink = self._open_sink(self._source.sample_rate, device, latency)
            try:
                sink.start()
            except Exception as error:  # PortAudio's errors have no common root but Exception
                _close(sink)
                raise MissingError(f"the sound card cannot be started ({describe_error(error)})") from error
            self._sink = sink

    def shut(self) -> None:
        """Stop playing and let the device go, as soon as it has taken what it is being given; waits for nothing."""
        self._closed = True
        self._bell.ring()

    @property
    def threads(self) -> tuple[threading.Thread, ...]:
        """What feeds it."""
        return (self._thread,)

    def close(self, seconds: float = 3.0) -> None:
        """Stop playing; wait until the device is free, for so many seconds at most."""
        self.shut()
        if self._thread is not threading.current_thread():
            self._thread.join(seconds)

    def _run(self) -> None:
        try:
            while not self._closed:
                sink = self._sink
                try:
                    if sink is None:
                        self._wait(_RETRY_SECONDS)
                        self._open()
                    else:
                        self._feed(sink)
                except Exception as error:  # a device that is unplugged ends the sound, not the game
                    if not self._closed:
                        self._lose(sink, error)
        finally:
            with self._lock:
                if self._sink is not None:
                    _close(self._sink)
                    self._sink = None

    def _feed(self, sink: Sink) -> None:
        # all there is room for, since the next turn may be long in coming where threads hold the interpreter
        frames = max(self._frames, min(self._whole, sink.write_available))
        with keep():
            sound = self._source.read(frames)
        sink.write(sound)

    def _lose(self, sink: Sink | None, error: Exception) -> None:
        if sink is None:
            logger.debug("the sound card cannot be opened again: %s", error)
        else:
            logger.error("the sound card failed; it is tried again every second", exc_info=error)
            with self._lock:
                self._sink = None
                _close(sink)
            error = MissingError(f"the sound card failed ({describe_error(error)}); it is tried again every second")
        if self._failed is not None:
            self._failed(error)


class Recording:
    """A source that plays sound once, then silence.

    Args:
        sound: float32, (frames, 1 or 2).
        sample_rate: In hertz.
    """

    def __init__(self, sound: npt.NDArray[np.float32], sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._sound = sound if sound.shape[1] == 2 else np.repeat(sound[:, :1], 2, axis=1)
        self._at = 0

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self._sound) / self.sample_rate

    def read(self, frames: int) -> npt.NDArray[np.float32]:
        """Return the next frames, float32, (frames, 2)."""
        part = self._sound[self._at : self._at + frames]
        self._at += len(part)
        result = np.zeros((frames, 2), np.float32)
        result[: len(part)] = part
        return result


def check_latency(latency: float) -> float:
    """Return ``latency`` when it is a number of seconds, 0.02 to 2.

    Raises:
        InputError: For anything else, NaN included.
    """
    return check_number(latency, "latency", 0.02, 2, "seconds")


def open_device(sample_rate: int, device: int | str | None, latency: float) -> Sink:
    """Open a sound card for two channels of float32.

    Raises:
        MissingError: sounddevice or PortAudio is not installed, or there is no such device.
    """
    sounddevice = _load()

    def open_stream() -> Sink:
        stream: Sink = sounddevice.OutputStream(
            samplerate=sample_rate, channels=2, dtype="float32", device=device, latency=latency
        )
        _open_sinks.add(stream)
        return stream

    with contextlib.suppress(sounddevice.PortAudioError, ValueError):
        return open_stream()
    _look_again(sounddevice)
    try:
        return open_stream()
    except (sounddevice.PortAudioError, ValueError) as error:
        known: list[str] = []
        with contextlib.suppress(sounddevice.PortAudioError):
            known = [str(one["name"]) for one in sounddevice.query_devices() if one["max_output_channels"] >= 2]
        devices = f"devices: {', '.join(known)}" if known else "this machine has no sound device"
        raise MissingError(f"the sound card cannot be opened ({error}); {devices}") from error


def _load() -> Any:
    global _alone  # noqa: PLW0603  # it is asked once, when the module is loaded
    if _alone is None:
        _alone = "sounddevice" not in sys.modules
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise MissingError(f"playing needs sounddevice and PortAudio ({error}); {_HINT}") from error
    return sounddevice


_alone: bool | None = None
"""Whether nobody else had loaded sounddevice before."""
_open_sinks: weakref.WeakSet[Any] = weakref.WeakSet()


def _look_again(sounddevice: Any) -> None:
    """Let PortAudio see what was plugged in since it was loaded: it looks for devices only then.

    Its streams end by that, so nothing is done while one of ours is open, or where a game uses sounddevice itself.
    """
    if _alone and not _open_sinks:
        with contextlib.suppress(AttributeError, sounddevice.PortAudioError):
            # sounddevice documents these two, underscores and all; where they are gone, a restart is needed
            sounddevice._terminate()
            sounddevice._initialize()


def _close(sink: Sink) -> None:
    _open_sinks.discard(sink)
    with contextlib.suppress(Exception):  # it is gone already, and PortAudio's errors have no common root but that
        sink.close()
