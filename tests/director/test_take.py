"""Phrases on the grid of frames."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamemusic.composer.composer import Composer
from gamemusic.director.program import make_rest
from gamemusic.director.take import LEVELS, choose_level, make_take
from gamemusic.packs.library import find_pack
from gamemusic.score.phrase import Phrase, Role


@pytest.fixture(scope="module")
def phrase(tiny_pack: Path) -> Phrase:
    return Composer(find_pack(tiny_pack)).compose(seed=3, style="chamber", meter="4/4")


def test_all_lies_on_the_grid_of_64(phrase: Phrase) -> None:
    take = make_take(phrase, 44100)
    assert take.frames % 64 == 0
    assert take.pulses[0] == 0
    assert take.pulses[-1] == take.frames
    assert len(take.bar_frames) == phrase.bars + 1
    for level in take.levels:
        for line in level.values():
            assert all(frame % 64 == 0 for frame in (*line.starts, *line.ends))
            assert list(line.starts) == sorted(line.starts)
            assert all(end > start for start, end in zip(line.starts, line.ends, strict=True))
            assert max(line.ends) <= take.frames + 64


def test_length_is_that_of_the_tempo(phrase: Phrase) -> None:
    take = make_take(phrase, 48000)
    assert abs(take.frames - phrase.seconds * 48000) <= 32


def test_a_moving_tempo_takes_the_time_between_and_ends_at_the_new_pace(phrase: Phrase) -> None:
    slow = phrase.replace(tempo_bpm=60.0)
    quick = phrase.replace(tempo_bpm=120.0)
    take = make_take(quick, 48000, tempo_from=60.0)
    assert make_take(quick, 48000).frames < take.frames < make_take(slow, 48000).frames
    beats = [second - first for first, second in zip(take.pulses, take.pulses[1:], strict=False)]
    assert beats == sorted(beats, reverse=True)
    assert abs(beats[0] - 48000) < 2000
    assert abs(beats[-1] - 24000) < 2000


def test_more_intensity_adds_roles(phrase: Phrase) -> None:
    take = make_take(phrase, 48000)
    for lower, higher in zip(take.levels, take.levels[1:], strict=False):
        assert set(lower) <= set(higher)
    assert Role.COUNTER not in take.levels[0]
    assert Role.COUNTER in take.levels[-1]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.floats(0, 0.1))
def test_levels_follow_with_hysteresis(intensities: list[float], hysteresis: float) -> None:
    level = None
    for intensity in intensities:
        before, level = level, choose_level(intensity, level, hysteresis)
        assert abs(LEVELS[level] - intensity) <= 0.1 + hysteresis + 1e-9
        if before is not None and level != before:
            assert abs(LEVELS[before] - intensity) > 0.1 + hysteresis - 1e-9


def test_trembling_at_a_border_changes_nothing() -> None:
    level, seen = choose_level(0.19, None, 0.03), set()
    for number in range(100):
        level = choose_level(0.2 + (0.02 if number % 2 else -0.02), level, 0.03)
        seen.add(level)
    assert len(seen) == 1
    # the control: without hysteresis it flutters
    assert len({choose_level(0.2 + (0.02 if number % 2 else -0.02), None, 0.0) for number in range(2)}) == 2


def test_a_rest_is_silent_and_in_time(phrase: Phrase) -> None:
    take = make_take(phrase, 48000)
    rest = make_rest(take, 2)
    assert rest.kind == "rest"
    assert abs(rest.frames - 2 * take.frames / phrase.bars) <= 128
    assert rest.pulses[-1] == rest.frames
    assert not any(rest.levels)
