"""Several phrases composed side by side, token by token, by model, grammar and sampler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gamemusic.composer.sampler import Sampler
from gamemusic.composer.session import LOGIT_LIMIT, Memory, Session
from gamemusic.composer.surprise import FRACTION, load_exponentials, surprises
from gamemusic.errors import GameMusicError
from gamemusic.score.phrase import Role
from gamemusic.tokens.bars import Bar, Event
from gamemusic.tokens.codec import encode_bar
from gamemusic.tokens.grammar import LEAD_STREAM, TOKENS_PER_BAR, Grammar
from gamemusic.tokens.state import Phase, State
from gamemusic.tokens.vocabulary import (
    BAR,
    CHORD,
    DURATION,
    END,
    FEATURES,
    NO_CHORD,
    NOTE,
    POSITION,
    START,
    VOCABULARY_SIZE,
)

__all__ = ["Candidates", "Conditions", "compose_candidates"]

_COLUMNS = tuple(FEATURES)
_TOKEN, _ENDING, _BARS_LEFT = (_COLUMNS.index(name) for name in ("token", "ending", "bars_left"))
_POSITION, _CHORD = _COLUMNS.index("position"), _COLUMNS.index("chord")
_JUDGED = 4
"""Every so many steps a candidate's own tokens are judged: enough for a mean, and cheap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What the model is told throughout, as feature values."""

    style: int
    intensity: int
    meter: int
    mode: int
    roles: int
    ending: int


@dataclass(frozen=True, slots=True)
class Candidates:
    """Phrases of one batch."""

    bars: list[list[Bar]]
    """The bars of each candidate."""
    seam_bits: list[float]
    """Each one's seam score, see `gamemusic.score.phrase.Phrase.seam_bits`."""
    token_bits: list[int]
    """Mean surprise of the tokens that each one drew, in bits / `gamemusic.composer.surprise.FRACTION`."""
    steps: int
    """Model steps taken, the seam's included."""


class _Batch:
    """The candidates while they grow."""

    def __init__(self, session: Session, grammar: Grammar, count: int, conditions: Conditions, bars: int) -> None:
        self.session, self.grammar = session, grammar
        self.states = [State(bars) for _ in range(count)]
        self.forced: list[list[int]] = [[] for _ in range(count)]
        """Tokens each candidate must take next, last one first."""
        self.features = np.zeros((count, len(FEATURES)), dtype=np.int64)
        for name in ("style", "intensity", "meter", "mode", "roles"):
            self.features[:, _COLUMNS.index(name)] = getattr(conditions, name)
        self.memory: Memory = session.start(count)
        self.show([START] * count)

    def show(self, tokens: list[int]) -> None:
        """Put the tokens just taken, and what follows from them, into the features."""
        states = self.states
        self.features[:, _TOKEN] = tokens
        self.features[:, _BARS_LEFT] = [state.bars_left for state in states]
        self.features[:, _POSITION] = [state.position for state in states]
        self.features[:, _CHORD] = [state.chord for state in states]

    def step(self) -> npt.NDArray[np.int32]:
        """Run the model on the features and return its logits, (B, V)."""
        logits, self.memory = self.session.step(self.features, self.memory)
        # exported graphs keep to the limit; one made to do harm must not reach past the grammar's masks by overflow
        np.minimum(logits, LOGIT_LIMIT, out=logits)
        return np.maximum(logits, -LOGIT_LIMIT, out=logits)


