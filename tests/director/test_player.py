"""Lines are played to their end, however often they change: no note sticks."""

from __future__ import annotations

from array import array
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from gamemusic.director.player import NEVER_FRAME, Player
from gamemusic.director.take import Line
from gamemusic.score.phrase import Role


class RecordingSynth:
    """Collects what a synthesizer would be told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, int]] = []
        self.sounding: set[int] = set()

    def note_on(self, channel: int, pitch: int, velocity: int) -> None:
        assert pitch not in self.sounding, "struck again without being ended"
        self.sounding.add(pitch)
        self.events.append(("on", pitch))

    def note_off(self, channel: int, pitch: int) -> None:
        self.sounding.remove(pitch)
        self.events.append(("off", pitch))

    def control(self, channel: int, controller: int, value: int) -> None:
        self.events.append(("control", controller))


def _line(notes: list[tuple[int, int, int]]) -> Line:
    rows = sorted((64 * start, pitch, 64 * (start + length)) for start, length, pitch in notes)
    return Line(
        array("q", [row[0] for row in rows]),
        array("q", [row[2] for row in rows]),
        array("B", [row[1] for row in rows]),
        array("B", [80] * len(rows)),
        ((0, 11, 127),),
    )


NOTES = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 40), st.integers(60, 66)), max_size=20)


@given(st.lists(st.tuples(st.integers(0, 100), st.one_of(st.none(), NOTES)), max_size=6), NOTES)
def test_no_note_sticks(changes: list[tuple[int, list[tuple[int, int, int]] | None]], first: list[Any]) -> None:
    synth = RecordingSynth()
    player = Player(cast("Any", synth), 0, Role.LEAD)
    player.begin(_line(first), 0, least=64, fade=0)
    due = sorted(changes, key=lambda change: change[0])
    for block in range(100):
        frame = 64 * block
        while due and 64 * due[0][0] <= frame:
            _, notes = due.pop(0)
            player.begin(None if notes is None else _line(notes), frame, least=64, fade=640)
        player.apply(frame)
        assert player.next_frame() > frame
        player.layer.take(64)
        player.settle()
    player.finish(6400)
    player.stop()
    assert not synth.sounding
    assert player.next_frame() == NEVER_FRAME


def test_notes_in_both_lines_go_on_and_long_ones_are_struck_late() -> None:
    synth = RecordingSynth()
    player = Player(cast("Any", synth), 0, Role.LEAD)
    player.begin(_line([(0, 50, 60), (0, 50, 61)]), 0, least=640, fade=0)
    player.apply(0)
    synth.events.clear()
    player.begin(_line([(0, 50, 60), (0, 50, 64), (0, 21, 65)]), 64 * 20, least=640, fade=64)
    assert ("on", 64) in synth.events
    assert ("off", 61) in synth.events
    assert not any(pitch in (60, 65) for kind, pitch in synth.events if kind != "control")


def test_a_leaving_layer_plays_on_while_it_fades() -> None:
    synth = RecordingSynth()
    player = Player(cast("Any", synth), 0, Role.COUNTER)
    player.begin(_line([(0, 5, 60), (10, 5, 62), (40, 5, 64)]), 0, least=64, fade=0)
    for block in range(100):
        if block == 8:
            player.begin(None, 64 * block, least=64, fade=64 * 16)
        player.apply(64 * block)
        player.layer.take(64)
        player.settle()
    assert ("on", 62) in synth.events
    assert ("on", 64) not in synth.events
    assert not synth.sounding
