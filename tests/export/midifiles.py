"""MIDI files for the tests of corpus and training, written by mido so that the reader meets somebody else's bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import mido

TICKS = 480

Line = Sequence[tuple[float, float, int]]
"""(start, length, pitch), in quarter notes."""


def midi_bytes(
    lines: Mapping[str, tuple[int, Line]],
    *,
    meter: tuple[int, int] = (4, 4),
    tempo_bpm: float = 100,
    midi_type: int = 1,
    charset: str = "latin1",
) -> bytes:
    """Return a file with one track a line: name -> (program, notes); the program -1 plays drums."""
    file = mido.MidiFile(type=midi_type, ticks_per_beat=TICKS, charset=charset)
    head = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo_bpm))])
    head.append(mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1]))
    file.tracks.append(head)
    for index, (name, (program, notes)) in enumerate(lines.items()):
        channel = 9 if program < 0 else index % 9
        events = [(round(s * TICKS), 1, p) for s, _, p in notes] + [(round((s + d) * TICKS), 0, p) for s, d, p in notes]
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
        if program >= 0:
            track.append(mido.Message("program_change", channel=channel, program=program))
        now = 0
        for tick, on, pitch in sorted(events):
            kind = "note_on" if on else "note_off"
            track.append(mido.Message(kind, channel=channel, note=pitch, velocity=80, time=tick - now))
            now = tick
        file.tracks.append(track)
    stream = io.BytesIO()
    file.save(file=stream)
    return stream.getvalue()


def quartet(bars: int = 8, transpose: int = 0, seed: int = 0) -> dict[str, tuple[int, Line]]:
    """Return four voices over I IV V I, the melody a scale that ``seed`` turns."""
    roots = (60, 65, 67, 60)
    steps = (0, 2, 4, 5, 7, 9, 11, 12)
    melody, inner, middle, bass = [], [], [], []
    for bar in range(bars):
        root = roots[bar % 4]
        for beat in range(4):
            step = steps[(bar * 3 + beat * (seed + 1) + seed) % 8]
            melody.append((bar * 4.0 + beat, 1.0, 72 + step + transpose))
        inner += [(bar * 4.0, 2.0, root + 7 + transpose), (bar * 4.0 + 2, 2.0, root + 4 + transpose)]
        middle.append((bar * 4.0, 4.0, root - 8 + transpose))
        bass.append((bar * 4.0, 4.0, root - 12 + transpose))
    return {"Violin 1": (40, melody), "Violin 2": (40, inner), "Viola": (41, middle), "Cello": (42, bass)}
