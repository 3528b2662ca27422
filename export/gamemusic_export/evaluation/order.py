"""Does more asked for give more? Rank correlations, within a seed and between moods."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gamemusic.errors import InputError
from gamemusic_export.evaluation.sets import make_generator

__all__ = ["MoodOrder", "WithinSeed", "correlate_within", "order_moods", "rank_correlation"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinSeed:
    """How far a figure follows what was asked for, seed by seed."""

    mean: float
    """Mean rank correlation over seeds, -1 to 1."""
    lower: float
    """One-sided 95 % lower bound of it, by bootstrap over seeds."""
    least: float
    """Lowest of any seed."""
    seeds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoodOrder:
    """How far a figure's means follow the order in which moods should have it."""

    correlation: float
    """Rank correlation of the expected order and the moods' means, -1 to 1."""
    wrong: tuple[tuple[str, str], ...]
    """Pairs (lower, higher by expectation) whose means stand the other way round, or are equal."""
    means: Mapping[str, float]


def rank_correlation(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return Spearman's rank correlation, equal values sharing the middle of their ranks.

    A side that never changes follows nothing: the correlation is then 0.

    Args:
        first: (values,), at least two.
        second: (values,).

    Raises:
        InputError: When lengths differ, there are fewer than two values, or one is not a number.
    """
    one, other = (np.asarray(values, dtype=np.float64) for values in (first, second))
    if one.ndim != 1 or one.shape != other.shape or len(one) < 2:
        raise InputError(f"two rows of at least two values each are needed (received {one.shape} and {other.shape})")
    if np.isnan(one).any() or np.isnan(other).any():
        raise InputError("a value is not a number and has no rank; leave it out")
    centred = [ranks - ranks.mean() for ranks in (_ranks(one), _ranks(other))]
    spread = np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum())
    return float((centred[0] * centred[1]).sum() / spread) if spread else 0.0


def _ranks(values: Floats) -> Floats:
    ordered = np.sort(values)
    return (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right") - 1) / 2


def correlate_within(
    asked: Sequence[float], measured: Sequence[float], seeds: Sequence[Hashable], *, draws: int = 1000, seed: int = 0
) -> WithinSeed:
    """Return the rank correlation of what was asked and what was measured, within each seed.

    Args:
        asked: Such as the intensity of each phrase.
        measured: Such as its notes a beat.
        seeds: The seed, or seed and style, of each phrase; each with at least two phrases.
        draws: Of the bootstrap.
        seed: Of the bootstrap.

    Raises:
        InputError: When lengths differ or a seed has a single phrase.
    """
    if not len(asked) == len(measured) == len(seeds) or not len(seeds):
        raise InputError(f"each phrase needs a seed (received {len(asked)}, {len(measured)} and {len(seeds)})")
    rows: dict[Hashable, list[int]] = {}
    for row, name in enumerate(seeds):
        rows.setdefault(name, []).append(row)
    found = np.array(
        [rank_correlation([asked[row] for row in one], [measured[row] for row in one]) for one in rows.values()]
    )
    draw = make_generator(seed).choice(found, (draws, len(found)))
    return WithinSeed(
        mean=float(found.mean()),
        lower=float(np.percentile(draw.mean(axis=1), 5)),
        least=float(found.min()),
        seeds=len(found),
    )


def order_moods(measured: Mapping[str, Sequence[float]], expected: Sequence[Sequence[str]]) -> MoodOrder:
    """Hold the means of a figure by mood against the order they should have.

    Args:
        measured: The figure of each phrase, by mood; NaN does not count.
        expected: Moods from least to most; those of one step are not compared with each other.

    Raises:
        InputError: When fewer than two moods are measured, or one is missing from ``expected``.
    """
    step = {mood: index for index, moods in enumerate(expected) for mood in moods}
    unknown = sorted(set(measured) - set(step))
    if unknown or len(measured) < 2:
        raise InputError(
            f"an order of at least two moods is needed, among {', '.join(step)} (received {', '.join(measured)})"
        )
    means = {mood: float(np.nanmean(np.asarray(values, dtype=np.float64))) for mood, values in measured.items()}
    moods = sorted(means, key=lambda mood: (step[mood], mood))
    wrong = tuple(
        (low, high) for low in moods for high in moods if step[low] < step[high] and not means[low] < means[high]
    )
    steps, values = [step[mood] for mood in moods], [means[mood] for mood in moods]
    return MoodOrder(correlation=rank_correlation(steps, values), wrong=wrong, means=means)
