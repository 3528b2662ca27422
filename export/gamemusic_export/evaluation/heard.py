"""What gives composed music away: figures of eight bars that a listener would go by, as composed and as played.

Most are those that the composer's own ear goes by, see `gamemusic.composer.hearing`; the others are about the chords,
the loop and the players.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gamemusic.composer.form import plan_repeats
from gamemusic.composer.hearing import NOTHING, hear
from gamemusic.score.phrase import Chord, Note, Phrase, Role, Track
from gamemusic.theory import chord_pitch_classes
from gamemusic.tokens.bars import cut_bars, transposition
from gamemusic.tokens.vocabulary import DRUM_PITCHES, MAX_DURATION, PITCH_RANGES
from gamemusic.units import TICKS_PER_BEAT
from gamemusic_export.evaluation.lines import read_line

__all__ = ["HEARD", "MELODY", "NOTES", "Passage", "cut_passages", "measure_heard"]

PASSAGE_BARS = 8
"""Longest passage that is measured as one."""

MELODY = (
    "lead_rate", "developed", "transposed", "varied", "exact",
    "repeated", "run", "turns", "steps", "leaps", "range", "npvi", "entropy",
)  # fmt: skip
"""Figures of the lead alone."""
_KEPT = ("accompaniment", "bass_rhythm", "bass_figure", "bass_root", "drums")
"""Figures that are measured as composed and, with ``played_`` before their name, as arranged."""
_PLAYED = tuple(f"played_{name}" for name in _KEPT)
_CHORDS = ("chord_off", "chord_short", "chord_outside")
_ENDS = ("first_tonic", "first_tense", "last_tonic")
_LOOP = ("loop_lead", "loop_register", "loop_bass")
_INSIDE = ("inside_lead", "inside_register", "inside_bass")
NOTES = (*MELODY, "on_chord", *_PLAYED[:-1], *_CHORDS)
"""Figures that lead, bass, accompaniment and chords have in every passage: what classifiers are told."""
HEARD = (
    *MELODY, "lead_present", "a_without_lead", "on_chord", "covered", "cadence", *_KEPT, *_PLAYED,
    *_CHORDS, *_ENDS, "own_tone", *_LOOP, *_INSIDE,
)  # fmt: skip
"""All figures of `measure_heard`.

