"""Pictures for the evaluation's report. The only matplotlib; it comes with the extra ``evaluate``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gamemusic.errors import MissingError
from gamemusic.score.phrase import Phrase, Role
from gamemusic.theory import chord_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_distributions", "draw_roll", "draw_rolls", "draw_table"]

COLOURS = {
    Role.LEAD: "#d62728",
    Role.COUNTER: "#ff7f0e",
    Role.TEXTURE: "#17a2b8",
    Role.HARMONY: "#2ca02c",
    Role.BASS: "#1f4fb4",
    Role.DRUMS: "#555555",
}
"""Colour of each role."""
_INCHES_A_BAR = 0.55
_DRUMS_AT = 22
"""Pitch at which the lowest drum line is drawn, below all other notes."""


def _new_figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, npt.NDArray[Any]]:
    """Return a figure that no window belongs to, and its axes (rows, columns).

    Raises:
        MissingError: When matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingError(f"pictures need matplotlib ({error}); run: pip install 'gamemusic[evaluate]'") from error
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False)


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
    top = max(pitched) + 3
    last = None
    for chord in phrase.chords:
        name = chord_name(chord.root, chord.quality)
        if name != last:
            axes.text(chord.start, top, name, fontsize=5, rotation=45)
        last = name
    for index, name in enumerate(phrase.form):
        axes.text(index * section * length + 4, top + 5, name, fontsize=8, fontweight="bold")
    axes.set_xlim(0, phrase.ticks)
    axes.set_ylim((_DRUMS_AT - 1) if keys else min(pitched) - 2, top + 9)
    axes.set_xticks(
        [bar * length for bar in range(0, phrase.bars, 4)], [str(bar + 1) for bar in range(0, phrase.bars, 4)]
    )
    axes.tick_params(labelsize=6)
    seam = "" if phrase.seam_bits is None else f", seam {phrase.seam_bits:+.2f}"
    axes.set_title(
        f"{phrase.mood} {phrase.style} {phrase.key} {phrase.meter} {phrase.tempo_bpm:g} bpm, "
        f"intensity {phrase.intensity:.2f}, seed {phrase.seed}{seam}",
        fontsize=7,
        loc="left",
    )


def draw_rolls(phrases: Sequence[Phrase], path: Path) -> None:
    """Write a picture (PNG or SVG by its suffix) of several phrases, one below the other."""
    width = max(6.0, _INCHES_A_BAR * max(phrase.bars for phrase in phrases))
    figure, axes = _new_figure(width, 2.4 * len(phrases), len(phrases))
    for place, phrase in zip(axes[:, 0], phrases, strict=True):
        draw_roll(place, phrase)
    figure.savefig(path, dpi=80)


def draw_distributions(sets: Mapping[str, Mapping[str, npt.NDArray[np.float64]]], path: Path) -> None:
    """Write a picture of distributions, one panel each, one line a set.

    Args:
        sets: By name of the set, then of the distribution: shares that add up to 1.
        path: PNG or SVG.
    """
    names = list(next(iter(sets.values())))
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    figure, axes = _new_figure(4.2 * columns, 2.4 * rows, rows, columns)
    for place, name in zip(axes.ravel(), names, strict=False):
        for label, distributions in sets.items():
            place.plot(distributions[name], label=label, drawstyle="steps-mid", linewidth=1)
        place.set_title(name, fontsize=8)
        place.tick_params(labelsize=6)
    for place in axes.ravel()[len(names) :]:
        place.set_visible(False)
    axes[0, 0].legend(fontsize=6)
    figure.savefig(path, dpi=80)


def draw_table(matrix: npt.NDArray[np.float64], rows: Sequence[str], columns: Sequence[str], path: Path) -> None:
    """Write a picture of a confusion matrix of shares."""
    figure, axes = _new_figure(1.5 + 0.55 * len(columns), 1.2 + 0.4 * len(rows))
    place = axes[0, 0]
    place.imshow(matrix, vmin=0, vmax=1, cmap="Blues")
    place.set_xticks(range(len(columns)), columns, rotation=60, fontsize=7)
    place.set_yticks(range(len(rows)), rows, fontsize=7)
    for row in range(len(rows)):
        for column in range(len(columns)):
            share = matrix[row, column]
            place.text(
                column, row, f"{share:.2f}", ha="center", va="center", fontsize=6, color="w" if share > 0.6 else "k"
            )
    figure.savefig(path, dpi=80)
