"""Who plays what in a MIDI file: its voices, and the role each of them has."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from gamemusic.programs import DRUM_NAMES
from gamemusic.score.midi import MidiNote, MidiSong
from gamemusic.score.phrase import Role

__all__ = ["Voice", "assign_roles", "find_voices", "label_voice"]

_MELODY_NAMES = re.compile(
    r"\b(voice|vocal|vocals|melody|lead|solo|singstimme|gesang|chant|canto|soprano|cantus)\b", re.I
)
_BASS_PROGRAMS = range(32, 40)
_LEAD_PROGRAMS = frozenset((*range(56, 88), 22, 40, 110))
_DRUM_CHANNEL = 9
_ENSEMBLE = 5
"""Most voices of a small ensemble."""
_LOW_PITCH = 55
"""Below this a lowest note is heard as bass."""


@dataclass(slots=True)
class Voice:
    """The notes of one track on one channel."""

    name: str
    program: int
    channel: int
    notes: list[MidiNote] = field(default_factory=list)

    @property
    def mean_pitch(self) -> float:
        """Mean MIDI note number."""
        return sum(note.pitch for note in self.notes) / len(self.notes)

    @property
    def chordality(self) -> float:
        """Notes struck per onset; 1 for a melody."""
        return len(self.notes) / len({note.start for note in self.notes})


def find_voices(song: MidiSong) -> list[Voice]:
    """Return the voices of a song, those that double another left out."""
    found: dict[tuple[int, int], Voice] = {}
    for index, track in enumerate(song.tracks):
        for note in track.notes:
            key = (index, note.channel)
            if key not in found:
                found[key] = Voice(track.name, note.program, note.channel)
            found[key].notes.append(note)
    kept: list[Voice] = []
    for voice in sorted(found.values(), key=lambda voice: -len(voice.notes)):
        if voice.channel == _DRUM_CHANNEL or not any(_doubles(voice, other) for other in kept):
            kept.append(voice)
    return sorted(kept, key=lambda voice: -voice.mean_pitch)


def _doubles(voice: Voice, other: Voice) -> bool:
    """Say whether most of a voice's notes are another's: the same, or octaves of a melody's by another melody.

    A bass that plays the roots of chords above it is no double.
    """
    if other.channel == _DRUM_CHANNEL:
        return False
    octaves = max(voice.chordality, other.chordality) < 1.25 and min(voice.mean_pitch, other.mean_pitch) > _LOW_PITCH
    fold = 12 if octaves else 128
    own = {(note.start, note.pitch % fold) for note in voice.notes}
    return len(own & {(note.start, note.pitch % fold) for note in other.notes}) > 0.8 * len(own)


def label_voice(voices: list[Voice], voice: Voice) -> str:
    """Return what a voice is called when people are asked about it: its place from the highest on, and its name."""
    return f"{voices.index(voice) + 1} {voice.name}".strip()


def assign_roles(
    voices: list[Voice], ticks_per_beat: int, given: Mapping[str, Role | None] | None = None
) -> dict[Role, list[MidiNote]]:
    """Return the notes of each role.

    What ``given`` says of a voice, by its label, is so; None leaves it out. Of the others:

    Lead is the voice named so, else the highest that sings; bass the bass instrument, else the lowest; of what is
    left the
    highest single line is the counter, quick single lines are texture and the rest is harmony. A voice that plays
    chords
    and has to be lead or bass gives its top or bottom line and leaves the rest to the harmony.
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
        elif voice.channel == _DRUM_CHANNEL:
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
    lead = _find_lead(others, most)
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


def _find_lead(voices: list[Voice], most: int) -> Voice:
    named = [v for v in voices if _MELODY_NAMES.search(v.name) and len(v.notes) > 0.05 * most]
    if named:
        return named[0]

    def salience(voice: Voice) -> float:
        presence = min(1.0, len(voice.notes) / (0.3 * most))
        loudness = sum(note.velocity for note in voice.notes) / len(voice.notes) / 127
        single = 2.0 - min(2.0, voice.chordality)
        register = min(voice.mean_pitch, 84) / 12
        return register + 1.5 * presence + single + loudness + 0.7 * (voice.program in _LEAD_PROGRAMS)

    return max(voices, key=salience)


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
        low_enough = role is Role.LEAD or note.pitch < _LOW_PITCH + 5
        roles[role if note in outer and low_enough else Role.HARMONY].append(note)


def _split_keyboard(voice: Voice, roles: dict[Role, list[MidiNote]]) -> None:
    """Split one voice into lead, harmony and bass: top line, middle, and bottom line where it is low."""
    if voice.chordality < 1.1:
        roles[Role.LEAD].extend(voice.notes)
        return
    top, bottom = _outer_line(voice.notes, top=True), _outer_line(voice.notes, top=False)
    for note in voice.notes:
        if note in bottom and note.pitch < _LOW_PITCH:
            roles[Role.BASS].append(note)
        elif note in top and note.pitch >= _LOW_PITCH:
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
