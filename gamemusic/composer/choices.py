"""What the seed decides before the first note, and whether what a caller asks for can be."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from gamemusic.composer.sampler import mix
from gamemusic.packs.schema import Preset
from gamemusic.packs.style import Style
from gamemusic.score.phrase import Role
from gamemusic.theory import Key
from gamemusic.units import Meter

__all__ = ["Draw", "choose_key_of", "choose_meter", "choose_tempo", "draw", "heard_roles"]

Draw = Callable[[int, int], int]
"""`draw` with a seed: (purpose, count) to a number below count."""
_METER = 140
"""What a meter is drawn for; other purposes have other numbers."""


def draw(seed: int, purpose: int, count: int) -> int:
    """Return a number below ``count`` that depends on nothing but seed and purpose."""
    value = int(mix(mix(np.array([seed], dtype=np.uint64)) ^ np.uint64(purpose << 48))[0])
    return value % count


def choose_key_of(keys: Sequence[Key], seed: int) -> Key:
    """Return one of the keys."""
    return keys[draw(seed, 1, len(keys))]


def choose_meter(meters: Sequence[Meter], seed: int, theme: Meter | None = None) -> Meter:
    """Return one of the meters: a theme's own where it is among them."""
    return theme if theme in meters and theme is not None else meters[draw(seed, _METER, len(meters))]


def choose_tempo(preset: Preset, style: Style, seed: int) -> float:
    """Return a whole number of quarter notes a minute between the preset's slowest and fastest."""
    slowest, fastest = preset.tempo_of(style)
    low, high = math.ceil(slowest), math.floor(fastest)
    return float(low + draw(seed, 2, high - low + 1)) if low <= high else slowest


def heard_roles(style: Style, roles: tuple[Role, ...], intensity: float) -> tuple[Role, ...]:
    """Return the composed roles that sound at this intensity; all of them when none does."""
    heard = tuple(role for role in roles if style.instruments[role].from_intensity <= intensity)
    return heard or roles
