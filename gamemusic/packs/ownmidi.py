"""One bar of a pack's MIDI file as a figure or a drum pattern."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gamemusic.errors import MidiError
from gamemusic.limits import LIMITS, Limits
from gamemusic.packs.musical import pitch_name
from gamemusic.packs.ownfigure import OwnFigure, OwnGroove
from gamemusic.packs.schema import Preset
from gamemusic.programs import DRUM_NAMES
from gamemusic.score.barlines import name_meter
from gamemusic.score.figure import Cell, Stroke
from gamemusic.score.midi import MidiNote, MidiSong, read_midi
from gamemusic.score.phrase import DRUM_TICKS
from gamemusic.units import METERS, TICKS_PER_BEAT, Meter, on_grid

__all__ = ["fill_figures", "read_figure", "read_groove"]

_STEPS = {0: 0, 3: 1, 4: 1, 6: 2, 7: 2, 8: 2}
"""Semitones above C, and which note of the chord they are."""
_MOST_NOTES = 1000


def fill_figures(preset: Preset, contents: Mapping[str, bytes], *, path: Path, limits: Limits) -> Preset:
    """Return a preset whose figures and drum patterns hold what the pack's MIDI files do.

    Raises:
        MidiError: See `read_figure` and `read_groove`.
    """
    figures, grooves = dict(preset.figures), dict(preset.grooves)
    for name, figure in preset.figures.items():
        if figure.midi:
            figures[name] = read_figure(figure, contents[figure.midi], file=path / figure.midi, limits=limits)
    for name, groove in preset.grooves.items():
        if groove.midi:
            grooves[name] = read_groove(groove, contents[groove.midi], file=path / groove.midi, limits=limits)
    return replace(preset, figures=figures, grooves=grooves) if figures or grooves else preset


def read_figure(own: OwnFigure, data: bytes, *, file: object, limits: Limits = LIMITS) -> OwnFigure:
    """Return a figure with what its MIDI file holds: pitches are read as steps of the chord of C that they stand over.

    Raises:
        MidiError: When it is no MIDI file, has notes outside of one bar, or notes that are none of the chord.
    """
    song = _read(data, file, limits)
    meter = _meter(song, file)
    notes = _notes(song, meter, file, drums=False)
    for note in notes:
        if note.pitch % 12 not in _STEPS:
            where = f"at beat {note.start / song.ticks_per_beat + 1:g}"
            raise MidiError(
                f"found {pitch_name(note.pitch)} {where}, expected notes of a chord of C: C is the root of any chord, "
                "E or Eb its third, G its fifth",
                file=file,
            )
    lowest = min(note.pitch for note in notes) // 12
    strokes = set()
    for note in notes:
        start, end = (on_grid(tick, song.ticks_per_beat) for tick in (note.start, note.end))
        rung = 3 * (note.pitch // 12 - lowest) + _STEPS[note.pitch % 12]
        start = min(start, meter.bar_ticks - 1)
        strokes.add(Stroke(f"^{rung}", start, min(max(end, start + 1), meter.bar_ticks)))
    ordered = sorted(strokes, key=lambda stroke: (stroke.start, stroke.mark, stroke.end))
    return replace(own, meter=meter, played=(Cell(meter.bar_ticks, tuple(ordered)),))


def read_groove(own: OwnGroove, data: bytes, *, file: object, limits: Limits = LIMITS) -> OwnGroove:
    """Return a drum pattern with what its MIDI file holds, on sixteenths.

    Raises:
        MidiError: When it is no MIDI file, has notes outside of one bar, or keys that no drum of ours has.
    """
    song = _read(data, file, limits)
    meter = _meter(song, file)
    count = meter.bar_ticks // DRUM_TICKS
    lines: dict[int, list[str]] = {}
    for note in _notes(song, meter, file, drums=True):
        if note.pitch not in DRUM_NAMES:
            raise MidiError(f"found the percussion key {note.pitch}, expected one of {_names()}", file=file)
        place = min(count - 1, on_grid(note.start, song.ticks_per_beat, TICKS_PER_BEAT // DRUM_TICKS))
        line = lines.setdefault(note.pitch, ["."] * count)
        line[place] = max(line[place], str(min(9, max(1, round((note.velocity - 10) / 12)))))
    return replace(own, meter=meter, played={key: "".join(line) for key, line in sorted(lines.items())})


def _names() -> str:
    return ", ".join(f"{key} {name}" for key, name in DRUM_NAMES.items())


def _read(data: bytes, file: object, limits: Limits) -> MidiSong:
    return read_midi(data, file=file, limits=replace(limits, midi_events=min(limits.midi_events, 10 * _MOST_NOTES)))


def _meter(song: MidiSong, file: object) -> Meter:
    name = name_meter(*song.meters[0][1:]) if song.meters else "4/4"
    if name not in METERS:
        raise MidiError(f"it is in {name}, expected one of {', '.join(METERS)}", file=file)
    return METERS[name]


def _notes(song: MidiSong, meter: Meter, file: object, *, drums: bool) -> list[MidiNote]:
    """Return the notes of the first bar, in the order of time; there must be no others."""
    what = "notes of drums" if drums else "notes with pitches"
    notes = sorted(
        (note for track in song.tracks for note in track.notes if note.drums == drums),
        key=lambda note: (note.start, note.pitch),
    )
    if not notes:
        raise MidiError(f"it holds no {what}; write one bar of them", file=file)
    bar = meter.bar_ticks * song.ticks_per_beat // TICKS_PER_BEAT
    late = [note for note in notes if note.start >= bar]
    if late:
        beat = late[0].start / song.ticks_per_beat + 1
        raise MidiError(
            f"{len(late)} {what} lie behind its first bar, the first at beat {beat:g}; leave one bar", file=file
        )
    return notes
