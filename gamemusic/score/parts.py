"""Part and Arrangement: a phrase after the arranger has said who plays it and how.

Times are in subticks (480 a quarter note, see `gamemusic.units`), since players do not play on the grid.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gamemusic.score.orchestration import Instrument, Room
from gamemusic.score.phrase import Chord, Role
from gamemusic.theory import Key
from gamemusic.units import SUBTICKS_PER_TICK, Meter

__all__ = ["Arrangement", "Control", "Part", "PlayedNote"]


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

    @property
    def ticks(self) -> int:
        """Length in ticks."""
        return self.bars * self.meter.bar_ticks

    @property
    def subticks(self) -> int:
        """Length in subticks."""
        return self.ticks * SUBTICKS_PER_TICK
