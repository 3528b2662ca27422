"""The fingerprint of a mood's training music: usual figures by style, and a filter of its melodies' runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from gamemusic.packs.fingerprint import MAX_BYTES, Fingerprint, describe_bars, find_grams
from gamemusic.tokens.bars import Bar
from gamemusic.tokens.state import State
from gamemusic.tokens.vocabulary import BAR, END, INTENSITY_BINS, METER_NAMES, ROLES, START, STYLE_NAMES
from gamemusic.units import METERS
from gamemusic_export.dataset import Dataset
from gamemusic_export.prepared import COLUMNS

__all__ = ["Passage", "make_fingerprint", "read_passages"]

_USUAL = (1, 99)
"""Percentiles between which a figure is usual."""
_SHORTEST = 4
"""Bars of the shortest passage that figures are taken from."""
_BITS_A_RUN = 8
_HEADER_BYTES = 16 * 1024


class Passage(NamedTuple):
    """A phrase of the training music."""

    bars: list[Bar]
    style: str
    meter: str
    mode: int
    """Index in `gamemusic.tokens.vocabulary.MODE_NAMES`."""
    intensity: int
    """Bin."""
    piece: int


def read_passages(dataset: Dataset, excerpts: Iterable[int]) -> Iterator[Passage]:
    """Yield the phrases of some excerpts as bars."""
    style, meter, mode, intensity = (COLUMNS.index(name) for name in ("style", "meter", "mode", "intensity"))
    for index in excerpts:
        steps = dataset.excerpt(index)
        tokens = steps[:, 0].tolist()
        edges = [step for step, token in enumerate(tokens) if token in (START, END)]
        state: State | None = None
        for first, last in pairwise(edges):
            state = State(tokens[first + 1 : last].count(BAR), state)
            for token in tokens[first + 1 : last + 1]:
                state.advance(token)
            row = steps[last - 1]
            yield Passage(
                state.history[state.first_bar :],
                STYLE_NAMES[row[style]],
                METER_NAMES[row[meter]],
                int(row[mode]),
                int(row[intensity]),
                int(dataset.piece_of[index]),
            )


def make_fingerprint(dataset: Dataset, excerpts: Iterable[int]) -> Fingerprint:
    """Return the fingerprint of the music that a mood was trained on."""
    figures: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    rates: dict[str, dict[str, list[list[int]]]] = defaultdict(
        lambda: {role.value: [[] for _ in range(INTENSITY_BINS)] for role in ROLES}
    )
    grams: set[int] = set()
    for passage in read_passages(dataset, excerpts):
        bar_ticks = METERS[passage.meter].bar_ticks
        grams.update(find_grams(passage.bars, bar_ticks))
        if len(passage.bars) < _SHORTEST:
            continue
        for name, value in describe_bars(passage.bars, bar_ticks).items():
            figures[passage.style][name].append(value)
            if name.endswith("_notes"):
                rates[passage.style][name.removesuffix("_notes")][passage.intensity].append(value)
    usual = {
        style: {name: _range(values) for name, values in sorted(named.items())}
        for style, named in sorted(figures.items())
    }
    pace = {
        style: {role: _rising(bins) for role, bins in sorted(roles.items()) if any(bins)}
        for style, roles in sorted(rates.items())
    }
    bits = max(8, min(_BITS_A_RUN * len(grams), (MAX_BYTES - _HEADER_BYTES) * 8))
    return Fingerprint.build(usual, pace, grams, bits)


def _range(values: list[int]) -> tuple[int, int]:
    low, high = np.percentile(values, _USUAL)
    return int(low), int(high)


def _rising(bins: list[list[int]]) -> tuple[int, ...]:
    """Return the median of each intensity bin, never below the one before; a bin without music has its neighbour's."""
    known = {index: float(np.median(values)) for index, values in enumerate(bins) if values}
    filled = np.interp(range(len(bins)), list(known), list(known.values()))
    return tuple(int(value) for value in np.maximum.accumulate(filled))
