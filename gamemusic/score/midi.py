"""MIDI files: read into a `MidiSong`, written from an `Arrangement`. The only module that knows mido.

Files are read by `gamemusic.score.midiscan`, which has to walk every byte to check it anyway and is about five times as
fast as mido (480,000 notes a second); mido writes, and checks the reader in the tests.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gamemusic.errors import MidiError
from gamemusic.limits import LIMITS, Limits
from gamemusic.score.midiscan import RawSong, scan
from gamemusic.score.parts import Arrangement, Part
from gamemusic.score.percussion import DRUM_CHANNEL, Kits, is_named
from gamemusic.score.phrase import Role
from gamemusic.theory import Key
from gamemusic.units import SUBTICKS_PER_BEAT, SUBTICKS_PER_TICK, bpm_to_tempo

__all__ = ["MidiNote", "MidiSong", "MidiTrack", "read_midi", "write_midi"]

_BANK, _BANK_FINE, _VOLUME, _PAN, _REVERB, _LOOP_START = 0, 32, 7, 10, 91, 111
_UNIT_VOLUME = 90
"""Volume controller at 0 dB: 127 is then +6 dB by General MIDI's law, 40 log10(value / 127) dB."""
_MAJOR_KEYS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR_KEYS = ("Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm")


@dataclass(frozen=True, slots=True)
class MidiNote:
    """One note of a MIDI file; times in the file's ticks."""

    start: int
    end: int
    """First tick after the note, later than ``start``."""
    pitch: int
    velocity: int
    channel: int
    """0..15."""
    program: int
    """0..127."""
    drums: bool = False
    """Whether its pitch is a percussion key: by its channel, the file's setup, its bank, or its track's name."""


@dataclass(frozen=True, slots=True)
class MidiTrack:
    """The notes of one track, sorted by start, then pitch; no two of one channel and pitch overlap."""

    name: str
    notes: tuple[MidiNote, ...]


@dataclass(frozen=True, slots=True)
class MidiSong:
    """What a MIDI file holds; all times in its ticks, all tuples sorted."""

    ticks_per_beat: int
    tracks: tuple[MidiTrack, ...]
    tempos: tuple[tuple[int, float], ...]
    """(tick, quarter notes a minute), the last one of each tick."""
    meters: tuple[tuple[int, int, int], ...]
    """(tick, numerator, denominator), the last one of each tick."""
    keys: tuple[tuple[int, str], ...]
    """(tick, name as `gamemusic.theory.parse_key` reads it), the last one of each tick."""
    end_tick: int
    """Where the last track ends."""
    midi_type: int
    """0, 1 or 2 as the file says; the patterns of type 2 are laid one after another here."""
    markers: tuple[tuple[int, str], ...] = ()
    """(tick, text)."""


def read_midi(data: bytes, *, file: object = None, limits: Limits = LIMITS) -> MidiSong:
    """Return what a MIDI file holds.

    Args:
        data: The file's bytes; of a RIFF (``.rmi``) file as well.
        file: The file's name, for messages.
        limits: How much it may hold.

    Raises:
        MidiError: For bytes that are no MIDI file, are damaged, or hold more than ``limits`` allow.
    """
    raw = scan(data, file=file, limits=limits)
    offsets = _find_offsets(raw)
    longest = min(limits.midi_ticks, limits.midi_beats * raw.ticks_per_beat)
    end = max(offset + track.end for offset, track in zip(offsets, raw.tracks, strict=True))
    if end > longest:
        raise MidiError(f"the patterns last {end:,} ticks together; at most {longest:,} are read", file=file)
    changes, kits = _find_programs(raw), _find_kits(raw)
    tracks = []
    for index, (offset, track) in enumerate(zip(offsets, raw.tracks, strict=True)):
        notes = sorted(track.notes)
        if any(note[5] < 0 for note in notes):
            notes = [note if note[5] >= 0 else (*note[:5], changes.at(note[4], note[0])) for note in notes]
        named = is_named(f"{track.name}/{track.instrument}", notes)
        kit = kits[index]
        tracks.append(
            MidiTrack(
                track.name,
                tuple(
                    [
                        MidiNote(
                            start + offset,
                            stop + offset,
                            pitch,
                            velocity,
                            channel,
                            program,
                            named or (kit.at(channel, start) if channel in kit.changed else channel == DRUM_CHANNEL),
                        )
                        for start, pitch, stop, velocity, channel, program in notes
                    ]
                ),
            )
        )
    both = list(zip(offsets, raw.tracks, strict=True))
    tempos = {tick + offset: 60_000_000 / tempo for offset, track in both for tick, tempo in track.tempos}
    meters = {tick + offset: meter for offset, track in both for tick, *meter in track.meters}
    keys = {tick + offset: name for offset, track in both for tick, name in track.keys}
    return MidiSong(
        raw.ticks_per_beat,
        tuple(tracks),
        tuple(sorted(tempos.items())),
        tuple((tick, numerator, denominator) for tick, (numerator, denominator) in sorted(meters.items())),
        tuple(sorted(keys.items())),
        end,
        raw.midi_type,
        tuple(sorted((tick + offset, text) for offset, track in both for tick, text in track.markers)),
    )


def _find_offsets(raw: RawSong) -> list[int]:
    """Return the tick at which each track begins: 0, but one after another in files of type 2."""
    offsets = [0] * len(raw.tracks)
    if raw.midi_type == 2:
        for index, track in enumerate(raw.tracks[:-1]):
            offsets[index + 1] = offsets[index] + track.end
    return offsets


