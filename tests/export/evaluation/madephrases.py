"""Phrases with chords, a bass and a tune made of motifs; and phrases of random notes, with nothing of the kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from gamemusic.scales import MODES
from gamemusic.score.phrase import Chord, Note, Phrase, Role, Track
from gamemusic.theory import Key, chord_pitch_classes
from gamemusic.units import METERS
from gamemusic_export.evaluation.sets import PhraseSet

BAR = 48
PROGRESSIONS = (
    ((0, "maj"), (9, "min"), (5, "maj"), (7, "maj")),
    ((0, "maj"), (5, "maj"), (7, "maj"), (0, "maj")),
    ((9, "min"), (5, "maj"), (0, "maj"), (7, "maj")),
)
RHYTHMS = ((0, 12, 24, 36), (0, 12, 18, 24, 36), (0, 18, 24, 36, 42), (0, 24, 36))


def make_phrase(
    tracks: dict[Role, list[Note]], chords: tuple[Chord, ...] = (), *, bars: int = 8, **more: Any
) -> Phrase:
    parts = tuple(Track(role, tuple(sorted(tracks[role]))) for role in Role if tracks.get(role))
    values: dict[str, Any] = {"meter": METERS["4/4"], "tempo_bpm": 100.0, "key": Key(0, "major"), **more}
    return Phrase(bars=bars, tracks=parts, chords=chords, **values)


def tune(seed: int, *, busy: bool = False, **more: Any) -> Phrase:
    """A phrase of eight bars, A A B A: chord tones on the beats, steps between them, a bass of roots and fifths."""
    generator = np.random.Generator(np.random.Philox(seed))
    chords = PROGRESSIONS[generator.integers(len(PROGRESSIONS))]
    scale = [60 + 12 * octave + step for octave in range(2) for step in MODES["major"]]
    cells = {name: [RHYTHMS[generator.integers(len(RHYTHMS))], generator.integers(-2, 3, 8).tolist()] for name in "AB"}
    lead, bass, harmony, marks = [], [], [], []
    place = int(generator.integers(4, 9))
    for bar in range(8):
        root, quality = chords[bar % 4]
        tones = chord_pitch_classes(root, quality)
        marks.append(Chord(bar * BAR, root, quality))
        rhythm, steps = cells["AABA"[bar // 2]]
        if busy:
            rhythm = tuple(range(0, BAR, 6))
        for number, position in enumerate(rhythm):
            place = max(0, min(len(scale) - 1, place + steps[number]))
            pitch = scale[place]
            if position % 24 == 0:
                pitch = min((note for note in scale if note % 12 in tones), key=lambda note: abs(note - pitch))
                place = scale.index(pitch)
            end = rhythm[number + 1] if number + 1 < len(rhythm) else BAR
            lead.append(Note(bar * BAR + position, pitch, end - position))
        bass += [Note(bar * BAR, 36 + root, 24), Note(bar * BAR + 24, 36 + (root + 7) % 12, 24)]
        harmony += [Note(bar * BAR, 48 + tone, BAR) for tone in tones]
    return make_phrase({Role.LEAD: lead, Role.BASS: bass, Role.HARMONY: harmony}, tuple(marks), seed=seed, **more)


def noise(seed: int, **more: Any) -> Phrase:
    """Random notes at random ticks over random chords, as many as a tune has."""
    generator = np.random.Generator(np.random.Philox(seed))

    def some(count: int, low: int, high: int) -> list[Note]:
        starts = generator.choice(8 * BAR - 12, count, replace=False)
        return [
            Note(int(start), int(generator.integers(low, high)), int(generator.integers(1, 12))) for start in starts
        ]

    marks = tuple(Chord(bar * BAR, int(generator.integers(12)), "maj") for bar in range(8))
    parts = {Role.LEAD: some(34, 55, 90), Role.BASS: some(16, 28, 55), Role.HARMONY: some(24, 45, 80)}
    return make_phrase(parts, marks, seed=seed, **more)


def tunes(pieces: int, *, first: int = 0, each: int = 1, **more: Any) -> PhraseSet:
    """Tunes of made pieces; those of one piece differ."""
    rows = [(piece, number) for piece in range(pieces) for number in range(each)]
    return PhraseSet(
        tuple(tune(first + 1000 * number + piece, **more) for piece, number in rows),
        tuple(f"piece {first + piece}" for piece, _ in rows),
    )


def noises(count: int, *, first: int = 0) -> PhraseSet:
    return PhraseSet.composed([noise(first + seed) for seed in range(count)])


def transposed(phrase: Phrase, semitones: int) -> Phrase:
    tracks = tuple(
        Track(track.role, tuple(Note(n.start, n.pitch + semitones, n.duration, n.velocity) for n in track.notes))
        for track in phrase.tracks
    )
    chords = tuple(Chord(chord.start, (chord.root + semitones) % 12, chord.quality) for chord in phrase.chords)
    key = Key((phrase.key.tonic + semitones) % 12, phrase.key.mode)
    return phrase.replace(tracks=tracks, chords=chords, key=key)


def shuffled(phrase: Phrase) -> Phrase:
    """The same rhythms and the same pitches of lead and bass, these in random order; the harmony stays."""
    generator = np.random.Generator(np.random.Philox(phrase.seed))
    tracks = []
    for track in phrase.tracks:
        notes = track.notes
        if track.role is not Role.HARMONY:
            order = generator.permutation(len(notes))
            notes = tuple(
                Note(note.start, notes[place].pitch, note.duration) for note, place in zip(notes, order, strict=True)
            )
        tracks.append(Track(track.role, notes))
    return phrase.replace(tracks=tuple(tracks))
