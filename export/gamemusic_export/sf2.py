"""SoundFont 2 files, written: samples, instruments and presets to bytes.

The format is that of E-mu's SoundFont Technical Specification 2.04 (2006). Equal input gives equal bytes: no
date and no name of a machine is written.
"""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from gamemusic.errors import InputError

__all__ = [
    "GUARD_POINTS",
    "Generator",
    "Instrument",
    "Preset",
    "Sample",
    "Zone",
    "lfo_cents",
    "time_cents",
    "write_soundfont",
]

GUARD_POINTS = 8
"""Points of the loop that stand once more before and after it, for interpolation (section 7.10)."""

_PAUSE_POINTS = 46
"""Zeros after each sample (section 6.1)."""
_NAME_BYTES = 20
_SHORTEST_LOOP = 32
_MONO = 1
_NO_BRIGHTER_WHEN_LOUDER = struct.pack("<HHhHH", 0x0102, 8, 0, 0, 0)
"""The default modulator from velocity to filter (section 8.4.2), at nothing: a chip has no filter."""
_NO_MODULATOR = bytes(10)


class Generator(IntEnum):
    """Parameters of a zone, by their numbers in section 8.1.2."""

    MOD_LFO_TO_PITCH = 5
    VIB_LFO_TO_PITCH = 6
    MOD_ENV_TO_PITCH = 7
    MOD_LFO_TO_VOLUME = 13
    MOD_LFO_FREQUENCY = 22
    VIB_LFO_DELAY = 23
    VIB_LFO_FREQUENCY = 24
    MOD_ENV_DECAY = 28
    MOD_ENV_SUSTAIN = 29
    ATTACK = 34
    DECAY = 36
    SUSTAIN = 37
    RELEASE = 38
    KEY_TO_DECAY = 40
    INSTRUMENT = 41
    KEYS = 43
    ATTENUATION = 48
    COARSE_TUNE = 51
    SAMPLE = 53
    SAMPLE_MODES = 54
    EXCLUSIVE_CLASS = 57
    ROOT_KEY = 58


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A mono sound."""

    name: str
    """Up to 20 ASCII characters, different from all others."""
    points: npt.NDArray[np.int16]
    """Shape (points,); of a looped sound its one period, which the writer surrounds with guard points."""
    rate: int
    """In hertz, 400..50000."""
    pitch: float
    """Key, with its fraction, at which the sound was made: 69.0 is 440 Hz."""
    loops: bool = True


@dataclass(frozen=True, slots=True)
class Zone:
    """The keys that a sample answers to, and how."""

    sample: str
    keys: tuple[int, int] = (0, 127)
    """Lowest and highest key."""
    generators: Mapping[Generator, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Instrument:
    """Zones under one name."""

    name: str
    zones: tuple[Zone, ...]
    generators: Mapping[Generator, int] = field(default_factory=dict)
    """What holds for all zones that do not say otherwise."""


@dataclass(frozen=True, slots=True)
class Preset:
    """What a program change chooses."""

    name: str
    instrument: str
    bank: int = field(kw_only=True)
    """0..127, 128 for percussion."""
    program: int = field(kw_only=True)
    """0..127."""


def time_cents(seconds: float) -> int:
    """Return a time above zero as the format counts it: 1200 to a doubling, 0 for a second, at least -12000."""
    return max(-12000, round(1200.0 * math.log2(seconds)))


def lfo_cents(hertz: float) -> int:
    """Return a low frequency as the format counts it: 1200 to a doubling, 0 for 8.176 Hz."""
    return round(1200.0 * math.log2(hertz / 8.176))


def write_soundfont(
    samples: Sequence[Sample],
    instruments: Sequence[Instrument],
    presets: Sequence[Preset],
    *,
    info: Mapping[str, str],
) -> bytes:
    """Return a soundfont's bytes.

    Args:
        samples: In the order of the file.
        instruments: Each names samples.
        presets: Each names an instrument.
        info: Texts by four-letter chunk, such as ``INAM``, ``ICOP``.

    Raises:
        InputError: A name is too long, given twice or not there; or a loop is too short.
    """
    sample_numbers = _number("sample", [sample.name for sample in samples])
    instrument_numbers = _number("instrument", [instrument.name for instrument in instruments])
    _number("preset", [f"{preset.bank}:{preset.program}" for preset in presets])
    sound, headers = _lay_out(samples)
    texts = [(name, _text(value)) for name, value in info.items()]
    return _list(
        b"RIFF",
        b"sfbk",
        [
            _list(b"LIST", b"INFO", [_chunk(b"ifil", struct.pack("<HH", 2, 4))] + [_chunk(*text) for text in texts]),
            _list(b"LIST", b"sdta", [_chunk(b"smpl", sound)]),
            _list(
                b"LIST",
                b"pdta",
                [
                    *_preset_chunks(presets, instrument_numbers),
                    *_instrument_chunks(instruments, sample_numbers),
                    _chunk(b"shdr", headers),
                ],
            ),
        ],
    )


def _number(kind: str, names: Sequence[str]) -> dict[str, int]:
    numbers = {name: index for index, name in enumerate(names)}
    if len(numbers) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"soundfont: the {kind} {twice!r} is there twice; names must differ, rename one")
    return numbers


def _find(kind: str, numbers: Mapping[str, int], name: str) -> int:
    if name not in numbers:
        raise InputError(f"soundfont: there is no {kind} {name!r}; use one of {', '.join(numbers)}")
    return numbers[name]


def _lay_out(samples: Iterable[Sample]) -> tuple[bytes, bytes]:
    """Return the sound of all samples, one after another, and their headers."""
    sound, headers = bytearray(), bytearray()
    for sample in samples:
        start, length = len(sound) // 2, len(sample.points)
        guard = GUARD_POINTS if sample.loops else 0
        if sample.loops and length < _SHORTEST_LOOP:
            raise InputError(f"soundfont: the loop of {sample.name!r} has {length} points, needs {_SHORTEST_LOOP}")
        points = np.concatenate([sample.points[length - guard :], sample.points, sample.points[:guard]])
        sound += points.astype("<i2").tobytes() + bytes(2 * _PAUSE_POINTS)
        key = max(0, min(127, round(sample.pitch)))
        correction = round(100.0 * (key - sample.pitch))
        end = start + len(points)
        headers += _name(sample.name) + struct.pack(
            "<5IBbHH", start, end, start + guard, end - guard, sample.rate, key, correction, 0, _MONO
        )
    return bytes(sound), bytes(headers) + _name("EOS") + bytes(26)


def _preset_chunks(presets: Sequence[Preset], instruments: Mapping[str, int]) -> list[bytes]:
    headers, bags, generators = bytearray(), bytearray(), bytearray()
    for index, preset in enumerate(presets):
        headers += _name(preset.name) + struct.pack("<HHHIII", preset.program, preset.bank, index, 0, 0, 0)
        bags += struct.pack("<HH", index, 0)
        number = _find("instrument", instruments, preset.instrument)
        generators += struct.pack("<HH", Generator.INSTRUMENT, number)
    headers += _name("EOP") + struct.pack("<HHHIII", 0, 0, len(presets), 0, 0, 0)
    bags += struct.pack("<HH", len(presets), 0)
    generators += bytes(4)
    return [
        _chunk(b"phdr", headers),
        _chunk(b"pbag", bags),
        _chunk(b"pmod", _NO_MODULATOR),
        _chunk(b"pgen", generators),
    ]


def _instrument_chunks(instruments: Sequence[Instrument], samples: Mapping[str, int]) -> list[bytes]:
    headers, bags, modulators, generators = bytearray(), bytearray(), bytearray(), bytearray()

    def begin_bag() -> None:
        bags.extend(struct.pack("<HH", len(generators) // 4, len(modulators) // 10))

    for instrument in instruments:
        headers += _name(instrument.name) + struct.pack("<H", len(bags) // 4)
        begin_bag()  # without a sample it is the global zone
        generators += _generators(instrument.generators)
        modulators += _NO_BRIGHTER_WHEN_LOUDER
        for zone in instrument.zones:
            begin_bag()
            low, high = zone.keys
            # the format wants the keys first and the sample last
            generators += struct.pack("<HBB", Generator.KEYS, low, high) + _generators(zone.generators)
            generators += struct.pack("<HH", Generator.SAMPLE, _find("sample", samples, zone.sample))
    headers += _name("EOI") + struct.pack("<H", len(bags) // 4)
    begin_bag()
    return [
        _chunk(b"inst", headers),
        _chunk(b"ibag", bags),
        _chunk(b"imod", modulators + _NO_MODULATOR),
        _chunk(b"igen", generators + bytes(4)),
    ]


def _generators(values: Mapping[Generator, int]) -> bytes:
    return b"".join(struct.pack("<Hh", number, value) for number, value in sorted(values.items()))


def _name(text: str) -> bytes:
    encoded = text.encode("ascii")
    if len(encoded) > _NAME_BYTES:
        raise InputError(f"soundfont: the name {text!r} has {len(encoded)} characters, at most {_NAME_BYTES} fit")
    return encoded.ljust(_NAME_BYTES, b"\0")


def _text(text: str) -> bytes:
    return text.encode("ascii") + (b"\0" if len(text) % 2 else b"\0\0")


def _chunk(name: bytes | str, body: bytes | bytearray) -> bytes:
    code = name.encode("ascii") if isinstance(name, str) else name
    return code + struct.pack("<I", len(body)) + bytes(body) + bytes(len(body) % 2)


def _list(name: bytes, kind: bytes, chunks: Iterable[bytes]) -> bytes:
    return _chunk(name, bytes(itertools.chain(kind, *chunks)))
