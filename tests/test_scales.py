"""Scales: the table is sound, and keys follow their scale."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamemusic.chordnames import parse_chord
from gamemusic.composer.theme import Theme, fit_theme
from gamemusic.scales import ALIASES, MODES, SCALES, find_scale, steps_name
from gamemusic.score.phrase import Note, Phrase
from gamemusic.theory import Key, chord_pitch_classes, parse_key
from gamemusic.tokens.vocabulary import MODE_NAMES, PITCH_RANGES, ROLES
from gamemusic.units import parse_meter

_OWN_STEPS = st.sets(st.integers(1, 11), min_size=4, max_size=10).map(lambda steps: (0, *sorted(steps)))


def test_models_are_bound_to_six_modes() -> None:
    """A model's embedding of modes is by number: whoever adds a scale must not move one."""
    assert MODE_NAMES == ("major", "minor", "dorian", "phrygian", "lydian", "mixolydian")
    assert all(SCALES[mode].steps == MODES[mode] and SCALES[mode].mode == mode for mode in MODES)


@pytest.mark.parametrize("name", sorted(SCALES))
def test_the_table_is_sound(name: str) -> None:
    scale = SCALES[name]
    assert scale.steps[0] == 0 and list(scale.steps) == sorted(set(scale.steps)) and scale.steps[-1] < 12
    assert 5 <= len(scale.steps) <= 8
    assert scale.mode in MODES
    assert [other for other in SCALES if SCALES[other].steps == scale.steps] == [name]
    assert str(parse_key(f"Bb {name.replace('_', ' ').title()}")) == f"Bb {name}"


def test_other_names_are_of_scales() -> None:
    assert set(ALIASES.values()) <= set(SCALES) and not set(ALIASES) & set(SCALES)


@pytest.mark.parametrize(
    ("steps", "mode"),
    [
        ("0-2-3-6-7-8-11", "minor"),
        ("0-2-4-7-9", "major"),
        ("0-3-5-7-10", "minor"),
        ("0-1-3-5-7-8", "phrygian"),
        ("0-2-4-6-8-10", "lydian"),
        ("0-2-5-7-10", "minor"),  # no third: the first mode that has all of it
        ("0-1-4-5-7-8-11", "major"),
        ("0-1-2-3-4-5-6-7-8-9-10", "minor"),
    ],
)
def test_steps_are_told_as_the_mode_that_fits(steps: str, mode: str) -> None:
    scale = find_scale(steps)
    assert scale is not None
    assert steps_name(scale.steps) == steps
    assert scale.mode == mode


@given(_OWN_STEPS, st.integers(0, 11))
def test_any_scale_makes_a_key(steps: tuple[int, ...], tonic: int) -> None:
    key = Key(tonic, steps_name(steps))
    assert parse_key(str(key)) == key
    assert key.steps == steps
    assert len(key.degrees) == 7 and key.degrees[0] == 0
    assert set(steps) == key.melodic <= key.harmonic
    assert {(pitch - tonic) % 12 for pitch in key.pitch_classes} == set(steps)
    for chord in ("1", "2", "3", "4", "5", "6", "7", "i", "bVI", "vii°"):
        parse_chord(chord, key)
    if len({3, 4} & set(steps)) == 1:
        assert key.minor == (3 in steps)
    assert not key.own & key.rivals and key.own <= key.melodic and not key.rivals & key.melodic


@pytest.mark.parametrize(
    ("key", "quality", "leading"),
    [
        ("C major", "maj", "G"),
        ("C harmonic_minor", "min", "G"),
        ("C melodic_minor", "min", "G"),
        ("C phrygian_dominant", "maj", "C#"),
        ("C locrian", "dim", "C#"),
        ("C double_harmonic", "maj", "C#"),
        ("C pentatonic_major", "maj", "G"),
        ("C pentatonic_minor", "min", "Bb"),
        ("C blues", "min", "Bb"),
        ("C whole_tone", "aug", "Bb+"),
        ("C ukrainian_dorian", "min", "Gm"),
        ("C diminished", "dim", "B°"),
        ("C octatonic", "min", "F#"),
        ("C 0-1-2-3-4", "maj", "G"),
    ],
)
def test_tonic_and_the_chord_that_leads_there(key: str, quality: str, leading: str) -> None:
    found = parse_key(key)
    assert found.tonic_quality == quality
    assert found.leading == parse_chord(leading, parse_key("C"))
    assert parse_chord("5", found) == found.leading


def test_steps_are_the_scales_own_triads() -> None:
    key = parse_key("A harmonic minor")
    assert [parse_chord(str(step), key) for step in (1, 2, 3, 4, 6, 7)] == [
        parse_chord(name, key) for name in ("Am", "B°", "C+", "Dm", "F", "G#°")
    ]
    assert parse_chord("II", parse_key("E phrygian_dominant")) == (5, "maj")
    thin = parse_key("A pentatonic_minor")  # five tones have no triads of their own
    assert parse_chord("6", thin) == (5, "maj")
    assert not set(chord_pitch_classes(5, "maj")) <= {(9 + step) % 12 for step in thin.melodic}


def test_a_theme_takes_on_the_scale() -> None:
    tune = tuple(Note(12 * index, pitch, 12) for index, pitch in enumerate((60, 62, 64, 65, 67, 68, 71, 72)))
    theme = Theme(notes=tune, key=parse_key("C harmonic_major"), meter=parse_meter("4/4"))
    key = parse_key("E phrygian_dominant")
    frame = Phrase(bars=4, meter=parse_meter("4/4"), tempo_bpm=100, key=key, tracks=())
    given = fit_theme(theme, frame, (4,), ())
    lowest = PITCH_RANGES[ROLES[4]][0]
    degrees = [(lowest + event.number) % 12 for bar in sorted(given) for event in given[bar]]
    assert degrees == [0, 1, 4, 5, 7, 8, 10, 0]
