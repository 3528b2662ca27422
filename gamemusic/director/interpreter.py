"""What a sound thread needs of the interpreter: its turn soon, and nobody else's code in the middle of its work.

Python lets a thread run 5 ms before another one gets its turn (`sys.getswitchinterval`): half of a small audio buffer.
While directors are open the interval is shorter, for the whole process; afterwards it is what it was.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
from collections import deque
from collections.abc import Iterator

__all__ = ["StillLock", "hold", "keep", "release", "uncollected"]

_KEEP_SECONDS = 0.003
"""Longest time for which a sound thread that is late keeps the interpreter."""

_lock = threading.RLock()  # a director that is collected while another one is made releases in the same thread
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


class _Uncollected:
    """Keeps the garbage collector off, however many threads want that at once; a context manager for all of them."""

    def __init__(self) -> None:
        self._inside: deque[None] = deque()
        self._owed = False
        """Whether the last one out has to switch it on."""

    # without a lock, which a reader would have to wait for; the order of the lines is what makes it right

    def __enter__(self) -> None:
        self._inside.append(None)
        if gc.isenabled():
            gc.disable()
            self._owed = True

    def __exit__(self, *_: object) -> None:
        self._inside.pop()
        if self._owed and not self._inside:
            self._owed = False
            gc.enable()

    def forget(self) -> None:
        """Let go of it for everyone."""
        self._inside.clear()
        if self._owed:
            self._owed = False
            gc.enable()


uncollected = _Uncollected()
"""No garbage is collected inside: a collection takes ten milliseconds and more, and is the turn of whoever next makes
objects. It also runs the game's ``__del__`` methods, which may call a director."""


class StillLock:
    """A lock that one thread may take again, and while which is held no garbage is collected.

    Sound threads wait for it. Were a ``__del__`` of the game to run while it is held, and to call a director, it might
    wait for a lock whose holder waits for this one.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def acquire(self, blocking: bool = True) -> bool:
        """Take it; return whether it was taken."""
        if not self._lock.acquire(blocking):
            return False
        uncollected.__enter__()
        return True

    def release(self) -> None:
        """Give it back."""
        uncollected.__exit__()
        self._lock.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def _begin_as_child() -> None:
    """Forget what the parent's threads held: they are not there."""
    global _lock  # noqa: PLW0603
    _lock = threading.RLock()
    if _held:
        _held.clear()
        sys.setswitchinterval(_before)
    uncollected.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_as_child)
