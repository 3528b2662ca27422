"""Chords before notes: a phrase's end does what it is asked, whatever the model planned."""

from __future__ import annotations

import pytest

from gamemusic.composer.harmony import (
    ChordPlan,
    close_plan,
    plan_of_phrase,
    plan_of_progression,
    plan_of_sections,
)
from gamemusic.errors import InputError
from gamemusic.score.phrase import Chord, Phrase
from gamemusic.theory import parse_key
from gamemusic.tokens.bars import cut_bars
from gamemusic.tokens.vocabulary import QUALITY_NAMES
from gamemusic.units import parse_meter


def frame(key: str = "C", bars: int = 4, meter: str = "4/4", ending: str = "loop") -> Phrase:
    return Phrase(bars=bars, meter=parse_meter(meter), tempo_bpm=100, key=parse_key(key), tracks=(), ending=ending)


def named(plan: ChordPlan) -> list[tuple[int, int, str]]:
    return [(tick, number // len(QUALITY_NAMES), QUALITY_NAMES[number % len(QUALITY_NAMES)]) for tick, number in plan]


def number(root: int, quality: str) -> int:
    return root * len(QUALITY_NAMES) + QUALITY_NAMES.index(quality)


ONE, FOUR, FIVE = number(0, "maj"), number(5, "maj"), number(7, "maj")


def test_a_loop_that_would_rest_turns_back() -> None:
    assert named(close_plan(((0, ONE), (96, FOUR), (144, ONE)), frame())) == [
        (0, 0, "maj"),
        (96, 5, "maj"),
        (144, 0, "maj"),
        (168, 7, "maj"),
    ]
    assert close_plan(((0, ONE), (144, FIVE)), frame()) == ((0, ONE), (144, FIVE))  # it leads back already
    assert close_plan((), frame()) == ((168, FIVE),)


@pytest.mark.parametrize(
    ("key", "root"),
    [("C", 7), ("C minor", 7), ("C dorian", 10), ("C mixolydian", 10), ("C phrygian", 1), ("C lydian", 7)],
)
def test_each_mode_has_its_own_way_back(key: str, root: int) -> None:
    assert named(close_plan(((0, ONE),), frame(key)))[-1] == (168, root, "maj")


@pytest.mark.parametrize(("meter", "tick"), [("4/4", 168), ("3/4", 120), ("6/8", 126), ("2/4", 84)])
def test_the_turn_stands_on_a_felt_beat(meter: str, tick: int) -> None:
    closed = close_plan(((0, ONE),), frame(meter=meter))
    assert closed[-1] == (tick, FIVE)
    assert tick % parse_meter(meter).pulse_ticks == 0


def test_a_cadence_comes_to_rest() -> None:
    plan = ((0, ONE), (96, FOUR), (130, FIVE), (144, FOUR), (180, FIVE))
    assert close_plan(plan, frame(ending="cadence")) == ((0, ONE), (96, FOUR), (120, FIVE), (144, ONE))
    assert named(close_plan(plan, frame("A minor", ending="cadence")))[-1] == (144, 0, "min")
    assert close_plan((), frame(bars=1, ending="cadence")) == ((0, ONE),)


def test_a_progression_repeats_to_the_end() -> None:
    plan = named(plan_of_progression(("i", "VI", "III7"), frame("A minor")))
    assert plan == [(0, 0, "min"), (48, 8, "maj"), (96, 3, "7"), (144, 0, "min")]


def test_harmony_is_taken_over_in_another_key_and_length() -> None:
    theirs = frame("D", bars=2).replace(chords=(Chord(0, 2, "maj"), Chord(48, 9, "7")))
    assert named(plan_of_phrase(theirs, frame("Bb", bars=3))) == [(0, 0, "maj"), (48, 7, "7"), (96, 0, "maj")]
    composed = [
        (48 * index + event.position, event.number) for index, bar in enumerate(cut_bars(theirs)) for event in bar[0]
    ]
    assert tuple(composed) == ((0, ONE), (48, number(7, "7")))
    with pytest.raises(InputError, match="harmony of a phrase in 4/4 cannot be used in 3/4"):
        plan_of_phrase(theirs, frame(meter="3/4"))
    with pytest.raises(InputError, match="has no chords"):
        plan_of_phrase(frame(), frame())


@pytest.mark.parametrize(
    ("key", "chords"),
    [
        ("C", [(0, "maj"), (5, "maj"), (7, "maj"), (9, "min")]),
        ("C minor", [(0, "min"), (5, "min"), (7, "maj"), (8, "maj")]),
        ("C dorian", [(0, "min"), (5, "maj"), (10, "maj"), (9, "dim")]),
        ("C mixolydian", [(0, "maj"), (5, "maj"), (10, "maj"), (9, "min")]),
        ("C phrygian", [(0, "min"), (5, "min"), (1, "maj"), (8, "maj")]),
        ("C lydian", [(0, "maj"), (6, "dim"), (7, "maj"), (9, "min")]),
    ],
)
def test_steps_are_the_keys_own_triads_and_five_leads_back(key: str, chords: list[tuple[int, str]]) -> None:
    assert [chord[1:] for chord in named(plan_of_progression(("1", "4", "5", "6"), frame(key)))] == chords


def test_sections_of_one_letter_share_a_progression() -> None:
    formed = frame(bars=8).replace(form=("A", "A'", "B", "A"))
    plan = named(plan_of_sections({"A": ("1", "4"), "B": ("6", "5")}, formed))
    assert [root for _, root, _ in plan] == [0, 5, 0, 5, 9, 7, 0, 5]
    assert [tick for tick, _, _ in plan] == [48 * bar for bar in range(8)]
    assert [root for _, root, _ in named(plan_of_sections({"": ("1", "4", "5")}, frame(bars=4)))] == [0, 5, 7, 0]


@pytest.mark.parametrize(
    ("meter", "ticks"),
    [
        ("4/4", [[0], [0, 24], [0, 12, 24], [0, 12, 24, 36]]),
        ("3/4", [[0], [0, 12], [0, 12, 24], [0, 6, 18, 24]]),
        ("6/8", [[0], [0, 18], [0, 12, 24], [0, 6, 18, 24]]),
        ("2/4", [[0], [0, 12], [0, 6, 12], [0, 6, 12, 18]]),
    ],
)
def test_chords_that_share_a_bar_stand_on_beats(meter: str, ticks: list[list[int]]) -> None:
    length = parse_meter(meter).bar_ticks
    plan = plan_of_progression(("i", "Dm Gm", "i V i", "i iv V i"), frame("D minor", meter=meter))
    assert [tick for tick, _ in plan] == [bar * length + tick for bar in range(4) for tick in ticks[bar]]
    assert named(plan)[1:3] == [(length, 0, "min"), (length + ticks[1][1], 5, "min")]


def test_chords_by_name_move_with_the_key_they_belong_to() -> None:
    written = ("Am", "F G", "V")
    in_d = frame("D minor", bars=3)
    assert [root for _, root, _ in named(plan_of_progression(written, in_d))] == [7, 3, 5, 7]  # where they sound
    moved = named(plan_of_progression(written, in_d, parse_key("A minor")))
    assert [root for _, root, _ in moved] == [0, 8, 10, 7]


@pytest.mark.parametrize("key", ["E phrygian", "E minor", "E dorian"])
def test_a_flat_second_is_a_semitone_above_the_tonic_in_every_mode(key: str) -> None:
    assert named(plan_of_progression(("I", "bII"), frame(key, bars=2))) == [(0, 0, "maj"), (48, 1, "maj")]
