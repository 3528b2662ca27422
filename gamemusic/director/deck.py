"""Deck: one style's players with their synthesizer and room, playing take after take."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gamemusic.audio.balance import pan_gains, preset_of, stem_gain_db
from gamemusic.audio.convolver import Convolver
from gamemusic.audio.loudness import db_to_amplitude
from gamemusic.audio.priming import prime
from gamemusic.audio.synth import Synth
from gamemusic.director.fader import Fader
from gamemusic.director.player import NEVER_FRAME, Player
from gamemusic.director.take import Take, choose_level
from gamemusic.score.orchestration import DEFAULT_ORCHESTRATION, Orchestration
from gamemusic.score.phrase import Role

__all__ = ["Block", "Deck", "Mark", "Placed", "block_frames"]

Audio = npt.NDArray[np.float32]

_ROLES = tuple(Role)
_TAIL_SECONDS = 12.0
"""How long an ending may ring before the deck is taken away."""
_CUT_SECONDS = 0.03
"""How fast sound ends that was made ahead of a change nobody knew of."""
_KEPT_FRAMES = 512
"""Frames rendered at once: for so long nobody else gets the interpreter."""
_KEPT_TAKES = 4
_VOICES = 256
"""Voices at once; six roles use about a hundred."""

Follow = Callable[[int], "tuple[Take, int] | None"]


def block_frames(sample_rate: int) -> int:
    """Return how many frames decks make at once: about 43 ms, a multiple of 64."""
    return 1024 if sample_rate < 32_000 else 2048 if sample_rate <= 64_000 else 4096


@dataclass(frozen=True, slots=True)
class Placed:
    """A take on the deck's time line."""

    start: int
    """Frame of the director's life at which its first bar begins (or would have, when it is joined later)."""
    take: Take

    @property
    def end(self) -> int:
        """First frame after it."""
        return self.start + self.take.frames


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that is to be told when it is heard."""

    frame: int
    bar: int
    """Bar of the take, from 0."""
    placed: Placed
    first: bool
    """Whether a take begins here."""


@dataclass(frozen=True, slots=True)
class Block:
    """Sound that is ready: frames, left and right."""

    start: int
    dry: Audio
    wet: Audio


class Deck:
    """Makes sound block by block, just ahead of when it is heard.

    All but `cut`, `blocks`, `marks` and the faders belongs to one thread at a time.

    Args:
        orchestration: Who plays.
        soundfont: With which sounds.
        sample_rate: In hertz.
        hysteresis: See `choose_level`.
        fade_beats: Felt beats in which a layer fades in or out.
    """

    def __init__(
        self,
        orchestration: Orchestration | None,
        soundfont: Path,
        sample_rate: int,
        *,
        hysteresis: float = 0.03,
        fade_beats: float = 1.0,
    ) -> None:
        players = orchestration or DEFAULT_ORCHESTRATION
        self.sample_rate, self.block = sample_rate, block_frames(sample_rate)
        self._hysteresis, self._fade_beats = hysteresis, fade_beats
        self._rows = np.zeros((len(_ROLES), self.block), np.float32)
        self._sides = np.zeros((2, len(_ROLES)), np.float32)
        self._sends = np.zeros(len(_ROLES), np.float32)
        self._synth = Synth(
            soundfont, sample_rate=sample_rate, channels=len(_ROLES), polyphony=_VOICES, keep_interpreter=True
        )
        try:
            for channel, role in enumerate(_ROLES):
                instrument = players.instruments.get(role)
                if instrument is None:
                    continue
                self._synth.select(channel, *preset_of(role, instrument))
                gain = db_to_amplitude(stem_gain_db(role, instrument, soundfont))
                self._sides[:, channel] = [gain * side for side in pan_gains(instrument.pan)]
                self._sends[channel] = 0.5 * float(self._sides[:, channel].sum()) * instrument.reverb
            prime(self._synth)
        except BaseException:
            self._synth.close()
            raise
        self._room = Convolver(players.room, sample_rate, self.block)
        self._players = [Player(self._synth, channel, role) for channel, role in enumerate(_ROLES)]
        self.stems = {role: Fader(1.0) for role in _ROLES}
        """Gains of the roles that the game asks for."""
        self.gain = Fader(1.0)
        """Gain of the whole deck, moved where it is heard."""
        self.over = False
        """Whether the rest of the music steps back under it."""
        self.blocks: deque[Block] = deque()
        self.marks: deque[Mark] = deque()
        self.placed: deque[Placed] = deque(maxlen=_KEPT_TAKES)
        self.start = 0
        self.head = 0
        """First frame that is not made yet."""
        self.done = False
        """Whether nothing of it will be heard after `head`."""
        self._cut, self._tail = NEVER_FRAME, 0
        self._fades: list[tuple[int, int, float]] = []
        self._level: int | None = None
        self._pulse = 0
        self._follow: Follow = _nothing
        self._intensity: Callable[[], float] = _middling

    def begin(
        self,
        start: int,
        follow: Follow,
        intensity: Callable[[], float],
        *,
        first: Take,
        bar: int = 0,
    ) -> None:
        """Play from frame ``start`` of the director's life.

        Args:
            start: When.
            follow: Called with a frame when a take ends there; returns the next one and from which bar, None to end.
            intensity: Asked at each felt beat.
            first: What is played first.
            bar: From which of its bars.
        """
        self.start = self.head = start
        self.placed.clear()
        self.marks.clear()
        self._follow, self._intensity = follow, intensity
        self._place(first, start, bar)

    def cut(self, frame: int) -> None:
        """End the music at ``frame``; what rings goes on ringing. Sound that was made already is faded there."""
        self._cut = frame
        if frame >= self.head:
            return
        fade = max(1, round(_CUT_SECONDS * self.sample_rate))
        slope = np.linspace(1.0, 0.0, fade, dtype=np.float32)[:, None]
        for block in list(self.blocks):
            begin = frame - block.start
            if begin + fade <= 0:
                block.dry[:] = 0.0
            elif begin < len(block.dry):
                inside = max(0, begin)
                stop = min(len(block.dry), begin + fade)
                block.dry[inside:stop] *= slope[inside - begin : stop - begin]
                block.dry[stop:] = 0.0
        for player in self._players:
            player.stop()
        self._sides[:] = 0.0  # what the synthesizer still rings was silenced above
        self._sends[:] = 0.0
        self._tail = max(1, self._tail)

    def go_on(self) -> None:
        """Take back a `cut` that has not come yet, and its fade."""
        self._cut, self._fades = NEVER_FRAME, []
        self.gain.go(1.0, 64)

    def fade_in(self, frame: int, frames: int) -> None:
        """Begin at nothing and be there after ``frames``, from ``frame`` on."""
        self.gain.value = self.gain.target = 0.0
        self._fades = [(frame, frames, 1.0)]

    def fade_out(self, frame: int, frames: int) -> None:
        """Fade away within ``frames``, from ``frame`` on."""
        self._fades = [(frame, frames, 0.0)]

    def take_gain(self, start: int, frames: int) -> float | Audio:
        """Return the deck's gain where it is heard, see `Fader.take`."""
        while self._fades and start + frames > self._fades[0][0]:
            _, length, target = self._fades.pop(0)
            self.gain.go(target, length)
        return self.gain.take(frames)

    @property
    def cut_frame(self) -> int:
        """Where it ends; far away while it plays."""
        return self._cut

    def close(self) -> None:
        """Free the synthesizer."""
        self.done = True
        self._synth.close()

    def make_block(self) -> None:
        """Make the next block."""
        base, place, rows = self.head, 0, self._rows
        while place < self.block:
            now = base + place
            if not self._tail:
                self._act(now)
            step = min(self.block - place, self._next_event(now) - now, _KEPT_FRAMES)
            self._synth.render(rows, place, step)
            for channel, player in enumerate(self._players):
                self._shade(rows[channel, place : place + step], player, step)
            place += step
        dry = np.ascontiguousarray((self._sides @ rows).T)
        wet = np.ascontiguousarray(self._room.process(self._sends @ rows).T)
        self.blocks.append(Block(base, dry, wet))
        self.head = base + self.block
        if self._tail:
            self._tail += self.block
            rings = bool(self._synth.sounding()) and bool(np.any(self._sides))
            if (not rings and not self._room.rings) or self._tail > _TAIL_SECONDS * self.sample_rate:
                self.done = True

    def boundary(self, at: str, earliest: int) -> tuple[int, Placed, int]:
        """Return the first boundary at ``earliest`` or later: (frame, the take before it, its bars played until then).

        Args:
            at: ``beat``, ``bar`` or ``phrase``.
            earliest: Frame of the director's life.
        """
        entries = [entry for entry in self.placed if entry.end > earliest] or [self.placed[-1]]
        entry = entries[0]
        while True:
            for frame in self._boundaries(entry.take, at):
                if entry.start + frame >= earliest:
                    bars = [mark for mark in entry.take.bar_frames if mark <= frame]
                    return entry.start + frame, entry, len(bars) - 1
            entry = Placed(entry.end, entry.take)  # it is asked for what lies behind all that is known: a repeat, then

    def heard_at(self, frame: int) -> Placed:
        """Return the take that sounds at ``frame``."""
        for entry in self.placed:
            if entry.start <= frame < entry.end:
                return entry
        return self.placed[-1]

    @staticmethod
    def _boundaries(take: Take, at: str) -> tuple[int, ...]:
        if at == "phrase":
            return (take.frames,)
        return take.bar_frames[1:] if at == "bar" else take.pulses[1:]

    def _act(self, now: int) -> None:
        """Do all that happens at ``now``."""
        if now >= self._cut:
            for player in self._players:
                player.stop()
            self._tail = 1
            return
        entry = self.placed[-1]
        if now >= entry.end:
            for player in self._players:
                player.finish(entry.take.frames)
            following = self._follow(entry.end)
            if following is None:
                self._cut = now
                self._tail = 1
                return
            self._place(following[0], now, following[1])
            entry = self.placed[-1]
        local = now - entry.start
        if local >= entry.take.pulses[self._pulse]:
            self._beat(entry, local)
        for player in self._players:
            player.apply(local)

    def _next_event(self, now: int) -> int:
        if self._tail:
            return NEVER_FRAME
        entry = self.placed[-1]
        soon = min(player.next_frame() for player in self._players)
        return max(now + 1, min(entry.start + min(soon, entry.take.pulses[self._pulse]), entry.end, self._cut))

    def _place(self, take: Take, start: int, bar: int) -> None:
        offset = take.bar_frames[bar % take.phrase.bars]
        entry = Placed(start - offset, take)
        self.placed.append(entry)
        self._level = choose_level(self._intensity(), self._level, self._hysteresis)
        self._pulse = 1 + take.pulses.index(offset)
        least = take.pulses[1]
        for player in self._players:
            player.begin(take.levels[self._level].get(player.role), offset, least=least, fade=0)
        self.marks.append(Mark(start, take.pulses.index(offset) // take.pulses_a_bar, entry, first=True))

    def _beat(self, entry: Placed, local: int) -> None:
        take, pulse = entry.take, self._pulse
        if pulse % take.pulses_a_bar == 0 and local < take.frames:
            self.marks.append(Mark(entry.start + take.pulses[pulse], pulse // take.pulses_a_bar, entry, first=False))
        self._pulse = min(pulse + 1, len(take.pulses) - 1)
        level = choose_level(self._intensity(), self._level, self._hysteresis)
        if level == self._level:
            return
        self._level = level
        beat = take.pulses[1]
        for player in self._players:
            line = take.levels[level].get(player.role)
            player.begin(line, local, least=beat, fade=max(1, round(self._fade_beats * beat)))

    def _shade(self, row: Audio, player: Player, frames: int) -> None:
        stem = self.stems[player.role]
        for fader in (player.layer, stem):
            gain = fader.take(frames)
            if isinstance(gain, float):
                if gain != 1.0:
                    row *= np.float32(gain)
            else:
                row *= gain
        player.settle()


def _nothing(_frame: int) -> tuple[Take, int] | None:
    return None


def _middling() -> float:
    return 0.5