def compose_candidates(
    session: Session,
    grammar: Grammar,
    conditions: Conditions,
    *,
    sections: Sequence[int],
    count: int,
    seed: int,
    temperature: float,
    min_p: float,
    repeats: Mapping[int, int],
    first: int = 0,
    written: Mapping[int, Bar] | None = None,
    after: Bar | None = None,
) -> Candidates:
    """Compose ``count`` phrases and score their seams.

    Args:
        session: The mood's model.
        grammar: The rules' masks.
        conditions: What the model is told.
        sections: Bars of each section; the model hears them as phrases that follow each other, and prepares the end
            of each.
        count: Candidates, B.
        seed: Decides every draw, with the candidate's number and the step's.
        temperature: See `Sampler`.
        min_p: See `Sampler`.
        repeats: Bars that copy an earlier bar, see `gamemusic.composer.form.plan_repeats`; where the fixed chords of
            the two bars differ, the chords are kept and the bar is composed.
        first: Number of the first candidate, so that a second batch of one seed is another.
        written: Bars that are fixed beforehand, by number; the model hears them.
        after: What follows the last bar, by which the seam is scored; None: the first bar again.
    """
    written = written or {}
    bars, plan = sum(sections), grammar.rules.chords
    if plan is not None:
        repeats = {bar: source for bar, source in repeats.items() if plan.get(bar, ()) == plan.get(source, ())}
    limit = bars * (TOKENS_PER_BAR + 64) + 2 * len(sections)
    sampler = Sampler(seed, count, limit, VOCABULARY_SIZE, temperature=temperature, min_p=min_p, first=first)
    batch = _Batch(session, grammar, count, conditions, sections[0])
    batch.features[:, _ENDING] = conditions.ending if len(sections) == 1 else 0
    states, forced = batch.states, batch.forced
    masked, weighed = (np.empty((count, VOCABULARY_SIZE), dtype=np.int32) for _ in range(2))
    # what decides the next masks: the grammar's row and the chord, by candidate
    rows, chords = [grammar.row(state) for state in states], [NO_CHORD] * count
    begun = [1] * count
    drawn: list[list[int]] = [[] for _ in range(count)]
    """surprises at some of what each candidate drew, by which it and its seam are judged"""
    table = load_exponentials()
    finished: list[Memory] = [{} for _ in range(count)]
    running = count
    for step in range(limit):
        logits = batch.step()
        grammar.rows.take(rows, axis=0, out=masked, mode="clip")
        masked += logits
        masked += grammar.pitch_rows.take(chords, axis=0, out=weighed, mode="clip")
        tokens: list[int] = sampler.draw(step, masked).tolist()
        judged: list[int] = []
        for index, state in enumerate(states):
            if forced[index]:
                tokens[index] = forced[index].pop()
            elif state.phase == Phase.DONE:
                tokens[index] = END
                continue
            else:
                if grammar.rules.given:
                    forced[index] = _find_due(grammar, state, tokens[index])
                if forced[index]:
                    tokens[index] = forced[index].pop()
                elif step % _JUDGED == 0:
                    judged.append(index)
            token = tokens[index]
            state.advance(token)
            if token == END and begun[index] < len(sections):
                state = states[index] = State(sections[begun[index]], state)
                begun[index] += 1
                if begun[index] == len(sections):
                    batch.features[index, _ENDING] = conditions.ending
            elif token == BAR and state.first_bar + state.bar in written:
                forced[index] = _write_bar(state, written[state.first_bar + state.bar])
            elif token == BAR and state.first_bar + state.bar in repeats:
                bar = state.first_bar + state.bar
                forced[index] = _write_bar(state, _with_lead(state.history[repeats[bar]], grammar.rules.given.get(bar)))
            elif token == END:
                running -= 1
                # others may still be running: this one's memory is put back before its seam is scored
                finished[index] = {name: value[index] for name, value in batch.memory.items()}
            if not forced[index]:
                rows[index] = grammar.row(state)
                chords[index] = grammar.pitch_row(state)
        if judged:
            bits = surprises(logits[judged], [tokens[index] for index in judged], table)
            for index, surprise in zip(judged, bits, strict=True):
                drawn[index].append(surprise)
        if not running:
            break
        batch.show(tokens)
    else:
        raise GameMusicError(f"composing {bars} bars did not end within {limit} steps; please report this as a bug")
    batch.memory = {name: np.stack([memory[name] for memory in finished]) for name in batch.memory}
    whole = [sum(bits) // len(bits) if bits else 0 for bits in drawn]
    over, seam_steps = _score_seams(batch, sections[0], table, after)
    seams = [(a - b) / FRACTION for a, b in zip(over, whole, strict=True)]
    return Candidates([state.history for state in states], seams, whole, step + 1 + seam_steps)


def _find_due(grammar: Grammar, state: State, token: int) -> list[int]:
    """Return what must come instead of ``token``, last one first: a fixed lead note that would be passed over."""
    if state.phase in (Phase.START, Phase.PITCH):
        return []
    given = grammar.given_note(state)
    if given is None:
        return []
    note, duration = NOTE[Role.LEAD] + given.number, DURATION + given.duration - 1
    if state.position == given.position and (token >= note or token in (BAR, END) or POSITION <= token < CHORD):
        return [duration, note]
    if token in (BAR, END) or POSITION + given.position < token < CHORD:
        return [duration, note, POSITION + given.position]
    return []


def _write_bar(state: State, bar: Bar) -> list[int]:
    """Return the tokens that write a bar, and what closes it, last one first."""
    tokens = list(encode_bar(bar, state.history, list(state.velocities)))
    tokens.append(BAR if state.bar < state.bars - 1 else END)
    return tokens[::-1]


def _with_lead(bar: Bar, given: Sequence[Event] | None) -> Bar:
    """Return a bar with another lead in it, where one is fixed that is not the same."""
    if given is None or [note[:3] for note in given] == [note[:3] for note in bar[LEAD_STREAM]]:
        return bar
    return (*bar[:LEAD_STREAM], tuple(given), *bar[LEAD_STREAM + 1 :])


def _mean_bits(pairs: list[tuple[npt.NDArray[np.int32], int]], table: npt.NDArray[np.int64]) -> int:
    """Return the mean surprise of tokens under the logits before them, in bits / FRACTION."""
    if not pairs:
        return 0
    rows = np.stack([logits for logits, _ in pairs])
    return sum(surprises(rows, [token for _, token in pairs], table)) // len(pairs)


def _score_seams(batch: _Batch, bars: int, table: npt.NDArray[np.int64], after: Bar | None) -> tuple[list[int], int]:
    """Play every phrase's first bar after its last and return its mean surprise, and the steps that took."""
    count = len(batch.states)
    first = [after or state.history[0] for state in batch.states]
    last = [state.velocities for state in batch.states]
    batch.states = [State(bars) for _ in range(count)]
    for state, velocities in zip(batch.states, last, strict=True):
        state.velocities = list(velocities)
    written = [[BAR, *encode_bar(bar, (), list(v))] for bar, v in zip(first, last, strict=True)]
    seen: list[list[tuple[npt.NDArray[np.int32], int]]] = [[] for _ in range(count)]
    longest = max(len(tokens) for tokens in written)
    batch.features[:, _ENDING] = 0
    batch.show([END] * count)
    for step in range(longest):
        logits = batch.step()
        following = []
        for index, (state, tokens) in enumerate(zip(batch.states, written, strict=True)):
            token = tokens[step] if step < len(tokens) else END
            if step < len(tokens):
                if step:
                    seen[index].append((logits[index], token))
                state.advance(token)
            following.append(token)
        batch.show(following)
    return [_mean_bits(pairs, table) for pairs in seen], longest
