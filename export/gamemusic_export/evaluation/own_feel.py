"""Two things that listeners notice first and that likeness hides in its mean: the groove, and how high all lies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gamemusic.score.phrase import Role
from gamemusic_export.evaluation.features import FeatureSet
from gamemusic_export.evaluation.measurement import Composed
from gamemusic_export.evaluation.own_bench import Bench
from gamemusic_export.evaluation.own_finding import Finding

__all__ = ["Groove", "Register", "find_groove", "find_register", "measure_groove", "measure_register"]

_LAGS = (1, 2, 4)
"""Bars after which a rhythm is looked for again."""
_LEAST_SLACK, _LEAST_SEMITONES = 0.15, 5.0
"""By which a mood may differ from pieces that are all alike."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Groove:
    """How often bars repeat a rhythm, in a set and in real music."""

    share: float
    """Of the bars of all roles, those with the rhythm of the bar one, two or four before, whichever is most, 0 to 1."""
    real: float
    slack: float
    """By how much pieces of the real music differ from each other: their standard deviation, 0.15 at least."""

    @property
    def good(self) -> bool:
        """Whether the set is as real pieces are."""
        return abs(self.share - self.real) <= self.slack


@dataclass(frozen=True, slots=True)
class Register:
    """The role that lies farthest from where it lies in real music."""

    role: Role
    semitones: float
    """By which it is higher than there; below 0: lower."""
    slack: float
    """By how much pieces of the real music differ from each other: their standard deviation, 5 semitones at least."""

    @property
    def good(self) -> bool:
        """Whether it lies where it does in real pieces."""
        return abs(self.semitones) <= self.slack


def _groove_of(features: FeatureSet) -> float | None:
    """Return a set's share of bars that repeat a rhythm, each piece weighing the same; None: there is nothing."""
    found = _by_group(features, _repeats(features))
    return float(found.mean()) if len(found) else None


def measure_groove(composed: FeatureSet, real: FeatureSet) -> Groove | None:
    """Return how much a set repeats its rhythms beside real music; None when one of them has nothing to compare."""
    share, pieces = _groove_of(composed), _by_group(real, _repeats(real))
    if share is None or not len(pieces):
        return None
    return Groove(share, float(pieces.mean()), max(_LEAST_SLACK, float(pieces.std())))


def _repeats(features: FeatureSet) -> Floats:
    table = np.array([features.figure(f"repeat_rhythm_{lag}") for lag in _LAGS], dtype=np.float64)
    best: Floats = np.where(np.isnan(table), -1.0, table).max(axis=0)
    return best


def measure_register(composed: FeatureSet, real: FeatureSet) -> Register | None:
    """Return which role lies farthest from where it lies in real music; None when they have no role in common.

    What counts is the mean pitch of each phrase with the key moved to C; roles are compared by how much farther they
    lie than real pieces lie apart.
    """
    found = []
    for role, offset in _register_of(composed, real).items():
        pieces = _by_group(real, real.figure(f"pitch_{role.value}").astype(np.float64))
        found.append(Register(role, offset, max(_LEAST_SEMITONES, float(pieces.std()))))
    return max(found, key=lambda one: abs(one.semitones) / one.slack, default=None)


def _register_of(composed: FeatureSet, real: FeatureSet) -> Mapping[Role, float]:
    """Return by how many semitones each role that both have lies higher in a set than in real music."""
    found: dict[Role, float] = {}
    for role in Role:
        if role is Role.DRUMS:
            continue
        means = [_by_group(one, one.figure(f"pitch_{role.value}").astype(np.float64)) for one in (composed, real)]
        if all(len(one) for one in means):
            found[role] = float(means[0].mean() - means[1].mean())
    return found


def _by_group(features: FeatureSet, values: Floats) -> Floats:
    """Return the mean of each piece that has values; NaN and what is below 0 are none."""
    groups: dict[str, list[float]] = defaultdict(list)
    for group, value in zip(features.groups, values.tolist(), strict=True):
        if value >= 0:
            groups[group].append(value)
    return np.array([np.mean(one) for one in groups.values()], dtype=np.float64)


def find_groove(bench: Bench, sets: Mapping[str, Composed]) -> list[Finding]:
    """Return how much the mood repeats its rhythms beside real music, its parent and random weights."""
    found = {name: measure_groove(one.features, bench.real) for name, one in sets.items()} if bench.real else {}
    own = found.get("own")
    if own is None:
        return []
    whose = "your pieces" if bench.music is not None else "the pieces its parent learned from"
    return [
        Finding(
            name="groove",
            own=own.share,
            others={
                **{name: one.share for name, one in found.items() if one and name != "own"},
                "real music": own.real,
            },
            good=own.good or bench.music is None,
            means=f"{100 * own.share:.0f} % of its bars have the rhythm of a bar shortly before; in {whose} "
            f"{100 * own.real:.0f} % have.",
            helps="Give the preset a form with few letters ([A, A', A, B]) and more 'periods', or a lower temperature."
            if own.share < own.real
            else "Raise the temperature in the preset, or give its form more letters.",
        )
    ]


def find_register(bench: Bench, sets: Mapping[str, Composed]) -> list[Finding]:
    """Return which role lies farthest from where it does in real music."""
    found = {name: measure_register(one.features, bench.real) for name, one in sets.items()} if bench.real else {}
    own = found.get("own")
    if own is None:
        return []
    whose = "your pieces" if bench.music is not None else "the pieces its parent learned from"
    where = f"{abs(own.semitones):.0f} semitones {'higher' if own.semitones > 0 else 'lower'} than in"
    return [
        Finding(
            name="register (semitones)",
            own=own.semitones,
            others={name: one.semitones for name, one in found.items() if one and name != "own"},
            good=own.good or bench.music is None,
            means=f"Of all roles the {own.role.value} lies farthest from where it should: {where} {whose}.",
            helps=f"Change the range of the {own.role.value} in the preset: ranges, of its style.",
        )
    ]
