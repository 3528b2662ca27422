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
        self._response = _response_spectra(room, sample_rate, block_frames)  # (block + 1, partitions, 2)
        self._block = block_frames
        self._partitions = int(self._response.shape[1])
        # the delay line twice over, so that all of it, newest first, is always one slice
        self._past = np.zeros((block_frames + 1, 1, 2 * self._partitions), np.complex64)
        self._before = np.zeros(block_frames, np.float32)
        self._place = 0
        self._quiet = self._partitions + 1
        """Silent blocks in a row up to now."""

    @property
    def rings(self) -> bool:
        """Whether the room still answers to something."""
        return self._quiet <= self._partitions

    def process(self, send: Audio) -> Audio:
        """Return the room's answer, (2, block), to the next block of its send, (block,)."""
        heard = bool(np.any(send))
        self._quiet = 0 if heard else self._quiet + 1
        if not self.rings:
            return np.zeros((2, self._block), np.float32)
        self._place = (self._place - 1) % self._partitions
        spectrum = np.fft.rfft(np.concatenate([self._before, send]))
        self._past[:, 0, self._place] = self._past[:, 0, self._place + self._partitions] = spectrum
        self._before = send.copy()
        # a small product for each frequency: three times as fast as multiplying and adding arrays
        answer = np.matmul(self._past[:, :, self._place : self._place + self._partitions], self._response)[:, 0, :]
        return np.fft.irfft(answer.T, 2 * self._block)[:, self._block :].astype(np.float32)


@functools.lru_cache(maxsize=8)
def _response_spectra(room: Room, sample_rate: int, block: int) -> npt.NDArray[np.complex64]:
    """Return the spectra of the response's partitions: (block + 1, partitions, 2)."""
    response = impulse_response(room, sample_rate) * np.float32(10.0 ** (room.level_db / 20.0))
    partitions = -(-response.shape[1] // block)
    padded = np.zeros((2, partitions * block), np.float32)
    padded[:, : response.shape[1]] = response
    found = np.fft.rfft(padded.reshape(2, partitions, block), 2 * block, axis=2)
    spectra = np.ascontiguousarray(found.transpose(2, 1, 0)).astype(np.complex64)
    spectra.setflags(write=False)  # shared by the cache
    return spectra
