"""What the seed decides before the first note, and whether what a caller asks for can be."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gamemusic.composer.sampler import mix
from gamemusic.errors import InputError
from gamemusic.packs.schema import Preset
from gamemusic.packs.style import Style
from gamemusic.score.phrase import Role
from gamemusic.theory import Key

__all__ = ["MAX_SEED", "check_intensity", "check_seed", "choose_key_of", "choose_tempo", "draw", "heard_roles"]

MAX_SEED = (1 << 64) - 1


def check_seed(seed: int) -> int:
    """Return the seed, or raise `InputError`."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise InputError(f"seed must be a whole number, 0 to {MAX_SEED} (received {seed!r})")
    return seed


def check_intensity(intensity: float) -> float:
    """Return the intensity, or raise `InputError`."""
    if isinstance(intensity, bool) or not isinstance(intensity, int | float) or not 0 <= intensity <= 1:
        raise InputError(f"intensity must be 0 to 1 (received {intensity!r})")
    return float(intensity)


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
