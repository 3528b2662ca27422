"""A room made by code: an impulse response, and the convolution that lets it wrap round a loop's seam.

FluidSynth's reverb has free-running modulators, so no two passes of a loop would sound alike. A convolution has no
state of its own: of a periodic sound it is periodic, and of a sum it is the sum, so loops close and stems add up.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from gamemusic.audio.loudness import k_response
from gamemusic.score.orchestration import Room

__all__ = ["add_wet", "impulse_response", "wet"]

Audio = npt.NDArray[np.float32]

DECAY_DB = 72.0
"""Where the response is cut. With the room's usual level of -9 dB its end lies 81 dB below the dry sound."""

PREDELAY_SECONDS = 0.012
"""Silence before the diffuse part, which keeps attacks clear."""

EARLY = (
    (0.0113, 0.0137, 0.62), (0.0191, 0.0173, -0.55), (0.0262, 0.0283, 0.47), (0.0347, 0.0319, 0.41),
    (0.0421, 0.0463, -0.36), (0.0539, 0.0502, 0.30), (0.0617, 0.0668, -0.26),
)  # fmt: skip
"""Early reflections: seconds to the left and to the right ear, amplitude. Incommensurate, so that no pitch stands
out."""

BANDS_HZ = (250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
"""Borders of the bands that die away at rates of their own."""

LOW_CUT_HZ = 120.0
"""Below it the room falls silent: reverberating basses blur everything."""


def impulse_response(room: Room, sample_rate: int) -> Audio:
    """Return the room's response, shape (2, frames), the same for the same room and rate.

    It is scaled so that music (a pink spectrum, heard with K-weighting) sent to it whole comes back exactly as loud as
    it went in; `Room.level_db` and `Instrument.reverb` come on top, see `wet`.

    Args:
        room: ``seconds`` in which it falls by 60 dB; ``damping`` 0..1, at 1 the highest band falls five times as fast.
        sample_rate: In hertz.
    """
    return _impulse_response(float(room.seconds), float(room.damping), sample_rate)


def wet(send: Audio, room: Room, sample_rate: int, *, frames: int | None) -> Audio:
    """Return the room's answer to a send.

    Args:
        send: Shape (2, n): left and right, each already scaled by its instrument's send. The room hears their mean.
        room: Its ``level_db`` is how loud the answer is against a send of 1.
        sample_rate: In hertz.
        frames: Length of the loop, which must be ``n``: the answer wraps round, also when the response is longer than
            the loop. None for music that ends: the answer is as long as music and response.

    Returns:
        Shape (2, n), or (2, n + response - 1) for music that ends.
    """
    source = (0.5 * (send[0] + send[1])).astype(np.float32)
    longer = impulse_response(room, sample_rate).shape[1] - 1 if frames is None else 0
    answer = np.zeros((2, len(source) + longer), np.float32)
    add_wet(answer.T, source, room, sample_rate, wraps=frames is not None)
    return answer


def add_wet(sound: Audio, send: Audio, room: Room, sample_rate: int, *, wraps: bool) -> None:
    """Add the room's answer to a sound, with no more memory than a few responses take, however long it is.

    Args:
        sound: Shape (frames, 2), changed in place.
        send: What the room hears, shape (n,); no view of ``sound``.
        room: As in `wet`.
        sample_rate: In hertz.
        wraps: Whether what lies behind the end of ``sound`` goes on at its beginning, as in a loop. If not, ``sound``
            holds at least n + response - 1 frames.
    """
    response = impulse_response(room, sample_rate) * np.float32(10.0 ** (room.level_db / 20.0))
    for start, answer in _answers(send, response):
        if wraps:
            _add_round(sound, start, answer)
        else:
            sound[start : start + answer.shape[1]] += answer.T


def _answers(source: Audio, response: Audio) -> Iterator[tuple[int, Audio]]:
    """Yield (start, piece): the pieces, (rows, any length), add up to the linear convolution.

    That is of ``source`` (n) with each row of ``response`` (rows, m), and n + m - 1 long.
    """
    taps = response.shape[1]
    # blocks of a few response lengths: least work, and memory stays small however long the music is
    size = 1 << max(13, int(np.ceil(np.log2(2.5 * taps))))
    step = size - taps + 1
    spectrum = np.fft.rfft(response, size, axis=1)
    for start in range(0, len(source), step):
        block = source[start : start + step]
        answer = np.fft.irfft(spectrum * np.fft.rfft(block, size), size, axis=1)[:, : len(block) + taps - 1]
        yield start, answer.astype(np.float32, copy=False)


def _add_round(sound: Audio, start: int, piece: Audio) -> None:
    """Add a piece of shape (2, any length) from frame ``start`` on, going round as often as it takes."""
    frames, done, place = len(sound), 0, start % len(sound)
    while done < piece.shape[1]:
        part = piece[:, done : done + frames - place].T
        sound[place : place + len(part)] += part
        done, place = done + len(part), 0


@functools.lru_cache(maxsize=8)
def _impulse_response(seconds: float, damping: float, sample_rate: int) -> Audio:
    frames = max(64, round(seconds * DECAY_DB / 60.0 * sample_rate))
    times = np.arange(frames) / sample_rate
    diffuse = np.zeros((2, frames))
    borders = [b for b in BANDS_HZ if b < 0.45 * sample_rate]
    frequencies = np.asarray(np.fft.rfftfreq(frames, 1.0 / sample_rate), np.float64)
    for ear in range(2):
        spectrum = np.fft.rfft(_noise(ear, frames))
        for band in range(len(borders) + 1):
            share = damping * band / len(BANDS_HZ)
            decay = 10.0 ** (-3.0 * times / (seconds * (1.0 - 0.8 * share)))
            diffuse[ear] += np.fft.irfft(spectrum * _band(frequencies, borders, band), frames) * decay
    # the diffuse field needs a moment to build up; without it the room begins with a slap
    diffuse *= np.minimum(1.0, np.maximum(0.0, times - PREDELAY_SECONDS) / 0.02)
    diffuse /= np.sqrt(np.sum(diffuse**2, axis=1, keepdims=True)) + 1e-30
    response = diffuse
    for left, right, amplitude in EARLY:
        for ear, delay in enumerate((left, right)):
            place = round(delay * sample_rate)
            if place < frames and delay < seconds:
                response[ear, place] += 0.35 * amplitude
    fade = max(1, frames // 20)
    response[:, -fade:] *= np.linspace(1.0, 0.0, fade)
    response *= _music_gain(response, sample_rate)
    result = response.astype(np.float32)
    result.setflags(write=False)  # shared by the cache
    return result


def _noise(ear: int, frames: int) -> npt.NDArray[np.float64]:
    # raw output of the bit generator, whose stream numpy promises to keep; distributions may change between versions
    raw = np.random.PCG64(0x5EED + ear).random_raw(frames)
    return raw.astype(np.float64) / 2.0**63 - 1.0


def _band(frequencies: npt.NDArray[np.float64], borders: list[float], band: int) -> npt.NDArray[np.float64]:
    """Return the weight of one band: the weights of all bands add up to 1, but for the low cut."""

    def above(border: float) -> npt.NDArray[np.float64]:
        # raised cosine over one octave
        position = np.clip(np.log2(np.maximum(frequencies, 1e-9) / border) + 0.5, 0.0, 1.0)
        return np.asarray(0.5 - 0.5 * np.cos(np.pi * position))

    lower = above(borders[band - 1]) if band > 0 else above(LOW_CUT_HZ)
    upper = above(borders[band]) if band < len(borders) else np.zeros_like(frequencies)
    return np.asarray(lower - upper if band > 0 else lower * (1.0 - upper))


def _music_gain(response: npt.NDArray[np.float64], sample_rate: int) -> float:
    size = 1 << int(np.ceil(np.log2(response.shape[1])))
    frequencies = np.asarray(np.fft.rfftfreq(size, 1.0 / sample_rate), np.float64)
    audible = (frequencies >= 40.0) & (frequencies <= 16000.0)
    weight = np.zeros_like(frequencies)
    weight[audible] = np.abs(k_response(frequencies[audible], sample_rate)) ** 2 / frequencies[audible]
    power = np.mean(np.abs(np.fft.rfft(response, size, axis=1)) ** 2, axis=0)
    return float(np.sqrt(np.sum(weight) / (np.sum(power * weight) + 1e-30)))
