"""How loud music is heard, how loud a soundfont's instruments are, and what is silent.

Loudness is that of ITU-R BS.1770-4: K-weighting, means over 400 ms, gated. Its filters are given there for 48 kHz only;
the analogue prototypes used here for any rate are those of EBU's reference implementations.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

__all__ = [
    "amplitude_to_db",
    "db_to_amplitude",
    "k_response",
    "loudness",
    "peak",
    "short_loudness",
    "silent_bars",
    "true_peak",
]

Audio = npt.NDArray[np.float32]

SILENCE_LUFS = -70.0
"""Absolute gate of BS.1770; also what `loudness` answers for silence."""

OFFSET_DB = -0.691
"""BS.1770's constant, which makes a 997 Hz sine of full scale in one channel read -3.01 LUFS."""

SETTLING_SECONDS = 0.25
"""How long K-weighting remembers: its slowest pole, 38 Hz critically damped, falls by 500 dB in that time."""


def db_to_amplitude(level_db: float) -> float:
    """Return the factor for a level in dB."""
    return float(10.0 ** (level_db / 20.0))


def amplitude_to_db(amplitude: float) -> float:
    """Return the level in dB of a factor, at least -200."""
    return float(20.0 * np.log10(max(amplitude, 1e-10)))


def peak(audio: Audio) -> float:
    """Return the largest absolute sample, 0 for no frames."""
    return float(max(audio.max(), -audio.min())) if audio.size else 0.0


def true_peak(audio: Audio) -> float:
    """Return the largest absolute value between the samples, too: four times oversampled, as BS.1770-4, annex 2.

    Args:
        audio: Shape (frames, channels).
    """
    highest = peak(audio)
    size, edge = 1 << 15, 256  # what is within the edge of a window knows too little of its neighbours
    step = size - 2 * edge
    taper = np.ones(size, np.float32)
    taper[:edge] = np.sin(np.linspace(0, np.pi / 2, edge, dtype=np.float32)) ** 2
    taper[-edge:] = taper[:edge][::-1]
    for start in range(0, len(audio), step):
        first = max(0, start - edge)
        known = audio[first : start - edge + size]
        if peak(known) * 2.0 < highest:  # hardly anything gains more than 6 dB between samples
            continue
        window = np.zeros((size, audio.shape[1]), np.float32)
        place = first - (start - edge)
        window[place : place + len(known)] = known
        window *= taper[:, None]
        finer = np.fft.irfft(np.fft.rfft(window, axis=0), 4 * size, axis=0) * 4.0
        highest = max(highest, float(np.max(np.abs(finer[4 * edge : -4 * edge]))))
    return highest


def k_response(frequencies: npt.NDArray[np.float64], sample_rate: int) -> npt.NDArray[np.complex128]:
    """Return the complex response of K-weighting at ``frequencies`` (hertz): a shelf for the head, then a low cut."""
    return np.asarray(_shelf(frequencies, sample_rate) * _low_cut(frequencies, sample_rate))


def short_loudness(audio: Audio, sample_rate: int) -> npt.NDArray[np.float64]:
    """Return the loudness (LUFS) of each 400 ms window, 75 % overlapped; one window when the audio is shorter.

    Args:
        audio: Shape (frames, 2), with silence before it.
        sample_rate: In hertz.
    """
    return np.asarray(OFFSET_DB + 10.0 * np.log10(np.maximum(_window_power(audio, sample_rate), 1e-15)))


def loudness(audio: Audio, sample_rate: int) -> float:
    """Return the integrated loudness in LUFS, gated as in BS.1770-4, at least `SILENCE_LUFS`.

    Args:
        audio: Shape (frames, 2).
        sample_rate: In hertz.
    """
    power = _window_power(audio, sample_rate)
    power = power[power > 10.0 ** ((SILENCE_LUFS - OFFSET_DB) / 10.0)]
    if not len(power):
        return SILENCE_LUFS
    power = power[power > np.mean(power) * 0.1]  # relative gate, 10 dB below the mean
    return float(OFFSET_DB + 10.0 * np.log10(np.mean(power)))


