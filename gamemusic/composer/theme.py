"""A theme: a melody that the model has to play, whatever the mood.

Games are remembered by their leitmotifs. A theme is a line of notes in a key and a meter; it is moved to the phrase's
key, takes on its mode, is stretched to its meter, and stands as the lead of the first section. A section that answers
takes up its first bars, a third of an octave higher in the scale (a fourth).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gamemusic.errors import InputError
from gamemusic.score.phrase import Note, Phrase, Role
from gamemusic.theory import Key
from gamemusic.tokens.bars import Event, transposition
from gamemusic.tokens.vocabulary import MAX_DURATION, PITCH_RANGES, velocity_bin
from gamemusic.units import Meter

__all__ = ["Theme", "fit_theme", "one_by_one"]

_ANSWER_BARS = 2
_ANSWER_STEPS = 3
"""Steps of the scale by which an answer lies higher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A melody, one note at a time."""

    notes: tuple[Note, ...]
    """Sorted; in ticks from the theme's first bar line."""
    key: Key
    meter: Meter
    voice: str = field(default="", compare=False)
    """Which voice of its file it is, in words; empty when it comes from no file."""
    voice_notes: int = field(default=0, compare=False)
    """Notes of this voice, of which the highest of each chord are the theme."""
    moved: str = field(default="", compare=False)
    """What was moved to beats that were found in its file, in words; empty when nothing was."""
    left_out: tuple[str, ...] = field(default=(), compare=False)
    """The file's other voices, in words."""

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
        return cls(notes=one_by_one(phrase.track(Role.LEAD).notes), key=phrase.key, meter=phrase.meter)


def one_by_one(notes: Sequence[Note]) -> tuple[Note, ...]:
    """Return the highest of the notes that begin together, each cut where the next begins."""
    highest = {note.start: note for note in sorted(notes)}
    starts = sorted(highest)
    line = []
    for index, start in enumerate(starts):
        note = highest[start]
        end = min(note.end, starts[index + 1]) if index + 1 < len(starts) else note.end
        line.append(Note(start, note.pitch, end - start, note.velocity))
    return tuple(line)


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
