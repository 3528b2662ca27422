"""How much the distributions of composed music overlap with those of real music, and those of real music with itself.

The overlap of two distributions is the area that their histograms share (L.-C. Yang, A. Lerch, "On the evaluation of
generative models in music", Neural Computing and Applications 32, 2020, there of distances between samples, here of
the features themselves). It grows with the number of samples, and phrases of one piece are alike; so it is always
taken between equally many phrases, drawn evenly from the pieces, and held against the overlap of two halves of the
real pieces, which is what music that differs in nothing but its piece reaches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gamemusic.errors import InputError
from gamemusic_export.evaluation.distributions import CATEGORIES
from gamemusic_export.evaluation.features import RATES, FeatureSet
from gamemusic_export.evaluation.sets import draw_even, halve, make_generator
from gamemusic_export.evaluation.structure import SELF_SIMILARITY

__all__ = ["RATE_EDGES", "SHARE_EDGES", "Histograms", "Likeness", "count_histograms", "measure_likeness", "overlap"]

RATE_EDGES = (*np.arange(0.0, 8.0, 0.5), *np.arange(8.0, 17.0, 2.0), np.inf)
"""Borders of the bins of note rates, notes a quarter note."""
SHARE_EDGES = (*np.linspace(0.0, 1.0, 11)[:-1], np.inf)
"""Borders of the bins of self-similarity."""
_SCALARS = {"note rate": (RATES, RATE_EDGES), "self-similarity": (SELF_SIMILARITY, SHARE_EDGES)}

Histograms = dict[str, npt.NDArray[np.float64]]
"""By distribution or figure: how much falls into each bin, (bins,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How like real music a set is."""

    share: float
    """Overlap with real music as a share of what real music reaches with itself; about 1 when there is no
    difference."""
    share_range: tuple[float, float]
    """5th and 95th percentile of the share over the halvings."""
    overlap: float
    """Mean overlap with half of the real pieces, over categories, 0 to 1."""
    real_overlap: float
    """Mean overlap of the halves of the real pieces."""
    real_range: tuple[float, float]
    """5th and 95th percentile of the halves' overlap."""
    categories: Mapping[str, tuple[float, float]]
    """Category: overlap with real music, and overlap of the real halves."""
    phrases: int
    """Fewest phrases on each side of a comparison."""
    pieces: int
    """Real pieces."""


def overlap(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
    """Return the area that two histograms share, each scaled to an area of 1; 0 when one of them is empty."""
    total, other = first.sum(), second.sum()
    return float(np.minimum(first / total, second / other).sum()) if total and other else 0.0


def measure_likeness(composed: FeatureSet, real: FeatureSet, *, halvings: int = 100, seed: int = 0) -> Likeness:
    """Compare a set with real music.

    Each time the real pieces are split at random; one half is compared with the other, and with equally many phrases
    of ``composed``. Distributions of silent roles do not count where the real half is silent too. A category's overlap
    is the mean of its distributions', and the whole is the mean of the categories. Phrases of one real piece resemble
    each other, seeds do not: take few passages a piece, lest the share turns out too high.

    Args:
        composed: What is judged.
        real: Of the same length, meters and roles.
        halvings: How many random splits.
        seed: Decides them.

    Raises:
        InputError: When a set is empty or the real one has fewer than two pieces.
    """
    if not len(composed) or halvings < 1:
        raise InputError(f"likeness needs phrases and halvings (received {len(composed)} and {halvings})")
    generator = make_generator(seed)
    found: list[dict[str, float]] = []
    among: list[dict[str, float]] = []
    sizes = []
    for _ in range(halvings):
        one, other = halve(real.groups, generator)
        size = min(len(one), len(other), len(composed))
        sizes.append(size)
        half = count_histograms(_draw(real.select(one), size, generator))
        among.append(_compare(count_histograms(_draw(real.select(other), size, generator)), half))
        found.append(_compare(count_histograms(_draw(composed, size, generator)), half))
    names = sorted({name for scores in among for name in scores})
    means = np.array([np.mean(list(scores.values())) for scores in found])
    reals = np.array([np.mean(list(scores.values())) for scores in among])
    return Likeness(
        share=float(means.mean() / reals.mean()),
        share_range=_range(means / reals.mean()),
        overlap=float(means.mean()),
        real_overlap=float(reals.mean()),
        real_range=_range(reals),
        categories={name: (_mean(found, name), _mean(among, name)) for name in names},
        phrases=min(sizes),
        pieces=real.pieces,
    )


def _draw(features: FeatureSet, size: int, generator: np.random.Generator) -> FeatureSet:
    return features.select(draw_even(features.groups, size, generator))


def count_histograms(features: FeatureSet) -> Histograms:
    """Return the histogram of each distribution, in which all phrases that have one weigh the same, and figure."""
    found: Histograms = {}
    for names in CATEGORIES.values():
        for name in names:
            counts = features.distribution(name).astype(np.float64)
            totals = counts.sum(axis=1, keepdims=True)
            found[name] = (counts / np.maximum(1, totals)).sum(axis=0)
    for names, edges in _SCALARS.values():
        for name in names:
            values = features.figure(name)
            # without the phrases in which the role is silent: which roles play is asked for, not composed
            counts_in = values[~np.isnan(values) & ((values > 0) if name in RATES else True)]
            found[name] = np.histogram(counts_in, edges)[0].astype(np.float64)
    return found


def _compare(candidate: Histograms, reference: Histograms) -> dict[str, float]:
    """Return each category's overlap, of those in which the reference has anything."""
    scores = {}
    for category, names in (*CATEGORIES.items(), *((name, names) for name, (names, _) in _SCALARS.items())):
        found = [overlap(candidate[name], reference[name]) for name in names if reference[name].any()]
        if found:
            scores[category] = float(np.mean(found))
    return scores


def _mean(scores: list[dict[str, float]], name: str) -> float:
    return float(np.mean([one[name] for one in scores if name in one]))


def _range(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(values, (5, 95))
    return float(low), float(high)
