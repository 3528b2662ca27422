"""Drum patterns as they are written, and moved to meters they lack.

One line is one percussion key, one character a sixteenth: ``.`` rests, ``1`` is a ghost note and ``9`` an accent;
``|`` and spaces are for the eye.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gamemusic.errors import InputError
from gamemusic.score.phrase import DRUM_TICKS
from gamemusic.units import Meter

__all__ = ["Grid", "Groove", "groove_in", "read_line"]

Grid = Mapping[int, str]
"""One bar: percussion key, and its line."""


@dataclass(frozen=True, slots=True)
class Groove:
    """How a family of patterns goes in one meter."""

    patterns: tuple[tuple[Grid, ...], ...]
    """Of each pattern the bars that follow each other."""
    fills: tuple[Grid, ...]
    crash: int = 0
    """Key struck where a fill leads; 0 for none."""


def read_line(text: str, meter: Meter) -> str:
    """Return a line of a drum pattern without what is for the eye.

    Raises:
        InputError: When it has other marks, or another length than the bar.
    """
    line = "".join(text.replace("|", "").split())
    count = meter.bar_ticks // DRUM_TICKS
    for place, mark in enumerate(line):
        if mark not in ".123456789":
            raise InputError(f"mark {place + 1} is {mark!r}, expected '.' for a rest or 1 (soft) to 9 (loud)")
    if len(line) != count:
        raise InputError(f"it has {len(line)} marks, and a bar of {meter} has {count} sixteenths")
    return line


def groove_in(written: Mapping[str, Groove], meter: Meter) -> Groove:
    """Return how a figure goes in a meter: as written, or put together from the meters that are.

    5/4 is 3 + 2, 7/8 is 2 + 2 + 3, 9/8 three and 12/8 four threes. What is written in one meter alone is cut, or begins
    again.
    """
    name = str(meter)
    if name in written:
        return written[name]
    if name not in _PIECES or not all(each in written for each in (_PIECES[name][0], _PIECES[name][2])):
        return _fit(next(iter(written.values())), meter)
    first, cut, second, start, end = _PIECES[name]
    one, other = written[first], written[second]
    patterns = tuple(
        tuple(
            _join(heads[index % len(heads)], cut, tails[index % len(tails)], start, end)
            for index in range(max(len(heads), len(tails)))
        )
        for heads, tails in zip(one.patterns, other.patterns, strict=False)
    )
    # what leads on stands at the end of the bar, so that its first part goes on as ever
    fills = tuple(_join(one.patterns[0][0], cut, fill, start, end) for fill in other.fills)
    return Groove(patterns, fills, other.crash)


_PIECES: Mapping[str, tuple[str, int, str, int, int]] = MappingProxyType(
    {
        "5/4": ("3/4", 12, "2/4", 0, 8),
        "7/8": ("2/4", 8, "6/8", 6, 12),
        "9/8": ("6/8", 12, "6/8", 6, 12),
        "12/8": ("6/8", 12, "6/8", 0, 12),
    }
)
"""Meter; the one that it begins with, and how many sixteenths of it; the one that goes on, from and to a sixteenth."""


def _fit(groove: Groove, meter: Meter) -> Groove:
    count = meter.bar_ticks // DRUM_TICKS

    def fit(grid: Grid) -> Grid:
        lines = {key: line.replace("|", "") for key, line in grid.items()}
        return {key: (line * (count // len(line) + 1))[:count] for key, line in lines.items()}

    patterns = tuple(tuple(fit(grid) for grid in bars) for bars in groove.patterns)
    return Groove(patterns, tuple(fit(grid) for grid in groove.fills), groove.crash)


def _join(one: Grid, cut: int, other: Grid, start: int, end: int) -> Grid:
    lines = {}
    for key in (*one, *(key for key in other if key not in one)):
        head = one[key].replace("|", "")[:cut] if key in one else "." * cut
        tail = other[key].replace("|", "")[start:end] if key in other else "." * (end - start)
        if (head + tail).strip("."):
            lines[key] = head + tail
    return lines
