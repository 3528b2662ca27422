"""The ear: how like real music some bars sound, by what can be heard in them.

``ear.json`` holds, for each style token and each figure of `gamemusic.composer.hearing`, a few ranges of values and how
much each speaks for real music and against composed music: an additive logistic model (T. Hastie, R. Tibshirani,
"Generalized Additive Models", 1986), learned from both by ``python -m gamemusic_export ear`` and rounded to whole
numbers, so that it decides the same everywhere. A range of values that real music seldom reaches speaks against it on
either side: too much of a good thing is told as well.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from gamemusic.composer.hearing import NOTHING

__all__ = ["Ear", "Scale", "listen", "load_ear", "read_ear"]


@dataclass(frozen=True, slots=True)
class Scale:
    """What the values of one figure say."""

    edges: tuple[int, ...]
    """Rising; a value belongs behind the last edge that it reaches."""
    weights: tuple[int, ...]
    """One more than edges: thousandths of a nat for real music."""
    nothing: int
    """The same where there is nothing to measure."""

    def weigh(self, value: int) -> int:
        """Return what a value says."""
        return self.nothing if value == NOTHING else self.weights[bisect_right(self.edges, value)]


@dataclass(frozen=True, slots=True)
class Ear:
    """Scales of every style token."""

    styles: Mapping[str, Mapping[str, Scale]]

    def weigh(self, style: str, figures: Mapping[str, int]) -> int:
        """Return how much figures of a style speak for real music, in thousandths of a nat; 0 of an unknown style."""
        scales = self.styles.get(style) or self.styles.get("", {})
        return sum(scale.weigh(figures[name]) for name, scale in scales.items())

    def to_text(self) -> str:
        """Return the content of ``ear.json``."""
        table = {
            style: {name: [list(s.edges), list(s.weights), s.nothing] for name, s in sorted(scales.items())}
            for style, scales in sorted(self.styles.items())
        }
        rows = [
            f'"{style}": {{\n' + ",\n".join(f'  "{name}": {json.dumps(row)}' for name, row in rows.items()) + "}"
            for style, rows in table.items()
        ]
        return "{" + ",\n".join(rows) + "}\n"


def read_ear(text: str) -> Ear:
    """Return the ear in the text of an ``ear.json``."""
    table = json.loads(text)
    return Ear(
        {
            style: {
                name: Scale(tuple(edges), tuple(weights), nothing) for name, (edges, weights, nothing) in rows.items()
            }
            for style, rows in table.items()
        }
    )


@cache
def load_ear() -> Ear:
    """Return the ear that comes with the package."""
    return read_ear(files("gamemusic.composer").joinpath("ear.json").read_text(encoding="utf-8"))


def listen(ear: Ear, style: str, passages: Sequence[Mapping[str, int]]) -> int:
    """Return the mean of what an ear says of several passages."""
    return sum(ear.weigh(style, figures) for figures in passages) // max(1, len(passages))
