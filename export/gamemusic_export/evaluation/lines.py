"""Melodic lines of a phrase: the outer note of each onset, and the moves from note to note."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from gamemusic.score.phrase import Note, Phrase, Role
from gamemusic.theory import Key

__all__ = ["MELODIC", "Line", "degrees_of", "find_degree", "read_line", "read_moves"]

MELODIC = (Role.LEAD, Role.COUNTER, Role.BASS)
"""Roles that are lines of their own."""

Line = list[tuple[int, int]]
"""(onset in ticks, MIDI note number), in order, one an onset."""


def read_line(notes: Iterable[Note], role: Role) -> Line:
    """Return the line of a role's notes: of those struck together the highest counts, of the bass the lowest."""
    line: dict[int, int] = {}
    for note in notes:
        held = line.get(note.start)
        if held is None or (note.pitch < held if role is Role.BASS else note.pitch > held):
            line[note.start] = note.pitch
    return sorted(line.items())


def read_moves(line: Line) -> list[tuple[int, int]]:
    """Return (interval in semitones, ticks from onset to onset) from each note of a line to the next."""
    return [(after[1] - before[1], after[0] - before[0]) for before, after in pairwise(line)]


def find_degree(pitch: int, key: Key) -> float:
    """Return a pitch as steps of the key's scale above MIDI note 0's octave, seven an octave.

    Pitches between two steps of the scale lie half a step above the lower one.
    """
    octave, above = divmod(pitch - key.tonic, 12)
    scale = key.degrees
    step = sum(tone <= above for tone in scale) - 1
    return 7 * octave + step + (0.0 if above in scale else 0.5)


def degrees_of(phrase: Phrase, role: Role) -> list[tuple[int, float]]:
    """Return a role's line as (onset in ticks, `find_degree`)."""
    return [(start, find_degree(pitch, phrase.key)) for start, pitch in read_line(phrase.track(role).notes, role)]
