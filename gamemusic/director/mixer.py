"""Mixer: decks -> the sound that is read, and the time that passes by reading."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gamemusic.audio.loudness import db_to_amplitude
from gamemusic.director.bell import Bell
from gamemusic.director.deck import Deck, Mark
from gamemusic.director.fader import Fader
from gamemusic.director.interpreter import StillLock, keep, uncollected
from gamemusic.errors import GameMusicError

__all__ = ["STEP_FRAMES", "Counters", "Mixer", "describe_error"]

logger = logging.getLogger(__name__)

Audio = npt.NDArray[np.float32]

STEP_FRAMES = 240
"""Frames mixed at once. NumPy hands the interpreter over while it works on more than 500 numbers, and to get it back
takes as long as the game's threads like; with fewer the reader keeps it from the first frame to the last."""
_LIMIT = db_to_amplitude(-0.5)
"""Highest sample that leaves the mixer."""
_RELEASE_SECONDS = 1.5
"""Time in which the limiter lets go by 6 dB or so."""
_UNDER_SECONDS = 0.15
"""Time in which the music steps back under a stinger, and forth again."""
_KEPT_ERRORS = 16
_CLICK_FRAMES = 512
"""Shortest fade of the whole sound: about 10 ms."""


@dataclass(slots=True)
class Counters:
    """What happened so far."""

    frames: int = 0
    """Frames read, silence and pauses included; 64 bits and more."""
    made_late: int = 0
    """Blocks that the reader had to make itself, since they were not ready."""
    limited: int = 0
    """Reads that the limiter turned down."""
    late_repeats: int = 0
    """Phrases that were repeated because the next one was not composed yet."""
    composed: int = 0
    """Phrases, bridges and stingers composed."""
    failed: int = 0
    """Jobs of the composer that ended with an error, see the log."""
    moves: int = 0
    """Changes of mood that were heard."""
    bridges: int = 0
    """Changes of mood that had a bridge."""
    errors: list[str] = field(default_factory=list)
    """The latest errors, each once."""

    def note(self, error: BaseException | str) -> None:
        """Add to the errors; one that is there already becomes the latest."""
        text = error if isinstance(error, str) else describe_error(error)
        with contextlib.suppress(ValueError):
            self.errors.remove(text)
        self.errors.append(text)
        del self.errors[:-_KEPT_ERRORS]