Those with the names of `gamemusic.composer.hearing.FIGURES` are the same, shares from 0 to 1, ``run``, ``range`` and
``npvi`` as they are, ``lead_rate`` in notes a quarter note, ``entropy`` in bits. ``a_without_lead``: bars of the
opening section in which no lead sounds. ``chord_off``: changes of chord that are neither on a bar line nor in the
middle of a bar; ``chord_short``: chords of less than two quarter notes; ``chord_outside``: time with a chord that the
key does not hold. ``first_tonic``, ``last_tonic``: whether the first, the last chord has the tonic as its root;
``first_tense``: whether the first one is a seventh or diminished. ``own_tone``: of notes that are the mode's own tone
or what plain major or minor has in its place, such as lydian's raised fourth and the fourth, the share of the own one.
``loop_...``: leap of the lead, of its bars' mean pitch, and of the bass from the end back to the beginning, in
semitones; ``inside_...``: the same from note to note and bar to bar."""

_COUNTS = frozenset({"run", "range", "npvi"})
_CALM_CHORDS = frozenset({"maj", "min", "sus2", "sus4", "5"})


@dataclass(frozen=True, slots=True)
class Passage:
    """Some bars of a phrase, and what they are a part of."""

    composed: Phrase
    played: Phrase
    copies: frozenset[int]
    """Bars that repeat earlier ones by plan."""
    opening: bool
    """Whether they are of the section that the phrase begins with."""
    whole: bool
    """Whether nothing of the phrase is left out, or this passage speaks for the whole phrase."""
    around: Phrase
    """The whole phrase, whose end leads back to its beginning."""


def cut_passages(composed: Phrase, played: Phrase) -> list[Passage]:
    """Return a phrase's sections, long ones halved to `PASSAGE_BARS` bars, without those that are mostly copies.

    So what a listener hears for the first time is measured, once.
    """
    section = size = composed.bars // len(composed.form) if composed.form else composed.bars
    while size > PASSAGE_BARS and size % 2 == 0:
        size //= 2
    copies = plan_repeats(composed.form, composed.bars)
    found: list[Passage] = []
    for number in range(composed.bars // size):
        first = number * size
        name = composed.form[first // section] if composed.form else "A"
        here = frozenset(bar for bar in range(size) if copies.get(first + bar, first) < first)
        if 2 * len(here) > size:
            continue
        found.append(
            Passage(
                _excerpt(composed, first, size),
                _excerpt(played, first, size),
                here,
                opening=name[0] == (composed.form or ("A",))[0][0],
                whole=not found,
                around=composed,
            )
        )
    return found


def _excerpt(phrase: Phrase, first: int, bars: int) -> Phrase:
    begin, end = first * phrase.meter.bar_ticks, (first + bars) * phrase.meter.bar_ticks
    tracks = tuple(
        Track(
            track.role,
            tuple(
                Note(note.start - begin, note.pitch, min(note.end, end) - note.start, note.velocity)
                for note in track.notes
                if begin <= note.start < end
            ),
        )
        for track in phrase.tracks
    )
    held = phrase.chord_at(begin)
    chords = [
        Chord(chord.start - begin, chord.root, chord.quality) for chord in phrase.chords if begin < chord.start < end
    ]
    if held is not None:
        chords.insert(0, Chord(0, held.root, held.quality))
    return phrase.replace(bars=bars, form=(), tracks=tracks, chords=tuple(chords))


def measure_heard(passage: Passage, *, loops: bool) -> dict[str, float]:
    """Return the figures of `HEARD`, NaN where there is nothing to measure.

    Args:
        passage: What is measured.
        loops: Whether its phrase leads back to its beginning; a real passage, cut out of a piece, does not.
    """
    composed, played = (
        hear(cut_bars(_fold(one)), one.meter, copies=passage.copies) for one in (passage.composed, passage.played)
    )
    figures = {name: _share(name, value) for name, value in composed.items()}
    figures |= {f"played_{name}": _share(name, played[name]) for name in _KEPT}
    figures["a_without_lead"] = 1 - figures["lead_present"] if passage.opening else np.nan
    figures |= _measure_chords(passage.composed)
    figures |= dict.fromkeys((*_ENDS, *_LOOP), np.nan)
    if passage.whole:
        figures |= _measure_ends(passage.around.chords, passage.around.key.tonic)
        if loops:
            figures |= _measure_loop(passage.around)
    figures["own_tone"] = _measure_own_tone(passage.played)
    figures |= _measure_inside(passage.composed)
    return {name: figures[name] for name in HEARD}


def _share(name: str, value: int) -> float:
    if value == NOTHING:
        return np.nan
    return float(value) if name in _COUNTS or name.startswith("loop") else value / 1000


def _fold(phrase: Phrase) -> Phrase:
    """Return a phrase whose notes all have a token: what lies beyond a role's range is moved by octaves."""
    shift = transposition(phrase.key.tonic)

    def fold(role: Role, note: Note) -> Note:
        low, high = (limit + shift for limit in PITCH_RANGES[role])
        pitch = note.pitch
        pitch += 12 * max(0, -(-(low - pitch) // 12))
        pitch -= 12 * max(0, -(-(pitch - high) // 12))
        return Note(note.start, pitch, min(note.duration, MAX_DURATION), note.velocity)

    return phrase.replace(
        tracks=tuple(
            Track(track.role, tuple(note for note in track.notes if note.pitch in DRUM_PITCHES))
            if track.role is Role.DRUMS
            else Track(track.role, tuple(sorted(fold(track.role, note) for note in track.notes)))
            for track in phrase.tracks
        )
    )


def _measure_chords(phrase: Phrase) -> dict[str, float]:
    spans = _chord_spans(phrase)
    places = phrase.meter.main_beats
    changes = [start % phrase.meter.bar_ticks not in places for _, start, _ in spans[1:]]
    whole = [end - start < 2 * TICKS_PER_BEAT for _, start, end in spans]
    scale = frozenset(phrase.key.pitch_classes)
    outside = sum(
        end - start
        for chord, start, end in spans
        if not scale.issuperset(chord_pitch_classes(chord.root, chord.quality))
    )
    total = sum(end - start for _, start, end in spans)
    return {
        "chord_off": _mean(changes),
        "chord_short": _mean(whole),
        "chord_outside": outside / total if total else np.nan,
    }


def _chord_spans(phrase: Phrase) -> list[tuple[Chord, int, int]]:
    """Return each chord with its first tick and its end, a chord that is written twice in a row once."""
    different: list[Chord] = []
    for chord in phrase.chords:
        if not different or (chord.root, chord.quality) != (different[-1].root, different[-1].quality):
            different.append(chord)
    ends = [*(chord.start for chord in different[1:]), phrase.ticks][: len(different)]
    return [(chord, chord.start, end) for chord, end in zip(different, ends, strict=True)]


def _mean(found: Collection[bool]) -> float:
    return sum(found) / len(found) if found else np.nan


def _measure_ends(chords: Sequence[Chord], tonic: int) -> dict[str, float]:
    if not chords:
        return {}
    first, last = chords[0], chords[-1]
    return {
        "first_tonic": float(first.root == tonic),
        "first_tense": float(first.quality not in _CALM_CHORDS),
        "last_tonic": float(last.root == tonic),
    }


def _measure_own_tone(phrase: Phrase) -> float:
    key = phrase.key
    above = [(note.pitch - key.tonic) % 12 for role, note in phrase.notes() if role is not Role.DRUMS]
    own, rival = (sum(step in tones for step in above) for tones in (key.own, key.rivals))
    return own / (own + rival) if key.own and own + rival else np.nan


def _measure_loop(phrase: Phrase) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, role in (("loop_lead", Role.LEAD), ("loop_bass", Role.BASS)):
        line = read_line(phrase.track(role).notes, role)
        if line:
            figures[name] = float(abs(line[0][1] - line[-1][1]))
    heights = _bar_heights(phrase)
    if heights:
        figures["loop_register"] = abs(heights[0] - heights[-1])
    return figures


def _measure_inside(phrase: Phrase) -> dict[str, float]:
    figures = dict.fromkeys(_INSIDE, np.nan)
    for name, role in (("inside_lead", Role.LEAD), ("inside_bass", Role.BASS)):
        line = read_line(phrase.track(role).notes, role)
        if len(line) > 1:
            figures[name] = sum(abs(b[1] - a[1]) for a, b in pairwise(line)) / (len(line) - 1)
    heights = _bar_heights(phrase)
    if len(heights) > 1:
        figures["inside_register"] = sum(abs(b - a) for a, b in pairwise(heights)) / (len(heights) - 1)
    return figures


def _bar_heights(phrase: Phrase) -> list[float]:
    """Return the mean pitch of the lead in every bar that has some."""
    bars: dict[int, list[int]] = {}
    for start, pitch in read_line(phrase.track(Role.LEAD).notes, Role.LEAD):
        bars.setdefault(start // phrase.meter.bar_ticks, []).append(pitch)
    return [sum(pitches) / len(pitches) for _, pitches in sorted(bars.items())]
