"""Source: a MIDI file that a person wrote, or went on with, in a composed one's place.

Its notes are played when, as long and as loud as the file says; the mood's style says with which instruments, where
these stand and in which room. A track that asks for another instrument than the style's gets that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from gamemusic.arranger.dynamics import add_expression
from gamemusic.errors import MidiError, suggest
from gamemusic.score.keys import choose_key
from gamemusic.score.midi import MidiNote, MidiSong, MidiTrack, read_midi
from gamemusic.score.orchestration import DEFAULT_ORCHESTRATION, Orchestration
from gamemusic.score.parts import Arrangement, Part, PlayedNote
from gamemusic.score.percussion import DRUM_CHANNEL
from gamemusic.score.phrase import Note, Phrase, Role, Track
from gamemusic.units import (
    MAX_BARS,
    METERS,
    SUBTICKS_PER_BEAT,
    SUBTICKS_PER_TICK,
    TEMPO_RANGE,
    Meter,
    bpm_to_tempo,
    on_grid,
)

__all__ = ["MAX_BYTES", "arrange_source", "read_source"]

MAX_BYTES = 4 << 20
"""Longest file, in bytes."""
_USUAL_TEMPO = 120.0

Scores = dict[Role, list[MidiNote]]


def read_source(data: bytes, orchestration: Orchestration, *, file: object) -> tuple[Phrase, MidiSong]:
    """Return a MIDI file as a phrase, on the grid, and as the file has it.

    Args:
        data: A MIDI file's bytes: one tempo, one meter, tracks called after roles (``bass``, ``harmony``, ``texture``,
            ``counter``, ``lead``, ``drums``; drums are known by channel and bank, too). It lasts to the end of the bar
            in which its last track ends; what hangs over a bar line by less than a sixteenth is cut there.
        orchestration: Of the style that plays it.
        file: The file's name, for messages.

    Raises:
        MidiError: When it is not such a file; the message says which track or beat is meant.
    """
    if len(data) > MAX_BYTES:
        raise MidiError(f"it has {len(data):,} bytes, allowed are {MAX_BYTES:,}", file=file)
    song = read_midi(data, file=file)
    meter, tempo = _meter(song, file), _tempo(song, file)
    scores = _scores(song, file)
    bars = _bars(song, meter, file)
    tracks = tuple(
        Track(role, _on_grid(scores[role], song.ticks_per_beat, bars * meter.bar_ticks))
        for role in Role
        if role in scores
    )
    pitched = [note for track in tracks if track.role is not Role.DRUMS for note in track.notes]
    phrase = Phrase(
        bars=bars,
        meter=meter,
        tempo_bpm=tempo,
        key=choose_key(song.keys, sorted(pitched)),
        tracks=tracks,
        orchestration=orchestration,
    )
    return phrase, song


def arrange_source(phrase: Phrase, song: MidiSong, *, everything: bool) -> Arrangement:
    """Return a source as it is played: the file's own times and velocities, the style's players.

    Args:
        phrase: From `read_source`; its intensity counts, unless ``everything`` plays.
        song: From `read_source`.
        everything: Whether roles play too that join at a higher intensity only.
    """
    orchestration = phrase.orchestration or DEFAULT_ORCHESTRATION
    subticks = phrase.ticks * SUBTICKS_PER_TICK
    parts = []
    scores = _scores(song, None)
    for channel, role in enumerate(Role):
        if role not in scores:
            continue
        notes = scores[role]
        player = orchestration.instruments.get(role, DEFAULT_ORCHESTRATION.instruments[role])
        if not everything and player.from_intensity > phrase.intensity:
            continue
        player = dataclasses.replace(player, program=notes[0].program, octave=0)
        played = _played(notes, song.ticks_per_beat, subticks)
        controls = add_expression(played, role, player.program, meter=phrase.meter, subticks=subticks)
        number = DRUM_CHANNEL if role is Role.DRUMS else channel
        parts.append(Part(role, number, player, played, controls))
    return Arrangement(
        bars=phrase.bars,
        meter=phrase.meter,
        tempo_bpm=phrase.tempo_bpm,
        key=phrase.key,
        parts=tuple(parts),
        room=orchestration.room,
        ending=phrase.ending,
        title=f"{phrase.mood} ({phrase.style})",
        comment=f"gamemusic mood={phrase.mood} style={phrase.style} source bars={phrase.bars}",
    )


def _meter(song: MidiSong, file: object) -> Meter:
    named = {f"{numerator}/{denominator}" for _, numerator, denominator in song.meters} or {"4/4"}
    if len(named) > 1:
        raise MidiError(f"it has several meters, {', '.join(sorted(named))}; a cue has one", file=file)
    (name,) = named
    if name not in METERS:
        raise MidiError(f"it is in {name}, expected one of {', '.join(METERS)}", file=file)
    return METERS[name]


def _tempo(song: MidiSong, file: object) -> float:
    tempos = {tempo for _, tempo in song.tempos} or {_USUAL_TEMPO}
    if len(tempos) > 1:
        beat = song.tempos[1][0] / song.ticks_per_beat
        raise MidiError(f"its tempo changes at beat {beat + 1:g}; a cue has one tempo, remove the others", file=file)
    (tempo,) = tempos
    low, high = TEMPO_RANGE
    if not low <= tempo <= high:
        raise MidiError(f"its tempo is {tempo:g}, expected {low:g} to {high:g} quarter notes a minute", file=file)
    plain = round(tempo, 2)  # files count microseconds a beat, people beats a minute
    return plain if bpm_to_tempo(plain) == bpm_to_tempo(tempo) else tempo


def _bars(song: MidiSong, meter: Meter, file: object) -> int:
    bar = song.ticks_per_beat * 4 * meter.numerator // meter.denominator
    end = max(song.end_tick, *(note.end for track in song.tracks for note in track.notes))
    bars = max(1, -(-(end - song.ticks_per_beat // 4 + 1) // bar))
    if bars > MAX_BARS:
        raise MidiError(f"it lasts {bars} bars, allowed are {MAX_BARS}; make two cues of it", file=file)
    return bars


def _scores(song: MidiSong, file: object) -> Scores:
    """Return each role's notes, sorted; tracks of one role are played by one player."""
    found: Scores = {}
    for number, track in enumerate(song.tracks, start=1):
        if track.notes:
            found.setdefault(_role(track, number, file), []).extend(track.notes)
    if not found:
        raise MidiError("it holds no notes", file=file)
    return {role: sorted(notes, key=lambda note: (note.start, note.pitch)) for role, notes in found.items()}


