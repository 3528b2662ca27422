"""Drum figures: grooves and fills, written as they are read.

One line is one percussion key, one character a sixteenth: ``.`` rests, ``1`` is a ghost note and ``9`` an accent; ``|``
parts the felt beats for the eye. Grooves are bars that follow each other; the fill takes the place of a section's last
bar (see `gamemusic.arranger.sections.fill_bars`) and grows towards the bar line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from gamemusic.arranger.sections import fill_bars
from gamemusic.arranger.voicing import find_spans
from gamemusic.score.phrase import DRUM_TICKS, Note, Phrase
from gamemusic.units import Meter

__all__ = ["DRUM_FIGURES", "GROOVES", "Groove", "final_tick", "groove_in"]

_KICK, _STICK, _SNARE, _TOM_LOW, _HAT, _OPEN_HAT, _TOM_HIGH = 36, 37, 38, 43, 42, 46, 48
_CRASH, _TAMBOURINE, _CRASH_2, _MUTED, _CONGA, _MARACAS = 49, 54, 57, 62, 64, 70

Grid = Mapping[int, str]
"""One bar: percussion key, and its line."""


@dataclass(frozen=True, slots=True)
class Groove:
    """How a figure goes in one meter."""

    bars: tuple[Grid, ...]
    fill: Grid
    crash: int = 0
    """Key struck where the fill leads; 0 for none."""


# fmt: off
GROOVES: Mapping[str, Mapping[str, Groove]] = MappingProxyType({
    "rock_beat": {
        "4/4": Groove(
            ({_HAT:      "6.4.|6.4.|6.4.|6.4.",
              _SNARE:    "....|9..2|.2..|9...",
              _KICK:     "9...|....|9.8.|...."},
             {_HAT:      "6.4.|6.4.|6.4.|6...",
              _OPEN_HAT: "....|....|....|..7.",
              _SNARE:    "....|9..2|.2..|9..2",
              _KICK:     "9...|..7.|9...|...."}),
            {_HAT:       "6.4.|6.4.|....|....",
             _SNARE:     "....|9...|5678|....",
             _TOM_HIGH:  "....|....|....|78..",
             _TOM_LOW:   "....|....|....|..89",
             _KICK:      "9...|..7.|9...|8..."}, _CRASH),
        "3/4": Groove(
            ({_HAT:      "6.4.|5.4.|5.4.",
              _SNARE:    "....|...2|9...",
              _KICK:     "9...|..6.|...."},
             {_HAT:      "6.4.|5.4.|5.4.",
              _SNARE:    "....|...2|9..2",
              _KICK:     "9...|....|..6."}),
            {_HAT:       "6.4.|....|....",
             _SNARE:     "....|5678|....",
             _TOM_HIGH:  "....|....|78..",
             _TOM_LOW:   "....|....|..89",
             _KICK:      "9...|....|8..."}, _CRASH),
        "6/8": Groove(
            ({_HAT:      "6.3.4.|6.3.4.",
              _SNARE:    "....2.|9.....",
              _KICK:     "9.....|....7."},
             {_HAT:      "6.3.4.|6.3...",
              _OPEN_HAT: "......|....7.",
              _SNARE:    "....2.|9..2..",
              _KICK:     "9...7.|......"}),
            {_HAT:       "6.3.4.|......",
             _SNARE:     "....2.|678...",
             _TOM_HIGH:  "......|...78.",
             _TOM_LOW:   "......|.....9",
             _KICK:      "9.....|8....."}, _CRASH),
        "2/4": Groove(
            ({_HAT:      "6.4.|6.4.",
              _SNARE:    "...2|9...",
              _KICK:     "9...|..7."},
             {_HAT:      "6.4.|6.4.",
              _SNARE:    "...2|9..2",
              _KICK:     "9.7.|...."}),
            {_HAT:       "6.4.|....",
             _SNARE:     "..67|....",
             _TOM_HIGH:  "....|78..",
             _TOM_LOW:   "....|..89",
             _KICK:      "9...|8..."}, _CRASH),
    },
    # keys that the orchestra kit has too: there 41 to 53 are timpani
    "march": {
        "4/4": Groove(
            ({_SNARE:    "....|8.45|6.45|8...",
              _KICK:     "9...|....|8...|...."},
             {_SNARE:    "....|8.45|6.45|8.56",
              _KICK:     "9...|....|8...|...."}),
            {_SNARE:     "....|8...|3445|6789",
             _KICK:      "9...|....|8...|9..."}, _CRASH_2),
        "3/4": Groove(
            ({_SNARE:    "....|7.45|7...",
              _KICK:     "9...|....|...."},
             {_SNARE:    "....|7.45|7.45",
              _KICK:     "9...|....|...."}),
            {_SNARE:     "....|3445|6789",
             _KICK:      "9...|....|8..."}, _CRASH_2),
        "6/8": Groove(
            ({_SNARE:    "....6.|8...6.",
              _KICK:     "9.....|8....."},
             {_SNARE:    "....6.|8.3456",
              _KICK:     "9.....|8....."}),
            {_SNARE:     "..3344|556789",
             _KICK:      "9.....|8....."}, _CRASH_2),
        "2/4": Groove(
            ({_SNARE:    "..45|8...",
              _KICK:     "9...|...."},
             {_SNARE:    "..45|8.45",
              _KICK:     "9...|...."}),
            {_SNARE:     "..34|6789",
             _KICK:      "9...|8..."}, _CRASH_2),
    },
    "bodhran": {
        "4/4": Groove(
            ({_CONGA:    "9...|....|8...|....",
              _MUTED:    "..3.|5.3.|..3.|5.35"},
             {_CONGA:    "9...|..6.|8...|..6.",
              _MUTED:    "..3.|5...|..3.|5..3"}),
            {_CONGA:     "9...|8...|7.7.|8.89",
             _MUTED:     "..3.|..3.|.3.3|.5.."}),
        "3/4": Groove(
            ({_CONGA:    "9...|....|....",
              _MUTED:    "..3.|5.3.|5.3."},
             {_CONGA:    "9...|....|..6.",
              _MUTED:    "..3.|5.3.|5..3"}),
            {_CONGA:     "9...|7.7.|8.89",
             _MUTED:     "..3.|.3.3|.4.."}),
        "6/8": Groove(
            ({_CONGA:    "9.....|8.....",
              _MUTED:    "..3.5.|..3.5."},
             {_CONGA:    "9...6.|8.....",
              _MUTED:    "..3...|..3345"}),
            {_CONGA:     "9...6.|7.7.89",
             _MUTED:     "..3...|.3.4.."}),
        "2/4": Groove(
            ({_CONGA:    "9...|7...",
              _MUTED:    "..6.|..6."},
             {_CONGA:    "9...|7...",
              _MUTED:    "..6.|.356"}),
            {_CONGA:     "9...|8.89",
             _MUTED:     "..6.|.4.."}),
    },
    "shaker": {
        "4/4": Groove(
            ({_MARACAS:    "6353|6353|6353|6353",
              _TAMBOURINE: "....|7...|....|7..."},
             {_MARACAS:    "6353|6353|6353|6355",
              _TAMBOURINE: "....|7...|....|7.4."}),
            {_MARACAS:     "6353|6353|5566|6778",
             _TAMBOURINE:  "....|7...|....|7.78"}),
        "3/4": Groove(
            ({_MARACAS:    "6353|5353|5353",
              _TAMBOURINE: "....|....|6..."},),
            {_MARACAS:     "6353|5556|6778",
             _TAMBOURINE:  "....|....|6.78"}),
        "6/8": Groove(
            ({_MARACAS:    "6.4.4.|6.4.4.",
              _TAMBOURINE: "......|7....."},
             {_MARACAS:    "6.4.4.|6.4.44",
              _TAMBOURINE: "......|7....."}),
            {_MARACAS:     "6.4.4.|556678",
             _TAMBOURINE:  "......|7...78"}),
        "2/4": Groove(
            ({_MARACAS:    "6353|6353",
              _TAMBOURINE: "....|7..."},),
            {_MARACAS:     "6353|5678",
             _TAMBOURINE:  "....|7.78"}),
    },
})
"""Figure, then meter."""
# fmt: on


def groove_in(written: Mapping[str, Groove], meter: Meter) -> Groove:
    """Return how a figure goes in a meter: as written, or put together from the meters that are.

    5/4 is 3 + 2, 7/8 is 2 + 2 + 3, 9/8 three and 12/8 four threes.
    """
    name = str(meter)
    if name in written:
        return written[name]
    first, cut, second, start, end = _PIECES[name]
    one, other = written[first], written[second]
    count = max(len(one.bars), len(other.bars))
    bars = (
        _join(one.bars[index % len(one.bars)], cut, other.bars[index % len(other.bars)], start, end)
        for index in range(count)
    )
    # what leads on stands at the end of the bar, so that its first part goes on as ever
    return Groove(tuple(bars), _join(one.bars[0], cut, other.fill, start, end), other.crash)


_PIECES: Mapping[str, tuple[str, int, str, int, int]] = MappingProxyType(
    {
        "5/4": ("3/4", 12, "2/4", 0, 8),
        "7/8": ("2/4", 8, "6/8", 6, 12),
        "9/8": ("6/8", 12, "6/8", 6, 12),
        "12/8": ("6/8", 12, "6/8", 0, 12),
    }
)
"""Meter; the one that it begins with, and how many sixteenths of it; the one that goes on, from and to a sixteenth."""


def _join(one: Grid, cut: int, other: Grid, start: int, end: int) -> Grid:
    lines = {}
    for key in (*one, *(key for key in other if key not in one)):
        head = one[key].replace("|", "")[:cut] if key in one else "." * cut
        tail = other[key].replace("|", "")[start:end] if key in other else "." * (end - start)
        if (head + tail).strip("."):
            lines[key] = head + tail
    return lines


def final_tick(phrase: Phrase) -> int:
    """Return where figures stop and ring out: the last chord of a cadence's last bar; a loop's end."""
    if phrase.ending == "loop":
        return phrase.ticks
    return max(phrase.ticks - phrase.meter.bar_ticks, find_spans(phrase)[-1].start)


def _velocity(mark: str) -> int:
    return 10 + 12 * int(mark)


def _beat(name: str, phrase: Phrase, span: tuple[int, int]) -> tuple[Note, ...]:
    """Return the drum notes of a phrase; a phrase of one bar has no room for a fill."""
    groove = groove_in(GROOVES[name], phrase.meter)
    stop = final_tick(phrase)
    notes: dict[tuple[int, int], Note] = {}
    fills = fill_bars(phrase)
    filled = bool(fills) and phrase.ending == "loop"

    def strike(start: int, key: int, velocity: int) -> None:
        notes[start, key] = Note(start, key, min(DRUM_TICKS, phrase.ticks - start), velocity)

    for bar in range(phrase.bars):
        head = bar * phrase.meter.bar_ticks
        if filled and groove.crash and head < stop:
            strike(head, groove.crash, _velocity("7"))
        filled = bar in fills
        for key, line in (groove.fill if filled else groove.bars[bar % len(groove.bars)]).items():
            for index, mark in enumerate(line.replace("|", "")):
                start = head + index * DRUM_TICKS
                if mark != "." and start < stop:
                    strike(start, key, _velocity(mark))
    if stop < phrase.ticks:
        for key in [key for key, line in groove.bars[0].items() if line[0] != "."] + [groove.crash] * (
            groove.crash > 0
        ):
            strike(stop, key, _velocity("8"))
    return tuple(sorted(notes.values()))


DRUM_FIGURES = MappingProxyType({name: partial(_beat, name) for name in GROOVES})
"""Figures for drums, by name: a function of a phrase and of a range of pitches, which drums do not heed."""
