"""Where a chord's notes lie: spans of harmony, and voices that move from one to the next by the shortest way."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from gamemusic.score.phrase import Chord, Note, Phrase
from gamemusic.theory import CHORD_QUALITIES, chord_pitch_classes

__all__ = [
    "LOW_THIRDS",
    "Span",
    "Voicing",
    "find_spans",
    "lead_voices",
    "movement",
    "open_low",
    "span_index",
    "tonic_chord",
    "wide_enough",
]

LOW_THIRDS = 48
"""Below this pitch (C3) seconds and thirds growl, so neighbours lie a fourth or more apart."""
_LOW_INTERVAL = 5
_CLOSE, _OPEN = 12, 17
"""Preferred and greatest distance of a voicing's outer voices, in semitones."""

Voicing = tuple[int, ...]
"""Pitches that sound together, lowest first."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one harmony."""

    start: int
    """Tick."""
    end: int
    """First tick after it."""
    root: int
    """Pitch class, 0..11."""
    quality: str

    @property
    def fifth(self) -> int:
        """Pitch class of the fifth, flat or sharp as the chord has it."""
        steps = CHORD_QUALITIES[self.quality]
        return (self.root + next(step for step in steps if 6 <= step <= 8)) % 12

    @property
    def third(self) -> int:
        """Pitch class of the third, or of what stands in its place."""
        return (self.root + CHORD_QUALITIES[self.quality][1]) % 12


def tonic_chord(phrase: Phrase) -> Chord:
    """Return the triad on the key's tonic, at tick 0."""
    return Chord(0, phrase.key.tonic, phrase.key.tonic_quality)


def find_spans(phrase: Phrase) -> tuple[Span, ...]:
    """Return the harmonies of a phrase from its beginning to its end; before the first chord stands the tonic's."""
    changes = {0: tonic_chord(phrase)}
    changes.update((max(0, chord.start), chord) for chord in phrase.chords if chord.start < phrase.ticks)
    spans: list[Span] = []
    for start in sorted(changes):
        chord = changes[start]
        if spans:
            before = spans.pop()
            same = (before.root, before.quality) == (chord.root % 12, chord.quality)
            spans.append(Span(before.start, phrase.ticks if same else start, before.root, before.quality))
            if same:
                continue
        spans.append(Span(start, phrase.ticks, chord.root % 12, chord.quality))
    return tuple(spans)


def span_index(spans: Sequence[Span], tick: int) -> int:
    """Return the index of the span that sounds at ``tick``."""
    return bisect_right(spans, tick, key=lambda span: span.start) - 1


def wide_enough(pitches: Sequence[int]) -> bool:
    """Say whether no two neighbours below `LOW_THIRDS` lie closer than a fourth."""
    return all(low >= LOW_THIRDS or high - low >= _LOW_INTERVAL for low, high in itertools.pairwise(pitches))


def open_low(notes: Sequence[Note], bass: Sequence[Note] = ()) -> tuple[Note, ...]:
    """Return composed chords without close intervals low down: the upper note of such a pair goes up an octave.

    Args:
        notes: Notes of one role, as sounding.
        bass: What sounds below them; never moved, and heeded where a note is struck over it.
    """
    sounding: list[Note] = []
    opened: set[Note] = set()
    for note in sorted(notes):
        sounding = [each for each in sounding if each.end > note.start]
        under = [each.pitch for each in bass if each.start <= note.start < each.end]
        pitch = note.pitch
        while pitch <= 115 and not all(
            wide_enough(sorted((pitch, other)))
            for other in (*(each.pitch for each in sounding), *(each for each in under if each < pitch))
            if other != pitch
        ):
            pitch += 12
        moved = Note(note.start, pitch, note.duration, note.velocity)
        sounding.append(moved)
        opened.add(moved)
    return tuple(sorted(opened))


def movement(before: Voicing, after: Voicing) -> int:
    """Return how far voices move, in semitones: each to the nearest of the other chord, both ways."""
    there = sum(min(abs(pitch - other) for other in before) for pitch in after)
    return there + sum(min(abs(pitch - other) for other in after) for pitch in before)


def lead_voices(spans: Sequence[Span], low: int, high: int, voices: int) -> tuple[Voicing, ...]:
    """Return a voicing for each span, all in ``low`` to ``high``.

    The first lies nearest to the middle. Each new chord moves as little as it can; one that has sounded before is taken
    up where it was, so that a progression that repeats sounds the same again.

    Args:
        spans: The harmonies.
        low: Lowest pitch.
        high: Highest pitch, at least 11 above ``low``.
        voices: How many notes; chords that have more get theirs, and 1 gives roots alone.
    """
    known: dict[tuple[int, str], Voicing] = {}
    led: list[Voicing] = []
    for span in spans:
        name = (span.root, span.quality)
        if name not in known:
            before = led[-1] if led else None
            known[name] = min(
                _candidates(*name, low, high, voices),
                key=lambda each: (0 if before is None else movement(before, each), _off_centre(each, low, high), each),
            )
        led.append(known[name])
    return tuple(led)


def _off_centre(pitches: Voicing, low: int, high: int) -> int:
    return abs(2 * sum(pitches) - len(pitches) * (low + high))


@lru_cache(maxsize=2048)
def _candidates(root: int, quality: str, low: int, high: int, voices: int) -> tuple[Voicing, ...]:
    """Return the voicings of a chord between two pitches, at least one; the better kinds leave out the worse."""
    tones = chord_pitch_classes(root, quality)
    if voices == 1:
        tones = tones[:1]
    while True:
        count = max(voices if len(tones) > 1 else 1, len(tones))
        pitches = [pitch for pitch in range(low, high + 1) if pitch % 12 in tones]
        found = [
            each
            for each in itertools.combinations(pitches, count)
            if {pitch % 12 for pitch in each} == set(tones) and each[-1] - each[0] <= _OPEN and wide_enough(each)
        ]
        if found:
            break
        if len(tones) == 1:  # less than an octave of room
            return ((low + (root - low) % 12,),)
        tones = (
            (tones[0], tones[2]) if len(tones) > 2 else tones[:1]
        )  # too low for all of it: root and fifth, then root
        voices = len(tones)
    for nicer in (
        [each for each in found if all(b - a > 1 for a, b in itertools.pairwise(each))],
        [each for each in found if each[-1] - each[0] <= _CLOSE],
    ):
        found = [each for each in found if each in nicer] or found
    return tuple(found)
