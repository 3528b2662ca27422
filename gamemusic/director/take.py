"""Take: a phrase ready to be played live, at every intensity."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gamemusic.arranger.arranger import arrange
from gamemusic.audio.schedule import CONTROLLER_DEFAULTS, FIRST_MODE_CONTROLLER, MIXER_CONTROLLERS
from gamemusic.score.parts import Arrangement, Part
from gamemusic.score.phrase import Phrase, Role
from gamemusic.units import BLOCK_FRAMES, SUBTICKS_PER_TICK, loop_frames, ticks_to_seconds

__all__ = ["LEVELS", "Line", "Take", "choose_level", "make_take"]

LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Intensities at which a phrase is arranged; the one nearest to what is asked for is heard."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one role plays, in frames of the take, on the grid of 64."""

    starts: array[int]
    ends: array[int]
    pitches: array[int]
    velocities: array[int]
    controls: tuple[tuple[int, int, int], ...]
    """(frame, controller, value), sorted."""

    def first_from(self, frame: int) -> int:
        """Return the index of the first note that starts at ``frame`` or later."""
        low, high = 0, len(self.starts)
        while low < high:
            middle = (low + high) // 2
            if self.starts[middle] < frame:
                low = middle + 1
            else:
                high = middle
        return low

    def across(self, frame: int) -> dict[int, tuple[int, int]]:
        """Return the notes that began before ``frame`` and end after it: pitch -> (end, velocity)."""
        return {
            self.pitches[index]: (self.ends[index], self.velocities[index])
            for index in range(self.first_from(frame))
            if self.ends[index] > frame
        }


Lines = Mapping[Role, Line]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Take:
    """A phrase with all its arrangements."""

    phrase: Phrase
    frames: int
    """Length, a multiple of 64."""
    pulses: tuple[int, ...]
    """Frame of each felt beat, and `frames` at the end."""
    levels: tuple[Lines, ...]
    """What is played at each of `LEVELS`."""
    kind: str = "phrase"
    """``phrase``, ``bridge``, ``rest`` or ``stinger``."""
    origin: object = None
    """What it was made from, for whoever made it."""

    @property
    def pulses_a_bar(self) -> int:
        """Felt beats in a bar."""
        return self.phrase.meter.bar_ticks // self.phrase.meter.pulse_ticks

    @property
    def bar_frames(self) -> tuple[int, ...]:
        """Frame of each bar, and `frames` at the end."""
        return self.pulses[:: self.pulses_a_bar]


def choose_level(intensity: float, before: int | None, hysteresis: float) -> int:
    """Return the index in `LEVELS` to play at ``intensity``.

    Args:
        intensity: 0 to 1.
        before: Level up to now; it is kept until the intensity has passed the border by ``hysteresis``.
        hysteresis: 0 to 0.1.
    """
    step = LEVELS[1] - LEVELS[0]
    if before is not None and abs(intensity - LEVELS[before]) <= step / 2 + hysteresis:
        return before
    return min(range(len(LEVELS)), key=lambda index: (abs(LEVELS[index] - intensity), index))


def make_take(
    phrase: Phrase,
    sample_rate: int,
    *,
    kind: str = "phrase",
    tempo_from: float | None = None,
    origin: object = None,
    check: Callable[[], object] | None = None,
) -> Take:
    """Arrange a phrase at every level and put its events on the grid.

    Args:
        phrase: What is played.
        sample_rate: In hertz.
        kind: See `Take`.
        tempo_from: Quarter notes a minute to begin with; the tempo then moves to the phrase's own, evenly by beats.
        origin: See `Take`.
        check: Called before each level; what it raises ends the work.
    """
    seconds = _Clock(phrase, tempo_from)
    frames = max(1, round(seconds.at(phrase.ticks) * sample_rate / BLOCK_FRAMES)) * BLOCK_FRAMES
    if tempo_from is None:
        frames = loop_frames(phrase.ticks, phrase.tempo_bpm, sample_rate)
    grid = _Grid(seconds, frames, phrase.ticks)
    pulse = phrase.meter.pulse_ticks
    return Take(
        phrase=phrase,
        frames=frames,
        pulses=tuple(grid.frame(tick * SUBTICKS_PER_TICK) for tick in range(0, phrase.ticks + 1, pulse)),
        levels=tuple(_arrange(phrase, level, grid, check) for level in LEVELS),
        kind=kind,
        origin=origin,
    )


def _arrange(phrase: Phrase, level: float, grid: _Grid, check: Callable[[], object] | None) -> Lines:
    if check is not None:
        check()
    return _lines(arrange(phrase.replace(intensity=level)), grid)


class _Clock:
    """Ticks -> seconds, with a tempo that may move."""

    def __init__(self, phrase: Phrase, tempo_from: float | None) -> None:
        self._ticks, self._to = phrase.ticks, phrase.tempo_bpm
        self._from = phrase.tempo_bpm if tempo_from is None else tempo_from

    def at(self, tick: float) -> float:
        difference = (self._to - self._from) / self._from
        if abs(difference) < 1e-6:
            return ticks_to_seconds(tick, self._to)
        # the integral of dx / (1 + difference * x)
        stretch = math.log1p(difference * tick / self._ticks) / difference
        return ticks_to_seconds(self._ticks, self._from) * stretch


class _Grid:
    """Subticks -> frames, multiples of 64."""

    def __init__(self, clock: _Clock, frames: int, ticks: int) -> None:
        self._clock, self._blocks = clock, frames // BLOCK_FRAMES
        self._whole = clock.at(ticks)
        self.last = frames - BLOCK_FRAMES
        """Where the last event may begin."""

    def frame(self, subtick: int) -> int:
        share = self._clock.at(subtick / SUBTICKS_PER_TICK) / self._whole
        # halves go up, as in offline rendering; the billionth is for those that fell just short by division
        return min(self._blocks, math.floor(share * self._blocks + 0.5 + 1e-9)) * BLOCK_FRAMES


def _lines(arrangement: Arrangement, grid: _Grid) -> Lines:
    return {part.role: _line(part, grid) for part in arrangement.parts}


def _line(part: Part, grid: _Grid) -> Line:
    # keyed by place: two notes of a pitch within one block cannot be told apart; the longer stays
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for note in part.notes:
        start = min(grid.last, grid.frame(note.start))
        end = max(start + BLOCK_FRAMES, grid.frame(note.start + note.duration))
        if end >= found.get((start, note.pitch), (0, 0))[0]:
            found[start, note.pitch] = (end, note.velocity)
    rows = sorted((start, pitch, end, velocity) for (start, pitch), (end, velocity) in found.items())
    return Line(
        starts=array("q", [row[0] for row in rows]),
        ends=array("q", [row[2] for row in rows]),
        pitches=array("B", [row[1] for row in rows]),
        velocities=array("B", [row[3] for row in rows]),
        controls=_controls(part, grid),
    )


def _controls(part: Part, grid: _Grid) -> tuple[tuple[int, int, int], ...]:
    found: dict[tuple[int, int], int] = {}
    for control in part.controls:
        if control.controller not in MIXER_CONTROLLERS and control.controller < FIRST_MODE_CONTROLLER:
            found[min(grid.last, grid.frame(control.start)), control.controller] = control.value
    # every pass begins alike, whatever was played before
    for controller in {11, *(number for _, number in found)}:
        found.setdefault((0, controller), CONTROLLER_DEFAULTS.get(controller, 0))
    return tuple(sorted((frame, controller, value) for (frame, controller), value in found.items()))
