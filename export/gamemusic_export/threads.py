"""How many threads torch is quicker with, found out by trying: beside a busy core two are ten times as slow as one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

__all__ = ["choose_threads", "count_cores"]

_SECONDS = 1.0


def count_cores() -> int:
    """Return how many cores this process may use, at least 1."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed is not None else os.cpu_count() or 1


def choose_threads(
    step: Callable[[], int],
    use: Callable[[int], None],
    *,
    cores: int,
    seconds: float = _SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Return the quicker one of a single thread and one a core, which is then in use.

    Args:
        step: Does a little of the work and returns how much, such as tokens.
        use: Sets the number of threads.
        cores: Cores that there are.
        seconds: Each is tried for so long, and for one step at least.
        clock: Seconds.
    """
    best, fastest = 1, -1.0
    for count in (1, cores) if cores > 1 else (1,):
        use(count)
        if cores == 1:
            break
        step()  # the first one makes what the others find
        began, done = clock(), 0
        while True:
            done += step()
            passed = clock() - began
            if passed >= seconds:
                break
        if done / max(passed, 1e-9) > fastest:
            best, fastest = count, done / max(passed, 1e-9)
    use(best)
    return best
