"""Ogg pages (RFC 3533), as far as it takes to say where a Vorbis file loops and to make it the same at every encoding.

libsndfile draws a new serial number for every file and writes no comments of ours, so both are put in afterwards.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gamemusic.errors import FormatError

__all__ = ["SERIAL", "header_comments", "last_granule", "read_comments", "vorbis_comments", "with_comments"]

SERIAL = 0x474D5553
"""Serial number of every stream we write: 'GMUS'."""

_CAPTURE = b"OggS"
_CONTINUED, _LAST = 1, 4
_HEADER = struct.Struct("<4sBBqIIIB")
_HEADER_PACKETS = 3
"""Identification, comments, codebooks."""
_COMMENT = b"\x03vorbis"
_MOST_SEGMENTS = 255
_MOST_FIELDS = 4096


_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class _Page:
    flags: int
    granule: int
    lacing: bytes
    body: bytes

    def encode(self, number: int) -> bytes:
        header = _HEADER.pack(_CAPTURE, 0, self.flags, self.granule, SERIAL, number, 0, len(self.lacing))
        page = bytearray(header + self.lacing + self.body)
        page[22:26] = struct.pack("<I", _checksum(page))
        return bytes(page)


def vorbis_comments(vendor: str, fields: Sequence[tuple[str, str]]) -> bytes:
    """Return a block of Vorbis comments, as FLAC and Ogg Vorbis have it, without Vorbis' framing.

    Args:
        vendor: Who wrote the file.
        fields: (name, value); names are ASCII without ``=``.
    """
    parts = [vendor.encode("utf-8"), *(f"{name}={value}".encode() for name, value in fields)]
    sizes = [struct.pack("<I", len(part)) + part for part in parts]
    return sizes[0] + struct.pack("<I", len(fields)) + b"".join(sizes[1:])


def read_comments(block: bytes, *, file: object = None) -> dict[str, str]:
    """Return the fields of a block of Vorbis comments, names in capitals.

    Raises:
        FormatError: The block is damaged.
    """
    place = 0

    def take() -> bytes:
        nonlocal place
        if place + 4 > len(block):
            raise FormatError("the comments are cut off; write the file again", file=file)
        (size,) = struct.unpack_from("<I", block, place)
        part = block[place + 4 : place + 4 + size]
        place += 4 + size
        if len(part) < size:
            raise FormatError("the comments are cut off; write the file again", file=file)
        return part

    take()
    if place + 4 > len(block):
        raise FormatError("the comments are cut off; write the file again", file=file)
    (count,) = struct.unpack_from("<I", block, place)
    place += 4
    if count > _MOST_FIELDS:
        raise FormatError(f"{count} comments, at most {_MOST_FIELDS} are read; write the file again", file=file)
    fields = (take().decode("utf-8", "replace").partition("=") for _ in range(count))
    return {name.upper(): value for name, _, value in fields}


def with_comments(content: bytes, vendor: str, fields: Sequence[tuple[str, str]]) -> bytes:
    """Return an Ogg Vorbis file with other comments and `SERIAL`.

    Args:
        content: A file with one Vorbis stream.
        vendor: As in `vorbis_comments`.
        fields: As in `vorbis_comments`.

    Raises:
        FormatError: It is none.
    """
    pages = list(_pages(content))
    headers, used = _header_packets(pages)
    headers[1] = _COMMENT + vorbis_comments(vendor, fields) + b"\x01"
    # the first page holds the identification alone, as the Vorbis specification demands; sound begins on a fresh page
    first, others = _lay_out(headers[:1], flags=2), _lay_out(headers[1:], flags=0)
    return b"".join(page.encode(number) for number, page in enumerate([*first, *others, *pages[used:]]))


def header_comments(content: bytes, *, file: object = None) -> dict[str, str]:
    """Return an Ogg Vorbis file's comments, see `read_comments`."""
    packets, _ = _header_packets(list(_pages(content, file=file)), file=file)
    if not packets[1].startswith(_COMMENT):
        raise FormatError("the second packet holds no Vorbis comments; write the file again", file=file)
    return read_comments(packets[1][len(_COMMENT) :], file=file)


def last_granule(content: bytes, *, file: object = None) -> int:
    """Return the position after the last frame of the stream."""
    granules = [page.granule for page in _pages(content, file=file) if page.granule >= 0]
    return granules[-1]


def _pages(content: bytes, *, file: object = None) -> Iterator[_Page]:
    place = 0
    while place < len(content):
        if content[place : place + 4] != _CAPTURE or place + _HEADER.size > len(content):
            raise FormatError(f"no Ogg page at byte {place}; write the file again", file=file)
        _, _, flags, granule, _, _, crc, count = _HEADER.unpack_from(content, place)
        lacing = content[place + _HEADER.size : place + _HEADER.size + count]
        size = _HEADER.size + count + sum(lacing)
        page = bytearray(content[place : place + size])
        if len(page) < size:
            raise FormatError(f"the Ogg page at byte {place} is cut off; write the file again", file=file)
        page[22:26] = bytes(4)
        if _checksum(page) != crc:
            raise FormatError(f"the Ogg page at byte {place} is damaged; write the file again", file=file)
        yield _Page(flags, granule, lacing, bytes(page[_HEADER.size + count :]))
        place += size


def _header_packets(pages: Sequence[_Page], *, file: object = None) -> tuple[list[bytes], int]:
    """Return the first three packets, and how many pages they fill."""
    packets: list[bytes] = []
    begun = b""
    for used, page in enumerate(pages, start=1):
        place = 0
        for size in page.lacing:
            begun += page.body[place : place + size]
            place += size
            if size < _MOST_SEGMENTS:
                packets.append(begun)
                begun = b""
        if len(packets) == _HEADER_PACKETS and not begun:
            return packets, used
        if len(packets) >= _HEADER_PACKETS:
            break
    raise FormatError("the headers of an Ogg Vorbis file are expected on pages of their own", file=file)


def _lay_out(packets: Sequence[bytes], *, flags: int) -> list[_Page]:
    """Return pages that hold packets and nothing else; each has the granule position 0, as headers have."""
    lacing, body = bytearray(), b"".join(packets)
    for packet in packets:
        lacing += bytes([_MOST_SEGMENTS] * (len(packet) // _MOST_SEGMENTS) + [len(packet) % _MOST_SEGMENTS])
    pages: list[_Page] = []
    place = 0
    for start in range(0, len(lacing), _MOST_SEGMENTS):
        part = bytes(lacing[start : start + _MOST_SEGMENTS])
        continued = _CONTINUED if start and lacing[start - 1] == _MOST_SEGMENTS else 0
        # a page on which no packet ends has no position
        ends = any(size < _MOST_SEGMENTS for size in part)
        pages.append(_Page(flags | continued, 0 if ends else -1, part, body[place : place + sum(part)]))
        place += sum(part)
    return pages


def _checksum(page: bytes | bytearray) -> int:
    # Ogg's sum is zlib's with the bits of every byte, and of the result, the other way round and nothing inverted
    value = zlib.crc32(bytes(page).translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{value:032b}"[::-1], 2)
