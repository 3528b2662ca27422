"""Motif plans: how an idea of two bars goes on through a section.

A plan is written as it is read, one word a bar:

====== ===========================================================================================
``1``  the idea's first bar, where it was; ``2`` its second one
``1+`` the bar a step or a few higher in the scale (``1-``: lower), wherever that agrees with the chords best
``1*`` the bar at other pitches, up or down, whatever agrees with the chords best
``1~`` the bar with an ornament: a long note moves
``1r`` the bar's rhythm, its line turned upside down
``.``  a bar that the network composes
``c``  the bar's beginning, then a note that rests: a half close; ``C`` a close, on the chord's root or third
====== ===========================================================================================

Real music does these in about these shares, per cent of bars that have a lead, over eight bars (exact, at new
pitches, varied, rhythm only, new): electronic 32, 18, 5, 7, 38; rock 33, 7, 5, 14, 41; folk 17, 7, 10, 22, 44; piano
8, 13, 4, 18, 56; chamber 8, 10, 3, 17, 63; early 6, 8, 3, 20, 64; song 4, 6, 3, 15, 72. So plans leave much to the
network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from gamemusic.composer.melody import Ground, Tone, fit, move
from gamemusic.units import TICKS_PER_BEAT

__all__ = ["PLANS", "Plan", "choose_plan", "ornament", "write_section"]

_STEPS = (1, 2, 3, 4)
"""Steps of the scale by which a bar may be moved."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One way for an idea to go on."""

    name: str
    styles: tuple[str, ...]
    """Style tokens that it suits; ``any`` suits every style."""
    weight: int
    """How often it is drawn against the others."""
    bars: tuple[str, ...]
    """Eight words, see the module's head."""


def _plan(name: str, styles: str, weight: int, bars: str) -> Plan:
    return Plan(name, tuple(styles.split()), weight, tuple(bars.split()))


# fmt: off
PLANS: tuple[Plan, ...] = (
    # a sentence states an idea, states it anew, hurries on with its first bar and closes (W. E. Caplin, 1998)
    _plan("sentence",       "any",                           4, "1  2  1* 2* 1* .  .  C"),
    _plan("loose sentence", "song early chamber piano",      3, "1  2  1* .  1+ .  2r C"),
    _plan("falling",        "song early chamber piano",      3, "1  2  1- 2- .  .  2* C"),
    _plan("rising",         "chamber piano electronic",      3, "1  2  1+ 2+ 1* .  .  C"),
    # a period asks, and answers what it asked
    _plan("period",         "any",                           4, "1  2  .  c  1  2  .  C"),
    _plan("period, moved",  "song early chamber piano folk", 4, "1  2  1r c  1  2* .  C"),
    _plan("question",       "song piano folk early",         3, "1  .  1* c  1~ .  2* C"),
    # a tune says a thing three times and something else once
    _plan("three and one",  "folk electronic",               3, "1  2  1  .  1  2  1* C"),
    _plan("chain",          "folk chamber early",            2, "1  1* 2  c  1  .  2* C"),
    _plan("turned",         "chamber piano electronic",      2, "1  2  1r .  1  2  1r C"),
    # a riff stays, and what stays is moved with the chords
    _plan("riff",           "rock electronic",               5, "1  1  1* 2  1  1  .  C"),
    _plan("riff of two",    "rock electronic",               4, "1  2  1* 2  1  2  .  C"),
    _plan("call",           "rock electronic",               3, "1  .  1* .  1  2  1  C"),
)
# fmt: on


def choose_plan(style: str, draw: int) -> Plan:
    """Return the plan of a style token that a number draws, by weight."""
    fitting = [plan for plan in PLANS if style in plan.styles or "any" in plan.styles]
    place = draw % sum(plan.weight for plan in fitting)
    for plan in fitting:
        place -= plan.weight
        if place < 0:
            return plan
    return fitting[-1]


def words_for(plan: Plan, bars: int) -> tuple[str, ...]:
    """Return the plan for a section of so many bars: cut, or begun again, and always closed."""
    if bars < 2:
        return ("1",) * bars
    if bars < 8:
        return (*plan.bars[: bars - 1], "C")
    words: list[str] = []
    while len(words) + 8 <= bars:
        words += plan.bars
    rest = bars - len(words)
    return tuple(words) if not rest else (*words, *plan.bars[: rest - 1], "C")


