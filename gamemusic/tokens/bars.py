"""A bar as the tokens see it, and phrases cut into such bars and put together again.

Pitches and roots are relative to a tonic of C; positions are ticks from the bar line. This is what ``Same`` compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from gamemusic.errors import InputError
from gamemusic.score.phrase import DRUM_TICKS, Chord, Note, Phrase, Role, Track
from gamemusic.tokens.vocabulary import (
    DRUM_PITCHES,
    MAX_DURATION,
    PITCH_RANGES,
    QUALITY_NAMES,
    ROLES,
    STREAMS,
    VELOCITIES,
    velocity_bin,
)

__all__ = ["DEFAULT_POLYPHONY", "EMPTY_BAR", "Bar", "Event", "cut_bars", "join_bars", "settle", "transposition"]

DEFAULT_POLYPHONY = MappingProxyType(
    {Role.BASS: 2, Role.HARMONY: 5, Role.TEXTURE: 4, Role.COUNTER: 2, Role.LEAD: 2, Role.DRUMS: 6}
)
"""How many notes of a role may sound at once."""


class Event(NamedTuple):
    """A note or a chord inside a bar."""

    position: int
    """Tick from the bar line."""
    number: int
    """Pitch less the lowest of the role's range; for drums the index in `DRUM_PITCHES`; of a chord its number."""
    duration: int = 0
    """Ticks; 0 for drums, whose length is fixed, and for chords."""
    velocity: int = 0
    """Index in `VELOCITIES`; 0 for chords."""


Bar = tuple[tuple[Event, ...], ...]
"""One tuple a stream: the chords, then each role's notes."""

EMPTY_BAR: Bar = ((),) * len(STREAMS)


def transposition(tonic: int) -> int:
    """Return the semitones from a tonic of C to ``tonic``, -6..5: the nearer way."""
    return tonic if tonic <= 5 else tonic - 12


def settle(notes: Iterable[Note], polyphony: int) -> tuple[Note, ...]:
    """Return the notes sorted, each cut short where its pitch is struck again or too many would sound.

    Of one pitch struck twice at once the first is kept; of too many struck at once, the highest.
    """
    settled: list[Note] = []
    sounding: list[int] = []  # indices into settled
    ordered = sorted(notes)
    groups: dict[int, dict[int, Note]] = {}
    for note in ordered:
        groups.setdefault(note.start, {}).setdefault(note.pitch, note)
    for start, group in groups.items():
        struck = list(group.values())[-polyphony:]
        sounding = [index for index in sounding if settled[index].end > start]
        pitches = {note.pitch for note in struck}
        spare = polyphony - len(struck)
        held = [index for index in sounding if settled[index].pitch not in pitches]
        kept = held[len(held) - spare :] if spare < len(held) else held
        for index in sounding:
            if index not in kept:
                old = settled[index]
                settled[index] = Note(old.start, old.pitch, start - old.start, old.velocity)
        sounding = kept + list(range(len(settled), len(settled) + len(struck)))
        settled.extend(struck)
    return tuple(settled)


def cut_bars(phrase: Phrase) -> list[Bar]:
    """Return a phrase's bars.

    Raises:
        InputError: For a note that no token can say: a pitch outside its role's range, a length over `MAX_DURATION`.
    """
    length, shift = phrase.meter.bar_ticks, transposition(phrase.key.tonic)
    bars: list[list[list[Event]]] = [[[] for _ in STREAMS] for _ in range(phrase.bars)]
    for chord in phrase.chords:
        bar, position = divmod(chord.start, length)
        number = (chord.root - phrase.key.tonic) % 12 * len(QUALITY_NAMES) + QUALITY_NAMES.index(chord.quality)
        bars[bar][0].append(Event(position, number))
    for role, note in phrase.notes():
        bar, position = divmod(note.start, length)
        velocity = velocity_bin(note.velocity)
        if role is Role.DRUMS:
            if note.pitch not in DRUM_PITCHES:
                raise InputError(f"drum key {note.pitch} has no token")
            sounded = Event(position, DRUM_PITCHES.index(note.pitch), 0, velocity)
        else:
            low, high = PITCH_RANGES[role]
            pitch = note.pitch - shift
            if not low <= pitch <= high or note.duration > MAX_DURATION:
                raise InputError(
                    f"{role} note {note} has no token: pitch {low + shift} to {high + shift}, "
                    f"length 1 to {MAX_DURATION}"
                )
            sounded = Event(position, pitch - low, note.duration, velocity)
        bars[bar][1 + ROLES.index(role)].append(sounded)
    return [tuple(tuple(sorted(stream)) for stream in bar) for bar in bars]


def join_bars(bars: Sequence[Bar], phrase: Phrase, polyphony: Mapping[Role, int] = DEFAULT_POLYPHONY) -> Phrase:
    """Return ``phrase`` with the chords and tracks that ``bars`` hold; meter, key and the rest stay.

    Notes are settled (see `settle`) and cut at the phrase's end.
    """
    length, shift, total = phrase.meter.bar_ticks, transposition(phrase.key.tonic), len(bars) * phrase.meter.bar_ticks
    chords, tracks = [], []
    for number, bar in enumerate(bars):
        for position, chord, _, _ in bar[0]:
            root, quality = divmod(chord, len(QUALITY_NAMES))
            chords.append(Chord(number * length + position, (root + phrase.key.tonic) % 12, QUALITY_NAMES[quality]))
    for stream, role in enumerate(ROLES, start=1):
        notes = []
        for number, bar in enumerate(bars):
            for position, index, duration, velocity in bar[stream]:
                start = number * length + position
                pitch = DRUM_PITCHES[index] if role is Role.DRUMS else PITCH_RANGES[role][0] + index + shift
                ticks = min(duration or DRUM_TICKS, total - start)
                notes.append(Note(start, pitch, ticks, VELOCITIES[velocity]))
        if notes:
            tracks.append(Track(role, tuple(notes) if role is Role.DRUMS else settle(notes, polyphony[role])))
    return phrase.replace(bars=len(bars), chords=tuple(chords), tracks=tuple(tracks))
