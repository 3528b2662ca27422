"""A theme: a melody that the model has to play, whatever the mood.

Games are remembered by their leitmotifs. A theme is a line of notes in a key and a meter; it is moved to the phrase's
key, takes on its mode, is stretched to its meter, and stands as the lead of the first section. A section that answers
takes up its first bars, a third of an octave higher in the scale (a fourth).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gamemusic.errors import InputError, MidiError
from gamemusic.files import read_file
from gamemusic.score.midi import MidiSong, MidiTrack, read_midi
from gamemusic.score.phrase import Note, Phrase, Role
from gamemusic.theory import Key, parse_key
from gamemusic.tokens.bars import Event, transposition
from gamemusic.tokens.vocabulary import MAX_DURATION, PITCH_RANGES, velocity_bin
from gamemusic.units import METERS, TICKS_PER_BEAT, Meter

__all__ = ["KEY_PROFILES", "Theme", "find_key", "fit_theme", "read_theme"]

_DRUM_CHANNEL = 9
_ANSWER_BARS = 2
_ANSWER_STEPS = 3
"""Steps of the scale by which an answer lies higher."""
_MAX_FILE_BYTES = 4 << 20
KEY_PROFILES = (
    ("major", (6350, 2230, 3480, 2330, 4380, 4090, 2520, 5190, 2390, 3660, 2290, 2880)),
    ("minor", (6330, 2680, 3520, 5380, 2600, 3530, 2540, 4750, 3980, 2690, 3340, 3170)),
)
"""How well each step above the tonic fits a key (C. L. Krumhansl and E. J. Kessler, "Tracing the dynamic changes in
perceived tonal organization in a spatial representation of musical keys", Psychological Review 89, 1982), in
thousandths, so that sums are the same everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A melody, one note at a time."""

    notes: tuple[Note, ...]
    """Sorted; in ticks from the theme's first bar line."""
    key: Key
    meter: Meter

    def __post_init__(self) -> None:
        if not self.notes:
            raise InputError("a theme needs at least one note")

    @property
    def bars(self) -> int:
        """Bars it fills."""
        return max(note.end - 1 for note in self.notes) // self.meter.bar_ticks + 1

    @classmethod
    def of_phrase(cls, phrase: Phrase) -> Theme:
        """Return the lead of a phrase as a theme."""
        return cls(notes=_one_by_one(phrase.track(Role.LEAD).notes), key=phrase.key, meter=phrase.meter)


def read_theme(path: str | Path) -> Theme:
    """Return the melody of a MIDI file: the track that is called so or lies highest, its highest notes.

    The key is the file's key signature, or else the key that fits the notes best; the meter is its first one.

    Raises:
        InputError: When the file cannot be read, or holds no melody in a meter that is composed in.
        MidiError: When it is no MIDI file.
    """
    path = Path(path)
    data = read_file(path, "the theme", most=_MAX_FILE_BYTES)
    if len(data) > _MAX_FILE_BYTES:
        raise MidiError(f"the theme has more than {_MAX_FILE_BYTES:,} bytes", file=path)
    return theme_of_song(read_midi(data, file=path), file=path)


def theme_of_song(song: MidiSong, *, file: object = None) -> Theme:
    """Return the melody of a MIDI file's content, see `read_theme`."""
    pitched = [track for track in song.tracks if any(note.channel != _DRUM_CHANNEL for note in track.notes)]
    if not pitched:
        raise InputError(f"the theme {file} holds no notes but drums")
    name = "/".join(str(part) for part in song.meters[0][1:]) if song.meters else "4/4"
    if name in ("2/2",):
        name = "4/4"
    if name not in METERS:
        raise InputError(f"the theme {file} is in {name}; write it in one of {', '.join(METERS)}")
    track = max(pitched, key=_sings)
    scale = song.ticks_per_beat
    notes = []
    for note in track.notes:
        if note.channel != _DRUM_CHANNEL:
            start, end = (round(tick * TICKS_PER_BEAT / scale) for tick in (note.start, note.end))
            notes.append(Note(start, note.pitch, max(1, end - start), note.velocity))
    line = _one_by_one(notes)
    key = parse_key(song.keys[0][1]) if song.keys else find_key(line)
    return Theme(notes=line, key=key, meter=METERS[name])


def _sings(track: MidiTrack) -> tuple[bool, int]:
    """Return what ranks tracks: called a melody, then mean pitch."""
    named = any(word in track.name.casefold() for word in ("lead", "melody", "theme", "voice", "solo"))
    return named, sum(note.pitch for note in track.notes) // len(track.notes)


def _one_by_one(notes: Sequence[Note]) -> tuple[Note, ...]:
    """Return the highest of the notes that begin together, each cut where the next begins."""
    highest = {note.start: note for note in sorted(notes)}
    starts = sorted(highest)
    line = []
    for index, start in enumerate(starts):
        note = highest[start]
        end = min(note.end, starts[index + 1]) if index + 1 < len(starts) else note.end
        line.append(Note(start, note.pitch, end - start, note.velocity))
    return tuple(line)


def find_key(notes: Sequence[Note]) -> Key:
    """Return the key whose profile fits the notes' lengths best."""
    weights = [0] * 12
    for note in notes:
        weights[note.pitch % 12] += note.duration
    mean = sum(weights)

    def fit(tonic: int, profile: Sequence[int]) -> int:
        return sum((12 * weights[(tonic + step) % 12] - mean) * value for step, value in enumerate(profile))

    best = max((fit(tonic, profile), -tonic, mode) for tonic in range(12) for mode, profile in KEY_PROFILES)
    return Key(-best[1], best[2])


def fit_theme(
    theme: Theme, frame: Phrase, sections: Sequence[int], form: Sequence[str], reach: tuple[int, int] | None = None
) -> Mapping[int, tuple[Event, ...]]:
    """Return the lead notes that are fixed, by bar, as `gamemusic.tokens.grammar.Rules.given` wants them.

    Args:
        theme: The melody.
        frame: Key, meter and bars of the phrase to be.
        sections: Bars of its sections; the theme stands in the first.
        form: Their names; the first one of another letter than the first section's answers.
        reach: Lowest and highest sounding pitch of the lead; None: all the model knows.

    Raises:
        InputError: When the theme is longer than the first section.
    """
    bars = theme.bars
    if bars > sections[0]:
        whole = -(-bars // sections[0]) * frame.bars
        raise InputError(
            f"the theme has {bars} bars, the first section {sections[0]}: shorten the theme, or ask for {whole} bars"
        )
    notes = [_change_mode(note, theme.key, frame.key) for note in theme.notes]
    notes = _move_into(notes, reach, frame.key, near=theme.notes)
    given = _cut(notes, theme.meter, frame, 0, sections[0])
    answering = next((index for index, name in enumerate(form) if name[0] != form[0][0]), None)
    if answering is not None and bars >= _ANSWER_BARS and sections[answering] > _ANSWER_BARS:
        head = _ANSWER_BARS * theme.meter.bar_ticks
        start = [note for note in notes if note.start < head]
        if not start:
            return given  # the theme begins with silence, and so does its answer
        answer = _move_into([_raise(note, frame.key, _ANSWER_STEPS) for note in start], reach, frame.key, near=start)
        given.update(_cut(answer, theme.meter, frame, sum(sections[:answering]), _ANSWER_BARS))
    return given


def _degree(pitch: int, key: Key) -> tuple[int, int]:
    """Return a pitch as (steps of the scale above the tonic at octave 0, semitones above that step)."""
    scale = key.degrees
    octave, rest = divmod(pitch - key.tonic, 12)
    step = max(index for index, above in enumerate(scale) if above <= rest)
    return octave * 7 + step, rest - scale[step]


def _pitch(step: int, raised: int, key: Key) -> int:
    octave, index = divmod(step, 7)
    return key.tonic + 12 * octave + key.degrees[index] + raised


def _change_mode(note: Note, before: Key, after: Key) -> Note:
    """Return the note at the same step of another key; what is foreign to the one stays foreign to the other."""
    step, raised = _degree(note.pitch, before)
    return Note(note.start, _pitch(step, raised, after), note.duration, note.velocity)


def _raise(note: Note, key: Key, steps: int) -> Note:
    step, raised = _degree(note.pitch, key)
    return Note(note.start, _pitch(step + steps, raised, key), note.duration, note.velocity)


def _move_into(notes: Sequence[Note], reach: tuple[int, int] | None, key: Key, *, near: Sequence[Note]) -> list[Note]:
    """Return the notes moved together by octaves into the lead's range, as near as may be to where they come from.

    Where no octave does, they are moved to its middle, and what still stands out is moved alone.
    """
    shift = transposition(key.tonic)
    low, high = (limit + shift for limit in PITCH_RANGES[Role.LEAD])
    if reach is not None:
        low, high = max(low, reach[0]), min(high, reach[1])
    least, most = min(note.pitch for note in notes), max(note.pitch for note in notes)
    inside = [step for step in range(-10, 11) if low <= least + 12 * step and most + 12 * step <= high]
    home = sum(note.pitch for note in near) - sum(note.pitch for note in notes)
    if inside:
        octaves = min(inside, key=lambda step: abs(12 * step * len(notes) - home))
    else:
        octaves = round((low + high - least - most) / 24)
    moved = []
    for note in notes:
        pitch = note.pitch + 12 * octaves
        while pitch > high and pitch - 12 >= low:
            pitch -= 12
        while pitch < low:
            pitch += 12
        moved.append(Note(note.start, pitch, note.duration, note.velocity))
    return moved


def _cut(notes: Sequence[Note], theirs: Meter, frame: Phrase, first: int, bars: int) -> dict[int, tuple[Event, ...]]:
    """Return notes as events by bar from bar ``first`` on, stretched bar by bar where the meters differ.

    A stretched rhythm is put on sixteenths, so that it can be played; of notes that fall together the first is kept.
    """
    ours, lowest = frame.meter, PITCH_RANGES[Role.LEAD][0] + transposition(frame.key.tonic)

    def place(tick: int) -> int:
        bar, position = divmod(tick, theirs.bar_ticks)
        grid = 3 if theirs.bar_ticks != ours.bar_ticks else 1
        return bar * ours.bar_ticks + position * ours.bar_ticks // theirs.bar_ticks // grid * grid

    found: dict[int, dict[int, Event]] = {}
    last = max(place(note.start) for note in notes) // ours.bar_ticks
    for bar in range(min(bars, last + 1)):
        found[first + bar] = {}
    for note in notes:
        start = place(note.start)
        bar, position = divmod(start, ours.bar_ticks)
        if bar >= bars or position in found[first + bar]:
            continue
        length = min(MAX_DURATION, max(1, place(note.end) - start), bars * ours.bar_ticks - start)
        found[first + bar][position] = Event(position, note.pitch - lowest, length, velocity_bin(note.velocity))
    return {bar: tuple(sorted(events.values())) for bar, events in found.items()}
