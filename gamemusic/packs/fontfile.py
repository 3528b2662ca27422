"""The structure of a soundfont, checked before any library in C sees it.

A soundfont that a pack brings must be one in the plainest sense of SoundFont 2.04 (sections 5 to 7): every chunk in its
place, every index inside its table, every sample inside its data. What real fonts never need is refused, such as
modulators that an extension brings (DMOD) and samples in a sound card's memory. Compressed fonts (SF3) hold Ogg
streams, whose pages say how long they are; the sound itself is left to the test in a process of its own
(`gamemusic.audio.fontprobe`).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from gamemusic.errors import FormatError
from gamemusic.limits import LIMITS, Limits
from gamemusic.packs.fontnotes import check_costs
from gamemusic.packs.fontzones import FontFault, check_pitches

__all__ = ["MOST_PRESETS", "FontFile", "check_font"]

Table = npt.NDArray[Any]

_RECORDS: dict[str, np.dtype[Any]] = {
    "phdr": np.dtype([("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("other", "<u4", 3)]),
    "pbag": np.dtype([("generator", "<u2"), ("modulator", "<u2")]),
    "pmod": np.dtype([("source", "<u2"), ("target", "<u2"), ("amount", "<i2"), ("by", "<u2"), ("transform", "<u2")]),
    "pgen": np.dtype([("kind", "<u2"), ("amount", "<u2")]),
    "inst": np.dtype([("name", "S20"), ("bag", "<u2")]),
    "ibag": np.dtype([("generator", "<u2"), ("modulator", "<u2")]),
    "imod": np.dtype([("source", "<u2"), ("target", "<u2"), ("amount", "<i2"), ("by", "<u2"), ("transform", "<u2")]),
    "igen": np.dtype([("kind", "<u2"), ("amount", "<u2")]),
    "shdr": np.dtype(
        [
            ("name", "S20"),
            ("start", "<u4"),
            ("end", "<u4"),
            ("loop_start", "<u4"),
            ("loop_end", "<u4"),
            ("rate", "<u4"),
            ("pitch", "u1"),
            ("correction", "i1"),
            ("link", "<u2"),
            ("kind", "<u2"),
        ]
    ),
}
"""Tables of ``pdta`` in their order (SoundFont 2.04, section 7)."""
_INFO = ("ifil", "isng", "INAM", "irom", "iver", "ICRD", "IENG", "IPRD", "ICOP", "ICMT", "ISFT")
_INFO_BYTES = 65_536
_INSTRUMENT, _SAMPLE, _KEYS, _VELOCITIES, _LAST_GENERATOR = 41, 53, 43, 44, 60
_LINKED = 0x8000
"""Of a modulator's target: another modulator. Of a sample's kind: in a sound card's memory."""
_COMPRESSED = 0x10
"""Of a sample's kind: an Ogg Vorbis stream, as SF3 has them."""
_KINDS = (1, 2, 4, 8)
_RATES = (400, 192_000)
MOST_PRESETS = 1024
"""As many as the test in a process of its own plays."""
_MOST_FRAMES = 1 << 26
"""Of all samples together, decompressed: 128 MiB at 16 bits."""


@dataclass(frozen=True, slots=True)
class FontFile:
    """What a soundfont holds."""

    presets: tuple[tuple[int, int], ...]
    """(bank, program) of each preset."""
    samples: int
    compressed: bool
    """Whether it is an SF3 font."""
    info: Mapping[str, str]
    """What it says of itself, by chunk: ``INAM`` its name, ``ICOP`` its copyright and so on."""


def check_font(data: bytes, *, file: object = "soundfont", limits: Limits = LIMITS) -> FontFile:
    """Return what a soundfont holds.

    Args:
        data: All its bytes.
        file: The name that messages give.
        limits: How large it may be.

    Raises:
        FormatError: It is no SF2 or SF3 font, or one that is not whole.
    """
    try:
        return _check(data, limits)
    except FontFault as fault:
        raise FormatError(
            f"this soundfont cannot be used: {fault}; save it anew with a soundfont editor", file=file
        ) from None


