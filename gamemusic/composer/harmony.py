"""The chords of a phrase before its notes: from the model, from a preset's progression or from another phrase.

A plan lists (tick, chord number); numbers are as in `gamemusic.tokens.vocabulary`, roots relative to the key's tonic.
Notes are composed over a plan at every intensity, so that phrases of one seed share their harmony.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gamemusic.errors import InputError
from gamemusic.score.phrase import Phrase
from gamemusic.theory import MODES, parse_chord
from gamemusic.tokens.bars import Bar
from gamemusic.tokens.vocabulary import QUALITY_NAMES

__all__ = ["ChordPlan", "close_plan", "plan_of_bars", "plan_of_phrase", "plan_of_progression", "plan_of_sections"]

ChordPlan = tuple[tuple[int, int], ...]
"""(tick, chord number), sorted by tick."""

_LEADING = MappingProxyType(
    {
        "major": (7, "maj"),
        "minor": (7, "maj"),
        "lydian": (7, "maj"),
        "dorian": (10, "maj"),
        "mixolydian": (10, "maj"),
        "phrygian": (1, "maj"),
    }
)
"""The chord that leads to the tonic in each mode: the dominant, or what stands for it where the seventh is flat."""
_TENSE = frozenset((1, 2, 5, 7, 8, 10, 11))
"""Roots, above the tonic, that want to go on: a loop may end there."""


def _number(root: int, quality: str) -> int:
    return root % 12 * len(QUALITY_NAMES) + QUALITY_NAMES.index(quality)


def plan_of_progression(progression: Sequence[str], frame: Phrase) -> ChordPlan:
    """Return a preset's chords, one a bar, repeated to the end.

    The step ``5`` is the chord that leads back in the key's mode: the dominant, or what stands for it.
    """
    plan = []
    for bar in range(frame.bars):
        name = progression[bar % len(progression)]
        root, quality = parse_chord(name, frame.key)
        step, quality = _LEADING[frame.key.mode] if name == "5" else (root - frame.key.tonic, quality)
        plan.append((bar * frame.meter.bar_ticks, _number(step, quality)))
    return tuple(plan)


def plan_of_sections(progressions: Mapping[str, Sequence[str]], frame: Phrase) -> ChordPlan:
    """Return the chords of a phrase whose sections, by letter, each have a progression.

    Args:
        progressions: By letter; of a phrase without a form, by the empty text.
        frame: The phrase to be.
    """
    size = frame.bars // max(1, len(frame.form))
    plan: list[tuple[int, int]] = []
    for index, name in enumerate(frame.form or ("",)):
        section = plan_of_progression(progressions[name[:1]], frame.replace(bars=size, form=()))
        plan.extend((index * size * frame.meter.bar_ticks + tick, chord) for tick, chord in section)
    return tuple(plan)


def plan_of_bars(bars: Sequence[Bar], frame: Phrase) -> ChordPlan:
    """Return the chords that were composed."""
    length = frame.meter.bar_ticks
    return tuple((index * length + event.position, event.number) for index, bar in enumerate(bars) for event in bar[0])


def plan_of_phrase(other: Phrase, frame: Phrase) -> ChordPlan:
    """Return the chords of another phrase in this one's key, repeated or cut to its length.

    Raises:
        InputError: When the other phrase has no chords, or another meter.
    """
    if not other.chords:
        raise InputError("the phrase whose harmony is asked for has no chords")
    if other.meter != frame.meter:
        raise InputError(f"harmony of a phrase in {other.meter} cannot be used in {frame.meter}; give both one meter")
    return tuple(
        (first + chord.start, _number(chord.root - other.key.tonic, chord.quality))
        for first in range(0, frame.ticks, other.ticks)
        for chord in other.chords
        if first + chord.start < frame.ticks
    )


def close_plan(plan: ChordPlan, frame: Phrase) -> ChordPlan:
    """Return the plan with an end that does what the phrase's ending asks.

    A loop must not come to rest: where its last chord is the tonic's, the second half of the last bar turns to the
    chord that leads back. A cadence rests: its last bar is the tonic, and what leads there stands before it.
    """
    length = frame.meter.bar_ticks
    head = frame.ticks - length
    half = length // frame.meter.pulse_ticks // 2 * frame.meter.pulse_ticks or length // 2
    leading = _number(*_LEADING[frame.key.mode])
    tonic = _number(0, "min" if 3 in MODES[frame.key.mode] else "maj")
    chords = dict(plan)
    if frame.ending == "cadence":
        chords = {tick: chord for tick, chord in chords.items() if tick < head} | {head: tonic}
        if frame.bars > 1:
            chords[head - length + half] = leading
            chords = {tick: chord for tick, chord in chords.items() if not head - length + half < tick < head}
    elif frame.bars > 1:
        last = max((tick for tick in chords if tick < frame.ticks), default=None)
        if last is None or chords[last] // len(QUALITY_NAMES) not in _TENSE:
            chords = {tick: chord for tick, chord in chords.items() if tick < head + half} | {head + half: leading}
    return tuple(sorted(chords.items()))
