"""The grid of composed music and the notes of a MIDI file: a constant offset is taken out, and what is left is counted.

Everything is counted in whole numbers.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from gamemusic.score.midi import MidiNote, MidiSong
from gamemusic.units import TICKS_PER_BEAT

__all__ = ["GridFit", "align", "find_offset", "fit_grid", "fit_song"]

_MOVED_PERCENT = 34
"""A note further than this from the grid, in hundredths of a tick, counts as moved."""
_FREE_PERCENT = 8
"""A note further than this from every half and third of a tick fits no finer grid either: it was played freely."""
_MOST_FREE = 25
"""A larger percentage of freely played notes (chance gives 36) was not played to its bar lines."""
_MOST_MOVED = 15
"""The same for notes far off the grid (chance gives 32), where what is played is taken, too."""
_LEAST_MOVED = 4
"""Fewer notes far off the grid are a slip or a grace note of a short tune."""

_PLAIN = (0, 6, 3, 9, 4, 8)
"""Ticks of a quarter note on which music stands: beats, eighths, sixteenths and eighth triplets."""
_WEIGHTS = (8, 4, 2, 2, 2, 2)
_EIGHTHS = _PLAIN[:2]
_OFFSET_PERCENT = 8
"""How near a note has to be to one of these, in hundredths of a tick."""
_FEW = 10
"""Percentage of notes on beats and eighths up to which a file may have an offset."""
_MOST, _MANY = 80, 30
"""Percentages of notes that have to stand on all plain places, and on beats and eighths, once it is taken out."""
_ALIKE = 95
"""Percentage of the plainest rhythm's weight from which on another is as plain, and the smaller offset is taken."""
_CANDIDATES = 12
"""Commonest places of onsets that are looked at."""


@dataclass(frozen=True, slots=True)
class GridFit:
    """How well notes lie on the grid."""

    placed: int
    """Notes that were looked at."""
    moved: int
    """Notes further than a third of a tick from it."""
    free: int
    """Notes that lie on no half or third of a tick either."""

    def refuse(self, *, loose: bool) -> str:
        """Return why this is not music that was played to its bar lines; empty when it is.

        Args:
            loose: Whether what is played a little before and behind them is taken, beside what was written.
        """
        free = 100 * self.free > _MOST_FREE * self.placed
        moved = 100 * self.moved > _MOST_MOVED * self.placed and self.moved >= _LEAST_MOVED
        if not free or (loose and not moved):
            return ""
        count, far = (self.moved, "far off") if loose else (self.free, "off")
        return f"{count} of {self.placed} notes lie {far} any grid: not played to its bar lines"


def fit_grid(starts: Iterable[int], ticks_per_beat: int) -> GridFit:
    """Return how well onsets, in a file's ticks from a bar line, lie on the grid."""
    placed = moved = free = 0
    moved_at, free_at = _MOVED_PERCENT * ticks_per_beat, _FREE_PERCENT * ticks_per_beat
    for start in starts:
        rest = start * TICKS_PER_BEAT % ticks_per_beat
        off = min(rest, ticks_per_beat - rest)
        placed += 1
        moved += 100 * off > moved_at
        free += (
            100 * off > free_at
            and 100 * abs(3 * off - ticks_per_beat) > 3 * free_at
            and 100 * abs(2 * off - ticks_per_beat) > 2 * free_at
        )
    return GridFit(placed, moved, free)


def fit_song(song: MidiSong) -> GridFit:
    """Return how well all notes of a song lie on the grid that begins with it."""
    return fit_grid((note.start for track in song.tracks for note in track.notes), song.ticks_per_beat)


def align(song: MidiSong) -> tuple[MidiSong, int]:
    """Return a song without the constant offset of its notes, and this offset in its ticks: see `find_offset`."""
    offset = find_offset(song)
    if not offset:
        return song, 0

    def move(note: MidiNote) -> MidiNote:
        start = max(0, note.start - offset)
        return dataclasses.replace(note, start=start, end=max(start + 1, note.end - offset))

    tracks = tuple(dataclasses.replace(track, notes=tuple(map(move, track.notes))) for track in song.tracks)
    return dataclasses.replace(song, tracks=tracks, end_tick=max(0, song.end_tick - offset)), offset


