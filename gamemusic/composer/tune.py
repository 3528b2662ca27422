"""The tune of a phrase: ideas that the network finds, and what becomes of them section by section.

Composing token by token a network keeps no idea in mind: a bar lies dozens of tokens back. So the tune is planned. For
each letter of the form the network composes four bars over the section's opening chords, many times side by side; the
best two bars are the letter's idea (`gamemusic.composer.idea`), a plan says how it goes on
(`gamemusic.composer.motif`), and the chords decide its pitches (`gamemusic.composer.melody`). The network then hears
the tune as it composes everything else, and the bars that the plan leaves open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from gamemusic.composer.candidates import Candidates
from gamemusic.composer.choices import Draw
from gamemusic.composer.form import letters_of
from gamemusic.composer.harmony import ChordPlan
from gamemusic.composer.idea import IDEA_BARS, read_idea, weigh_idea
from gamemusic.composer.melody import Ground, Tone, move
from gamemusic.composer.motif import choose_plan, ornament, words_for, write_section
from gamemusic.composer.order import Order
from gamemusic.packs.fingerprint import Fingerprint, pace_at
from gamemusic.score.phrase import Phrase, Role
from gamemusic.tokens.bars import Event, transposition
from gamemusic.tokens.grammar import Rules, forced_chords
from gamemusic.tokens.vocabulary import PITCH_RANGES

__all__ = ["TuneAsk", "ask_tune", "idea_rules", "reaches", "write_tune"]

OPENING_BARS = 4
"""Bars of a section that are composed to find its idea."""
_LIFT = 2
"""Steps of the scale by which a contrasting section may lie higher."""

_ROOM = 14
"""Semitones that an accompaniment has at least."""

_USUAL_RATE, _LEAST_RATE = 1200, 600
"""Notes a quarter note in thousandths where nothing is known of the style, and what a tune may have at any tempo."""
_NOTES_A_MINUTE, _DANCED = 150, MappingProxyType({"folk": 400})
"""Most notes a minute, in the mean: what can be sung; and what can be danced to, by style token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneAsk:
    """What a tune is asked for."""

    frame: Phrase
    style: str
    """Style token."""
    plan: ChordPlan
    reach: tuple[int, int]
    """Lowest and highest sounding pitch of the lead."""
    rate: tuple[int, int]
    """Notes a quarter note in thousandths, fewest and most."""

    @property
    def letters(self) -> dict[str, tuple[int, int]]:
        """Where each letter of the form comes first, see `gamemusic.composer.form.letters_of`."""
        return letters_of(self.frame.form, self.frame.bars)

    @property
    def ground(self) -> Ground:
        """What the tune stands on: chords of the whole phrase, relative to a tonic of C."""
        shift = transposition(self.frame.key.tonic)
        low, high = PITCH_RANGES[Role.LEAD]
        return Ground(
            self.frame.meter,
            self.frame.key.steps,
            self.plan,
            max(low, self.reach[0] - shift),
            min(high, self.reach[1] - shift),
        )


