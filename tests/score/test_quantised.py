"""Music that was played freely: the beats that it was played to are found, and what was moved is told."""

from __future__ import annotations

import dataclasses
import math
import random
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from midisongs import song

from gamemusic.score.beats import find_beats, find_period
from gamemusic.score.grid import fit_song
from gamemusic.score.midi import MidiNote, MidiSong
from gamemusic.score.quantised import quantise_song

Score = list[tuple[int, int, int]]
"""(tick, length, pitch), in twelfths of a beat."""


def waltz(bars: int = 24) -> Score:
    """Return a tune of eighths and quarters over a bass note and two chords a bar."""
    score: Score = []
    for bar in range(bars):
        for step, length in ((0, 12), (12, 6), (18, 6), (24, 12)):
            score.append((36 * bar + step, length, 72 + (bar * 5 + step) % 9))
        score.append((36 * bar, 34, 40 + bar % 4))
        score += [(36 * bar + beat, 10, pitch) for beat in (12, 24) for pitch in (55, 59)]
    return score


def march(bars: int = 24) -> Score:
    """Return a tune with sixteenths and rests over a bass and chords, in fours."""
    score: Score = []
    for bar in range(bars):
        for step, length in ((0, 12), (12, 6), (18, 3), (21, 3), (24, 18), (42, 6)):
            score.append((48 * bar + step, length, 67 + (bar * 7 + step) % 11))
        score += [(48 * bar + beat, 11, 36 + beat % 24) for beat in (0, 24)]
        score += [(48 * bar, 46, pitch) for pitch in (55, 60)]
    return score


def shuffle(bars: int = 24) -> Score:
    """Return a tune of triplets over a walking bass."""
    score: Score = []
    for bar in range(bars):
        score += [(48 * bar + 12 * beat + part, 4, 70 + (bar + beat) % 7) for beat in range(4) for part in (0, 8)]
        score += [(48 * bar + 12 * beat, 12, 40 + beat) for beat in range(4)]
    return score


def perform(score: Score, *, bpm: float, rubato: float, jitter: float, seed: int) -> MidiSong:
    """Return a score as somebody plays it whose machine ticks at 120 a minute: a tempo that wanders by ``rubato``, and
    onsets that scatter by ``jitter`` seconds.
    """
    rng = random.Random(seed)

    def seconds(tick: float) -> float:
        beat = tick / 12
        return 1.3 + (beat + rubato * 16 / math.tau * math.sin(math.tau * beat / 16)) * 60 / bpm

    def at(second: float) -> int:
        return max(0, round(second * 960))

    notes = []
    for tick, length, pitch in score:
        start = at(seconds(tick) + rng.gauss(0, jitter))
        notes.append(MidiNote(start, max(start + 10, at(seconds(tick + length))), pitch, 80, 0, 0))
    return song({"": tuple(sorted(notes, key=lambda note: (note.start, note.pitch)))}, meters=())


def right(score: Score, quantised: MidiSong) -> float:
    """Return the share of notes that stand where the score has them, with its beats or twice or half of them."""
    found: dict[int, list[int]] = {}
    for note in quantised.tracks[0].notes:
        found.setdefault(note.pitch, []).append(note.start)
    best = 0
    for times in (1, 2, 4):
        shifts = Counter[int]()
        where: dict[int, list[int]] = {}
        for tick, _, pitch in sorted(score):
            where.setdefault(pitch, []).append(tick)
        for pitch, ticks in where.items():
            shifts.update(2 * start - times * tick for tick, start in zip(ticks, found[pitch], strict=True))
        best = max(best, shifts.most_common(1)[0][1])
    return best / len(score)


@pytest.mark.parametrize("bpm", [76, 100, 132])
@pytest.mark.parametrize("rubato", [0.0, 0.05, 0.1])
@pytest.mark.parametrize("kind", [waltz, march, shuffle])
def test_the_beats_that_it_was_played_to_are_found(kind: object, rubato: float, bpm: float) -> None:
    assert callable(kind)
    score = kind()
    played = perform(score, bpm=bpm, rubato=rubato, jitter=0.012, seed=round(bpm))
    assert fit_song(played).refuse(loose=True)
    quantised, moves = quantise_song(played)
    assert not moves.refused
    assert right(score, quantised) > 0.95
    assert not fit_song(quantised).refuse(loose=False)
    assert (moves.notes, moves.moved <= moves.notes) == (len(score), True)
    assert 0 < moves.mean_ms < 25
    assert moves.mean_ms < moves.most_ms < 130


