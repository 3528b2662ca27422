"""How long notes sound: joined lines, detached repetitions, a breath where a section ends."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gamemusic.score.phrase import Note, Role
from gamemusic.units import TICKS_PER_BEAT

__all__ = ["LINES", "Length", "articulate"]

LINES = frozenset({Role.LEAD, Role.COUNTER, Role.BASS})
"""Roles that play one note at a time, and shape each."""
_BREATHING = frozenset({Role.LEAD, Role.COUNTER})
_FAST_MS, _FASTEST_MS = 260, 140
"""A pitch that is struck again sooner than this is detached, or short."""
_DETACHED, _SHORT = 800, 650
"""A bass, which has to drive, is only ever detached."""
_LEAP = 12
"""Lines join notes that lie closer than this, in semitones, or as close."""


@dataclass(frozen=True, slots=True)
class Length:
    """How long one note sounds."""

    permille: int
    """Share of its written length."""
    joined: bool = False
    """Whether it reaches a hair into the next note."""


def articulate(
    notes: Sequence[Note], role: Role, *, gate: float, sustained: bool, tempo_bpm: float, breaths: Collection[int] = ()
) -> list[Length]:
    """Return the length of each note.

    Args:
        notes: Sorted notes, in ticks.
        role: Whose they are; drums always sound for what is written.
        gate: Sounding share of the written length, 0.1..1.
        sustained: Whether the instrument sounds as long as it is held; only such join their notes.
        tempo_bpm: Quarter notes a minute.
        breaths: Ticks at which a line takes breath: notes that end there end a little sooner.
    """
    if role is Role.DRUMS:
        return [Length(1000)] * len(notes)
    usual = round(gate * 1000)
    if role not in LINES:
        return [Length(usual)] * len(notes)
    onsets = sorted({note.start for note in notes})
    following = dict(itertools.pairwise(onsets))
    at: dict[int, list[Note]] = {}
    for note in notes:
        at.setdefault(note.start, []).append(note)
    lengths = []
    for note in notes:
        after = following.get(note.start, -1)
        nexts: Sequence[Note] = at.get(after, ())
        if role in _BREATHING and note.end in breaths:
            gap = min(note.duration // 3, TICKS_PER_BEAT // 2)
            lengths.append(Length(min(usual, 1000 * (note.duration - gap) // note.duration)))
        elif any(each.pitch == note.pitch for each in nexts) and note.end >= after:
            step = (after - note.start) * 60_000 // round(TICKS_PER_BEAT * tempo_bpm)
            lengths.append(Length(usual * _repeated_share(step, role) // 1000))
        else:
            joined = sustained and usual >= 1000 and note.end == after and len(at[note.start]) == len(nexts) == 1
            lengths.append(Length(usual, joined and abs(nexts[0].pitch - note.pitch) <= _LEAP))
    return lengths


def _repeated_share(step_ms: int, role: Role) -> int:
    """Return the sounding share of a pitch that is struck again after so many milliseconds."""
    if role is Role.BASS:
        return _DETACHED if step_ms < _FASTEST_MS else 1000
    return _SHORT if step_ms < _FASTEST_MS else _DETACHED if step_ms < _FAST_MS else 1000
