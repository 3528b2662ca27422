"""A melody over chords, and what a plan makes of an idea: in register, on the chords, the same every time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gamemusic.composer.idea import weigh_idea
from gamemusic.composer.melody import Ground, Tone, _place, fit, move
from gamemusic.composer.motif import PLANS, choose_plan, ornament, words_for, write_section
from gamemusic.scales import MODES
from gamemusic.tokens.vocabulary import CHORDS, QUALITY_NAMES, STYLE_NAMES
from gamemusic.units import METERS, parse_meter

MAJOR = MODES["major"]


def chord(root: int, quality: str = "maj") -> int:
    return root * len(QUALITY_NAMES) + QUALITY_NAMES.index(quality)


def ground(*chords: int, meter: str = "4/4", low: int = 60, high: int = 79) -> Ground:
    """A bar of each chord."""
    counted = parse_meter(meter)
    plan = tuple((bar * counted.bar_ticks, number) for bar, number in enumerate(chords))
    return Ground(counted, MAJOR, plan, low, high)


def line(*pitches: int, length: int = 12, first: int = 0) -> list[Tone]:
    return [Tone(first + length * place, length, pitch, 4) for place, pitch in enumerate(pitches)]


def pitches(tones: list[Tone] | tuple[Tone, ...]) -> list[int]:
    return [tone.pitch for tone in tones]


def test_what_fits_stays_as_it_is() -> None:
    tune = line(60, 62, 64, 67)
    assert fit(tune, ground(chord(0)), None)[1] == tune


def test_main_beats_are_put_on_the_chord_and_the_line_keeps_its_shape() -> None:
    placed = pitches(fit(line(60, 62, 64, 65), ground(chord(7)), None)[1])
    assert placed[0] % 12 in (7, 11, 2)
    assert placed[2] % 12 in (7, 11, 2)
    assert all(a < b for a, b in pairwise(placed))


def test_a_note_that_rests_belongs_to_the_chord() -> None:
    tones = [*line(64, 62), Tone(24, 24, 61, 4, rests=True)]
    assert fit(tones, ground(chord(0)), None)[1][-1].pitch % 12 in (0, 4, 7)


def test_moving_keeps_what_lies_between_steps() -> None:
    assert move(60, 2, MAJOR) == 64
    assert move(61, 1, MAJOR) == 63
    assert move(60, -1, MAJOR) == 59
    assert move(move(71, 5, MAJOR), -5, MAJOR) == 71


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(50, 90), st.integers(1, 24)), min_size=1, max_size=8),
    st.lists(st.integers(0, CHORDS - 1), min_size=1, max_size=3),
    st.sampled_from(sorted(METERS)),
    st.one_of(st.none(), st.integers(55, 85)),
)
def test_any_line_finds_its_place_near_the_register(
    notes: list[tuple[int, int]], chords: list[int], meter: str, before: int | None
) -> None:
    tones, tick = [], 0
    for pitch, duration in notes:
        tones.append(Tone(tick, duration, pitch, 3))
        tick += duration
    here = ground(*chords, meter=meter)
    cost, placed = fit(tones, here, before)
    assert cost >= 0
    assert [replace(tone, pitch=0) for tone in placed] == [replace(tone, pitch=0) for tone in tones]
    assert all(here.low - 2 <= tone.pitch <= here.high + 2 for tone in placed)
    assert fit(tones, here, before) == (cost, placed)


IDEA = (line(64, 65, 67, 64), line(60, 62, 64, 62, first=48))


def test_words_do_what_they_say() -> None:
    here = ground(*[chord(0)] * 8)
    written = write_section(["1", "2", "1+", "1-", "1r", "1~", ".", "C"], IDEA, here, 0)
    assert sorted(written) == [0, 1, 2, 3, 4, 5, 7]
    assert pitches(written[0]) == [64, 65, 67, 64]
    assert sum(pitches(written[2])) > sum(pitches(written[0])) > sum(pitches(written[3]))
    rhythm = [tone.tick % 48 for tone in written[0]]
    for bar in (2, 3, 4):
        assert [tone.tick % 48 for tone in written[bar]] == rhythm
    turned = pitches(written[4])
    assert turned[1] < turned[0] < turned[2] + 12
    assert len(written[5]) == len(written[0]) + 1
    close = written[7][-1]
    assert close.duration == 18
    assert close.pitch % 12 in (0, 4)


def test_other_pitches_are_others() -> None:
    here = ground(*[chord(0)] * 3)
    written = write_section(["1", "1*", "1*"], IDEA, here, 0)
    assert pitches(written[1]) != pitches(written[0])


@settings(deadline=None)
@given(
    st.sampled_from(STYLE_NAMES),
    st.integers(0, 1 << 16),
    st.integers(1, 40),
    st.sampled_from(sorted(METERS)),
    st.lists(st.integers(0, CHORDS - 1), min_size=1, max_size=40),
)
def test_every_plan_fills_bars_with_notes_that_lie_inside_them(
    style: str, draw: int, bars: int, meter: str, chords: list[int]
) -> None:
    plan = choose_plan(style, draw)
    assert plan in PLANS
    words = words_for(plan, bars)
    assert len(words) == bars
    here = ground(*chords, meter=meter)
    length = here.meter.bar_ticks
    step = length // 4
    idea = (line(64, 67, 65, 64, length=step), line(62, 64, 65, 62, length=step, first=length))
    written = write_section(words, idea, here, 3)
    assert {bar - 3 for bar in written} == {index for index, word in enumerate(words) if word != "."}
    for bar, tones in written.items():
        assert all(bar * length <= tone.tick for tone in tones)
        assert all(tone.tick + tone.duration <= (bar + 1) * length for tone in tones)
        assert all(a.tick + a.duration <= b.tick for a, b in pairwise(tones))


def test_plans_are_eight_bars_that_state_the_idea_and_close() -> None:
    for plan in PLANS:
        assert len(plan.bars) == 8
        assert plan.bars[0] == "1"
        assert plan.bars[-1] == "C"
        moved = sum(word[:1] in "12" and word[1:] in ("*", "+", "-", "r") for word in plan.bars)
        assert moved <= 4, f"{plan.name} goes on for ever"


def test_an_idea_that_only_repeats_a_note_is_worse() -> None:
    here = ground(chord(0), chord(7))
    good = weigh_idea([line(64, 65, 67), line(62, 67, 65, 62, first=48)], here, (500, 1500))
    dull = weigh_idea([line(64, 64, 64, 64), line(62, 62, 62, 62, first=48)], here, (500, 1500))
    wild = weigh_idea([line(64, 78, 61, 77), line(61, 76, 60, 79, first=48)], here, (500, 1500))
    empty = weigh_idea([line(64), []], here, (500, 1500))
    assert good < dull < empty
    assert good < wild < empty


@pytest.mark.parametrize("tones", [line(60, 64), line(60, 62, 64, 65, length=6), [Tone(0, 48, 72, 3)]])
def test_an_ornament_keeps_the_bar_filled(tones: list[Tone]) -> None:
    changed = ornament(tones, ground(chord(0)))
    assert changed != tones
    assert sum(tone.duration for tone in changed) == sum(tone.duration for tone in tones)


def test_a_melody_costs_what_its_rules_say() -> None:
    """One note where it lies: 0 is what fits; a borrowed tone, one struck again and a wide leap cost something."""
    here = ground(chord(0), chord(2), chord(2, "min"))
    assert fit(line(60), here, None) == (0, line(60))
    assert fit(line(66, first=48), here, None) == (3, line(66, first=48))
    assert fit(line(62, first=96), here, None) == (0, line(62, first=96))  # from its tick on, a chord is in force
    assert fit(line(60), here, 60)[0] == 4
    assert fit(line(67), here, 60)[0] == 0
    assert fit(line(72), here, 60)[0] == 5  # which is as far as G
    assert pitches(fit(line(70, first=12), ground(chord(0)), None)[1]) != [70]  # foreign, though it only passes


def test_a_semitone_above_a_tone_of_the_chord_rubs() -> None:
    """On C major: F and C sharp and A flat, not B nor E flat nor F sharp, which lie below one."""
    costs = _place(np.arange(60, 72, dtype=np.int32), Tone(0, 12, 66, 4), ground(chord(0)))
    near = costs - np.abs(np.arange(60, 72) - 66)
    scale = [14 * (name not in MAJOR) for name in range(12)]
    assert (near - scale).tolist() == [0, 27, 18, 18, 0, 27, 18, 0, 27, 18, 18, 18]


def test_a_line_that_leaves_the_register_is_brought_back() -> None:
    here = ground(chord(0), low=60, high=72)
    placed = pitches(fit(line(76, 79, 81, 79), here, None)[1])
    assert max(placed) <= 72, "six for each semitone outside is dearer than the way there"
    free = pitches(fit(line(76, 79, 81, 79), ground(chord(0), low=60, high=84), None)[1])
    assert max(free) > 72
