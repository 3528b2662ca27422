"""What the seed decides before the first note, and whether what a caller asks for can be."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gamemusic.composer.sampler import mix
from gamemusic.packs.schema import Preset
from gamemusic.packs.style import Style
from gamemusic.score.phrase import Role
from gamemusic.theory import Key

__all__ = ["choose_key_of", "choose_tempo", "draw", "heard_roles"]


def draw(seed: int, purpose: int, count: int) -> int:
    """Return a number below ``count`` that depends on nothing but seed and purpose."""
    value = int(mix(mix(np.array([seed], dtype=np.uint64)) ^ np.uint64(purpose << 48))[0])
    return value % count


def choose_key_of(keys: Sequence[Key], seed: int) -> Key:
    """Return one of the keys."""
    return keys[draw(seed, 1, len(keys))]


def choose_tempo(preset: Preset, style: Style, seed: int) -> float:
    """Return a whole number of quarter notes a minute between the preset's slowest and fastest."""
    slowest, fastest = preset.tempo_of(style)
    low, high = math.ceil(slowest), math.floor(fastest)
    return float(low + draw(seed, 2, high - low + 1)) if low <= high else slowest


def heard_roles(style: Style, roles: tuple[Role, ...], intensity: float) -> tuple[Role, ...]:
    """Return the composed roles that sound at this intensity; all of them when none does."""
    heard = tuple(role for role in roles if style.instruments[role].from_intensity <= intensity)
    return heard or roles
