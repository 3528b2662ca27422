"""What returns in a phrase: whole bars, rhythms, and motifs of its lead."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise

import numpy as np

from gamemusic.score.phrase import Phrase, Role
from gamemusic.tokens.vocabulary import LAGS
from gamemusic_export.evaluation.lines import degrees_of

__all__ = ["MOTIF_NOTES", "SELF_SIMILARITY", "STRUCTURE", "measure_structure"]

MOTIF_NOTES = (3, 4, 5)
"""Lengths of the motifs that are looked for."""
_NEAR = (1, 2, 4)
SELF_SIMILARITY = tuple(f"similar_{kind}_{lag}" for kind in ("rhythm", "pitch") for lag in _NEAR)
"""Figures of `measure_structure` that tell how alike bars are."""
STRUCTURE = (
    *(f"repeat_{kind}_{lag}" for kind in ("exact", "rhythm") for lag in LAGS),
    *SELF_SIMILARITY,
    *(f"motif_{length}" for length in MOTIF_NOTES),
)
"""All figures of `measure_structure`."""

_Bar = tuple[tuple[int, int, int], ...]
"""(position, pitch, duration) of a role's notes in a bar."""


def measure_structure(phrase: Phrase) -> dict[str, float]:
    """Return the figures named in `STRUCTURE`, each 0 to 1, NaN where there is nothing to compare.

    ``repeat_exact_<lag>``: share of role-bars with notes that equal the same role's bar ``lag`` bars earlier;
    ``repeat_rhythm_<lag>``: the same of their onsets. ``similar_rhythm_<lag>``: mean shared part of the onsets of two
    such bars (the Jaccard index), ``similar_pitch_<lag>``: of their pitches, counted as often as they occur; pairs of
    bars of which one is empty count 0, and pairs of empty ones do not count. ``motif_<n>``: share of the lead's notes
    that lie in ``n`` notes in a row, not all of one pitch, whose steps of the scale and rhythm occur again without
    overlap.
    """
    roles = [_cut(phrase, role) for role in phrase.roles]
    figures = {}
    for lag in LAGS:
        figures[f"repeat_exact_{lag}"] = _repeats(roles, lag, lambda bar: bar)
        figures[f"repeat_rhythm_{lag}"] = _repeats(roles, lag, _onsets)
    for lag in _NEAR:
        figures[f"similar_rhythm_{lag}"] = _similarity(roles, lag, lambda bar: Counter(_onsets(bar)))
        figures[f"similar_pitch_{lag}"] = _similarity(roles, lag, lambda bar: Counter(pitch for _, pitch, _ in bar))
    for length in MOTIF_NOTES:
        figures[f"motif_{length}"] = _recurrence(phrase, length)
    return figures


def _cut(phrase: Phrase, role: Role) -> list[_Bar]:
    bars: list[list[tuple[int, int, int]]] = [[] for _ in range(phrase.bars)]
    for note in phrase.track(role).notes:
        bar, position = divmod(note.start, phrase.meter.bar_ticks)
        bars[bar].append((position, note.pitch, note.duration))
    return [tuple(bar) for bar in bars]


def _onsets(bar: _Bar) -> tuple[int, ...]:
    return tuple(sorted({position for position, _, _ in bar}))


def _repeats(roles: Sequence[list[_Bar]], lag: int, view: Callable[[_Bar], Hashable]) -> float:
    pairs = [(bars[index - lag], bars[index]) for bars in roles for index in range(lag, len(bars)) if bars[index]]
    return sum(view(before) == view(after) for before, after in pairs) / len(pairs) if pairs else np.nan


def _similarity(roles: Sequence[list[_Bar]], lag: int, view: Callable[[_Bar], Counter[int]]) -> float:
    shares = []
    for bars in roles:
        for before, after in zip(bars, bars[lag:], strict=False):
            if before or after:
                first, second = view(before), view(after)
                shares.append((first & second).total() / (first | second).total())
    return sum(shares) / len(shares) if shares else np.nan


def _recurrence(phrase: Phrase, length: int) -> float:
    line = degrees_of(phrase, Role.LEAD)
    if len(line) < 2 * length:
        return np.nan
    moves = [(after[1] - before[1], after[0] - before[0]) for before, after in pairwise(line)]
    places: dict[tuple[tuple[float, int], ...], list[int]] = defaultdict(list)
    for first in range(len(line) - length + 1):
        motif = tuple(moves[first : first + length - 1])
        if any(step for step, _ in motif):
            places[motif].append(first)
    covered: set[int] = set()
    for found in places.values():
        for first in found:
            if first - found[0] >= length or found[-1] - first >= length:
                covered.update(range(first, first + length))
    return len(covered) / len(line)
