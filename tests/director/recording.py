"""What several tests of live music do."""

from __future__ import annotations

import numpy as np

from gamemusic.director.director import Director


def record(director: Director, seconds: float, block: int = 512) -> np.ndarray:
    """Return what a director plays."""
    blocks = [director.read(block) for _ in range(round(seconds * director.sample_rate / block))]
    return np.concatenate(blocks)
