"""Output: a director's sound to the sound card. The only module that imports sounddevice."""

from __future__ import annotations

import logging
import threading
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gamemusic.director.interpreter import keep
from gamemusic.errors import InputError, MissingError

__all__ = ["Recording", "Sink", "SoundCard", "Source", "open_device"]

logger = logging.getLogger(__name__)

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

    Args:
        source: What is played.
        device: Number or name; None the system's default.
        latency: Seconds of sound in the device's buffer, 0.02 to 2; also how late a change is heard.
        sink: Another way out.

    Raises:
        MissingError: sounddevice or PortAudio is not installed, or there is no such device.
    """

    def __init__(
        self, source: Source, *, device: int | str | None = None, latency: float = 0.2, sink: Sink | None = None
    ) -> None:
        if isinstance(latency, bool) or not isinstance(latency, int | float) or not 0.02 <= latency <= 2:
            raise InputError(f"latency must be 0.02 to 2 seconds (received {latency!r})")
        self._source = source
        self._whole = round(latency * source.sample_rate)
        self._frames = max(64, self._whole // 8)
        self._sink = open_device(source.sample_rate, device, latency) if sink is None else sink
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="gamemusic output", daemon=True)
        self._sink.start()
        self._thread.start()

    def close(self) -> None:
        """Stop playing."""
        self._closed = True
        if self._thread is not threading.current_thread():
            self._thread.join(3.0)
        self._sink.close()

    def _run(self) -> None:
        try:
            while not self._closed:
                # all there is room for, since the next turn may be long in coming where threads hold the interpreter
                frames = max(self._frames, min(self._whole, self._sink.write_available))
                with keep():
                    sound = self._source.read(frames)
                self._sink.write(sound)
        except Exception:  # a device that is unplugged ends the sound, not the game
            if not self._closed:
                logger.exception("the sound card failed; the music is silent until start() is called again")


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


def open_device(sample_rate: int, device: int | str | None, latency: float) -> Sink:
    """Open a sound card for two channels of float32.

    Raises:
        MissingError: sounddevice or PortAudio is not installed, or there is no such device.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise MissingError(f"playing needs sounddevice and PortAudio ({error}); {_HINT}") from error
    try:
        stream: Sink = sounddevice.OutputStream(
            samplerate=sample_rate, channels=2, dtype="float32", device=device, latency=latency
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        known = [str(one["name"]) for one in sounddevice.query_devices() if one["max_output_channels"] >= 2]
        devices = f"devices: {', '.join(known)}" if known else "this machine has no sound device"
        raise MissingError(f"the sound card cannot be opened ({error}); {devices}") from error
    return stream
