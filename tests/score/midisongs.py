"""What a MIDI file holds, without the file: lines of notes become a `MidiSong`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gamemusic.score.midi import MidiNote, MidiSong, MidiTrack

QUARTER = 480


def notes(
    starts: Iterable[int], pitches: Sequence[int] = (72,), *, length: int = 240, channel: int = 0, program: int = 0,
    drums: bool = False,
) -> tuple[MidiNote, ...]:  # fmt: skip
    """Return a note at each start, the pitches in turn."""
    return tuple(
        MidiNote(start, start + length, pitches[index % len(pitches)], 80, channel, program, drums)
        for index, start in enumerate(starts)
    )


def song(
    tracks: Mapping[str, tuple[MidiNote, ...]],
    *,
    meters: Sequence[tuple[int, int, int]] = ((0, 4, 4),),
    keys: Sequence[tuple[int, str]] = (),
    end: int = 0,
    quarter: int = QUARTER,
) -> MidiSong:
    last = max([end, *(note.end for track in tracks.values() for note in track)])
    return MidiSong(
        quarter,
        tuple(MidiTrack(name, track) for name, track in tracks.items()),
        (),
        tuple(meters),
        tuple(keys),
        last,
        1,
    )
