"""What a key adds to notes and chords: what is foreign to it is held back, what makes its scale is given a little."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from gamemusic.score.phrase import Role
from gamemusic.theory import Key, chord_pitch_classes
from gamemusic.tokens.vocabulary import CHORD, CHORDS, NO_CHORD, NOTE, PITCH_RANGES, QUALITY_NAMES, VOCABULARY_SIZE

__all__ = ["FORBIDDEN", "STRICT", "weigh_changes", "weigh_pitches"]

FORBIDDEN = -(1 << 28)
"""What is added to the logit of a token that may not come next, in logit steps."""
STRICT = FORBIDDEN // 2
"""What strictness 1 takes from notes outside key and chord: forbidden, unless the range holds no other note."""
_PENALTY = 2048
"""What it would take as a number: logit steps (8 nats)."""
_RIVAL, _OWN = 1024, 128
"""Logit steps that are taken, whatever the strictness, from notes that plain major or minor has in place of the scale's
own (4 nats), and given to the scale's own (half a nat). Networks heard little music in the modes, and none in other
scales: without this D lydian has eight times as many G as G sharp."""
_RIVAL_CHORD, _OWN_CHORD = 1024, 384
"""The same of chords: for each tone of the one kind, and for a chord in key that has one of the other."""


_OFF_CHORD = MappingProxyType({Role.BASS: 1536, Role.HARMONY: 768, Role.TEXTURE: 768, Role.COUNTER: 512})
"""Logit steps that are taken from notes foreign to a chord where it begins: all parts have to agree on it there. A bass
that is off its chord at the bar line is heard as a wrong note (6 nats); the others may rub (2 to 3)."""


def weigh_changes(strictness: float) -> npt.NDArray[np.int32]:
    """Return what is added, besides, where a chord begins, (CHORDS + 1, V); nothing at strictness 0."""
    rows = np.zeros((CHORDS + 1, VOCABULARY_SIZE), dtype=np.int32)
    for chord in range(CHORDS if strictness else 0):
        foreign = np.ones(12, dtype=np.int32)
        foreign[sorted(_tones(chord))] = 0
        for role, weight in _OFF_CHORD.items():
            low, high = PITCH_RANGES[role]
            rows[chord, NOTE[role] : NOTE[role] + high - low + 1] = -weight * foreign[np.arange(low, high + 1) % 12]
    return rows


def weigh_pitches(key: Key, strictness: float) -> npt.NDArray[np.int32]:
    """Return what is added to every token for each chord in force (the last row: none), (CHORDS + 1, V).

    Args:
        key: The key; tokens are relative to its tonic.
        strictness: 0 adds nothing; 1 forbids notes outside key and chord.
    """
    rows = np.zeros((CHORDS + 1, VOCABULARY_SIZE), dtype=np.int32)
    penalty = STRICT if strictness == 1 else -round(strictness * _PENALTY)
    if not penalty:
        return rows
    melodic, harmonic, own, rivals = key.melodic, key.harmonic, key.own, key.rivals
    weights = np.zeros((CHORDS + 1, 12), dtype=np.int32)  # of pitch classes
    for chord in range(CHORDS + 1):
        tones = set() if chord == NO_CHORD else _tones(chord)
        weights[chord, sorted(set(range(12)) - melodic - tones)] = penalty
        weights[chord, sorted(rivals - tones)] = min(penalty, -_RIVAL)
        weights[chord, sorted(own)] = _OWN
    for role, (low, high) in PITCH_RANGES.items():
        rows[:, NOTE[role] : NOTE[role] + high - low + 1] = weights[:, np.arange(low, high + 1) % 12]
    for chord in range(CHORDS):
        tones = _tones(chord)
        foreign = tones - harmonic
        weight = -round(strictness * _PENALTY / 4) * len(foreign) - _RIVAL_CHORD * len(foreign & rivals)
        rows[:, CHORD + chord] = weight + (_OWN_CHORD if tones & own and not foreign else 0)
    return rows


def _tones(chord: int) -> set[int]:
    root, quality = divmod(chord, len(QUALITY_NAMES))
    return set(chord_pitch_classes(root, QUALITY_NAMES[quality]))
