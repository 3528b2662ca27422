"""Music that was played freely, put on bars and beats of its own, with what was moved and how far."""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gamemusic.score.beats import LEAST_PERIOD, MOST_MILLISECONDS, find_beats, find_period
from gamemusic.score.midi import MidiNote, MidiSong
from gamemusic.score.voices import LOW_PITCH
from gamemusic.units import TEMPO_RANGE, TICKS_PER_BEAT

__all__ = ["Quantised", "quantise_song"]

_LEAST_ONSETS = 16
"""Fewer strokes show no beat."""
_GRIDS = ((0, 3, 6, 9, 12), (0, 4, 8, 12))
"""Places within a beat, in ticks: sixteenths, or eighth triplets."""
_RARER = 30
"""Thousandths of a beat a note by which the rarer of the two has to fit better."""
_LOOSE_MS, _FINER = 18, 150
"""Milliseconds that people lie beside the beat on average; and the percentage of the error at twice as many beats over
which a larger error proves that beats were missed. (Notes that all are beats have no error, and prove nothing.)"""
_MOST_OFF = 290
"""Notes that on average lie further from the grid, in thousandths of the furthest that they can, followed other beats
or none: by chance they lie 300 to 400 from beats that are found among them, where many are played."""
_THREE_PERCENT = 130
"""Percentage of the accent of fours that threes need, to be believed where no meter is said."""
_USUAL_US = 500_000
"""Microseconds a quarter note where a file says no tempo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantised:
    """What was moved."""

    tempo_bpm: float
    """Of the beats that were found, quarter notes a minute, in the middle."""
    meter: str
    notes: int
    moved: int
    """Notes of these that lay beside the beats' grid, by a millisecond at least."""
    mean_ms: int
    """How far they were moved on average, in milliseconds."""
    most_ms: int
    """How far the furthest one was."""
    refused: str = ""
    """Why no beats were found; empty when they were, and all else is 0 when they were not."""

    def __str__(self) -> str:
        return (
            f"played freely: {self.moved:,} of {self.notes:,} notes were moved to the beats of {self.meter} at "
            f"{self.tempo_bpm:.0f} bpm, by {self.mean_ms} ms on average and {self.most_ms} ms at most"
        )


