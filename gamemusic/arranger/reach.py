"""What a preset's `ranges` and `density` allow a figure: where it lies, and how much of it begins in a bar."""

from __future__ import annotations

from collections.abc import Iterable

from gamemusic.score.phrase import Note
from gamemusic.units import TICKS_PER_BEAT, Meter

__all__ = ["OCTAVE", "narrow", "thin"]

OCTAVE = 12
"""The least that a figure needs, in semitones, to have every chord."""


def narrow(pitches: tuple[int, int], reach: tuple[int, int]) -> tuple[int, int]:
    """Return the part of a figure's usual pitches that is allowed, or all that is allowed where that is too little.

    Args:
        pitches: Lowest and highest pitch, an octave apart or more.
        reach: Lowest and highest pitch that are allowed; less than an octave is taken for an octave from the lowest.
    """
    low, high = max(pitches[0], reach[0]), min(pitches[1], reach[1])
    return (low, high) if high - low >= OCTAVE else (reach[0], max(reach[1], reach[0] + OCTAVE))


def thin(notes: Iterable[Note], most: int, meter: Meter) -> tuple[Note, ...]:
    """Return the notes with at most so many beginning in each bar: what stands on stronger beats stays.

    Notes that begin together stay or go together, unless there are too many of them for a bar: then the lowest stay.
    """
    bars: dict[int, dict[int, list[Note]]] = {}
    for note in sorted(notes):
        bar, position = divmod(note.start, meter.bar_ticks)
        bars.setdefault(bar, {}).setdefault(position, []).append(note)
    kept: list[Note] = []
    for onsets in bars.values():
        room = most
        for position in sorted(onsets, key=lambda tick: (_weakness(tick, meter), tick)):
            group = onsets[position]
            if len(group) > most:
                group = group[:most]
            if len(group) <= room:
                kept += group
                room -= len(group)
    return tuple(sorted(kept))


def _weakness(position: int, meter: Meter) -> int:
    """Return how weak a place in the bar is: 0 its head, then felt beats, quarters, eighths, sixteenths, others."""
    steps = (meter.bar_ticks, meter.pulse_ticks, TICKS_PER_BEAT, TICKS_PER_BEAT // 2, TICKS_PER_BEAT // 4)
    return next((rank for rank, step in enumerate(steps) if position % step == 0), len(steps))
