"""How high, how densely and in how many voices somebody's files have each role play, counted phrase by phrase."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from gamemusic.score.phrase import Phrase, Role, Track
from gamemusic.tokens.bars import DEFAULT_POLYPHONY
from gamemusic.tokens.vocabulary import PITCH_RANGES

__all__ = ["Figures"]

_LEAST_RANGE = 14
"""Semitones that a range has at least: in a narrower one some chord of some key would have no note to go to."""
_EDGE = 0.005
"""Share of the notes above and below a range: a single odd note is no register."""
_CROWDED = 0.02
"""Share of the bars, or of the moments, that may be fuller than what is allowed."""
_MOST_STRUCK = 48


class Figures:
    """What a preset says of each role beside its player."""

    def __init__(self) -> None:
        self._pitches: dict[Role, Counter[int]] = defaultdict(Counter)
        self._struck: dict[Role, Counter[int]] = defaultdict(Counter)
        self._sounding: dict[Role, Counter[int]] = defaultdict(Counter)

    def add(self, phrase: Phrase) -> None:
        """Count a phrase's notes."""
        for track in phrase.tracks:
            if track.notes:
                self._add(track, phrase.meter.bar_ticks)

    def _add(self, track: Track, bar_ticks: int) -> None:
        self._pitches[track.role].update(note.pitch for note in track.notes)
        self._struck[track.role].update(Counter(note.start // bar_ticks for note in track.notes).values())
        ends = sorted(note.start + note.duration for note in track.notes)
        starts = sorted(note.start for note in track.notes)
        ended = 0
        for index, start in enumerate(starts):
            while ends[ended] <= start:
                ended += 1
            if index + 1 == len(starts) or starts[index + 1] > start:  # all that begin here have begun
                self._sounding[track.role][index + 1 - ended] += 1

    def ranges(self) -> Mapping[Role, tuple[int, int]]:
        """Return the lowest and highest usual note of each role but the drums, MIDI note numbers."""
        found: dict[Role, tuple[int, int]] = {}
        for role, counted in self._pitches.items():
            if role is Role.DRUMS:
                continue
            least, most = PITCH_RANGES[role]
            low = _reach(counted, _EDGE)
            high = -_reach(Counter({-pitch: count for pitch, count in counted.items()}), _EDGE)
            missing = max(0, _LEAST_RANGE - (high - low))
            low, high = low - missing // 2, high + missing - missing // 2
            shift = max(0, least - low) - max(0, high - most)
            found[role] = (max(least, low + shift), min(most, high + shift))
        return found

    def density(self) -> Mapping[Role, int]:
        """Return the most notes of each role that usually begin in a bar, 1 to 48."""
        return {role: min(_MOST_STRUCK, _most(counted)) for role, counted in self._struck.items()}

    def polyphony(self) -> Mapping[Role, int]:
        """Return the most notes of each role that usually sound at once, 1 to what the model can."""
        return {role: min(DEFAULT_POLYPHONY[role], _most(counted)) for role, counted in self._sounding.items()}


def _reach(counted: Counter[int], share: float) -> int:
    """Return the value below which no more than a share of all lie."""
    allowed = share * counted.total()
    for value in sorted(counted):
        allowed -= counted[value]
        if allowed < 0:
            return value
    raise AssertionError("nothing was counted")


def _most(counted: Counter[int]) -> int:
    return -_reach(Counter({-value: count for value, count in counted.items()}), _CROWDED)
