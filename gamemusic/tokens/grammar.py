"""What may come next: masks that make every phrase valid whatever the model says.

Whatever tokens are chosen among the allowed ones, the phrase has exactly its bars, every note lies inside it, in its
role's range, every bar has a note of a role that is heard, and the phrase ends after a bounded number of tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from gamemusic.errors import InputError
from gamemusic.score.phrase import Role
from gamemusic.theory import Key
from gamemusic.tokens.bars import DEFAULT_POLYPHONY, Event, transposition
from gamemusic.tokens.state import STREAM_OF_NOTE, Phase, State
from gamemusic.tokens.vocabulary import (
    BAR,
    CHORD,
    CHORDS,
    DURATION,
    END,
    LAGS,
    MAX_DURATION,
    NOTE,
    NOTE_END,
    PITCH_RANGES,
    POSITION,
    ROLES,
    SAME,
    START,
    STREAMS,
    VELOCITIES,
    VELOCITY,
    VOCABULARY_SIZE,
)
from gamemusic.tokens.weights import FORBIDDEN, STRICT, weigh_changes, weigh_pitches
from gamemusic.units import Meter

__all__ = ["FORBIDDEN", "LEAD_STREAM", "TOKENS_PER_BAR", "Grammar", "Rules", "forced_chords"]

LEAD_STREAM = 1 + ROLES.index(Role.LEAD)
_FIRST_NOTE = NOTE[ROLES[0]]
_ROWS = 1024
"""Rows there is room for at first; a phrase of 16 bars needs about as many."""
TOKENS_PER_BAR = 256
"""A bar that has grown to this many tokens may only be closed."""
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a preset, a style and a caller ask of a phrase."""

    bars: int
    meter: Meter
    key: Key
    roles: tuple[Role, ...]
    """Roles that the model writes."""
    heard: tuple[Role, ...] = ()
    """Of these at least one has an onset in every bar; empty means `roles`."""
    ranges: Mapping[Role, tuple[int, int]] = field(default_factory=lambda: MappingProxyType({}))
    """Lowest and highest sounding pitch, by role."""
    polyphony: Mapping[Role, int] = field(default_factory=lambda: DEFAULT_POLYPHONY)
    """Most notes struck at once, by role."""
    density: Mapping[Role, int] = field(default_factory=lambda: MappingProxyType({}))
    """Most notes a bar, by role."""
    scale_strictness: float = 0.0
    """0: the model decides; 1: only notes of the key or of the chord."""
    chords: Mapping[int, tuple[tuple[int, int], ...]] | None = None
    """Chords that are fixed beforehand: (position, chord number) by bar; None leaves them to the model."""
    given: Mapping[int, tuple[Event, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Lead notes that are fixed beforehand, one at a time, by bar: in these bars the model writes no other lead. Who
    draws tokens must put them in where they are due, see `Grammar.given_note`."""


class Grammar:
    """The masks of one set of rules.

    Rows are computed when first needed and kept: `rows` holds (states, V) additions to the logits.

    Raises:
        InputError: When no role is left to write, or a range leaves a role without notes.
    """

    def __init__(self, rules: Rules) -> None:
        if not rules.roles:
            raise InputError("no role is left for the model to write; the style must have at least one learned role")
        self.rules = rules
        self.rows: Ints = np.empty((_ROWS, VOCABULARY_SIZE), dtype=np.int32)
        self._used = 0
        self._row_of: dict[tuple[int, ...], int] = {}
        self._free_rows: dict[int, Ints] = {}
        self.heard = tuple(1 + ROLES.index(role) for role in (rules.heard or rules.roles))
        if not set(rules.heard or rules.roles) <= set(rules.roles):
            raise InputError("roles that are heard must be among the roles that are written")
        self._heard_mask = sum(1 << stream for stream in self.heard)
        self._writes = sum(1 << (1 + ROLES.index(role)) for role in rules.roles)
        self._caps = [99, *(rules.polyphony.get(role, DEFAULT_POLYPHONY[role]) for role in ROLES)]
        self._density = tuple((1 + ROLES.index(role), limit) for role, limit in rules.density.items())
        self._least_density = min(rules.density.values(), default=TOKENS_PER_BAR)
        self._bar_ticks = rules.meter.bar_ticks
        self._last_tick = self._bar_ticks - 1
        self._planned = rules.chords is not None
        self._lead = 1 << LEAD_STREAM
        self._late = self._lead | 1 << (1 + ROLES.index(Role.DRUMS))
        self._stream_rows = self._find_notes()
        self._duration_rows = self._allow_durations()
        usual = weigh_pitches(rules.key, rules.scale_strictness)
        self._changes = {(bar, tick) for bar, chords in (rules.chords or {}).items() for tick, _ in chords}
        # a second block for where a chord begins, see `pitch_row`
        self.pitch_rows = np.concatenate((usual, usual + weigh_changes(rules.scale_strictness)))
        self._never_outside: npt.NDArray[np.bool_] = np.all(self.pitch_rows > STRICT, axis=0)
        """Tokens that strictness 1 allows under every chord."""

    def _find_notes(self) -> list[Ints]:
        """Return for each stream the row that allows its notes in range."""
        shift = transposition(self.rules.key.tonic)
        streams = [np.full(VOCABULARY_SIZE, FORBIDDEN, dtype=np.int32) for _ in STREAMS]
        for number, role in enumerate(ROLES, start=1):
            low, high = PITCH_RANGES.get(role, (0, 0))
            first = NOTE[role]
            if role is Role.DRUMS:
                streams[number][first:NOTE_END] = 0
                continue
            least, most = self.rules.ranges.get(role, (0, 127))
            start, end = max(low, least - shift), min(high, most - shift)
            if role in self.rules.roles and start > end:
                raise InputError(
                    f"range {least} to {most} of {role} leaves no note in {self.rules.key}; "
                    f"the model knows {low + shift} to {high + shift}"
                )
            streams[number][first + start - low : first + end - low + 1] = 0
        return streams

    def pitch_row(self, state: State) -> int:
        """Return the index in `pitch_rows` of what is added for the chord in force after ``state``."""
        begins = (state.first_bar + state.bar, state.position) in self._changes
        return state.chord + (CHORDS + 1) * begins

    def row(self, state: State) -> int:
        """Return the index in `rows` of what may follow ``state``."""
        if state.phase == Phase.PITCH:
            left = (state.bars - state.bar) * self._bar_ticks - state.position
            return self._duration_rows[left if left < MAX_DURATION else MAX_DURATION]
        key = self._key(state)
        found = self._row_of.get(key)
        if found is None:
            found = self._row_of[key] = self._keep(self._build(key))
        return found

    def _keep(self, row: Ints) -> int:
        """Put a row into `rows` and return its index."""
        if self._used == len(self.rows):
            self.rows = np.concatenate((self.rows, np.empty_like(self.rows)))
        self.rows[self._used] = row
        self._used += 1
        return self._used - 1

    def _allow_durations(self) -> list[int]:
        """Return the row of each number of ticks that a note has at most, 0 to `MAX_DURATION`."""
        rows = np.full((MAX_DURATION + 1, VOCABULARY_SIZE), FORBIDDEN, dtype=np.int32)
        for left in range(1, MAX_DURATION + 1):
            rows[left, DURATION : DURATION + left] = 0
        return [self._keep(row) for row in rows]

    def _key(self, state: State) -> tuple[int, ...]:
        """Return all that decides what may come next, and nothing more, so that rows are found again."""
        phase = state.phase
        if phase == Phase.START or phase == Phase.DONE:
            return (phase,)
        free = self._free(state)
        plan = self._next_chord(state) if self._planned else -1
        closes = due = 0
        if plan < 0 and (state.noted & self._heard_mask or self._is_given(state)):
            closes = BAR if state.bar < state.bars - 1 else END
        if self.rules.given:
            given = self.given_note(state)
            if given and given.position == state.position and not self._waits(state):
                due = NOTE[Role.LEAD] + given.number
        later = free >> 1 != 0
        last_note = state.last_note
        if last_note:
            stream = STREAM_OF_NOTE[last_note - _FIRST_NOTE]
            if state.struck >= self._caps[stream]:
                free &= ~(1 << stream)  # enough of this role here; it may go on at a later position
        if phase == Phase.HEAD:
            return (phase, free, later, closes, plan, *self._copies(state))
        return (phase, free, later, closes, plan, state.position, last_note, due)

    def given_note(self, state: State) -> Event | None:
        """Return the next of the bar's fixed lead notes, or None when there is none left.

        It is due before any token that stands after it: a later position, a drum at its own, the end of the bar.
        """
        events = self.rules.given.get(state.first_bar + state.bar, ())
        return events[state.counts[LEAD_STREAM]] if state.counts[LEAD_STREAM] < len(events) else None

    def _is_given(self, state: State) -> bool:
        """Say whether a bar with a fixed lead may be closed: some of it is still to come, or no other role is heard."""
        if state.first_bar + state.bar not in self.rules.given:
            return False
        if self.given_note(state) is None:
            return not self._heard_mask & ~self._lead
        return not self._waits(state)

    def _waits(self, state: State) -> bool:
        """Say whether another role has to be heard first: a fixed lead at the last tick would leave it no place."""
        events = self.rules.given.get(state.first_bar + state.bar, ())
        late = bool(events) and events[-1].position == self._last_tick
        return late and not (self._heard_mask & self._late) and not state.noted & self._heard_mask

    def _free(self, state: State) -> int:
        """Return the streams whose notes may still be written in this bar, as a bit mask.

        Room is kept for a note that is heard: once the bar is long, or at its last tick, nothing else is free.
        """
        free = self._writes & ~state.copied
        if state.first_bar + state.bar in self.rules.given:
            free &= ~self._lead
        if max(state.counts) >= self._least_density:
            for stream, limit in self._density:
                if state.counts[stream] >= limit:
                    free &= ~(1 << stream)
        # a position or a velocity that was written must still get its note
        full = state.tokens_in_bar >= TOKENS_PER_BAR and state.phase not in (Phase.POSITION, Phase.VELOCITY)
        if full or state.position == self._last_tick:
            if not state.noted & self._heard_mask:
                # a bar whose fixed lead rests may be closed all the same, so what stands there may be anybody's
                free = free & self._heard_mask or (free if self._is_given(state) else 0)
            elif full:
                free = 0
        if not (full or self._planned or state.copied & 1):
            free |= 1
        return free

    def _next_chord(self, state: State) -> int:
        """Return position * CHORDS + number of the next fixed chord of this bar, or -1."""
        for position, chord in (self.rules.chords or {}).get(state.first_bar + state.bar, ())[state.counts[0] :]:
            return position * CHORDS + chord
        return -1

    def _copies(self, state: State) -> tuple[int, ...]:
        """Return the ``Same`` tokens that may come next."""
        first = state.copied.bit_length()
        allowed = []
        for stream in range(first, len(STREAMS)):
            if stream == 0 and self.rules.chords is not None:
                continue
            if stream and not self._writes >> stream & 1:
                continue
            if stream == LEAD_STREAM and state.first_bar + state.bar in self.rules.given:
                continue
            for index, lag in enumerate(LAGS):
                if lag <= len(state.history) and state.history[-lag][stream]:
                    allowed.append(SAME + stream * len(LAGS) + index)
        return tuple(allowed)

    def _build(self, key: tuple[int, ...]) -> Ints:
        phase = key[0]
        if phase in (Phase.START, Phase.DONE, Phase.HEAD):
            row = np.full(VOCABULARY_SIZE, FORBIDDEN, dtype=np.int32)
        if phase in (Phase.START, Phase.DONE):
            row[BAR if phase == Phase.START else START] = 0
            return row
        _, free, later, closes, plan = key[:5]
        if phase == Phase.HEAD:
            row[list(key[5:])] = 0
            row[closes] = 0 if closes else FORBIDDEN
            self._allow_positions(row, 0, later, plan)
            return row
        position, last_note, given = key[5:]
        due, chord = divmod(plan, CHORDS) if plan >= 0 else (-1, -1)
        if phase == Phase.POSITION and due == position:
            row = np.full(VOCABULARY_SIZE, FORBIDDEN, dtype=np.int32)
            row[CHORD + chord] = 0
            return row
        row = self._notes_after(last_note, free)
        if given > last_note:
            row[given] = 0
        if phase == Phase.VELOCITY:
            return row
        above = max(last_note, _FIRST_NOTE)
        # a velocity must be followed by a note: one that is allowed, and not only for want of any inside the key
        if (self._never_outside[above:] & (row[above:] == 0)).any():
            row[VELOCITY : VELOCITY + len(VELOCITIES)] = 0
        if phase == Phase.POSITION:
            if free & 1:
                row[CHORD : CHORD + CHORDS] = 0
            return row  # a position is followed by something that stands there
        row[closes] = 0 if closes else FORBIDDEN
        self._allow_positions(row, position + 1, later, plan)
        return row

    def _allow_positions(self, row: Ints, first: int, later: int, plan: int) -> None:
        """Allow positions from ``first`` on, up to the next fixed chord, where something is left to stand there."""
        last = plan // CHORDS if plan >= 0 else self._bar_ticks - 1
        if later or plan >= 0:
            row[POSITION + (first if later else last) : POSITION + last + 1] = 0

    def _notes_after(self, last_note: int, free: int) -> Ints:
        """Return the row of notes of free roles above the last one at this position."""
        every = self._free_rows.get(free)
        if every is None:
            every = np.full(VOCABULARY_SIZE, FORBIDDEN, dtype=np.int32)
            for stream in range(1, len(STREAMS)):
                if free >> stream & 1:
                    np.maximum(every, self._stream_rows[stream], out=every)
            self._free_rows[free] = every
        row = every.copy()
        row[: last_note + 1] = FORBIDDEN
        return row


def forced_chords(plan: Sequence[tuple[int, int]], bars: int, bar_ticks: int) -> dict[int, tuple[tuple[int, int], ...]]:
    """Return `Rules.chords` from (tick, chord number) pairs, sorted by tick."""
    by_bar: dict[int, list[tuple[int, int]]] = {bar: [] for bar in range(bars)}
    for tick, chord in plan:
        bar, position = divmod(tick, bar_ticks)
        by_bar[bar].append((position, chord))
    return {bar: tuple(events) for bar, events in by_bar.items()}
