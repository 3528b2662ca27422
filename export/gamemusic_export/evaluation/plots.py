"""Pictures for the evaluation's report. The only matplotlib; it comes with the extra ``evaluate``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gamemusic.errors import MissingError
from gamemusic.score.phrase import Phrase, Role
from gamemusic.theory import chord_name
from gamemusic_export.evaluation.figures import Figure
from gamemusic_export.evaluation.goals import GOALS

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

__all__ = ["Panel", "ShareTable", "draw_distributions", "draw_goals", "draw_roll", "draw_rolls", "draw_tables"]

COLOURS = {
    Role.LEAD: "#d62728",
    Role.COUNTER: "#ff7f0e",
    Role.TEXTURE: "#17a2b8",
    Role.HARMONY: "#2ca02c",
    Role.BASS: "#1f4fb4",
    Role.DRUMS: "#555555",
}
"""Colour of each role."""
_INCHES_A_BAR = 1.1
_CHORD_TICKS = 6
"""Distance below which the names of two chords would lie over each other, with a bar of `_INCHES_A_BAR`."""
_DRUMS_AT = 22
"""Pitch at which the lowest drum line is drawn, below all other notes."""
_DPI = 80
_REAL, _MODEL, _NGRAM, _RANDOM = "#c3c7ce", "#c1121f", "#1f4fb4", "#333333"
_LOOKS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "real": {"color": _REAL, "fill": True},
        "random": {"color": _RANDOM, "linewidth": 1.1, "linestyle": (0, (1, 1.5))},
        "5-gram": {"color": _NGRAM, "linewidth": 1.3, "linestyle": (0, (4, 1.5))},
        "model": {"color": _MODEL, "linewidth": 1.7},
    }
)
"""How the line of each set is drawn; told apart by dashes, too, for those who see no colours."""
_MARKS = (("5-gram", "^", _NGRAM), ("random", "x", _RANDOM), ("real", "o", "#000000"))
_VERDICTS = {
    True: ("reached", "#7fd18b"),
    False: ("missed", "#ffa857"),
    None: ("void or unknown", "#ced4da"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One distribution of several sets."""

    title: str
    unit: str
    """What the bins count."""
    bins: Sequence[str]
    shares: Mapping[str, npt.NDArray[np.float64]]
    """By set (``model``, ``5-gram``, ``random``, ``real``): shares that add up to 1, (bins,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareTable:
    """What was asked for and what it was taken for."""

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    shares: npt.NDArray[np.float64]
    """(rows, columns), 0 to 1."""


def _new_picture(
    width: float, height: float, rows: int = 1, columns: int = 1, **ratios: Sequence[float]
) -> tuple[Picture, npt.NDArray[Any]]:
    """Return a picture of some inches that no window belongs to, and its axes (rows, columns).

    Raises:
        MissingError: When matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingError(f"pictures need matplotlib ({error}); run: pip install 'gamemusic[evaluate]'") from error
    picture = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(picture)
    return picture, picture.subplots(rows, columns, squeeze=False, gridspec_kw=dict(ratios))


