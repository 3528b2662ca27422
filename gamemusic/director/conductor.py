"""Conductor: which deck plays from when. Quick: everything happens under the mixer's lock, nothing is composed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gamemusic.director.deck import Deck, Placed
from gamemusic.director.mixer import Mixer
from gamemusic.director.program import Program
from gamemusic.director.settings import Settings
from gamemusic.director.take import Take
from gamemusic.values import check_choice

__all__ = ["BOUNDARIES", "MANNERS", "Conductor", "Cue", "Departure"]

BOUNDARIES = ("beat", "bar", "phrase")
"""Where the music may change."""
MANNERS = ("bridge", "cut", "crossfade")
"""How it may change."""
_GRID = 64


@dataclass(frozen=True, slots=True)
class Cue:
    """What was asked for."""

    program: Program
    at: str
    by: str

    @staticmethod
    def check(at: str, by: str) -> None:
        """Refuse unknown words.

        Raises:
            InputError: Saying which are allowed.
        """
        check_choice(at, "at", BOUNDARIES)
        check_choice(by, "by", MANNERS)


@dataclass(frozen=True, slots=True)
class Departure:
    """From where a bridge leads to where."""

    frame: int
    old: Take
    bars_played: int
    new: Take
    bar: int


@dataclass(slots=True)
class _Playing:
    program: Program
    deck: Deck
    start: int
    bar: int
    """From which bar of its phrase it begins."""
    departure: Departure | None = None
    bridged: bool = False


class Conductor:
    """Puts decks into the mixer and takes them out.

    Args:
        mixer: Whose lock guards all of this.
        settings: The game's.
        intensity: What decks ask at each beat.
        stems: Gains of roles that the game asked for.
    """

    def __init__(
        self, mixer: Mixer, settings: Settings, intensity: Callable[[], float], stems: Callable[[Deck], None]
    ) -> None:
        self._mixer, self._settings, self._intensity, self._stems = mixer, settings, intensity, stems
        self._playing: _Playing | None = None
        self._coming: _Playing | None = None

    @property
    def playing(self) -> Program | None:
        """The program that is heard."""
        # no lock, here and below: a game asks at every frame, and a lock's holder may wait long for the interpreter
        coming, playing = self._coming, self._playing
        if coming is not None and coming.deck.head > coming.deck.start:
            return coming.program
        return None if playing is None or (coming is None and playing.deck.done) else playing.program

    @property
    def coming(self) -> Program | None:
        """The program that will be heard, or is."""
        coming, playing = self._coming, self._playing
        if coming is not None:
            return coming.program
        return None if playing is None or playing.deck.done else playing.program

    def departure(self, cue: Cue) -> Departure | None:
        """Return where a cue would leave the music that plays; None when none plays."""
        with self._mixer.lock:
            self._settle()
            old, program = self._playing, cue.program
            if old is None or program.current is None or old.program is program:
                return None
            frame, placed, bars = old.deck.boundary(cue.at, self._mixer.soonest)
            return Departure(frame, placed.take, bars, program.current, program.bar)

    def start(self, cue: Cue, deck: Deck, bridge: Take | None) -> Departure | None:
        """Let a program begin at the next boundary that was asked for; at once where nothing plays.

        Args:
            cue: What is to be played, and how.
            deck: Its players, not playing.
            bridge: What leads there, if it is composed.

        Returns:
            Where the music that plays is left; None when none played.
        """
        mixer, program = self._mixer, cue.program
        with mixer.lock:
            self._settle()
            self.cancel()
            old = self._playing
            self._stems(deck)
            departure = None if old is None else self.departure(cue)
            start = -(-mixer.soonest // _GRID) * _GRID if departure is None else departure.frame
            if departure is None or cue.by != "bridge":
                bridge = None
            self._coming = _Playing(program, deck, start, program.bar, departure, bridge is not None)
            self._begin(deck, program, start, bridge)
            if old is not None and departure is not None:
                self._part(old, deck, departure, cue)
            else:
                deck.gain.value = deck.gain.target = 1.0
            mixer.add(deck)
            return departure

    def add_bridge(self, departure: Departure, bridge: Take) -> bool:
        """Put a better bridge in, unless it comes too late or something else was asked for; return whether it was."""
        with self._mixer.lock:
            coming = self._coming
            if coming is None or coming.departure is not departure or coming.deck.head > coming.deck.start:
                return False
            coming.program.take_back(coming.bar)
            self._begin(coming.deck, coming.program, coming.start, bridge)
            coming.bridged = True
            return True

    def cancel(self) -> None:
        """Forget a change that was not heard yet."""
        with self._mixer.lock:
            self._settle()
            coming, self._coming = self._coming, None
            if coming is None:
                return
            coming.program.take_back(coming.bar)
            self._mixer.remove(coming.deck)
            self._mixer.retire(coming.deck)
            if self._playing is not None:
                self._playing.deck.go_on()

    def stop(self, frames: int) -> None:
        """Fade everything out and take it away."""
        mixer = self._mixer
        with mixer.lock:
            self._settle()
            self.cancel()
            playing, self._playing = self._playing, None
            if playing is not None:
                self._leave(playing, mixer.position)
            for deck in mixer.decks:
                deck.gain.go(0.0, frames)
                deck.cut(max(deck.start + 1, mixer.position + frames))

    def drop(self) -> None:
        """Let everything go at the end, and note where the music was; nobody else is to be at work."""
        self._settle()
        playing, self._playing, self._coming = self._playing, None, None
        if playing is not None:
            self._leave(playing, self._mixer.position)

    def add_stinger(self, deck: Deck, take: Take, frame: int) -> None:
        """Play a take once, over the music."""
        with self._mixer.lock:
            self._stems(deck)
            deck.over = True
            deck.begin(frame, _end, self._intensity, first=take)
            self._mixer.add(deck)

    def deck(self) -> Deck | None:
        """Return the deck that is heard."""
        with self._mixer.lock:
            self._settle()
            return None if self._playing is None else self._playing.deck

    def heard(self) -> tuple[Placed, int] | None:
        """Return the take that is heard, and the bar of it."""
        with self._mixer.lock:
            self._settle()
            if self._playing is None:
                return None
            return _bar_at(self._playing.deck, self._mixer.position)

    def _begin(self, deck: Deck, program: Program, start: int, bridge: Take | None) -> None:
        take, bar = program.enter(bridge)
        deck.begin(start, program.follow, self._intensity, first=take, bar=bar)

    def _part(self, old: _Playing, deck: Deck, departure: Departure, cue: Cue) -> None:
        if cue.by == "crossfade":
            bar = departure.old.bar_frames[1]
            frames = self._settings.crossfade_bars * bar
            deck.fade_in(departure.frame, frames)
            old.deck.fade_out(departure.frame, frames)
            old.deck.cut(departure.frame + frames)
        else:
            deck.gain.value = deck.gain.target = 1.0
            old.deck.cut(departure.frame)

    def settle(self, *, wait: bool) -> None:
        """Make what is coming what plays, once it has begun, and let what played know where it was left.

        Args:
            wait: Wait for a block that is being made; otherwise it is left to whoever asks next.
        """
        if self._mixer.lock.acquire(blocking=wait):
            try:
                self._settle()
            finally:
                self._mixer.lock.release()

    def _settle(self) -> None:
        coming = self._coming
        if coming is not None and coming.deck.head > coming.deck.start:
            old, self._playing, self._coming = self._playing, coming, None
            if old is not None:
                self._leave(old, coming.start)
                self._mixer.counters.moves += 1
                self._mixer.counters.bridges += coming.bridged
        if self._coming is None and self._playing is not None and self._playing.deck.done:
            self._playing = None  # it broke; the next one begins as if nothing had played

    def _leave(self, playing: _Playing, frame: int) -> None:
        placed, bar = _bar_at(playing.deck, frame)
        playing.program.leave(placed.take, bar)


def _bar_at(deck: Deck, frame: int) -> tuple[Placed, int]:
    placed = deck.heard_at(frame)
    inside = max(0, frame - placed.start)
    bars = [bar for bar in placed.take.bar_frames if bar <= inside]
    return placed, min(len(bars) - 1, placed.take.phrase.bars - 1)


def _end(_frame: int) -> None:
    return None
