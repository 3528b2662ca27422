"""Layers: from which intensity each role is heard, beat by beat.

The plan does not depend on the intensity, it only says where each role's threshold lies. So more intensity never takes
a layer away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gamemusic.arranger.drummer import halve
from gamemusic.arranger.sections import Kind, Section, fill_bars, fill_start, section_plan
from gamemusic.score.orchestration import Instrument, Orchestration
from gamemusic.score.phrase import Note, Phrase, Role
from gamemusic.units import Meter

__all__ = ["NEVER", "Layers", "plan_layers"]

NEVER = 2.0
"""A threshold that no intensity reaches."""
_PRIORITY = (Role.LEAD, Role.HARMONY, Role.TEXTURE, Role.COUNTER, Role.BASS, Role.DRUMS)
"""Who plays on where otherwise nobody would."""
_PAUSING = (Role.TEXTURE, Role.COUNTER, Role.DRUMS, Role.HARMONY, Role.BASS)
"""Who may pause at a section's end; whoever has paused least often so far goes first."""
_FULL_PACE = 0.6
"""Intensity from which drums keep their pace in a contrasting section: a fight does not slow down in its middle."""
_ENOUGH = 3
"""Pitched roles that must play where the bass rests."""


@dataclass(frozen=True, slots=True)
class Layers:
    """Who is heard from which intensity."""

    meter: Meter
    thresholds: Mapping[Role, tuple[float, ...]]
    """For each role, the lowest intensity at which it plays in each felt beat; `NEVER` where it rests."""
    paces: tuple[float, ...]
    """For each bar, the lowest intensity at which drums keep their full pace."""

    def keep(self, notes: Iterable[Note], role: Role, intensity: float) -> tuple[Note, ...]:
        """Return the notes of a role that sound at an intensity, cut where it rests.

        A note that is held into an entrance at a bar line is struck there, when a beat or more of it is left, also when
        it was cut before.
        """
        gates = self.thresholds[role]
        return tuple(sorted(_heard(notes, gates, intensity, self.meter, late=role is not Role.DRUMS)))

    def slow_bars(self, intensity: float) -> frozenset[int]:
        """Return the bars in which drums play at half their pace."""
        return frozenset(bar for bar, pace in enumerate(self.paces) if intensity < pace)


