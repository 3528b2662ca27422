"""Keys: signatures that are believed, and those that are a program's default."""

from __future__ import annotations

import pytest

from gamemusic.scales import MODES
from gamemusic.score.keys import choose_key, find_key
from gamemusic.score.phrase import Note
from gamemusic.theory import PITCH_NAMES, parse_key

DEFAULT = ((0, "C major"),)


def tune(pitches: list[int]) -> list[Note]:
    return [Note(12 * index, pitch, 12, 80) for index, pitch in enumerate(pitches)]


@pytest.mark.parametrize("tonic", range(12))
def test_the_default_signature_loses_against_notes_that_contradict_it(tonic: int) -> None:
    notes = tune([60 + tonic + step for step in (0, 4, 7, 12, 7, 4, 0, -1, 2, 5, 9, 7, 0)])
    name = f"{PITCH_NAMES[tonic]} major"
    assert str(find_key(notes)) == name
    expected = "C major" if tonic == 0 else name
    assert str(choose_key(DEFAULT, notes)) == expected
    assert str(choose_key((), notes)) == name


def test_the_case_that_came_out_a_semitone_off() -> None:
    assert str(choose_key(DEFAULT, tune([73, 77, 80, 85, 80, 77, 73, 72]))) == "C# major"


def test_a_signature_that_somebody_chose_is_believed() -> None:
    notes = tune([73, 77, 80, 85, 80, 77, 73, 72])
    assert str(choose_key(((0, "D major"),), notes)) == "D major"
    assert str(choose_key(((0, "C minor"),), notes)) == "C minor"


def test_notes_of_c_major_keep_its_signature() -> None:
    for pitches in ([60, 64, 67, 71, 64, 67], [62, 65, 69, 67, 65, 64, 62], [60, 62, 64, 66, 67, 65, 64, 62, 60]):
        assert str(choose_key(DEFAULT, tune(pitches))) == "C major"


@pytest.mark.parametrize("tonic", range(12))
def test_minor_under_its_relative_major_is_minor_when_it_ends_there(tonic: int) -> None:
    scale = MODES["minor"]
    notes = tune([60 + tonic + (scale[step] if step < 7 else 12) for step in (0, 2, 4, 3, 2, 1, 0, 4, 7, 4, 2, 1, 0)])
    major = f"{PITCH_NAMES[(tonic + 3) % 12]} major"
    assert choose_key(((0, major),), notes) == parse_key(f"{PITCH_NAMES[tonic]} minor")
    on_third = [*notes, Note(12 * len(notes), 63 + tonic, 12, 80)]
    assert str(choose_key(((0, major),), on_third)) == major
