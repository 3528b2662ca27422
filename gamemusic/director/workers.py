"""Workers: threads for what takes long. One for what is waited for, one for what will be needed."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from gamemusic.director.bell import Bell
from gamemusic.errors import GameMusicError

__all__ = ["Stopped", "Workers"]

logger = logging.getLogger(__name__)


class Stopped(BaseException):
    """Nobody wants what is being made any more. No `Exception`, so that nobody on the way takes it for a fault."""


class Workers:
    """Two threads; or none, and then all work is done at once by whoever asks.

    Args:
        idle: Does one piece of work that is not urgent, and returns whether there may be more of it.
        failed: Called with what any work raised.
        ended: Called by each thread as the last thing it does.
        patient: Work without threads.
    """

    def __init__(
        self,
        idle: Callable[[], bool],
        failed: Callable[[BaseException], None],
        ended: Callable[[], None],
        *,
        patient: bool,
    ) -> None:
        self._idle, self._failed, self._ended, self.patient = idle, failed, ended, patient
        self._urgent: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._wake, self._closed = Bell(), False
        self.threads = (
            ()
            if patient
            else (
                threading.Thread(target=self._run_urgent, name="gamemusic composer", daemon=True),
                threading.Thread(target=self._run_idle, name="gamemusic composer ahead", daemon=True),
            )
        )

    def start(self) -> None:
        """Begin to work."""
        for thread in self.threads:
            thread.start()

    def check(self) -> None:
        """Return while work is wanted; for whoever takes long to call between two steps.

        Raises:
            Stopped: It is not.
        """
        if self._closed:
            raise Stopped

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

    def shut(self) -> None:
        """Take no more work, and end what is done at its next step; waits for nothing, and may be called anywhere."""
        self._closed = True
        self._urgent.put(None)
        self._wake.ring()

    def _run_urgent(self) -> None:
        while not self._closed:
            work = self._urgent.get()
            if work is None:
                break
            self._try(work)
            del work  # nothing of it is held while the next is waited for
        self._ended()

    def _run_idle(self) -> None:
        while not self._closed:
            self._wake.wait()
            more = True
            while more and not self._closed:
                more = self._try(self._idle)
        self._ended()

    def _try(self, work: Callable[[], object]) -> bool:
        try:
            return bool(work())
        except Stopped:
            return False
        except Exception as error:  # music goes on with what it has, whatever a pack or a disk does
            # what is wrong with a pack is one line, which says what to do; all else is a fault of ours
            logger.error("composing failed: %s", error, exc_info=not isinstance(error, GameMusicError))
            self._failed(error)
            return False
