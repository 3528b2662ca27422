"""Writing MIDI files: what stands in them, and that they are read back to the same notes, by us and by mido."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gamemusic.scales import MODES
from gamemusic.score.midi import read_midi, write_midi
from gamemusic.score.orchestration import Instrument
from gamemusic.score.parts import Arrangement, Control, Part, PlayedNote
from gamemusic.score.phrase import Role
from gamemusic.theory import Key
from gamemusic.units import METERS, SUBTICKS_PER_BEAT

BAR = 4 * SUBTICKS_PER_BEAT
LEAD = Part(
    Role.LEAD,
    3,
    Instrument(program=73, bank=2, level_db=-6.0, pan=-1.0, reverb=0.5),
    (PlayedNote(0, 60, 480, 80), PlayedNote(480, 60, 480, 90), PlayedNote(1440, 67, 480, 1)),
    (Control(0, 11, 100), Control(960, 11, 64)),
)
DRUMS = Part(Role.DRUMS, 9, Instrument(program=40, bank=5), (PlayedNote(0, 36, 120, 127),))
SMALL = Arrangement(
    bars=1,
    meter=METERS["4/4"],
    tempo_bpm=90.0,
    key=Key(2, "dorian"),
    parts=(LEAD, DRUMS),
    title="Élan – 夜",
    comment="gamemusic seed=7",
)


def messages(data: bytes, track: int) -> list[tuple[int, Any]]:
    """Return a track's messages as mido reads them, with absolute times."""
    found, tick = [], 0
    for message in mido.MidiFile(file=io.BytesIO(data), charset="utf-8").tracks[track]:
        tick += message.time
        found.append((tick, message))
    return found


def mido_notes(data: bytes, track: int) -> set[tuple[int, int, int, int, int]]:
    """Return (start, pitch, duration, velocity, channel) of a track's notes as mido reads them."""
    sounding: dict[int, tuple[int, int]] = {}
    notes = set()
    for tick, message in messages(data, track):
        if message.type == "note_on" and message.velocity:
            assert message.note not in sounding
            sounding[message.note] = (tick, message.velocity)
        elif message.type in ("note_on", "note_off"):
            start, velocity = sounding.pop(message.note)
            notes.add((start, message.note, tick - start, velocity, message.channel))
    assert not sounding
    return notes


def test_conductor_says_everything() -> None:
    found = {(tick, message.type): message for tick, message in messages(write_midi(SMALL), 0)}
    assert found[0, "track_name"].name == "Élan – 夜"
    assert found[0, "text"].text == "gamemusic seed=7"
    assert found[0, "set_tempo"].tempo == 666_667
    meter = found[0, "time_signature"]
    assert (meter.numerator, meter.denominator, meter.clocks_per_click) == (4, 4, 24)
    assert found[0, "key_signature"].key == "Dm"
    assert (found[0, "marker"].text, found[BAR, "marker"].text) == ("loopStart", "loopEnd")
    assert found[BAR, "end_of_track"].time == 0


def test_parts_are_set_up() -> None:
    data = write_midi(SMALL)
    controls = [(tick, m.control, m.value) for tick, m in messages(data, 1) if m.type == "control_change"]
    assert controls[:6] == [(0, 0, 2), (0, 32, 0), (0, 7, 64), (0, 10, 0), (0, 91, 64), (0, 111, 0)]
    assert controls[6:] == [(0, 11, 100), (960, 11, 64)]
    kinds = [m.type for tick, m in messages(data, 1) if tick == 0 and m.type != "control_change"]
    assert kinds == ["track_name", "program_change", "note_on"]
    drums = [m for _, m in messages(data, 2)]
    assert [m.control for m in drums if m.type == "control_change"] == [7, 10, 91]
    assert [(m.program, m.channel) for m in drums if m.type == "program_change"] == [(40, 9)]
    assert [track.name for track in read_midi(data).tracks] == ["Élan – 夜", "lead", "drums"]