def _check(data: bytes, limits: Limits) -> FontFile:
    if len(data) > limits.soundfont_bytes:
        raise FontFault(f"it has {len(data):,} bytes, allowed are {limits.soundfont_bytes:,}")
    if data[:4] == b"RIFF" and data[8:12] == b"DLS ":
        raise FontFault("it is a DLS file, which is not read; convert it to SF2")
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"sfbk":
        raise FontFault("it does not begin with RIFF and sfbk, as SF2 and SF3 files do")
    (size,) = struct.unpack_from("<I", data, 4)
    if size + 8 != len(data):
        raise FontFault(f"its header says {size + 8:,} bytes, it has {len(data):,}")
    lists = _lists(data, size + 8)
    info = _read_info(data, *lists["INFO"])
    points, wide = _read_points(data, *lists["sdta"])
    tables = _read_tables(data, *lists["pdta"], limits)
    _check_zones(tables, "phdr", "pbag", "pgen", "pmod")
    _check_zones(tables, "inst", "ibag", "igen", "imod")
    _check_links(tables)
    lengths = _check_samples(data, tables["shdr"][:-1], points, wide)
    check_costs(tables, limits)
    check_pitches(tables, lengths)
    compressed = bool((tables["shdr"][:-1]["kind"] & _COMPRESSED).any())
    return FontFile(_presets(tables["phdr"][:-1]), len(tables["shdr"]) - 1, compressed, info)


def _lists(data: bytes, end: int) -> dict[str, tuple[int, int]]:
    """Return where the content of each of the three lists begins and ends."""
    found = {}
    place = 12
    for kind in ("INFO", "sdta", "pdta"):
        name, start, stop = _chunk(data, place, end)
        if name != "LIST" or data[start : start + 4] != kind.encode():
            raise FontFault(f"byte {place} does not begin the list {kind}")
        found[kind] = start + 4, stop
        place = stop
    if place < end:
        raise FontFault(f"{end - place} bytes stand behind its last list, at byte {place}")
    return found


def _chunk(data: bytes, place: int, end: int) -> tuple[str, int, int]:
    """Return the name of the chunk at ``place``, and where its content begins and ends.

    A chunk of odd length is followed by the next one at once: RIFF pads, but neither FluidSynth nor those who make SF3
    fonts do, and the file must be the same one to us as to FluidSynth.
    """
    if place + 8 > end:
        raise FontFault(f"it ends at byte {end}, where another chunk should begin at byte {place}")
    size = int.from_bytes(data[place + 4 : place + 8], "little")
    if place + 8 + size > end:
        raise FontFault(f"the chunk at byte {place} says {size:,} bytes, of which {end - place - 8:,} are there")
    return data[place : place + 4].decode("latin-1"), place + 8, place + 8 + size


def _read_info(data: bytes, place: int, end: int) -> dict[str, str]:
    found: dict[str, str] = {}
    version = (0, 0)
    while place < end:
        name, start, stop = _chunk(data, place, end)
        if name not in _INFO or stop - start > _INFO_BYTES or (stop - start) % 2:
            raise FontFault(f"its description holds the chunk {name!r} of {stop - start:,} bytes at byte {place}")
        if name == "ifil":
            if stop - start != 4:
                raise FontFault(f"its version at byte {place} has {stop - start} bytes, expected 4")
            version = struct.unpack_from("<HH", data, start)
        text = data[start:stop].split(b"\0")[0].decode("utf-8", "replace")
        found[name] = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
        place = stop
    if version[0] not in (2, 3):
        raise FontFault(f"it is of version {version[0]}.{version[1]}, expected 2 or 3")
    found.pop("ifil")
    return found


def _read_points(data: bytes, place: int, end: int) -> tuple[tuple[int, int], int]:
    """Return where the samples begin and end in the file, and how many bytes are below each 16-bit point."""
    points, wide = (place, place), 0
    for expected in ("smpl", "sm24"):
        if place >= end:
            break
        name, start, stop = _chunk(data, place, end)
        if name != expected:
            raise FontFault(f"byte {place} begins the chunk {name!r}, expected {expected!r}")
        if name == "smpl":
            points = start, stop
        else:
            wide = stop - start
            half = (points[1] - points[0]) // 2
            if wide != half + half % 2:
                raise FontFault(f"its 24-bit samples have {wide:,} bytes, expected {half + half % 2:,}")
        place = stop
    if place < end:
        raise FontFault(f"its samples are followed by something else at byte {place}")
    return points, wide