def _role(track: MidiTrack, number: int, file: object) -> Role:
    if all(note.drums for note in track.notes):
        return Role.DRUMS
    words = track.name.strip().casefold().replace("-", " ").replace("_", " ").split()
    for role in Role:
        if role.value in words and role is not Role.DRUMS:
            return role
    names = [role.value for role in Role]
    raise MidiError(
        f"track {number} is called {track.name!r}, expected a name with one of {', '.join(names)} in it"
        f"{suggest(track.name.casefold(), names)}",
        file=file,
    )


def _on_grid(notes: Iterable[MidiNote], ticks_per_beat: int, end: int) -> tuple[Note, ...]:
    """Return notes on the grid of composed music, which bridges and stingers are composed from."""
    found: dict[tuple[int, int], Note] = {}
    for note in notes:
        start = min(end - 1, on_grid(note.start, ticks_per_beat))
        stop = min(end, max(start + 1, on_grid(note.end, ticks_per_beat)))
        found[start, note.pitch] = Note(start, note.pitch, stop - start, max(1, note.velocity))
    return tuple(sorted(found.values()))


def _played(notes: Iterable[MidiNote], ticks_per_beat: int, end: int) -> tuple[PlayedNote, ...]:
    """Return notes in subticks; of a pitch that is struck again while it sounds, the first note ends there."""
    found: dict[int, list[PlayedNote]] = {}
    for note in notes:
        start = min(end - 1, on_grid(note.start, ticks_per_beat, SUBTICKS_PER_BEAT))
        stop = min(end, max(start + 1, on_grid(note.end, ticks_per_beat, SUBTICKS_PER_BEAT)))
        same = found.setdefault(note.pitch, [])
        if same and same[-1].start == start:
            same.pop()
        elif same and same[-1].start + same[-1].duration > start:
            same[-1] = dataclasses.replace(same[-1], duration=start - same[-1].start)
        same.append(PlayedNote(start, note.pitch, stop - start, max(1, note.velocity)))
    return tuple(sorted(note for same in found.values() for note in same))
