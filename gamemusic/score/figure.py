"""Figures as they are written: bars of marks, read into what is struck when, and moved to meters they lack.

A bar is a line of marks, divided evenly: eight marks are eighths of a bar of 4/4, sixteen are sixteenths, twelve are
triplets. Spaces are for the eye. ``.`` rests and ``-`` holds; what the others strike is told in `MARKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from gamemusic.errors import InputError
from gamemusic.score.phrase import Role
from gamemusic.units import PLAYED_METERS, Meter

__all__ = ["MARKS", "NEIGHBOURS", "Cell", "Figure", "Stroke", "cells_in", "read_cell"]

MARKS: Mapping[str, str] = MappingProxyType(
    {
        "L": "the chord's root, low",
        "F": "its fifth, below the root where there is room",
        "T": "its third, above the root",
        "V": "its fifth, above the root",
        "O": "the root an octave up, or the fifth where there is no room",
        "X": "the tenth: its third, an octave up",
        "W": "root and tenth together",
        "l": "the root, or a step to the next root where the harmony changes after it",
        "r": "one step of a run along the scale that ends on the next root",
        "Z": "the key's tonic, whatever the chord",
        "C": "the chord",
        "K": "the chord, accented",
        "c": "the chord without its lowest note",
        "U": "the chord, above the low notes",
        "D": "a downstroke: the chord, full",
        "u": "an upstroke: the chord's upper notes",
        "P": "the chord's outer notes, accented",
        "p": "its lowest note",
        "G": "a power chord: root, fifth and octave, low",
        "g": "a power chord, muted with the palm: root and fifth, short",
        **{str(number): f"note {number} of the chord, counted upwards from its lowest" for number in range(10)},
    }
)
"""What each mark of a figure strikes. Low notes that are struck where the harmony changes are its root."""

NEIGHBOURS = frozenset("lrZ")
"""Marks that may strike notes outside their chord."""
_QUARTER, _HALF_COMPOUND = 12, 18


@dataclass(frozen=True, slots=True)
class Stroke:
    """What is struck at one moment of a bar."""

    mark: str
    """One of `MARKS`, or ``^`` and a number: so many notes of the chord above its low root."""
    start: int
    """Tick in the bar."""
    end: int
    """First tick after it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One bar of a figure, or a part of one."""

    ticks: int
    strokes: tuple[Stroke, ...]

    def part(self, start: int, end: int) -> Cell:
        """Return what is struck between two ticks, cut at the second."""
        kept = [Stroke(each.mark, each.start - start, min(each.end, end) - start) for each in self.strokes
                if start <= each.start < end]  # fmt: skip
        return Cell(end - start, tuple(kept))

    def scaled(self, times: int, over: int) -> Cell:
        """Return the cell at another pace: ``times / over`` as long."""
        strokes = [Stroke(each.mark, each.start * times // over, each.end * times // over) for each in self.strokes]
        return Cell(self.ticks * times // over, tuple(strokes))

    def starts_with_a_stroke(self) -> bool:
        """Say whether something is struck at its beginning."""
        return bool(self.strokes) and self.strokes[0].start == 0

    def __add__(self, other: Cell) -> Cell:
        moved = [Stroke(each.mark, each.start + self.ticks, each.end + self.ticks) for each in other.strokes]
        return Cell(self.ticks + other.ticks, (*self.strokes, *moved))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A way in which a role's notes are made from the chords."""

    name: str
    roles: tuple[Role, ...] = ()
    """Whom it suits."""
    about: str = ""
    """What it is, for people who choose."""
    bars: Mapping[str, tuple[Cell, ...]] = field(default_factory=dict)
    """Meter, then bars that follow each other; meters left out are derived."""
    turns: Mapping[str, tuple[Cell | None, ...]] = field(default_factory=dict)
    """Meter, then what stands in place of a section's fourth bar, eighth bar and so on; None leaves the bar."""
    rings: bool = False
    """Whether notes sound on to the end of the bar or of their harmony."""
    meters: tuple[str, ...] = ()
    """Meters that it suits; empty: all. It can be played in all."""
    choose: int = 0
    """So many bars are one of several cells, of which the seed chooses one for a phrase; 0: all bars are one."""
    lower: int = 0
    """Semitones by which it lies lower than its role's figures usually do."""

    def suits(self, meter: Meter) -> bool:
        """Say whether it sounds at home in a meter: a waltz has three beats."""
        return not self.meters or str(meter) in self.meters

    def bars_in(self, meter: Meter) -> tuple[Cell, ...]:
        """Return its bars in a meter."""
        return cells_in(self.bars, str(meter))

    def turn_in(self, meter: Meter, number: int) -> Cell | None:
        """Return what stands in place of the ``number``-th fourth bar of a section, from 0; None for nothing else."""
        if not self.turns:
            return None
        found = next(iter(self.turns.values()))
        index = number % len(found)
        written = {name: (cell,) for name, cells in self.turns.items() if (cell := cells[index % len(cells)])}
        if not written:
            return None
        cell = cells_in(written, str(meter), ends=True)[0]
        # a turn that was cut to what goes on anyway rests at its end instead
        return _open_end(cell) if _plain(cell) in map(_plain, self.bars_in(meter)) else cell


