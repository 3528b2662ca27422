"""Mixdown: what the synthesizer plays, one row a part, into a mix or into stems while it is played.

All that follows the synthesizer is linear, so a row can be added to its mix at once and need not be kept: memory is
that of the sound itself and, of a mix, of one more row for the room. What is written again at the same place replaces
what was there, since a loop is played round its own length.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from gamemusic.audio.reverb import add_wet
from gamemusic.score.orchestration import Room

__all__ = ["Mixdown", "Recorder", "Stemdown"]

Audio = npt.NDArray[np.float32]


class Recorder(Protocol):
    """What takes rows as they are played."""

    def write(self, start: int, rows: Audio) -> None:
        """Take the frames from ``start`` on, of shape (parts, frames); they replace what was there."""

    def fade_out(self, start: int, stop: int) -> None:
        """Bring what was written to silence, from frame ``start`` to ``stop``."""


class _Centre:
    """Sums of what is written, to take out a constant offset.

    Some samples carry one; it costs room below full scale, and clicks when music stops.
    """

    def __init__(self) -> None:
        self._sums: dict[int, npt.NDArray[np.float64]] = {}

    def note(self, start: int, rows: Audio) -> None:
        self._sums[start] = rows.sum(axis=1, dtype=np.float64)

    def means(self, frames: int) -> npt.NDArray[np.float64]:
        """Return each row's mean over ``frames``; pieces count in the order in which they were first written."""
        return np.asarray(sum(self._sums.values()) / frames, np.float64)


class Mixdown:
    """A mix of all parts.

    Args:
        frames: How many it holds.
        gains: Of each part's left and right side, shape (parts, 2).
        sends: How much of each part goes to the room, shape (parts,).
    """

    def __init__(self, frames: int, gains: Audio, sends: Audio) -> None:
        self._gains, self._sends = gains, sends
        self._sound = np.zeros((frames, 2), np.float32)
        self._send = np.zeros(frames, np.float32)
        self._centre = _Centre()

    def write(self, start: int, rows: Audio) -> None:
        stop = start + rows.shape[1]
        np.matmul(rows.T, self._gains, out=self._sound[start:stop])
        np.matmul(rows.T, self._sends, out=self._send[start:stop])
        self._centre.note(start, rows)

    def fade_out(self, start: int, stop: int) -> None:
        slope = np.linspace(1.0, 0.0, stop - start, dtype=np.float32)
        self._sound[start:stop] *= slope[:, None]
        self._send[start:stop] *= slope

    def centre(self) -> None:
        """Take out the parts' constant offsets."""
        means = self._centre.means(len(self._sound))
        self._sound -= (means @ self._gains).astype(np.float32)
        self._send -= np.float32(means @ self._sends)

    def finish(self, room: Room, sample_rate: int, *, dry_frames: int, wraps: bool) -> list[Audio]:
        """Add the room and return the sound, (frames, 2), alone in a list.

        Args:
            room: Answers to the first ``dry_frames``.
            sample_rate: In hertz.
            dry_frames: How many were played.
            wraps: Whether the answer goes on at the beginning.
        """
        add_wet(self._sound, self._send[:dry_frames], room, sample_rate, wraps=wraps)
        del self._send
        return [self._sound]


class Stemdown:
    """A stem of each part.

    Args: as `Mixdown`.
    """

    def __init__(self, frames: int, gains: Audio, sends: Audio) -> None:
        self._gains, self._sends = gains, sends
        self._sounds = [np.zeros((frames, 2), np.float32) for _ in sends]
        self._centre = _Centre()

    def write(self, start: int, rows: Audio) -> None:
        # until it is finished, a stem's left side holds its row
        for sound, row in zip(self._sounds, rows, strict=True):
            sound[start : start + len(row), 0] = row
        self._centre.note(start, rows)

    def fade_out(self, start: int, stop: int) -> None:
        slope = np.linspace(1.0, 0.0, stop - start, dtype=np.float32)
        for sound in self._sounds:
            sound[start:stop, 0] *= slope

    def centre(self) -> None:
        """Take out the parts' constant offsets."""
        for sound, mean in zip(self._sounds, self._centre.means(len(self._sounds[0])), strict=True):
            sound[:, 0] -= np.float32(mean)

    def finish(self, room: Room, sample_rate: int, *, dry_frames: int, wraps: bool) -> list[Audio]:
        """Place each part, add its share of the room, and return the stems, (frames, 2), in the order of the parts.

        Args: as `Mixdown.finish`.
        """
        for sound, gains, send in zip(self._sounds, self._gains, self._sends, strict=True):
            row = sound[:dry_frames, 0].copy()
            np.multiply(row[:, None], gains, out=sound[:dry_frames])
            row *= send
            add_wet(sound, row, room, sample_rate, wraps=wraps)
        return self._sounds
