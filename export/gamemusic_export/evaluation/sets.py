"""Sets of phrases, and fair draws from them: the piece, not the phrase, is what is drawn and halved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gamemusic.errors import InputError
from gamemusic.score.phrase import Phrase

__all__ = ["PhraseSet", "draw_even", "group_weights", "halve", "make_generator", "weighted_quantile"]

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PhraseSet:
    """Phrases, and the piece that each is from."""

    phrases: tuple[Phrase, ...]
    groups: tuple[str, ...]
    """For each phrase: name of its piece, or of its seed when it was composed."""

    def __post_init__(self) -> None:
        if len(self.phrases) != len(self.groups):
            raise InputError(f"{len(self.phrases)} phrases need as many groups (received {len(self.groups)})")

    @classmethod
    def composed(cls, phrases: Sequence[Phrase]) -> PhraseSet:
        """Return a set in which the seed is the group."""
        return cls(tuple(phrases), tuple(f"seed {phrase.seed}" for phrase in phrases))

    @property
    def pieces(self) -> int:
        """Different groups."""
        return len(set(self.groups))


def make_generator(seed: int) -> np.random.Generator:
    """Return a generator whose numbers depend on ``seed`` alone."""
    return np.random.Generator(np.random.Philox(seed))


def draw_even(groups: Sequence[str], count: int, generator: np.random.Generator) -> Rows:
    """Return ``count`` different rows, as evenly from all groups as they allow.

    Args:
        groups: Group of each row.
        count: 0 to the number of rows.
        generator: Decides which rows, and which groups give one more.

    Raises:
        InputError: When there are fewer rows.
    """
    if not 0 <= count <= len(groups):
        raise InputError(f"{count} rows cannot be drawn from {len(groups)}")
    shuffled = generator.permutation(len(groups))
    turns: dict[str, int] = {}
    turn = np.empty(len(groups), dtype=np.int64)
    for row in shuffled:
        turn[row] = turns.get(groups[row], 0)
        turns[groups[row]] = turn[row] + 1
    order = shuffled[np.argsort(turn[shuffled], kind="stable")]
    return np.sort(order[:count])


def halve(groups: Sequence[str], generator: np.random.Generator) -> tuple[Rows, Rows]:
    """Return the rows of a random half of the groups, and those of the other half.

    Raises:
        InputError: When there are fewer than two groups.
    """
    names = sorted(set(groups))
    if len(names) < 2:
        raise InputError(f"a set has to hold at least two pieces to be halved (received {len(names)})")
    chosen = {names[index] for index in generator.permutation(len(names))[: len(names) // 2]}
    first = np.array([name in chosen for name in groups])
    return np.flatnonzero(first), np.flatnonzero(~first)


def group_weights(groups: Sequence[str]) -> Floats:
    """Return a weight for each row, (rows,), so that every group weighs the same and all rows together 1."""
    names, index, counts = np.unique(np.array(groups), return_inverse=True, return_counts=True)
    return np.asarray(1.0 / (counts[index] * len(names)), dtype=np.float64)


def weighted_quantile(values: Floats, weights: Floats, shares: Sequence[float]) -> Floats:
    """Return the smallest values at or below which at least these shares of the weight lie; NaN without values.

    Args:
        values: (rows,); NaN does not count.
        weights: (rows,), not negative.
        shares: Each 0 to 1.
    """
    known = ~np.isnan(values)
    if not known.any():
        return np.full(len(shares), np.nan)
    order = np.argsort(values[known], kind="stable")
    ordered, mass = values[known][order], np.cumsum(weights[known][order])
    places = np.searchsorted(mass, np.asarray(shares) * mass[-1] * (1 - 1e-12))
    return np.asarray(ordered[np.minimum(places, len(ordered) - 1)])
