"""Drum figures: a family of patterns, of which seed and section choose, and its fills.

Each section letter has a pattern of the phrase's own, so that a theme comes back with its groove. The last bar of a
section is a fill (see `gamemusic.arranger.sections.fill_bars`), another one than that of the section before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType

from gamemusic.arranger.chance import mix
from gamemusic.arranger.grooves import GROOVES, TIMPANI_FIFTH, TIMPANI_ROOT
from gamemusic.arranger.sections import fill_bars, find_sections
from gamemusic.arranger.voicing import find_spans, span_index
from gamemusic.score.groove import Grid, Groove, groove_in
from gamemusic.score.phrase import DRUM_TICKS, Note, Phrase, Role

__all__ = ["DRUM_FIGURES", "final_tick", "play_groove"]

_ORCHESTRA_KIT = 48
_LOWEST_TIMPANO = 41
"""Keys 41 to 53 of the orchestra kit are timpani, F2 to F3 at their own pitch."""
_LOW_TOM, _HIGH_TOM = 41, 45
"""What plays their part in other kits."""


def final_tick(phrase: Phrase) -> int:
    """Return where figures stop and ring out: the last chord of a cadence's last bar; a loop's end."""
    if phrase.ending == "loop":
        return phrase.ticks
    return max(phrase.ticks - phrase.meter.bar_ticks, find_spans(phrase)[-1].start)


def _velocity(mark: str) -> int:
    return 10 + 12 * int(mark)


def _choose_patterns(phrase: Phrase, count: int) -> list[int]:
    """Return the number of the pattern that each bar plays: one a section letter, all of them different if they can."""
    first = mix(phrase.seed, count, 36) % count
    sections = find_sections(phrase)
    letters = list(dict.fromkeys(section.name.rstrip("'") for section in sections))
    step = 1 + mix(phrase.seed, count, 38) % max(1, count - 1)
    chosen = [first] * phrase.bars
    for section in sections:
        number = (first + step * letters.index(section.name.rstrip("'"))) % count
        chosen[section.first : section.end] = [number] * (section.end - section.first)
    return chosen


def _tune(phrase: Phrase) -> Callable[[int, int], int]:
    """Return what key a drum is struck with at a tick: timpani follow the harmony where the kit has them."""
    players = phrase.orchestration.instruments if phrase.orchestration else {}
    orchestral = Role.DRUMS in players and players[Role.DRUMS].program == _ORCHESTRA_KIT
    spans = find_spans(phrase)

    def key_at(key: int, tick: int) -> int:
        if key not in (TIMPANI_ROOT, TIMPANI_FIFTH):
            return key
        if not orchestral:
            return _LOW_TOM if key == TIMPANI_ROOT else _HIGH_TOM
        span = spans[span_index(spans, tick)]
        wanted = span.root if key == TIMPANI_ROOT else span.fifth
        return _LOWEST_TIMPANO + (wanted - _LOWEST_TIMPANO) % 12

    return key_at


def play_groove(written: Mapping[str, Groove], phrase: Phrase, span: tuple[int, int]) -> tuple[Note, ...]:
    """Return the drum notes of a phrase; a phrase of one bar has no room for a fill.

    Args:
        written: Meter, and how the figure goes in it; others are derived.
        phrase: Its frame.
        span: Not heeded: drums have no range.
    """
    groove = groove_in(written, phrase.meter)
    stop, key_at = final_tick(phrase), _tune(phrase)
    patterns = _choose_patterns(phrase, len(groove.patterns))
    notes: dict[tuple[int, int], Note] = {}
    ends = sorted(fill_bars(phrase))
    filled = bool(ends) and phrase.ending == "loop"

    def strike(start: int, key: int, velocity: int) -> None:
        found = key_at(key, start)
        notes[start, found] = Note(start, found, min(DRUM_TICKS, phrase.ticks - start), velocity)

    for bar in range(phrase.bars):
        head = bar * phrase.meter.bar_ticks
        if filled and groove.crash and head < stop:
            strike(head, groove.crash, _velocity("7"))
        filled = bar in ends
        bars = groove.patterns[patterns[bar]]
        grid = bars[bar % len(bars)]
        if filled and groove.fills:
            number = mix(phrase.seed, len(groove.fills), 43) + bisect_right(ends, bar)
            grid = groove.fills[number % len(groove.fills)]
        for start, key, velocity in _strokes(grid, head):
            if start < stop:
                strike(start, key, velocity)
    if stop < phrase.ticks:
        last = groove.patterns[patterns[-1]][0]
        for key in [key for key, line in last.items() if line[0] != "."] + [groove.crash] * (groove.crash > 0):
            strike(stop, key, _velocity("8"))
    return tuple(sorted(notes.values()))


def _strokes(grid: Grid, head: int) -> Iterator[tuple[int, int, int]]:
    """Yield (start, key, velocity) of a bar's grid; ``head`` is the bar's first tick."""
    for key, line in grid.items():
        for index, mark in enumerate(line.replace("|", "")):
            if mark != ".":
                yield head + index * DRUM_TICKS, key, _velocity(mark)


DRUM_FIGURES: Mapping[str, partial[tuple[Note, ...]]] = MappingProxyType(
    {name: partial(play_groove, written) for name, written in GROOVES.items()}
)
"""Figures for drums, by name: a function of a phrase and of a range of pitches, which drums do not heed."""
