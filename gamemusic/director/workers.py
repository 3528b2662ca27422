"""Workers: threads for what takes long. One for what is waited for, one for what will be needed."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from gamemusic.director.bell import Bell

__all__ = ["Workers"]

logger = logging.getLogger(__name__)


class Workers:
    """Two threads; or none, and then all work is done at once by whoever asks.

    Args:
        idle: Does one piece of work that is not urgent, and returns whether there may be more of it.
        failed: Called with the error of any work that failed.
        patient: Work without threads.
    """

    def __init__(self, idle: Callable[[], bool], failed: Callable[[Exception], None], *, patient: bool) -> None:
        self._idle, self._failed, self.patient = idle, failed, patient
        self._urgent: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._wake, self._closed = Bell(), False
        self._threads = [
            threading.Thread(target=self._run_urgent, name="gamemusic composer", daemon=True),
            threading.Thread(target=self._run_idle, name="gamemusic composer ahead", daemon=True),
        ]
        if not patient:
            for thread in self._threads:
                thread.start()

    @property
    def closed(self) -> bool:
        """Whether no more work is taken."""
        return self._closed

    def submit(self, work: Callable[[], None]) -> None:
        """Do ``work`` as soon as possible."""
        if self._closed:
            return
        if self.patient:
            self._try(work)
        else:
            self._urgent.put(work)

    def wake(self) -> None:
        """Say that there may be work ahead."""
        if not self.patient:
            self._wake.ring()

    def close(self, timeout: float = 10.0) -> None:
        """Take no more work; wait for what is being done, unless one of the threads asks."""
        self._closed = True
        self._urgent.put(None)
        self._wake.ring()
        if not self.patient:
            for thread in self._threads:
                if thread is not threading.current_thread():
                    thread.join(timeout)

    def _run_urgent(self) -> None:
        while not self._closed:
            work = self._urgent.get()
            if work is None:
                return
            self._try(work)

    def _run_idle(self) -> None:
        while not self._closed:
            self._wake.wait()
            more = True
            while more and not self._closed:
                more = self._try(self._idle)

    def _try(self, work: Callable[[], object]) -> bool:
        try:
            return bool(work())
        except Exception as error:  # music goes on with what it has, whatever a pack or a disk does
            logger.exception("composing failed")
            self._failed(error)
            return False
