"""How a phrase comes to rest: tune and bass end on the tonic."""

from __future__ import annotations

from collections.abc import Sequence

from gamemusic.arranger.drums import final_tick
from gamemusic.arranger.voicing import find_spans
from gamemusic.score.phrase import Note, Phrase, Role

__all__ = ["come_home"]

_HOMING = (Role.LEAD, Role.BASS)


def come_home(notes: Sequence[Note], phrase: Phrase, role: Role) -> tuple[Note, ...]:
    """Return a role's notes with its last one on the tonic, where the phrase ends on the tonic's chord.

    The tune's and the bass's last note moves to the nearest tonic. A bass that was silent under the last chord joins
    it, as long as that lasts. Other roles, loops, and phrases that end elsewhere stay as they are.
    """
    found = tuple(sorted(notes))
    span = find_spans(phrase)[-1]
    if phrase.ending != "cadence" or role not in _HOMING or not found or span.root != phrase.key.tonic:
        return found
    last = max(found, key=lambda note: (note.start, note.pitch))
    home = min(
        (pitch for pitch in range(max(0, last.pitch - 12), min(127, last.pitch + 12) + 1) if pitch % 12 == span.root),
        key=lambda pitch: (abs(pitch - last.pitch), pitch),
    )
    stop = final_tick(phrase)
    if last.end <= stop:
        if role is Role.LEAD:
            return _replace(found, last, Note(last.start, home, last.duration, last.velocity))
        return (*found, Note(stop, home, phrase.ticks - stop, last.velocity))
    return _replace(found, last, Note(last.start, home, last.duration, last.velocity))


def _replace(notes: Sequence[Note], old: Note, new: Note) -> tuple[Note, ...]:
    """Return notes with one in place of another; what sounds at the new one's pitch is cut there."""
    kept = []
    for note in notes:
        if note.pitch != new.pitch or note.end <= new.start or new.end <= note.start:
            kept += [] if note == old else [note]
        elif note.start < new.start:
            kept.append(Note(note.start, note.pitch, new.start - note.start, note.velocity))
    return tuple(sorted((*kept, new)))
