"""Player: one role of a deck, one channel of its synthesizer."""

from __future__ import annotations

from gamemusic.audio.synth import Synth
from gamemusic.director.fader import Fader
from gamemusic.director.take import Line
from gamemusic.score.phrase import Role

__all__ = ["NEVER_FRAME", "Player"]

NEVER_FRAME = 1 << 62
"""Later than any frame: at 96 kHz it is reached after a million years."""


class Player:
    """Plays a line, and changes to another one in the middle of it without a note that sticks.

    Args:
        synth: Whose channel it plays.
        channel: Which one.
        role: What it plays.
    """

    def __init__(self, synth: Synth, channel: int, role: Role) -> None:
        self._synth, self._channel, self.role = synth, channel, role
        self.layer = Fader(0.0)
        """Fades the layer in and out as intensity asks for."""
        self.line: Line | None = None
        self._leaving = False
        self._index = self._control = 0
        self._sounding: dict[int, int] = {}  # pitch -> end
        self._next_end = NEVER_FRAME

    def begin(self, line: Line | None, frame: int, *, least: int, fade: int) -> None:
        """Play ``line`` from ``frame`` on, in place of what was played.

        Notes that sound in both go on; others end. Notes that began earlier are struck when ``least`` frames of them
        are left, unless they sound already.

        Args:
            line: What to play; None for silence, into which a fading layer goes on with its old line.
            frame: Frame of the take.
            least: Shortest rest of a note that is worth being struck late.
            fade: Frames in which the layer fades in or out; 0 for a new take, where entrances are composed.
        """
        if line is None:
            if self.line is not None and not self._leaving:
                self._leaving = True
                self.layer.go(0.0, max(1, fade))
            if fade == 0:
                self.stop()
            return
        entering = self.line is None or self._leaving
        if self.line is None and fade > 1:
            self.layer.value = 0.0  # silent by now, whatever its gain was when it last played
        self.line, self._leaving = line, False
        self._index = line.first_from(frame)
        self._control = 0
        across = line.across(frame) if frame else {}
        for pitch in list(self._sounding):
            if pitch in across:
                self._sounding[pitch] = across.pop(pitch)[0]
            else:
                self._off(pitch)
        self._set_controls(frame)
        for pitch, (end, velocity) in across.items():
            if end - frame >= least:
                self._on(pitch, end, velocity)
        self._find_next_end()
        if entering:
            self.layer.go(1.0, max(1, fade))

    def next_frame(self) -> int:
        """Return the frame at which something happens next."""
        if self.line is None:
            return NEVER_FRAME
        line, soon = self.line, self._next_end
        if self._index < len(line.starts):
            soon = min(soon, line.starts[self._index])
        if self._control < len(line.controls):
            soon = min(soon, line.controls[self._control][0])
        return soon

    def apply(self, frame: int) -> None:
        """Do what happens at ``frame``: ends, then controllers, then beginnings."""
        line = self.line
        if line is None:
            return
        changed = False
        if self._next_end <= frame:
            for pitch in [pitch for pitch, end in self._sounding.items() if end <= frame]:
                self._off(pitch)
            changed = True
        self._set_controls(frame)
        while self._index < len(line.starts) and line.starts[self._index] <= frame:
            self._on(line.pitches[self._index], line.ends[self._index], line.velocities[self._index])
            self._index += 1
            changed = True
        if changed:
            self._find_next_end()

    def finish(self, frame: int) -> None:
        """End a take at its last frame: whatever has not ended yet ends."""
        for pitch, end in list(self._sounding.items()):
            if end <= frame:
                self._off(pitch)
        # what is left over was struck by a line that was longer; it ends with the take, too
        for pitch in list(self._sounding):
            self._off(pitch)
        self._next_end = NEVER_FRAME

    def stop(self) -> None:
        """End all notes and forget the line."""
        for pitch in list(self._sounding):
            self._off(pitch)
        self.line, self._leaving, self._next_end = None, False, NEVER_FRAME

    def settle(self) -> None:
        """Forget a line whose layer has faded out."""
        if self._leaving and self.layer.settled and self.layer.value == 0.0:
            self.stop()

    def _set_controls(self, frame: int) -> None:
        if self.line is None:
            return
        controls = self.line.controls
        while self._control < len(controls) and controls[self._control][0] <= frame:
            _, controller, value = controls[self._control]
            self._synth.control(self._channel, controller, value)
            self._control += 1

    def _on(self, pitch: int, end: int, velocity: int) -> None:
        if pitch in self._sounding:
            self._synth.note_off(self._channel, pitch)
        self._synth.note_on(self._channel, pitch, velocity)
        self._sounding[pitch] = end

    def _off(self, pitch: int) -> None:
        self._synth.note_off(self._channel, pitch)
        del self._sounding[pitch]

    def _find_next_end(self) -> None:
        self._next_end = min(self._sounding.values(), default=NEVER_FRAME)
