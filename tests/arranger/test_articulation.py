"""How long notes sound."""

from __future__ import annotations

from gamemusic.arranger.articulation import Length, articulate
from gamemusic.score.phrase import Note, Role


def lengths(
    pitches: list[int],
    *,
    step: int = 12,
    role: Role = Role.LEAD,
    gate: float = 1.0,
    tempo: float = 120.0,
    **more: object,
) -> list[Length]:
    notes = [Note(step * index, pitch, step) for index, pitch in enumerate(pitches)]
    options = {"sustained": True, "breaths": ()} | more
    return articulate(notes, role, gate=gate, tempo_bpm=tempo, **options)  # type: ignore[arg-type]  # two options


def test_lines_of_held_instruments_join_their_notes() -> None:
    assert lengths([60, 62, 64]) == [Length(1000, True), Length(1000, True), Length(1000)]
    assert lengths([60, 74]) == [Length(1000), Length(1000)]  # too far to slur
    assert lengths([60, 62], gate=0.9) == [Length(900), Length(900)]
    assert lengths([60, 62], sustained=False) == [Length(1000), Length(1000)]
    assert lengths([60, 62], role=Role.HARMONY) == [Length(1000), Length(1000)]
    apart = [Note(0, 60, 6), Note(12, 62, 6)]
    found = articulate(apart, Role.LEAD, gate=1.0, sustained=True, tempo_bpm=120.0)
    assert found == [Length(1000), Length(1000)]


def test_fast_repetitions_are_detached() -> None:
    assert [each.permille for each in lengths([60, 60, 60], step=12)] == [1000, 1000, 1000]  # 500 ms
    assert [each.permille for each in lengths([60, 60, 60], step=6)] == [800, 800, 1000]
    assert [each.permille for each in lengths([60, 60, 60], step=3)] == [650, 650, 1000]
    assert [each.permille for each in lengths([60, 60, 60], step=3, role=Role.BASS)] == [800, 800, 1000]
    assert [each.permille for each in lengths([60, 60, 60], step=3, gate=0.5)] == [325, 325, 500]


def test_lines_breathe_where_a_section_ends() -> None:
    assert lengths([60, 62, 64], breaths={24}) == [Length(1000, True), Length(666), Length(1000)]
    assert lengths([60, 62, 64], breaths={24}, role=Role.BASS)[1] == Length(1000, True)
    long = articulate([Note(0, 60, 48)], Role.LEAD, gate=1.0, sustained=True, tempo_bpm=120.0, breaths={48})
    assert long == [Length(875)]  # an eighth, not a third


def test_drums_sound_for_what_is_written() -> None:
    assert lengths([38, 38, 38], step=3, role=Role.DRUMS, gate=0.1) == [Length(1000)] * 3
