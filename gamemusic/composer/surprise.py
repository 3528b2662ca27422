"""How surprised a model is, in bits, computed with integers: it ranks candidates, so it must be the same everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import numpy as np
import numpy.typing as npt

__all__ = ["FRACTION", "load_exponentials", "log2", "surprise", "surprises"]

FRACTION = 1 << 16
"""Surprise is counted in bits / FRACTION."""
_BITS_OF_STEP = 369
"""FRACTION / (256 ln 2) = 369.3: bits of one logit step, rounded."""


def load_exponentials() -> npt.NDArray[np.int64]:
    """Return ``round(2**30 * exp(-i / 256))`` for i = 0, 1, ... until it is 0."""
    with files("gamemusic.composer").joinpath("exponentials.npy").open("rb") as file:
        table: npt.NDArray[np.int32] = np.load(file, allow_pickle=False)
    return table.astype(np.int64)


def surprise(logits: npt.NDArray[np.int32], token: int, exponentials: npt.NDArray[np.int64]) -> int:
    """Return -log2 of the probability of ``token``, in bits / FRACTION.

    Args:
        logits: (V,) in logit steps.
        token: The token that came.
        exponentials: `load_exponentials`.
    """
    return surprises(logits[None], [token], exponentials)[0]


def surprises(logits: npt.NDArray[np.int32], tokens: Sequence[int], exponentials: npt.NDArray[np.int64]) -> list[int]:
    """Return the `surprise` of each of ``tokens`` under its row of ``logits``, (tokens, V)."""
    below = np.minimum(logits.max(axis=1, keepdims=True) - logits, len(exponentials) - 1)
    totals = exponentials.take(below).sum(axis=1).tolist()
    steps = below[np.arange(len(tokens)), tokens].tolist()
    return [log2(total) - 30 * FRACTION + step * _BITS_OF_STEP for total, step in zip(totals, steps, strict=True)]


def log2(value: int) -> int:
    """Return the binary logarithm of a positive integer, in bits / FRACTION, rounded down: squaring doubles it."""
    whole = value.bit_length() - 1
    scaled = value << 62 >> whole  # value / 2**whole, from 1 up to 2, with 62 binary places
    result = whole
    for _ in range(FRACTION.bit_length() - 1):
        scaled = scaled * scaled >> 62
        result <<= 1
        if scaled >> 63:
            scaled >>= 1
            result += 1
    return result
