"""Chance that is the same everywhere: numbers computed from a seed and counters, without any state."""

from __future__ import annotations

__all__ = ["between", "mix"]

_MASK = 2**64 - 1
_STEP = 0x9E3779B97F4A7C15


def mix(seed: int, *counters: int) -> int:
    """Return 64 bits that depend on every argument: SplitMix64 (Steele, Lea and Flood 2014), once for each counter."""
    state = seed & _MASK
    for counter in counters:
        state = (state ^ (counter * _STEP)) + _STEP & _MASK
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ state >> 27) * 0x94D049BB133111EB & _MASK
        state ^= state >> 31
    return state


def between(low: int, high: int, seed: int, *counters: int) -> int:
    """Return a whole number ``low`` to ``high``; those in the middle are likelier, as with two dice."""
    width = high - low
    bits = mix(seed, *counters)
    first, second = bits >> 32, bits & 0xFFFFFFFF
    return low + ((first + second) * (width + 1) >> 33)
