"""Score to tokens and back, lossless on the grid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gamemusic.errors import InputError
from gamemusic.score.phrase import Phrase, Role
from gamemusic.tokens.bars import Bar, Event, cut_bars, join_bars
from gamemusic.tokens.state import DEFAULT_VELOCITY, Phase, State
from gamemusic.tokens.vocabulary import (
    BAR,
    CHORD,
    DURATION,
    END,
    LAGS,
    NOTE,
    POSITION,
    ROLES,
    SAME,
    START,
    STREAMS,
    VELOCITY,
)

__all__ = ["decode", "encode", "encode_bar", "encode_bars"]


def encode_bar(bar: Bar, history: Sequence[Bar], velocities: list[int], *, copies: bool = True) -> Iterator[int]:
    """Yield the tokens of one bar, without the ``BAR`` before it.

    Args:
        bar: What to write.
        history: The bars before it, oldest first; ``Same`` tokens look back into them.
        velocities: Velocity in force, by stream; changed in place.
        copies: False writes every note out.
    """
    written = []
    for stream, content in enumerate(bar):
        lag = _find_lag(content, stream, history) if copies else None
        if lag is None:
            written.append(stream)
        else:
            yield SAME + stream * len(LAGS) + lag
            if stream:
                velocities[stream] = content[-1].velocity
    events: dict[int, list[tuple[int, int, int, int]]] = {}
    for stream in written:
        for event in bar[stream]:
            position, value, duration, velocity = event
            events.setdefault(position, []).append((stream, value, duration, velocity))
    for position in sorted(events):
        yield POSITION + position
        for stream, value, duration, velocity in sorted(events[position]):
            if not stream:
                yield CHORD + value
                continue
            if velocity != velocities[stream]:
                yield VELOCITY + velocity
                velocities[stream] = velocity
            yield NOTE[ROLES[stream - 1]] + value
            if duration:
                yield DURATION + duration - 1


def _find_lag(content: tuple[Event, ...], stream: int, history: Sequence[Bar]) -> int | None:
    """Return the index in `LAGS` of the nearest bar that holds the same, or None."""
    if content:
        for index, lag in enumerate(LAGS):
            if lag <= len(history) and history[-lag][stream] == content:
                return index
    return None


def encode_bars(bars: Iterable[Bar], history: list[Bar], velocities: list[int]) -> list[int]:
    """Return the tokens of whole bars, each opened by ``BAR``; ``history`` grows by them."""
    tokens = []
    for bar in bars:
        tokens.append(BAR)
        tokens.extend(encode_bar(bar, history, velocities))
        history.append(bar)
    return tokens


def encode(phrase: Phrase) -> list[int]:
    """Return a phrase's tokens, from ``START`` to ``END``.

    Raises:
        InputError: When the phrase holds a note that no token can say.
    """
    return [START, *encode_bars(cut_bars(phrase), [], [DEFAULT_VELOCITY] * len(STREAMS)), END]


def decode(tokens: Sequence[int], phrase: Phrase) -> Phrase:
    """Return ``phrase`` with its music replaced by what ``tokens`` say; meter, key, tempo and the rest stay.

    Raises:
        InputError: When the tokens do not run from ``START`` to ``END``.
    """
    if len(tokens) < 3 or tokens[0] != START or tokens[-1] != END:
        raise InputError("tokens must begin with Start, hold at least one bar and close with End")
    state = State(sum(token == BAR for token in tokens))
    for token in tokens[1:]:
        state.advance(token)
    if state.phase != Phase.DONE:
        raise InputError("tokens do not close their last bar")
    return join_bars(state.history, phrase, dict.fromkeys(Role, 128))
