"""A source that also keeps what was read from it: what was heard, as a WAV file, for tests and trailers."""

from __future__ import annotations

import io
import threading
import wave
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gamemusic.adapters.source import AudioSource, check_source
from gamemusic.files import check_writable, write_file
from gamemusic.values import check_path

if TYPE_CHECKING:
    import numpy.typing as npt
    from typing_extensions import Self

__all__ = ["Recording"]


class Recording:
    """A source in front of another, to be played in its place; a context manager that writes the file at its end.

    It is kept in memory until then (11 MB a minute at 48 kHz): the engine's audio thread must not wait for a disk.

    Args:
        source: What is played.
        path: The WAV file, 16 bits.
        seconds: The most that is kept; default all of it.

    Raises:
        InputError: ``source`` cannot be played.
        OutputError: The file could not be written there.
    """

    channels = 2

    def __init__(self, source: AudioSource, path: str | Path, *, seconds: float | None = None) -> None:
        self._source = check_source(source)
        self.path = check_path(path)
        check_writable(self.path)
        self.sample_rate = source.sample_rate
        self._most = None if seconds is None else round(seconds * self.sample_rate)
        self._blocks: list[npt.NDArray[np.int16]] = []
        self._frames = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def seconds(self) -> float:
        """How much was read so far."""
        return self._frames / self.sample_rate

    def read(self, frames: int, dtype: Literal["float32", "int16"] = "float32") -> npt.NDArray[Any]:
        """Return what the source gives."""
        sound = self._source.read(frames, dtype)
        kept: npt.NDArray[np.int16]
        kept = sound.copy() if dtype == "int16" else np.rint(np.clip(sound, -1.0, 1.0) * 32767.0).astype(np.int16)
        with self._lock:
            self._frames += len(kept)
            if self._most is None or self._frames - len(kept) < self._most:
                self._blocks.append(kept)
        return sound

    def close(self) -> None:
        """Write the file; what is read later is played and not kept. A second call does nothing."""
        with self._lock:
            if self._most == 0 and not self._blocks:
                return
            blocks, self._blocks = self._blocks, []
            most, self._most = self._most, 0
        sound = np.concatenate([np.zeros((0, 2), np.int16), *blocks])[:most]
        content = io.BytesIO()
        with wave.open(content, "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(self.sample_rate)
            file.writeframes(sound.astype("<i2").tobytes())
        write_file(self.path, content.getvalue())
