"""Ideas: two bars of melody that the network finds and that are worth going on with.

The network composes a few bars over each section's opening chords, many times side by side. What it finds is weighed by
what makes a bar worth remembering: it moves by step and leaps once, it has a rhythm, it does not repeat a note on and
on, it stands in its chord on the main beats. Whole numbers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from gamemusic.composer.hearing import lead_bars
from gamemusic.composer.melody import Ground, Tone
from gamemusic.score.phrase import Role
from gamemusic.tokens.bars import Bar
from gamemusic.tokens.vocabulary import ROLES, STREAMS
from gamemusic.units import TICKS_PER_BEAT

__all__ = ["IDEA_BARS", "read_idea", "weigh_idea"]

IDEA_BARS = 2
_LEAD = 1 + ROLES.index(Role.LEAD)
assert STREAMS[_LEAD] == "lead"


def read_idea(bars: Sequence[Bar], ground: Ground) -> list[list[Tone]]:
    """Return the lead of some bars as one note at a time, by bar, in ticks from the first bar's beginning."""
    length = ground.meter.bar_ticks
    velocities = [{event.position: event.velocity for event in bar[_LEAD]} for bar in bars]
    found: list[list[Tone]] = []
    for number, bar in enumerate(lead_bars(bars)):
        notes = []
        for index, (position, pitch, duration) in enumerate(bar):
            until = bar[index + 1][0] if index + 1 < len(bar) else length
            notes.append(
                Tone(number * length + position, min(duration, until - position), pitch, velocities[number][position])
            )
        found.append(notes)
    return found


def weigh_idea(idea: Sequence[Sequence[Tone]], ground: Ground, rate: tuple[int, int]) -> int:
    """Return what speaks against an idea; less is better.

    Args:
        idea: Its bars.
        ground: What it stands on.
        rate: Notes a quarter note in thousandths, fewest and most, that are wanted.
    """
    line = [tone for bar in idea for tone in bar]
    if len(line) < 3 or not all(idea):
        return 10_000 - 100 * len(line)
    length = ground.meter.bar_ticks
    moves = [after.pitch - before.pitch for before, after in pairwise(line)]
    gaps = [after.tick - before.tick for before, after in pairwise(line)]
    going, count = [move for move in moves if move], len(moves)
    cost = 0
    for number, bar in enumerate(idea):
        pace = 1000 * len(bar) * TICKS_PER_BEAT // length
        cost += 16 * max(0, 3 - len(bar))
        # as much silence as sound is an idea, more is a gap
        sounding = sum(tone.duration for tone in bar)
        cost += 20 * max(0, length - 2 * sounding) // length
        cost += max(0, rate[0] - pace) // 20 + max(0, pace - rate[1]) // 12
        # a bar that begins late, or stops early, has nothing to go on with
        late = bar[0].tick - number * length
        cost += 8 * (late > 0) + 16 * (late > ground.meter.pulse_ticks)
        cost += 10 * max(0, (number + 1) * length - bar[-1].tick - bar[-1].duration - length // 2) // TICKS_PER_BEAT
    cost += max(0, 1000 * moves.count(0) // count - 100) // 8
    steps = 1000 * sum(1 <= abs(move) <= 2 for move in moves) // count
    cost += max(0, 550 - steps, steps - 850) // 5
    cost += 12 * sum(abs(move) > 9 for move in moves) + 6 * max(
        0, sum(abs(move) > 4 for move in moves) - count // 4 - 1
    )
    turns = 1000 * sum((a > 0) != (b > 0) for a, b in pairwise(going)) // max(1, len(going) - 1)
    cost += max(0, turns - 520, 250 - turns) // 6
    reach = max(tone.pitch for tone in line) - min(tone.pitch for tone in line)
    cost += 6 * max(0, 4 - reach, reach - 12)
    # a rhythm of its own: two or three lengths, neither all alike nor all different
    cost += {1: 24, 2: 0, 3: 0, 4: 8}.get(len(set(gaps)), 18)
    for tone in line:
        position, chord = tone.tick % length, ground.chord_at(tone.tick)
        cost += 6 * (position in (0, length // 2) and tone.pitch % 12 not in chord)
        cost += 10 * (tone.pitch % 12 not in ground.scale and tone.pitch % 12 not in chord)
        # eighths are plain, sixteenths are quick, and what lies between only sounds right in triplets
        cost += 0 if position % 6 == 0 else 3 if position % 3 == 0 or position % 4 == 0 else 8
    middle = (ground.low + ground.high) // 2
    cost += max(0, abs(sum(tone.pitch for tone in line) // len(line) - middle) - 5) * 3
    # two bars that are one bar twice say little
    first, second = ([(tone.tick % length, tone.pitch) for tone in bar] for bar in idea[:2])
    cost += 14 * (first == second)
    return cost
