"""Stingers fit what sounds, and end where they are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from gamemusic.chordnames import parse_chord
from gamemusic.composer.composer import Composer
from gamemusic.composer.stinger import STINGERS, compose_stinger, stinger_names
from gamemusic.errors import FormatError, InputError
from gamemusic.packs.library import find_pack
from gamemusic.packs.schema import load_preset
from gamemusic.score.phrase import Chord
from gamemusic.theory import parse_key
from gamemusic.units import METERS


@pytest.fixture(scope="module")
def composer(tiny_pack: Path) -> Composer:
    return Composer(find_pack(tiny_pack))


@pytest.mark.parametrize("name", sorted(STINGERS))
@pytest.mark.parametrize("meter", ["4/4", "3/4", "6/8", "2/4"])
def test_it_begins_in_the_chord_that_sounds_and_ends_as_it_says(composer: Composer, name: str, meter: str) -> None:
    key = parse_key("D minor")
    stinger = compose_stinger(
        composer, name, key=key, chord=Chord(77, 10, "maj"), tempo_bpm=99, meter=METERS[meter], seed=1
    )
    spec = STINGERS[name]
    assert (stinger.bars, stinger.ending, stinger.tempo_bpm, str(stinger.meter)) == (spec.bars, "cadence", 99, meter)
    assert stinger.key == key
    assert (stinger.chords[0].start, stinger.chords[0].root, stinger.chords[0].quality) == (0, 10, "maj")
    assert (stinger.chords[-1].root, stinger.chords[-1].quality) == parse_chord(spec.end, key)
    assert {track.role for track in stinger.tracks} <= set(spec.roles)
    assert any(track.notes for track in stinger.tracks)


def test_the_same_seed_gives_the_same(composer: Composer) -> None:
    def make(seed: int) -> object:
        return compose_stinger(
            composer, "win", key=parse_key("C"), chord=None, tempo_bpm=120, meter=METERS["4/4"], seed=seed
        )

    assert make(1) == make(1) != make(2)


def test_an_unknown_name_lists_those_that_are_known(composer: Composer) -> None:
    with pytest.raises(InputError, match="level_up"):
        compose_stinger(composer, "levelup", key=parse_key("C"), chord=None, tempo_bpm=120, meter=METERS["4/4"], seed=1)


def test_a_preset_may_have_its_own(tiny_pack: Path) -> None:
    text = (tiny_pack / "preset.yaml").read_text("utf-8")
    own = "stingers:\n  gong: {bars: 2, intensity: 0.2, style: rock, end: V, roles: [bass]}\n  win: {bars: 1}\n"
    preset = load_preset((text + own).encode())
    assert stinger_names(preset)[:2] == ("gong", "win")
    assert set(stinger_names(preset)) == {"gong", *STINGERS}
    assert preset.stingers["gong"].end == "V"
    for wrong in ("gong: {style: metal}", "gong: {bars: 3}", "gong: {roles: [drums]}", "Gong: {}", "gong: {end: H}"):
        with pytest.raises(FormatError, match=r"preset\.yaml:\d+:\d+"):
            load_preset((text + "stingers:\n  " + wrong + "\n").encode())
