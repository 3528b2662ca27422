"""A MIDI file becomes phrases: bar lines, grid, roles, keys, chords, cuts. Everything that is lost is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gamemusic.errors import InputError, MidiError
from gamemusic.files import read_file, shown_name
from gamemusic.limits import LIMITS
from gamemusic.score.barlines import BarLine, find_bar_lines
from gamemusic.score.grid import GridFit, align, fit_grid, fit_song
from gamemusic.score.midi import MidiNote, MidiSong, read_midi
from gamemusic.score.phrase import DRUM_TICKS, Chord, Note, Phrase, Role, Track
from gamemusic.score.quantised import quantise_song
from gamemusic.score.voices import find_voices
from gamemusic.theory import Key
from gamemusic.tokens.bars import DEFAULT_POLYPHONY, settle, transposition
from gamemusic.tokens.vocabulary import MAX_DURATION, PITCH_RANGES, VELOCITIES, velocity_bin
from gamemusic.units import METERS, TEMPO_RANGE, Meter, on_grid
from gamemusic_export.harmony import find_chords, find_keys, pitch_class_weights
from gamemusic_export.phrasing import cut_phrases
from gamemusic_export.voices import assign_roles

__all__ = ["Piece", "load_song", "read_piece"]

_KEY_WINDOW_BARS = 4
_MIN_BARS = 4


@dataclass(slots=True)
class Piece:
    """What was read from one MIDI file."""

    name: str
    phrases: list[Phrase] = field(default_factory=list)
    """In order; consecutive ones follow each other unless `breaks` says otherwise."""
    breaks: list[int] = field(default_factory=list)
    """Indices of phrases before which something was left out."""
    programs: Counter[int] = field(default_factory=Counter)
    """Notes by General MIDI program, drums as -1."""
    counts: Counter[str] = field(default_factory=Counter)
    """Notes read, kept, shifted all together, moved, lost to caps, folded by an octave, in unsupported meters ..."""
    skipped: str = ""
    """Why the file gives nothing; empty when it gives something."""
    moved: str = ""
    """What was moved to beats that were found, in words; empty when nothing was."""


def load_song(path: Path, *, quantise: bool = False) -> tuple[MidiSong, str, bool]:
    """Return what a MIDI file holds, without a constant offset of its notes.

    Args:
        path: The file.
        quantise: Put what was played freely on beats that are found, see `quantise_song`.

    Returns:
        The song, what was moved to beats in words, and whether an offset was taken out.

    Raises:
        InputError: The file cannot be read, or was played freely to no beats that could be found.
        MidiError: It is no MIDI file.
    """
    song = read_midi(read_file(path, most=LIMITS.midi_bytes), file=shown_name(path.name))
    song, offset = align(song)
    if not quantise or not (refusal := fit_song(song).refuse(loose=True)):
        return song, "", offset != 0
    song, moves = quantise_song(song)
    if moves.refused:
        raise InputError(f"{refusal}, and {moves.refused}")
    return song, str(moves), offset != 0


def read_piece(
    path: Path, given: Mapping[str, Role | None] | None = None, *, loose: bool = False, quantise: bool = False
) -> Piece:
    """Return the phrases of a MIDI file; a file that cannot be used has `Piece.skipped` say why.

    Args:
        path: The file.
        given: Roles of voices, by `label_voice`, where somebody knows better; None for voices to be left out.
        loose: Also take what was played to its bar lines, a little before and behind them, as people and our arranger
            play; a corpus does without, since what is moved to the grid may be moved to the wrong place.
        quantise: See `load_song`.
    """
    piece = Piece(shown_name(path.stem))
    try:
        song, piece.moved, shifted = load_song(path, quantise=quantise)
    except (InputError, MidiError) as error:
        piece.skipped = str(error) if isinstance(error, MidiError) else f"{shown_name(path.name)}: {error}"
        return piece
    voices = find_voices(song)
    for voice in voices:
        if voice.doubles is None:
            piece.programs[-1 if voice.drums else voice.program] += len(voice.notes)
    piece.counts["read"] = sum(len(track.notes) for track in song.tracks)
    if shifted:
        piece.counts["shifted"] = piece.counts["read"]
    roles = assign_roles(voices, song.ticks_per_beat, given)
    if not any(role is not Role.DRUMS for role in roles):
        piece.skipped = "no pitched notes"
        return piece
    lines = find_bar_lines(song)
    spans = _find_spans(lines)
    if not spans:
        meters = ", ".join(sorted({f"{num}/{den}" for _, num, den in song.meters}) or ["none"])
        piece.skipped = f"no {_MIN_BARS} bars in a row in {', '.join(METERS)} (file has {meters})"
        return piece
    grids = [(span, _place(roles, span, song.ticks_per_beat, piece.counts)) for span in spans]
    fit = GridFit(piece.counts["placed"], piece.counts["moved"], piece.counts["free"])
    if refusal := fit.refuse(loose=loose):
        offer = "; --quantise puts it on beats that are found" if loose and not quantise else ""
        piece.skipped = refusal + offer
        return piece
    for span, grid in grids:
        meter = span[0].meter
        if meter is None:
            continue
        tempo = _tempo_at(song, span[0].start, span[-1].end)
        piece.breaks.append(len(piece.phrases))
        piece.phrases.extend(_build_phrases(grid, len(span), meter, tempo, piece))
    piece.counts["kept"] = sum(len(track.notes) for phrase in piece.phrases for track in phrase.tracks)
    if not piece.phrases:
        piece.skipped = "no phrase with notes"
    return piece


def _find_spans(lines: list[BarLine]) -> list[list[BarLine]]:
    """Return the runs of bars in one supported meter, at least four bars long."""
    spans: list[list[BarLine]] = []
    for line in lines:
        if spans and spans[-1][-1].meter == line.meter and line.meter is not None:
            spans[-1].append(line)
        else:
            spans.append([line])
    return [span for span in spans if span[0].meter is not None and len(span) >= _MIN_BARS]


def _place(
    roles: dict[Role, list[MidiNote]], span: list[BarLine], quarter: int, counts: Counter[str]
) -> dict[Role, list[Note]]:
    """Return a span's notes on the grid by role; ``counts`` learns how many were moved by it."""
    first, last = span[0].start, span[-1].end
    fit = fit_grid((n.start - first for notes in roles.values() for n in notes if first <= n.start < last), quarter)
    counts.update({"placed": fit.placed, "moved": fit.moved, "free": fit.free})
    placed: dict[Role, list[Note]] = {}
    for role, notes in roles.items():
        inside = placed.setdefault(role, [])
        for note in notes:
            if not first <= note.start < last:
                continue
            start = on_grid(note.start - first, quarter)
            end = max(start + 1, on_grid(min(note.end, last) - first, quarter))
            if end - start > MAX_DURATION:
                counts["shortened"] += 1
            inside.append(Note(start, note.pitch, min(end - start, MAX_DURATION), note.velocity))
    return placed


