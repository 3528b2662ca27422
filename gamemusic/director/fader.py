"""A gain that moves in straight lines."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Fader"]


class Fader:
    """A gain and where it is going; one thread asks for it, any thread may send it elsewhere.

    Args:
        value: Gain to begin with, as a factor.
    """

    __slots__ = ("_asked", "_left", "target", "value")

    def __init__(self, value: float = 1.0) -> None:
        self.value = self.target = value
        self._left = 0
        self._asked: tuple[float, int] | None = None

    @property
    def settled(self) -> bool:
        """Whether it stands still."""
        return self._left == 0 and self._asked is None

    @property
    def left(self) -> int:
        """Frames until it stands still."""
        asked = self._asked
        return self._left if asked is None else asked[1]

    def go(self, target: float, frames: int) -> None:
        """Move to ``target`` within ``frames``, from wherever it is when it is next asked for."""
        self.target = target
        self._asked = (target, max(1, frames))  # one assignment, so that the other thread sees all of it or nothing

    def take(self, frames: int) -> float | npt.NDArray[np.float32]:
        """Return the gain of the next ``frames`` frames: one number, or one a frame while it moves."""
        asked = self._asked
        if asked is not None:
            self._asked = None
            self.target, self._left = asked
        if self._left == 0:
            return self.value
        moving = min(frames, self._left)
        step = (self.target - self.value) / self._left
        gains = np.full(frames, self.target, np.float32)
        gains[:moving] = self.value + step * np.arange(1, moving + 1, dtype=np.float32)
        if moving == self._left:
            gains[moving - 1] = self.target  # whatever was rounded on the way
        self._left -= moving
        self.value = self.target if self._left == 0 else float(gains[moving - 1])
        return gains
