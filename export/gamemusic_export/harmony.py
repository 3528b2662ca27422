"""Key and chords of a stretch of notes, by dynamic programming over pitch-class weights."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gamemusic.scales import MODES
from gamemusic.score.keys import KEY_PROFILES
from gamemusic.score.phrase import Chord
from gamemusic.theory import CHORD_QUALITIES, Key

__all__ = ["find_chords", "find_keys", "pitch_class_weights"]

Array = npt.NDArray[np.float64]

_MAJOR, _MINOR = (np.array(profile) / 1000 for _, profile in KEY_PROFILES)
_KEY_CHANGE = 0.35
"""Correlation a new key must gain, over a window, to be worth a change."""

_QUALITIES = tuple(CHORD_QUALITIES)
_TONES = np.array(
    [[(pc - root) % 12 in tones for pc in range(12)] for root in range(12) for tones in CHORD_QUALITIES.values()]
)  # (chords, 12)
_QUALITY_COST = np.array(
    [
        {"maj": 0.0, "min": 0.0, "7": 0.25, "5": 0.12, "dim": 0.3, "min7": 0.4, "maj7": 0.45}.get(q, 0.5)
        for q in _QUALITIES
    ]
)
_FOREIGN = 0.9
"""Cost of a note outside the chord, against a gain of 1 for one inside, both by weight."""
_CHORD_CHANGE = 0.85


def pitch_class_weights(notes: npt.NDArray[np.int64], edges: npt.NDArray[np.int64]) -> Array:
    """Return how much each pitch class sounds in each cell, shape (cells, 12), in ticks.

    Args:
        notes: (n, 3) of start tick, end tick, pitch.
        edges: (cells + 1,) ticks that bound the cells.
    """
    cells = len(edges) - 1
    weights = np.zeros((cells, 12))
    if not len(notes):
        return weights
    first = np.clip(np.searchsorted(edges, notes[:, 0], side="right") - 1, 0, cells - 1)
    last = np.clip(np.searchsorted(edges, notes[:, 1], side="left") - 1, 0, cells - 1)
    for span in range(int((last - first).max()) + 1):
        cell = first + span
        inside = cell <= last
        cell, some = cell[inside], notes[inside]
        overlap = np.minimum(some[:, 1], edges[cell + 1]) - np.maximum(some[:, 0], edges[cell])
        np.add.at(weights, (cell, some[:, 2] % 12), np.maximum(overlap, 0))
    return weights


def _decode(scores: Array, change: Array) -> npt.NDArray[np.int64]:
    """Return the best path through ``scores`` (rows, states) when a change of state at a row costs ``change[row]``."""
    best, back = scores[0].copy(), np.zeros(scores.shape, dtype=np.int64)
    own = np.arange(scores.shape[1])
    for row in range(1, len(scores)):
        champion = int(best.argmax())
        stay = best >= best[champion] - change[row]
        back[row] = np.where(stay, own, champion)
        best = np.where(stay, best, best[champion] - change[row]) + scores[row]
    path = np.zeros(len(scores), dtype=np.int64)
    path[-1] = best.argmax()
    for row in range(len(scores) - 1, 0, -1):
        path[row - 1] = back[row, path[row]]
    return path


def find_keys(weights: Array) -> list[Key]:
    """Return the key of each window, from its pitch-class weights of shape (windows, 12)."""
    profiles = np.array(
        [
            np.roll(profile - profile.mean(), tonic) / profile.std()
            for profile in (_MAJOR, _MINOR)
            for tonic in range(12)
        ]
    )  # (24, 12)
    centred = weights - weights.mean(axis=1, keepdims=True)
    spread = weights.std(axis=1, keepdims=True)
    correlation = centred @ profiles.T / (12 * np.where(spread > 0, spread, 1))  # (windows, 24)
    keys = []
    for window, state in enumerate(_decode(correlation, np.full(len(weights), _KEY_CHANGE))):
        minor, tonic = divmod(int(state), 12)
        keys.append(Key(tonic, _find_mode(np.roll(weights[window], -tonic), minor=bool(minor))))
    return keys


def _find_mode(degree: Array, *, minor: bool) -> str:
    """Return the mode whose characteristic degree outweighs its rival; ``degree`` is relative to the tonic, (12,)."""
    clear = 1.5
    if minor:
        if degree[1] > clear * degree[2]:
            return "phrygian"
        return "dorian" if degree[9] > clear * degree[8] and degree[10] > degree[11] else "minor"
    if degree[10] > clear * degree[11]:
        return "mixolydian"
    return "lydian" if degree[6] > clear * degree[5] else "major"


def find_chords(weights: Array, bass: Array, key: Key, cell_ticks: int, strong_cells: int) -> tuple[Chord, ...]:
    """Return the chords of a stretch of cells, where they change.

    Args:
        weights: (cells, 12) sounding ticks of all pitched roles.
        bass: (cells, 12) the same of the bass alone.
        key: The key; chords of its own notes are preferred.
        cell_ticks: Length of a cell.
        strong_cells: A change is cheaper at multiples of this many cells (the bar line).
    """
    sounding = weights + 0.7 * bass
    total = sounding.sum(axis=1, keepdims=True)
    share = sounding / np.where(total > 0, total, 1)
    fit = share @ (_TONES * (1 + _FOREIGN) - _FOREIGN).T  # (cells, chords)
    missing = _TONES.sum(axis=1) - (share > 0.02).astype(float) @ _TONES.T
    fit -= 0.06 * missing
    bass_total = bass.sum(axis=1, keepdims=True)
    bass_share = bass / np.where(bass_total > 0, bass_total, 1)
    fit += 0.35 * np.repeat(bass_share, len(_QUALITIES), axis=1)
    scale = np.zeros(12, dtype=bool)
    scale[[(key.tonic + step) % 12 for step in MODES[key.mode]]] = True
    foreign = (_TONES & ~scale).sum(axis=1)
    leading = (key.tonic + 11) % 12
    if key.mode == "minor":
        foreign = foreign - (_TONES[:, leading] & (np.arange(len(_TONES)) // len(_QUALITIES) == (key.tonic + 7) % 12))
    fit -= 0.2 * foreign + np.tile(_QUALITY_COST, 12) * 0.5
    fit[total[:, 0] == 0] = 0.0
    change = np.where(np.arange(len(fit)) % strong_cells == 0, 0.5 * _CHORD_CHANGE, _CHORD_CHANGE)
    path = _decode(fit, change)
    changes = [0, *(np.flatnonzero(np.diff(path)) + 1)]
    return tuple(
        Chord(int(cell) * cell_ticks, int(path[cell]) // len(_QUALITIES), _QUALITIES[int(path[cell]) % len(_QUALITIES)])
        for cell in changes
    )
