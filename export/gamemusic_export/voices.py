"""Who plays what in a MIDI file: the role of each of its voices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from gamemusic.programs import DRUM_NAMES
from gamemusic.score.midi import MidiNote
from gamemusic.score.phrase import Role
from gamemusic.score.voices import LOW_PITCH, Voice, find_melody, label_voice

__all__ = ["assign_roles"]

_BASS_PROGRAMS = range(32, 40)
_ENSEMBLE = 5
"""Most voices of a small ensemble."""


def assign_roles(
    voices: Sequence[Voice], ticks_per_beat: int, given: Mapping[str, Role | None] | None = None
) -> dict[Role, list[MidiNote]]:
    """Return the notes of each role.

    What ``given`` says of a voice, by its label, is so; None leaves it out. Of the others, those that double another
    are left out. Then lead is the voice named so, else the one that stands out; bass the bass instrument, else the
    lowest; of what is left the highest single line is the counter, quick single lines are texture and the rest is
    harmony. A voice that plays chords and has to be lead or bass gives its outer line and leaves the rest to the
    harmony.
    """
    roles: dict[Role, list[MidiNote]] = defaultdict(list)
    pitched = []
    said = given or {}
    for voice in voices:
        label = label_voice(voices, voice)
        if label in said:
            role = said[label]
            if role is not None:
                roles[role].extend(voice.notes)
        elif voice.doubles is not None:
            continue
        elif voice.drums:
            roles[Role.DRUMS].extend(note for note in voice.notes if note.pitch in DRUM_NAMES)
        else:
            pitched.append(voice)
    if not pitched:
        return dict(roles)
    if len(pitched) == 1:
        _split_keyboard(pitched[0], roles)
        return dict(roles)
    most = max(len(voice.notes) for voice in pitched)
    bass = _find_bass(pitched, most)
    others = [voice for voice in pitched if voice is not bass]
    lead = find_melody(others, ticks_per_beat, most=most)
    others = [voice for voice in others if voice is not lead]
    _take_line(bass, Role.BASS, roles)
    _take_line(lead, Role.LEAD, roles)
    # a small ensemble of single lines (quartet, choir) has inner voices; quick notes are texture only beside others
    ensemble = len(pitched) <= _ENSEMBLE and all(voice.chordality < 1.3 for voice in pitched)
    for voice in others:
        single = voice.chordality < 1.2
        quick = not ensemble and _is_quick(voice, ticks_per_beat)
        if single and Role.COUNTER not in roles and len(voice.notes) > 0.15 * most and not quick:
            roles[Role.COUNTER].extend(voice.notes)
        elif single and quick:
            roles[Role.TEXTURE].extend(voice.notes)
        else:
            roles[Role.HARMONY].extend(voice.notes)
    return dict(roles)


def _find_bass(pitched: list[Voice], most: int) -> Voice:
    played = [v for v in pitched if v.program in _BASS_PROGRAMS and len(v.notes) > 0.1 * most]
    return max(played, key=lambda v: len(v.notes)) if played else min(pitched, key=lambda v: v.mean_pitch)


def _is_quick(voice: Voice, ticks_per_beat: int) -> bool:
    """Say whether a voice's usual distance of onsets is an eighth note or less, over a wide enough span of notes."""
    onsets = sorted({note.start for note in voice.notes})
    gaps = sorted(b - a for a, b in pairwise(onsets))
    return bool(gaps) and gaps[len(gaps) // 2] * 2 <= ticks_per_beat


def _take_line(voice: Voice, role: Role, roles: dict[Role, list[MidiNote]]) -> None:
    """Give a voice to a role: all of a single line, the outer line of chords."""
    if voice.chordality < 1.25:
        roles[role].extend(voice.notes)
        return
    outer = _outer_line(voice.notes, top=role is Role.LEAD)
    for note in voice.notes:
        low_enough = role is Role.LEAD or note.pitch < LOW_PITCH + 5
        roles[role if note in outer and low_enough else Role.HARMONY].append(note)


def _split_keyboard(voice: Voice, roles: dict[Role, list[MidiNote]]) -> None:
    """Split one voice into lead, harmony and bass: top line, middle, and bottom line where it is low."""
    if voice.chordality < 1.1:
        roles[Role.LEAD].extend(voice.notes)
        return
    top, bottom = _outer_line(voice.notes, top=True), _outer_line(voice.notes, top=False)
    for note in voice.notes:
        if note in bottom and note.pitch < LOW_PITCH:
            roles[Role.BASS].append(note)
        elif note in top and note.pitch >= LOW_PITCH:
            roles[Role.LEAD].append(note)
        else:
            roles[Role.HARMONY].append(note)


def _outer_line(notes: list[MidiNote], *, top: bool) -> set[MidiNote]:
    """Return the highest (or lowest) note of every onset."""
    chosen: dict[int, MidiNote] = {}
    for note in notes:
        other = chosen.get(note.start)
        if other is None or (note.pitch > other.pitch) == top:
            chosen[note.start] = note
    return set(chosen.values())