def draw_roll(axes: Axes, phrase: Phrase) -> None:
    """Draw a phrase as a piano roll: a colour a role, bar lines, sections, chords above, drums below."""
    length = phrase.meter.bar_ticks
    section = phrase.bars // len(phrase.form) if phrase.form else 0
    for bar in range(phrase.bars + 1):
        heavy = section and bar % section == 0
        axes.axvline(bar * length, color="#000000" if heavy else "#cccccc", linewidth=0.9 if heavy else 0.5, zorder=0)
    keys = sorted({note.pitch for note in phrase.track(Role.DRUMS).notes})
    for role, note in phrase.notes():
        height = _DRUMS_AT + keys.index(note.pitch) if role is Role.DRUMS else note.pitch
        axes.barh(
            height,
            note.duration,
            left=note.start,
            height=0.85,
            color=COLOURS[role],
            alpha=0.35 + 0.65 * note.velocity / 127,
            linewidth=0,
        )
    pitched = [note.pitch for role, note in phrase.notes() if role is not Role.DRUMS] or [60]
    low, top = (_DRUMS_AT if keys else min(pitched)) - 2, max(pitched) + 3
    ceiling = top + (0.36 if phrase.form else 0.24) * (top - low)  # room for the names
    last, free = None, 0
    for chord in phrase.chords:
        name = chord_name(chord.root, chord.quality)
        if name != last and chord.start >= free:
            axes.text(chord.start, top, name, fontsize=7, rotation=45)
            free = chord.start + _CHORD_TICKS
        last = name
    for index, name in enumerate(phrase.form):
        axes.text(index * section * length + 4, ceiling, name, fontsize=8, fontweight="bold", va="top")
    axes.set_xlim(0, phrase.ticks)
    axes.set_ylim(low, ceiling)
    axes.set_xticks([bar * length for bar in range(phrase.bars)], [str(bar + 1) for bar in range(phrase.bars)])
    axes.tick_params(labelsize=7)
    axes.set_ylabel("MIDI note", fontsize=7)
    seam = "" if phrase.seam_bits is None else f", seam {phrase.seam_bits:+.2f}"
    axes.set_title(
        f"{phrase.mood} {phrase.style} {phrase.key} {phrase.meter} {phrase.tempo_bpm:g} bpm, "
        f"intensity {phrase.intensity:.2f}, seed {phrase.seed}{seam}",
        fontsize=9,
        loc="left",
    )


def draw_rolls(phrases: Sequence[Phrase], path: Path) -> None:
    """Write a picture (PNG or SVG by its suffix) of several phrases, one below the other."""
    width = max(6.0, _INCHES_A_BAR * max(phrase.bars for phrase in phrases))
    picture, axes = _new_picture(width, 0.3 + 2.5 * len(phrases), len(phrases))
    for place, phrase in zip(axes[:, 0], phrases, strict=True):
        draw_roll(place, phrase)
    playing = {role for phrase in phrases for role in phrase.roles}
    for role, colour in COLOURS.items():
        if role in playing:
            axes[0, 0].plot([], [], color=colour, linewidth=5, label=role.value)
    _add_legend(picture, axes)
    picture.savefig(path, dpi=_DPI)


def draw_distributions(panels: Sequence[Panel], path: Path) -> None:
    """Write a picture of distributions, one panel each, one line a set, real music as an area behind them."""
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    picture, axes = _new_picture(4.4 * columns, 0.4 + 2.3 * rows, rows, columns)
    for place, panel in zip(axes.ravel(), panels, strict=False):
        for name in sorted(panel.shares, key=list(_LOOKS).index):  # what matters most lies in front
            place.stairs(panel.shares[name], np.arange(len(panel.bins) + 1) - 0.5, label=name, **_LOOKS[name])
        every = -(-len(panel.bins) // 14)
        shown = panel.bins[::every]
        long = sum(len(name) + 2 for name in shown) > 60
        place.set_xticks(range(0, len(panel.bins), every), shown, rotation=90 if long else 0)
        place.set_title(panel.title, fontsize=9, loc="left")
        place.set_xlabel(panel.unit, fontsize=7)
        place.yaxis.set_major_formatter("{x:.0%}")
        place.tick_params(labelsize=7)
        place.margins(x=0.01)
    for place in axes.ravel()[len(panels) :]:
        place.set_visible(False)
    _add_legend(picture, axes)
    picture.savefig(path, dpi=_DPI)


def _add_legend(picture: Picture, axes: npt.NDArray[Any]) -> None:
    """Tell above all panels what their lines and marks are."""
    found: dict[str, Artist] = {}
    for place in axes.ravel():
        drawn, labels = place.get_legend_handles_labels()
        found |= dict(zip(labels, drawn, strict=True))
    names = sorted(found, key=lambda name: not name.startswith("model"))
    handles = [found[name] for name in names]
    picture.legend(handles, names, loc="outside upper left", ncols=len(names), fontsize=9, frameon=False)


def draw_tables(grid: Sequence[Sequence[ShareTable]], path: Path) -> None:
    """Write a picture of tables of shares in rows and columns; the cell of the right answer is framed."""
    heights = [max(len(table.rows) for table in tables) for tables in grid]
    widths = [max(len(table.columns) for table in tables) for tables in zip(*grid, strict=True)]
    picture, axes = _new_picture(
        sum(1.3 + 0.45 * count for count in widths),
        sum(1.1 + 0.33 * count for count in heights),
        len(heights),
        len(widths),
        width_ratios=widths,
        height_ratios=heights,
    )
    for places, tables in zip(axes, grid, strict=True):
        for place, table in zip(places, tables, strict=True):
            _draw_table(place, table)
    picture.savefig(path, dpi=_DPI)


def _draw_table(place: Axes, table: ShareTable) -> None:
    place.imshow(table.shares, vmin=0, vmax=1, cmap="Blues", aspect="auto")
    place.set_xticks(range(len(table.columns)), table.columns, rotation=45, ha="right", rotation_mode="anchor")
    place.set_yticks(range(len(table.rows)), table.rows)
    place.tick_params(labelsize=8, length=0)
    place.set_title(table.title, fontsize=9, loc="left")
    across, down = np.array((-1, 1, 1, -1, -1)) * 0.47, np.array((-1, -1, 1, 1, -1)) * 0.46
    for row, name in enumerate(table.rows):
        for column, label in enumerate(table.columns):
            share = float(table.shares[row, column])
            if label == name:
                place.plot(column + across, row + down, color=_MODEL, linewidth=1.3)
            if round(100 * share):
                colour = "w" if share > 0.6 else "k"
                place.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=8, color=colour)


