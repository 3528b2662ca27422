"""The room of `gamemusic.audio.reverb`, block by block, for music that is made while it is heard.

Uniformly partitioned convolution in the frequency domain (Stockham 1966; the delay line of spectra as in Armelloni,
Giottoli and Farina, 2003): the answer to a block is complete when the block is, so nothing is delayed.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from gamemusic.audio.reverb import impulse_response
from gamemusic.score.orchestration import Room

__all__ = ["Convolver"]

Audio = npt.NDArray[np.float32]


class Convolver:
    """A room with a memory.

    Args:
        room: As in `gamemusic.audio.reverb.wet`.
        sample_rate: In hertz.
        block_frames: Length of every block.
    """

    def __init__(self, room: Room, sample_rate: int, block_frames: int) -> None:
        self._response = _response_spectra(room, sample_rate, block_frames)  # (2, partitions, block + 1)
        self._block = block_frames
        partitions = self._response.shape[1]
        self._past = np.zeros((partitions, block_frames + 1), np.complex64)
        self._before = np.zeros(block_frames, np.float32)
        self._place = 0
        self._quiet = partitions + 1
        """Silent blocks in a row up to now."""

    @property
    def rings(self) -> bool:
        """Whether the room still answers to something."""
        return bool(self._quiet <= len(self._past))

    def process(self, send: Audio) -> Audio:
        """Return the room's answer, (2, block), to the next block of its send, (block,)."""
        heard = bool(np.any(send))
        self._quiet = 0 if heard else self._quiet + 1
        if not self.rings:
            return np.zeros((2, self._block), np.float32)
        self._past[self._place] = np.fft.rfft(np.concatenate([self._before, send]))
        self._before = send.copy()
        # newest first, in two runs round the end of the delay line
        place, partitions = self._place, len(self._past)
        answer = np.einsum("kf,ekf->ef", self._past[place::-1], self._response[:, : place + 1])
        if place + 1 < partitions:
            answer += np.einsum("kf,ekf->ef", self._past[:place:-1], self._response[:, place + 1 :])
        self._place = (place + 1) % partitions
        return np.fft.irfft(answer, 2 * self._block)[:, self._block :].astype(np.float32)


@functools.lru_cache(maxsize=8)
def _response_spectra(room: Room, sample_rate: int, block: int) -> npt.NDArray[np.complex64]:
    """Return the response's partitions, newest first, as the delay line wants them: (2, partitions, block + 1)."""
    response = impulse_response(room, sample_rate) * np.float32(10.0 ** (room.level_db / 20.0))
    partitions = -(-response.shape[1] // block)
    padded = np.zeros((2, partitions * block), np.float32)
    padded[:, : response.shape[1]] = response
    spectra = np.fft.rfft(padded.reshape(2, partitions, block), 2 * block, axis=2).astype(np.complex64)
    spectra.setflags(write=False)  # shared by the cache
    return spectra
