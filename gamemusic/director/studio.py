"""Studio: programs, decks and bridges, made ready by threads so that a director finds them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import RLock, Thread
from typing import Any

from gamemusic.director.conductor import Conductor, Cue, Departure
from gamemusic.director.deck import Deck
from gamemusic.director.maker import Maker
from gamemusic.director.mixer import Mixer
from gamemusic.director.program import Program, derive_seed
from gamemusic.director.settings import Settings
from gamemusic.director.shelf import SHELF
from gamemusic.director.take import Take, choose_level
from gamemusic.director.workers import Workers

__all__ = ["Studio"]

_MOST_STINGERS = 8
"""Stingers that sound, ring or wait for their beat at once."""
_STINGER_LEAD_SECONDS = 0.35
"""How long composing a stinger may take until its beat is the next but one."""


class Studio:
    """What a `Director` has behind it.

    Args:
        make_maker: Makes what composes, from the check that it calls between two steps.
        mixer: Plays.
        conductor: Says when.
        settings: The game's.
        intensity: Tells what the game asks for.
        seed: Of the director.
    """

    def __init__(
        self,
        make_maker: Callable[[Callable[[], object]], Maker],
        mixer: Mixer,
        conductor: Conductor,
        settings: Settings,
        intensity: Callable[[], float],
        seed: int,
    ) -> None:
        self.seed = seed
        self.programs: OrderedDict[tuple[str, str], Program] = OrderedDict()
        """By mood and style, the one asked for last at the end."""
        self.cue: Cue | None = None
        """What was asked for last."""
        self.lock = RLock()
        """Guards all of this; taken before the mixer's, never while sound is made."""
        self._mixer, self._conductor, self._settings = mixer, conductor, settings
        self._intensity = intensity
        self._prepared: set[tuple[str, str]] = set()
        self._decks: dict[tuple[str, str], Deck] = {}
        self._bridges: OrderedDict[tuple[Any, ...], Take] = OrderedDict()
        self._stingers = 0
        self._waiting: list[tuple[str, str, int]] = []
        """Stingers that were asked for before there was music."""
        self._closed = False
        self._workers = Workers(self._work_ahead, self._note_failure, self._drop, patient=settings.patient)
        self._maker = make_maker(self._workers.check)

    # what a director asks for: returns at once ----------------------------------------------------------------------

    def program(self, mood: str | Path, style: str | None) -> Program:
        """Return a mood's program.

        Raises:
            InputError, PackError, FormatError: When there is no such mood or style, or it is damaged.
        """
        preset = SHELF.pack(mood, self._settings.limits).preset
        name = preset.name, preset.style(style).name
        with self.lock:
            if name not in self.programs:
                self.programs[name] = self.new_program(mood, name[1], self.seed)
                self._forget()
            self.programs.move_to_end(name)
            return self.programs[name]

    def new_program(self, mood: str | Path, style: str | None, seed: int) -> Program:
        """Return a program that nobody knows yet."""
        preset = SHELF.pack(mood, self._settings.limits).preset
        name = preset.style(style).name
        program = Program(
            preset,
            name,
            derive_seed(seed, preset.name, name),
            hungry=self.feed,
            late=self._note_late,
            source=mood,
        )
        self._set_level(program)
        return program

    def play(self, cue: Cue, *, resume: bool) -> None:
        """Let a program begin when it is ready."""
        program = cue.program
        with self.lock:
            self.cue = cue
            self._conductor.settle(wait=True)
            if self._conductor.coming is program:
                return
            if self._conductor.playing is program:
                self._conductor.cancel()
                return
            if not resume:
                program.restart()
            # what is ready begins without a thread in between
            deck = self._decks.pop(program.name, None) if program.current is not None else None
            if deck is not None:
                self._start(cue, deck)
                return
        self._workers.submit(lambda: self._fetch(cue))

    def prepare(self, program: Program) -> None:
        """Compose a program's first phrase and set up its players."""
        with self.lock:
            self._prepared.add(program.name)
            if program.current is None:
                program.variation = 0
        self._workers.wake()
        while self._workers.patient and self._work_ahead():
            pass

    def sting(self, name: str, at: str) -> None:
        """Compose a stinger and play it at a boundary soon."""
        with self.lock:
            self._stingers += 1
            seed = derive_seed(self.seed, "stinger", self._stingers)
        self._workers.submit(lambda: self._sting(name, at, seed))

    def feed(self) -> None:
        """See whether something is to be composed; may be called where sound is made."""
        if self._workers.patient:
            self._workers.submit(self._feed_now)
        self._workers.wake()

    def feed_soon(self) -> None:
        """As `feed`, on the threads that there are, when a bar is heard; returns at once."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for name, at, seed in waiting:
                self._workers.submit(lambda name=name, at=at, seed=seed: self._sting(name, at, seed))  # type: ignore[misc]
        self._workers.wake()

    def follow_intensity(self) -> None:
        """Let the programs that are heard, or will be, know of a new intensity."""
        for program in (self._conductor.coming, None if self.cue is None else self.cue.program):
            if program is not None:
                self._set_level(program)

    def ready(self) -> bool:
        """Whether what was asked for last plays or is about to; if nothing was, whether all is prepared."""
        with self.lock:
            if self.cue is not None:
                return self._conductor.coming is self.cue.program
            return self._prepared <= set(self._decks)

    @property
    def can_wait(self) -> bool:
        """Whether waiting may make anything ready."""
        return not (self._closed or self._workers.patient)

    def exchange(self, seed: int, programs: list[Program]) -> None:
        """Forget everything and begin with other programs."""
        with self.lock:
            self.seed = seed
            self.cue = None
            self.programs.clear()
            self._bridges.clear()
            for deck in self._decks.values():
                self._mixer.retire(deck)
            self._decks.clear()
            self.programs.update({program.name: program for program in programs})

    def start(self) -> None:
        """Let the threads begin."""
        self._workers.start()

    def shut(self) -> None:
        """End the threads at their next step; waits for nothing, and may be called anywhere."""
        self._closed = True
        self._workers.shut()
        if self._workers.patient:
            self._drop()

    @property
    def threads(self) -> tuple[Thread, ...]:
        """What composes."""
        return self._workers.threads

    def _drop(self) -> None:
        """Free what was set up; called once nobody works any more, by each who did."""
        self._decks, self._bridges, self._waiting = {}, OrderedDict(), []

    # what threads do: takes long ------------------------------------------------------------------------------------

    def _fetch(self, cue: Cue) -> None:
        """Make a mood ready, and let it begin if it is still wanted."""
        program = cue.program
        if self.cue is not cue or self._closed:
            return
        self._supply(program)
        deck = self._take_deck(program)
        with self.lock:
            if self.cue is not cue or self._closed:
                self._keep_deck(program, deck)
                return
            self._start(cue, deck)

    def _start(self, cue: Cue, deck: Deck) -> None:
        """Let a ready program begin; a bridge that is made for the place follows while there is time."""
        departure = self._conductor.departure(cue)
        bridge = None
        if departure is not None and cue.by == "bridge":
            bridge = self._bridges.get(_bridge_key(departure.old, departure.new, departure.bar))
            if self._workers.patient:
                bridge = self._make_bridge(departure)
        started = self._conductor.start(cue, deck, bridge)
        if started is not None and cue.by == "bridge" and not self._workers.patient:
            self._workers.submit(lambda: self._improve(started))
        self.feed()

    def _improve(self, departure: Departure) -> None:
        if self._mixer.position < departure.frame:
            self._conductor.add_bridge(departure, self._make_bridge(departure))

    def _make_bridge(self, departure: Departure) -> Take:
        self._mixer.counters.composed += 1
        return self._maker.bridge(departure.old, departure.bars_played, departure.new, departure.bar)

    def _sting(self, name: str, at: str, seed: int) -> None:
        """Compose a stinger for the chord of its beat, and play it there."""
        if sum(deck.over for deck in self._mixer.decks) >= _MOST_STINGERS:
            # each has a synthesizer of its own, and in a pause none of them ends
            self._mixer.counters.note(f"more than {_MOST_STINGERS} stingers at once; the latest were left out")
            return
        earliest = 0 if self._workers.patient else round(_STINGER_LEAD_SECONDS * self._mixer.sample_rate)
        for _ in range(2):
            deck = self._conductor.deck()
            if deck is None:
                with self.lock:
                    if self.cue is not None:
                        self._waiting.append((name, at, seed))
                return
            frame, placed, _ = deck.boundary(at, self._mixer.soonest + earliest)
            take = placed.take
            tick = round((frame - placed.start) / take.frames * take.phrase.ticks) % take.phrase.ticks
            made = self._maker.stinger(name, take, tick, seed)
            players = self._maker.deck(made.phrase.orchestration)
            self._mixer.counters.composed += 1
            with self._mixer.lock:
                if not self._closed and self._mixer.soonest <= frame:
                    self._conductor.add_stinger(players, made, frame)
                    return
            self._mixer.retire(players)
            earliest *= 3

    def _work_ahead(self) -> bool:
        """Do one thing that will be needed: a phrase, then what was prepared, then bridges there."""
        if self._closed:
            return False
        playing = self._conductor.coming
        if playing is not None and self._follow_edits(playing):
            return True
        if playing is not None and self._supply(playing):
            return True
        with self.lock:
            prepared = [self.programs[name] for name in self.programs if name in self._prepared]
        for program in prepared:
            if program is playing:
                continue
            if program.current is None and self._supply(program):
                return True
            if program.name not in self._decks:
                self._keep_deck(program, self._take_deck(program))
                return True
        return self._bridge_ahead(prepared)

    def _follow_edits(self, playing: Program) -> bool:
        """Let a mood whose preset was edited go on as it is written now, from the next phrase on."""
        SHELF.refresh(playing.source, self._settings.limits)
        preset = SHELF.pack(playing.source, self._settings.limits).preset
        if preset == playing.preset:
            return False
        style = playing.style if playing.style in preset.styles else None
        self._maker.forget()
        edited = self.new_program(playing.source, style, self.seed)
        with self.lock:
            self.programs.pop(playing.name, None)
            self.programs[edited.name] = edited
            self._bridges.clear()
            for name in {playing.name, edited.name}:
                deck = self._decks.pop(name, None)
                if deck is not None:
                    self._mixer.retire(deck)
        if self.cue is not None and self.cue.program is playing:
            self.play(Cue(edited, "phrase", "cut"), resume=False)
        return True

    def _bridge_ahead(self, prepared: list[Program]) -> bool:
        playing = self._conductor.playing
        if playing is None or playing.current is None:
            return False
        old = playing.current
        for program in prepared:
            new = program.current
            if program is playing or new is None:
                continue
            key = _bridge_key(old, new, program.bar)
            if key not in self._bridges:
                self._mixer.counters.composed += 1
                bridge = self._maker.bridge(old, old.phrase.bars, new, program.bar)
                with self.lock:
                    self._bridges[key] = bridge
                    while len(self._bridges) > 2 * self._settings.moods_kept:
                        self._bridges.popitem(last=False)
                return True
        return False

    def _supply(self, program: Program) -> bool:
        """Compose what a program wants next; return whether it wanted anything."""
        if program is not self._conductor.coming or self._conductor.coming is None:
            self._set_level(program)
        spec = program.wanted(self._settings.phrases_ahead, late=self._is_late(program))
        if spec is None:
            return False
        self._mixer.counters.composed += 1
        program.supply(self._maker.phrase(spec))
        return True

    def _is_late(self, program: Program) -> bool:
        """Return whether the pass that a program plays is half over."""
        if self._conductor.playing is not program:
            return False
        heard = self._conductor.heard()
        return heard is not None and 2 * (heard[1] + 1) > heard[0].take.phrase.bars

    def _take_deck(self, program: Program) -> Deck:
        with self.lock:
            deck = self._decks.pop(program.name, None)
        return deck or self._maker.deck(program.preset.style(program.style).orchestration())

    def _keep_deck(self, program: Program, deck: Deck) -> None:
        with self.lock:
            if self._closed or program.name in self._decks or self.programs.get(program.name) is not program:
                self._mixer.retire(deck)
            else:
                self._decks[program.name] = deck

    def _forget(self) -> None:
        """Drop the moods that were asked for longest ago."""
        busy = {self._conductor.playing, self._conductor.coming, None if self.cue is None else self.cue.program}
        for name, program in list(self.programs.items())[: -self._settings.moods_kept]:
            if program not in busy:
                del self.programs[name]
                self._prepared.discard(name)
                deck = self._decks.pop(name, None)
                if deck is not None:
                    self._mixer.retire(deck)

    def _feed_now(self) -> None:
        playing = self._conductor.coming
        if playing is not None and self._follow_edits(playing):
            return
        while playing is not None and self._supply(playing):
            pass

    def _set_level(self, program: Program) -> None:
        program.level = choose_level(self._intensity(), program.level, self._settings.hysteresis)

    def _note_late(self) -> None:
        self._mixer.counters.late_repeats += 1

    def _note_failure(self, error: BaseException) -> None:
        self._mixer.counters.failed += 1
        self._mixer.counters.note(error)


def _bridge_key(old: Take, new: Take, bar: int) -> tuple[Any, ...]:
    return old.origin, new.origin, bar
