"""How long a busy Python thread may keep the others waiting while music plays.

Python lets a thread run 5 ms before another one gets its turn (`sys.getswitchinterval`): half of a small audio buffer.
While directors are open the interval is shorter, for the whole process; afterwards it is what it was.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator

__all__ = ["hold", "keep", "release"]

_KEEP_SECONDS = 0.003
"""Longest time for which a sound thread that is late keeps the interpreter."""

_lock = threading.Lock()
_held: list[float] = []
_before = 0.0


def hold(seconds: float) -> None:
    """Make the interval at most ``seconds`` until `release`."""
    global _before  # noqa: PLW0603  # it is the process's setting, and so is what it was before
    with _lock:
        if not _held:
            _before = sys.getswitchinterval()
        _held.append(seconds)
        sys.setswitchinterval(min(_before, *_held))


def release(seconds: float) -> None:
    """Take one `hold` back."""
    with _lock:
        _held.remove(seconds)
        sys.setswitchinterval(min([_before, *_held]))


@contextlib.contextmanager
def keep() -> Iterator[None]:
    """Go on without handing the interpreter over, where others would ask for it after `hold`'s time.

    For a sound thread that is late: where threads of the game hold the interpreter most of the time, it gets few turns,
    and must get something done in each.
    """
    if not _held:
        yield
        return
    sys.setswitchinterval(_KEEP_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(min([_before, *_held]))  # what holds now, whatever another thread has set meanwhile
