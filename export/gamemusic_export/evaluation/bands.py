"""Do composed phrases keep within what is usual in real pieces?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gamemusic.errors import InputError
from gamemusic_export.evaluation.features import FeatureSet
from gamemusic_export.evaluation.likeness import overlap
from gamemusic_export.evaluation.sets import draw_even, group_weights, halve, make_generator, weighted_quantile

__all__ = ["LEAST_PIECES", "Inside", "find_bands", "measure_inside"]

LEAST_PIECES = 10
"""Real pieces of a style below which its phrases are held against those of all styles."""
_SHARES = (0.1, 0.9)
_FIFTHS = (0.2, 0.4, 0.6, 0.8)

Bands = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """How many phrases lie inside the band of real pieces."""

    share: float
    """Mean over figures of the share of phrases inside, 0 to 1."""
    figures: Mapping[str, float]
    """The share by figure, of those that apply to anything."""
    real: float
    """The same of real pieces against the band of others: what can be reached, about 0.8."""
    real_figures: Mapping[str, float]
    spread: float
    """Mean over figures of the share of phrases that lie where real ones do, fifth by fifth of the real pieces' range,
    0 to 1. Music without any motif is inside a band that begins at 0, and so is music that is always in its middle; in
    the fifths both are seen."""
    spread_figures: Mapping[str, float]
    real_spread: float
    """The same of one half of the real pieces against the other."""
    medians: Mapping[str, tuple[float, float]]
    """Median of each figure over the judged pieces and over the real ones."""
    pieces: int
    """Real pieces."""


def find_bands(real: FeatureSet, figures: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Return the 10th and 90th percentile of each figure over real pieces, NaN where it never applies.

    Every piece weighs the same, and its phrases share its weight. Piece means would lie closer together than any
    phrases do, those of real pieces included.
    """
    weights = group_weights(real.groups)
    found = {}
    for name in figures:
        low, high = weighted_quantile(real.figure(name).astype(np.float64), weights, _SHARES)
        found[name] = (float(low), float(high))
    return found


def measure_inside(
    composed: FeatureSet, real: FeatureSet, figures: Sequence[str], *, halvings: int = 50, seed: int = 0
) -> Inside:
    """Return how many phrases lie inside the 10th to 90th percentile of real pieces of their style.

    A figure that applies to a composed phrase and to no real one is outside. Real music itself is held against the
    band of a random half of its pieces, which does not hold the phrase. For `Inside.spread` equally many phrases of
    both are compared with a half of the real pieces, all styles together.

    Args:
        composed: What is judged.
        real: Of the same length and meters.
        figures: Names, such as `gamemusic_export.evaluation.structure.STRUCTURE`.
        halvings: How many random splits.
        seed: Decides them.

    Raises:
        InputError: When the set is empty or the real one has fewer than two pieces.
    """
    if not len(composed):
        raise InputError("the set to be judged has no phrases")
    generator = make_generator(seed)
    shares = _share_inside(composed, real, figures)
    among, spread, real_spread = [], [], []
    for _ in range(halvings):
        one, other = (real.select(rows) for rows in halve(real.groups, generator))
        among.append(_share_inside(one, other, figures))
        size = min(len(one), len(other), len(composed))
        drawn = [part.select(draw_even(part.groups, size, generator)) for part in (composed, one, other)]
        spread.append(_share_fifths(drawn[0], drawn[2], figures))
        real_spread.append(_share_fifths(drawn[1], drawn[2], figures))
    reals, spreads, real_spreads = (_average(found) for found in (among, spread, real_spread))
    return Inside(
        share=_mean(shares.values()),
        figures=shares,
        real=_mean(value for name, value in reals.items() if name in shares),
        real_figures=reals,
        spread=_mean(spreads.values()),
        spread_figures=spreads,
        real_spread=_mean(real_spreads.values()),
        medians={name: (_median(composed, name), _median(real, name)) for name in shares},
        pieces=real.pieces,
    )


def _share_inside(phrases: FeatureSet, real: FeatureSet, figures: Sequence[str]) -> dict[str, float]:
    """Return the share of phrases inside by figure; all groups weigh the same."""
    inside = np.full((len(phrases), len(figures)), np.nan)
    every = find_bands(real, figures)
    for style in sorted(set(phrases.styles)):
        of_style = real.select([name == style for name in real.styles])
        bands = find_bands(of_style, figures) if of_style.pieces >= LEAST_PIECES else every
        rows = np.flatnonzero([name == style for name in phrases.styles])
        for column, name in enumerate(figures):
            low, high = bands[name]
            values = phrases.figure(name)[rows]
            inside[rows, column] = np.where(np.isnan(values), np.nan, (values >= low) & (values <= high))
    weights = group_weights(phrases.groups)
    found = {}
    for column, name in enumerate(figures):
        known = ~np.isnan(inside[:, column])
        if known.any():
            found[name] = float(np.average(inside[known, column], weights=weights[known]))
    return found


def _share_fifths(phrases: FeatureSet, real: FeatureSet, figures: Sequence[str]) -> dict[str, float]:
    """Return the overlap of each figure's histogram with that of real phrases, in fifths of the latter."""
    found = {}
    for name in figures:
        ours, theirs = (part.figure(name).astype(np.float64) for part in (phrases, real))
        ours, theirs = ours[~np.isnan(ours)], theirs[~np.isnan(theirs)]
        if len(theirs):
            # a value that many real phrases have, such as 0, closes its fifth
            edges = np.unique(weighted_quantile(theirs, np.ones(len(theirs)), _FIFTHS))
            counts = [
                np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1).astype(np.float64)
                for values in (ours, theirs)
            ]
            found[name] = overlap(*counts)
    return found


def _average(tables: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each figure over the tables that have it."""
    names = dict.fromkeys(name for table in tables for name in table)
    return {name: float(np.mean([table[name] for table in tables if name in table])) for name in names}


def _median(features: FeatureSet, name: str) -> float:
    values = features.figure(name).astype(np.float64)
    return float(weighted_quantile(values, group_weights(features.groups), (0.5,))[0])


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return float(np.mean(found)) if found else float("nan")
