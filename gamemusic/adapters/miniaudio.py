"""miniaudio: the source straight to the sound card, without a library of the system.

>>> device = adapters.miniaudio.play(music)  # doctest: +SKIP

Delay: about ``buffer_seconds``. miniaudio calls Python for every block, on a thread of its own.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from gamemusic.adapters.source import AudioSource, check_seconds, check_source, load_engine
from gamemusic.errors import MissingError

__all__ = ["play", "stream"]

EXTRA = "miniaudio"


def play(source: AudioSource, *, buffer_seconds: float = 0.1, **options: Any) -> Any:
    """Play ``source`` and return the ``miniaudio.PlaybackDevice``, which has ``stop()`` and ``close()``.

    Keep the device: the music ends when nothing refers to it.

    Args:
        buffer_seconds: One period of the device, 0.005 to 1.
        options: For ``miniaudio.PlaybackDevice``, such as ``device_id`` or ``backends``.

    Raises:
        InputError: ``source`` cannot be played, or ``buffer_seconds`` is out of range.
        MissingError: miniaudio is not installed, or there is no sound card.
    """
    milliseconds = round(check_seconds(buffer_seconds, "buffer_seconds", 0.005, 1.0) * 1000)
    check_source(source)
    miniaudio = load_engine("miniaudio", extra=EXTRA)
    try:
        device = miniaudio.PlaybackDevice(
            output_format=miniaudio.SampleFormat.FLOAT32,
            nchannels=2,
            sample_rate=source.sample_rate,
            buffersize_msec=milliseconds,
            **options,
        )
        device.start(stream(source))
    except miniaudio.MiniaudioError as error:
        raise MissingError(
            f"no sound card plays {source.sample_rate} hertz ({error}); "
            "miniaudio.Devices().get_playbacks() lists what there is, device_id= chooses"
        ) from error
    return device


def stream(source: AudioSource) -> Generator[Any, int, None]:
    """Return a started generator for ``PlaybackDevice.start``: it is sent a number of frames and yields float32."""

    def blocks() -> Generator[Any, int, None]:
        frames = yield b""
        while True:
            frames = yield source.read(frames)

    generator = blocks()
    next(generator)
    return generator
