"""When each note is played: from the score's grid to subticks, with swing, articulation and a human hand."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from gamemusic.arranger.articulation import Length
from gamemusic.arranger.chance import between
from gamemusic.score.parts import PlayedNote
from gamemusic.score.phrase import Note, Role
from gamemusic.units import SUBTICKS_PER_BEAT, SUBTICKS_PER_TICK, TICKS_PER_BEAT, Meter

__all__ = ["milliseconds", "place_notes", "settle", "swing_table"]

_LOOSE_MS = {Role.DRUMS: 3, Role.BASS: 6}
"""How far from the beat a role may play; the others 10."""
_USUAL_LOOSE_MS = 10
_STRING_MS = 7
"""Time from one string of a strum to the next."""
_JOIN_MS = 15
"""How far a joined note reaches into the next, at most an eighth of its own length."""
_TUNE_MS = 80
"""What each note of the lead sounds at least, unless its own pitch is struck again sooner: shorter ones are clicks."""
_SHORTEST = SUBTICKS_PER_TICK // 2
"""What staccato leaves at least, in subticks; less where the note itself is shorter."""


def milliseconds(value: int, tempo_bpm: float) -> int:
    """Return whole milliseconds in subticks, rounded down."""
    return int(value * tempo_bpm * SUBTICKS_PER_BEAT) // 60_000


def swing_table(swing: float, meter: Meter) -> tuple[int, ...]:
    """Return where each tick of a quarter note is played, in subticks from the quarter.

    The second eighth comes late by ``swing`` of an eighth, sixteenths move along, triplets stay where they are. Meters
    whose felt beat has three eighths do not swing.
    """
    straight = tuple(tick * SUBTICKS_PER_TICK for tick in range(TICKS_PER_BEAT))
    if meter.pulse_ticks != TICKS_PER_BEAT:
        return straight
    half = SUBTICKS_PER_BEAT // 2
    late = round(swing * half)
    played = {0: 0, 3: (half + late) // 2, 6: half + late, 9: half + late + (half - late) // 2, 12: SUBTICKS_PER_BEAT}
    for triplet in (4, 8):
        played[triplet] = min(max(played[triplet - triplet % 3], straight[triplet]), played[triplet - triplet % 3 + 3])
    anchors = sorted(played)
    for before, after in itertools.pairwise(anchors):
        for tick in range(before + 1, after):
            played[tick] = played[before] + (played[after] - played[before]) * (tick - before) // (after - before)
    return tuple(played[tick] for tick in range(TICKS_PER_BEAT))


def place_notes(
    notes: Sequence[Note],
    velocities: Sequence[int],
    role: Role,
    *,
    lengths: Sequence[Length],
    swing: Sequence[int],
    tempo_bpm: float,
    subticks: int,
    seed: int,
    strum: int = 0,
    exact: bool = False,
) -> tuple[PlayedNote, ...]:
    """Return the notes as they are played.

    Notes that are written together stay together and keep their order; what stands at 0 stays there.

    Args:
        notes: Sorted notes, in ticks.
        velocities: One a note.
        role: Whose they are.
        lengths: One a note, see `gamemusic.arranger.articulation`.
        swing: A `swing_table`.
        tempo_bpm: Quarter notes a minute.
        subticks: Length of the phrase.
        seed: What chance is drawn from.
        exact: Whether a machine plays, which is never early or late.
        strum: Felt beat of a strummed figure, in ticks: its last eighth is an upstroke. 0 where chords are not spread.
    """

    def swung(tick: int) -> int:
        quarter, rest = divmod(tick, TICKS_PER_BEAT)
        return quarter * SUBTICKS_PER_BEAT + swing[rest]

    onsets = sorted({swung(note.start) for note in notes})
    loose = 0 if exact else milliseconds(_LOOSE_MS.get(role, _USUAL_LOOSE_MS), tempo_bpm)
    string = milliseconds(_STRING_MS, tempo_bpm)
    shifts: dict[int, int] = {}
    strings: dict[int, int] = {}
    for index, onset in enumerate(onsets):
        before = onsets[index - 1] if index else 0
        after = onsets[index + 1] if index + 1 < len(onsets) else subticks
        room = (min(onset - before, after - onset) - 1) // 3  # a third, so that neighbours never change places
        limit = max(0, min(loose, room))
        shifts[onset] = between(-limit, limit, seed, list(Role).index(role), onset) if onset else 0
        strings[onset] = min(string, (after - onset) // 16)
    chords: dict[int, list[int]] = {}
    for note in notes:
        chords.setdefault(note.start, []).append(note.pitch)
    join = milliseconds(_JOIN_MS, tempo_bpm)
    least = milliseconds(_TUNE_MS, tempo_bpm) + 1 if role is Role.LEAD else 0
    played = []
    for note, velocity, wanted in zip(notes, velocities, lengths, strict=True):
        onset = swung(note.start)
        length = max(1, swung(note.end) - onset)
        sounding = max(min(length, _SHORTEST), length * wanted.permille // 1000, least)
        if wanted.joined:  # from where the next note is really struck
            sounding += max(0, shifts.get(onset + length, 0) - shifts[onset]) + min(join, length // 8)
        late = 0
        if strum:
            upstroke = note.start % strum == strum - TICKS_PER_BEAT // 2
            chord = sorted(chords[note.start], reverse=upstroke)
            late = strings[onset] * chord.index(note.pitch)
        start = onset + shifts[onset] + late
        ends_last = wanted.permille >= 1000 and onset + length >= subticks
        end = subticks if ends_last else min(start + sounding, subticks)
        played.append(PlayedNote(start, note.pitch, end - start, velocity))
    return settle(played)


def settle(notes: Sequence[PlayedNote]) -> tuple[PlayedNote, ...]:
    """Return the notes sorted, each cut where its pitch is struck again; of two struck at once the longer is kept."""
    following: dict[int, int] = {}
    settled: list[PlayedNote] = []
    for note in sorted(notes, reverse=True):
        until = following.get(note.pitch)
        if until != note.start:
            end = note.start + note.duration
            end = end if until is None else min(end, until)
            settled.append(PlayedNote(note.start, note.pitch, end - note.start, note.velocity))
            following[note.pitch] = note.start
    return tuple(sorted(settled))
