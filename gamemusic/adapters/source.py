"""What every adapter plays: an endless source of stereo sound, of which the director is one."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from gamemusic.errors import InputError, MissingError
from gamemusic.units import check_seconds
from gamemusic.values import check_whole, reason_of

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["AudioSource", "check_frames", "check_rate", "check_seconds", "check_source", "load_engine"]


@runtime_checkable
class AudioSource(Protocol):
    """Endless stereo sound, such as a `gamemusic.Director`."""

    @property
    def sample_rate(self) -> int:
        """In hertz."""

    @property
    def channels(self) -> int:
        """Always 2."""

    def read(self, frames: int, dtype: Literal["float32", "int16"] = "float32") -> npt.NDArray[Any]:
        """Return the next sound, shape (frames, 2), C-contiguous; it never waits for long and never ends.

        Engines call it from their audio threads.
        """


def check_source(source: AudioSource) -> AudioSource:
    """Return ``source`` when it can be played.

    Raises:
        InputError: It cannot be read, or is not stereo.
    """
    if not isinstance(source, AudioSource):
        raise InputError(
            f"a source of sound needs sample_rate, channels and read(frames, dtype), as gamemusic.Director has them "
            f"(received {type(source).__name__})"
        )
    if source.channels != 2:
        raise InputError(f"a source of sound must have 2 channels (received {source.channels})")
    return source


def check_rate(source: AudioSource, engine_rate: int, *, engine: str, remedy: str) -> None:
    """Raise unless the engine plays at the source's rate: a resampler in between would blur every loop's end.

    Args:
        engine_rate: In hertz, as the engine's device was really opened.
        engine: Its name, for the message.
        remedy: The other way to mend it, besides a director of the engine's rate.

    Raises:
        InputError: The rates differ.
    """
    if engine_rate != source.sample_rate:
        raise InputError(
            f"{engine} plays at {engine_rate} hertz and the source at {source.sample_rate}; "
            f"make it with Director(sample_rate={engine_rate}), or {remedy}"
        )


def check_frames(frames: int, name: str, low: int, high: int) -> int:
    """Return ``frames`` when it is a whole number, ``low`` to ``high``.

    Raises:
        InputError: For any other value.
    """
    return check_whole(frames, name, low, high, "frames")


def load_engine(module: str, *, extra: str, hint: str = "") -> Any:
    """Import an engine's module, typed as Any: some engines ship no types, and none is needed to install this package.

    Args:
        module: Such as ``pygame`` or ``direct.task``.
        extra: The extra of this package that brings it.
        hint: What else may be missing.

    Raises:
        MissingError: It is not installed, or a library of the system that it needs is not.
    """
    try:
        return importlib.import_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever an import may raise, such as an OSError: sounddevice without PortAudio
        what = f"{module.partition('.')[0]} cannot be loaded ({reason_of(error)})"
        raise MissingError(f"{what}; install it: pip install 'gamemusic[{extra}]'{hint}") from error
