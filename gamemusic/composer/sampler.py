"""Drawing tokens with integers alone, so that the same seed gives the same notes on every machine.

A token is drawn by adding Gumbel noise to the logits and taking the largest (E. J. Gumbel, "Statistical Theory of
Extreme
Values", 1954; the "Gumbel-max trick"). The noise is a fixed table, ``noise.npy``, read from a place that a
counter-based generator names: SplitMix64 (G. L. Steele et al., "Fast splittable pseudorandom number generators",
OOPSLA 2014) keyed by seed, candidate and step. Ties go to the lowest token.
"""

from __future__ import annotations

import functools
from decimal import Decimal
from importlib.resources import files

import numpy as np
import numpy.typing as npt

__all__ = ["LOGIT_STEPS", "NOISE_BITS", "Sampler", "load_noise", "mix"]

LOGIT_STEPS = 256
"""Logit steps a nat, as the exported graph counts."""
NOISE_BITS = 16
"""The noise table has 2**16 entries: the quantiles of a standard Gumbel distribution in logit steps, shuffled."""
_DROPPED = -(1 << 29)
_TEMPERATURE_STEPS = 1024

Ints = npt.NDArray[np.int32]


@functools.cache
def load_noise() -> npt.NDArray[np.int16]:
    """Return the noise table, (2**16,); read once, and not to be written to."""
    with files("gamemusic.composer").joinpath("noise.npy").open("rb") as file:
        table: npt.NDArray[np.int16] = np.load(file, allow_pickle=False)
    table.flags.writeable = False
    return table


def mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return SplitMix64's output function of each value."""
    with np.errstate(over="ignore"):
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


class Sampler:
    """Draws one token a candidate and step.

    Args:
        seed: Any whole number, 0 to 2**64 - 1.
        candidates: B, sequences drawn side by side.
        steps: Most steps.
        vocabulary: V.
        temperature: Noise against logits; 1 draws as the model says.
        min_p: Tokens less likely than this share of the likeliest are never drawn, 0..0.5.
        first: Number of the first sequence.
    """

    def __init__(
        self,
        seed: int,
        candidates: int,
        steps: int,
        vocabulary: int,
        *,
        temperature: float,
        min_p: float,
        first: int = 0,
    ) -> None:
        factor = round(temperature * _TEMPERATURE_STEPS)
        noise = (load_noise().astype(np.int32) * factor) // _TEMPERATURE_STEPS
        wrapped = np.concatenate((noise, noise[:vocabulary])).astype(np.int32)
        self._windows = np.lib.stride_tricks.sliding_window_view(wrapped, vocabulary)
        counters = np.arange(steps, dtype=np.uint64)[:, None] + (
            np.arange(first, first + candidates, dtype=np.uint64) << np.uint64(40)
        )
        key = mix(np.array([seed & 0xFFFF_FFFF_FFFF_FFFF], dtype=np.uint64))
        with np.errstate(over="ignore"):
            mixed = mix((counters + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) ^ key)
        self._places = (mixed >> np.uint64(64 - NOISE_BITS)).astype(np.int64)  # (steps, B)
        self._threshold = -round(Decimal(min_p).ln() * LOGIT_STEPS) if min_p > 0 else 1 << 24

    def draw(self, step: int, logits: Ints) -> npt.NDArray[np.int64]:
        """Return the tokens drawn at ``step``, (B,), from masked logits (B, V), which are changed."""
        floor = logits.max(axis=1, keepdims=True) - self._threshold
        np.putmask(logits, logits < floor, _DROPPED)
        logits += self._windows[self._places[step]]
        tokens: npt.NDArray[np.int64] = logits.argmax(axis=1)
        return tokens
