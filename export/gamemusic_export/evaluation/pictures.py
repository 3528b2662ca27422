"""From measured sets and figures to what the report's pictures show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gamemusic_export.evaluation.features import FeatureSet
from gamemusic_export.evaluation.figures import Figure
from gamemusic_export.evaluation.labels import name_bins, name_feature, name_unit
from gamemusic_export.evaluation.likeness import count_histograms
from gamemusic_export.evaluation.plots import Panel, ShareTable, draw_distributions, draw_tables

__all__ = ["draw_recognition", "draw_sets", "make_panels", "make_tables"]

_DRAWN = (
    *("pitch_class", "pitch_class_bass", "polyphony"),
    *("interval_lead", "interval_inner", "interval_bass"),
    *("duration_upper", "duration_inner", "duration_bass"),
    *("onset_upper", "onset_bass", "onset_drums"),
    *("rate", "similar_rhythm_1", "similar_pitch_1"),
)
"""Distributions and figures that are drawn, three in a row."""
_ASKED = (("mood recognised", "mood"), ("style recognised", "style"))
_TAKEN = (("composed phrases", "taken for"), ("real passages", "real taken for"))


def make_panels(sets: Mapping[str, FeatureSet]) -> list[Panel]:
    """Return a panel for each distribution that the real music has anything of.

    Args:
        sets: ``model``, ``5-gram``, ``random`` and ``real``; counted as `gamemusic_export.evaluation.likeness` does.
    """
    counts = {label: count_histograms(features) for label, features in sets.items()}
    return [
        Panel(
            title=name_feature(name),
            unit=name_unit(name),
            bins=name_bins(name),
            shares={label: found[name] / max(1e-9, found[name].sum()) for label, found in counts.items()},
        )
        for name in _DRAWN
        if counts["real"][name].any()
    ]


def draw_sets(sets: Mapping[str, FeatureSet], path: Path) -> None:
    """Write a picture of the distributions of some sets, see `make_panels`."""
    draw_distributions(make_panels(sets), path)


def draw_recognition(figures: Sequence[Figure], path: Path) -> bool:
    """Write a picture of `make_tables`, and return whether there is anything to draw."""
    grid = make_tables(figures)
    if grid:
        draw_tables(grid, path)
    return bool(grid)


def make_tables(figures: Sequence[Figure]) -> list[list[ShareTable]]:
    """Return what moods were taken for, composed and real, and below it the same of styles.

    Args:
        figures: Those of one mood or of several; phrases of the same style are added up.
    """
    grid = []
    for name, what in _ASKED:
        details = [figure.details for figure in figures if figure.name == name and "taken for" in figure.details]
        if details:
            grid.append(
                [
                    _make_table(f"{what} of {whose}", [one[key] for one in details], details[0]["labels"])
                    for whose, key in _TAKEN
                ]
            )
    return grid


def _make_table(title: str, tables: Sequence[Mapping[str, Mapping[str, int]]], labels: Sequence[str]) -> ShareTable:
    """Return counts by label asked for and label found, added up, as shares of each row."""
    counts: dict[str, Counter[str]] = {}
    for table in tables:
        for asked, taken in table.items():
            counts.setdefault(asked, Counter()).update(taken)
    rows = sorted(counts)
    shares = [[counts[asked][label] / max(1, counts[asked].total()) for label in labels] for asked in rows]
    return ShareTable(
        title=f"{title} (row), taken for (column), in %",
        rows=rows,
        columns=labels,
        shares=np.array(shares),
    )
