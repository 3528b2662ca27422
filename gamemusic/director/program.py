"""Program: what a mood plays, phrase after phrase, and where it was left."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gamemusic.composer.sampler import mix
from gamemusic.director.interpreter import StillLock
from gamemusic.director.take import LEVELS, Take
from gamemusic.packs.schema import Preset

__all__ = ["Program", "Spec", "derive_seed"]


@dataclass(frozen=True, slots=True)
class Spec:
    """All that a phrase depends on, so that it can be composed again."""

    mood: str
    """What the game calls it: a name, or a path."""
    style: str
    theme: int
    """Number of its theme, from 0."""
    seed: int
    """Of its theme: `derive_seed` of the program's seed and the theme's number."""
    variation: int
    """-1 the opening, a single section that is composed in a hurry; 0 the phrase; 1... its variations."""
    level: int
    """Index of the intensity in `LEVELS`."""

    @property
    def intensity(self) -> float:
        """0 to 1."""
        return LEVELS[self.level]


def derive_seed(seed: int, *parts: object) -> int:
    """Return a seed that depends on ``seed`` and ``parts``, the same on every machine."""
    text = "/".join(str(part) for part in parts)
    number = np.array([(seed ^ zlib.crc32(text.encode())) & (1 << 64) - 1], dtype=np.uint64)
    return int(mix(mix(number))[0]) >> 32


class Program:
    """A mood in one style.

    The thread that makes sound calls `follow`; a composing thread asks `wanted` and gives takes to `supply`.

    Args:
        preset: The mood's.
        style: One of its styles.
        seed: From which the seeds of its themes are derived.
        hungry: Called when there may be something to compose.
        late: Called when a phrase is repeated for want of the next.
        source: What the game calls the mood: its name, or a path.
    """

    def __init__(
        self,
        preset: Preset,
        style: str,
        seed: int,
        *,
        hungry: Callable[[], None],
        late: Callable[[], None],
        source: str | Path,
    ) -> None:
        self.preset, self.style, self.seed, self.source = preset, style, seed, source
        self.mood = preset.name
        self._hungry, self._late = hungry, late
        self._lock = StillLock()  # the thread that makes sound waits for it
        self.theme, self.variation, self.plays = 0, -1, 0
        """Which phrase is played, and how often it was begun."""
        self.current: Take | None = None
        self.bar = 0
        """From which bar it goes on when it is played again."""
        self.level = 2
        """Index in `LEVELS` of the intensity that is to be composed for."""
        self._ready: deque[Take] = deque()
        self._fresh: Take | None = None
        self._lead: Take | None = None
        self._resting = False

    @property
    def name(self) -> tuple[str, str]:
        """Mood and style."""
        return self.mood, self.style

    def spec(self, theme: int, variation: int) -> Spec:
        """Return what a phrase of it is composed from."""
        return Spec(str(self.source), self.style, theme, derive_seed(self.seed, theme), variation, self.level)

    def enter(self, lead: Take | None) -> tuple[Take, int]:
        """Return the first take to be played, and its bar: ``lead`` when there is one, then where it was left."""
        with self._lock:
            assert self.current is not None, "a program is entered when its first phrase is there"
            self._lead = None
            if lead is None:
                return self._go_on()
            self._lead = lead
            return lead, 0

    def take_back(self, bar: int) -> None:
        """Undo an `enter` that was not heard: it would have begun at ``bar``."""
        with self._lock:
            if self._lead is None:
                self.plays = max(0, self.plays - 1)
            self._lead, self.bar = None, bar

    def follow(self, _frame: int) -> tuple[Take, int]:
        """Return what is played next, and from which bar."""
        self._hungry()
        with self._lock:
            return self._follow()

    def wanted(self, ahead: int, *, late: bool) -> Spec | None:
        """Return what should be composed next; None when nothing is missing.

        Args:
            ahead: Phrases to be ready; with one, it is composed as late as is safe, for what the game wants then.
            late: Whether the pass that plays is half over.
        """
        with self._lock:
            if self.current is None:
                return self.spec(self.theme, self.variation)
            playing = self._spec_of(self._fresh or self.current)
            last = self.plays > self._plain_repeats()
            if late and not last and playing.level != self.level:
                return replace(playing, level=self.level)
            if not (playing.variation < 0 or ahead > 1 or (late and last)):
                return None
            while late and self._ready and self._spec_of(self._ready[-1]).level != self.level:
                self._ready.pop()
            if len(self._ready) >= ahead:
                return None
            return self._after(self._spec_of(self._ready[-1] if self._ready else self.current))

    def supply(self, take: Take) -> None:
        """Take what `wanted` asked for; what is no longer wanted is dropped."""
        spec = self._spec_of(take)
        with self._lock:
            if self.current is None:
                self.current, self.plays = take, 0
                self.theme, self.variation = spec.theme, spec.variation
            elif spec == replace(self._spec_of(self.current), level=spec.level):
                self._fresh = take
            elif spec.level == self.level:
                self._ready.append(take)

    def leave(self, take: Take, bar: int) -> None:
        """Remember where the music was left."""
        with self._lock:
            self._lead = None
            if take is self.current:
                self.bar = bar % take.phrase.bars

    def restart(self) -> None:
        """Forget where it was left."""
        with self._lock:
            self.bar = self.plays = 0

    def _follow(self) -> tuple[Take, int]:
        assert self.current is not None
        if self._lead is not None:
            self._lead = None
            return self._go_on()
        if self._resting:
            self._resting = False
            return self._begin()
        if self.plays > self._plain_repeats():
            if self._ready:
                self.current = self._ready.popleft()
                spec = self._spec_of(self.current)
                self.theme, self.variation = spec.theme, spec.variation
                self.plays, self._fresh = 0, None
                if self.preset.rest_bars:
                    self._resting = True
                    return make_rest(self.current, self.preset.rest_bars), 0
            else:
                self._late()
        return self._begin()

    def _plain_repeats(self) -> int:
        return 0 if self.variation < 0 else self.preset.repeats

    def _go_on(self) -> tuple[Take, int]:
        bar, self.bar = self.bar, 0
        return self._begin()[0], bar

    def _begin(self) -> tuple[Take, int]:
        assert self.current is not None
        if self._fresh is not None:
            self.current, self._fresh = self._fresh, None
        self.plays += 1
        return self.current, 0

    def _after(self, spec: Spec) -> Spec:
        if spec.variation < self.preset.variations:
            return self.spec(spec.theme, spec.variation + 1)
        return self.spec(spec.theme + 1, 0)

    @staticmethod
    def _spec_of(take: Take) -> Spec:
        assert isinstance(take.origin, Spec)
        return take.origin


def make_rest(after: Take, bars: int) -> Take:
    """Return silence of so many bars in a take's meter and tempo."""
    bar = after.frames // after.phrase.bars // 64 * 64
    pulses = after.pulses_a_bar
    return Take(
        phrase=after.phrase.replace(bars=bars, tracks=(), chords=(), form=()),
        frames=bars * bar,
        pulses=tuple(
            number * bar // pulses // 64 * 64 if number % pulses else number // pulses * bar
            for number in range(bars * pulses + 1)
        ),
        levels=tuple({} for _ in LEVELS),
        kind="rest",
        origin=after.origin,
    )
