"""Makes the composer's tables, ``noise.npy`` and ``exponentials.npy``: ``python -m gamemusic_export.tables``.

Quantiles are computed in decimal arithmetic, which is the same everywhere, and shuffled by integers.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import numpy.typing as npt

import gamemusic.composer
from gamemusic.composer.sampler import LOGIT_STEPS, NOISE_BITS, mix

__all__ = ["make_exponentials", "make_noise"]


def make_noise() -> npt.NDArray[np.int16]:
    """Return the quantiles of a standard Gumbel distribution in logit steps, shuffled."""
    count = 1 << NOISE_BITS
    with localcontext() as context:
        context.prec = 20
        quantiles = [
            int((-((-(Decimal(2 * index + 1) / (2 * count)).ln()).ln()) * LOGIT_STEPS).to_integral_value())
            for index in range(count)
        ]
    order = np.argsort(mix(np.arange(count, dtype=np.uint64) + np.uint64(0x67616D65)), kind="stable")
    return np.array(quantiles, dtype=np.int16)[order]


def make_exponentials() -> npt.NDArray[np.int32]:
    """Return ``round(2**30 * exp(-i / LOGIT_STEPS))`` for i = 0, 1, ... until it is 0."""
    values: list[int] = []
    with localcontext() as context:
        context.prec = 20
        while not values or values[-1]:
            values.append(int(((-Decimal(len(values)) / LOGIT_STEPS).exp() * 2**30).to_integral_value()))
    return np.array(values, dtype=np.int32)


if __name__ == "__main__":
    folder = Path(gamemusic.composer.__file__).parent
    np.save(folder / "noise.npy", make_noise())
    np.save(folder / "exponentials.npy", make_exponentials())
