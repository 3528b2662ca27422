"""How a phrase's notes fit its key, its chords and each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations
from types import MappingProxyType

import numpy as np

from gamemusic.score.phrase import Phrase, Role
from gamemusic.theory import chord_pitch_classes
from gamemusic.units import TICKS_PER_BEAT

__all__ = ["HARMONY", "measure_harmony"]

HARMONY = ("in_key", "in_chord", "dissonance", "crossing", "chord_changes")
"""All figures of `measure_harmony`."""

_HARSH = frozenset((1, 2, 6, 10, 11))
"""Interval classes that grate between roles: seconds, sevenths, the tritone."""
_ORDER: Mapping[Role, int] = MappingProxyType({Role.BASS: 0, Role.HARMONY: 1, Role.COUNTER: 1, Role.LEAD: 2})
"""Which role belongs above which; a texture may lie anywhere."""
_EIGHTH = TICKS_PER_BEAT // 2

_Moment = dict[Role, set[int]]
"""Pitches that sound, by role."""


def measure_harmony(phrase: Phrase) -> dict[str, float]:
    """Return the figures named in `HARMONY`, NaN where there is nothing to measure.

    ``in_key``: share of pitched notes in the key, the raised leading note of minor among them. ``in_chord``: share of
    pitched notes that begin on a felt beat and belong to the chord there. ``dissonance``: share of pairs of notes of
    different roles, sounding at a felt beat, that are a second, a seventh or a tritone apart (octaves aside).
    ``crossing``: share of eighths, with two of lead, counter, harmony and bass sounding, in which a role lies wholly
    below one that belongs under it. ``chord_changes``: changes of harmony a bar.
    """
    pitched = [(role, note) for role, note in phrase.notes() if role is not Role.DRUMS]
    scale = phrase.key.pitch_classes
    strong = [
        note.pitch % 12 in chord_pitch_classes(chord.root, chord.quality)
        for _, note in pitched
        if note.start % phrase.meter.pulse_ticks == 0 and (chord := phrase.chord_at(note.start)) is not None
    ]
    changes = sum(
        (before.root, before.quality) != (after.root, after.quality)
        for before, after in zip(phrase.chords, phrase.chords[1:], strict=False)
    )
    return {
        "in_key": _share([note.pitch % 12 in scale for _, note in pitched]),
        "in_chord": _share(strong),
        "dissonance": _dissonance(_sounding(phrase, phrase.meter.pulse_ticks)),
        "crossing": _crossing(_sounding(phrase, _EIGHTH)),
        "chord_changes": changes / phrase.bars if phrase.chords else np.nan,
    }


def _share(found: list[bool]) -> float:
    return sum(found) / len(found) if found else np.nan


def _sounding(phrase: Phrase, step: int) -> list[_Moment]:
    """Return the pitches that sound at every multiple of ``step`` ticks at which some do."""
    moments: dict[int, _Moment] = defaultdict(lambda: defaultdict(set))
    for role, note in phrase.notes():
        if role is not Role.DRUMS:
            for tick in range(-(-note.start // step) * step, note.end, step):
                moments[tick][role].add(note.pitch)
    return list(moments.values())


def _dissonance(moments: list[_Moment]) -> float:
    return _share(
        [
            (low - high) % 12 in _HARSH
            for moment in moments
            for one, other in combinations(moment.values(), 2)
            for low in one
            for high in other
        ]
    )


def _crossing(moments: list[_Moment]) -> float:
    found = []
    for moment in moments:
        pairs = [
            (max(pitches), min(others))
            for role, pitches in moment.items()
            for other, others in moment.items()
            if _ORDER.get(role, -1) > _ORDER.get(other, 9)
        ]
        if pairs:
            found.append(any(upper < lower for upper, lower in pairs))
    return _share(found)
