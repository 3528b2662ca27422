"""Notifier: what is heard -> the game's functions, on a thread of their own."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from gamemusic.score.phrase import Phrase

__all__ = ["Moment", "Notifier"]

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


class Notifier:
    """Calls functions with moments, one after another, never on the thread that reads.

    A function that fails is reported to the log and goes on being called. Functions that are too slow lose
    moments, which the log says.
    """

    def __init__(self) -> None:
        self._bar: list[Callable[[Moment], object]] = []
        self._phrase: list[Callable[[Moment], object]] = []
        self._queue: queue.SimpleQueue[tuple[Moment, bool] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False

    def on_bar(self, function: Callable[[Moment], object]) -> None:
        """Call ``function`` at every bar line."""
        self._start()
        self._bar.append(function)

    def on_phrase(self, function: Callable[[Moment], object]) -> None:
        """Call ``function`` at the beginning of every phrase and bridge."""
        self._start()
        self._phrase.append(function)

    def tell(self, moment: Moment, *, first: bool) -> None:
        """Pass a moment on; returns at once."""
        if self._thread is None:
            return
        if self._queue.qsize() >= _MOST_WAITING:
            logger.warning("a function for bars or phrases is too slow; moments are lost")
            return
        self._queue.put((moment, first))  # in C: never waits

    def close(self) -> None:
        """Call nothing any more; may be called by one of the functions."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is None:
            return
        self._queue.put(None)
        if thread is not threading.current_thread():
            thread.join(1.0)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="gamemusic callbacks", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._closed:
            item = self._queue.get()
            if item is None:
                return
            moment, first = item
            for function in [*(self._phrase if first else ()), *self._bar]:
                if self._closed:
                    return
                try:
                    function(moment)
                except Exception:  # the game's fault must not stop the others
                    logger.exception("a function that was called at a bar line failed")