def ask_tune(order: Order, plan: ChordPlan, fingerprint: Fingerprint | None) -> TuneAsk:
    """Return what a tune is asked for by an order: as many notes as the style's lead usually has at its intensity."""
    pace = None if fingerprint is None else fingerprint.pace.get(order.token)
    usual = _USUAL_RATE
    if pace and Role.LEAD in pace:
        usual = pace_at(pace, (Role.LEAD,), order.intensity)
    fastest = _DANCED.get(order.token, _NOTES_A_MINUTE) * 1000 // max(1, int(order.frame.tempo_bpm))
    most = max(_LEAST_RATE, min(usual * 5 // 4, fastest))
    return TuneAsk(
        frame=order.frame,
        style=order.token,
        plan=plan,
        reach=order.rules.ranges.get(Role.LEAD, (0, 127)),
        rate=(min(usual * 2 // 3, most * 2 // 3), most),
    )


def idea_rules(ask: TuneAsk, rules: Rules) -> tuple[Rules, tuple[int, ...]]:
    """Return the rules and sections by which ideas are composed: the letters' openings one after another."""
    length = ask.frame.meter.bar_ticks
    chords: list[tuple[int, int]] = []
    sizes: list[int] = []
    for first, whole in ask.letters.values():
        size, head = min(OPENING_BARS, whole), sum(sizes) * length
        here = [(tick, chord) for tick, chord in ask.plan if first * length <= tick < (first + size) * length]
        before = [chord for tick, chord in ask.plan if tick <= first * length]
        if before and (not here or here[0][0] > first * length):
            here.insert(0, (first * length, before[-1]))
        chords += [(head + tick - first * length, chord) for tick, chord in here]
        sizes.append(size)
    bars = sum(sizes)
    found = replace(rules, bars=bars, chords=forced_chords(chords, bars, length), heard=(Role.LEAD,), given={})
    return found, tuple(sizes)


def write_tune(ask: TuneAsk, found: Candidates, draw: Draw) -> dict[int, tuple[Event, ...]]:
    """Return the lead's notes by bar, as `gamemusic.tokens.grammar.Rules.given` wants them; open bars are left out.

    Args:
        ask: What is asked for.
        found: What was composed by `idea_rules`.
        draw: Draws numbers for the plans.
    """
    ground = ask.ground
    tunes: dict[str, dict[int, tuple[Tone, ...]]] = {}
    words: dict[str, tuple[str, ...]] = {}
    head = 0
    for number, (letter, (first, size)) in enumerate(ask.letters.items()):
        composed = min(OPENING_BARS, size)
        idea = _choose_idea(ask, found, head, composed, first, ground)
        head += composed
        words[letter] = words_for(choose_plan(ask.style, draw(20 + number, 1 << 16)), size)
        if number and draw(30 + number, 2):
            idea = _lift(idea, ground)
        tunes[letter] = write_section(words[letter], idea, ground, first)
    given: dict[int, tuple[Tone, ...]] = {}
    for index, name in enumerate(ask.frame.form or ("",)):
        first, size = ask.letters[name[:1]]
        start = index * size
        for bar, tones in tunes[name[:1]].items():
            given[start + bar - first] = _carry(tones, (start - first) * ask.frame.meter.bar_ticks)
        if name.endswith("'"):
            _vary(given, start, size, words[name[:1]], ground, draw(40 + index, 2))
    _lead_back(given, ask, ground, next(iter(tunes.values())))
    return {bar: _events(tones, ask, bar) for bar, tones in given.items() if tones}


def reaches(
    given: Mapping[int, Sequence[Event]], ask: TuneAsk, ranges: Mapping[Role, tuple[int, int]]
) -> dict[Role, tuple[int, int]]:
    """Return sounding ranges that leave room for a tune: the lead goes on where it is, accompaniment lies under it.

    Args:
        given: The tune.
        ask: What it was asked for.
        ranges: The roles' ranges so far.
    """
    pitches = sorted(event.number for events in given.values() for event in events)
    if not pitches:
        return {}
    base = PITCH_RANGES[Role.LEAD][0] + transposition(ask.frame.key.tonic)
    low, high = base + pitches[0] - 2, base + pitches[-1] + 3
    found = {Role.LEAD: (max(ask.reach[0], min(low, high - 12)), min(ask.reach[1], max(high, low + 12)))}
    under = base + pitches[len(pitches) // 4]
    if Role.HARMONY in ranges:
        least, most = ranges[Role.HARMONY]
        found[Role.HARMONY] = (least, max(least + _ROOM, min(most, under)))
    return found


def _choose_idea(ask: TuneAsk, found: Candidates, head: int, size: int, first: int, ground: Ground) -> list[list[Tone]]:
    """Return the best two bars that any candidate has in its bars ``head`` to ``head + size``."""
    length = ask.frame.meter.bar_ticks
    best: tuple[int, int, int] | None = None
    chosen: list[list[Tone]] = [[], []]
    for number, bars in enumerate(found.bars):
        for at in range(max(1, size - IDEA_BARS + 1)):
            idea = read_idea(bars[head + at : head + at + IDEA_BARS], ground)
            if len(idea) < IDEA_BARS:
                idea = [*idea, [replace(tone, tick=tone.tick + length) for tone in idea[0]]] if idea else [[], []]
            there = _shift_ground(ground, (first + at) * length)
            weight = (weigh_idea(idea, there, ask.rate) + 4 * at, number, at)
            if best is None or weight < best:
                best, chosen = weight, idea
    return chosen


def _shift_ground(ground: Ground, tick: int) -> Ground:
    """Return the ground as it is from a tick on."""
    before = [chord for start, chord in ground.chords if start <= tick]
    chords = [(start - tick, chord) for start, chord in ground.chords if start > tick]
    return replace(ground, chords=tuple([(0, before[-1])] * bool(before) + chords))


def _lift(idea: Sequence[Sequence[Tone]], ground: Ground) -> list[list[Tone]]:
    """Return an idea some steps higher, where the register has room for it."""
    highest = max(tone.pitch for bar in idea for tone in bar) if any(idea) else ground.high
    if move(highest, _LIFT, ground.scale) > ground.high - 2:
        return [list(bar) for bar in idea]
    return [[replace(tone, pitch=move(tone.pitch, _LIFT, ground.scale)) for tone in bar] for bar in idea]


def _carry(tones: Sequence[Tone], ticks: int) -> tuple[Tone, ...]:
    return tuple(replace(tone, tick=tone.tick + ticks) for tone in tones)


def _vary(
    given: dict[int, tuple[Tone, ...]], start: int, size: int, words: Sequence[str], ground: Ground, turn: int
) -> None:
    """Ornament every second bar of a section that comes back with a prime; its last quarter is composed anew."""
    anew = size - max(1, size // 4)
    for index in range(size):
        bar = start + index
        if index >= anew and index < size - 1:
            given.pop(bar, None)
        elif bar in given and index % 2 == turn and words[index] not in ("c", "C"):
            given[bar] = tuple(ornament(given[bar], ground))


def _lead_back(
    given: dict[int, tuple[Tone, ...]], ask: TuneAsk, ground: Ground, first: Mapping[int, Sequence[Tone]]
) -> None:
    """Let the last bar of a loop end near to where the tune, whose first section is ``first``, begins."""
    last = ask.frame.bars - 1
    if ask.frame.ending != "loop" or not first or last not in given or ask.frame.bars < 4:
        return
    opening = first[min(first)][0].pitch
    *before, end = given[last]
    chord = ground.chord_at(end.tick)
    near = sorted(
        (
            pitch
            for pitch in range(opening - 5, opening + 6)
            if pitch % 12 in chord and ground.low <= pitch <= ground.high
        ),
        key=lambda pitch: (abs(pitch - opening), pitch),
    )
    if near:
        given[last] = (*before, replace(end, pitch=near[0]))


def _events(tones: Sequence[Tone], ask: TuneAsk, bar: int) -> tuple[Event, ...]:
    """Return notes as a bar's events."""
    lowest, head = PITCH_RANGES[Role.LEAD][0], bar * ask.frame.meter.bar_ticks
    return tuple(
        Event(
            tone.tick - head,
            min(PITCH_RANGES[Role.LEAD][1], max(lowest, tone.pitch)) - lowest,
            tone.duration,
            tone.velocity,
        )
        for tone in tones
    )
