"""Bar lines: pick-ups, meters that are written as others, and signatures that say nothing new."""

from __future__ import annotations

import pytest
from midisongs import notes, song

from gamemusic.score.barlines import BarLine, find_bar_lines, name_meter
from gamemusic.units import METERS

FOUR = METERS["4/4"]


def lines(*meters: tuple[int, int, int], end: int = 7680) -> list[BarLine]:
    return find_bar_lines(song({"tune": notes([0])}, meters=meters, end=end))


PLAIN = lines((0, 4, 4))


def test_a_signature_on_every_beat_is_none() -> None:
    assert [(line.start, line.end) for line in PLAIN] == [(0, 1920), (1920, 3840), (3840, 5760), (5760, 7680)]
    for step in (120, 480, 960, 1440, 1920):
        assert lines(*((tick, 4, 4) for tick in range(0, 7680, step))) == PLAIN


def test_an_equal_signature_where_bars_begin_anew_is_one() -> None:
    pick_up = lines((0, 4, 4), (480, 4, 4), end=8160)
    assert [(line.start, line.meter) for line in pick_up] == [(start, FOUR) for start in range(480 - 1920, 7680, 1920)]
    cut = lines((0, 4, 4), (3840 + 960, 4, 4), end=6720)
    assert [(line.start, line.end, line.meter) for line in cut] == [
        (0, 1920, FOUR), (1920, 3840, FOUR), (3840, 4800, None), (4800, 6720, FOUR)
    ]  # fmt: skip


@pytest.mark.parametrize(("short", "begin"), [((0, 1, 4), 480), ((0, 2, 4), 960), ((0, 3, 8), 720)])
def test_a_short_first_bar_is_filled_up(short: tuple[int, int, int], begin: int) -> None:
    found = lines(short, (begin, 4, 4), end=begin + 3840)
    assert [(line.start, line.end) for line in found] == [
        (begin - 1920, begin), (begin, begin + 1920), (begin + 1920, begin + 3840)
    ]  # fmt: skip


def test_only_what_is_shorter_than_a_bar_is_a_pick_up() -> None:
    found = lines((0, 4, 4), (960, 3, 4), (2400, 4, 4), end=4320)
    assert [(line.start, line.end, str(line.meter)) for line in found] == [
        (-480, 960, "3/4"), (960, 2400, "3/4"), (2400, 4320, "4/4")
    ]  # fmt: skip
    long = lines((0, 7, 8), (1680, 12, 8), end=1680 + 2880)  # a bar of 12/8 is two of 6/8
    assert [line.start for line in long] == [1680 - 2880, 1680 - 1440, 1680, 1680 + 1440]


@pytest.mark.parametrize(
    ("meter", "name", "bars"),
    [
        ((2, 2), "4/4", 4),
        ((4, 2), "4/4", 4),
        ((3, 8), "6/8", 6),
        ((12, 8), "6/8", 6),
        ((6, 4), "3/4", 6),
        ((6, 8), "6/8", 6),
    ],
)
def test_meters_that_are_written_as_others(meter: tuple[int, int], name: str, bars: int) -> None:
    found = lines((0, *meter), end=8640 if name != "4/4" else 7680)
    assert {str(line.meter) for line in found} == {name}
    assert len(found) == bars
    assert name_meter(*meter) == name


def test_other_meters_have_bars_too() -> None:
    assert [line.meter for line in lines((0, 7, 8))] == [None] * 5
    assert name_meter(7, 8) == "7/8"