def _tempo_at(song: MidiSong, start: int, end: int) -> float:
    """Return the tempo that lasts longest between two file ticks, quarter notes a minute, kept in the allowed range."""
    changes = [(0, 120.0), *song.tempos]
    spans: Counter[float] = Counter()
    for index, (tick, bpm) in enumerate(changes):
        until = changes[index + 1][0] if index + 1 < len(changes) else max(end, tick + 1)
        spans[bpm] += max(0, min(until, end) - max(tick, start))
    return min(max(spans.most_common(1)[0][0], TEMPO_RANGE[0]), TEMPO_RANGE[1])


def _build_phrases(grid: dict[Role, list[Note]], bars: int, meter: Meter, tempo: float, piece: Piece) -> list[Phrase]:
    """Return a span's phrases, with key, chords and roles in range."""
    flat_velocity = len({note.velocity for role, notes in grid.items() for note in notes}) <= 2
    tracks = {role: sorted(notes) for role, notes in grid.items()}
    pitched = np.array(
        [(n.start, n.end, n.pitch) for role, notes in tracks.items() if role is not Role.DRUMS for n in notes],
        dtype=np.int64,
    ).reshape(-1, 3)
    length = meter.bar_ticks
    windows = np.arange(0, bars * length + 1, _KEY_WINDOW_BARS * length)
    if windows[-1] < bars * length:
        windows = np.append(windows, bars * length)
    keys = find_keys(pitch_class_weights(pitched, windows)) if len(pitched) else [Key(0, "major")]
    phrases = []
    for start, size in cut_phrases(tracks, bars, length):
        low, high = start * length, (start + size) * length
        key = keys[min(len(keys) - 1, start // _KEY_WINDOW_BARS)]
        parts = []
        for role in Role:
            notes = [n for n in tracks.get(role, ()) if low <= n.start < high]
            if notes:
                notes = _fit(notes, role, key, low, high, flat=flat_velocity, counts=piece.counts)
                parts.append(Track(role, tuple(notes)))
        if not any(track.role is not Role.DRUMS for track in parts):
            continue
        chords = _chords_of(parts, key, size * length, meter)
        phrases.append(Phrase(bars=size, meter=meter, tempo_bpm=tempo, key=key, tracks=tuple(parts), chords=chords))
    return phrases


def _fit(
    notes: list[Note], role: Role, key: Key, low: int, high: int, *, flat: bool, counts: Counter[str]
) -> list[Note]:
    """Return a role's notes of one phrase, moved to its start, in range, at coded velocities, settled."""
    shift = transposition(key.tonic)
    fitted = {}
    for note in notes:
        velocity = 80 if flat else VELOCITIES[velocity_bin(note.velocity)]
        start, duration, pitch = note.start - low, min(note.duration, high - note.start), note.pitch
        if role is Role.DRUMS:
            duration = min(DRUM_TICKS, high - note.start)
        else:
            bottom, top = (limit + shift for limit in PITCH_RANGES[role])
            if not bottom <= pitch <= top:
                counts["folded"] += 1
                pitch += 12 * (-((pitch - bottom) // 12)) if pitch < bottom else -12 * -(-(pitch - top) // 12)
        fitted[start, pitch] = Note(start, pitch, duration, velocity)
    kept = sorted(fitted.values()) if role is Role.DRUMS else settle(fitted.values(), DEFAULT_POLYPHONY[role])
    counts["capped"] += len(notes) - len(kept)
    return list(kept)


def _chords_of(parts: list[Track], key: Key, ticks: int, meter: Meter) -> tuple[Chord, ...]:
    """Return a phrase's chords, which may change on every felt beat."""
    cell = meter.pulse_ticks
    edges = np.arange(0, ticks + 1, cell)

    def weigh(roles: tuple[Role, ...]) -> npt.NDArray[np.float64]:
        notes = [(n.start, n.end, n.pitch) for part in parts if part.role in roles for n in part.notes]
        return pitch_class_weights(np.array(notes, dtype=np.int64).reshape(-1, 3), edges)

    pitched = tuple(role for role in Role if role is not Role.DRUMS)
    return find_chords(weigh(pitched), weigh((Role.BASS,)), key, cell, meter.bar_ticks // cell)
