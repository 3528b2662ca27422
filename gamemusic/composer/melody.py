"""A melody over chords: each note is put where its line wants it, as far as the harmony lets it.

A line is given by where its notes would lie (an idea, moved up or down the scale). The pitches that come nearest to it
while they agree with the chords are found by dynamic programming (R. Bellman, 1957), in whole numbers, so that they
are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gamemusic.theory import CHORD_QUALITIES
from gamemusic.tokens.vocabulary import QUALITY_NAMES
from gamemusic.units import TICKS_PER_BEAT, Meter

__all__ = ["Ground", "Tone", "fit", "move"]

_AWAY = 1
"""Cost of a semitone between a note and where it would lie."""
_BENT = 2
"""Of a semitone by which an interval is larger or smaller than in the idea."""
_TURNED = 14
"""Of going up where the idea goes down, or the like."""
_CLASH, _RUB, _PASSING = 18, 9, 2
"""Of a note that the chord does not hold: on a main beat or a long one; the same a semitone above one that it holds;
elsewhere."""
_FOREIGN, _BORROWED = 14, 3
"""Of a note outside the scale; of one that the chord holds all the same."""
_LEAP, _WIDE = 3, 7
"""Of each semitone by which the first note lies further than ``_WIDE`` from the note before."""
_REPEATED = 4
"""Of striking the note before once more at the beginning of a bar."""
_EDGE = 6
"""Of each semitone outside the register."""

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Tone:
    """A note of a melody before it has found its place."""

    tick: int
    """Onset from the phrase's beginning."""
    duration: int
    pitch: int
    """Where it would lie, MIDI note number relative to a tonic of C."""
    velocity: int
    """Index in `gamemusic.tokens.vocabulary.VELOCITIES`."""
    rests: bool = False
    """Whether the melody comes to rest on it: it must belong to the chord."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a melody stands on."""

    meter: Meter
    scale: tuple[int, ...]
    """Steps above the tonic, rising from 0."""
    chords: tuple[tuple[int, int], ...]
    """(tick, chord number), roots relative to the tonic; see `gamemusic.tokens.vocabulary`."""
    low: int
    """Lowest pitch of the register, relative to a tonic of C."""
    high: int

    def chord_at(self, tick: int) -> frozenset[int]:
        """Return the pitch classes of the chord at a tick; of none: the scale."""
        found = self._find(tick)
        if found is None:
            return frozenset(self.scale)
        root, quality = divmod(found, len(QUALITY_NAMES))
        return frozenset((root + step) % 12 for step in CHORD_QUALITIES[QUALITY_NAMES[quality]])

    def root_at(self, tick: int) -> int:
        """Return the root of the chord at a tick, semitones above the tonic; of none: the tonic."""
        return (self._find(tick) or 0) // len(QUALITY_NAMES)

    def _find(self, tick: int) -> int | None:
        found = None
        for start, number in self.chords:
            if start > tick:
                break
            found = number
        return found


def move(pitch: int, steps: int, scale: Sequence[int]) -> int:
    """Return a pitch moved by steps of the scale; what lies between two steps stays so far above the lower one."""
    octave, rest = divmod(pitch, 12)
    below = max(index for index, step in enumerate(scale) if step <= rest)
    raised = rest - scale[below]
    turns, index = divmod(below + steps, len(scale))
    return 12 * (octave + turns) + scale[index] + raised


def fit(tones: Sequence[Tone], ground: Ground, before: int | None) -> tuple[int, list[Tone]]:
    """Return the notes with pitches that agree with the chords, and what that costs.

    Args:
        tones: Notes of a line, in order; one or more.
        ground: Chords, scale and register.
        before: Pitch of the note before; None where there is none.
    """
    lowest, highest = ground.low - 2, ground.high + 2
    pitches = np.arange(lowest, highest + 1, dtype=np.int32)
    costs = _place(pitches, tones[0], ground)
    if before is not None:
        far = np.abs(pitches - before)
        costs = costs + _LEAP * np.maximum(0, far - _WIDE) + _REPEATED * (far == 0)
    moves = pitches[None, :] - pitches[:, None]  # from row to column
    back: list[npt.NDArray[np.intp]] = []
    for earlier, tone in pairwise(tones):
        wanted = tone.pitch - earlier.pitch
        bend = _BENT * np.abs(moves - wanted) + _TURNED * (np.sign(moves) != np.sign(wanted))
        total = costs[:, None] + bend
        best = total.argmin(axis=0)
        back.append(best)
        costs = total[best, np.arange(len(pitches))] + _place(pitches, tone, ground)
    index = int(costs.argmin())
    cost, path = int(costs[index]), [index]
    for best in reversed(back):
        index = int(best[index])
        path.append(index)
    return cost, [replace(tone, pitch=int(pitches[at])) for tone, at in zip(tones, path[::-1], strict=True)]


def _place(pitches: Ints, tone: Tone, ground: Ground) -> Ints:
    """Return what each pitch costs as this note, whatever stands around it."""
    weighty = tone.tick % ground.meter.bar_ticks in ground.meter.main_beats
    weighty = weighty or tone.duration > TICKS_PER_BEAT or tone.rests
    chord, scale = ground.chord_at(tone.tick), frozenset(ground.scale)
    by_class = np.zeros(12, dtype=np.int32)
    for name in range(12):
        if name in chord:
            by_class[name] = 0 if name in scale else _BORROWED
        else:
            by_class[name] = (_CLASH * (2 if tone.rests else 1)) if weighty else _PASSING
            by_class[name] += _RUB * (weighty and (name - 1) % 12 in chord)
            by_class[name] += 0 if name in scale else _FOREIGN
    outside = np.maximum(0, ground.low - pitches) + np.maximum(0, pitches - ground.high)
    cost: Ints = by_class[pitches % 12] + _AWAY * np.abs(pitches - tone.pitch) + _EDGE * outside
    return cost
