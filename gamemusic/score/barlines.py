"""The bar lines of a MIDI file: meters that are written as others, pick-ups, and signatures that say nothing new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from gamemusic.score.midi import MidiSong
from gamemusic.units import METERS, Meter

__all__ = ["BarLine", "find_bar_lines", "name_meter"]

_EQUIVALENT = MappingProxyType(
    {(2, 2): ("4/4", 1), (3, 8): ("6/8", 0), (4, 2): ("4/4", 2), (12, 8): ("6/8", 2), (6, 4): ("3/4", 2)}
)
"""Meters that are written as others: name, and how many of its bars one bar holds (0: two bars make one)."""
_LEAST_REPEATED = 3
"""Equal time signatures in a row, from which on it is looked whether they stand at bar lines at all."""

_Change = tuple[int, int, int]
"""Tick, numerator, denominator."""


@dataclass(frozen=True, slots=True)
class BarLine:
    """A bar of the file; times in its ticks."""

    start: int
    """Below 0 where a pick-up is filled up with rest before it."""
    end: int
    meter: Meter | None
    """One that is composed in; None: it is in another, or cut off by a change of meter."""


def name_meter(numerator: int, denominator: int) -> str:
    """Return what a time signature is called here: the name of the meter that it is written for, or its own."""
    return _EQUIVALENT.get((numerator, denominator), (f"{numerator}/{denominator}", 1))[0]


def find_bar_lines(song: MidiSong) -> list[BarLine]:
    """Return the bars of a file, to its end; a short first bar (a pick-up) is filled up with rest before it."""
    quarter = song.ticks_per_beat
    changes = list(song.meters) or [(0, 4, 4)]
    if changes[0][0] > 0:
        changes.insert(0, (0, 4, 4))
    changes = _drop_repeated(changes, quarter)
    lines: list[BarLine] = []
    for index, (start, numerator, denominator) in enumerate(changes):
        following = changes[index + 1] if index + 1 < len(changes) else None
        end = following[0] if following else song.end_tick
        length = _bar(quarter, numerator, denominator)
        name, share = _EQUIVALENT.get((numerator, denominator), (f"{numerator}/{denominator}", 1))
        meter = METERS.get(name)
        step = {0: 2 * length, 1: length, 2: length // 2}[share]
        if not lines and following and end < _bar(quarter, *following[1:]):
            continue  # the pick-up is met again below, as the tail of a full bar
        if not lines and start > 0 and meter is not None:
            lines += [
                BarLine(at - step, at, meter) for at in range(start - (start - 1) // step * step, start + 1, step)
            ]
        while start < end and step > 0:
            whole = start + step <= end or following is None
            lines.append(BarLine(start, start + step if whole else end, meter if whole else None))
            start += step
    return lines


def _bar(quarter: int, numerator: int, denominator: int) -> int:
    return quarter * 4 * numerator // denominator


def _drop_repeated(changes: Sequence[_Change], quarter: int) -> list[_Change]:
    """Return the changes of meter without signatures that are written again and again, on every beat, say.

    Some programs do that, and no bar begins there. An equal signature that comes once in a while stays: files converted
    from notation write one where the bars begin anew, behind a pick-up or a repeat's short bar.
    """
    runs: list[list[_Change]] = []
    for change in changes:
        if runs and runs[-1][0][1:] == change[1:]:
            runs[-1].append(change)
        else:
            runs.append([change])
    kept: list[_Change] = []
    for run in runs:
        bar = _bar(quarter, *run[0][1:])
        short = sum(after[0] - before[0] < bar for before, after in pairwise(run))
        kept += run[:1] if len(run) >= _LEAST_REPEATED and 2 * short > len(run) - 1 else run
    return kept
