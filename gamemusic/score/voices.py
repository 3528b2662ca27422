"""The voices of a MIDI file: who plays, who only doubles another, and who sings the melody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gamemusic.score.midi import MidiNote, MidiSong
from gamemusic.theory import PITCH_NAMES

__all__ = ["LOW_PITCH", "Voice", "describe_voice", "find_melody", "find_voices", "label_voice"]

_MELODY_NAMES = re.compile(
    r"\b(voice|vocal|vocals|melody|lead|solo|singstimme|gesang|chant|canto|soprano|cantus)\b", re.I
)
_LEAD_PROGRAMS = frozenset((*range(56, 88), 22, 40, 110))
_HIGH_PITCH = 84
"""Up to here a higher voice stands out more; above it, birds and effects are likelier than melodies."""
LOW_PITCH = 55
"""Below this a lowest note is heard as bass."""
_DOUBLED = 0.8
"""Share of a voice's notes that another has too, over which it doubles that."""


@dataclass(slots=True, eq=False)
class Voice:
    """The notes of one track on one channel."""

    name: str
    program: int
    channel: int
    drums: bool
    notes: list[MidiNote] = field(default_factory=list)
    doubles: Voice | None = None
    """The voice that has most of its notes, too."""

    @property
    def mean_pitch(self) -> float:
        """Mean MIDI note number."""
        return sum(note.pitch for note in self.notes) / len(self.notes)

    @property
    def chordality(self) -> float:
        """Notes struck per onset; 1 for a melody."""
        return len(self.notes) / len({note.start for note in self.notes})

    def ticks_heard(self, ticks_per_beat: int) -> int:
        """Return for how many of the file's ticks it is heard; a short note counts as a quarter note."""
        heard = reached = 0
        for note in self.notes:  # sorted by start, as a track's notes are
            end = max(note.end, note.start + ticks_per_beat)
            heard += max(0, end - max(reached, note.start))
            reached = max(reached, end)
        return heard


def find_voices(song: MidiSong) -> list[Voice]:
    """Return the voices of a song from the highest on; those that double another come after all others."""
    found: dict[tuple[int, int, bool], Voice] = {}
    for index, track in enumerate(song.tracks):
        for note in track.notes:
            key = (index, note.channel, note.drums)
            if key not in found:
                found[key] = Voice(track.name, note.program, note.channel, note.drums)
            found[key].notes.append(note)
    kept: list[Voice] = []
    for voice in sorted(found.values(), key=lambda voice: -len(voice.notes)):
        if not voice.drums:
            voice.doubles = next((other for other in kept if _doubles(voice, other)), None)
        if voice.doubles is None:
            kept.append(voice)
    return sorted(found.values(), key=lambda voice: (voice.doubles is not None, -voice.mean_pitch))


def _doubles(voice: Voice, other: Voice) -> bool:
    """Say whether most of a voice's notes are another's: the same, or octaves of a melody's by another melody.

    A bass that plays the roots of chords above it is no double.
    """
    if other.drums:
        return False
    octaves = max(voice.chordality, other.chordality) < 1.25 and min(voice.mean_pitch, other.mean_pitch) > LOW_PITCH
    fold = 12 if octaves else 128
    own = {(note.start, note.pitch % fold) for note in voice.notes}
    return len(own & {(note.start, note.pitch % fold) for note in other.notes}) > _DOUBLED * len(own)


def label_voice(voices: Sequence[Voice], voice: Voice) -> str:
    """Return what a voice is called when people are asked about it: its place from the highest on, and its name."""
    return f"{voices.index(voice) + 1} {voice.name}".strip()


def describe_voice(voices: Sequence[Voice], voice: Voice) -> str:
    """Return how many notes a voice has, between which pitches, and whom it doubles, in words."""
    count = len(voice.notes)
    low, high = min(note.pitch for note in voice.notes), max(note.pitch for note in voice.notes)
    said = f"{count:,} note{'s' * (count != 1)}"
    if not voice.drums:
        said += f", {_name_pitch(low)} to {_name_pitch(high)}"
    return said + (f", doubles {label_voice(voices, voice.doubles)}" if voice.doubles else "")


def _name_pitch(pitch: int) -> str:
    """Return a pitch's name; middle C, number 60, is C4."""
    octave, step = divmod(pitch, 12)
    return f"{PITCH_NAMES[step]}{octave - 1}"


def find_melody(
    voices: Sequence[Voice], ticks_per_beat: int, *, most: int = 0, called: re.Pattern[str] = _MELODY_NAMES
) -> Voice:
    """Return the voice that sings: the one called so, else the one that stands out most.

    Args:
        voices: Pitched ones, at least one, from the highest on.
        ticks_per_beat: Of their file.
        most: Notes of the file's busiest voice, where that is none of these.
        called: What a melody's track is called.
    """
    most = max(most, *(len(voice.notes) for voice in voices))
    named = [voice for voice in voices if called.search(voice.name) and len(voice.notes) > 0.05 * most]
    if named:
        return named[0]
    longest = max(voice.ticks_heard(ticks_per_beat) for voice in voices)

    def sounds_on(voice: Voice) -> bool:
        return 4 * len(voice.notes) > most or 4 * voice.ticks_heard(ticks_per_beat) > longest

    def stand_out(voice: Voice) -> float:
        presence = min(1.0, len(voice.notes) / (0.3 * most))
        loudness = sum(note.velocity for note in voice.notes) / len(voice.notes) / 127
        single = 2.0 - min(2.0, voice.chordality)
        register = min(voice.mean_pitch, 2 * _HIGH_PITCH - voice.mean_pitch) / 12
        return register + 1.5 * presence + single + loudness + 0.7 * (voice.program in _LEAD_PROGRAMS)

    # a few notes here and there are an effect, however high they lie
    return max([voice for voice in voices if sounds_on(voice)] or voices, key=stand_out)
