"""Scales, as a table that musicians can read and add to.

A scale is its steps, in semitones above the tonic, and the mode that a network is told: networks were trained on six
modes, `MODES`, and know nothing else. Notes, chords and figures follow the scale itself. To add one is to add a line.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["ALIASES", "MODES", "SCALES", "Scale", "find_scale", "steps_name"]

MODES = MappingProxyType(
    {
        "major": (0, 2, 4, 5, 7, 9, 11),
        "minor": (0, 2, 3, 5, 7, 8, 10),
        "dorian": (0, 2, 3, 5, 7, 9, 10),
        "phrygian": (0, 1, 3, 5, 7, 8, 10),
        "lydian": (0, 2, 4, 6, 7, 9, 11),
        "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    }
)
"""The modes that networks were trained on. Models are bound to them and to their order."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What a key's second word stands for."""

    steps: tuple[int, ...]
    """Semitones above the tonic, rising from 0."""
    mode: str
    """The one of `MODES` that a network is told; of a scale with fewer than seven steps also where its chords come
    from."""


SCALES = MappingProxyType(
    {name: Scale(steps, name) for name, steps in MODES.items()}
    | {
        # seven steps
        "harmonic_minor": Scale((0, 2, 3, 5, 7, 8, 11), "minor"),
        "melodic_minor": Scale((0, 2, 3, 5, 7, 9, 11), "minor"),  # as it rises, both ways
        "hungarian_minor": Scale((0, 2, 3, 6, 7, 8, 11), "minor"),
        "neapolitan_minor": Scale((0, 1, 3, 5, 7, 8, 11), "phrygian"),
        "ukrainian_dorian": Scale((0, 2, 3, 6, 7, 9, 10), "dorian"),
        "locrian": Scale((0, 1, 3, 5, 6, 8, 10), "phrygian"),
        "phrygian_dominant": Scale((0, 1, 4, 5, 7, 8, 10), "phrygian"),  # also hijaz, freygish
        "double_harmonic": Scale((0, 1, 4, 5, 7, 8, 11), "major"),  # also Byzantine
        "harmonic_major": Scale((0, 2, 4, 5, 7, 8, 11), "major"),
        "lydian_dominant": Scale((0, 2, 4, 6, 7, 9, 10), "lydian"),
        "mixolydian_b6": Scale((0, 2, 4, 5, 7, 8, 10), "mixolydian"),
        # five and six
        "pentatonic_major": Scale((0, 2, 4, 7, 9), "major"),
        "pentatonic_minor": Scale((0, 3, 5, 7, 10), "minor"),
        "blues": Scale((0, 3, 5, 6, 7, 10), "dorian"),
        "blues_major": Scale((0, 2, 3, 4, 7, 9), "mixolydian"),
        "egyptian": Scale((0, 2, 5, 7, 10), "dorian"),
        "yo": Scale((0, 2, 5, 7, 9), "major"),
        "hirajoshi": Scale((0, 2, 3, 7, 8), "minor"),
        "in_sen": Scale((0, 1, 5, 7, 10), "phrygian"),
        "miyako_bushi": Scale((0, 1, 5, 7, 8), "phrygian"),
        "whole_tone": Scale((0, 2, 4, 6, 8, 10), "lydian"),
        "augmented": Scale((0, 3, 4, 7, 8, 11), "major"),
        # eight
        "octatonic": Scale((0, 1, 3, 4, 6, 7, 9, 10), "dorian"),  # half a tone first: its tonic has a fifth
        "diminished": Scale((0, 2, 3, 5, 6, 8, 9, 11), "minor"),  # a whole tone first
    }
)
"""Every scale that has a name."""

ALIASES = MappingProxyType(
    {
        "maj": "major",
        "ionian": "major",
        "min": "minor",
        "m": "minor",
        "aeolian": "minor",
        "natural_minor": "minor",
        "major_pentatonic": "pentatonic_major",
        "minor_pentatonic": "pentatonic_minor",
        "byzantine": "double_harmonic",
        "hijaz": "phrygian_dominant",
    }
)
"""Other names for some of them."""

_LEAST, _MOST = 5, 11
"""How many steps a scale of one's own may have."""


def steps_name(steps: tuple[int, ...]) -> str:
    """Return the name of a scale that is given by its steps, such as ``0-2-3-6-7-8-11``."""
    return "-".join(map(str, steps))


@functools.lru_cache(maxsize=256)
def find_scale(name: str) -> Scale | None:
    """Return the scale of a name in `SCALES`, or of steps such as ``0-2-3-6-7-8-11``; None for anything else.

    Steps begin with 0 and rise; there are 5 to 11 of them. The network is told the mode that has most of them, of
    those with the same third where the scale has one.
    """
    if name in SCALES:
        return SCALES[name]
    if not re.fullmatch(r"0(-\d{1,2}){4,10}", name, re.ASCII):
        return None
    steps = tuple(map(int, name.split("-")))
    if steps[-1] > 11 or list(steps) != sorted(set(steps)) or not _LEAST <= len(steps) <= _MOST:
        return None
    own = set(steps)

    def misfit(mode: str) -> tuple[bool, int]:
        other = set(MODES[mode])
        return len(own & {3, 4}) == 1 and not own & other & {3, 4}, len(own ^ other)

    return Scale(steps, min(MODES, key=misfit))
