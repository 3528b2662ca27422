"""What a preset may bring of its own to play: figures and drum patterns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from gamemusic.errors import InputError
from gamemusic.packs.fields import Choice, Text, Truth
from gamemusic.packs.records import FieldError, ListOf, MapOf
from gamemusic.programs import DRUM_NAMES
from gamemusic.score.figure import Cell, Figure, read_cell
from gamemusic.score.groove import Grid, Groove, read_line
from gamemusic.units import METERS, Meter

__all__ = ["OwnFigure", "OwnGroove"]

_BAR = Text(100)
_MIDI = Text(64, r"([A-Za-z0-9_][A-Za-z0-9_.-]*\.mid)?", "a file name that ends in .mid, without folders", least=0)
_LINES = MapOf(Choice({name: key for key, name in DRUM_NAMES.items()}), _BAR, high=len(DRUM_NAMES))
_CRASH = 49


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFigure:
    """A figure of the mood's own: bars of marks as in docs/figures.md, or a bar of MIDI."""

    name: str
    """The key it stands behind, by which styles name it."""
    meter: Annotated[Meter, Choice(METERS)] = METERS["4/4"]
    """Meter that its bars are written in; others are derived."""
    bars: Annotated[tuple[str, ...], ListOf(_BAR, 0, 8)] = ()
    """Bars that follow each other, such as "L.U. F.U." in quotes."""
    turn: Annotated[str, Text(100, least=0)] = ""
    """What takes the place of a section's fourth and eighth bar."""
    midi: Annotated[str, _MIDI] = ""
    """File of the pack with one bar, written over a chord of C: C is the root, E or Eb the third, G the fifth."""
    rings: Annotated[bool, Truth()] = False
    """Whether notes sound on to the end of the bar or of their harmony."""
    played: tuple[Cell, ...] = ()
    """What the MIDI file holds, once the pack was opened."""

    def __post_init__(self) -> None:
        _check_source(bool(self.bars), self.midi)
        for index, bar in enumerate(self.bars):
            _read(bar, self.meter, "bars", index)
        if self.turn:
            _read(self.turn, self.meter, "turn")

    def figure(self) -> Figure:
        """Return the figure as a phrase carries it."""
        bars = self.played or tuple(read_cell(bar, self.meter) for bar in self.bars)
        turns = {str(self.meter): (read_cell(self.turn, self.meter),)} if self.turn else {}
        return Figure(name=self.name, bars={str(self.meter): bars}, turns=turns, rings=self.rings)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnGroove:
    """A drum pattern of the mood's own: a line of sixteenths for each drum, or a bar of MIDI."""

    name: str
    """The key it stands behind, by which styles name it."""
    meter: Annotated[Meter, Choice(METERS)] = METERS["4/4"]
    """Meter that its bars are written in; in others they are cut, or begin again."""
    bars: Annotated[tuple[Mapping[int, str], ...], ListOf(_LINES, 0, 8)] = ()
    """Bars that follow each other, each with lines such as kick: "9...|....|8...|....": 1 is soft, 9 is loud."""
    fill: Annotated[Mapping[int, str], _LINES] = field(default_factory=dict)
    """What takes the place of a section's last bar; empty: nothing does."""
    crash: Annotated[bool, Truth()] = False
    """Whether a crash is struck where a section ended."""
    midi: Annotated[str, _MIDI] = ""
    """File of the pack with one bar of drums."""
    played: Grid = field(default_factory=dict)
    """What the MIDI file holds, once the pack was opened."""

    def __post_init__(self) -> None:
        _check_source(bool(self.bars), self.midi)
        for index, bar in enumerate(self.bars):
            if not bar:
                raise FieldError("found a bar without drums, expected a line for one at least", "bars", index)
            for key, line in bar.items():
                self._check(line, "bars", index, DRUM_NAMES[key])
        for key, line in self.fill.items():
            self._check(line, "fill", DRUM_NAMES[key])

    def _check(self, line: str, *place: str | int) -> None:
        try:
            read_line(line, self.meter)
        except InputError as error:
            raise FieldError(f"found {line!r}: {error}", *place) from None

    def groove(self) -> Mapping[str, Groove]:
        """Return the pattern as a phrase carries it: by meter."""
        bars = (self.played,) if self.played else tuple(self._grid(bar) for bar in self.bars)
        fills = (self._grid(self.fill),) if self.fill else ()
        return {str(self.meter): Groove((bars,), fills, _CRASH * self.crash)}

    def _grid(self, lines: Mapping[int, str]) -> Grid:
        return {key: read_line(line, self.meter) for key, line in lines.items()}


def _check_source(written: bool, midi: str) -> None:
    if written == bool(midi):
        what = "both 'bars' and 'midi'" if written else "neither 'bars' nor 'midi'"
        raise FieldError(f"found {what}, expected one of them", *(("midi",) if written else ()))


def _read(bar: str, meter: Meter, *place: str | int) -> None:
    try:
        cell = read_cell(bar, meter)
    except InputError as error:
        raise FieldError(f"found {bar!r}: {error}", *place) from None
    if not cell.strokes:
        raise FieldError(f"found {bar!r}, in which nothing is struck", *place)
