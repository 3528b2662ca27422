"""The sounds of a sound chip: waves without alias, and noise from a shift register.

A wave is the sum of its harmonics up to 20 kHz, once for every major third of the keyboard, so that nothing folds back
whatever key is played. Its period has several times as many points as harmonics need, since players interpolate between
points with short filters, whose faults grow towards half the sample rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from gamemusic.audio.loudness import k_response
from gamemusic_export.sf2 import Sample

__all__ = [
    "RATE",
    "WAVES",
    "key_groups",
    "make_clap",
    "make_noise",
    "make_ring",
    "make_sweep",
    "make_wave",
    "shift_register",
]

RATE = 48000
"""Sample rate of looped sounds, in hertz."""

Spectrum = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.complex128]]
"""Complex amplitudes of harmonics 1, 2, 3 ..."""

_HIGHEST = 20000.0
"""In hertz. No harmonic lies above it, at any key of its group."""
_KEYS_A_GROUP = 4
_LOWEST_TOP, _HIGHEST_TOP = 27, 111
"""Highest keys of the lowest group and of the last but one; above that only the fundamental is left."""
_LEAST_PERIOD, _LEAST_LOOP = 96, 256
"""In points. A loop must be longer than the widest step through it: 155 points, key 127 at 8 kHz."""
_LEAST_RING = 1024
"""Points in the loop of a drum that rings."""
_CALIBRATION_KEYS = range(48, 84, 4)
_LEVEL = 0.26
"""K-weighted effective value of every wave, averaged over `_CALIBRATION_KEYS`; the narrow pulse then peaks at 0.65."""
_SWEEP_SHARE = 0.25
"""Highest frequency in a swept sound, as a share of its rate; players leave faint images of what lies higher."""

_STAIRS = (*range(15, -1, -1), *range(16))
"""One period of the NES's triangle channel: 32 steps of 4 bits."""
_DRAWBARS = ((1, 1.0), (2, 0.55), (3, 0.25), (4, 0.3))
_ORGAN = tuple(
    round(7.4 + 4.2 * sum(level * math.sin(math.tau * k * step / 32) for k, level in _DRAWBARS)) for step in range(32)
)
"""One period of a drawbar organ as the Game Boy's wave channel would hold it: 32 steps of 4 bits."""


def _pulse(duty: float) -> Spectrum:
    return lambda k: 2.0 / (math.pi * k) * np.sin(math.pi * k * duty) * np.exp(-1j * math.pi * k * duty)


def _saw(k: npt.NDArray[np.int64]) -> npt.NDArray[np.complex128]:
    return np.asarray(-2j / (math.pi * k), np.complex128)


def _triangle(k: npt.NDArray[np.int64]) -> npt.NDArray[np.complex128]:
    return np.asarray(np.sin(0.5 * math.pi * (k % 4)) * -8j / (math.pi * k) ** 2, np.complex128)


def _steps(table: tuple[int, ...]) -> Spectrum:
    """Return the spectrum of values that are each held for an equal share of the period."""
    found = np.fft.fft(np.array(table, np.float64)) * 2.0 / len(table)
    return lambda k: found[k % len(table)] * np.sinc(k / len(table)) * np.exp(-1j * math.pi * k / len(table))


WAVES: Mapping[str, Spectrum] = MappingProxyType(
    {
        "pulse_12": _pulse(0.125),
        "pulse_25": _pulse(0.25),
        "pulse_50": _pulse(0.5),
        "triangle": _triangle,
        "stairs": _steps(_STAIRS),
        "saw": _saw,
        "organ": _steps(_ORGAN),
    }
)
"""Every wave by name."""


def key_groups() -> tuple[tuple[int, int], ...]:
    """Return the lowest and highest key of each group that has a sample of its own; together they are 0..127."""
    tops = [*range(_LOWEST_TOP, _HIGHEST_TOP + 1, _KEYS_A_GROUP), 127]
    return tuple((low + 1, high) for low, high in zip([-1, *tops[:-1]], tops, strict=True))


def make_wave(name: str) -> tuple[Sample, ...]:
    """Return a wave of `WAVES`, a sample for each of `key_groups`, named ``NAME HIGHEST_KEY``; all equally loud."""
    spectrum = WAVES[name]
    gain = _LEVEL / _heard(spectrum)
    samples = []
    for _, high in key_groups():
        harmonics = max(1, int(_HIGHEST / _frequency(high)))
        cycles, length = _choose_loop(harmonics)
        points = _draw(gain * spectrum(np.arange(1, harmonics + 1)), cycles, length)
        samples.append(Sample(f"{name} {high}", points, RATE, _pitch(RATE * cycles / length)))
    return tuple(samples)


def make_noise(name: str, *, length: int, level: float) -> Sample:
    """Return noise of one bit, a new value each point, that repeats after ``length`` points and is 60 in pitch.

    Args:
        name: The sample's.
        length: In points, at most 32767, which is the register's own period.
        level: 0..1.
    """
    bits = shift_register(1, length)
    return Sample(name, _quantise(level * (2.0 * bits - 1.0)), RATE, 60.0)


