"""What each figure has to reach: the words that cards and tables show, and the number that pictures draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gamemusic_export.evaluation.originality import LONG_RUN

__all__ = ["GOALS", "Goal"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What was asked for."""

    words: str
    number: float
    """The least value that is good, or the largest one."""
    at_most: bool = False
    """Whether less is better."""
    of: str = ""
    """A baseline that `number` is a multiple of, such as ``5-gram``; empty where it stands for itself."""

    def find_limit(self, baselines: Mapping[str, float]) -> float | None:
        """Return the value that has to be reached; None when the baseline it hangs on is not known."""
        if not self.of:
            return self.number
        return self.number * baselines[self.of] if self.of in baselines else None

    def is_met(self, value: float, baselines: Mapping[str, float]) -> bool | None:
        """Return whether a value is good enough; None when that is not known."""
        limit = self.find_limit(baselines)
        if limit is None:
            return None
        return value <= limit if self.at_most else value >= limit


_INSIDE = Goal("70 % of phrases inside the real 10th to 90th percentile", 0.7)
_SEAM = Goal("first bar after the last not more surprising than bars inside, in bits a token", 0.0, at_most=True)
_FOLLOWS = Goal("rank correlation of 0.9 within a seed", 0.9)

GOALS: Mapping[str, Goal] = MappingProxyType(
    {
        "prediction": Goal("bits per note at least 40 % under the 5-gram", 0.6, at_most=True, of="5-gram"),
        "prediction, mood against base": Goal("under the base model", 1.0, at_most=True, of="base"),
        "style token": Goal("right token wins for 90 % of pieces", 0.9),
        "likeness": Goal("at least 0.9 of what real music reaches with itself", 0.9),
        "can a machine tell": Goal(
            "upper bound of the area at most 0.75; the 5-gram caught with 0.9", 0.75, at_most=True
        ),
        "structure": _INSIDE,
        "harmony": _INSIDE,
        "seam, by the model": _SEAM,
        "seam, by the judge": _SEAM,
        "originality": Goal(
            f"share of phrases with a run over {LONG_RUN} notes of the training music not above real pieces'",
            1.0,
            at_most=True,
            of="real",
        ),
        "variety": Goal("no two alike", 0.0, at_most=True),
        "intensity, notes": _FOLLOWS,
        "intensity, velocity": _FOLLOWS,
        "mood recognised": Goal("70% from notes alone", 0.7),
        "style recognised": Goal("80% from notes alone", 0.8),
    }
)
"""The goal of each figure that has one, by the figure's name."""
