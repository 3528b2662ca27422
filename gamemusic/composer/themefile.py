"""The melody of a MIDI file as a theme: which voice sings it, where its bars are, in which key it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gamemusic.composer.theme import Theme, one_by_one
from gamemusic.errors import InputError, MidiError
from gamemusic.files import read_head
from gamemusic.limits import LIMITS, Limits
from gamemusic.score.barlines import BarLine, find_bar_lines, name_meter
from gamemusic.score.grid import align, fit_grid, fit_song
from gamemusic.score.keys import choose_key
from gamemusic.score.midi import MidiSong, read_midi
from gamemusic.score.phrase import Note
from gamemusic.score.quantised import quantise_song
from gamemusic.score.voices import Voice, find_melody, find_voices
from gamemusic.units import METERS, Meter, on_grid
from gamemusic.values import check_path

__all__ = ["load_theme", "read_theme", "theme_of_song"]

_MAX_FILE_BYTES = 4 << 20
_EVENTS_A_NOTE = 10
"""Of a file that bends and swells its notes."""
_CALLED = re.compile(r"lead|melod|theme|tune|voice|vocal|solo|gesang|singstimme|canto|cantus|chant|soprano", re.I)


def read_theme(path: str | Path, *, quantise: bool = False, limits: Limits = LIMITS) -> Theme:
    """Return the melody of a MIDI file: the voice that is called so or stands out most, its highest notes.

    A constant offset of all notes is taken out; a short first bar (a pick-up) ends the bar before the first one. The
    key is the file's key signature, unless it is the usual default and the notes contradict it, or else the key that
    fits the notes best; the meter is that of its bars.

    Args:
        path: The file.
        quantise: Put what was played freely on beats that are found, see `quantise_song`.

    Raises:
        InputError: When the file cannot be read, holds no melody in a meter that is composed in, or was not played to
            its bar lines.
        MidiError: When it is no MIDI file, or holds more notes than ``limits`` allow.
    """
    path = check_path(path, "theme")
    data = read_head(path, "the theme", most=_MAX_FILE_BYTES + 1)
    if len(data) > _MAX_FILE_BYTES:
        raise MidiError(f"the theme has more than {_MAX_FILE_BYTES:,} bytes", file=path)
    return load_theme(data, file=path, quantise=quantise, limits=limits)


def load_theme(data: bytes, *, file: object = None, quantise: bool = False, limits: Limits = LIMITS) -> Theme:
    """Return the melody in a MIDI file's bytes; args and raises: as `read_theme`."""
    # a file of so many notes has no more events than that, even if it bends and swells each of them
    events = min(limits.midi_events, _EVENTS_A_NOTE * limits.theme_notes)
    try:
        song = read_midi(data, file=file, limits=replace(limits, midi_events=events))
    except MidiError as error:
        if events < limits.midi_events and f"{events:,} events" in str(error):
            raise MidiError(f"{error} for a theme (Limits.theme_notes, and {_EVENTS_A_NOTE} events a note)") from None
        raise
    notes = sum(len(track.notes) for track in song.tracks)
    if notes > limits.theme_notes:
        raise MidiError(
            f"{notes:,} notes, of which a theme is taken from at most {limits.theme_notes:,} (Limits.theme_notes); "
            "save the melody alone",
            file=file,
        )
    return theme_of_song(song, file=file, quantise=quantise)


def theme_of_song(song: MidiSong, *, file: object = None, quantise: bool = False) -> Theme:
    """Return the melody of a MIDI file's content, see `read_theme`."""
    song, _ = align(song)
    moved = ""
    if quantise and fit_song(song).refuse(loose=True):
        song, moves = quantise_song(song)
        if moves.refused:
            raise InputError(f"the theme {file} was not played to its bar lines, and {moves.refused}")
        moved = str(moves)
    voices = [voice for voice in find_voices(song) if not voice.drums and voice.doubles is None]
    if not voices:
        raise InputError(f"the theme {file} holds no notes but drums")
    voice = find_melody(voices, song.ticks_per_beat, called=_CALLED)
    first, meter = _find_bars(song, voice, file)
    quarter = song.ticks_per_beat
    if refusal := fit_grid((note.start - first for note in voice.notes), quarter).refuse(loose=True):
        raise InputError(f"the theme {file}: {refusal}; --quantise puts it on beats that are found")
    notes = []
    for note in voice.notes:
        start, end = on_grid(note.start - first, quarter), on_grid(note.end - first, quarter)
        notes.append(Note(start, note.pitch, max(1, end - start), note.velocity))
    line = one_by_one(notes)
    return Theme(
        notes=line,
        key=choose_key(song.keys, line),
        meter=meter,
        voice=_name(voice),
        voice_notes=len(voice.notes),
        moved=moved,
        left_out=tuple(
            f"{_name(other)} ({len(other.notes):,} note{'s' * (len(other.notes) != 1)})"
            for other in voices
            if other is not voice
        ),
    )


def _name(voice: Voice) -> str:
    """Return what a voice is called, in words."""
    return f"'{voice.name}'" if voice.name else f"channel {voice.channel + 1}"


def _find_bars(song: MidiSong, voice: Voice, file: object) -> tuple[int, Meter]:
    """Return where the theme's first bar begins, in the file's ticks, and the meter of its bars.

    Raises:
        InputError: When it is in no meter that is composed in, or in several.
    """
    lines = find_bar_lines(song)
    begin, last = voice.notes[0].start, voice.notes[-1].start
    if len(lines) > 1 and lines[0].start < 0 and begin >= lines[0].end:
        lines = lines[1:]  # a pick-up of rests
    used = [line for line in lines if line.start <= last]
    meter = used[0].meter if used else None
    if meter is None:
        names = sorted({name_meter(*signature) for _, *signature in song.meters} - set(METERS)) or ["no meter"]
        raise InputError(f"the theme {file} is in {', '.join(names)}; write it in one of {', '.join(METERS)}")
    bar = used[0].end - used[0].start
    same = _count_same(used)
    if same < len(used) and last >= used[same].start + bar:  # the last bar may be short, as it is behind a pick-up
        other = f"in {used[same].meter}" if used[same].meter else "cut short"
        raise InputError(
            f"the theme {file} is in {meter}, but its bar {same + 1} is {other}; write all of it in one meter"
        )
    return used[0].start, meter


def _count_same(lines: Sequence[BarLine]) -> int:
    """Return how many bars in a row are in the first one's meter."""
    return next((index for index, line in enumerate(lines) if line.meter != lines[0].meter), len(lines))
