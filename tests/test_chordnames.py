"""Chords and keys mean what musicians mean by them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamemusic.chordnames import (
    BAR_PATTERN,
    CHORD_PATTERN,
    choose_key,
    find_outside,
    parse_bar,
    parse_chord,
    read_chart,
)
from gamemusic.errors import InputError
from gamemusic.theory import CHORD_QUALITIES, KEY_PATTERN, PITCH_NAMES, Key, chord_name, parse_key


def names(chords: str, key: str) -> str:
    """Return chords by name, one to a bar, in words such as ``'C#min F'``."""
    return " ".join(chord_name(*parse_chord(chord, parse_key(key))) for chord in chords.split())


@pytest.mark.parametrize("mode", ["major", "minor", "dorian", "phrygian", "lydian", "mixolydian", "harmonic_minor"])
def test_numerals_with_an_accidental_count_from_the_major_scale(mode: str) -> None:
    assert names("bII bIII bVI bVII #iv bV", f"C {mode}") == "C# Eb Ab Bb F#min F#"
    assert names("♭VI ♯IVm7b5", f"C {mode}") == "Ab F#m7b5"


@pytest.mark.parametrize(
    ("key", "chords", "wanted"),
    [
        ("A minor", "i VI VII III iv V7", "Amin F G C Dmin E7"),
        ("C major", "I vi IV V ii7 iii", "C Amin F G Dmin7 Emin"),
        ("E phrygian", "I bII II vii", "E F F Dmin"),
        ("D lydian", "I II IVmaj7", "D E Abmaj7"),
        ("C dorian", "VI bVI", "A Ab"),
        ("C minor", "vii° viio7 viiø7 VII bVII", "Bdim Bdim7 Bm7b5 Bb Bb"),
        ("C major", "vii° VIIdim", "Bdim Bdim"),
        ("C major", "V/V V7/vi IV/IV", "D E7 Bb"),
        ("C minor", "V7/iv i/Bb imaj7", "C7 Cmin7 Cmin"),
    ],
)
def test_numerals(key: str, chords: str, wanted: str) -> None:
    assert names(chords, key) == wanted


@pytest.mark.parametrize(
    ("chords", "wanted"),
    [
        ("C Cm C- Cmin Cmaj CM", "C Cmin Cmin Cmin C C"),
        ("Cadd9 C6 C6/9 Cm6 Cm(add9) Cm(maj7)", "C C C Cmin Cmin Cmin"),
        ("C7 C9 C13 C7b9 G7sus4 Gsus", "C7 C7 C7 C7 Gsus4 Gsus4"),
        ("Cmaj7 CM7 CΔ Cmaj9 Dm9 Dm11", "Cmaj7 Cmaj7 Cmaj7 Cmaj7 Dmin7 Dmin7"),
        ("B° Bo7 Bø Bm7b5 C+ C5 Csus2 Bb5", "Bdim Bdim7 Bm7b5 Bm7b5 Caug C5 Csus2 Bb5"),
        ("B♭ F♯m7 Cb E# Abb", "Bb F#min7 B F G"),
        ("C/E F/G Am/G C/B C/Bb Dm/C", "C F Amin7 Cmaj7 C7 Dmin7"),
    ],
)
def test_names_mean_the_nearest_chord_there_is(chords: str, wanted: str) -> None:
    assert names(chords, "C major") == wanted


@pytest.mark.parametrize(
    ("chord", "message"),
    [
        ("N.C.", "no chord.*every bar needs one"),
        ("NC", "every bar needs one"),
        ("Hm", "neither a name such as 'Am' nor a roman numeral"),
        ("IIII", "neither a name"),
        ("Vi", "neither a name"),
        ("8", "neither a name"),
        ("", "neither a name"),
        ("Cfoo", "no known quality 'foo'"),
        ("C/", None),
        ("C/3", "'3' under it; expected a note such as the E in C/E"),
        ("C/V", "'V' under it"),
        ("V/x", "'x' under it"),
    ],
)
def test_what_is_no_chord_is_refused(chord: str, message: str | None) -> None:
    if message is None:
        assert parse_chord(chord, parse_key("C")) == (0, "maj")
        return
    with pytest.raises(InputError, match=message):
        parse_chord(chord, parse_key("C"))


def test_several_chords_share_a_bar() -> None:
    key = parse_key("D minor")
    assert parse_bar(" Dm  Gm ", key) == ((2, "min"), (7, "min"))
    assert parse_bar("Dm V7", key, parse_key("A minor")) == ((7, "min"), (9, "7"))  # a name moves, a numeral counts
    for wrong, count in (("", 0), ("C F G C F", 5)):
        with pytest.raises(InputError, match=f"found {count} chords for one bar, expected 1 to 4"):
            parse_bar(wrong, key)


def test_chords_outside_a_key_are_found() -> None:
    progression = ("Am", "F G", "E7", "V")
    assert find_outside(progression, parse_key("A minor")) is None  # E7 has the raised leading note
    assert find_outside(progression, parse_key("C major")) == (2, "E7")
    assert find_outside(progression, parse_key("E minor")) == (1, "F")


@pytest.mark.parametrize(
    ("chart", "keys", "wanted"),
    [
        ("Am F C G", "D minor, G minor", "A minor"),
        ("C Am F G", "D minor, G minor", "C major"),
        ("Am F C G", "D minor, C major", "C major"),
        ("Am F E7", "", "A minor"),
        ("Dm G Am E7", "D minor, D dorian, A minor", "A minor"),
        ("Bm E", "E dorian, A major", "A major"),
        ("i VI", "D minor", "None"),
    ],
)
def test_the_key_that_chords_are_in(chart: str, keys: str, wanted: str) -> None:
    found = choose_key(read_chart(chart), [parse_key(key) for key in keys.split(", ") if key])
    assert str(found) == wanted


@given(st.sampled_from(range(12)), st.sampled_from(sorted(CHORD_QUALITIES)))
def test_every_chord_is_read_by_its_own_name(root: int, quality: str) -> None:
    name = chord_name(root, quality)
    assert parse_chord(name, parse_key("C")) == (root, quality)
    assert re.fullmatch(CHORD_PATTERN, name) and re.fullmatch(BAR_PATTERN, f"{name} bVI {name}")


@given(st.text("ABCDEFGIVivb#♭♯m7°/ 12 dsux", max_size=8))
def test_what_is_read_is_what_editors_accept(text: str) -> None:
    try:
        parse_bar(text, parse_key("C minor"))
    except InputError:
        return
    assert re.fullmatch(BAR_PATTERN, text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("B♭ major", "Bb major"),
        ("B flat Major", "Bb major"),
        ("b-flat minor", "Bb minor"),
        ("F♯m", "F# minor"),
        ("f sharp MINOR", "F# minor"),
        ("Cmin", "C minor"),
        ("C maj", "C major"),
        ("bb", "Bb major"),
        ("B blues", "B blues"),
        ("A Aeolian", "A minor"),
        ("E Phrygian Dominant", "E phrygian_dominant"),
        ("E phrygian-dominant", "E phrygian_dominant"),
        ("D minor pentatonic", "D pentatonic_minor"),
        ("D 0-2-3-6-7-8-11", "D 0-2-3-6-7-8-11"),
        ("D 0, 2, 3, 6, 7, 8, 11", "D 0-2-3-6-7-8-11"),
    ],
)
def test_keys_as_people_write_them(text: str, wanted: str) -> None:
    assert str(parse_key(text)) == wanted
    assert parse_key(wanted) == parse_key(text)
    assert re.fullmatch(KEY_PATTERN, text) or text in ("f sharp MINOR", "b-flat minor"), "editors know it"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "H",
        "CM",
        "C#b",
        "C superlocrian",
        "D 0-2",
        "D 0-2-2-3-4",
        "D 1-2-3-4-5",
        "D 0-4-3-5-7",
        "D 0-2-4-5-12",
        "C 5",
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a note name and a scale, such as 'D minor'"):
        parse_key(text)
    with pytest.raises(InputError, match="did you mean 'phrygian_dominant'"):
        parse_key("E phrigian dominant")


def test_a_key_made_by_hand_of_no_scale_says_so() -> None:
    with pytest.raises(InputError, match=r"there is no scale 'lydain'.*did you mean 'lydian'"):
        _ = Key(0, "lydain").steps
    assert {str(parse_key(f"{name} minor")) for name in PITCH_NAMES} == {f"{name} minor" for name in PITCH_NAMES}
