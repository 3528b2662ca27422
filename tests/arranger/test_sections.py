"""Sections: their kinds, where fills stand, and how loudness moves."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gamemusic.arranger.sections import (
    Kind,
    fill_bars,
    fill_start,
    find_sections,
    loudness,
    section_figure,
    section_plan,
)
from gamemusic.score.orchestration import Instrument, Orchestration, SectionPlan
from gamemusic.score.phrase import Phrase, Role
from gamemusic.theory import Key
from gamemusic.units import METERS, PLAYED_METERS


def bare(form: str, bars: int, *, meter: str = "4/4", ending: str = "loop") -> Phrase:
    return Phrase(
        bars=bars,
        meter=METERS[meter],
        tempo_bpm=120.0,
        key=Key(0, "major"),
        tracks=(),
        form=tuple(form.split()),
        ending=ending,
    )


@pytest.mark.parametrize(
    ("form", "kinds"),
    [
        ("A", "opening"),
        ("A A' B A", "opening varied contrast closing"),
        ("A A' B B' A A'", "opening varied contrast varied varied closing"),
        ("A B A C A", "opening contrast varied arrival closing"),
        ("A B C D", "opening contrast arrival closing"),
    ],
)
def test_kinds_follow_from_the_form(form: str, kinds: str) -> None:
    sections = find_sections(bare(form, 4 * len(form.split())))
    assert [section.kind.value for section in sections] == kinds.split()
    assert [(section.first, section.end) for section in sections] == [
        (4 * index, 4 * index + 4) for index in range(len(sections))
    ]


def test_sections_are_counted_by_name_and_need_two_bars() -> None:
    assert [(each.name, each.number) for each in find_sections(bare("A A' B A", 8))] == [
        ("A", 1),
        ("A'", 1),
        ("B", 1),
        ("A", 2),
    ]
    assert find_sections(bare("A A' B A", 4)) == ()
    assert find_sections(bare("", 8)) == ()


def test_fills_stand_at_the_ends_of_sections() -> None:
    assert fill_bars(bare("A A' B A", 16)) == {3, 7, 11, 15}
    assert fill_bars(bare("", 20)) == {7, 15, 19}
    assert fill_bars(bare("", 1)) == frozenset()
    assert {name: fill_start(meter) for name, meter in METERS.items()} == {"4/4": 24, "3/4": 12, "6/8": 18, "2/4": 12}
    odd = {name: fill_start(meter) for name, meter in PLAYED_METERS.items() if name not in METERS}
    assert odd == {"5/4": 36, "7/8": 24, "9/8": 36, "12/8": 54}


def test_loudness_grows_towards_fuller_sections_and_fades_to_a_cadence() -> None:
    phrase = bare("A A' B A", 32)
    levels = loudness(phrase, find_sections(phrase))
    assert len(levels) == 128
    sections = [levels[index * 32 : index * 32 + 32] for index in range(4)]
    opening, varied, contrast, closing = sections
    assert list(opening) == sorted(opening) and opening[0] < opening[-1] and opening[0] == opening[23]
    assert len(set(varied)) == 1  # what follows is thinner
    assert contrast[-1] > contrast[0] < varied[0] < closing[0]
    assert len(set(closing)) == 1
    assert loudness(bare("", 8), ()) == (0,) * 32
    ended = loudness(phrase.replace(ending="cadence"), find_sections(phrase))
    assert ended[:120] == levels[:120] and list(ended[120:]) == sorted(ended[120:], reverse=True)
    assert ended[-1] <= levels[-1] - 8


def test_a_plan_for_one_section_goes_before_one_for_its_name() -> None:
    first, second = find_sections(bare("A B A", 12))[::2]
    every, last = SectionPlan(rest=(Role.COUNTER,)), SectionPlan()
    orchestration = Orchestration(instruments={}, sections={"A": every, "A2": last})
    assert section_plan(first, orchestration) is every
    assert section_plan(second, orchestration) is last
    assert section_plan(find_sections(bare("A B A", 12))[1], orchestration) is None


def playing(*, plan: SectionPlan | None = None, **chosen: Mapping[Role, str]) -> Orchestration:
    return Orchestration(instruments={}, sections={} if plan is None else {"B": plan}, figures=chosen)


def test_contrasts_change_figures_unless_the_style_says_otherwise() -> None:
    opening, contrast = find_sections(bare("A B A", 12))[:2]
    assert contrast.kind is Kind.CONTRAST
    harp = Instrument(figure="arpeggio_up")
    assert section_figure(opening, Role.TEXTURE, harp, playing()) == "arpeggio_up"
    assert section_figure(contrast, Role.TEXTURE, harp, playing()) == "ostinato"
    assert section_figure(contrast, Role.TEXTURE, harp, playing(plan=SectionPlan())) == "arpeggio_up"
    drone = SectionPlan(figures={Role.TEXTURE: "drone"})
    assert section_figure(contrast, Role.TEXTURE, harp, playing(plan=drone)) == "drone"
    assert section_figure(contrast, Role.LEAD, Instrument(), playing()) == ""


def test_what_the_composer_chose_is_played_where_notes_were_composed() -> None:
    opening, contrast = find_sections(bare("A B A", 12))[:2]
    chosen = {Role.HARMONY: "alberti", Role.TEXTURE: "pulse"}
    assert section_figure(contrast, Role.HARMONY, Instrument(), playing(B=chosen)) == "alberti"
    assert section_figure(opening, Role.HARMONY, Instrument(), playing(B=chosen)) == ""
    assert section_figure(contrast, Role.TEXTURE, Instrument(figure="pad"), playing(B=chosen)) == "pad"
    drone = SectionPlan(figures={Role.HARMONY: "drone"})
    assert section_figure(contrast, Role.HARMONY, Instrument(), playing(plan=drone, B=chosen)) == "drone"
