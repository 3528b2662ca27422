"""Figures of a phrase: how dense, loud, high, dissonant and repetitive it is."""

from __future__ import annotations

from dataclasses import dataclass

from gamemusic.score.phrase import Phrase, Role
from gamemusic.units import TICKS_PER_BEAT

__all__ = ["Measures", "measure"]

_HARSH = frozenset((1, 6, 11))
"""Interval classes that grate: seconds, sevenths, the tritone."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Figures of one phrase."""

    notes_per_beat: float
    """Notes of all roles, a quarter note."""
    drums_per_beat: float
    mean_velocity: float
    """Mean MIDI velocity of all notes, 1..127; 0 without notes."""
    roles: int
    """Roles that have notes."""
    lead_pitch: float
    """Mean pitch of the lead (of all pitched roles when it is silent), MIDI note number."""
    in_key: float
    """Share of pitched notes that belong to the key."""
    dissonance: float
    """Share of sounding pairs at felt beats that are a second, a seventh or a tritone apart."""
    repetition: float
    """Share of role-bars with notes that equal the same role's bar 1, 2, 4 or 8 earlier, of those that have one."""
    minor: bool
    """Whether the mode has a minor third."""
    tempo_bpm: float


def measure(phrase: Phrase) -> Measures:
    """Return the figures of ``phrase``."""
    pitched = [note for role, note in phrase.notes() if role is not Role.DRUMS]
    drums = phrase.track(Role.DRUMS).notes
    every = [*pitched, *drums]
    beats = phrase.ticks / TICKS_PER_BEAT
    lead = phrase.track(Role.LEAD).notes or pitched
    scale = phrase.key.pitch_classes
    return Measures(
        notes_per_beat=len(every) / beats,
        drums_per_beat=len(drums) / beats,
        mean_velocity=sum(note.velocity for note in every) / len(every) if every else 0.0,
        roles=len(phrase.roles),
        lead_pitch=sum(note.pitch for note in lead) / len(lead) if lead else 0.0,
        in_key=sum(note.pitch % 12 in scale for note in pitched) / len(pitched) if pitched else 1.0,
        dissonance=_measure_dissonance(phrase),
        repetition=_measure_repetition(phrase),
        minor=phrase.key.minor,
        tempo_bpm=phrase.tempo_bpm,
    )


def _measure_dissonance(phrase: Phrase) -> float:
    """Return the share of harsh pairs among the notes that sound together at felt beats."""
    step = phrase.meter.pulse_ticks
    sounding: dict[int, set[int]] = {}
    for role, note in phrase.notes():
        if role is not Role.DRUMS:
            for tick in range(-(-note.start // step) * step, note.end, step):
                sounding.setdefault(tick, set()).add(note.pitch)
    pairs = harsh = 0
    for pitches in sounding.values():
        ordered = sorted(pitches)
        for index, low in enumerate(ordered):
            for high in ordered[index + 1 :]:
                pairs += 1
                harsh += (high - low) % 12 in _HARSH
    return harsh / pairs if pairs else 0.0


def _measure_repetition(phrase: Phrase) -> float:
    """Return the share of role-bars that repeat an earlier one exactly."""
    length = phrase.meter.bar_ticks
    repeats = total = 0
    for track in phrase.tracks:
        bars: list[list[tuple[int, int, int]]] = [[] for _ in range(phrase.bars)]
        for note in track.notes:
            bar, position = divmod(note.start, length)
            bars[bar].append((position, note.pitch, note.duration))
        for index, bar_notes in enumerate(bars):
            if bar_notes and index:
                total += 1
                repeats += any(lag <= index and bars[index - lag] == bar_notes for lag in (1, 2, 4, 8))
    return repeats / total if total else 0.0
