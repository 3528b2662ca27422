"""The grid and what lies beside it: offsets that are found, halves that go up, and what is refused."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from midisongs import QUARTER, notes, song

from gamemusic.score.grid import GridFit, align, find_offset, fit_grid
from gamemusic.units import on_grid

SIXTEENTHS = [step * 120 for step in range(64) if step % 2 == 0 or (step % 7 != 5 and step % 3)]
TRIPLETS = [step * 160 for step in range(48)]
SWUNG = [beat * 480 + part for beat in range(32) for part in (0, 320)]


@pytest.mark.parametrize(
    ("rhythm", "offset"),
    [(SIXTEENTHS, offset) for offset in (20, 60, 13, 40, 100, -20, -33, 7)]
    + [(rhythm, offset) for rhythm in (TRIPLETS, SWUNG) for offset in (20, 60, 13, 40, -20, -33, 7)],
)
def test_a_constant_offset_is_found_and_taken_out(rhythm: list[int], offset: int) -> None:
    placed = [960 + start for start in rhythm]
    late = song({"tune": notes([start + offset for start in placed])})
    assert find_offset(late) == offset
    aligned, found = align(late)
    assert found == offset
    assert [note.start for note in aligned.tracks[0].notes] == placed
    assert aligned.end_tick == late.end_tick - offset


def test_quarter_notes_come_back_to_their_beats() -> None:
    for offset in (-200, -120, 60, 120, 200):
        assert find_offset(song({"tune": notes([offset + 480 * beat for beat in range(2, 40)])})) == offset


@pytest.mark.parametrize(
    "rhythm",
    [
        SIXTEENTHS,
        TRIPLETS,
        SWUNG,
        [240 + 480 * beat for beat in range(32)],  # off the beat, all of it
        [60 * step for step in range(64)],  # thirty-seconds
        [step * 480 // 5 for step in range(64)],  # quintuplets
        [step * 480 + (step * 37 % 64) * 5 for step in range(64)],  # played freely
        [5],
        [],
    ],
)
def test_what_has_no_offset_keeps_its_place(rhythm: list[int]) -> None:
    assert align(song({"tune": notes(rhythm)}, end=QUARTER))[1] in (0, *rhythm[:1] * (len(rhythm) == 1))


def test_a_few_notes_beside_the_rest_change_nothing() -> None:
    starts = [20 + start for start in SIXTEENTHS] + [33, 1001, 2222]
    assert find_offset(song({"tune": notes(sorted(starts))})) == 20
    assert find_offset(song({"tune": notes(sorted(SIXTEENTHS + [33, 1001, 2222]))})) == 0


def test_bars_that_begin_late_themselves_are_no_offset() -> None:
    """A grace note before the first beat, as a short bar of its own: the bar line is where the notes are."""
    late = notes([0, *(60 + start for start in SIXTEENTHS)])
    assert find_offset(song({"tune": late}, meters=((0, 1, 32), (60, 4, 4)))) == 0
    assert find_offset(song({"tune": late})) == 60


def test_nothing_begins_before_the_song() -> None:
    starts = [0, *(20 + start for start in SIXTEENTHS[1:])]
    aligned, offset = align(song({"tune": notes(starts)}))
    assert offset == 20
    assert [note.start for note in aligned.tracks[0].notes] == SIXTEENTHS


def test_the_work_of_finding_an_offset_does_not_grow_with_the_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file may hold a million notes on as many different places."""
    from gamemusic.score import grid

    looked = Counter[int]()
    around = grid._Onsets._around

    def count(self: grid._Onsets, offset: int, place: int) -> int:
        looked[size] += 1
        return around(self, offset, place)

    monkeypatch.setattr(grid._Onsets, "_around", count)
    for size in (1_000, 16_000):
        find_offset(song({"free": notes([start * 31 % 32749 for start in range(size)])}, quarter=32767))
    assert looked[16_000] <= 1.2 * looked[1_000]


@given(st.integers(-10_000, 1_000_000), st.integers(1, 32767), st.sampled_from([12, 480]))
def test_the_grid_is_rounded_to_with_halves_going_up(tick: int, quarter: int, grid: int) -> None:
    place = on_grid(tick, quarter, grid)
    distance = 2 * (tick * grid - place * quarter)
    assert -quarter <= distance < quarter


def test_thirty_seconds_keep_their_distances() -> None:
    assert [on_grid(60 * step, 480) for step in range(9)] == [0, 2, 3, 5, 6, 8, 9, 11, 12]


@given(st.lists(st.integers(0, 5000), max_size=60), st.integers(1, 1000))
def test_what_is_taken_strictly_is_taken_loosely(starts: list[int], quarter: int) -> None:
    fit = fit_grid(starts, quarter)
    assert fit.placed == len(starts)
    assert fit.refuse(loose=False) or not fit.refuse(loose=True)


@given(st.integers(0, 100), st.integers(0, 100))
def test_what_is_refused_loosely_is_refused_strictly(moved: int, free: int) -> None:
    fit = GridFit(100, moved, free)
    assert not fit.refuse(loose=True) or fit.refuse(loose=False)


def test_half_ticks_and_third_ticks_are_a_grid() -> None:
    for step in (60, 20, 40, 480 // 9 + 1):
        fit = fit_grid([step * count for count in range(24)], 480)
        assert fit.free <= 2 or step == 54
    assert not fit_grid([60 * count for count in range(64)], 480).refuse(loose=True)
