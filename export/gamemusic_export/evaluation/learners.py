"""Classifiers, and how well their scores separate. The only scikit-learn; it comes with the extra ``evaluate``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gamemusic.errors import InputError, MissingError
from gamemusic_export.evaluation.sets import group_weights, make_generator

__all__ = [
    "area_under_curve",
    "balanced_weights",
    "fold_groups",
    "resample_areas",
    "score_by_regression",
    "score_by_trees",
]

Table = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

_MISSING = "scikit-learn is not installed; install it with: pip install 'gamemusic[evaluate]'"


def fold_groups(groups: Sequence[str], folds: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return a fold for each row, (rows,), the same for all rows of a group; folds have nearly equally many groups.

    Raises:
        InputError: When there are fewer groups than folds.
    """
    names, index = np.unique(np.array(groups), return_inverse=True)
    if len(names) < folds or folds < 2:
        raise InputError(f"{folds} folds need at least as many pieces, and two folds (received {len(names)} pieces)")
    return np.asarray((generator.permutation(len(names)) % folds)[index], dtype=np.int64)


def score_by_trees(train: Table, wanted: npt.NDArray[np.bool_], weights: Floats, test: Table, *, seed: int) -> Floats:
    """Return the chance that each row of ``test`` is wanted, (rows,), by gradient-boosted trees fitted to ``train``.

    Args:
        train: (rows, columns), NaN where a figure is missing.
        wanted: (rows,), the class of each row of ``train``.
        weights: (rows,), of the rows of ``train``.
        test: (rows, columns).
        seed: Of the trees.

    Raises:
        MissingError: When scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits  # comes with scikit-learn
    except ImportError as error:
        raise MissingError(_MISSING) from error
    trees = HistGradientBoostingClassifier(
        max_iter=120,
        learning_rate=0.08,
        max_leaf_nodes=8,
        min_samples_leaf=8,
        l2_regularization=1.0,
        max_features=0.3,
        early_stopping=False,
        random_state=seed,
    )
    with threadpool_limits(
        1
    ):  # tables are small: threads that wait for each other take longer, much so on a busy machine
        trees.fit(train, wanted, sample_weight=weights * len(weights) / weights.sum())
        return np.asarray(trees.predict_proba(test)[:, 1], dtype=np.float64)


def score_by_regression(train: Table, labels: Sequence[str], weights: Floats, test: Table) -> tuple[list[str], Floats]:
    """Return the labels in order, and the chance of each for each row of ``test``, (rows, labels).

    A multinomial logistic regression of standardised columns, with a missing value at its column's mean; shares enter
    as their square roots, which brings rare bins forward (Hellinger).

    Args:
        train: (rows, columns), NaN where a figure is missing.
        labels: (rows,), at least two different ones.
        weights: (rows,), of the rows of ``train``.
        test: (rows, columns).

    Raises:
        MissingError: When scikit-learn is not installed.
    """
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise MissingError(_MISSING) from error
    known, asked = (np.sign(table) * np.sqrt(np.abs(table.astype(np.float64))) for table in (train, test))
    present = ~np.isnan(known)
    mass = (present * weights[:, None]).sum(axis=0)
    mean = np.where(present, known, 0).T @ weights / np.maximum(mass, 1e-12)
    spread = np.sqrt((np.where(present, known - mean, 0) ** 2).T @ weights / np.maximum(mass, 1e-12))
    spread = np.where(spread > 1e-6, spread, np.inf)  # a column that never changes says nothing
    ready, asked_ready = (np.nan_to_num((table - mean) / spread) for table in (known, asked))
    model = LogisticRegression(C=0.01, max_iter=2000)
    model.fit(ready, np.array(labels), sample_weight=weights * len(weights) / weights.sum())
    return [str(name) for name in model.classes_], np.asarray(model.predict_proba(asked_ready), dtype=np.float64)


def area_under_curve(scores: Floats, wanted: npt.NDArray[np.bool_], weights: Floats | None = None) -> float:
    """Return the chance that a wanted row scores above another one, equal scores counting half; NaN without pairs.

    The area under the receiver operating characteristic, by the statistic of Mann and Whitney.

    Args:
        scores: (rows,).
        wanted: (rows,).
        weights: (rows,), how often each row counts; once without.
    """
    mass = np.ones(len(scores)) if weights is None else weights
    _, place = np.unique(scores, return_inverse=True)
    good = np.bincount(place, mass * wanted)
    bad = np.bincount(place, mass * ~wanted)
    below = np.cumsum(bad) - bad
    pairs = good.sum() * bad.sum()
    return float((good * (below + bad / 2)).sum() / pairs) if pairs else float("nan")


def resample_areas(
    scores: Floats, wanted: npt.NDArray[np.bool_], groups: Sequence[str], *, draws: int, seed: int
) -> Floats:
    """Return the area under the curve of ``draws`` bootstrap samples of groups, of each class as many as it has."""
    generator = make_generator(seed)
    names, index = np.unique(np.array(groups), return_inverse=True)
    of_wanted = np.zeros(len(names), dtype=bool)
    of_wanted[index[wanted]] = True
    areas = np.empty(draws)
    for draw in range(draws):
        times = np.zeros(len(names))
        for members in (np.flatnonzero(of_wanted), np.flatnonzero(~of_wanted)):
            times += np.bincount(generator.choice(members, len(members)), minlength=len(names))
        areas[draw] = area_under_curve(scores, wanted, times[index])
    return areas


def balanced_weights(labels: Sequence[str], groups: Sequence[str]) -> Floats:
    """Return weights of rows, (rows,), by which all labels weigh the same, and within a label all its groups."""
    weights = np.zeros(len(labels))
    array = np.array(labels)
    for label in sorted(set(labels)):
        rows = np.flatnonzero(array == label)
        weights[rows] = group_weights([groups[int(row)] for row in rows])
    return weights
