"""MIDI files as a person might bring them, written by mido."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import mido

TICKS_PER_BEAT = 480


def midi_of(
    tracks: Mapping[str, Sequence[tuple[int, int, int]]],
    *,
    tempos: Sequence[tuple[int, float]] = ((0, 100.0),),
    meters: Sequence[tuple[int, int, int]] = ((0, 4, 4),),
    programs: Mapping[str, int] | None = None,
    ticks_per_beat: int = TICKS_PER_BEAT,
) -> bytes:
    """Return a file whose tracks have (start, pitch, length) in ticks; one called drums is on channel 10."""
    song = mido.MidiFile(type=1, ticks_per_beat=ticks_per_beat)
    song.tracks.append(
        _track(
            [(tick, mido.MetaMessage("set_tempo", tempo=round(60e6 / bpm))) for tick, bpm in tempos]
            + [(t, mido.MetaMessage("time_signature", numerator=n, denominator=d)) for t, n, d in meters]
        )
    )
    for channel, (name, notes) in enumerate(tracks.items()):
        number = 9 if name == "drums" else channel
        events = [(0, mido.MetaMessage("track_name", name=name))]
        if programs and name in programs:
            events.append((0, mido.Message("program_change", channel=number, program=programs[name])))
        for start, pitch, length in notes:
            events.append((start, mido.Message("note_on", channel=number, note=pitch, velocity=77)))
            events.append((start + length, mido.Message("note_off", channel=number, note=pitch)))
        song.tracks.append(_track(events))
    buffer = io.BytesIO()
    song.save(file=buffer)
    return buffer.getvalue()


def _track(events: list[tuple[int, mido.Message]]) -> mido.MidiTrack:
    track = mido.MidiTrack()
    before = 0
    for tick, message in sorted(events, key=lambda event: (event[0], event[1].type == "note_on")):
        track.append(message.copy(time=tick - before))
        before = tick
    return track
