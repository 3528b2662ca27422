"""Figures: ways in which a role's notes are made from the chords.

What they strike is written in `gamemusic.score.figuretable`; here it becomes notes. What is held while the harmony
changes is struck anew with it. A section's fourth and eighth bar take the figure's turn, so that nothing stands still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from gamemusic.arranger.chance import mix
from gamemusic.arranger.drums import DRUM_FIGURES, final_tick
from gamemusic.arranger.sections import find_sections
from gamemusic.arranger.voicing import Span, Voicing, find_spans, lead_voices, span_index, wide_enough
from gamemusic.score.figure import Cell, Figure, Stroke
from gamemusic.score.figuretable import TABLE
from gamemusic.score.phrase import Note, Phrase, Role
from gamemusic.theory import chord_pitch_classes

__all__ = ["FIGURES", "RANGES", "Player", "Range", "play_figure"]

Range = tuple[int, int]
"""Lowest and highest pitch, an octave apart or more."""
Player = Callable[[Phrase, Range], tuple[Note, ...]]

RANGES: Mapping[Role, Range] = MappingProxyType(
    {
        Role.BASS: (33, 52),
        Role.HARMONY: (52, 74),
        Role.TEXTURE: (57, 81),
        Role.COUNTER: (55, 79),
        Role.LEAD: (60, 84),
        Role.DRUMS: (0, 127),
    }
)
"""Where each role's figures lie."""

_RESTRIKE_BARS = 4
"""Drones and pads are struck again after so many bars, since few samples last longer."""
_CHIP_STEPS: Mapping[str, int] = MappingProxyType({"chip_arpeggio": 2, "chip_arpeggio_slow": 3})
"""Ticks from one note of a chip arpeggio to the next: so fast that a chord is heard."""
_TURN_BARS = 4
"""Every so many bars of a section a figure takes its turn."""
_STRONG, _WEAK = 82, 74
_VELOCITIES: Mapping[str, int] = MappingProxyType(
    {"L": 84, "F": 80, "T": 78, "V": 78, "O": 80, "X": 78, "W": 84, "l": 78, "r": 78, "Z": 82}
    | {"C": 80, "K": 96, "c": 68, "U": 68, "D": 82, "u": 66, "P": 86, "p": 66, "G": 92, "g": 76, "0": _STRONG}
)
_LOW = frozenset("LFTVOX")
"""Marks that are the root where they are struck as the harmony changes."""


