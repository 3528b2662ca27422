"""The fingerprint's file, its filter, and the figures it judges by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamemusic.errors import GameMusicError
from gamemusic.packs.fingerprint import (
    GRAM_NOTES,
    MAX_BYTES,
    Fingerprint,
    describe_bars,
    find_grams,
    load_fingerprint,
)
from gamemusic.tokens.bars import Bar, Event
from gamemusic.tokens.vocabulary import INTENSITY_BINS, STREAMS

LEAD = STREAMS.index("lead")
USUAL = {"rock": {"lead_notes": (100, 2000)}}
PACE = {"rock": {"lead": tuple(range(INTENSITY_BINS))}}


def line(pitches: list[int], distance: int = 6) -> list[Bar]:
    """Return bars of 48 ticks with one note after another."""
    bars: list[list[Event]] = [[] for _ in range(len(pitches) * distance // 48 + 1)]
    for index, pitch in enumerate(pitches):
        bar, position = divmod(index * distance, 48)
        bars[bar].append(Event(position, pitch, 1, 4))
    return [tuple(tuple(bar) if stream == LEAD else () for stream in range(len(STREAMS))) for bar in bars]


@given(st.lists(st.integers(1, 2**64 - 1), max_size=200), st.integers(8, 5000))
def test_the_file_gives_back_what_was_written(grams: list[int], bits: int) -> None:
    made = Fingerprint.build(USUAL, PACE, grams, bits)
    assert load_fingerprint(made.to_bytes()) == made
    assert all(made.holds(gram) for gram in grams)  # a filter never misses
    assert made.runs == len(set(grams))


def test_few_runs_are_found_that_are_not_there() -> None:
    step = 0x9E3779B97F4A7C15
    made = Fingerprint.build({}, {}, [index * step % 2**64 for index in range(1, 10_001)], 80_000)
    found = sum(made.holds(index * step % 2**64) for index in range(20_001, 30_001))
    assert found < 500  # 3 hashes, 8 bits a run: 3 %
    assert not made.holds(0)


@given(st.lists(st.integers(0, 40), min_size=GRAM_NOTES, max_size=30), st.integers(-5, 5))
def test_runs_do_not_depend_on_pitch_but_on_rhythm(pitches: list[int], shift: int) -> None:
    plain = find_grams(line(pitches), 48)
    assert len(plain) == len(pitches) - GRAM_NOTES + 1
    assert find_grams(line([pitch + shift + 5 for pitch in pitches]), 48) == plain
    slower = find_grams(line(pitches, 8), 48)
    assert all(a != b for a, b in zip(plain, slower, strict=True) if a)


def test_scales_and_repeated_notes_are_no_runs() -> None:
    assert find_grams(line([12] * 12), 48) == [0] * 5
    assert find_grams(line([0, 2, 4, 5, 7, 9, 11, 12, 14]), 48) == [0, 0]
    assert find_grams(line([14, 12, 11, 9, 7, 5, 4, 2, 0]), 48) == [0, 0]
    assert all(find_grams(line([0, 2, 4, 5, 7, 9, 11, 9]), 48))


def test_the_longest_run_counts_notes() -> None:
    tune = [0, 4, 7, 5, 9, 2, 11, 4, 12, 7, 3, 8, 1, 6, 10]
    made = Fingerprint.build({}, {}, find_grams(line(tune), 48), 65_536)
    assert made.longest_run(line(tune), 48) == 15
    assert made.longest_run(line([*tune[:10], 30, 31, 29, 35]), 48) == 10
    assert made.longest_run(line(tune[:7]), 48) == 0
    assert made.longest_run(line(tune[::-1]), 48) == 0


def test_figures_are_what_their_names_say() -> None:
    bars = line([0, 4, 0, 4, 7, 7, 7, 7], 12)[:2] + line([])[:1]
    assert describe_bars(bars, 48) == {
        "chords": 0,
        "lead_notes": 666,
        "lead_leaps": (4 + 4 + 4 + 3) * 1000 // 7,
        "lead_rests": 333,
        "lead_rhythms": 500,
        "repeats": 0,
    }
    held = [bars[0], bars[0]]
    assert describe_bars(held, 48)["repeats"] == 1000
    assert describe_bars([], 48) == {"chords": 0, "repeats": 0}


GOOD = Fingerprint.build(USUAL, PACE, [1, 2, 3], 64).to_bytes()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a fingerprint"),
        (b"PK\x03\x04", "not a fingerprint"),
        (GOOD[:-1], "bytes of filter"),
        (GOOD + b"x", "bytes of filter"),
        (GOOD.replace(b'"bits":64', b'"bits":"64"'), "bits"),
        (GOOD.replace(b'"format":1', b'"format":2'), "format"),
        (GOOD.replace(b'{"bits"', b'["bits"'), "header is damaged"),
        (GOOD.replace(b'"runs":3', b'"runs":-3'), "runs"),
        (GOOD.replace(b"100,2000", b"2000,100"), "low end above the high end"),
        (GOOD.replace(b'"lead":[0,1,', b'"lead":[0,'), "list of 8 to 8"),
        (GOOD + bytes(MAX_BYTES), "allowed are"),
        (b"gamemusic fingerprint\n" + b"[" * 100_000 + b"\n", "damaged"),
    ],
    ids=range(12),
)
def test_damaged_files_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(GameMusicError, match=words):
        load_fingerprint(data, file="mood/fingerprint.bin")
