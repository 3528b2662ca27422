"""The chords of a phrase before its notes: from the model, from a preset's progression or from another phrase.

A plan lists (tick, chord number); numbers are as in `gamemusic.tokens.vocabulary`, roots relative to the key's tonic.
Notes are composed over a plan at every intensity, so that phrases of one seed share their harmony.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gamemusic.chordnames import parse_bar
from gamemusic.composer.form import letters_of
from gamemusic.errors import InputError
from gamemusic.packs.schema import Preset
from gamemusic.packs.style import Style
from gamemusic.score.phrase import Chord, Phrase
from gamemusic.theory import Key
from gamemusic.tokens.vocabulary import QUALITY_NAMES
from gamemusic.units import TICKS_PER_BEAT

__all__ = [
    "ChordPlan",
    "close_plan",
    "fit_chart",
    "plan_of_phrase",
    "plan_of_preset",
    "plan_of_progression",
    "plan_of_sections",
    "read_plan",
]

ChordPlan = tuple[tuple[int, int], ...]
"""(tick, chord number), sorted by tick."""

_EIGHTH_TICKS = TICKS_PER_BEAT // 2
_TENSE = frozenset((1, 2, 5, 7, 8, 10, 11))
"""Roots, above the tonic, that want to go on: a loop may end there."""


def _number(root: int, quality: str) -> int:
    return root % 12 * len(QUALITY_NAMES) + QUALITY_NAMES.index(quality)


def plan_of_progression(progression: Sequence[str], frame: Phrase, home: Key | None = None) -> ChordPlan:
    """Return the chords that are written down, an entry a bar, repeated to the end.

    Chords that share a bar share its felt beats, or its eighths where there are too few: two in 4/4 have two beats
    each, in 3/4 one and two.

    Args:
        progression: Chords of each bar, see `gamemusic.chordnames.parse_bar`.
        frame: The phrase to be.
        home: Key that chords written by name belong to: they move with it to the frame's. None: they stay as they are.
    """
    length, pulse = frame.meter.bar_ticks, frame.meter.pulse_ticks
    plan = []
    for bar in range(frame.bars):
        chords = parse_bar(progression[bar % len(progression)], frame.key, home)
        unit = pulse if len(chords) <= length // pulse else _EIGHTH_TICKS
        for index, (root, quality) in enumerate(chords):
            late = index * (length // unit) // len(chords) * unit
            plan.append((bar * length + late, _number(root - frame.key.tonic, quality)))
    return tuple(plan)


def plan_of_sections(progressions: Mapping[str, Sequence[str]], frame: Phrase, home: Key | None = None) -> ChordPlan:
    """Return the chords of a phrase whose sections, by letter, each have a progression.

    Args:
        progressions: By letter; of a phrase without a form, by the empty text.
        frame: The phrase to be.
        home: As in `plan_of_progression`.
    """
    size = frame.bars // max(1, len(frame.form))
    plan: list[tuple[int, int]] = []
    for index, name in enumerate(frame.form or ("",)):
        section = plan_of_progression(progressions[name[:1]], frame.replace(bars=size, form=()), home)
        plan.extend((index * size * frame.meter.bar_ticks + tick, chord) for tick, chord in section)
    return tuple(plan)


def plan_of_preset(preset: Preset, playing: Style, frame: Phrase, drawn: int) -> ChordPlan:
    """Return the chords that a preset or a style writes down; none where the model chooses them.

    In a key that is not the style's, chords written by name are moved there from the first of its keys.

    Args:
        preset: The mood.
        playing: The style.
        frame: The phrase to be.
        drawn: By which of the style's progressions the first letter is played; the next letter has the next.
    """
    keys, several = preset.keys_of(playing), playing.progressions
    home = None if frame.key in keys else keys[0]
    if preset.progression:
        return plan_of_progression(preset.progression, frame, home)
    if not several:
        return ()
    letters = sorted(letters_of(frame.form, frame.bars))
    chosen = {letter: several[(drawn + index) % len(several)] for index, letter in enumerate(letters)}
    return close_plan(plan_of_sections(chosen, frame, home), frame)


def fit_chart(chart: int, usual: int, bars: int | None) -> int:
    """Return how many bars a phrase over a chart has: as asked, or so that the chart comes round.

    Args:
        chart: Bars of the chart; 0 without one.
        usual: Bars that the preset says.
        bars: Bars asked for.

    Raises:
        InputError: When the chart is longer than what was asked for.
    """
    if bars is not None and chart > bars:
        raise InputError(f"{chart} bars of chords do not fit into {bars} bars; ask for {chart} bars")
    return bars or (max(chart, usual // chart * chart) if chart else usual)


def read_plan(plan: ChordPlan, frame: Phrase) -> tuple[Chord, ...]:
    """Return a plan as a phrase carries it."""
    parts = ((tick, *divmod(number, len(QUALITY_NAMES))) for tick, number in plan)
    return tuple(Chord(tick, (root + frame.key.tonic) % 12, QUALITY_NAMES[quality]) for tick, root, quality in parts)


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
    leading = _number(*frame.key.leading)
    tonic = _number(0, frame.key.tonic_quality)
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
