"""Bell: wakes a thread without ever keeping the one who rings waiting.

`threading.Event` has a lock in Python: whoever rings waits for it while the thread that holds it waits for the
interpreter, which a busy thread of the game may have for 50 ms. A sound thread must not.
"""

from __future__ import annotations

import queue

__all__ = ["Bell"]


class Bell:
    """Rung by anyone, waited for by one thread."""

    def __init__(self) -> None:
        # in C, with a `put` that neither blocks nor gives the interpreter away
        self._queue: queue.SimpleQueue[None] = queue.SimpleQueue()

    def ring(self) -> None:
        """Wake the thread that waits, or the next one that will; ringing twice is the same as once."""
        if self._queue.empty():
            self._queue.put(None)

    def wait(self, seconds: float | None = None) -> None:
        """Wait until it was rung since the last time, for ``seconds`` at most."""
        try:
            self._queue.get(timeout=seconds)
            while True:
                self._queue.get_nowait()
        except queue.Empty:
            pass
