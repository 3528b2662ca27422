"""Gains that move."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gamemusic.director.fader import Fader


def _gains(fader: Fader, steps: list[int]) -> np.ndarray:
    parts = []
    for frames in steps:
        gain = fader.take(frames)
        parts.append(np.full(frames, gain, np.float32) if isinstance(gain, float) else gain)
    return np.concatenate(parts)


@given(
    start=st.floats(0, 1),
    target=st.floats(0, 1),
    frames=st.integers(1, 500),
    steps=st.lists(st.integers(1, 300), min_size=1, max_size=20),
)
def test_arrives_exactly_and_never_jumps_whatever_the_reads(
    start: float, target: float, frames: int, steps: list[int]
) -> None:
    fader = Fader(start)
    fader.go(target, frames)
    gains = _gains(fader, steps)
    moves = np.diff(np.concatenate([[start], gains]))
    assert np.max(np.abs(moves)) <= abs(target - start) / frames + 1e-5
    if sum(steps) >= frames:
        assert gains[-1] == np.float32(target)
        assert fader.settled


def test_a_new_aim_begins_where_the_gain_is() -> None:
    fader = Fader(0.0)
    fader.go(1.0, 100)
    fader.take(50)
    fader.go(0.0, 100)
    gains = fader.take(100)
    assert not isinstance(gains, float)
    assert 0.49 < gains[0] < 0.5
    assert gains[-1] == 0.0
    assert fader.take(10) == 0.0