class Mixer:
    """Sums decks and keeps the time.

    One thread reads; another one may make sound ahead of it (`run_ahead`). Both make blocks under `lock`, which nobody
    else holds for longer than a few list operations, so reading never waits for the composer.

    Args:
        sample_rate: In hertz.
        ahead_frames: How much sound is made ahead.
        tell: Called with each mark when it is heard; must return at once.
        alone: Whether nobody calls `run_ahead`, so that the reader also frees what has ended.
    """

    def __init__(
        self, sample_rate: int, ahead_frames: int, tell: Callable[[Mark], None], *, alone: bool = False
    ) -> None:
        self.sample_rate, self._alone = sample_rate, alone
        self.lock = StillLock()
        """Held while blocks are made and while decks are put in or cut."""
        self.position = 0
        """Frame of the director's life that is read next; stands still in a pause."""
        self.counters = Counters()
        self.now: Mark | None = None
        """The last mark that was heard, but for those of stingers."""
        self.volume = Fader(1.0)
        self.ducking = Fader(1.0)
        self.pausing = Fader(1.0)
        self.under_gain = 1.0
        """Gain of the music under a stinger."""
        self._under = Fader(1.0)
        self.decks: tuple[Deck, ...] = ()
        self._ahead, self._tell = ahead_frames, tell
        self._read_lock = threading.Lock()
        self._wake, self._closed = Bell(), False
        self._frozen = False
        self._limiter = 1.0
        self._largest = 0
        self._retired: deque[Deck] = deque()

    # what the reader does -------------------------------------------------------------------------------------------

    def read(self, frames: int) -> Audio:
        """Return the next frames, float32, (frames, 2), within -1..1; silence where nothing plays."""
        with uncollected, self._read_lock:
            return self._read(frames)

    def _read(self, frames: int) -> Audio:
        self._largest = max(frames, self._largest * 15 // 16)
        sound = np.empty((frames, 2), np.float32)  # `zeros` hands the interpreter over, too
        done = 0
        while done < frames:
            if self._frozen or self._closed:
                break
            # at the same places however much is read at a time, so that the limiter does the same, too
            step = min(frames - done, STEP_FRAMES - self.position % STEP_FRAMES)
            if self.pausing.target == 0.0:
                # the pause begins as soon as the fade has ended, not with the next read
                step = min(step, self.pausing.left or 64)
            part = sound[done : done + step]
            part.fill(0.0)
            self._mix(part)
            if self.pausing.target == 0.0 and self.pausing.settled and self.pausing.value == 0.0:
                self._frozen = True
            done += step
        sound[done:] = 0.0
        self.counters.frames += frames
        if self._alone:
            self._free()
        elif any(deck.head - self.position < self._ahead // 2 for deck in self.decks):
            self._wake.ring()  # not at every read: waking a thread costs more than mixing
        return sound

    def _mix(self, sound: Audio) -> None:
        frames, start = len(sound), self.position
        end = start + frames
        decks = [deck for deck in self.decks if deck.start < end]
        for deck in decks:
            self._ensure(deck, end)
            if not deck.over:
                self._add(deck, sound, start, end)
        over = [deck for deck in decks if deck.over]
        wanted = self.under_gain if any(start < deck.placed[-1].end for deck in over) else 1.0
        if wanted != self._under.target:
            self._under.go(wanted, round(_UNDER_SECONDS * self.sample_rate))
        _scale(sound, self._under.take(frames))
        for deck in over:
            self._add(deck, sound, start, end)
        self.position = end
        self._hear(end)
        for fader in (self.volume, self.ducking, self.pausing):
            _scale(sound, fader.take(frames))
        self._limit(sound)

    def _ensure(self, deck: Deck, end: int) -> None:
        while deck.head < end and not deck.done:
            with self.lock:
                if deck.head < end and not deck.done:
                    self._make_block(deck)
                    self.counters.made_late += 1

    def _make_block(self, deck: Deck) -> None:
        try:
            deck.make_block()
        except Exception as error:  # the game's sound must go on, whatever is wrong with this deck
            logger.exception("a block could not be made; the deck is taken away")
            self.counters.note(error)
            deck.done = True

    def _add(self, deck: Deck, sound: Audio, start: int, end: int) -> None:
        first = max(start, deck.start)
        gain = deck.take_gain(first, end - first)
        for block in tuple(deck.blocks):
            begin, stop = max(first, block.start), min(end, block.start + len(block.dry))
            if begin < stop:
                inside = slice(begin - block.start, stop - block.start)
                part = block.dry[inside] + block.wet[inside]
                _scale(part, gain if isinstance(gain, float) else gain[begin - first : stop - first])
                sound[begin - start : stop - start] += part
        while deck.blocks and deck.blocks[0].start + len(deck.blocks[0].dry) <= end:
            deck.blocks.popleft()

    def _hear(self, end: int) -> None:
        for deck in self.decks:
            while deck.marks and deck.marks[0].frame < end:
                mark = deck.marks.popleft()
                if mark.frame < deck.cut_frame:
                    self.now = self.now if deck.over else mark
                    self._tell(mark)

    def _limit(self, sound: Audio) -> None:
        highest = float(np.max(np.abs(sound), initial=0.0))
        if self._limiter == 1.0 and highest <= _LIMIT:
            return
        before, frames = self._limiter, len(sound)
        eased = min(1.0, before * 2.0 ** (frames / (_RELEASE_SECONDS * self.sample_rate)))
        after = min(eased, _LIMIT / max(highest, 1e-9))
        if after < before:
            # down within a millisecond or so; what is above until then is cut
            gains = np.full(frames, after, np.float32)
            steep = min(frames, 64)
            gains[:steep] = np.linspace(before, after, steep, dtype=np.float32)
            self.counters.limited += 1
        else:
            gains = np.linspace(before, after, frames, dtype=np.float32)
        sound *= gains[:, None]
        np.clip(sound, -1.0, 1.0, out=sound)
        self._limiter = after

    # what the maker does --------------------------------------------------------------------------------------------

    def run_ahead(self) -> None:
        """Make sound ahead until `shut`; for a thread of its own."""
        while not self._closed:
            while not self._closed and self.make_ahead():
                pass
            self._free()
            # twice in the time that is made ahead, should nobody read meanwhile
            self._wake.wait(self._ahead / self.sample_rate / 2 + 0.01)
        self._drop()

    def make_ahead(self) -> bool:
        """Make one block of the deck that needs it most; return whether there may be more to make."""
        until = self.position + self._ahead
        waiting = [deck for deck in self.decks if deck.head < until and not deck.done]
        if not waiting or self._frozen:
            return False
        deck = min(waiting, key=lambda one: one.head)
        late = deck.head - self.position < self._ahead // 2
        with self.lock, keep() if late else contextlib.nullcontext():
            if not self._closed and not deck.done and deck.head < until:
                self._make_block(deck)
        return True

    # what steers ----------------------------------------------------------------------------------------------------

    @property
    def soonest(self) -> int:
        """The first frame at which something new may begin, so that it is not in the past when it is ready."""
        return self.position + self._largest + 128

    def add(self, deck: Deck) -> None:
        """Put a deck in; under `lock`."""
        if not self._closed:
            self.decks = (*self.decks, deck)
            self._wake.ring()

    def remove(self, deck: Deck) -> None:
        """Take a deck out at once; under `lock`."""
        self.decks = tuple(one for one in self.decks if one is not deck)

    def retire(self, deck: Deck) -> None:
        """Close a deck that was taken out, as soon as nobody can be reading it."""
        if not self._closed:  # afterwards it is freed when the last who has it lets go
            self._retired.append(deck)

    def pause(self) -> None:
        """Fade out and stand still."""
        self.pausing.go(0.0, _CLICK_FRAMES)

    def resume(self) -> None:
        """Go on where it was paused."""
        self._frozen = False
        self.pausing.go(1.0, _CLICK_FRAMES)
        self._wake.ring()

    @property
    def paused(self) -> bool:
        """Whether it stands still, or is about to."""
        return self.pausing.target == 0.0

    def shut(self) -> None:
        """End; later reads give silence. Waits for nothing, and may be called anywhere."""
        self._closed = True
        self._wake.ring()
        if self._alone:
            self._drop()

    def _drop(self) -> None:
        # without a lock: who is reading has hold of what it reads, and it is freed when the last one lets go
        self.decks, self._retired = (), deque()

    def _free(self) -> None:
        """Close the decks that have fallen silent, when nobody can be reading them any more."""
        gone = [deck for deck in self.decks if deck.done and deck.head <= self.position]
        retired = self._retired
        if not gone and not retired:
            return
        with self.lock:
            for deck in gone:
                self.remove(deck)
            while retired:
                gone.append(retired.popleft())
        if not self._alone:
            with self._read_lock:  # whoever was reading when they were taken out has read; closing takes milliseconds
                pass
        for deck in gone:
            deck.close()


def describe_error(error: BaseException) -> str:
    """Return what `Director.errors` says of an error."""
    if isinstance(error, GameMusicError):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _scale(sound: Audio, gain: float | Audio) -> None:
    if isinstance(gain, float):
        if gain != 1.0:
            sound *= np.float32(gain)
    else:
        sound *= gain[:, None]
