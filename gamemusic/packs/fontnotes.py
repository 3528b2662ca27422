"""What a note of a soundfont costs: how many zones are looked through for it, and how many sound at once.

A preset's zones name instruments, and each zone of these that covers a note's key and velocity takes a voice of the
synthesizer. So a file of a few hundred kilobytes can ask for thousands of voices a note, and a note that takes a fifth
of a second to begin cannot be played in a game.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gamemusic.limits import Limits
from gamemusic.packs.fontzones import FontFault, Zone, zones_of

__all__ = ["PROBED", "check_costs"]

Table = npt.NDArray[Any]
Area = tuple[int, int, int, int]
"""Lowest and highest key, lowest and highest velocity."""

PROBED = (127, 40)
"""Velocities at which every key of every preset is tried before a pack's soundfont is played."""
_INSTRUMENT, _SAMPLE, _KEYS, _VELOCITIES = 41, 53, 43, 44
_ALL = 127 << 8


def check_costs(tables: Mapping[str, Table], limits: Limits) -> None:
    """Check how many zones and voices the notes of a soundfont take.

    Args:
        tables: Of the soundfont, whose indices were checked.
        limits: How many they may be.

    Raises:
        FontFault: They are more.
    """
    _count_zones(tables, limits)
    instruments: dict[int, list[Area]] = defaultdict(list)
    firsts = tables["inst"]["bag"].astype(np.int64)
    for zone, _ in zones_of(tables, "inst", "ibag", "igen", "imod"):
        instruments[int(np.searchsorted(firsts, zone[-1], "right")) - 1].append(_area(zone))
    presets: dict[int, list[Area]] = defaultdict(list)
    firsts = tables["phdr"]["bag"].astype(np.int64)
    for zone, _ in zones_of(tables, "phdr", "pbag", "pgen", "pmod"):
        owner = int(np.searchsorted(firsts, zone[-1], "right")) - 1
        presets[owner] += [both for one in instruments[zone[_INSTRUMENT]] if (both := _cut(_area(zone), one))]
    voices = 0
    for number, areas in presets.items():
        at_once = _most_at_once(areas) if len(areas) > limits.soundfont_key_zones else 0
        if at_once > limits.soundfont_key_zones:
            raise FontFault(
                f"{at_once:,} zones of preset {number} sound for one key, allowed are {limits.soundfont_key_zones:,} "
                "(Limits.soundfont_key_zones)"
            )
        voices += sum((high - low + 1) * (soft <= at <= loud) for low, high, soft, loud in areas for at in PROBED)
    if voices > limits.soundfont_voices:
        raise FontFault(
            f"its keys take {voices:,} voices, each of them once loud and once soft; allowed are "
            f"{limits.soundfont_voices:,} (Limits.soundfont_voices)"
        )


def _count_zones(tables: Mapping[str, Table], limits: Limits) -> None:
    """Check the zones of all presets, each as often as it is used; by arrays, since there may be millions."""
    sizes = np.diff(tables["inst"]["bag"].astype(np.int64))
    named = tables["pgen"]["amount"][:-1][tables["pgen"]["kind"][:-1] == _INSTRUMENT]
    used, written = int(sizes[named].sum()), len(tables["ibag"]) + len(tables["pbag"]) - 2
    if max(used, written) > limits.soundfont_zones:
        raise FontFault(
            f"its presets have {max(used, written):,} zones, allowed are {limits.soundfont_zones:,} "
            "(Limits.soundfont_zones)"
        )


def _area(zone: Zone) -> Area:
    keys, velocities = zone.get(_KEYS, _ALL), zone.get(_VELOCITIES, _ALL)
    return keys & 0xFF, keys >> 8, velocities & 0xFF, velocities >> 8


def _cut(one: Area, other: Area) -> Area | None:
    """Return the notes that both cover."""
    low, high = max(one[0], other[0]), min(one[1], other[1])
    soft, loud = max(one[2], other[2]), min(one[3], other[3])
    return (low, high, soft, loud) if low <= high and soft <= loud else None


def _most_at_once(areas: list[Area]) -> int:
    """Return how many of some areas cover one note at most."""
    grid = np.zeros((129, 129), np.int64)  # by key and velocity: where areas begin, less where they end
    low, high, soft, loud = np.array(areas, np.int64).T
    for keys, velocities, sign in ((low, soft, 1), (high + 1, soft, -1), (low, loud + 1, -1), (high + 1, loud + 1, 1)):
        np.add.at(grid, (keys, velocities), sign)
    return int(grid.cumsum(0).cumsum(1).max())
