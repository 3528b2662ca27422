"""Engine: all that works behind a director and does not know it, so that a director that is dropped ends."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from gamemusic.audio.loudness import db_to_amplitude
from gamemusic.director.conductor import Conductor
from gamemusic.director.deck import Deck, Mark
from gamemusic.director.forks import count_forks
from gamemusic.director.interpreter import hold, release
from gamemusic.director.maker import Maker
from gamemusic.director.mixer import Mixer
from gamemusic.director.notifier import Listeners, Moment, Notifier
from gamemusic.director.output import SoundCard
from gamemusic.director.settings import Settings
from gamemusic.director.shelf import SHELF
from gamemusic.director.studio import Studio
from gamemusic.score.phrase import Role

__all__ = ["Engine", "Wishes"]

_EXIT_SECONDS = 5.0
"""How long the process's end waits for threads that are inside a library, which must not be unloaded meanwhile."""


@dataclass(slots=True)
class Wishes:
    """What a game asks for that holds for all its music."""

    intensity: float = 0.5
    stems: dict[Role, float] = field(default_factory=lambda: dict.fromkeys(Role, 1.0))

    def apply(self, deck: Deck) -> None:
        """Give a deck the gains of its roles."""
        for role, gain in self.stems.items():
            deck.stems[role].value = deck.stems[role].target = gain


class Engine:
    """Mixer, conductor, studio and notifier, with their threads.

    Nothing here refers to the `Director` or to the game's functions: threads hold the engine, and who is held by a
    thread is never freed.

    Args:
        sample_rate: In hertz.
        seed: Of the director.
        soundfont: What the game asks for.
        settings: The game's.
        listeners: The game's functions.
    """

    def __init__(
        self, sample_rate: int, seed: int, soundfont: str | Path | None, settings: Settings, listeners: Listeners
    ) -> None:
        self.sample_rate, self.settings = sample_rate, settings
        self.closed = False
        self.wishes = wishes = Wishes()
        self.card: SoundCard | None = None
        self._starting = threading.RLock()
        ahead = round(settings.ahead_seconds * sample_rate)
        self.mixer = Mixer(sample_rate, ahead, self._tell, alone=settings.patient)
        self.mixer.under_gain = db_to_amplitude(settings.stinger_duck_db)
        self.mixer.volume.value = self.mixer.volume.target = db_to_amplitude(settings.headroom_db)
        self.notifier = Notifier(listeners, self.mixer.counters.note)
        self.conductor = Conductor(self.mixer, settings, lambda: wishes.intensity, wishes.apply)
        self.studio = Studio(
            lambda check: Maker(SHELF, sample_rate, soundfont, settings, check),
            self.mixer,
            self.conductor,
            settings,
            lambda: wishes.intensity,
            seed,
        )
        self._sound = threading.Thread(target=self._run_sound, name="gamemusic sound", daemon=True)
        self._process = count_forks()
        self._held: list[float] = []

    def start(self) -> None:
        """Let the threads begin."""
        _engines.add(self)
        hold(self.settings.switch_seconds)
        self._held.append(self.settings.switch_seconds)
        if not self.settings.patient:
            self._sound.start()
        self.studio.start()

    def start_card(self, device: int | str | None, latency: float) -> None:
        """Feed a sound card; one that is fed and has failed is opened again, another one is let go.

        Raises:
            MissingError: It cannot be opened.
        """
        with self._starting:
            card = self.card
            if card is not None and card.wanted == (device, latency):
                card.reopen()
                return
            if card is not None:
                card.close()
                self.card = None
            self.card = SoundCard(self.mixer, device=device, latency=latency, failed=self.mixer.counters.note)
            if self.closed:  # meanwhile, by another thread
                self.card.shut()

    def shut(self) -> None:
        """End everything: each thread at its next step.

        Waits for nothing and for no lock, so that it may be called anywhere: in a signal's handler, in ``__del__``, by
        one of the threads.
        """
        self.closed = True
        if self._process != count_forks():
            return  # a forked child has none of the threads
        try:
            seconds = self._held.pop()  # whoever comes first
        except IndexError:
            return
        card = self.card
        if card is not None:
            card.shut()
        self.notifier.shut()
        self.studio.shut()
        self.mixer.shut()
        release(seconds)
        if self.settings.patient:
            self.conductor.drop()

    def join(self, seconds: float, *, callbacks: bool = True) -> None:
        """Wait for the threads to end, for so many seconds in all.

        Args:
            seconds: At most.
            callbacks: Wait for the game's functions, too.
        """
        if self._process != count_forks():
            return
        threads = [self._sound, *self.studio.threads, *(self.notifier.threads if callbacks else ())]
        if self.card is not None:
            threads += self.card.threads
        _join(threads, time.monotonic() + seconds)

    def _run_sound(self) -> None:
        self.mixer.run_ahead()
        self.conductor.drop()

    def _tell(self, mark: Mark) -> None:
        self.studio.feed_soon()
        self.notifier.tell(self.moment(mark), first=mark.first)

    def moment(self, mark: Mark) -> Moment:
        """Return what the game is told of a mark."""
        take = mark.placed.take
        phrase = take.phrase
        return Moment(
            phrase.mood,
            phrase.style,
            mark.bar,
            phrase.bars,
            take.kind,
            phrase.tempo_bpm,
            phrase,
            mark.frame / self.sample_rate,
        )


def _join(threads: Iterable[threading.Thread], until: float) -> None:
    for thread in threads:
        if thread.is_alive() and thread is not threading.current_thread():
            thread.join(max(0.0, until - time.monotonic()))


_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


def _end_all() -> None:
    """End every engine when the process ends, before the libraries are unloaded in which its threads may be."""
    engines = list(_engines)
    for engine in engines:
        engine.shut()
    until = time.monotonic() + _EXIT_SECONDS
    for engine in engines:
        # not for the game's functions: they are its own, and may wait for anything
        engine.join(until - time.monotonic(), callbacks=False)


def _begin_as_child() -> None:
    global _engines  # noqa: PLW0603  # the parent's may have been in the middle of a change
    _engines = weakref.WeakSet()


atexit.register(_end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_as_child)