def draw_goals(figures: Sequence[Figure], path: Path) -> bool:
    """Write a picture of figures: a bar each, on a scale of its own, its goal, and what the baselines reach.

    Figures without a value, or without a goal that is a number, are left out; returns whether any was left.
    """
    rows = []
    for figure in figures:
        limit = GOALS[figure.name].find_limit(figure.baselines) if figure.name in GOALS else None
        if figure.value is not None and limit is not None:
            rows.append((figure, figure.value, limit))
    if not rows:
        return False
    picture, axes = _new_picture(10.5, 0.6 + 0.45 * len(rows), len(rows))
    for place, (figure, value, limit) in zip(axes[:, 0], rows, strict=True):
        _draw_goal(place, figure, value, limit)
    _add_legend(picture, axes)
    picture.savefig(path, dpi=_DPI)
    return True


def _draw_goal(place: Axes, figure: Figure, value: float, limit: float) -> None:
    verdict, colour = _VERDICTS[figure.reached]
    place.barh(0, value, height=0.6, color=colour, label=f"model, goal {verdict}")
    marks = [(name, figure.baselines[name], mark, hue) for name, mark, hue in _MARKS if name in figure.baselines]
    for name, reached, mark, hue in marks:
        place.plot(reached, 0, mark, color=hue, markersize=6, fillstyle="none", label=name, clip_on=False)
    place.axvline(limit, color="#000000", linewidth=2, label="goal")
    every = (0.0, value, limit, *(reached for _, reached, _, _ in marks))
    low, high = min(every), max(every)
    if low == 0 and high <= 1:
        high = 1.0  # shares have the scale of shares, so that their bars can be compared
    edge = 0.02 * (high - low)
    place.set_xlim(low - edge, high + edge)
    place.set_ylim(-0.5, 0.5)
    place.set_yticks([0], [figure.name])
    place.tick_params(axis="y", length=0, labelsize=9)
    place.tick_params(axis="x", labelsize=6, length=2, pad=1)
    place.locator_params(axis="x", nbins=5)
    for side in ("top", "right", "left"):
        place.spines[side].set_visible(False)
    least = "at most" if GOALS[figure.name].at_most else "at least"
    words = f"{value:.2f}, {least} {limit:.2f}: {verdict}"
    place.text(1.02, 0.5, words, transform=place.transAxes, va="center", fontsize=8)
