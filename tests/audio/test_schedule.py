"""Events on the grid."""

from __future__ import annotations

import dataclasses

from arrangements import BAR, one_part
from hypothesis import given, settings
from hypothesis import strategies as st

from gamemusic.audio.schedule import Event, EventKind, schedule
from gamemusic.score.parts import Control
from gamemusic.score.phrase import Role

FRAMES = 64 * 1500


def events_of(*notes: tuple[int, int, int, int], loops: bool = True) -> tuple[Event, ...]:
    return schedule(one_part(Role.LEAD, list(notes)).parts, total_subticks=BAR, total_frames=FRAMES, loops=loops)


def test_ends_at_the_seam_come_first_in_the_next_pass() -> None:
    events = events_of((960, 60, 960, 80), (0, 60, 960, 70))
    assert [(event.frame, event.kind.name) for event in events] == [
        (0, "NOTE_OFF"),
        (0, "NOTE_ON"),
        (FRAMES // 2, "NOTE_OFF"),
        (FRAMES // 2, "NOTE_ON"),
    ]


def test_ends_of_music_that_ends_stand_at_its_end() -> None:
    assert events_of((960, 60, 960, 80), loops=False)[-1] == Event(FRAMES, EventKind.NOTE_OFF, 0, 60, 0)


def test_of_two_notes_on_one_block_the_longer_stays() -> None:
    music = one_part(Role.LEAD, [(0, 60, 1, 10), (1, 60, 900, 90)])
    events = schedule(music.parts, total_subticks=BAR, total_frames=64 * 100, loops=True)
    assert [event.value for event in events if event.kind is EventKind.NOTE_ON] == [90]


def test_controllers_begin_alike_in_every_pass_and_the_mixers_are_left_out() -> None:
    music = one_part(Role.LEAD, [(0, 60, 480, 80)])
    controls = (Control(0, 7, 20), Control(0, 10, 0), Control(480, 11, 90), Control(480, 1, 30), Control(480, 123, 0))
    part = dataclasses.replace(music.parts[0], controls=controls)
    events = schedule((part,), total_subticks=BAR, total_frames=FRAMES, loops=True)
    found = [(event.frame, event.number, event.value) for event in events if event.kind is EventKind.CONTROL]
    assert found == [(0, 1, 0), (0, 11, 127), (FRAMES // 4, 1, 30), (FRAMES // 4, 11, 90)]


notes = st.tuples(st.integers(0, BAR - 1), st.integers(58, 62), st.integers(1, BAR), st.integers(1, 127))


@settings(max_examples=100, deadline=None)
@given(st.lists(notes, max_size=20), st.integers(1, 200), st.booleans())
def test_every_note_that_begins_ends(found: list[tuple[int, int, int, int]], blocks: int, loops: bool) -> None:
    inside = [(start, pitch, min(length, BAR - start), velocity) for start, pitch, length, velocity in found]
    music = one_part(Role.LEAD, sorted(inside))
    events = schedule(music.parts, total_subticks=BAR, total_frames=64 * blocks, loops=loops)
    assert list(events) == sorted(events)
    assert all(event.frame % 64 == 0 and 0 <= event.frame <= 64 * blocks for event in events)
    sounding: set[int] = set()
    for event in events * 2 if loops else events:
        if event.kind is EventKind.NOTE_ON:
            sounding.add(event.number)
        else:
            sounding.discard(event.number)
    ends_at_seam = {event.number for event in events if event.frame == 0 and event.kind is EventKind.NOTE_OFF}
    assert sounding <= (ends_at_seam if loops else set())