class _Programs:
    """Program changes by channel, for tracks that leave them to another track."""

    def __init__(self, changes: Iterable[tuple[int, int, int]]) -> None:
        self._changes: dict[int, list[tuple[int, int]]] = {}
        for tick, channel, program in sorted(changes):
            self._changes.setdefault(channel, []).append((tick, program))

    def at(self, channel: int, tick: int) -> int:
        """Return the channel's program at ``tick``: 0 before its first change."""
        changes = self._changes.get(channel, [])
        index = bisect_right(changes, (tick, 128))
        return changes[index - 1][1] if index else 0


def _find_programs(raw: RawSong) -> _Programs:
    if raw.midi_type == 2:
        return _Programs(())
    return _Programs(change for track in raw.tracks for change in track.programs)


def _find_kits(raw: RawSong) -> list[Kits]:
    """Return which channels play drums when, for each track: patterns of type 2 know nothing of one another."""
    if raw.midi_type == 2:
        return [Kits([(track.drums, track.banks, track.systems)]) for track in raw.tracks]
    return [Kits([(track.drums, track.banks, track.systems) for track in raw.tracks])] * len(raw.tracks)


def write_midi(arrangement: Arrangement) -> bytes:
    """Return an arrangement as a MIDI file of type 1, 480 ticks a quarter note.

    Every track ends exactly with the last bar. A loop carries the marks that engines look for: ``loopStart`` and
    ``loopEnd`` markers, and controller 111 where it begins.
    """
    import mido

    loops = arrangement.ending == "loop"
    start = arrangement.loop_bar * arrangement.meter.bar_ticks * SUBTICKS_PER_TICK
    midi = mido.MidiFile(type=1, ticks_per_beat=SUBTICKS_PER_BEAT)
    midi.tracks.append(_join(mido, _conduct(mido, arrangement, loops, start), arrangement.subticks))
    for index, part in enumerate(arrangement.parts):
        events = _perform(mido, part, mark=start if loops and index == 0 else None)
        midi.tracks.append(_join(mido, events, arrangement.subticks))
    buffer = io.BytesIO()
    midi.save(file=buffer)
    return buffer.getvalue()


_Event = tuple[int, int, Any]
"""Subtick, rank among the events of one subtick, mido's message."""


def _conduct(mido: Any, arrangement: Arrangement, loops: bool, start: int) -> list[_Event]:
    """Return the events of the first track."""
    meter = arrangement.meter
    events: list[_Event] = [
        (0, 0, mido.MetaMessage("track_name", name=_text(arrangement.title))),
        (0, 1, mido.MetaMessage("text", text=_text(arrangement.comment))),
        (0, 2, mido.MetaMessage("set_tempo", tempo=bpm_to_tempo(arrangement.tempo_bpm))),
        (
            0,
            3,
            mido.MetaMessage(
                "time_signature",
                numerator=meter.numerator,
                denominator=meter.denominator,
                clocks_per_click=2 * meter.pulse_ticks,
            ),
        ),
        (0, 4, mido.MetaMessage("key_signature", key=_key_signature(arrangement.key))),
    ]
    if loops:
        events.append((start, 5, mido.MetaMessage("marker", text="loopStart")))
        events.append((arrangement.subticks, 6, mido.MetaMessage("marker", text="loopEnd")))
    return [event for event in events if event[2].type != "text" or event[2].text]


def _perform(mido: Any, part: Part, *, mark: int | None) -> list[_Event]:
    """Return the events of a part's track; notes that end come before notes that begin.

    ``mark`` is the subtick at which it says that the loop begins, if it does.
    """
    instrument, channel = part.instrument, part.channel
    setup = [
        (_VOLUME, round(_UNIT_VOLUME * 10 ** (instrument.level_db / 40))),
        (_PAN, round(63.5 + 63.5 * instrument.pan)),
        (_REVERB, round(127 * instrument.reverb)),
    ]
    if part.role is not Role.DRUMS:  # a bank on the percussion channel would make it a melodic one for some players
        setup[:0] = [(_BANK, instrument.bank), (_BANK_FINE, 0)]

    def control(number: int, value: int) -> Any:
        return mido.Message("control_change", channel=channel, control=number, value=max(0, min(127, value)))

    events: list[_Event] = [(0, 0, mido.MetaMessage("track_name", name=_text(part.role.value)))]
    events += [(0, 1, control(number, value)) for number, value in setup]
    events.append((0, 2, mido.Message("program_change", channel=channel, program=instrument.program)))
    events += [(change.start, 4, control(change.controller, change.value)) for change in part.controls]
    if mark is not None:
        events.append((mark, 1, control(_LOOP_START, 0)))
    for note in part.notes:
        begin = mido.Message("note_on", channel=channel, note=note.pitch, velocity=note.velocity)
        end = mido.Message("note_off", channel=channel, note=note.pitch, velocity=0)
        events += [(note.start, 5, begin), (note.start + note.duration, 3, end)]
    return events


def _join(mido: Any, events: list[_Event], end: int) -> Any:
    """Return a track of mido's, with times as differences and its end at ``end``."""
    track = mido.MidiTrack()
    before = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - before))
        before = tick
    track.append(mido.MetaMessage("end_of_track", time=end - before))
    return track


def _key_signature(key: Key) -> str:
    """Return mido's name of the major or minor key that shares the tonic and the third."""
    return _MINOR_KEYS[key.tonic] if key.minor else _MAJOR_KEYS[key.tonic]


def _text(text: str) -> str:
    """Return text whose Latin-1 bytes are its UTF-8: mido writes Latin-1, and its charset is global to the process."""
    return text.encode("utf-8", "replace").decode("latin-1")
