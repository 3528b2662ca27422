"""A source whose samples count up, so that every sample that is lost, repeated or out of order shows."""

from __future__ import annotations

import time
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

PERIOD = 30000
"""Samples after which the count begins anew: prime to no buffer's size, and within 16 bits."""


class Ramp:
    """Left counts 1 to `PERIOD` and left's negative is on the right; 16-bit values, exact in both types.

    Args:
        sample_rate: In hertz.
        pace: How much faster than real time it lets itself be read; 0 is without a limit.
    """

    channels = 2

    def __init__(self, sample_rate: int = 48000, pace: float = 0.0) -> None:
        self.sample_rate = sample_rate
        self.pace = pace
        self.count = 0
        self.sizes: list[int] = []

    def read(self, frames: int, dtype: Literal["float32", "int16"] = "float32") -> npt.NDArray[Any]:
        self.sizes.append(frames)
        block = ramp(self.count, frames)
        self.count += frames
        if self.pace:
            time.sleep(frames / self.sample_rate / self.pace)
        return block if dtype == "int16" else (block / np.float32(32768)).astype(np.float32)

    @property
    def seconds(self) -> float:
        return self.count / self.sample_rate


def ramp(start: int, frames: int) -> npt.NDArray[np.int16]:
    """Return frames of the ramp from the ``start``-th on."""
    left = (np.arange(start, start + frames) % PERIOD + 1).astype(np.int16)
    return np.stack([left, -left], axis=1)


def heard_part(sound: npt.NDArray[Any]) -> npt.NDArray[np.int16]:
    """Return what came out of an engine, without the silence around it, as 16-bit values; floats must be exact."""
    values = sound.astype(np.float64) * (32768.0 if sound.dtype.kind == "f" else 1.0)
    assert np.array_equal(values, np.rint(values)), "samples were changed on their way"
    loud = np.flatnonzero(values[:, 0])
    assert loud.size, "nothing was heard"
    return values[loud[0] : loud[-1] + 1].astype(np.int16)


def check_heard(sound: npt.NDArray[Any], *, least: int) -> None:
    """Check that the ramp came out from its first sample on, each once, in order, without a gap."""
    heard = heard_part(sound)
    assert len(heard) >= least
    assert np.array_equal(heard, ramp(0, len(heard)))