def read_cell(text: str, meter: Meter, marks: Mapping[str, str] = MARKS) -> Cell:
    """Return the bar in a line of marks.

    Raises:
        InputError: When it holds another mark, begins with a hold, or does not divide the bar evenly.
    """
    line = "".join(text.replace("|", "").split())
    if not line or meter.bar_ticks % len(line):
        fit = ", ".join(str(count) for count in range(2, meter.bar_ticks + 1) if meter.bar_ticks % count == 0)
        raise InputError(f"it has {len(line)} marks, and a bar of {meter} has one of {fit}")
    for place, mark in enumerate(line):
        if mark not in marks and mark not in ".-":
            raise InputError(f"mark {place + 1} is {mark!r}, expected one of . - {' '.join(marks)}")
        if mark == "-" and not line[:place].strip("-"):
            raise InputError("it begins with '-', and there is nothing to hold; write '.' for a rest")
    step = meter.bar_ticks // len(line)
    strokes = []
    for place, mark in enumerate(line):
        if mark in ".-":
            continue
        end = next((later for later in range(place + 1, len(line)) if line[later] != "-"), len(line))
        strokes.append(Stroke(mark, place * step, end * step))
    return Cell(meter.bar_ticks, tuple(strokes))


def cells_in(written: Mapping[str, Sequence[Cell]], meter: str, *, ends: bool = False) -> tuple[Cell, ...]:
    """Return bars in a meter: as written, or derived from those of other meters.

    5/4 is 3 + 2, 7/8 is 2 + 2 + 3, 9/8 three and 12/8 four threes; 6/8 and 3/4 have the same eighths, shorter bars are
    cut and longer ones repeat a beat. With ``ends``, a bar that is cut keeps its end.
    """
    if meter in written:
        return tuple(written[meter])
    return _RECIPES[meter](written, ends)


Recipe = Callable[[Mapping[str, Sequence[Cell]], bool], tuple[Cell, ...]]


def _two(written: Mapping[str, Sequence[Cell]], ends: bool) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for cell in cells_in(written, "4/4" if "4/4" in written else "3/4", ends=ends):
        head, tail = cell.part(0, 24), cell.part(cell.ticks - 24, cell.ticks)
        if ends:
            cells.append(_shorten(cell, 24))
        else:
            both = cell.ticks == 48 and tail.starts_with_a_stroke() and head.strokes
            cells += (head, tail) if both else (head,) if head.strokes else (tail,)
    return tuple(cells)


def _three(written: Mapping[str, Sequence[Cell]], ends: bool) -> tuple[Cell, ...]:
    if "6/8" in written or "4/4" not in written:
        return cells_in(written, "6/8", ends=ends)
    return tuple(_shorten(cell, 36) if ends else cell.part(0, 36) for cell in written["4/4"])


