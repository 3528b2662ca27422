"""Notifier: what is heard -> the game's functions, on a thread of their own."""

from __future__ import annotations

import logging
import queue
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field

from gamemusic.score.phrase import Phrase

__all__ = ["Listeners", "Moment", "Notifier"]

logger = logging.getLogger(__name__)

_MOST_WAITING = 1024


@dataclass(frozen=True, slots=True)
class Moment:
    """A bar line, as it is heard (the sound card adds its own delay)."""

    mood: str
    style: str
    bar: int
    """Bar of the phrase, from 0."""
    bars: int
    """Bars of the phrase."""
    kind: str
    """``phrase``, ``bridge``, ``rest`` or ``stinger``."""
    tempo_bpm: float
    """Quarter notes a minute."""
    phrase: Phrase = field(repr=False)
    seconds: float
    """Music heard since the director began, without pauses."""


@dataclass  # without slots, since weak references need a place
class Listeners:
    """The game's functions. They may hold the director, so whoever holds these must be held by it alone."""

    bar: list[Callable[[Moment], object]] = field(default_factory=list)
    phrase: list[Callable[[Moment], object]] = field(default_factory=list)


class Notifier:
    """Calls functions with moments, one after another, never on the thread that reads.

    A function that raises, whatever it is, goes on being called, and so do the others. Functions that are too slow lose
    moments, which the log says.

    Args:
        listeners: Who is called, as long as somebody else holds them.
        failed: Called with what a function raised.
    """

    def __init__(self, listeners: Listeners, failed: Callable[[BaseException], None]) -> None:
        self._listeners, self._failed = weakref.ref(listeners), failed
        self._queue: queue.SimpleQueue[tuple[Moment, bool] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()
        self._closed = False

    def start(self) -> None:
        """Begin to call, unless it has begun."""
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="gamemusic callbacks", daemon=True)
                self._thread.start()

    def tell(self, moment: Moment, *, first: bool) -> None:
        """Pass a moment on; returns at once."""
        if self._thread is None:
            return
        if self._queue.qsize() >= _MOST_WAITING:
            logger.warning("a function for bars or phrases is too slow; moments are lost")
            return
        self._queue.put((moment, first))  # in C: never waits

    def shut(self) -> None:
        """Call nothing any more; waits for nothing, and may be called anywhere."""
        self._closed = True
        self._queue.put(None)

    @property
    def threads(self) -> tuple[threading.Thread, ...]:
        """What calls."""
        return () if self._thread is None else (self._thread,)

    def _run(self) -> None:
        while not self._closed:
            item = self._queue.get()
            if item is None:
                return
            self._call(*item)  # a function of its own, so that nothing of the game is held while it waits

    def _call(self, moment: Moment, first: bool) -> None:
        listeners = self._listeners()
        if listeners is None:
            return
        for function in [*(listeners.phrase if first else ()), *listeners.bar]:
            if self._closed:
                return
            try:
                function(moment)
            except BaseException as error:  # whatever the game raises, KeyboardInterrupt too, must not stop the others
                logger.exception("a function that was called at a bar line failed")
                self._failed(error)
