"""A phrase that ends, ends at home."""

from __future__ import annotations

import pytest
from arranger_cases import phrases
from hypothesis import given, settings

from gamemusic.arranger.arranger import arrange
from gamemusic.arranger.cadence import come_home
from gamemusic.score.phrase import Chord, Note, Phrase, Role, Track
from gamemusic.theory import parse_key
from gamemusic.units import METERS

LEAD = (Note(0, 72, 48), Note(48, 74, 24), Note(72, 77, 24))


def ending(lead: tuple[Note, ...] = LEAD, *, last: int = 7, end: str = "cadence") -> Phrase:
    """Return two bars in G major that end on a chord."""
    return Phrase(
        bars=2,
        meter=METERS["4/4"],
        tempo_bpm=120.0,
        key=parse_key("G"),
        tracks=(Track(Role.LEAD, lead), Track(Role.BASS, (Note(0, 38, 48),))),
        chords=(Chord(0, 2, "7"), Chord(48, last, "maj")),
        ending=end,
    )


def last_notes(phrase: Phrase) -> dict[Role, tuple[int, int]]:
    """Return where each role's last note begins, in bars, and its pitch class."""
    return {
        part.role: (round(part.notes[-1].start / 1920), part.notes[-1].pitch % 12) for part in arrange(phrase).parts
    }


def test_tune_and_bass_end_on_the_tonic() -> None:
    found = last_notes(ending())
    assert found[Role.LEAD][1] == 7 and found[Role.BASS] == (1, 7)  # the bass joins the last chord


@pytest.mark.parametrize("changes", [{"last": 0}, {"end": "loop"}])
def test_other_endings_stay(changes: dict[str, object]) -> None:
    phrase = ending(**changes)  # type: ignore[arg-type]
    assert come_home(LEAD, phrase, Role.LEAD) == LEAD
    assert come_home(LEAD, ending(), Role.COUNTER) == LEAD


def test_what_sounds_at_home_gives_way() -> None:
    lead = (Note(0, 79, 96), Note(72, 77, 24))
    assert come_home(lead, ending(lead), Role.LEAD) == (Note(0, 79, 72), Note(72, 79, 24))


@settings(max_examples=60, deadline=None)
@given(phrases())
def test_no_phrase_breaks(phrase: Phrase) -> None:
    for track in phrase.tracks:
        found = come_home(track.notes, phrase, track.role)
        assert list(found) == sorted(found) and len(found) <= len(track.notes) + 1
        assert all(0 <= note.pitch <= 127 and 0 <= note.start < note.end <= phrase.ticks for note in found)
