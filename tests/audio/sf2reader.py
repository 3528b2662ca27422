"""A reader of SoundFont 2 files for tests, made from section 7 of the specification and not from the writer."""

from __future__ import annotations

import itertools
import struct
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

KEY_RANGE, INSTRUMENT, SAMPLE_ID, SAMPLE_MODES = 43, 41, 53, 54


@dataclass(frozen=True)
class Header:
    """A sample's header."""

    name: str
    start: int
    end: int
    loop_start: int
    loop_end: int
    rate: int
    key: int
    correction: int


@dataclass
class Font:
    """What a file holds."""

    info: dict[str, bytes] = field(default_factory=dict)
    points: npt.NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))
    samples: list[Header] = field(default_factory=list)
    instruments: list[tuple[str, list[dict[int, int]]]] = field(default_factory=list)
    """Name, and each zone's generators."""
    presets: dict[tuple[int, int], tuple[str, list[dict[int, int]]]] = field(default_factory=dict)
    """Bank and program to name and zones."""


def read_soundfont(data: bytes) -> Font:
    """Return what a soundfont holds; sizes that do not add up are an error."""
    riff, size = struct.unpack("<4sI", data[:8])
    assert riff == b"RIFF" and size + 8 == len(data) and data[8:12] == b"sfbk"
    lists = [body for name, body in _chunks(data[12:])]
    assert [name for name, _ in _chunks(data[12:])] == [b"LIST"] * 3
    assert [body[:4] for body in lists] == [b"INFO", b"sdta", b"pdta"]
    info, sound, tables = (_chunks(body[4:]) for body in lists)
    found = dict(tables)
    assert [name for name, _ in tables] == [
        b"phdr", b"pbag", b"pmod", b"pgen", b"inst", b"ibag", b"imod", b"igen", b"shdr"
    ]  # fmt: skip
    font = Font({name.decode(): body for name, body in info}, np.frombuffer(dict(sound)[b"smpl"], "<i2"))
    font.samples = [
        Header(_name(row[0]), *row[1:8]) for row in struct.iter_unpack("<20s5IBb4x", found[b"shdr"])
    ][:-1]  # fmt: skip
    instruments = list(struct.iter_unpack("<20sH", found[b"inst"]))
    bags = _bags(found[b"ibag"], found[b"igen"])
    assert struct.unpack("<HH", found[b"ibag"][-4:])[1] == len(found[b"imod"]) // 10 - 1
    for (name, first), (_, last) in itertools.pairwise(instruments):
        font.instruments.append((_name(name), bags[first:last]))
    presets = list(struct.iter_unpack("<20sHHH12x", found[b"phdr"]))
    bags = _bags(found[b"pbag"], found[b"pgen"])
    for (name, program, bank, first), (_, _, _, last) in itertools.pairwise(presets):
        font.presets[bank, program] = (_name(name), bags[first:last])
    return font


def key_range(zone: dict[int, int]) -> range:
    """Return the keys of a zone."""
    value = zone.get(KEY_RANGE, 127 << 8)
    return range(value & 255, (value >> 8) + 1)


def _bags(bags: bytes, generators: bytes) -> list[dict[int, int]]:
    starts = [first for first, _ in struct.iter_unpack("<HH", bags)]
    values = list(struct.iter_unpack("<HH", generators))
    assert starts[-1] == len(values) - 1
    return [dict(values[first:last]) for first, last in itertools.pairwise(starts)]


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        assert at + 8 + size <= len(data)
        found.append((name, data[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return found


def _name(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode("ascii")