def _read_tables(data: bytes, place: int, end: int, limits: Limits) -> dict[str, Table]:
    found = {}
    for expected, record in _RECORDS.items():
        name, start, stop = _chunk(data, place, end)
        if name != expected:
            raise FontFault(f"byte {place} begins the chunk {name!r}, expected {expected!r}")
        count, rest = divmod(stop - start, record.itemsize)
        least = 2 if expected in ("phdr", "inst", "shdr") else 1
        if rest or not least <= count <= limits.soundfont_records + 1:
            raise FontFault(
                f"{expected} at byte {place} has {stop - start:,} bytes; expected are {least} to "
                f"{limits.soundfont_records + 1:,} records of {record.itemsize}"
            )
        found[expected] = np.frombuffer(data, record, count, start)
        place = stop
    if place < end:
        raise FontFault(f"its tables are followed by something else at byte {place}")
    return found


def _check_zones(tables: Mapping[str, Table], owner: str, bag: str, generator: str, modulator: str) -> None:
    """Check that every table points into the next one, forwards only, and ends where that ends."""
    for name, indices, target in (
        (owner, tables[owner]["bag"], bag),
        (bag, tables[bag]["generator"], generator),
        (bag, tables[bag]["modulator"], modulator),
    ):
        steps = np.diff(indices.astype(np.int64))
        if (steps < 0).any() or indices[-1] != len(tables[target]) - 1:
            record = int(np.argmax(steps < 0)) + 1 if (steps < 0).any() else len(indices) - 1
            raise FontFault(
                f"record {record} of {name} points to {target} {indices[record]}, which runs backwards or does not end "
                f"with its last, {len(tables[target]) - 1}"
            )
    kinds = tables[generator]["kind"][:-1]
    if (kinds > _LAST_GENERATOR).any():
        raise FontFault(f"{generator} {int(np.argmax(kinds > _LAST_GENERATOR))} is a generator that does not exist")
    amounts = tables[generator]["amount"][:-1]
    low, high = amounts & 0xFF, amounts >> 8
    wrong = np.isin(kinds, (_KEYS, _VELOCITIES)) & ((low > high) | (high > 127))
    if wrong.any():
        place = int(np.argmax(wrong))
        raise FontFault(f"{generator} {place} is a range from {low[place]} to {high[place]}")
    targets = tables[modulator]["target"][:-1]
    bad = np.where(targets & _LINKED, (targets & (_LINKED - 1)) >= len(targets), targets > _LAST_GENERATOR)
    if bad.any():
        raise FontFault(f"{modulator} {int(np.argmax(bad))} changes something that does not exist")


def _check_links(tables: Mapping[str, Table]) -> None:
    """Check that zones end with an instrument or a sample that there is; the first of each may be for all others."""
    for owner, bag, generator, last, target in (
        ("phdr", "pbag", "pgen", _INSTRUMENT, "inst"),
        ("inst", "ibag", "igen", _SAMPLE, "shdr"),
    ):
        kinds, amounts = tables[generator]["kind"], tables[generator]["amount"]
        starts = tables[bag]["generator"].astype(np.int64)
        ends = starts[1:] - 1  # each zone's last generator
        filled = ends >= starts[:-1]
        closed = filled & (kinds[np.maximum(ends, 0)] == last)
        first = np.zeros(len(ends), bool)
        first[tables[owner]["bag"][:-1][tables[owner]["bag"][:-1] < len(ends)]] = True
        if (~closed & ~first).any():
            zone = int(np.argmax(~closed & ~first))
            raise FontFault(f"zone {zone} of {bag} names no {'instrument' if target == 'inst' else 'sample'}")
        if np.count_nonzero(kinds[:-1] == last) != np.count_nonzero(closed):
            raise FontFault(f"a zone of {bag} goes on behind its {'instrument' if target == 'inst' else 'sample'}")
        named = amounts[:-1][kinds[:-1] == last]
        if (named >= len(tables[target]) - 1).any():
            raise FontFault(
                f"{generator} names {target} {int(named.max())}, of which there are {len(tables[target]) - 1}"
            )


