"""sounddevice: the source straight to the sound card, through PortAudio; for engines without sound of their own.

>>> playback = adapters.sounddevice.play(music)  # doctest: +SKIP

Delay: ``latency``, by default what PortAudio calls high and safe, 20 to 100 ms as the system is. PortAudio calls Python
for every block. Where Python threads hold the interpreter for longer than that, use ``Director.start()``, which keeps a
buffer in between.
"""

from __future__ import annotations

import logging
from types import TracebackType
from typing import TYPE_CHECKING, Any

from gamemusic.adapters.source import AudioSource, check_source, load_engine
from gamemusic.errors import MissingError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Playback", "make_callback", "play"]

EXTRA = "sounddevice"
HINT = ", and PortAudio where the wheel has none: Debian and Ubuntu 'apt install libportaudio2'"

logger = logging.getLogger(__name__)

_playing: set[Playback] = set()
"""PortAudio calls into these from a thread of its own until they are closed; forgotten ones must not be freed."""


def play(
    source: AudioSource, *, device: int | str | None = None, latency: float | str = "high", blocksize: int = 0
) -> Playback:
    """Play ``source`` on a sound card until it is closed.

    Args:
        device: Number or name as ``sounddevice.query_devices()`` lists it; default the system's.
        latency: In seconds, or ``low`` or ``high``.
        blocksize: Frames a callback; 0 lets PortAudio choose.

    Raises:
        InputError: ``source`` cannot be played.
        MissingError: sounddevice or PortAudio is not installed, or no such device plays at the source's rate.
    """
    return Playback(check_source(source), device=device, latency=latency, blocksize=blocksize)


def make_callback(source: AudioSource) -> Any:
    """Return a callback for ``sounddevice.OutputStream(channels=2, dtype="float32", callback=...)``."""

    def fill(outdata: Any, frames: int, time: Any, status: Any) -> None:
        outdata[:] = source.read(frames)

    return fill


class Playback:
    """An open stream; a context manager."""

    def __init__(self, source: AudioSource, *, device: int | str | None, latency: float | str, blocksize: int) -> None:
        sounddevice = load_engine("sounddevice", extra=EXTRA, hint=HINT)
        self.underflows = 0
        """How often the card ran dry."""
        self._fill = make_callback(source)
        try:
            self.stream = sounddevice.OutputStream(
                samplerate=source.sample_rate,
                channels=2,
                dtype="float32",
                device=device,
                latency=latency,
                blocksize=blocksize,
                callback=self._call,
                finished_callback=self._forget,
            )
            """The ``sounddevice.OutputStream``, with its ``latency``, ``cpu_load`` and ``active``."""
            _playing.add(self)
            self.stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            _playing.discard(self)
            # ValueError: a device of that name does not exist
            raise MissingError(
                f"no sound card plays {source.sample_rate} hertz ({error}); "
                "'python -m sounddevice' lists what there is, device= chooses"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop at once and let go of the card; a second call does nothing."""
        self.stream.close(ignore_errors=True)
        self._forget()

    def _call(self, outdata: Any, frames: int, time: Any, status: Any) -> None:
        if status.output_underflow:
            self.underflows += 1
        self._fill(outdata, frames, time, status)

    def _forget(self) -> None:
        _playing.discard(self)
