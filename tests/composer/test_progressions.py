"""The library of progressions: each can be read in its mode and does what it says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gamemusic.chordnames import parse_bar
from gamemusic.composer.harmony import plan_of_sections
from gamemusic.composer.progressions import Progression, load_progressions, write_progressions
from gamemusic.scales import MODES, SCALES
from gamemusic.score.phrase import Phrase
from gamemusic.theory import Key
from gamemusic.units import METERS

DOES = ("open", "away", "turn", "close")


def roots(one: Progression, tonic: int = 0) -> list[int]:
    key = Key(tonic, one.mode)
    return [(root - tonic) % 12 for bar in one.bars for root, _ in parse_bar(bar, key)]


@pytest.mark.parametrize("one", load_progressions(), ids=lambda one: f"{one.mode} {one.does} {' '.join(one.bars)}")
def test_each_does_what_it_says(one: Progression) -> None:
    assert one.mode in MODES
    assert one.does in DOES
    assert len(one.bars) == 4
    assert one.origin
    found = roots(one)
    assert found == roots(one, 3)
    assert (found[0] == 0) == (one.does == "open" or (one.does in ("turn", "close") and found[0] == 0))
    if one.does == "turn":
        assert found[-1] != 0, "it has to lead back"
    if one.does == "close":
        assert found[-1] == 0


def test_every_mode_can_open_go_away_turn_and_close() -> None:
    for mode in MODES:
        assert {one.does for one in load_progressions() if one.mode == mode} == set(DOES)


def test_no_progression_stands_there_twice() -> None:
    lines = [(one.mode, one.does, one.bars) for one in load_progressions()]
    assert len(set(lines)) == len(lines)


@settings(deadline=None)
@given(
    st.sampled_from(sorted(SCALES)),
    st.integers(1, 64),
    st.sampled_from([(), ("A", "B"), ("A", "A'", "B", "A")]),
    st.sampled_from(sorted(METERS)),
    st.integers(0, 2**32),
    st.sets(st.sampled_from(["A", "B", ""])),
)
def test_whatever_is_drawn_fills_the_phrase_from_the_tonic_on(
    mode: str, bars: int, form: tuple[str, ...], meter: str, seed: int, periods: set[str]
) -> None:
    form = form if form and bars % len(form) == 0 else ()
    frame = Phrase(bars=bars, meter=METERS[meter], tempo_bpm=100, key=Key(2, mode), tracks=(), form=form)
    drawn = write_progressions(frame, lambda purpose, count: (seed * 31 + purpose) % count, periods)
    size = bars // max(1, len(form))
    assert all(len(chords) >= size for chords in drawn.values())
    plan = plan_of_sections(drawn, frame)
    assert plan[0][0] == 0
    assert plan[0][1] // 12 == 0 or bars == 1 or plan[0][1] < 12
    length = frame.meter.bar_ticks
    assert {tick // length for tick, _ in plan} == set(range(bars))


def test_a_period_begins_its_second_half_like_its_first() -> None:
    frame = Phrase(bars=8, meter=METERS["4/4"], tempo_bpm=100, key=Key(0, "major"), tracks=())
    drawn = write_progressions(frame, lambda purpose, count: purpose % count, [""])[""]
    assert drawn[4:6] == drawn[:2]


def constant(number: int) -> Callable[[int, int], int]:
    return lambda _, count: number % count


def test_what_suits_a_mood_is_drawn_more_often() -> None:
    def share(mood: str) -> float:
        frame = Phrase(bars=4, meter=METERS["4/4"], tempo_bpm=100, key=Key(0, "minor"), tracks=(), mood=mood)
        battle = {one.bars for one in load_progressions() if one.mode == "minor" and "combat" in one.moods}
        found = [write_progressions(frame, constant(draw))[""] for draw in range(200)]
        return sum(bars in battle for bars in found) / 200

    assert share("combat") > 2 * share("sorrow")