def make_ring(name: str, wave: str, *, frequency: float, multiples: tuple[int, ...] = (1,), level: float) -> Sample:
    """Return a sound that lasts, is 60 in pitch and made for one key.

    Args:
        name: The sample's.
        wave: Of `WAVES`, or ``metal``: the noise register's short period of 93 steps.
        frequency: How often all of it repeats, in hertz; harmonics up to 20 kHz.
        multiples: The wave sounds at these multiples of the frequency, together.
        level: Effective value, 0..1.
    """
    spectrum = WAVES[wave] if wave in WAVES else _steps(tuple(shift_register(6, 93)))
    amplitudes = np.zeros(int(_HIGHEST / frequency), np.complex128)
    for multiple in multiples:
        amplitudes[multiple - 1 :: multiple] += spectrum(np.arange(1, len(amplitudes) // multiple + 1))
    amplitudes *= level / math.sqrt(float(np.sum(np.abs(amplitudes) ** 2)) / 2.0)
    cycles = max(1, round(_LEAST_RING * frequency / RATE))
    return Sample(name, _draw(amplitudes, cycles, round(cycles * RATE / frequency)), RATE, 60.0)


def make_clap(name: str, *, starts: tuple[float, ...], seconds: float, level: float, rate: int) -> Sample:
    """Return bursts of the register's noise, the last of which dies away.

    Args:
        name: The sample's.
        starts: When hands meet, in seconds.
        seconds: How long it takes, in which the last burst falls by 60 dB.
        level: 0..1.
        rate: Sample rate in hertz; the noise has a new value every second point.
    """
    time = np.arange(round(seconds * rate)) / rate
    loud = np.zeros(len(time))
    for start in starts:
        fall = 0.004 if start < starts[-1] else (seconds - start) / math.log(1000.0)
        loud = np.where(time >= start, np.exp(-(time - start) / fall), loud)
    bits = np.repeat(shift_register(1, len(time) // 2 + 1), 2)[: len(time)]
    return Sample(name, _quantise(level * loud * (2.0 * bits - 1.0)), rate, 60.0, loops=False)


def make_sweep(
    name: str, wave: str, *, frequencies: tuple[float, float], fall: float, seconds: float, level: float, rate: int
) -> Sample:
    """Return a wave that falls in pitch and dies away, as drums made of a chip's tones do.

    Args:
        name: The sample's.
        wave: Of `WAVES`.
        frequencies: At the beginning and in the end, in hertz.
        fall: Time in which the distance to the end shrinks to 1/e, in seconds.
        seconds: How long it takes; the loudness falls by 60 dB.
        level: Largest value, 0..1.
        rate: Sample rate in hertz; no harmonic lies above a quarter of it.
    """
    first, last = frequencies
    time = np.arange(round(seconds * rate)) / rate
    frequency = last + (first - last) * np.exp(-time / fall)
    phase = last * time + (first - last) * fall * (1.0 - np.exp(-time / fall))
    sound = np.zeros(len(time))
    for k in range(1, int(_SWEEP_SHARE * rate / last) + 1):
        amplitude = complex(WAVES[wave](np.array([k]))[0])
        # harmonics come in as they fall below the limit, softly
        share = np.clip((_SWEEP_SHARE * rate - k * frequency) / (0.05 * rate), 0.0, 1.0)
        sound += share * np.real(amplitude * np.exp(2j * math.pi * k * phase))
    sound *= level / np.max(np.abs(sound)) * 10.0 ** (-3.0 * time / seconds)
    edge = round(0.001 * rate)
    sound[:edge] *= np.arange(edge) / edge
    sound[-edge:] *= np.arange(edge - 1, -1, -1) / edge
    return Sample(name, _quantise(sound), rate, 60.0, loops=False)


def shift_register(tap: int, steps: int) -> npt.NDArray[np.int64]:
    """Return bits of the NES's noise channel: 15 bits, fed with the exclusive or of bit 0 and bit ``tap``, 1 or 6."""
    register = 1
    bits = np.empty(steps, np.int64)
    for step in range(steps):
        bits[step] = register & 1
        register = register >> 1 | ((register ^ register >> tap) & 1) << 14
    return bits


def _draw(amplitudes: npt.NDArray[np.complex128], cycles: int, length: int) -> npt.NDArray[np.int16]:
    bins = np.zeros(length // 2 + 1, np.complex128)
    bins[cycles : cycles * len(amplitudes) + 1 : cycles] = amplitudes * (length / 2.0)
    return _quantise(np.fft.irfft(bins, length))


def _quantise(sound: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.int16]:
    return np.asarray(np.rint(sound * 32767.0), np.int16)


def _choose_loop(harmonics: int) -> tuple[int, int]:
    """Return how many periods a loop has and how many points, so that whole cents tell its pitch best."""
    points = max(_LEAST_PERIOD, 4 * harmonics, min(8 * harmonics, 512))
    least = -(-_LEAST_LOOP // points)

    def rank(loop: tuple[int, int]) -> tuple[float, int]:
        cents = 100.0 * _pitch(RATE * loop[0] / loop[1])
        return round(abs(cents - round(cents)), 1), loop[1]

    return min(
        (
            (cycles, length)
            for cycles in (least, least + 1)[: 2 if least > 1 else 1]
            for length in range(cycles * points, cycles * points * 21 // 20 + 1)
        ),
        key=rank,
    )


def _heard(spectrum: Spectrum) -> float:
    """Return a wave's K-weighted effective value (ITU-R BS.1770-4)."""
    powers = []
    for key in _CALIBRATION_KEYS:
        harmonics = np.arange(1, int(_HIGHEST / _frequency(key)) + 1)
        weights = np.abs(k_response(np.asarray(harmonics * _frequency(key), np.float64), RATE)) ** 2
        powers.append(float(np.sum(np.abs(spectrum(harmonics)) ** 2 * weights)) / 2.0)
    return math.sqrt(sum(powers) / len(powers))


def _frequency(key: float) -> float:
    return 440.0 * math.pow(2.0, (key - 69.0) / 12.0)


def _pitch(frequency: float) -> float:
    return 69.0 + 12.0 * math.log2(frequency / 440.0)
