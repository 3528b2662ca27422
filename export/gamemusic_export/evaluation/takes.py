"""Takes: phrases as a mood composes and plays them when it is asked for by name, in memory and in a file.

The file holds notes and nothing of how they came to be, so that phrases of other versions are measured by this one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gamemusic.arranger.arranger import arrange
from gamemusic.composer.composer import Composer
from gamemusic.errors import FormatError, GameMusicError
from gamemusic.files import read_file, write_file
from gamemusic.score.parts import Part
from gamemusic.score.phrase import Chord, Note, Phrase, Role, Track
from gamemusic.theory import parse_key
from gamemusic.units import SUBTICKS_PER_TICK, parse_meter

__all__ = ["Take", "compose_takes", "play", "read_takes", "write_takes"]

_GRID = tuple(tick for tick in range(13) if tick % 3 == 0 or tick % 4 == 0)
"""Sixteenths and eighth triplets of a quarter note, in ticks: where a played note was meant to be."""
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Take:
    """One phrase, composed and played."""

    mood: str
    style: str
    token: str
    """Style token."""
    phrase: Phrase
    """As composed."""
    played: Phrase
    """As arranged, at sounding pitch, put back on the grid."""
    programs: Mapping[Role, str]
    """Who plays each role."""


def play(phrase: Phrase) -> tuple[Phrase, dict[Role, str]]:
    """Return a phrase as the arranger plays it, its notes put back on sixteenths and triplets, and who plays."""
    parts = arrange(phrase).parts
    tracks = tuple(Track(part.role, _settle(part, phrase.ticks)) for part in parts)
    return phrase.replace(tracks=tracks, orchestration=None), {
        part.role: str(part.instrument.program) for part in parts
    }


def _settle(part: Part, ticks: int) -> tuple[Note, ...]:
    found: dict[tuple[int, int], Note] = {}
    for note in part.notes:
        beat, rest = divmod(round(note.start / SUBTICKS_PER_TICK), 12)
        start = min(12 * beat + min(_GRID, key=lambda place: abs(place - rest)), ticks - 1)
        length = max(1, min(round(note.duration / SUBTICKS_PER_TICK), ticks - start))
        found.setdefault((start, note.pitch), Note(start, note.pitch, length, note.velocity))
    return tuple(sorted(found.values()))


def compose_takes(composer: Composer, *, phrases: int, seed: int) -> Iterator[Take]:
    """Yield ``phrases`` takes of every style of a mood as shipped, from the seeds ``seed``, ``seed + 1``, ..."""
    for name, style in composer.pack.preset.styles.items():
        for number in range(phrases):
            phrase = composer.compose(style=name, seed=seed + number)
            yield Take(composer.pack.name, name, style.token, phrase, *play(phrase))


def write_takes(path: Path, takes: Sequence[Take]) -> Path:
    """Write takes as JSON and return ``path``."""
    rows = [
        {
            "mood": take.mood,
            "style": take.style,
            "token": take.token,
            "bars": take.phrase.bars,
            "meter": str(take.phrase.meter),
            "tempo": take.phrase.tempo_bpm,
            "key": str(take.phrase.key),
            "form": list(take.phrase.form),
            "intensity": take.phrase.intensity,
            "seed": take.phrase.seed,
            "chords": [[chord.start, chord.root, chord.quality] for chord in take.phrase.chords],
            "composed": _tracks_to_dict(take.phrase),
            "played": _tracks_to_dict(take.played),
            "programs": {role.value: program for role, program in take.programs.items()},
        }
        for take in takes
    ]
    write_file(path, json.dumps({"format": _FORMAT, "takes": rows}, separators=(",", ":")).encode())
    return path


def _tracks_to_dict(phrase: Phrase) -> dict[str, list[list[int]]]:
    return {
        track.role.value: [[note.start, note.pitch, note.duration, note.velocity] for note in track.notes]
        for track in phrase.tracks
    }


def read_takes(path: Path) -> list[Take]:
    """Return what `write_takes` wrote.

    Raises:
        FormatError: When the file is none of these.
    """
    try:
        content = json.loads(read_file(path))
        if content["format"] != _FORMAT:
            raise ValueError(f"format {content['format']}, this version reads {_FORMAT}")
        return [_read_take(row) for row in content["takes"]]
    except (ValueError, TypeError, KeyError, AttributeError, GameMusicError) as error:
        raise FormatError(f"this is not a file of takes ({error}); write it again with --save", file=path) from None


def _read_take(row: Mapping[str, Any]) -> Take:
    phrase = Phrase(
        bars=row["bars"],
        meter=parse_meter(row["meter"]),
        tempo_bpm=row["tempo"],
        key=parse_key(row["key"]),
        tracks=_read_tracks(row["composed"]),
        chords=tuple(Chord(int(start), int(root), str(quality)) for start, root, quality in row["chords"]),
        mood=row["mood"],
        style=row["style"],
        form=tuple(row["form"]),
        intensity=row["intensity"],
        seed=row["seed"],
    )
    programs = {Role(role): str(program) for role, program in row["programs"].items()}
    played = phrase.replace(tracks=_read_tracks(row["played"]))
    return Take(row["mood"], row["style"], row["token"], phrase, played, programs)


def _read_tracks(parts: Mapping[str, Sequence[Sequence[int]]]) -> tuple[Track, ...]:
    return tuple(
        Track(role, tuple(Note(*map(int, note)) for note in parts[role.value])) for role in Role if role.value in parts
    )
