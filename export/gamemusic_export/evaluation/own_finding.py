"""What a verdict on somebody's own mood is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One figure of the mood beside that of others, and what it means."""

    name: str
    own: float
    others: Mapping[str, float]
    """By ``parent``, ``random`` and ``real music``, where it could be measured."""
    good: bool
    means: str
    """A sentence for people who know no machine learning."""
    helps: str = ""
    """What to do when it is not good."""
