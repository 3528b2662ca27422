"""How much a reader does, counted and not timed, so that the count is the same on every machine.

Counted are the lines of Python that run, the calls of functions in C, the elements that such a function has to go
through in what it is called on (`list.count` and the like), and the bytes, characters and elements of every object that
a variable holds for the first time, so that copying counts.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

from gamemusic.errors import GameMusicError

__all__ = ["count_steps", "growth"]

_SIZED = (bytes, bytearray, str, list, tuple, set, frozenset, dict)
_WALKING = frozenset(
    ("count", "index", "find", "rfind", "rindex", "replace", "split", "remove", "insert", "copy", "translate", "decode")
    + ("encode", "partition", "rpartition", "splitlines", "strip", "sort", "reverse")
)


def count_steps(action: Callable[[], object]) -> int:
    """Return how many steps an action takes, which may end in a `GameMusicError`."""
    steps = 0
    met: dict[int, object] = {}
    """By identity; held, so that no other object gets the same."""

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal steps
        steps += 1
        for value in frame.f_locals.values():
            if type(value) in _SIZED and id(value) not in met:
                met[id(value)] = value
                steps += len(value)
        return trace

    def profile(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal steps
        if event == "c_call":
            steps += 1
            owner = getattr(arg, "__self__", None)
            if isinstance(owner, _SIZED) and getattr(arg, "__name__", "") in _WALKING:
                steps += len(owner)

    before = sys.gettrace(), sys.getprofile()
    sys.setprofile(profile)
    sys.settrace(trace)
    try:
        with contextlib.suppress(GameMusicError):
            action()
    finally:
        sys.settrace(before[0])
        sys.setprofile(before[1])
    return steps


Input = TypeVar("Input")


def growth(make: Callable[[int], Input], read: Callable[[Input], object], size: int) -> float:
    """Return how the steps of reading grow when the input doubles, and doubles again: 2 is straight, 4 the square.

    Args:
        make: Returns an input of a size.
        read: What reads it.
        size: Of the smallest one.
    """
    counts = []
    for data in (make(size), make(2 * size), make(4 * size)):
        with contextlib.suppress(GameMusicError):  # what is loaded or kept once does not count
            read(data)
        counts.append(count_steps(functools.partial(read, data)))
    return (counts[2] - counts[1]) / max(size, counts[1] - counts[0])
