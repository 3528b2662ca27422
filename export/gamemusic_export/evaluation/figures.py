"""One measured figure beside its goal and what the baselines reach: for tables, JSON and cards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gamemusic_export.evaluation.goals import GOALS

__all__ = ["Figure", "figure_rows", "figures_to_dict", "hold_to_goal", "print_table"]

_BASELINES = ("5-gram", "random", "real")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measured figure."""

    name: str
    """What was measured, such as ``likeness``."""
    value: float | None
    """Of the trained model; None when it could not be measured, and `note` says why."""
    goal: str = ""
    """What was asked for, in words."""
    reached: bool | None = None
    """Whether the goal is met; None where there is none, or where the measurement is void."""
    baselines: Mapping[str, float] = field(default_factory=dict)
    """The same figure of the 5-gram, of random weights, of real music and of the base model, where it makes sense."""
    note: str = ""
    """How many pieces or phrases, and what limits the figure."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Anything finer, for the JSON."""

    def to_dict(self) -> dict[str, Any]:
        """Return the figure as JSON takes it, numbers rounded to four digits behind the point."""
        found: dict[str, Any] = {"value": _round(self.value)}
        if self.goal:
            found |= {"goal": self.goal, "reached": self.reached}
        found |= {name: _round(value) for name, value in self.baselines.items()}
        if self.note:
            found["note"] = self.note
        if self.details:
            found["details"] = _plain(self.details)
        return found


def _round(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    return _round(value)


def hold_to_goal(figure: Figure, *, value: float | None = None, void: bool = False) -> Figure:
    """Return the figure with the goal that `GOALS` has for it, and whether it is met.

    Args:
        figure: Its value and baselines decide.
        value: What decides in its value's place, such as the upper end of where it may be.
        void: Nothing can be said.
    """
    goal, decides = GOALS[figure.name], figure.value if value is None else value
    reached = None if void or decides is None else goal.is_met(decides, figure.baselines)
    return replace(figure, goal=goal.words, reached=reached)


def figures_to_dict(figures: Iterable[Figure]) -> dict[str, Any]:
    """Return figures by name, as JSON takes them."""
    return {figure.name: figure.to_dict() for figure in figures}


def figure_rows(figures: Iterable[Figure]) -> list[tuple[str, ...]]:
    """Return the table's rows: name, value, 5-gram, random, real, goal, whether it is reached, note."""
    return [
        (
            figure.name,
            _show(figure.value),
            *(_show(figure.baselines.get(name)) for name in _BASELINES),
            figure.goal,
            {True: "yes", False: "no", None: "-"}[figure.reached],
            figure.note,
        )
        for figure in figures
    ]


def _show(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def print_table(figures: Iterable[Figure]) -> str:
    """Return the figures as a table of plain text."""
    rows = [("measure", "model", *_BASELINES, "goal", "met", "note"), *figure_rows(figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