def test_bars_begin_where_the_accents_are() -> None:
    for kind, meter, bar in ((waltz, "3/4", 36), (march, "4/4", 48)):
        score = kind()
        quantised, moves = quantise_song(perform(score, bpm=100, rubato=0.04, jitter=0.01, seed=2))
        assert moves.meter == meter
        assert abs(moves.tempo_bpm - 100) < 4
        lowest = [note.start % bar for note in quantised.tracks[0].notes if note.pitch < 48]
        assert Counter(lowest).most_common(1)[0][0] == 0
        assert quantised.meters == ((0, int(meter[0]), 4),)


def test_what_was_moved_is_told_to_the_millisecond() -> None:
    """Beats half a second apart, and one note in each tenth that comes 40 ms late."""
    notes = tuple(
        MidiNote(480 * beat + 38 * (beat % 10 == 9), 480 * beat + 400, 60 + beat % 5, 80, 0, 0) for beat in range(60)
    )
    doubled = notes + tuple(MidiNote(480 * beat, 480 * beat + 400, 40, 80, 0, 0) for beat in range(60))
    played = song({"": tuple(sorted(doubled, key=lambda note: note.start))}, meters=())
    _, moves = quantise_song(played)
    assert (moves.notes, moves.moved, moves.mean_ms, moves.most_ms) == (120, 6, 39, 39)
    assert str(moves) == (
        "played freely: 6 of 120 notes were moved to the beats of 4/4 at 120 bpm, by 39 ms on average and 39 ms at most"
    )


def test_tempos_of_the_file_are_its_clock() -> None:
    """The same seconds, whatever the file says that they are in."""
    score = march()
    played = perform(score, bpm=96, rubato=0.05, jitter=0.01, seed=3)

    def stretch(tick: int) -> int:
        return 2 * tick if tick <= 9600 else 19200 + (tick - 9600) // 2

    notes = tuple(
        dataclasses.replace(note, start=stretch(note.start), end=max(stretch(note.start) + 1, stretch(note.end)))
        for note in played.tracks[0].notes
    )
    other = dataclasses.replace(song({"": notes}, meters=()), tempos=((0, 240.0), (19200, 60.0)))
    assert right(score, quantise_song(other)[0]) > 0.95


def test_what_has_no_beats_is_told() -> None:
    rng = random.Random(5)
    starts = sorted(rng.sample(range(96_000), 600))  # six a second
    noise = song({"": tuple(MidiNote(start, start + 50, 60, 80, 0, 0) for start in starts)}, meters=())
    same, moves = quantise_song(noise)
    assert same is noise
    assert moves.refused == "its notes follow no beats that could be found"
    assert quantise_song(song({"": noise.tracks[0].notes[:12]}))[1].refused.startswith("it has fewer than 16 strokes")
    long = song(
        {
            "": tuple(
                dataclasses.replace(note, start=note.start * 40, end=note.end * 40) for note in noise.tracks[0].notes
            )
        }
    )
    assert quantise_song(long)[1].refused == "it lasts over half an hour, too long to find beats in"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30_000), st.integers(1, 127)), min_size=2, max_size=80))
def test_beats_hold_all_that_is_struck(strokes: list[tuple[int, int]]) -> None:
    strokes.sort()
    onsets = [time for time, _ in strokes]
    if len(set(onsets)) < 2:
        return
    weights = [weight for _, weight in strokes]
    period = find_period(onsets, weights)
    beats = find_beats(onsets, weights, period)
    assert beats[0] <= onsets[0]
    assert beats[-1] > onsets[-1]
    assert all(after > before for before, after in pairwise(beats))
    assert all(type(beat) is int for beat in beats)
    assert beats == find_beats(np.array(onsets).tolist(), weights, period)