class _Hand:
    """The pitches that each character of a pattern stands for, harmony by harmony."""

    def __init__(self, phrase: Phrase, pitches: Range) -> None:
        low, high = pitches
        self.phrase = phrase
        self.spans = find_spans(phrase)
        self._range = pitches
        self._roots = lead_voices(self.spans, low, min(high, max(low + 11, (low + high) // 2 + 5)), 1)
        self._chords = lead_voices(self.spans, low, high, 3)
        self._upper = lead_voices(self.spans, max(low, high - 16), high, 3)
        self._full = lead_voices(self.spans, low, high, 4)
        self._deep = lead_voices(self.spans, low, min(high, low + 14), 3)

    def play(self, stroke: Stroke, index: int, start: int, end: int, left: int = 0) -> Voicing:
        """Return what ``stroke`` strikes at ``start`` in span ``index``, to sound until ``end``.

        ``left`` is how many more notes a run has in its bar.
        """
        mark, root = stroke.mark, self._roots[index][0]
        if mark[0] == "^":
            return (self._climb(root, index, int(mark[1:])),)
        if mark in _LOW:
            return (self._low(mark, root, index) if start > self.spans[index].start else root,)
        if mark == "Z":
            return (self._tonic,)
        if mark == "l":
            last = end == self.spans[index].end and start > self.spans[index].start
            return (self._step_towards(index) if last else root,)
        if mark == "r":
            return (self._run(index, start, left),)
        if mark == "W":
            tenth = self._low("X", root, index)
            return (root, tenth) if wide_enough((root, tenth)) and tenth > root else (root,)
        if mark in "Gg":
            return self._power(index, 3 if mark == "G" else 2)
        if mark == "U":
            return tuple(pitch for pitch in self._upper[index] if pitch > root) or self._upper[index]
        if mark in "Du":
            return self._full[index] if mark == "D" else self._full[index][-3:]
        return self._chord(mark, index) if mark in "PpCKc" else (self._rung(index, int(mark)),)

    def _chord(self, mark: str, index: int) -> Voicing:
        chord = self._chords[index]
        if mark in "CK" or len(chord) == 1:
            return chord
        return chord[:1] if mark == "p" else chord[1:] if mark == "c" else (chord[0], chord[-1])

    @property
    def _tonic(self) -> int:
        low, tonic = self._range[0], self.phrase.key.tonic
        return low + (tonic - low) % 12

    def _low(self, mark: str, root: int, index: int) -> int:
        """Return the low note of a mark, as far above the root as there is room."""
        span, high = self.spans[index], self._range[1]
        fifth = root + (span.fifth - root) % 12
        third = root + (span.third - root) % 12
        if mark == "F":
            return self._fifth(index)
        wished = {
            "L": (root,),
            "V": (fifth,),
            "T": (third, third - 12),
            "O": (root + 12, fifth),
            "X": (third + 12, fifth),
        }
        return next((pitch for pitch in wished[mark] if self._range[0] <= pitch <= high), root)

    def _power(self, index: int, most: int) -> Voicing:
        """Return root, fifth and octave, as far as there is room and they are clear."""
        root, fifth = self._roots[index][0], self.spans[index].fifth
        found = [root]
        for pitch in (root + (fifth - root) % 12, root + 12)[: most - 1]:
            if pitch <= self._range[1] and wide_enough((found[-1], pitch)):
                found.append(pitch)
        return tuple(found)

    def _climb(self, root: int, index: int, number: int) -> int:
        """Return the chord's note so many above its low root; where there is no room, an octave or more lower."""
        span = self.spans[index]
        steps = sorted((tone - root) % 12 for tone in chord_pitch_classes(span.root, span.quality)[:3])
        octave, step = divmod(number, len(steps))
        pitch = root + 12 * octave + steps[step]
        while pitch > self._range[1] and pitch - 12 >= self._range[0]:
            pitch -= 12
        return pitch if pitch <= self._range[1] else root

    def _run(self, index: int, start: int, left: int) -> int:
        """Return a note of the key ``left + 1`` steps from the next bar's root, on the side of this one's."""
        bar = self.phrase.meter.bar_ticks
        tick = (start // bar + 1) * bar
        if tick >= self.phrase.ticks:
            tick = 0 if self.phrase.ending == "loop" else self.phrase.ticks - 1
        here, there = self._roots[index][0], self._roots[span_index(self.spans, tick)][0]
        low, high = self._range
        side = 1 if here > there or there - 12 < low else -1
        scale, pitch = self.phrase.key.pitch_classes, there
        for _ in range(left + 1):
            pitch += side
            while pitch % 12 not in scale:
                pitch += side
        return pitch if low <= pitch <= high else here

    def _fifth(self, index: int) -> int:
        """Return the fifth below the root where there is room, else above it."""
        root, (low, high) = self._roots[index][0], self._range
        below = root - (root - self.spans[index].fifth) % 12
        above = root + (self.spans[index].fifth - root) % 12
        return below if below >= low else above if above <= high else root

    def _step_towards(self, index: int) -> int:
        """Return a note of the key next to the following harmony's root, on the side of this one's."""
        following = index + 1 if index + 1 < len(self.spans) else 0 if self.phrase.ending == "loop" else index
        here, there = self._roots[index][0], self._roots[following][0]
        if here == there:
            return here
        side = -1 if here < there else 1
        low, high = self._range
        scale = self.phrase.key.pitch_classes
        steps = [there + side * size for size in (2, 1) if low <= there + side * size <= high]
        return next((step for step in steps if step % 12 in scale), here)

    def _rung(self, index: int, number: int) -> int:
        """Return a note of the ladder of chord notes; beyond its top it turns back."""
        span, bottom = self.spans[index], self._deep[index][0]
        ladder = [bottom]
        for pitch in range(bottom + 1, self._range[1] + 1):
            if pitch % 12 in chord_pitch_classes(span.root, span.quality) and wide_enough((ladder[-1], pitch)):
                ladder.append(pitch)
        if number >= len(ladder):
            number = max(0, 2 * (len(ladder) - 1) - number)
        return ladder[number]


def _cut(spans: Sequence[Span], start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (index, start, end) of the spans between two ticks, cut to them."""
    for index, span in enumerate(spans):
        if span.start < end and start < span.end:
            yield index, max(start, span.start), min(end, span.end)


def _settle(notes: Sequence[Note]) -> tuple[Note, ...]:
    """Return the notes sorted, each cut where its pitch is struck again."""
    following: dict[int, int] = {}
    settled: list[Note] = []
    for note in sorted(set(notes), reverse=True):
        end = min(note.end, following.get(note.pitch, note.end))
        if end > note.start:
            settled.append(Note(note.start, note.pitch, end - note.start, note.velocity))
            following[note.pitch] = note.start
    return tuple(sorted(settled))


def play_figure(figure: Figure, phrase: Phrase, pitches: Range) -> tuple[Note, ...]:
    """Return the notes of a figure that is written in bars; a cadence ends on its last chord, held.

    Args:
        figure: What is struck.
        phrase: Chords, meter and form; times are in ticks.
        pitches: Lowest and highest pitch that may be used, an octave apart or more.
    """
    hand = _Hand(phrase, pitches)
    stop = final_tick(phrase)
    notes: list[Note] = []

    def strike(stroke: Stroke, until: int, left: int) -> None:
        for index, begin, finish in _cut(hand.spans, stroke.start, min(stroke.end, stop)):
            last = min(until, hand.spans[index].end) if figure.rings else finish
            if stroke.mark == "g":  # the palm lies on the strings
                last = begin + max(1, (finish - begin) // 2)
            velocity = _VELOCITIES.get(stroke.mark, _WEAK)
            found = hand.play(stroke, index, begin, finish, left)
            notes.extend(Note(begin, pitch, last - begin, velocity) for pitch in found)

    for head, cell in _lay_bars(figure, phrase):
        until = min(stop, head + phrase.meter.bar_ticks)
        runs = sum(stroke.mark == "r" for stroke in cell.strokes)
        for stroke in cell.strokes:
            runs -= stroke.mark == "r"
            if head + stroke.start < stop:
                strike(Stroke(stroke.mark, head + stroke.start, head + stroke.end), until, runs)
    if stop < phrase.ticks:
        last_chord = hand.play(
            Stroke(_ending_mark(figure), stop, phrase.ticks), len(hand.spans) - 1, stop, phrase.ticks
        )
        velocity = _VELOCITIES[_ending_mark(figure)]
        notes += [Note(stop, pitch, phrase.ticks - stop, velocity) for pitch in last_chord]
    return _settle(notes)


def _ending_mark(figure: Figure) -> str:
    """Return what a figure's last chord is: a power chord of guitars, the root of basses, else the chord."""
    if figure.lower:
        return "G"
    marks = {stroke.mark for cells in figure.bars.values() for cell in cells for stroke in cell.strokes}
    low = all(mark in "LFTVOXlrZ" or mark[0] == "^" for mark in marks)
    return "L" if low and figure.roles in ((), (Role.BASS,)) else "C"


def _lay_bars(figure: Figure, phrase: Phrase) -> Iterator[tuple[int, Cell]]:
    """Yield each bar's first tick and what stands in it: bars count from the beginning of their section."""
    bars = figure.bars_in(phrase.meter)
    if figure.choose:
        first = mix(phrase.seed, len(bars) // figure.choose) % (len(bars) // figure.choose) * figure.choose
        bars = bars[first : first + figure.choose]
    sections = find_sections(phrase)
    starts = [section.first for section in sections] or [0]
    for bar in range(phrase.bars):
        within = bar - max(start for start in starts if start <= bar)
        number, rest = divmod(within + 1, _TURN_BARS)
        turn = None if rest else figure.turn_in(phrase.meter, number - 1)
        yield bar * phrase.meter.bar_ticks, turn or bars[within % len(bars)]


def _chip_arpeggio(step: int, phrase: Phrase, pitches: Range) -> tuple[Note, ...]:
    """Return each chord's notes one after another, ``step`` ticks apart, as sound chips play chords on one channel.

    Every fourth bar goes downwards.
    """
    spans = find_spans(phrase)
    voicings = lead_voices(spans, *pitches, 3)
    stop, meter = final_tick(phrase), phrase.meter
    notes: list[Note] = []
    for index, begin, end in _cut(spans, 0, stop):
        # the steps are counted from the bar line, so that equal bars are equal
        for start in range(begin + -begin % step, end, step):
            bar, position = divmod(start, meter.bar_ticks)
            chord = voicings[index] if (bar + 1) % _TURN_BARS else voicings[index][::-1]
            velocity = _STRONG if start % meter.pulse_ticks == 0 else _WEAK
            notes.append(Note(start, chord[position // step % len(chord)], step - 1, velocity))
    notes += [Note(stop, pitch, phrase.ticks - stop) for pitch in voicings[-1] if stop < phrase.ticks]
    return _settle(notes)


def _pad(phrase: Phrase, pitches: Range) -> tuple[Note, ...]:
    """Return chords held as long as they last; notes that two neighbours share sound on."""
    spans = find_spans(phrase)
    voicings = lead_voices(spans, *pitches, 3)
    held: dict[int, int] = {}
    notes: list[Note] = []

    def release(pitch: int, end: int) -> None:
        notes.append(Note(held[pitch], pitch, end - held[pitch]))
        del held[pitch]

    section = _RESTRIKE_BARS * phrase.meter.bar_ticks
    for head in range(0, phrase.ticks, section):
        tail = min(head + section, phrase.ticks)
        for index, start, _ in _cut(spans, head, tail):
            for pitch in [pitch for pitch in held if pitch not in voicings[index]]:
                release(pitch, start)
            for pitch in voicings[index]:
                held.setdefault(pitch, start)
        for pitch in list(held):
            release(pitch, tail)
    return _settle(notes)


def _drone(phrase: Phrase, pitches: Range) -> tuple[Note, ...]:
    """Return the tonic and its fifth, held."""
    low, high = pitches
    tonic = low + (phrase.key.tonic - low) % 12
    section = _RESTRIKE_BARS * phrase.meter.bar_ticks
    return _settle(
        [
            Note(start, pitch, min(section, phrase.ticks - start))
            for start in range(0, phrase.ticks, section)
            for pitch in (tonic, tonic + 7)
            if pitch <= high or pitch == tonic
        ]
    )


FIGURES: Mapping[str, Player] = MappingProxyType(
    {name: partial(play_figure, figure) for name, figure in TABLE.items()}
    | {name: partial(_chip_arpeggio, step) for name, step in _CHIP_STEPS.items()}
    | {"pad": _pad, "drone": _drone}
    | dict(DRUM_FIGURES)
)
"""Every figure by name: a function of a phrase and of the range of pitches that it may use. Times are in ticks."""
