"""Where a token sequence stands: advanced token by token, by the codec, by training and by the composer alike."""

from __future__ import annotations

from gamemusic.score.phrase import Role
from gamemusic.tokens.bars import Bar, Event
from gamemusic.tokens.vocabulary import (
    BAR,
    BARS_LEFT_MAX,
    CHORD,
    DURATION,
    END,
    LAGS,
    NO_CHORD,
    NO_POSITION,
    NOTE,
    NOTE_END,
    POSITION,
    ROLES,
    SAME,
    STREAMS,
    VELOCITY,
    velocity_bin,
)

__all__ = ["DEFAULT_VELOCITY", "Phase", "State"]

DEFAULT_VELOCITY = velocity_bin(80)
"""Every role's velocity until a token changes it."""

_FIRST_NOTE = NOTE[ROLES[0]]
_FIRST_DRUM = NOTE[Role.DRUMS]
_DRUM_STREAM = STREAMS.index(Role.DRUMS.value)
STREAM_OF_NOTE = tuple(
    1 + max(index for index, role in enumerate(ROLES) if token >= NOTE[role]) for token in range(_FIRST_NOTE, NOTE_END)
)
"""Stream of each note token, counted from the first note token."""
INDEX_OF_NOTE = tuple(
    token - NOTE[ROLES[STREAM_OF_NOTE[token - _FIRST_NOTE] - 1]] for token in range(_FIRST_NOTE, NOTE_END)
)
"""`Event.number` of each note token, counted from the first note token."""


class Phase:
    """What the last token was, as far as it decides what may follow."""

    START, HEAD, POSITION, CHORD, NOTE, VELOCITY, PITCH, DONE = range(8)


class State:
    """A section of a token sequence so far.

    Args:
        bars: Length of the section in bars; ``bars_left`` counts down from it.
        before: The finished section that it follows: bars, velocities and harmony go on.
    """

    __slots__ = (
        "bar",
        "bars",
        "bars_left",
        "chord",
        "copied",
        "counts",
        "first_bar",
        "history",
        "last_note",
        "noted",
        "phase",
        "pitch",
        "position",
        "streams",
        "struck",
        "tokens_in_bar",
        "velocities",
    )

    def __init__(self, bars: int, before: State | None = None) -> None:
        self.bars = bars
        self.bar = -1
        """Bar of this section; `first_bar` more is the bar of the phrase."""
        self.bars_left = min(bars, BARS_LEFT_MAX)
        self.phase = Phase.START
        self.position = NO_POSITION
        self.chord = NO_CHORD
        self.copied = 0
        """Bit mask of the streams that a ``Same`` token has filled in this bar."""
        self.last_note = 0
        """Last note token at this position, 0 before the first."""
        self.struck = 0
        """Notes of that token's role at this position."""
        self.counts = [0] * len(STREAMS)
        """Onsets in this bar, by stream."""
        self.noted = 0
        """Bit mask of the streams that have something in this bar."""
        self.pitch = 0
        """The note token that waits for its duration, or the velocity token that waits for its note."""
        self.tokens_in_bar = 0
        self.velocities = [DEFAULT_VELOCITY] * len(STREAMS)
        self.streams: list[list[Event] | tuple[Event, ...]] = [[] for _ in STREAMS]
        self.history: list[Bar] = []
        if before is not None:
            self.chord, self.velocities, self.history = before.chord, before.velocities, before.history
        self.first_bar = len(self.history)

    def advance(self, token: int) -> None:
        """Take in the next token, which must be legal after the ones before it."""
        self.tokens_in_bar += 1
        if token >= _FIRST_NOTE:
            stream = STREAM_OF_NOTE[token - _FIRST_NOTE]
            first = self.last_note == 0 or STREAM_OF_NOTE[self.last_note - _FIRST_NOTE] != stream
            self.struck = 1 if first else self.struck + 1
            self.last_note = token
            self.counts[stream] += 1
            self.noted |= 1 << stream
            if self.phase == Phase.VELOCITY:
                self.velocities[stream] = self.pitch - VELOCITY
            if token >= _FIRST_DRUM:
                sounded = Event(self.position, token - _FIRST_DRUM, 0, self.velocities[_DRUM_STREAM])
                self.streams[_DRUM_STREAM].append(sounded)  # type: ignore[union-attr]  # a stream not copied is a list
                self.phase = Phase.NOTE
            else:
                self.pitch = token
                self.phase = Phase.PITCH
        elif token >= DURATION:
            note = self.pitch - _FIRST_NOTE
            stream = STREAM_OF_NOTE[note]
            sounded = Event(self.position, INDEX_OF_NOTE[note], token - DURATION + 1, self.velocities[stream])
            self.streams[stream].append(sounded)  # type: ignore[union-attr]  # a stream not copied is a list
            self.phase = Phase.NOTE
        elif token >= VELOCITY:
            self.phase = Phase.VELOCITY
            self.pitch = token  # which role it belongs to is known with the next note
        elif token >= CHORD:
            self.chord = token - CHORD
            self.counts[0] += 1
            self.streams[0].append(Event(self.position, self.chord))  # type: ignore[union-attr]  # as above
            self.phase = Phase.CHORD
        elif token >= POSITION:
            self.position = token - POSITION
            if self.copied & 1:
                self._follow_chords()
            self.last_note = self.struck = 0
            self.phase = Phase.POSITION
        elif token >= SAME:
            self._copy(*divmod(token - SAME, len(LAGS)))
        elif token == BAR or token == END:
            self._close_bar()
            if token == END:
                self.phase = Phase.DONE
                return
            self.bar += 1
            self.bars_left = min(self.bars - 1 - self.bar, BARS_LEFT_MAX)
            self.phase = Phase.HEAD
            self.position = NO_POSITION

    def _copy(self, stream: int, lag: int) -> None:
        content = self.history[-LAGS[lag]][stream]
        self.streams[stream] = content
        self.copied |= 1 << stream
        self.counts[stream] = len(content)
        self.noted |= 1 << stream
        if stream:
            self.velocities[stream] = content[-1].velocity

    def _follow_chords(self) -> None:
        """Set the chord to the one that a copied bar has at this position."""
        for position, chord, _, _ in self.streams[0]:
            if position <= self.position:
                self.chord = chord

    def _close_bar(self) -> None:
        if self.bar >= 0:
            if self.copied & 1:
                self.position = NO_POSITION
                self._follow_chords()
            self.history.append(tuple(tuple(stream) for stream in self.streams))
        self.streams = [[] for _ in STREAMS]
        self.counts = [0] * len(STREAMS)
        self.copied = self.last_note = self.noted = self.struck = self.tokens_in_bar = 0
