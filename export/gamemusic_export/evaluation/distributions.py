"""How often a phrase has each pitch class, interval, duration, place in the bar, number of sounding notes, drum key."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from gamemusic.score.phrase import Note, Phrase, Role
from gamemusic.tokens.vocabulary import DRUM_PITCHES
from gamemusic.units import TICKS_PER_BEAT
from gamemusic_export.evaluation.lines import read_line, read_moves

__all__ = ["CATEGORIES", "DISTRIBUTIONS", "DURATIONS", "POSITIONS", "VOICES", "WIDEST", "count_distributions"]

Counts = npt.NDArray[np.float32]

WIDEST = 12
"""Intervals beyond an octave count as an octave."""
DURATIONS = (1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 24, 36, 48)
"""Longest duration of each bin, in ticks; longer ones have a bin of their own."""
POSITIONS = tuple(tick for tick in range(48) if tick % 3 == 0 or tick % 4 == 0)
"""Sixteenths and eighth triplets of a bar; other ticks share one bin."""
VOICES = 8
"""Notes that sound at once; more count as this many."""
_EIGHTH = TICKS_PER_BEAT // 2

_UPPER = (Role.LEAD, Role.COUNTER)
_INNER = (Role.HARMONY, Role.TEXTURE)
_PARTS: Mapping[str, tuple[Role, ...]] = MappingProxyType({"upper": _UPPER, "inner": _INNER, "bass": (Role.BASS,)})
_LINES: Mapping[str, tuple[Role, ...]] = MappingProxyType(
    {"lead": (Role.LEAD,), "counter": (Role.COUNTER,), "inner": _INNER, "bass": (Role.BASS,)}
)

DISTRIBUTIONS: Mapping[str, int] = MappingProxyType(
    {
        "pitch_class": 12,
        "pitch_class_bass": 12,
        **{f"interval_{name}": 2 * WIDEST + 1 for name in _LINES},
        **{f"duration_{name}": len(DURATIONS) + 1 for name in _PARTS},
        **{f"onset_{name}": len(POSITIONS) + 1 for name in (*_PARTS, "drums")},
        "polyphony": VOICES + 1,
        "drum_key": len(DRUM_PITCHES),
    }
)
"""Bins of each distribution, by its name."""

CATEGORIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pitch class": ("pitch_class", "pitch_class_bass"),
        "interval": tuple(f"interval_{name}" for name in _LINES),
        "duration": tuple(f"duration_{name}" for name in _PARTS),
        "onset position": tuple(f"onset_{name}" for name in (*_PARTS, "drums")),
        "polyphony": ("polyphony",),
        "drum key": ("drum_key",),
    }
)
"""What each distribution is about."""


def count_distributions(phrase: Phrase) -> dict[str, Counts]:
    """Return a phrase's counts by the names of `DISTRIBUTIONS`, each (bins,); all 0 where the roles are silent.

    Pitch classes are relative to the tonic. Intervals are those of each role's line, see
    `gamemusic_export.evaluation.lines.read_line`, from one onset to the next, rests included. Polyphony is counted at
    every eighth note, silence too, and without drums.
    """
    counts = {name: np.zeros(bins, dtype=np.float32) for name, bins in DISTRIBUTIONS.items()}
    bar_ticks, tonic = phrase.meter.bar_ticks, phrase.key.tonic
    sounding = np.zeros(-(-phrase.ticks // _EIGHTH), dtype=np.int64)
    for part, roles in _PARTS.items():
        for role in roles:
            for note in phrase.track(role).notes:
                counts["pitch_class"][(note.pitch - tonic) % 12] += 1
                if role is Role.BASS:
                    counts["pitch_class_bass"][(note.pitch - tonic) % 12] += 1
                counts[f"duration_{part}"][bisect_left(DURATIONS, note.duration)] += 1
                sounding[-(-note.start // _EIGHTH) : -(-note.end // _EIGHTH)] += 1
            _count_onsets(counts[f"onset_{part}"], phrase.track(role).notes, bar_ticks)
    for name, roles in _LINES.items():
        for role in roles:
            for interval, _ in read_moves(read_line(phrase.track(role).notes, role)):
                counts[f"interval_{name}"][max(-WIDEST, min(WIDEST, interval)) + WIDEST] += 1
    if any(role is not Role.DRUMS for role in phrase.roles):
        counts["polyphony"] += np.bincount(np.minimum(sounding, VOICES), minlength=VOICES + 1)
    drums = phrase.track(Role.DRUMS).notes
    _count_onsets(counts["onset_drums"], drums, bar_ticks)
    for note in drums:
        if note.pitch in DRUM_PITCHES:
            counts["drum_key"][DRUM_PITCHES.index(note.pitch)] += 1
    return counts


def _count_onsets(counts: Counts, notes: tuple[Note, ...], bar_ticks: int) -> None:
    """Count the different onsets of a role: a chord is one."""
    for start in {note.start for note in notes}:
        position = start % bar_ticks
        place = bisect_left(POSITIONS, position)
        known = place < len(POSITIONS) and POSITIONS[place] == position
        counts[place if known else len(POSITIONS)] += 1
