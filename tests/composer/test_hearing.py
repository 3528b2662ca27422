"""What can be heard in bars, counted by hand; and the ear, which knows real music from dead music."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gamemusic.arranger.figures import FIGURES as PLAYED
from gamemusic.composer.accompaniment import POOLS, choose_figures
from gamemusic.composer.ear import Ear, Scale, listen, load_ear, read_ear
from gamemusic.composer.hearing import FIGURES, NOTHING, hear
from gamemusic.score.figuretable import HELD, TABLE
from gamemusic.score.phrase import Phrase, Role
from gamemusic.theory import Key
from gamemusic.tokens.bars import EMPTY_BAR, Bar, Event
from gamemusic.tokens.vocabulary import DRUM_PITCHES, PITCH_RANGES, QUALITY_NAMES, STREAMS, STYLE_NAMES
from gamemusic.units import METERS

METER = METERS["4/4"]


def bar(**streams: list[tuple[int, int, int]]) -> Bar:
    """Return a bar from (position, pitch, duration) by role, and chords as (position, root, 0)."""
    found: list[tuple[Event, ...]] = [()] * len(STREAMS)
    for name, notes in streams.items():
        if name == "chords":
            found[0] = tuple(Event(at, root * len(QUALITY_NAMES)) for at, root, _ in notes)
        elif name == "drums":
            found[STREAMS.index(name)] = tuple(sorted(Event(at, DRUM_PITCHES.index(key)) for at, key, _ in notes))
        else:
            low = PITCH_RANGES[Role(name)][0]
            found[STREAMS.index(name)] = tuple(sorted(Event(at, pitch - low, length, 4) for at, pitch, length in notes))
    return tuple(found)


def quarters(*pitches: int) -> list[tuple[int, int, int]]:
    return [(12 * place, pitch, 12) for place, pitch in enumerate(pitches)]


def test_nothing_is_heard_in_silence() -> None:
    heard = hear([EMPTY_BAR] * 4, METER)
    assert set(heard) == set(FIGURES)
    assert heard["lead_present"] == 0
    assert heard["lead_gap"] == 4
    assert {heard[name] for name in ("developed", "repeated", "on_chord", "drums", "bass_root")} == {NOTHING}


def test_ideas_that_come_back() -> None:
    one, up, same, other = (
        quarters(60, 64, 62, 65),
        quarters(62, 65, 64, 67),
        quarters(60, 64, 62, 65),
        quarters(72, 60, 70, 61),
    )
    heard = hear([bar(lead=notes) for notes in (one, up, same, other)], METER)
    assert heard["exact"] == 250
    assert heard["developed"] == 250
    assert heard["transposed"] == 0
    exactly = hear([bar(lead=notes) for notes in (one, quarters(62, 66, 64, 67))], METER)
    assert exactly["transposed"] == 500
    assert hear([bar(lead=one), bar(lead=same)], METER, copies={1})["exact"] == 0


def test_bars_that_come_back_varied() -> None:
    heard = hear([bar(lead=quarters(60, 64, 62, 65)), bar(lead=quarters(60, 64, 62, 67))], METER)
    assert heard["developed"] == 500  # the same shape
    assert heard["varied"] == 500


def test_the_line() -> None:
    heard = hear([bar(lead=quarters(60, 60, 60, 62)), bar(lead=quarters(60, 72, 70, 71))], METER)
    assert heard["run"] == 3
    assert heard["repeated"] == 1000 * 2 // 7
    assert heard["steps"] == 1000 * 4 // 7
    assert heard["leaps"] == 1000 * 1 // 7
    assert heard["turns"] == 1000
    assert heard["npvi"] == 0
    assert heard["entropy"] == 0


def test_harmony_under_the_lead() -> None:
    heard = hear(
        [
            bar(chords=[(0, 0, 0)], lead=quarters(60, 62, 64, 65), bass=[(0, 48, 48)], harmony=[(0, 67, 24)]),
            bar(chords=[(0, 7, 0)], lead=quarters(60, 62, 61, 65), bass=[(0, 41, 48)], harmony=[(0, 55, 24)]),
        ],
        METER,
    )
    assert heard["on_chord"] == 500
    assert heard["covered"] == 250
    assert heard["bass_root"] == 500


def test_what_is_kept_up() -> None:
    groove = bar(
        bass=[(0, 48, 12), (24, 43, 12)], harmony=[(12, 60, 6)], drums=[(0, 36, 0), (12, 38, 0)], chords=[(0, 0, 0)]
    )
    moved = bar(bass=[(0, 50, 12), (24, 45, 12)], harmony=[(12, 62, 6)], drums=[(0, 36, 0)], chords=[(0, 2, 0)])
    heard = hear([groove, moved, groove], METER)
    assert heard["accompaniment"] == heard["bass_rhythm"] == heard["bass_figure"] == 1000
    assert heard["drums"] == 500


def test_a_scale_puts_a_value_behind_the_last_edge_it_reaches() -> None:
    scale = Scale((10, 20), (1, 2, 3), -5)
    assert [scale.weigh(value) for value in (0, 9, 10, 19, 20, 999, NOTHING)] == [1, 1, 2, 2, 3, 3, -5]


def test_an_ear_survives_its_file() -> None:
    ear = Ear({"": {"steps": Scale((10, 20), (1, 2, 3), -5)}, "rock": {"turns": Scale((5,), (0, -7), 0)}})
    assert read_ear(ear.to_text()) == ear
    assert ear.weigh("rock", {"turns": 6, "steps": 0}) == -7
    assert ear.weigh("never heard of", {"turns": 6, "steps": 15}) == 2


def test_the_shipped_ear_prefers_music_to_what_is_dead() -> None:
    ear = load_ear()
    tune = [quarters(60, 62, 64, 65), quarters(67, 65, 64, 62), quarters(62, 64, 65, 67), [(0, 64, 24), (24, 60, 24)]]
    alive = hear([bar(lead=notes, chords=[(0, 0, 0)], bass=[(0, 48, 48)]) for notes in tune * 2], METER)
    dead = hear([bar(lead=quarters(60, 60, 60, 60), chords=[(0, 0, 0)], bass=[(0, 49, 48)])] * 8, METER)
    for style in ("chamber", "song", "piano", "early", "folk"):
        assert listen(ear, style, [alive]) > listen(ear, style, [dead])


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(FIGURES), st.integers(-1, 3000)), max_size=3), st.sampled_from(STYLE_NAMES)
)
def test_the_ear_listens_to_anything(passages: list[dict[str, int]], style: str) -> None:
    whole = [{**dict.fromkeys(FIGURES, NOTHING), **passage} for passage in passages]
    assert isinstance(listen(load_ear(), style, whole), int)


def phrase(tempo: float = 120) -> Phrase:
    return Phrase(bars=8, meter=METER, tempo_bpm=tempo, key=Key(0, "major"), tracks=(), form=("A", "B"))


def test_pools_name_figures_that_exist() -> None:
    for pool in POOLS:
        assert pool.style in STYLE_NAMES
        names = {*pool.figures, *pool.slow}
        assert names <= set(PLAYED)
        assert all(pool.role in TABLE[name].roles for name in names if name in TABLE)
        for meter in METERS.values():  # enough to choose from, whatever the meter
            for some in (pool.figures, pool.slow):
                assert len({name for name in some if name in HELD or TABLE[name].suits(meter)}) >= 4


def test_waltzes_are_for_three_beats() -> None:
    loose = [bar(chords=[(0, 0, 0)], harmony=[(3 * index, 60, 6)]) for index in (1, 5, 2, 7) * 2]
    found: dict[str, set[str]] = {"4/4": set(), "3/4": set()}
    for meter, names in found.items():
        for number in range(40):
            frame = phrase(150).replace(meter=METERS[meter])
            figures = choose_figures(
                loose, frame, "piano", (Role.HARMONY,), partial(lambda at, _, count: at % count, number)
            )
            names.update(figures["A"].values())
    assert found["3/4"] - found["4/4"] >= {"waltz", "mazurka", "polonaise"}
    assert found["4/4"] and all("waltz" not in name for name in found["4/4"])


def test_only_what_keeps_nothing_up_gets_a_figure() -> None:
    kept = [bar(chords=[(0, 0, 0)], bass=[(0, 48, 24)], harmony=[(12, 60, 6), (36, 60, 6)]) for _ in range(4)]
    loose = [bar(chords=[(0, 0, 0)], bass=[(index, 48, 6)], harmony=[(3 * index, 60, 6)]) for index in (1, 5, 2, 7)]
    figures = choose_figures([*kept, *loose], phrase(), "song", (Role.LEAD, Role.HARMONY, Role.BASS), lambda _, n: 0)
    assert set(figures) == {"B"}
    assert set(figures["B"]) == {Role.HARMONY, Role.BASS}


@pytest.mark.parametrize("pool", POOLS, ids=lambda pool: f"{pool.style} {pool.role}")
def test_slow_music_has_calmer_figures(pool: object) -> None:
    loose = [
        bar(chords=[(0, 0, 0)], bass=[(index, 49, 6)], harmony=[(3 * index, 60, 6)], texture=[(3 * index, 72, 6)])
        for index in (1, 5, 2, 7) * 2
    ]
    assert hasattr(pool, "style")
    fast = choose_figures(loose, phrase(150), pool.style, tuple(Role), lambda _, n: 0)
    slow = choose_figures(loose, phrase(70), pool.style, tuple(Role), lambda _, n: 0)
    assert set(fast["A"]) == set(slow["A"])