def find_offset(song: MidiSong) -> int:
    """Return by how many ticks all notes come late (or early, below 0), as a recording begun too late leaves them.

    It is 0 unless hardly a note stands on a beat or eighth, and with another offset nearly all stand on beats,
    eighths, sixteenths or triplets, and many on the first two.
    """
    quarter = song.ticks_per_beat
    bars = [tick for tick, *_ in song.meters] or [0]

    def place(tick: int) -> int:
        return (tick - bars[max(0, bisect_right(bars, tick) - 1)]) % quarter  # bars begin anew where the meter is said

    found = Counter(place(note.start) for track in song.tracks for note in track.notes)
    onsets = _Onsets(found, quarter)
    if 100 * onsets.count(0, _EIGHTHS) > _FEW * onsets.total or not found:
        return 0
    candidates = {
        (residue * TICKS_PER_BEAT - place * quarter) // TICKS_PER_BEAT
        for residue, _ in sorted(found.items(), key=lambda item: (-item[1], item[0]))[:_CANDIDATES]
        for place in _PLAIN
    }
    fitting = [
        offset
        for offset in {(offset + quarter // 2) % quarter - quarter // 2 for offset in candidates}
        if 100 * onsets.count(offset, _PLAIN) >= _MOST * onsets.total
        and 100 * onsets.count(offset, _EIGHTHS) >= _MANY * onsets.total
    ]
    plainest = max((onsets.weigh(offset) for offset in fitting), default=0)
    alike = [offset for offset in fitting if 100 * onsets.weigh(offset) >= _ALIKE * plainest]
    smallest = min(alike, key=lambda offset: (abs(offset), -offset), default=0)
    return max(
        (offset for offset in alike if onsets.same(offset, smallest)),
        key=lambda offset: (onsets.count_exact(offset), -abs(offset)),
        default=0,
    )


class _Onsets:
    """Onsets by their place within a quarter note, in sums, so that a file of a million notes costs as little as one of
    ten.
    """

    def __init__(self, found: Counter[int], quarter: int) -> None:
        self._found, self._quarter = found, quarter
        self._sums = list(accumulate((found[residue] for residue in range(quarter)), initial=0))
        self._reach = (_OFFSET_PERCENT * quarter + 50 * TICKS_PER_BEAT) // 100  # half a tick of the file more
        self.total = self._sums[-1]

    def _around(self, offset: int, place: int) -> int:
        """Return how many onsets lie near a place of the quarter note, in ticks of composed music."""
        centre = offset * TICKS_PER_BEAT + place * self._quarter
        return self._before((centre + self._reach) // TICKS_PER_BEAT + 1) - self._before(
            -((self._reach - centre) // TICKS_PER_BEAT)
        )

    def _before(self, residue: int) -> int:
        turns, rest = divmod(residue, self._quarter)
        return turns * self.total + self._sums[rest]

    def count(self, offset: int, places: Iterable[int]) -> int:
        """Return how many onsets stand on one of the places once the offset is taken out."""
        return sum(self._around(offset, place) for place in places)

    def count_exact(self, offset: int) -> int:
        """Return how many onsets stand on a beat or eighth to the tick once the offset is taken out."""
        return sum(
            self._found[(offset + place * self._quarter // TICKS_PER_BEAT) % self._quarter] for place in _EIGHTHS
        )

    def same(self, offset: int, other: int) -> bool:
        """Say whether two offsets differ by no more than is overlooked."""
        return TICKS_PER_BEAT * abs(offset - other) <= self._reach

    def weigh(self, offset: int) -> int:
        """Return how plain the rhythm is then: onsets on beats weigh most."""
        return sum(weight * self._around(offset, place) for place, weight in zip(_PLAIN, _WEIGHTS, strict=True))
