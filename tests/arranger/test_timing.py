"""Swing, articulation and the human hand."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gamemusic.arranger.articulation import Length
from gamemusic.arranger.chance import between, mix
from gamemusic.arranger.timing import milliseconds, place_notes, settle, swing_table
from gamemusic.score.parts import PlayedNote
from gamemusic.score.phrase import Note, Role
from gamemusic.units import METERS

STRAIGHT = tuple(range(0, 480, 40))
LINE = tuple(Note(6 * index, 40 + index, 6) for index in range(64))


def play(
    notes: tuple[Note, ...] = LINE,
    role: Role = Role.LEAD,
    *,
    gate: float = 1.0,
    joined: bool = False,
    swing: tuple[int, ...] = STRAIGHT,
    tempo: float = 120.0,
    seed: int = 1,
    strum: int = 0,
) -> tuple[PlayedNote, ...]:
    return place_notes(
        notes,
        [80] * len(notes),
        role,
        lengths=[Length(1000 if role is Role.DRUMS else round(gate * 1000), joined)] * len(notes),
        swing=swing,
        tempo_bpm=tempo,
        subticks=64 * 240,
        seed=seed,
        strum=strum,
    )


def test_swing_delays_the_second_eighth_and_leaves_triplets() -> None:
    assert swing_table(0.0, METERS["4/4"]) == STRAIGHT
    table = swing_table(0.25, METERS["4/4"])
    assert (table[0], table[3], table[4], table[6], table[8], table[9]) == (0, 150, 160, 300, 320, 390)
    assert swing_table(0.5, METERS["6/8"]) == STRAIGHT


@given(st.floats(0, 0.5))
def test_swing_keeps_the_order(swing: float) -> None:
    table = swing_table(swing, METERS["3/4"])
    assert list(table) == sorted(table) and table[0] == 0 and table[-1] < 480
    assert table[6] == 240 + round(swing * 240)


@pytest.mark.parametrize(("role", "limit"), [(Role.LEAD, 10), (Role.BASS, 6), (Role.DRUMS, 3)])
def test_the_hand_stays_close_to_the_beat(role: Role, limit: int) -> None:
    most = milliseconds(limit, 120.0)
    assert most == {10: 9, 6: 5, 3: 2}[limit]  # 9.6 subticks are 10 ms at 120
    shifts = [note.start - 240 * index for seed in range(50) for index, note in enumerate(play(role=role, seed=seed))]
    assert max(map(abs, shifts)) == most
    assert shifts[::64] == [0] * 50


def test_the_hand_never_changes_the_order_of_the_quickest_notes() -> None:
    run = tuple(Note(tick, tick % 128, 1) for tick in range(100))
    for seed in range(20):
        assert [note.pitch for note in play(run, tempo=400.0, seed=seed)] == list(range(100))


@settings(deadline=None)
@given(st.lists(st.integers(0, 383), min_size=1, max_size=40, unique=True), st.floats(20, 400), st.integers(0, 10**6))
def test_the_hand_never_changes_the_order(starts: list[int], tempo: float, seed: int) -> None:
    notes = tuple(Note(start, index % 128, 1) for index, start in enumerate(sorted(starts)))
    played = sorted(play(notes, tempo=tempo, seed=seed), key=lambda note: note.pitch)
    assert all(a.start < b.start for a, b in itertools.pairwise(played))
    assert all(0 <= note.start < note.start + note.duration <= 64 * 240 for note in played)


def test_notes_of_a_chord_stay_together_unless_strummed() -> None:
    chord = tuple(Note(start, pitch, 6) for start in (12, 18) for pitch in (50, 55, 59))
    assert len({note.start for note in play(chord)}) == 2
    strummed = play(chord, strum=12)
    down, up = strummed[:3], strummed[3:]
    assert [note.pitch for note in down] == [50, 55, 59]  # sorted by start: lowest string first
    assert [note.pitch for note in up] == [59, 55, 50]
    assert {b.start - a.start for a, b in (*itertools.pairwise(down), *itertools.pairwise(up))} == {6}


def test_legato_keeps_its_length_and_staccato_gives_it_up() -> None:
    assert all(note.duration >= 240 for note in play() if note.start + note.duration < 64 * 240)
    assert play()[-1].start + play()[-1].duration == 64 * 240
    assert {note.duration for note in play(gate=0.5)} == {120}
    assert {note.duration for note in play(role=Role.HARMONY, gate=0.01)} == {20}
    assert {note.duration for note in play(tuple(Note(s, 60, 1) for s in (0, 12)), Role.HARMONY, gate=0.1)} == {20}
    assert {note.duration for note in play(role=Role.DRUMS, gate=0.1)[:-1]} == {240}


def test_joined_notes_reach_a_hair_into_the_next() -> None:
    for seed in range(20):
        overlaps = [a.start + a.duration - b.start for a, b in itertools.pairwise(play(joined=True, seed=seed))]
        # 15 ms at 120 are 14 subticks; a player who comes early has the last note still in hand
        assert all(14 <= overlap <= 14 + 2 * milliseconds(10, 120.0) for overlap in overlaps)
        assert play(joined=True, seed=seed)[-1].duration + play(joined=True, seed=seed)[-1].start == 64 * 240


def test_settle_cuts_a_note_where_its_pitch_is_struck_again() -> None:
    notes = [
        PlayedNote(0, 60, 100, 70),
        PlayedNote(40, 60, 10, 80),
        PlayedNote(40, 60, 30, 50),
        PlayedNote(0, 61, 90, 1),
    ]
    assert settle(notes) == (PlayedNote(0, 60, 40, 70), PlayedNote(0, 61, 90, 1), PlayedNote(40, 60, 30, 50))


def test_chance_is_pinned() -> None:
    assert [mix(0, 0), mix(1, 2), mix(2**64 + 1, 2), mix(7, 1, 2, 3)] == PINNED
    found = [between(-2, 2, 5, index) for index in range(2000)]
    counts = [found.count(value) for value in range(-2, 3)]
    assert sum(counts) == 2000 and counts[2] > counts[1] > counts[0] > 100 and counts[2] > counts[3] > counts[4] > 100


PINNED = [0xE220A8397B1DCDAF, 0xF893A2EEFB32555E, 0xF893A2EEFB32555E, 0x81C98F387211C236]


@pytest.mark.parametrize("gate", [0.3, 0.9, 1.0])
def test_notes_of_a_tune_are_never_clicks(gate: float) -> None:
    quick = tuple(Note(3 * index, 60 + index % 12, 3) for index in range(120))
    least = milliseconds(80, 168.0)
    lead = play(quick, Role.LEAD, gate=gate, tempo=168.0)
    assert all(note.duration >= least for note in lead)
    short = play(quick, Role.HARMONY, gate=0.3, tempo=168.0)
    assert all(note.duration < least for note in short)  # others may be
    again = tuple(Note(3 * index, 60, 3) for index in range(120))
    for one, other in itertools.pairwise(play(again, Role.LEAD, gate=gate, tempo=168.0)):
        assert one.start + one.duration <= other.start
