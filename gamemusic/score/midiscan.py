"""The bytes of a MIDI file, walked with bounds: chunks, events, and notes matched with their ends.

Everything is checked here, so that a damaged file gives one `MidiError` that says where, within bounded time and
memory.
What is merely untidy is read: unknown chunks, RIFF wrappers, bytes after the end, hanging notes, running status kept
over meta events, key signatures that do not exist. Format: Standard MIDI Files 1.0 (RP-001).
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from dataclasses import dataclass, field
from types import MappingProxyType

from gamemusic.errors import MidiError
from gamemusic.limits import LIMITS, Limits
from gamemusic.score.percussion import LONGEST_SETUP, take_setup

__all__ = ["RawSong", "RawTrack", "scan"]


_MAJOR = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
_MINOR = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")
_KEY_NAMES = MappingProxyType(
    {(index - 7, mi): f"{name} {mode}" for mi, (mode, names) in enumerate((("major", _MAJOR), ("minor", _MINOR)))
     for index, name in enumerate(names)}
)  # fmt: skip
_DATA_BYTES = (2, 2, 2, 2, 1, 1, 2)
"""Data bytes of channel messages 0x8n .. 0xEn."""


@dataclass(slots=True)
class RawTrack:
    """What one ``MTrk`` chunk holds; times in ticks from its beginning."""

    name: str = ""
    instrument: str = ""
    """What plays it, as a meta event of its own says."""
    notes: list[tuple[int, int, int, int, int, int]] = field(default_factory=list)
    """(start, pitch, end, velocity, channel, program), unsorted; program -1 when the track has named none yet."""
    tempos: list[tuple[int, int]] = field(default_factory=list)
    """(tick, microseconds a quarter note)."""
    meters: list[tuple[int, int, int]] = field(default_factory=list)
    keys: list[tuple[int, str]] = field(default_factory=list)
    markers: list[tuple[int, str]] = field(default_factory=list)
    programs: list[tuple[int, int, int]] = field(default_factory=list)
    """(tick, channel, program)."""
    banks: list[tuple[int, int, int]] = field(default_factory=list)
    """(tick, channel, bank's upper part)."""
    drums: list[tuple[int, int, bool]] = field(default_factory=list)
    """(tick, channel, whether it plays drums from there on), where the file says so."""
    systems: set[str] = field(default_factory=set)
    """``GS``, ``XG`` or ``GM2``, for which of them it sets the instrument up."""
    end: int = 0
    """Tick at which the track ends."""


@dataclass(frozen=True, slots=True)
class RawSong:
    """What a MIDI file holds."""

    midi_type: int
    ticks_per_beat: int
    tracks: list[RawTrack]


def scan(data: bytes, *, file: object = None, limits: Limits = LIMITS) -> RawSong:
    """Return what the bytes of a MIDI file hold.

    Raises:
        MidiError: For bytes that are no MIDI file, are damaged, or hold more than ``limits`` allow.
    """
    try:
        return _scan(data, limits)
    except _Fault as fault:
        raise MidiError(str(fault), file=file) from None


class _Fault(Exception):
    """What is wrong, on its way to `scan`, which knows the file's name."""


def _scan(data: bytes, limits: Limits) -> RawSong:
    if len(data) > limits.midi_bytes:
        raise _Fault(f"the file has {len(data):,} bytes; at most {limits.midi_bytes:,} are read")
    offset, stop = _unwrap(data)
    if data[offset : offset + 4] != b"MThd":
        found = data[offset : offset + 4]
        raise _Fault(f"this is not a MIDI file: byte {offset} begins with {found!r}, a MIDI file with b'MThd'")
    body, after = _chunk(data, offset, stop)
    if len(body) < 6:
        raise _Fault(f"the header at byte {offset} has {len(body)} bytes; at least 6 are needed")
    midi_type, announced, division = (int.from_bytes(body[at : at + 2], "big") for at in (0, 2, 4))
    if midi_type > 2:
        raise _Fault(f"the header at byte {offset} says format {midi_type}; only 0, 1 and 2 exist")
    if not 1 <= announced <= limits.midi_tracks:
        raise _Fault(f"the header at byte {offset} says {announced} tracks; 1 to {limits.midi_tracks} are read")
    if division >= 0x8000:
        raise _Fault(f"the header at byte {offset} counts SMPTE frames; save the file with ticks a quarter note")
    if division == 0:
        raise _Fault(f"the header at byte {offset} says 0 ticks a quarter note; 1 to 32767 are allowed")
    tracks: list[RawTrack] = []
    budget = limits.midi_events
    furthest = min(limits.midi_ticks, limits.midi_beats * division)
    while after < stop:
        if len(tracks) >= announced and data[after : after + 4] != b"MTrk":
            break  # whatever stands behind the last track is none of ours
        begin = after
        body, after = _chunk(data, begin, stop)
        if data[begin : begin + 4] != b"MTrk":
            continue
        if len(tracks) == limits.midi_tracks:
            raise _Fault(f"byte {begin} begins track {len(tracks) + 1}; at most {limits.midi_tracks} are read")
        track, used = _scan_track(body, begin + 8, budget, limits)
        if track.end > furthest:
            raise _Fault(f"the track at byte {begin} lasts {track.end:,} ticks; at most {furthest:,} are read")
        tracks.append(track)
        budget -= used
    if len(tracks) < announced:
        raise _Fault(f"the header says {announced} tracks, but the file ends at byte {stop} after {len(tracks)}")
    return RawSong(midi_type, division, tracks)


def _unwrap(data: bytes) -> tuple[int, int]:
    """Return where the MIDI bytes begin and end: all of them, or the ``data`` chunk of a RIFF file."""
    if data[:4] != b"RIFF" or data[8:12] != b"RMID":
        return 0, len(data)
    offset = 12
    while offset + 8 <= len(data):
        size = int.from_bytes(data[offset + 4 : offset + 8], "little")
        if data[offset : offset + 4] == b"data":
            if offset + 8 + size > len(data):
                raise _Fault(f"the RIFF chunk at byte {offset} says {size:,} bytes, but the file ends before that")
            return offset + 8, offset + 8 + size
        offset += 8 + size + size % 2
    raise _Fault(f"the RIFF file holds no 'data' chunk with MIDI in it before it ends at byte {len(data)}")


def _chunk(data: bytes, offset: int, stop: int) -> tuple[bytes, int]:
    """Return the body of the chunk at ``offset``, and where the next one begins."""
    size = int.from_bytes(data[offset + 4 : offset + 8], "big")
    if offset + 8 + size > stop or offset + 8 > stop:
        kind = data[offset : min(offset + 4, stop)]
        raise _Fault(f"the chunk {kind!r} at byte {offset} says {size:,} bytes, but the file ends at byte {stop}")
    return data[offset + 8 : offset + 8 + size], offset + 8 + size


def _scan_track(body: bytes, base: int, budget: int, limits: Limits) -> tuple[RawTrack, int]:
    """Return a track and how many events it has; ``base`` is where ``body`` begins in the file."""
    try:
        return _walk(body, base, budget, limits)
    except IndexError:  # the body is a slice of its own, so no event can run on into the next chunk unseen
        raise _Fault(f"the last event of the track that ends at byte {base + len(body)} is cut off") from None


def _walk(body: bytes, base: int, budget: int, limits: Limits) -> tuple[RawTrack, int]:
    """Walk a track's events. One loop, since it runs some million times in a corpus."""
    track = RawTrack()
    notes = track.notes
    sounding: dict[int, tuple[int, int, int]] = {}  # channel and pitch: start, velocity, program
    stubs: dict[int, int] = {}  # notes that ended where they began: channel and pitch, and their index
    programs = [-1] * 16
    struck, struck_tick = [0] * 16, -1
    size, pos, tick, status, used = len(body), 0, 0, 0, 0
    for used in range(budget + 1):
        if pos >= size:
            break
        byte = body[pos]
        pos += 1
        if byte >= 0x80:
            delta, pos = _number(body, pos - 1, base)
            tick += delta
        else:
            tick += byte
        byte = body[pos]
        if byte >= 0x80:
            pos += 1
            if byte >= 0xF0:
                if byte == 0xFF:
                    kind = body[pos]
                    length, pos = _number(body, pos + 1, base)
                    if pos + length > size:
                        raise IndexError
                    if kind == 0x2F:
                        break
                    if kind in _META:
                        _take_meta(track, tick, kind, body[pos : pos + length], base + pos, limits)
                elif byte in (0xF0, 0xF7):
                    length, pos = _number(body, pos, base)
                    if pos + length > size:
                        raise IndexError
                    if byte == 0xF0 and length <= LONGEST_SETUP:
                        take_setup(track.systems, track.drums, tick, body[pos : pos + length])
                else:
                    raise _Fault(f"byte {base + pos - 1} is 0x{byte:02X}, which no MIDI file may hold there")
                pos += length
                continue
            status = byte
        elif not status:
            raise _Fault(f"byte {base + pos} is data (0x{byte:02X}) before the track's first event")
        channel = status & 0x0F
        if status < 0xA0:
            pitch, velocity = body[pos], body[pos + 1]
            pos += 2
            if (pitch | velocity) > 0x7F:
                raise _Fault(f"byte {base + pos - (2 if pitch > 0x7F else 1)} is no data byte (0 to 127)")
            key = channel << 7 | pitch
            before = sounding.pop(key, None)
            strikes = status >= 0x90 and velocity > 0
            if before is not None:
                if tick > before[0]:
                    notes.append((before[0], pitch, tick, before[1], channel, before[2]))
                elif not strikes:  # struck twice on one tick: the second is the note
                    stubs[key] = len(notes)
                    notes.append((tick, pitch, tick + 1, before[1], channel, before[2]))
            if strikes:
                if stubs:
                    index = stubs.get(key)
                    if index is not None and notes[index][0] == tick:
                        notes[index] = (-1, 0, 0, 0, 0, 0)
                sounding[key] = (tick, velocity, programs[channel])
                if tick != struck_tick:
                    struck, struck_tick = [0] * 16, tick
                struck[channel] += 1
                if struck[channel] > limits.midi_chord:
                    said = f"more than {limits.midi_chord} notes of channel {channel + 1}"
                    raise _Fault(f"byte {base + pos} strikes {said} on one tick")
            continue
        length = _DATA_BYTES[(status >> 4) - 8]
        if body[pos] > 0x7F or body[pos + length - 1] > 0x7F:
            raise _Fault(f"byte {base + pos + (body[pos] <= 0x7F)} is no data byte (0 to 127)")
        if length == 1 and status < 0xD0:
            programs[channel] = program = body[pos]
            track.programs.append((tick, channel, program))
        elif status & 0xF0 == 0xB0 and body[pos] == 0:
            track.banks.append((tick, channel, body[pos + 1]))
        pos += length
    else:
        most = f"{limits.midi_events:,} events"
        raise _Fault(f"the file holds more than {most}, the most that are read, before byte {base + pos}")
    for key, (start, velocity, program) in sounding.items():  # hanging notes end with the track
        notes.append((start, key & 0x7F, max(tick, start + 1), velocity, key >> 7, program))
    if stubs:
        track.notes = [note for note in notes if note[0] >= 0]
    track.end = max(tick, max((note[2] for note in track.notes), default=0))
    return track, used


def _number(body: bytes, pos: int, base: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends."""
    value = 0
    for index in range(pos, pos + 4):
        byte = body[index]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, index + 1
    raise _Fault(f"the number at byte {base + pos} has more than 4 bytes")


_NAME, _INSTRUMENT, _MARKER, _TEMPO, _METER, _KEY = 0x03, 0x04, 0x06, 0x51, 0x58, 0x59
_META = frozenset((_NAME, _INSTRUMENT, _MARKER, _TEMPO, _METER, _KEY))


def _take_meta(track: RawTrack, tick: int, kind: int, value: bytes, where: int, limits: Limits) -> None:
    """Put a meta event that matters into ``track``; ``where`` is its value's byte in the file."""
    if kind == _NAME:
        track.name = track.name or _text(value, limits.midi_text)
    elif kind == _INSTRUMENT:
        track.instrument = track.instrument or _text(value, limits.midi_text)
    elif kind == _MARKER:
        track.markers.append((tick, _text(value, limits.midi_text)))
    elif kind == _TEMPO:
        low, high = limits.midi_tempo_us
        tempo = int.from_bytes(value, "big")
        if len(value) != 3 or not low <= tempo <= high:
            said = f"{tempo} microseconds a quarter note" if len(value) == 3 else f"a tempo of {len(value)} bytes"
            raise _Fault(f"byte {where} says {said}; {low} to {high} are allowed, in 3 bytes")
        track.tempos.append((tick, tempo))
    elif kind == _METER:
        if len(value) < 2 or value[0] == 0 or value[1] > limits.midi_denominator_power:
            raise _Fault(
                f"byte {where} holds a time signature of {list(value[:2])}; "
                f"1 to 255 over a power of two, 0 to {limits.midi_denominator_power}, is allowed"
            )
        track.meters.append((tick, value[0], 1 << value[1]))
    elif len(value) >= 2:
        signature = (value[0] - 256 if value[0] > 127 else value[0], value[1])
        if signature in _KEY_NAMES:
            track.keys.append((tick, _KEY_NAMES[signature]))


def _text(value: bytes, longest: int) -> str:
    """Return a name as printable text: UTF-8 where it is that, else Latin-1."""
    try:
        # what is cut may end within a character, which this decoder waits for
        text = getincrementaldecoder("utf-8")().decode(value[: 4 * longest], final=len(value) <= 4 * longest)
    except UnicodeDecodeError:
        text = value[:longest].decode("latin-1")
    return "".join(character if character.isprintable() else " " for character in text).strip()[:longest]