def quantise_song(song: MidiSong) -> tuple[MidiSong, Quantised]:
    """Return a song on the beats that it was played to, whatever its file says of tempo and bars.

    The new song has 12 ticks a quarter note, one tempo, and one meter from its beginning on: 3/4 or 4/4, whose first
    beat is where the accents are. Where no beats are found the song is returned as it is, and `Quantised.refused` says
    why.
    """
    seconds = _Clock(song)
    notes = sorted((note for track in song.tracks for note in track.notes), key=lambda note: note.start)
    onsets = [seconds.at(note.start) for note in notes]
    if len(set(onsets)) < _LEAST_ONSETS:
        return song, _refuse(f"it has fewer than {_LEAST_ONSETS} strokes, too few to find beats in")
    if onsets[-1] > MOST_MILLISECONDS:
        return song, _refuse("it lasts over half an hour, too long to find beats in")
    weights = [8 + note.velocity // 16 + 6 * (note.pitch < LOW_PITCH) for note in notes]
    period = find_period(onsets, weights)
    ruler = _Ruler(find_beats(onsets, weights, period), onsets)
    # what seem to be beats may be every second one: then notes lie beside their grid, and fit that of twice as many
    while ruler.error > _LOOSE_MS * len(onsets) and period // 2 >= LEAST_PERIOD:
        period //= 2
        finer = _Ruler(find_beats(onsets, weights, period), onsets)
        if 100 * ruler.error <= _FINER * finer.error:
            break
        ruler = finer
    beats = ruler.beats
    if ruler.off > _MOST_OFF:
        return song, _refuse("its notes follow no beats that could be found")
    accents = Counter[int]()
    for note, onset in zip(notes, onsets, strict=True):
        beat, rest = divmod(ruler.place(onset), TICKS_PER_BEAT)
        if rest == 0:
            accents[beat] += 2 + 3 * (note.pitch < LOW_PITCH) + min(4, (seconds.at(note.end) - onset) // 400)
    beats_a_bar, first = _find_bars(accents, len(beats), song)
    lead = (beats_a_bar - first) % beats_a_bar * TICKS_PER_BEAT

    def move(note: MidiNote) -> MidiNote:
        start = lead + ruler.place(seconds.at(note.start))
        return dataclasses.replace(note, start=start, end=max(start + 1, lead + ruler.end(seconds.at(note.end))))

    tracks = tuple(
        dataclasses.replace(
            track, notes=tuple(sorted(map(move, track.notes), key=lambda note: (note.start, note.pitch)))
        )
        for track in song.tracks
    )
    lengths = sorted(after - before for before, after in pairwise(beats))
    tempo = min(max(60_000 / lengths[len(lengths) // 2], TEMPO_RANGE[0]), TEMPO_RANGE[1])
    moves = [abs(onset - ruler.time(ruler.place(onset))) for onset in onsets]
    moved = [distance for distance in moves if distance]
    meter = f"{beats_a_bar}/4"
    quantised = Quantised(
        tempo_bpm=tempo,
        meter=meter,
        notes=len(notes),
        moved=len(moved),
        mean_ms=(2 * sum(moved) + len(moved)) // (2 * len(moved)) if moved else 0,
        most_ms=max(moves),
    )
    on_beats = dataclasses.replace(
        song,
        ticks_per_beat=TICKS_PER_BEAT,
        tracks=tracks,
        tempos=((0, tempo),),
        meters=((0, beats_a_bar, 4),),
        keys=tuple((0, name) for _, name in song.keys[:1]),
        end_tick=max(note.end for track in tracks for note in track.notes),
        markers=(),
    )
    return on_beats, quantised


def _refuse(why: str) -> Quantised:
    return Quantised(tempo_bpm=0, meter="", notes=0, moved=0, mean_ms=0, most_ms=0, refused=why)


class _Clock:
    """When each tick of a file sounds, in whole milliseconds."""

    def __init__(self, song: MidiSong) -> None:
        self._quarter = song.ticks_per_beat
        self._ticks, self._micros, self._tempos = [0], [0], [_USUAL_US]
        for tick, bpm in song.tempos:
            self._micros.append(self._micros[-1] + (tick - self._ticks[-1]) * self._tempos[-1])
            self._ticks.append(tick)
            self._tempos.append(round(60_000_000 / bpm))

    def at(self, tick: int) -> int:
        index = bisect_right(self._ticks, tick) - 1
        micros = self._micros[index] + (tick - self._ticks[index]) * self._tempos[index]
        return micros // (1000 * self._quarter)


class _Ruler:
    """Beats with places between them, on which onsets are put."""

    def __init__(self, beats: Sequence[int], onsets: Sequence[int]) -> None:
        self.beats = beats
        inside: dict[int, list[int]] = {}
        for onset in onsets:
            beat, share = self._share(onset)
            inside.setdefault(beat, []).append(share)
        errors = {
            beat: tuple(sum(_error(share, grid) for share in shares) for grid in _GRIDS)
            for beat, shares in inside.items()
        }
        triplets = sum(len(inside[beat]) for beat, (plain, three) in errors.items() if three < plain)
        rarer = 0 if 2 * triplets > len(onsets) else 1
        self._grids = {}
        for beat, found in errors.items():
            better = found[rarer] + _RARER * len(inside[beat]) < found[1 - rarer]
            self._grids[beat] = _GRIDS[rarer if better else 1 - rarer]
        self._usual = _GRIDS[1 - rarer]
        furthest = sum(_furthest(self._grids[beat]) * len(shares) for beat, shares in inside.items())
        error = sum(_error(share, self._grids[beat]) for beat, shares in inside.items() for share in shares)
        self.error = sum(abs(onset - self.time(self.place(onset))) for onset in onsets)
        """How far notes lie from the grid, in milliseconds together."""
        self.off = 1000 * error // max(1, furthest)
        """How far notes lie from the grid, in thousandths of the furthest that they can."""

    def _share(self, time: int) -> tuple[int, int]:
        """Return the beat before a time, and how far towards the next one it is, in thousandths."""
        beats = self.beats
        beat = min(max(0, bisect_right(beats, time) - 1), len(beats) - 2)
        return beat, 1000 * (time - beats[beat]) // (beats[beat + 1] - beats[beat])

    def place(self, time: int) -> int:
        """Return an onset's place, in ticks from the first beat."""
        beat, share = self._share(time)
        grid = self._grids.get(beat, self._usual)
        return beat * TICKS_PER_BEAT + min(grid, key=lambda tick: (abs(12 * share - 1000 * tick), tick))

    def end(self, time: int) -> int:
        """Return the tick nearest to the end of a note, which need not be on a grid."""
        beat, share = self._share(time)
        return beat * TICKS_PER_BEAT + (2 * 12 * share + 1000) // 2000

    def time(self, place: int) -> int:
        """Return when a place sounds, in milliseconds."""
        beat = min(place // TICKS_PER_BEAT, len(self.beats) - 2)
        before, after = self.beats[beat], self.beats[beat + 1]
        return before + (2 * (place - beat * TICKS_PER_BEAT) * (after - before) + TICKS_PER_BEAT) // (
            2 * TICKS_PER_BEAT
        )


def _error(share: int, grid: Sequence[int]) -> int:
    """Return how far a place between two beats lies from a grid, in thousandths of a beat."""
    return min(abs(12 * share - 1000 * tick) for tick in grid) // 12


def _furthest(grid: Sequence[int]) -> int:
    """Return how far a place can lie from a grid, in thousandths of a beat."""
    return 1000 * grid[1] // 24


def _find_bars(accents: Counter[int], count: int, song: MidiSong) -> tuple[int, int]:
    """Return the beats of a bar, and the first beat that begins one."""

    def accent(size: int) -> tuple[int, int]:
        """Return by how much first beats outweigh the others, in thousandths of a beat's mean weight, and the first."""
        sums = [sum(accents[beat] for beat in range(first, count, size)) for first in range(size)]
        whole = max(1, sum(sums))
        best = max(range(size), key=lambda first: (sums[first], -first))
        return 1000 * (size * sums[best] - whole) // whole, best

    said = {numerator for _, numerator, denominator in song.meters if denominator == 4}
    (four, first_of_four), (three, first_of_three) = accent(4), accent(3)
    if 3 in said and 4 not in said:
        return 3, first_of_three
    if said - {4}:
        return 4, first_of_four
    return (3, first_of_three) if 100 * three > _THREE_PERCENT * four else (4, first_of_four)