def _heard(
    notes: Iterable[Note], gates: Sequence[float], intensity: float, meter: Meter, *, late: bool
) -> Iterable[Note]:
    pulse, bar = meter.pulse_ticks, meter.bar_ticks
    for note in notes:
        start = -1  # where it was struck; -1 while it is silent
        for beat in range(note.start // pulse, (note.end - 1) // pulse + 1):
            here = max(note.start, beat * pulse)
            if gates[beat] > intensity:
                if start >= 0:
                    yield Note(start, note.pitch, here - start, note.velocity)
                start = -1
            # whatever is open at one intensity is open at a higher one, and so sounds there, too
            elif start < 0 and (here == note.start or (late and here % bar == 0 and note.end - here >= pulse)):
                start = here
        if start >= 0:
            yield Note(start, note.pitch, note.end - start, note.velocity)


def plan_layers(
    phrase: Phrase,
    scores: Mapping[Role, Sequence[Note]],
    players: Mapping[Role, Instrument],
    orchestration: Orchestration,
    sections: Sequence[Section],
) -> Layers:
    """Return who plays when.

    Each section has its plan: the style's, or one that follows from the section's kind and from who is there. At its
    end somebody pauses. Nothing of this ever leaves a bar silent that was not (in 4/4, half a bar), nor a beat of the
    first and last bar.

    Args:
        phrase: The phrase.
        scores: Each role's notes, silent roles left out.
        players: Who plays each of those roles.
        orchestration: Where the style's own plans stand.
        sections: The phrase's sections; without any, roles play from their instruments' intensity on.
    """
    plan = _Plan(phrase, scores, players)
    for section in sections:
        plan.enter(section, orchestration)
    if sections:
        plan.lead_back()
        plan.repair()
        for section in sections:
            plan.pause(section)
    return Layers(phrase.meter, {role: tuple(gates) for role, gates in plan.gates.items()}, tuple(plan.paces))


class _Plan:
    """Thresholds while they are being decided."""

    def __init__(
        self, phrase: Phrase, scores: Mapping[Role, Sequence[Note]], players: Mapping[Role, Instrument]
    ) -> None:
        self.phrase = phrase
        self.scores = scores
        self.floors = {role: players[role].from_intensity for role in scores}
        self.beats = phrase.meter.bar_ticks // phrase.meter.pulse_ticks
        self.gates = {role: [floor] * (phrase.bars * self.beats) for role, floor in self.floors.items()}
        self.paces = [0.0] * phrase.bars
        self.pauses = dict.fromkeys(_PAUSING, 0)

    def enter(self, section: Section, orchestration: Orchestration) -> None:
        """Set the thresholds of one section."""
        said = section_plan(section, orchestration)
        resting = () if said is None else said.rest
        for bar in range(section.first, section.end):
            for role in self.scores:
                wanted = self._usual(section, role, bar) if said is None else NEVER if role in resting else 0.0
                self._set(role, bar, max(wanted, self.floors[role]))
        if said is None:
            pace = _FULL_PACE if section.kind is Kind.CONTRAST else 0.0
        else:
            pace = NEVER if said.half_time else 0.0
        for bar in range(section.first, section.end - 1):  # the last one belongs to the fill
            self.paces[bar] = pace

    def _usual(self, section: Section, role: Role, bar: int) -> float:
        """Return the threshold that a role has in a bar when the style does not say it."""
        has_counter, has_drums = Role.COUNTER in self.scores, Role.DRUMS in self.scores
        first_half = bar < section.middle
        pitched = sum(floor <= 0.0 for each, floor in self.floors.items() if each not in (Role.BASS, Role.DRUMS))
        pitched -= self.floors.get(Role.COUNTER, 1.0) <= 0.0  # which waits in a contrast
        joining = min((self.floors[each] for each in (Role.COUNTER, Role.TEXTURE) if each in self.scores), default=1.0)
        match section.kind, role:
            case Kind.OPENING, Role.COUNTER:
                return NEVER
            case Kind.OPENING, Role.TEXTURE:
                return 0.7
            case Kind.OPENING, Role.DRUMS if first_half:  # where nobody else could join later, they do
                return min(0.6, joining)
            case Kind.VARIED, Role.TEXTURE:
                return 0.5 if has_counter else 0.0
            case Kind.CONTRAST, Role.DRUMS:
                return 0.5 if first_half else 0.3
            case Kind.CONTRAST, Role.BASS if first_half and not has_drums and pitched >= _ENOUGH:
                return 0.8
            case ((Kind.CONTRAST | Kind.ARRIVAL), Role.COUNTER):
                return 0.6
            case _:
                return 0.0

    def _set(self, role: Role, bar: int, threshold: float) -> None:
        begin = bar * self.beats
        self.gates[role][begin : begin + self.beats] = [threshold] * self.beats

    def lead_back(self) -> None:
        """Let drums that rest play the fill which leads to where they play again."""
        gates = self.gates.get(Role.DRUMS)
        if gates is None:
            return
        begin = fill_start(self.phrase.meter) // self.phrase.meter.pulse_ticks
        for bar in fill_bars(self.phrase) - ({self.phrase.bars - 1} if self.phrase.ending == "cadence" else set()):
            head = bar * self.beats
            following = gates[(head + self.beats) % len(gates)]
            if gates[head] > following:
                gates[head + begin : head + self.beats] = [following] * (self.beats - begin)

    def _sounding(self, role: Role, intensity: float) -> set[int]:
        """Return the beats in which a role sounds as planned so far."""
        meter, notes = self.phrase.meter, self.scores[role]
        if role is Role.DRUMS:
            notes = halve(notes, meter, bars={bar for bar, pace in enumerate(self.paces) if intensity < pace})
        return self._beats_of(_heard(notes, self.gates[role], intensity, meter, late=role is not Role.DRUMS))

    def _beats_of(self, notes: Iterable[Note]) -> set[int]:
        pulse = self.phrase.meter.pulse_ticks
        return {beat for note in notes for beat in range(note.start // pulse, (note.end - 1) // pulse + 1)}

    def _open(self, beats: range, floor: float) -> set[int]:
        """Let one role heard at ``floor`` play on in the bar of ``beats``; return the beats in which it sounds."""
        bar = beats[0] // self.beats
        for role in _PRIORITY:
            if role in self.scores and self.floors[role] <= floor:
                gates, pace = self.gates[role][:], self.paces[bar]
                self._set(role, bar, self.floors[role])
                self.paces[bar] = 0.0 if role is Role.DRUMS else pace
                heard = self._sounding(role, floor)
                if not heard.isdisjoint(beats):
                    return heard
                self.gates[role], self.paces[bar] = gates, pace
        return set()

    def repair(self) -> None:
        """Take back what would leave a bar silent, half a bar in 4/4, or a beat of the first or last bar."""
        total, step = self.phrase.bars * self.beats, 2 if self.beats == 4 else self.beats
        seam = (*range(self.beats), *range(total - self.beats, total))
        stretches = [range(head, head + step) for head in range(0, total, step)]
        for floor in sorted({*self.floors.values(), *(pace for pace in self.paces if pace <= 1)}):
            roles = [role for role in self.scores if self.floors[role] <= floor]
            free = set().union(*(self._beats_of(self.scores[role]) for role in roles))
            heard = set().union(*(self._sounding(role, floor) for role in roles))
            for beats in (*stretches, *(range(beat, beat + 1) for beat in seam)):
                if not free.isdisjoint(beats) and heard.isdisjoint(beats):
                    heard |= self._open(beats, floor)

    def pause(self, section: Section) -> None:
        """Let one role rest at a section's end, where others sound in every beat of it.

        Below the intensity at which that role is heard at all, another one rests.
        """
        ceiling = NEVER
        for role in sorted(_PAUSING, key=lambda each: self.pauses[each]):
            beats = self._pause_of(role, section)
            if not beats:
                continue
            gates = self.gates[role]
            level = max(gates[beat] for beat in beats)
            if level < ceiling and self._covered(role, beats):
                gates[beats[0] : beats[-1] + 1] = [ceiling] * len(beats)
                self.pauses[role] += 1
                ceiling = level

    def _pause_of(self, role: Role, section: Section) -> range:
        """Return the beats in which a role may rest at a section's end; none where it is needed."""
        if role not in self.scores:
            return range(0)
        tail = (section.end - 1) * self.beats
        fill = fill_start(self.phrase.meter) // self.phrase.meter.pulse_ticks
        if role is Role.DRUMS:  # before their fill
            return range(tail, tail + fill)
        if role in (Role.TEXTURE, Role.COUNTER):
            return range(tail if section.end - section.first > 2 else tail + fill, tail + self.beats)
        return range(0) if section.end == self.phrase.bars else range(tail + fill, tail + self.beats)

    def _covered(self, role: Role, beats: range) -> bool:
        """Say whether a role sounds in ``beats``, and others in each of them at every intensity at which it does."""
        lowest = min(self.gates[role][beat] for beat in beats)
        if self._sounding(role, 1.0).isdisjoint(beats):
            return False
        others: Counter[int] = Counter()
        for other in self.scores:
            if other is not role and other is not Role.DRUMS:
                others.update(self._sounding(other, lowest))
        return all(others[beat] >= (_ENOUGH if role is Role.BASS else 1) for beat in beats)
