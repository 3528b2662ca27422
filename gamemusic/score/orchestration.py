"""Who plays a phrase: an instrument a role, and the room they play in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from gamemusic.score.figure import Figure
from gamemusic.score.groove import Groove
from gamemusic.score.phrase import Role

__all__ = ["DEFAULT_ORCHESTRATION", "Instrument", "Orchestration", "Room", "SectionPlan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """How one role is played."""

    program: int = 0
    """General MIDI program, 0..127; for drums the kit's number."""
    bank: int = 0
    """Soundfont bank, 0..127; drums use 128 whatever this says."""
    level_db: float = 0.0
    """Loudness against the other roles, in dB, -60..6; 0 is the lead's usual level."""
    pan: float = 0.0
    """Place in the stereo field, -1 (left) to 1 (right)."""
    reverb: float = 0.3
    """Share of the sound sent to the room, 0..1."""
    octave: int = 0
    """Octaves by which the notes are moved when played, -3..3."""
    gate: float = 1.0
    """Sounding share of the written length, 0.1..1: below 0.5 is staccato, 1 is legato."""
    from_intensity: float = 0.0
    """Lowest intensity at which the role plays, 0..1."""
    figure: str = ""
    """Name of a figure by which the arranger realises the chords for this role; empty: the model's notes are played."""
    reach: tuple[int, int] | None = None
    """Lowest and highest MIDI note that a figure may play before `octave` moves it; None leaves it where it lies."""
    density: int | None = None
    """Most notes of a figure that may begin in a bar; None for all."""
    double_from: float | None = None
    """Intensity from which each note is doubled an octave higher, 0..1; None never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The reverberation that every role's send goes to."""

    seconds: float = 1.6
    """Time in which the sound falls by 60 dB, 0.1..6 seconds."""
    damping: float = 0.5
    """How much faster high sounds die away, 0..1."""
    level_db: float = -9.0
    """Loudness of the room against a role's dry sound, in dB, -60..0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionPlan:
    """Who plays how in one section of a phrase's form."""

    rest: tuple[Role, ...] = ()
    """Roles that are silent."""
    figures: Mapping[Role, str] = field(default_factory=dict)
    """Figures played here in place of what the role has elsewhere."""
    half_time: bool = False
    """Whether the drums play at half their pace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orchestration:
    """A style's players."""

    instruments: Mapping[Role, Instrument]
    """One instrument for each role that plays."""
    room: Room = field(default_factory=Room)
    swing: float = 0.0
    """Delay of every second eighth note, as a share of an eighth, 0..0.5."""
    sections: Mapping[str, SectionPlan] = field(default_factory=dict)
    """Plans by the section's name, such as ``A`` (each of them) or ``A2`` (the second); the others are derived."""
    figures: Mapping[str, Mapping[Role, str]] = field(default_factory=dict)
    """Figures that the composer chose for a section, by its name (empty without a form): played in place of
    what was composed there, unless the section's plan says something else."""
    own_figures: Mapping[str, Figure] = field(default_factory=dict)
    """Figures that the mood brings, by name."""
    own_grooves: Mapping[str, Mapping[str, Groove]] = field(default_factory=dict)
    """Drum patterns that the mood brings, by name, then meter."""
    soundfont: str = ""
    """``chip`` for the soundfont of chip sounds that comes with the package, ``pack:SHA256.sf2`` for one that the
    mood's pack brings; empty: the caller's or the system's."""


DEFAULT_ORCHESTRATION = Orchestration(
    instruments=MappingProxyType(
        {
            Role.BASS: Instrument(program=32, level_db=-4.0),
            Role.HARMONY: Instrument(program=48, level_db=-6.0, pan=-0.2),
            Role.TEXTURE: Instrument(program=46, level_db=-7.0, pan=0.3),
            Role.COUNTER: Instrument(program=71, level_db=-4.0, pan=0.2),
            Role.LEAD: Instrument(program=73),
            Role.DRUMS: Instrument(program=0, level_db=-5.0),
        }
    )
)
"""What plays a phrase that brings no orchestration of its own."""
