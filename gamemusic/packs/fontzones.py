"""What the zones of a soundfont do to its samples: where loops lie after all, and how fast they are played.

FluidSynth goes round a loop by taking its length off again and again, so a loop of two frames at an absurd pitch keeps
it busy for ever. Values of one zone may be in range and their sum with others not; so the sum is what is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["FontFault", "Zone", "check_pitches", "zones_of"]

Table = npt.NDArray[Any]
Zone = dict[int, int]

_START, _END, _LOOP_START, _LOOP_END = (0, 4), (1, 12), (2, 45), (3, 50)
"""Offsets of a zone, fine and in steps of 32768 frames (SoundFont 2.04, section 8.1.2)."""
_COARSE_STEP = 32_768
_INSTRUMENT, _SAMPLE, _MODES, _KEYS, _COARSE, _FINE, _SCALE, _ROOT = 41, 53, 54, 43, 51, 52, 56, 58
_BENDS = (5, 6, 7)
"""Cents by which vibrato, a second oscillator and an envelope bend the pitch."""
_CENTS: Mapping[int, int] = {_COARSE: 100, _FINE: 1, 5: 1, 6: 1, 7: 1}
_USUAL_SCALE, _MOST_SCALE, _MIDDLE_C = 100, 1200, 60
_USUAL_BEND = 300
"""Cents that the format's own modulators add: wheel, pressure, and the pitch wheel at its usual range."""
_SLOWEST_RATE = 8_000
"""Lowest rate of output, in hertz, at which most of a sample passes in a frame."""
_MOST_TURNS = 16.0
"""Times that a loop may be gone round in one frame of output; four usual soundfonts stay under 2."""
_SHORTEST_LOOP = 2


class FontFault(Exception):
    """What is wrong, on its way to `check_font`, which knows the file's name."""


def check_pitches(tables: Mapping[str, Table], lengths: Sequence[int]) -> None:
    """Check that each zone plays a part of its sample that there is, and loops of it not absurdly fast.

    Args:
        tables: Of the soundfont, whose indices were checked.
        lengths: Frames of each sample.

    Raises:
        FontFault: A zone does not.
    """
    presets: dict[int, tuple[int, int]] = {}  # instrument: cents and scale that presets add at most
    for zone, changed in zones_of(tables, "phdr", "pbag", "pgen", "pmod"):
        cents, scale = presets.get(zone[_INSTRUMENT], (0, 0))
        presets[zone[_INSTRUMENT]] = max(cents, _cents(zone, changed)), max(scale, zone.get(_SCALE, 0))
    bags = tables["inst"]["bag"].astype(np.int64)
    for number, (zone, changed) in enumerate(zones_of(tables, "inst", "ibag", "igen", "imod")):
        owner = int(np.searchsorted(bags, zone[-1], "right")) - 1
        added, scale = presets.get(owner, (0, 0))
        sample = tables["shdr"][zone[_SAMPLE]]
        length = lengths[zone[_SAMPLE]]
        looped = _check_part(zone, sample, length, number)
        if not looped:
            continue
        fastest = _scaled(zone, sample, scale, number) + _cents(zone, changed) + added + _USUAL_BEND
        turns = 2.0 ** min(fastest / 1200, 100.0) * int(sample["rate"]) / _SLOWEST_RATE / looped
        if turns > _MOST_TURNS:
            raise FontFault(f"zone {number} plays a loop of {looped} frames {fastest:,} cents above its pitch")


def zones_of(
    tables: Mapping[str, Table], owner: str, bag: str, generator: str, modulator: str
) -> Iterator[tuple[Zone, int]]:
    """Yield each zone that plays something, with the values of its owner's first one, and what its modulators bend.

    A zone's values are by generator, signed; under -1 stands its number in its table.
    """
    kinds, amounts = tables[generator]["kind"].tolist(), tables[generator]["amount"].tolist()
    firsts, changes = tables[bag]["generator"].tolist(), tables[bag]["modulator"].tolist()
    targets, by = tables[modulator]["target"].tolist(), np.abs(tables[modulator]["amount"].astype(np.int64)).tolist()
    last = _INSTRUMENT if owner == "phdr" else _SAMPLE
    for first, end in zip(tables[owner]["bag"].tolist(), tables[owner]["bag"].tolist()[1:], strict=False):
        usual: Zone = {}
        usual_bend = 0
        for number in range(first, end):
            own = dict(
                zip(
                    kinds[firsts[number] : firsts[number + 1]],
                    amounts[firsts[number] : firsts[number + 1]],
                    strict=True,
                )
            )
            zone = {kind: _signed(kind, amount) for kind, amount in own.items()}
            bend = sum(_CENTS.get(targets[at], 0) * by[at] for at in range(changes[number], changes[number + 1]))
            if last not in zone:
                usual, usual_bend = zone, bend
                continue
            yield {**usual, **zone, -1: number}, bend + usual_bend


def _signed(kind: int, amount: int) -> int:
    whole = kind in (_INSTRUMENT, _SAMPLE, _KEYS, 44)
    return amount if whole or amount < _COARSE_STEP else amount - 2 * _COARSE_STEP


def _cents(zone: Zone, changed: int) -> int:
    """Return by how many cents a zone raises the pitch at most."""
    return zone.get(_COARSE, 0) * 100 + zone.get(_FINE, 0) + sum(abs(zone.get(kind, 0)) for kind in _BENDS) + changed


def _scaled(zone: Zone, sample: Any, added: int, number: int) -> int:
    """Return by how many cents the highest key of a zone lies above the sample's own."""
    scale = zone.get(_SCALE, _USUAL_SCALE) + added
    if not 0 <= scale <= _MOST_SCALE:
        raise FontFault(f"zone {number} has {scale} cents from key to key, allowed are 0 to {_MOST_SCALE}")
    root = zone.get(_ROOT, -1)
    root = root if 0 <= root <= 127 else int(sample["pitch"])
    root = root if root <= 127 else _MIDDLE_C
    highest = zone.get(_KEYS, 127 << 8) >> 8
    return (highest - root) * scale + int(sample["correction"])


def _check_part(zone: Zone, sample: Any, length: int, number: int) -> int:
    """Check what part of its sample a zone plays; return the frames of its loop, 0 when it does not loop."""
    start, end = _moved(zone, _START), length + _moved(zone, _END)
    if not 0 <= start < end <= length:
        raise FontFault(f"zone {number} plays frames {start:,} to {end:,} of a sample of {length:,}")
    if not zone.get(_MODES, 0) & 1:
        return 0
    base = (
        0 if int(sample["kind"]) & 0x10 else int(sample["start"])
    )  # of a compressed sample, loops count from its start
    low = int(sample["loop_start"]) - base + _moved(zone, _LOOP_START)
    high = int(sample["loop_end"]) - base + _moved(zone, _LOOP_END)
    if not 0 <= low <= high - _SHORTEST_LOOP <= length - _SHORTEST_LOOP:
        raise FontFault(f"zone {number} loops from frame {low:,} to {high:,} of a sample of {length:,}")
    return high - low


def _moved(zone: Zone, kinds: tuple[int, int]) -> int:
    fine, coarse = kinds
    return zone.get(fine, 0) + _COARSE_STEP * zone.get(coarse, 0)