def silent_bars(mix: Audio, bars: int, *, threshold_db: float = -60.0) -> list[int]:
    """Return the bars without audible sound, counted from 1.

    Args:
        mix: Shape (frames, 2), exactly ``bars`` bars long.
        bars: How many.
        threshold_db: A bar whose largest sample lies below it is silent, in dB of full scale.
    """
    borders = [round(len(mix) * bar / bars) for bar in range(bars + 1)]
    limit = db_to_amplitude(threshold_db)
    return [bar + 1 for bar in range(bars) if peak(mix[borders[bar] : borders[bar + 1]]) < limit]


def _window_power(audio: Audio, sample_rate: int) -> npt.NDArray[np.float64]:
    """Return the K-weighted power, summed over channels, of each window."""
    if not len(audio):
        return np.zeros(1)
    frames = len(audio)
    window = min(frames, round(0.4 * sample_rate))
    starts = np.arange(0, frames - window + 1, max(1, window // 4))
    # the energy up to each frame where a window begins or ends, block by block: all of it would be twice the audio
    places = np.concatenate([starts, starts + window])
    energy = np.zeros(len(places))
    total = 0.0
    for begin, heard in _weighted(audio, sample_rate):
        sums = total + np.cumsum(np.sum(np.square(heard, dtype=np.float64), axis=1))
        here = (places > begin) & (places <= begin + len(heard))
        energy[here] = sums[places[here] - begin - 1]
        total = float(sums[-1])
    return np.asarray((energy[len(starts) :] - energy[: len(starts)]) / window)


def _weighted(audio: Audio, sample_rate: int) -> Iterator[tuple[int, Audio]]:
    """Yield (start, block): the audio as K-weighting hears it, piece by piece."""
    before = round(SETTLING_SECONDS * sample_rate)
    size = 1 << int(np.ceil(np.log2(min(len(audio), 8 * before) + before)))
    weight = _weight(size, sample_rate)
    step = size - before
    for start in range(0, len(audio), step):
        # what the transform wraps round falls on what was before, or on zeros at the end
        block = np.zeros((size, audio.shape[1]), np.float32)
        first = max(0, start - before)
        known = audio[first : start + step]
        block[: len(known)] = known
        heard = np.fft.irfft(np.fft.rfft(block, axis=0) * weight, size, axis=0)
        yield start, heard[start - first : len(known)].astype(np.float32, copy=False)


@functools.lru_cache(maxsize=4)
def _weight(size: int, sample_rate: int) -> npt.NDArray[np.complex64]:
    frequencies = np.asarray(np.fft.rfftfreq(size, 1.0 / sample_rate), np.float64)
    return k_response(frequencies, sample_rate).astype(np.complex64)[:, None]


def _shelf(frequencies: npt.NDArray[np.float64], sample_rate: int) -> npt.NDArray[np.complex128]:
    centre, gain_db, quality = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k = np.tan(np.pi * min(centre, 0.49 * sample_rate) / sample_rate)
    high = 10.0 ** (gain_db / 20.0)
    band = high**0.4996667741545416
    numerator = (high + band * k / quality + k * k, 2.0 * (k * k - high), high - band * k / quality + k * k)
    return _biquad(numerator, _poles(k, quality), frequencies, sample_rate)


def _low_cut(frequencies: npt.NDArray[np.float64], sample_rate: int) -> npt.NDArray[np.complex128]:
    centre, quality = 38.13547087602444, 0.5003270373238773
    k = np.tan(np.pi * centre / sample_rate)
    poles = _poles(k, quality)
    # BS.1770 gives this filter's numerator as 1, -2, 1 with the denominator normalised
    return _biquad((poles[0], -2.0 * poles[0], poles[0]), poles, frequencies, sample_rate)


def _poles(k: float, quality: float) -> tuple[float, float, float]:
    return 1.0 + k / quality + k * k, 2.0 * (k * k - 1.0), 1.0 - k / quality + k * k


def _biquad(
    numerator: tuple[float, float, float],
    denominator: tuple[float, float, float],
    frequencies: npt.NDArray[np.float64],
    sample_rate: int,
) -> npt.NDArray[np.complex128]:
    delay = np.exp(-2j * np.pi * frequencies / sample_rate)
    above = numerator[0] + numerator[1] * delay + numerator[2] * delay**2
    below = denominator[0] + denominator[1] * delay + denominator[2] * delay**2
    return np.asarray(above / below)
