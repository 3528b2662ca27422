"""How long a busy Python thread may keep the others waiting while music plays.

Python lets a thread run 5 ms before another one gets its turn (`sys.getswitchinterval`): half of a small audio buffer.
While directors are open the interval is shorter, for the whole process; afterwards it is what it was.
"""

from __future__ import annotations

import sys
import threading

__all__ = ["hold", "release"]

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
