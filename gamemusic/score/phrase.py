"""Phrase, Track, Note: the noun that every folder takes and gives.

Times are in ticks from the phrase's beginning (12 a quarter note, see `gamemusic.units`), pitches are MIDI note numbers
as sounding, velocities 1..127. All ranges are closed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from gamemusic.errors import InputError
from gamemusic.score.judgement import Judgement
from gamemusic.theory import Key
from gamemusic.units import Meter, check_bars, check_tempo, ticks_to_seconds
from gamemusic.values import check_choice

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from gamemusic.score.orchestration import Orchestration

__all__ = ["BRIDGE_FORM", "DRUM_TICKS", "Chord", "Note", "Phrase", "Role", "Track"]

BRIDGE_FORM = ("bridge",)
"""`Phrase.form` of a bridge: music that leads somewhere else."""
DRUM_TICKS = 3
"""Written length of every drum note, a sixteenth; drums sound as long as their sample."""


class Role(str, Enum):
    """What a track is for. The order is the order in which simultaneous notes are written."""

    BASS = "bass"
    HARMONY = "harmony"
    TEXTURE = "texture"
    COUNTER = "counter"
    LEAD = "lead"
    DRUMS = "drums"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """One note."""

    start: int
    """Onset, in ticks from the phrase's beginning."""
    pitch: int
    """MIDI note number, 0..127; for drums the General MIDI percussion key."""
    duration: int
    """Written length, in ticks, at least 1."""
    velocity: int = 80
    """MIDI velocity, 1..127."""

    @property
    def end(self) -> int:
        """First tick after the note."""
        return self.start + self.duration


@dataclass(frozen=True, slots=True, order=True)
class Chord:
    """The harmony from ``start`` on."""

    start: int
    """Tick from the phrase's beginning."""
    root: int
    """Pitch class, 0..11."""
    quality: str
    """A name in `gamemusic.theory.CHORD_QUALITIES`."""


@dataclass(frozen=True, slots=True)
class Track:
    """The notes of one role, sorted by start, then pitch."""

    role: Role
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A whole number of bars of multi-track music.

    Raises:
        InputError: When bars, tempo or ending are out of range, or a note does not lie inside the phrase.
    """

    bars: int
    """Length in bars, 1..64."""
    meter: Meter
    tempo_bpm: float
    """Quarter notes a minute."""
    key: Key
    tracks: tuple[Track, ...]
    """At most one a role, in the order of `Role`."""
    chords: tuple[Chord, ...] = ()
    """Sorted by start; the last one before a tick is the harmony there."""
    ending: str = "loop"
    """``loop`` leads back to the beginning, ``cadence`` plays once and rings out."""
    mood: str = ""
    style: str = ""
    form: tuple[str, ...] = ()
    """Names of its sections, all of equal length, such as ``("A", "A'", "B", "A")``; empty when it has none."""
    intensity: float = 0.5
    """0 to 1, as asked for."""
    seed: int = 0
    seam_bits: float | None = None
    """Surprise of the first bar after the last, less that inside the phrase, in bits a token; lower is smoother."""
    candidates: int = field(default=0, compare=False)
    """How many phrases were composed to choose this one from; 0 when it was not composed."""
    rejected: tuple[tuple[str, int], ...] = field(default=(), compare=False)
    """What was found wrong with how many of them, see `gamemusic.composer.judge.find_faults`."""
    faults: tuple[str, ...] = field(default=(), compare=False)
    """What was found wrong with this one: empty unless all of them had faults."""
    judgement: tuple[Judgement, ...] = field(default=(), repr=False, compare=False)
    """What was found of every phrase of the batch that this one was chosen from; empty when it was not composed."""
    orchestration: Orchestration | None = field(default=None, repr=False, compare=False)
    """Who plays which role, and how; None plays General MIDI defaults."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "bars", check_bars(self.bars))  # numbers of NumPy become Python's
        object.__setattr__(self, "tempo_bpm", check_tempo(self.tempo_bpm))
        check_choice(self.ending, "ending", ("loop", "cadence"))
        if self.form and self.bars % len(self.form):
            raise InputError(f"a form of {len(self.form)} sections does not divide {self.bars} bars")
        for track in self.tracks:
            for note in track.notes:
                if not (note.start >= 0 and note.duration >= 1 and note.end <= self.ticks):
                    raise InputError(f"{track.role} note {note} does not lie inside the phrase's {self.ticks} ticks")
                if not (0 <= note.pitch <= 127 and 1 <= note.velocity <= 127):
                    raise InputError(f"{track.role} note {note}: pitch must be 0 to 127 and velocity 1 to 127")

    @property
    def ticks(self) -> int:
        """Length in ticks."""
        return self.bars * self.meter.bar_ticks

    @property
    def seconds(self) -> float:
        """Exact length in seconds at the phrase's tempo."""
        return ticks_to_seconds(self.ticks, self.tempo_bpm)

    @property
    def roles(self) -> tuple[Role, ...]:
        """Roles that have notes."""
        return tuple(track.role for track in self.tracks if track.notes)

    def track(self, role: Role) -> Track:
        """Return the track of ``role``, empty when the phrase has none."""
        return next((track for track in self.tracks if track.role is role), Track(role, ()))

    def chord_at(self, tick: int) -> Chord | None:
        """Return the harmony at ``tick``, or None before the first chord."""
        found = None
        for chord in self.chords:
            if chord.start > tick:
                break
            found = chord
        return found

    def notes(self) -> Iterator[tuple[Role, Note]]:
        """Yield every note with its role, track by track."""
        for track in self.tracks:
            for note in track.notes:
                yield track.role, note

    def replace(self, **changes: object) -> Phrase:
        """Return a copy with some fields changed, checked like a new one."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]  # dataclasses types each field apart

    def save(self, path: str | Path, **options: object) -> Path:
        """Write the phrase as MIDI or audio, by the suffix of ``path``; see `gamemusic.save`."""
        from gamemusic.output import save  # looks upward: the noun must not load audio when imported

        return save(self, path, **options)  # type: ignore[arg-type]  # checked by the function itself

    def render(self, **options: object) -> npt.NDArray[np.float32]:
        """Return float32 audio of shape (frames, 2) that loops exactly; see `gamemusic.render`."""
        from gamemusic.output import render  # looks upward: the noun must not load audio when imported

        return render(self, **options)  # type: ignore[arg-type]  # checked by the function itself
