"""Figures: ways in which a role's notes are made from the chords.

A pattern is one bar, one character an eighth: ``.`` rests, ``-`` holds, the others say what is struck:

====== ====================================== ====== ======================================
``L``  the chord's root, low                   ``D``  downstroke: the chord, full
``F``  its fifth, low; its root if it is new   ``u``  upstroke: the chord's upper notes
``l``  the root, or a step to the next root    ``P``  the chord's outer notes, accented
``U``  the chord, above the low notes          ``p``  its lowest note
``C``  the chord                               ``0``… the chord's notes, upwards from low
====== ====================================== ====== ======================================

What is held while the harmony changes is struck anew with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from gamemusic.arranger.chance import mix
from gamemusic.arranger.drums import DRUM_FIGURES, final_tick
from gamemusic.arranger.voicing import Span, Voicing, find_spans, lead_voices, wide_enough
from gamemusic.score.phrase import Note, Phrase, Role
from gamemusic.theory import chord_pitch_classes

__all__ = ["FIGURES", "RANGES", "Figure", "Range"]

Range = tuple[int, int]
"""Lowest and highest pitch, an octave apart or more."""
Figure = Callable[[Phrase, Range], tuple[Note, ...]]

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

_EIGHTH = 6
_RESTRIKE_BARS = 4
"""Drones and pads are struck again after so many bars, since few samples last longer."""
_PATTERNS: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "block": {"4/4": ("C-------",), "3/4": ("C-----",), "6/8": ("C-----",), "2/4": ("C---",)},
        "oompah": {"4/4": ("L.U.F.U.",), "3/4": ("L.U.U.",), "6/8": ("L.UF.U",), "2/4": ("LUFU",)},
        "waltz": {
            "4/4": ("L.U.U.U.", "F.U.U.U."),
            "3/4": ("L.U.U.", "F.U.U."),
            "6/8": ("LUUFUU",),
            "2/4": ("L.U.", "F.U."),
        },
        "strum": {"4/4": ("D-Du-uDu",), "3/4": ("D-DuDu",), "6/8": ("D-uD-u",), "2/4": ("D-Du",)},
        "arpeggio_up": {"4/4": ("01230123",), "3/4": ("012345",), "6/8": ("012012",), "2/4": ("0123",)},
        "arpeggio_updown": {"4/4": ("01234321",), "3/4": ("012321",), "6/8": ("012321",), "2/4": ("0121",)},
        "alberti": {"4/4": ("02120212",), "3/4": ("021212",), "6/8": ("012012",), "2/4": ("0212",)},
        "pulse": {"4/4": ("PppPppPp",), "3/4": ("PpPpPp",), "6/8": ("PppPpp",), "2/4": ("PpPp",)},
        "bass_roots": {"4/4": ("L---L---",), "3/4": ("L-----",), "6/8": ("L--L--",), "2/4": ("L---",)},
        "bass_fifths": {"4/4": ("L---F---",), "3/4": ("L---F-",), "6/8": ("L--F--",), "2/4": ("L-F-",)},
        "bass_eighths": {"4/4": ("llllllll",), "3/4": ("llllll",), "6/8": ("llllll",), "2/4": ("llll",)},
    }
)
"""Figure, then meter: bars that follow each other."""
_OSTINATI: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "4/4": (
            ("0-12-1.1", "0-12-2.1"),
            ("0.012.01", "0.012.1."),
            ("0--1--2-", "0--1--21"),
            ("02.12.02", "02.12.1."),
            ("0.3.21.1", "0.3.2.1."),
        ),
        "3/4": (("0-12-1", "0-12.1"), ("0.1121", "0.112."), ("02.1.1", "02.12."), ("0--2--", "0--2-1")),
        "6/8": (("0-12-1", "0-1212"), ("0.10.2", "0.1021"), ("012-1.", "012-.1"), ("0--2-1", "0-12-1")),
        "2/4": (("0-12", "0.21"), ("0.12", "0121"), ("0-1-", "2.11"), ("02.1", "02.2")),
    }
)
"""Meter, then cells of two bars, of which the seed chooses one for the whole phrase."""
_CHIP_STEP, _CHIP_LENGTH = 2, 1
"""Ticks from one note of a chip arpeggio to the next, and how long each sounds: so fast that a chord is heard."""
_RINGING = frozenset({"arpeggio_up", "arpeggio_updown"})
"""Figures whose notes sound on to the end of the bar or of their harmony."""
_VELOCITIES = MappingProxyType(
    {"L": 84, "F": 80, "l": 78, "U": 68, "C": 80, "D": 82, "u": 66, "P": 86, "p": 66, "0": 82}
)
_VELOCITY = 74


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

    def play(self, mark: str, index: int, start: int, end: int) -> Voicing:
        """Return what ``mark`` strikes at ``start`` in span ``index``, to sound until ``end``."""
        root = self._roots[index][0]
        if mark in "LFl":
            if mark == "F" and start > self.spans[index].start:
                return (self._fifth(index),)
            if mark == "l" and end == self.spans[index].end and start > self.spans[index].start:
                return (self._step_towards(index),)
            return (root,)
        if mark == "U":
            return tuple(pitch for pitch in self._upper[index] if pitch > root) or self._upper[index]
        if mark in "Du":
            return self._full[index] if mark == "D" else self._full[index][-3:]
        if mark in "Pp":
            chord = self._chords[index]
            return chord[:1] if mark == "p" or len(chord) == 1 else (chord[0], chord[-1])
        if mark == "C":
            return self._chords[index]
        return (self._rung(index, int(mark)),)

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


def _events(pattern: str, head: int) -> Iterator[tuple[str, int, int]]:
    """Yield (mark, start, end) of a bar's pattern; ``head`` is the bar's first tick."""
    index = 0
    while index < len(pattern):
        stop = index + 1
        while stop < len(pattern) and pattern[stop] == "-":
            stop += 1
        if pattern[index] != ".":
            yield pattern[index], head + index * _EIGHTH, head + stop * _EIGHTH
        index = stop


def _play(name: str, phrase: Phrase, pitches: Range) -> tuple[Note, ...]:
    """Return the notes of a figure that has a pattern; a cadence ends on its last chord, held."""
    return _follow(name, _PATTERNS[name][str(phrase.meter)], phrase, pitches)


def _ostinato(phrase: Phrase, pitches: Range) -> tuple[Note, ...]:
    """Return one rhythm throughout, of two bars, on the notes of the chords."""
    cells = _OSTINATI[str(phrase.meter)]
    return _follow("ostinato", cells[mix(phrase.seed, len(cells)) % len(cells)], phrase, pitches)


def _follow(name: str, bars: Sequence[str], phrase: Phrase, pitches: Range) -> tuple[Note, ...]:
    hand = _Hand(phrase, pitches)
    stop = final_tick(phrase)
    notes: list[Note] = []

    def strike(mark: str, start: int, end: int, until: int) -> None:
        for index, begin, finish in _cut(hand.spans, start, end):
            last = min(until, hand.spans[index].end) if name in _RINGING else finish
            velocity = _VELOCITIES.get(mark, _VELOCITY)
            notes.extend(Note(begin, pitch, last - begin, velocity) for pitch in hand.play(mark, index, begin, finish))

    for bar in range(phrase.bars):
        head = bar * phrase.meter.bar_ticks
        until = min(stop, head + phrase.meter.bar_ticks)
        for mark, start, end in _events(bars[bar % len(bars)], head):
            if start < stop:
                strike(mark, start, min(end, stop), until)
    if stop < phrase.ticks:
        strike("L" if name.startswith("bass") else "C", stop, phrase.ticks, phrase.ticks)
    return _settle(notes)


def _chip_arpeggio(phrase: Phrase, pitches: Range) -> tuple[Note, ...]:
    """Return each chord's notes one after another, six to a quarter, as sound chips play chords on one channel."""
    spans = find_spans(phrase)
    voicings = lead_voices(spans, *pitches, 3)
    stop, meter = final_tick(phrase), phrase.meter
    notes: list[Note] = []
    for index, begin, end in _cut(spans, 0, stop):
        # the steps are counted from the bar line, so that equal bars are equal
        for start in range(begin + -begin % _CHIP_STEP, end, _CHIP_STEP):
            pitch = voicings[index][start % meter.bar_ticks // _CHIP_STEP % len(voicings[index])]
            velocity = _VELOCITIES["0"] if start % meter.pulse_ticks == 0 else _VELOCITY
            notes.append(Note(start, pitch, _CHIP_LENGTH, velocity))
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


FIGURES: Mapping[str, Figure] = MappingProxyType(
    {name: partial(_play, name) for name in _PATTERNS}
    | {"ostinato": _ostinato, "chip_arpeggio": _chip_arpeggio, "pad": _pad, "drone": _drone}
    | dict(DRUM_FIGURES)
)
"""Every figure by name: a function of a phrase and of the range of pitches that it may use. Times are in ticks."""
