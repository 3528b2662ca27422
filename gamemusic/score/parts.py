"""Part and Arrangement: a phrase after the arranger has said who plays it and how.

Times are in subticks (480 a quarter note, see `gamemusic.units`), since players do not play on the grid.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from gamemusic.score.orchestration import Instrument, Room
from gamemusic.score.phrase import Chord, Role
from gamemusic.theory import Key
from gamemusic.units import SUBTICKS_PER_TICK, Meter

__all__ = ["Arrangement", "Control", "Part", "PlayedNote", "join"]


@dataclass(frozen=True, slots=True, order=True)
class PlayedNote:
    """One note as it is played."""

    start: int
    """Onset, in subticks from the beginning, inside the arrangement."""
    pitch: int
    """MIDI note number, 0..127."""
    duration: int
    """Sounding length in subticks, at least 1; the end never lies after the arrangement's end."""
    velocity: int
    """MIDI velocity, 1..127."""


@dataclass(frozen=True, slots=True, order=True)
class Control:
    """One controller change."""

    start: int
    """Subtick."""
    controller: int
    """MIDI controller number, 0..127."""
    value: int
    """0..127."""


@dataclass(frozen=True, slots=True)
class Part:
    """One role, ready to be played: one MIDI channel, one stem."""

    role: Role
    channel: int
    """MIDI channel, 0..15; 9 for drums."""
    instrument: Instrument
    notes: tuple[PlayedNote, ...]
    """Sorted; no two of one pitch overlap."""
    controls: tuple[Control, ...] = ()
    """Sorted; every controller used stands at subtick 0 too, so that each pass of a loop begins alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """A phrase with its players: what MIDI files are written and audio is rendered from."""

    bars: int
    meter: Meter
    tempo_bpm: float
    """Quarter notes a minute."""
    key: Key
    parts: tuple[Part, ...]
    """In the order of `Role`; roles that are silent at this intensity are absent."""
    chords: tuple[Chord, ...] = ()
    """In ticks, as in the phrase."""
    room: Room = field(default_factory=Room)
    ending: str = "loop"
    """``loop`` or ``cadence``."""
    title: str = ""
    comment: str = ""
    """What the file should say of its making: mood, style, seed."""
    loop_bar: int = 0
    """Bar in which the loop begins, from 0; what stands before it is an intro, heard once."""

    @property
    def ticks(self) -> int:
        """Length in ticks."""
        return self.bars * self.meter.bar_ticks

    @property
    def subticks(self) -> int:
        """Length in subticks."""
        return self.ticks * SUBTICKS_PER_TICK


def join(intro: Arrangement, loop: Arrangement) -> Arrangement:
    """Return two arrangements one after another; the second one loops, the first is heard once.

    Args:
        intro: In the tempo and meter of ``loop``; roles that only it has keep their player.
        loop: What follows.
    """
    offset = intro.subticks
    channels = {part.role: part for part in (*intro.parts, *loop.parts)}
    before = {part.role: part for part in intro.parts}
    after = {part.role: part for part in loop.parts}
    parts = []
    for role in Role:
        if role not in channels:
            continue
        notes: list[PlayedNote] = []
        controls: list[Control] = []
        if role in before:
            notes += before[role].notes
            controls += before[role].controls
        if role in after:
            notes += [replace(note, start=note.start + offset) for note in after[role].notes]
            controls += [replace(control, start=control.start + offset) for control in after[role].controls]
        parts.append(replace(channels[role], notes=tuple(notes), controls=tuple(controls)))
    chords = tuple(replace(chord, start=chord.start + intro.ticks) for chord in loop.chords)
    return replace(
        loop, bars=intro.bars + loop.bars, parts=tuple(parts), chords=(*intro.chords, *chords), loop_bar=intro.bars
    )