def _check_samples(data: bytes, samples: Table, points: tuple[int, int], wide: int) -> list[int]:
    """Check that every sample lies inside the data; return the frames of each."""
    kinds = samples["kind"]
    compressed = bool((kinds & _COMPRESSED).any())
    if not np.isin(kinds & (0xFFFF - _COMPRESSED), _KINDS).all() or (
        compressed and (not (kinds & _COMPRESSED).all() or wide)
    ):
        raise FontFault(
            f"sample {int(np.argmax(~np.isin(kinds & (0xFFFF - _COMPRESSED), _KINDS)))} is of a kind that is not read"
        )
    room = (points[1] - points[0]) // (1 if compressed else 2)
    starts, ends = samples["start"].astype(np.int64), samples["end"].astype(np.int64)
    low, high = samples["loop_start"].astype(np.int64), samples["loop_end"].astype(np.int64)
    checks = [
        ((starts >= ends) | (ends > room), f"does not lie inside the {room:,} that there are"),
        ((samples["rate"] < _RATES[0]) | (samples["rate"] > _RATES[1]), f"is not of {_RATES[0]} to {_RATES[1]} hertz"),
        ((samples["link"] >= len(samples)) & (kinds & 0xE > 0), "belongs to one that there is not"),
        (low > high, "has a loop that ends before it begins"),
    ]
    if not compressed:
        # a loop of no length stands for none, wherever it is said to be
        checks.append(((low != high) & ((low < starts) | (high > ends)), "has a loop outside of it"))
    for wrong, said in checks:
        if wrong.any():
            raise FontFault(f"sample {int(np.argmax(wrong))} {said}")
    if compressed:
        return _check_streams(data, points[0] + starts, points[0] + ends, high)
    return [int(length) for length in ends - starts]


def _check_streams(data: bytes, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], loops: Table) -> list[int]:
    """Return the lengths of compressed samples, which must be Ogg streams that can be held, loops included."""
    spans = sorted(set(zip(starts.tolist(), ends.tolist(), strict=True)))
    for (_, end), (start, _) in pairwise(spans):
        if start < end:  # each would be walked to its end for every one that begins in it
            raise FontFault(f"two of its samples overlap at byte {start}")
    total = 0
    known: dict[tuple[int, int], int] = {}
    lengths = []
    for number, (start, end, loop) in enumerate(zip(starts.tolist(), ends.tolist(), loops.tolist(), strict=True)):
        if (start, end) not in known:
            known[start, end] = _count_frames(data, start, end, number)
            total += max(0, known[start, end])
        frames = known[start, end]
        if not 0 < frames <= _MOST_FRAMES or total > _MOST_FRAMES:
            raise FontFault(f"sample {number} says {frames:,} frames, allowed are {_MOST_FRAMES:,} together")
        if loop > frames:
            raise FontFault(f"sample {number} has a loop outside of it")
        lengths.append(frames)
    return lengths


def _count_frames(data: bytes, start: int, end: int, number: int) -> int:
    """Return how many frames the last page of an Ogg stream says there are, after walking all its pages (RFC 3533)."""
    place, frames = start, 0
    while place < end:
        segments = data[place + 26] if place + 27 <= end else 0
        body = place + 27 + segments
        if data[place : place + 4] != b"OggS" or body > end:
            raise FontFault(f"sample {number} is no Ogg stream")
        granule = int.from_bytes(data[place + 6 : place + 14], "little", signed=True)
        frames = granule if granule != -1 else frames  # -1: nothing ends on this page
        place = body + sum(data[place + 27 : body])
    if place != end:
        raise FontFault(f"sample {number} is no whole Ogg stream")
    return frames


def _presets(headers: Table) -> tuple[tuple[int, int], ...]:
    if len(headers) > MOST_PRESETS:
        raise FontFault(f"it has {len(headers):,} presets, allowed are {MOST_PRESETS:,}")
    if (headers["program"] > 127).any() or (headers["bank"] > 128).any():
        raise FontFault("a preset has a program over 127 or a bank over 128")
    return tuple((int(one["bank"]), int(one["program"])) for one in headers)
