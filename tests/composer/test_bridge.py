"""Bridges lead from one music to another, whatever the two are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gamemusic.arranger.arranger import arrange
from gamemusic.composer.bridge import compose_bridge, measure_seams, plan_bridge
from gamemusic.composer.composer import Composer
from gamemusic.errors import InputError
from gamemusic.packs.library import find_pack
from gamemusic.scales import MODES
from gamemusic.score.phrase import Note, Phrase, Role, Track
from gamemusic.theory import PITCH_NAMES, parse_key
from gamemusic.tokens.vocabulary import QUALITY_NAMES
from gamemusic.units import METERS


@pytest.fixture(scope="module")
def composer(tiny_pack: Path) -> Composer:
    return Composer(find_pack(tiny_pack))


KEYS = st.builds(lambda tonic, mode: f"{PITCH_NAMES[tonic]} {mode}", st.integers(0, 11), st.sampled_from(sorted(MODES)))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=st.tuples(KEYS, KEYS),
    meters=st.tuples(st.sampled_from(sorted(METERS)), st.sampled_from(sorted(METERS))),
    styles=st.tuples(st.sampled_from(["chamber", "rock"]), st.sampled_from(["chamber", "rock"])),
    bars=st.integers(1, 2),
    at_bar=st.one_of(st.none(), st.integers(0, 4)),
)
def test_any_two_phrases_can_be_joined(
    composer: Composer,
    keys: tuple[str, str],
    meters: tuple[str, str],
    styles: tuple[str, str],
    bars: int,
    at_bar: int | None,
) -> None:
    old, new = (
        composer.compose(seed=index, key=keys[index], meter=meters[index], style=styles[index]) for index in range(2)
    )
    bridge = compose_bridge(composer, old, new, bars=bars, seed=3, at_bar=at_bar)
    assert (bridge.bars, bridge.meter, bridge.key, bridge.style) == (bars, new.meter, new.key, new.style)
    assert any(track.notes for track in bridge.tracks)
    assert arrange(bridge).parts
    dominant = bridge.chords[-1]
    goal = new.chord_at(0)
    assert dominant.quality == "7"
    assert (dominant.root - 7) % 12 == (new.key.tonic if goal is None else goal.root)


def test_the_same_seed_gives_the_same_and_another_another(composer: Composer) -> None:
    old, new = (composer.compose(seed=seed) for seed in (1, 2))
    one = compose_bridge(composer, old, new, seed=5)
    assert one == compose_bridge(composer, old, new, seed=5)
    assert one.tracks != compose_bridge(composer, old, new, seed=6).tracks
    # what was heard before counts, too
    assert one.tracks != compose_bridge(composer, old.replace(tracks=old.tracks[:1]), new, seed=5).tracks


def test_the_pivot_belongs_to_both_keys() -> None:
    def chord(old: str, new: str) -> tuple[int, str]:
        phrases = [
            Phrase(bars=4, meter=METERS["4/4"], tempo_bpm=100, key=parse_key(name), tracks=()) for name in (old, new)
        ]
        number = plan_bridge(phrases[0], phrases[1], 1)[0][0][1]
        root, quality = divmod(number, len(QUALITY_NAMES))
        return (root + phrases[1].key.tonic) % 12, QUALITY_NAMES[quality]

    assert chord("C major", "G major") == (0, "maj")  # IV of G
    assert chord("C major", "A minor") == (2, "min")  # iv of A minor
    assert chord("C major", "F# major") == (11, "maj")  # nothing in common: IV of the new key


def test_two_bars_have_the_dominant_in_the_second(composer: Composer) -> None:
    old, new = (composer.compose(seed=seed, meter="4/4") for seed in (1, 2))
    plan = plan_bridge(old, new, 2)
    assert [len(plan[bar]) for bar in (0, 1)] == [1, 1]
    assert plan[1][0][0] == 24


def test_a_trained_mood_finds_its_own_music_likelier_than_noise() -> None:
    composer = Composer(find_pack("town"))
    old, new = (composer.compose(seed=seed, bars=8) for seed in (1, 2))
    bridge = compose_bridge(composer, old, new, bars=2, seed=1)
    good = measure_seams(composer, old, bridge, new)
    tracks = tuple(
        Track(track.role, tuple(sorted(Note(n.start, n.pitch - n.start % 5, n.duration) for n in track.notes)))
        for track in bridge.tracks
        if track.role is not Role.DRUMS
    )
    noise = measure_seams(composer, old, bridge.replace(tracks=tracks), new)
    assert good.leaving < noise.leaving
    none = measure_seams(composer, old, None, new)
    assert none.leaving == none.arriving == none.cut == good.cut


def test_a_bridge_with_drums_ends_in_a_fill() -> None:
    composer = Composer(find_pack("combat"))
    old = Composer(find_pack("town")).compose(seed=1, bars=4)
    new = composer.compose(seed=2, bars=4, style="rock", intensity=0.9)
    bridge = compose_bridge(composer, old, new, seed=4).replace(intensity=0.9)
    assert bridge.track(Role.DRUMS).notes
    plain = bridge.replace(form=())
    assert [part for part in arrange(bridge).parts if part.role is Role.DRUMS] != [
        part for part in arrange(plain).parts if part.role is Role.DRUMS
    ]


@pytest.mark.parametrize("wrong", [{"bars": 0}, {"bars": 3}, {"bars": True}, {"at_bar": 9}, {"at_bar": -1}])
def test_what_is_not_allowed_is_said(composer: Composer, wrong: dict[str, int]) -> None:
    old, new = (composer.compose(seed=seed) for seed in (1, 2))
    with pytest.raises(InputError):
        compose_bridge(composer, old, new, seed=1, **wrong)