def _six(written: Mapping[str, Sequence[Cell]], ends: bool) -> tuple[Cell, ...]:
    if "3/4" in written:
        return tuple(written["3/4"])
    if "4/4" not in written:  # 2/4 alone
        return tuple(cell + cell.part(0, _QUARTER) for cell in written["2/4"])
    cells = written["4/4"]
    if any(tick % 3 for cell in cells for stroke in cell.strokes for tick in (stroke.start, stroke.end)):
        # triplets are eighths here
        return tuple((cell.part(24, 48) if ends else cell.part(0, 24)).scaled(3, 2) for cell in cells)
    return cells_in(written, "3/4", ends=ends)


def _four(written: Mapping[str, Sequence[Cell]], ends: bool) -> tuple[Cell, ...]:
    if "3/4" in written:
        return tuple(cell + cell.part(24, 36) for cell in written["3/4"])
    if "6/8" in written:
        return tuple(cell.scaled(2, 3) + cell.scaled(2, 3) for cell in written["6/8"])
    return tuple(cell + cell for cell in written["2/4"])


def _joined(first: Sequence[Cell], second: Sequence[Cell]) -> tuple[Cell, ...]:
    count = max(len(first), len(second))
    return tuple(first[index % len(first)] + second[index % len(second)] for index in range(count))


def _five(written: Mapping[str, Sequence[Cell]], ends: bool) -> tuple[Cell, ...]:
    return _joined(cells_in(written, "3/4", ends=False), cells_in(written, "2/4", ends=ends))


def _seven(written: Mapping[str, Sequence[Cell]], ends: bool) -> tuple[Cell, ...]:
    return _joined(cells_in(written, "2/4"), [_half(cell, ends) for cell in cells_in(written, "6/8", ends=ends)])


def _nine(written: Mapping[str, Sequence[Cell]], ends: bool) -> tuple[Cell, ...]:
    return tuple(cell + _half(cell, True) for cell in cells_in(written, "6/8", ends=ends))


def _twelve(written: Mapping[str, Sequence[Cell]], ends: bool) -> tuple[Cell, ...]:
    return tuple(cell + cell for cell in cells_in(written, "6/8", ends=ends))


def _plain(cell: Cell) -> Cell:
    """Return a bar without its accents."""
    return Cell(cell.ticks, tuple(replace(each, mark="C" if each.mark == "K" else each.mark) for each in cell.strokes))


def _open_end(cell: Cell) -> Cell:
    """Return a bar without its last stroke; one that has a single stroke is struck again in its middle."""
    if len(cell.strokes) > 1:
        return Cell(cell.ticks, cell.strokes[:-1])
    one = cell.strokes[0]
    middle = cell.ticks // _QUARTER // 2 * _QUARTER or one.start
    return Cell(cell.ticks, (Stroke(one.mark, one.start, middle), Stroke(one.mark, middle, cell.ticks)))


def _half(cell: Cell, second: bool) -> Cell:
    """Return half of a bar of 6/8; its first where nothing is struck where the second begins."""
    later = cell.part(_HALF_COMPOUND, 2 * _HALF_COMPOUND)
    return later if second and later.starts_with_a_stroke() else cell.part(0, _HALF_COMPOUND)


def _shorten(cell: Cell, ticks: int) -> Cell:
    """Return a bar's first beat and its end."""
    tail = cell.part(cell.ticks - ticks + _QUARTER, cell.ticks)
    return cell.part(0, _QUARTER) + tail if tail.starts_with_a_stroke() else cell.part(0, ticks)


_RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "2/4": _two,
        "3/4": _three,
        "4/4": _four,
        "5/4": _five,
        "6/8": _six,
        "7/8": _seven,
        "9/8": _nine,
        "12/8": _twelve,
    }
)
assert set(_RECIPES) == set(PLAYED_METERS)