def test_every_track_ends_on_the_bar_line_and_repeated_notes_end_before_they_begin() -> None:
    data = write_midi(SMALL)
    for track in range(3):
        tick, message = messages(data, track)[-1]
        assert (tick, message.type) == (BAR, "end_of_track")
    at_480 = [m.type for tick, m in messages(data, 1) if tick == 480]
    assert at_480 == ["note_off", "note_on"]


def test_a_cadence_carries_no_loop_marks() -> None:
    data = write_midi(replace(SMALL, ending="cadence"))
    every = [m for track in range(3) for _, m in messages(data, track)]
    assert not [m for m in every if m.type == "marker" or (m.type == "control_change" and m.control == 111)]


def test_the_same_arrangement_gives_the_same_bytes() -> None:
    assert write_midi(SMALL) == write_midi(SMALL)


def test_text_that_is_no_unicode_does_no_harm() -> None:
    assert messages(write_midi(replace(SMALL, title="a\udcffb")), 0)[0][1].name == "a?b"


@pytest.mark.parametrize(("level", "value"), [(0.0, 90), (6.0, 127), (-60.0, 3), (-12.04, 45)])
def test_volume_follows_general_midis_law(level: float, value: int) -> None:
    part = replace(LEAD, instrument=Instrument(level_db=level))
    found = [m.value for _, m in messages(write_midi(replace(SMALL, parts=(part,))), 1) if m.is_cc(7)]
    assert found == [value]


@st.composite
def arrangements(draw: st.DrawFn) -> Arrangement:
    meter = draw(st.sampled_from(sorted(METERS.values(), key=str)))
    bars = draw(st.integers(1, 4))
    end = bars * meter.bar_ticks * 40

    def part(role: Role, channel: int) -> Part:
        return Part(role, channel, Instrument(program=draw(st.integers(0, 127))), tuple(sorted(notes())))

    def notes() -> Iterator[PlayedNote]:
        for pitch in draw(st.sets(st.integers(0, 127), max_size=4)):
            edges = sorted(draw(st.sets(st.integers(0, end), max_size=8)))
            for start, stop in itertools.pairwise(edges):
                if draw(st.booleans()):
                    yield PlayedNote(start, pitch, stop - start, draw(st.integers(1, 127)))

    roles = sorted(draw(st.sets(st.sampled_from(Role))), key=list(Role).index)
    return Arrangement(
        bars=bars,
        meter=meter,
        tempo_bpm=draw(st.floats(20, 400)),
        key=Key(draw(st.integers(0, 11)), draw(st.sampled_from(sorted(MODES)))),
        parts=tuple(part(role, 9 if role is Role.DRUMS else index) for index, role in enumerate(roles)),
        ending=draw(st.sampled_from(("loop", "cadence"))),
        title=draw(st.text(max_size=8)),
        comment=draw(st.text(max_size=8)),
    )


@settings(max_examples=150, deadline=None)
@given(arrangements())
def test_what_is_written_is_read_back(arrangement: Arrangement) -> None:
    data = write_midi(arrangement)
    song = read_midi(data)
    assert (song.ticks_per_beat, song.end_tick, song.midi_type) == (SUBTICKS_PER_BEAT, arrangement.subticks, 1)
    assert song.meters == ((0, arrangement.meter.numerator, arrangement.meter.denominator),)
    assert song.tempos[0][1] == pytest.approx(arrangement.tempo_bpm, rel=1e-5)
    assert len(song.tracks) == len(arrangement.parts) + 1
    for index, part in enumerate(arrangement.parts, 1):
        track = song.tracks[index]
        played = [(n.start, n.pitch, n.start + n.duration, n.velocity) for n in part.notes]
        assert [(n.start, n.pitch, n.end, n.velocity) for n in track.notes] == played
        assert {(n.channel, n.program) for n in track.notes} <= {(part.channel, part.instrument.program)}
        assert mido_notes(data, index) == {(n.start, n.pitch, n.duration, n.velocity, part.channel) for n in part.notes}