def write_section(
    words: Sequence[str],
    idea: Sequence[Sequence[Tone]],
    ground: Ground,
    first_bar: int,
) -> dict[int, tuple[Tone, ...]]:
    """Return the melody of a section, by bar; bars that the network composes are left out.

    Args:
        words: The plan, one word a bar.
        idea: The notes of its two bars, in ticks from the first one's beginning.
        ground: What it stands on.
        first_bar: Number of the section's first bar.
    """
    length = ground.meter.bar_ticks
    written: dict[int, tuple[Tone, ...]] = {}
    source = {
        str(number + 1): [replace(tone, tick=tone.tick - number * length) for tone in bar]
        for number, bar in enumerate(idea)
    }
    last_pitch: int | None = None
    for index, word in enumerate(words):
        head = (first_bar + index) * length
        if word == ".":
            last_pitch = None
            continue
        bar = source["1" if word in "cC" else word[0]]
        if not bar:
            continue
        placed = _write_bar(word, bar, ground, head, last_pitch)
        written[first_bar + index] = tuple(placed)
        last_pitch = placed[-1].pitch
    return written


def _write_bar(word: str, bar: Sequence[Tone], ground: Ground, head: int, before: int | None) -> list[Tone]:
    here = [replace(tone, tick=head + tone.tick) for tone in bar]
    kind = word[1:] if word[0].isdigit() else word
    if kind in ("c", "C"):
        return fit(_close(here, ground, head, full=kind == "C"), ground, before)[1]
    if kind == "~":
        return ornament(fit(here, ground, before)[1], ground)
    if kind == "r":
        axis = here[0].pitch
        return fit([replace(tone, pitch=2 * axis - tone.pitch) for tone in here], ground, before)[1]
    if not kind:
        return fit(here, ground, before)[1]
    ways = [*(_STEPS if kind in "+*" else ()), *(-step for step in _STEPS if kind in "-*")]
    found = []
    for steps in ways:
        moved = [replace(tone, pitch=move(tone.pitch, steps, ground.scale)) for tone in here]
        cost, placed = fit(moved, ground, before)
        if [tone.pitch for tone in placed] != [tone.pitch for tone in here]:
            found.append((cost + 2 * abs(steps), ways.index(steps), placed))
    if not found:
        return fit(here, ground, before)[1]
    return min(found, key=lambda one: one[:2])[2]


def _close(bar: Sequence[Tone], ground: Ground, head: int, *, full: bool) -> list[Tone]:
    """Return a bar's beginning, then one note that rests until shortly before the bar line."""
    length, pulse = ground.meter.bar_ticks, ground.meter.pulse_ticks
    beats = length // pulse
    rest_at = head + (pulse * (beats // 2) if beats > 1 else 0)
    kept = [tone for tone in bar if tone.tick < rest_at][:4]
    kept = [replace(tone, duration=min(tone.duration, rest_at - tone.tick)) for tone in kept]
    goal = kept[-1].pitch if kept else bar[0].pitch
    chord = sorted(ground.chord_at(rest_at))
    near = [pitch for pitch in range(goal - 6, goal + 7) if pitch % 12 in chord]
    if full:
        root = ground.root_at(rest_at)
        near = [pitch for pitch in near if (pitch - root) % 12 in (0, 3, 4)] or near
    pitch = min(near, key=lambda one: (abs(one - goal), one), default=goal)
    hold = max(pulse, length - (rest_at - head) - pulse // 2)
    return [*kept, Tone(rest_at, hold, pitch, bar[0].velocity, rests=True)]


def ornament(bar: Sequence[Tone], ground: Ground) -> list[Tone]:
    """Return a bar with an ornament, or another where there is no room for the first:

    a long note moves on, to what lies between it and the next one or to its neighbour; two quick notes become one; the
    second half turns to the other side of where it came from.
    """
    for index, tone in enumerate(bar):
        if tone.duration >= TICKS_PER_BEAT and not tone.rests:
            return _move_on(bar, index, ground)
    for index, (tone, following) in enumerate(pairwise(bar)):
        if index and following.tick == tone.tick + tone.duration and tone.duration == following.duration:
            return [*bar[:index], replace(tone, duration=2 * tone.duration), *bar[index + 2 :]]
    half = len(bar) // 2
    if half < 2:
        return list(bar)
    axis = bar[half - 1].pitch
    turned = [replace(tone, pitch=2 * axis - tone.pitch) for tone in bar[half:]]
    return [*bar[:half], *fit(turned, ground, axis)[1]]


def _move_on(bar: Sequence[Tone], index: int, ground: Ground) -> list[Tone]:
    tone = bar[index]
    half = tone.duration // 2
    following = bar[index + 1].pitch if index + 1 < len(bar) else tone.pitch
    up = following > tone.pitch or (following == tone.pitch and tone.pitch + 2 <= ground.high)
    neighbour = move(tone.pitch, 1 if up else -1, ground.scale)
    if neighbour == following:
        neighbour = move(tone.pitch, -1 if up else 1, ground.scale)
    moved = replace(tone, tick=tone.tick + half, duration=tone.duration - half, pitch=neighbour)
    return [*bar[:index], replace(tone, duration=half), moved, *bar[index + 1 :]]
