"""Can a machine tell composed phrases from real ones?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gamemusic_export.evaluation.distributions import DISTRIBUTIONS
from gamemusic_export.evaluation.features import LIKENESS_FIGURES, FeatureSet
from gamemusic_export.evaluation.learners import area_under_curve, fold_groups, resample_areas, score_by_trees
from gamemusic_export.evaluation.sets import draw_even, make_generator

__all__ = ["CONTROL_AREA", "LEAST_PIECES", "Clue", "Tell", "find_clues", "find_void", "tell_apart"]

LEAST_PIECES = 50
"""Real pieces without which the test says nothing."""
CONTROL_AREA = 0.9
"""A classifier that catches the 5-gram less often than this is too weak to clear anyone."""
_UPPER = 95


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """How well boosted trees told a set from real music."""

    area: float
    """Area under the receiver operating characteristic, 0.5 when they guess, 1 when they are always right."""
    upper: float
    """One-sided 95 % upper bound of it, by bootstrap over pieces and seeds."""
    pieces: int
    """Real pieces."""
    phrases: int
    """Phrases of each kind."""


def tell_apart(
    composed: FeatureSet,
    real: FeatureSet,
    *,
    figures: Sequence[str] = LIKENESS_FIGURES,
    distributions: Sequence[str] = tuple(DISTRIBUTIONS),
    folds: int = 5,
    repeats: int = 3,
    draws: int = 1000,
    seed: int = 0,
) -> Tell:
    """Let boosted trees tell composed phrases from real ones they have not seen, nor others of the same piece.

    Equally many of both are drawn, evenly from the pieces. Scores are those of the fold in which a phrase's piece was
    left out, averaged over the repeats, each with other folds, and pooled.

    Args:
        composed: What is to be told.
        real: Of the same length, meters and roles.
        figures: Seen beside the distributions.
        distributions: Names of `gamemusic_export.evaluation.distributions.DISTRIBUTIONS`.
        folds: At most the pieces of either kind.
        repeats: How often the folds are drawn.
        draws: Of the bootstrap.
        seed: Decides phrases, folds and trees.

    Raises:
        InputError: When a set has fewer pieces than there are folds.
        MissingError: When scikit-learn is not installed.
    """
    generator = make_generator(seed)
    size = min(len(composed), len(real))
    chosen, others = (part.select(draw_even(part.groups, size, generator)) for part in (composed, real))
    groups = [f"composed {name}" for name in chosen.groups] + [f"real {name}" for name in others.groups]
    table = np.concatenate([part.matrix(figures, distributions) for part in (chosen, others)])
    wanted = np.arange(2 * size) < size
    scores = np.zeros(2 * size)
    for repeat in range(repeats):
        fold = np.concatenate(
            [fold_groups(part, folds, generator) for part in (groups[:size], groups[size:])],
        )
        for number in range(folds):
            test = fold == number
            weights = np.where(wanted, 1 / wanted[~test].sum(), 1 / (~wanted)[~test].sum())[~test]
            found = score_by_trees(table[~test], wanted[~test], weights, table[test], seed=seed + repeat)
            scores[test] += found / repeats
    areas = resample_areas(scores, wanted, groups, draws=draws, seed=seed)
    return Tell(
        area=area_under_curve(scores, wanted),
        upper=float(np.percentile(areas, _UPPER)),
        pieces=others.pieces,
        phrases=size,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """A single feature that gives composed phrases away."""

    column: str
    """See `gamemusic_export.evaluation.features.FeatureSet.columns`."""
    area: float
    """Area under the curve of this feature alone, the larger side: 0.5 to 1."""
    more: bool
    """Whether composed phrases mostly have more of it than real ones."""
    composed: float
    """Its mean."""
    real: float


def find_clues(
    composed: FeatureSet, real: FeatureSet, *, figures: Sequence[str] = LIKENESS_FIGURES, most: int = 10
) -> list[Clue]:
    """Return the features that tell the sets apart best, each by itself: what to mend first.

    Phrases without the feature do not count for it.
    """
    ours, theirs = composed.matrix(figures), real.matrix(figures)
    clues = []
    for column, name in enumerate(FeatureSet.columns(figures)):
        one, other = (table[~np.isnan(table[:, column]), column].astype(np.float64) for table in (ours, theirs))
        if not len(one) or not len(other):
            continue
        wanted = np.arange(len(one) + len(other)) < len(one)
        area = area_under_curve(np.concatenate([one, other]), wanted)
        means = {"composed": float(one.mean()), "real": float(other.mean())}
        clues.append(Clue(column=name, area=max(area, 1 - area), more=area >= 0.5, **means))
    return sorted(clues, key=lambda clue: (-clue.area, clue.column))[:most]


def find_void(control: Tell) -> str:
    """Return why the test says nothing, given what it found of the 5-gram; empty when it stands."""
    if control.pieces < LEAST_PIECES:
        return f"void: {control.pieces} real pieces, at least {LEAST_PIECES} are needed"
    if control.area < CONTROL_AREA:
        return f"void: the 5-gram is caught with {control.area:.2f} only, at least {CONTROL_AREA} is needed"
    return ""
