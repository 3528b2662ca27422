"""Protocol buffers, read strictly and with bounds: as much of them as an ONNX file of ours needs.

The wire format is that of https://protobuf.dev/programming-guides/encoding/. Every message is described by the fields
that may be in it; any other field, wire type or length is an error, so that two readers cannot see two files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from gamemusic.errors import FormatError

__all__ = ["BYTES", "NUMBER", "Message", "parse"]

NUMBER, BYTES = 0, 2
"""Wire types: a number of variable length, and bytes with their length before them."""
_T = TypeVar("_T")
_MOST_FIELDS = 20_000
"""Most fields in a message, those of the messages inside left out."""


@dataclass(slots=True)
class Message:
    """The fields of a message, by number, each in the order in which it came."""

    numbers: dict[int, list[int]] = field(default_factory=dict)
    """Unsigned, below 2**64."""
    parts: dict[int, list[memoryview]] = field(default_factory=dict)
    """Bytes, text, packed numbers or messages."""

    def number(self, key: int, usual: int = 0) -> int:
        """Return the number of a field, ``usual`` without one.

        Raises:
            FormatError: It is there twice.
        """
        return _only(key, self.numbers.get(key, [usual]))

    def part(self, key: int) -> bytes:
        """Return the bytes of a field, none without one.

        Raises:
            FormatError: They are there twice: of messages, other readers would see both joined.
        """
        found = self.parts.get(key)
        return bytes(_only(key, found)) if found else b""

    def text(self, key: int, most: int = 256) -> str:
        """Return the text of a field.

        Raises:
            FormatError: It is there twice, is no UTF-8, or longer than ``most`` bytes.
        """
        found = self.part(key)
        if len(found) > most:
            raise FormatError(f"a text of {len(found):,} bytes, allowed are {most}")
        try:
            return found.decode("utf-8")
        except UnicodeDecodeError:
            raise FormatError("a text that is no UTF-8") from None

    def packed(self, key: int, most: int) -> list[int]:
        """Return a field of repeated numbers, packed or one by one.

        Raises:
            FormatError: There are more than ``most``, the last one is cut off, or some are packed and some are not.
        """
        found = list(self.numbers.get(key, ()))
        if found and key in self.parts:  # their order is lost here
            raise FormatError(f"a field {key} that is written in two ways")
        for part in self.parts.get(key, ()):
            place = 0
            while place < len(part):
                value, place = _number(part, place)
                found.append(value)
                if len(found) > most:
                    break
        if len(found) > most:
            raise FormatError(f"more than {most} numbers in a row")
        return found


def parse(data: bytes | memoryview, allowed: Mapping[int, int | tuple[int, ...]]) -> Message:
    """Return the fields of a message.

    Args:
        data: The message.
        allowed: Wire type, or several, by the number of each field that may be there.

    Raises:
        FormatError: For anything that is not such a message; it does not say in which file.
    """
    view = memoryview(data)
    message = Message()
    place = fields = 0
    while place < len(view):
        tag, place = _number(view, place)
        key, wire = tag >> 3, tag & 7
        expected = allowed.get(key)
        if expected is None or (wire not in expected if isinstance(expected, tuple) else wire != expected):
            raise FormatError(f"a field {key} of wire type {wire}, which is not allowed there")
        fields += 1
        if fields > _MOST_FIELDS:
            raise FormatError(f"more than {_MOST_FIELDS:,} fields in one message")
        if wire == NUMBER:
            value, place = _number(view, place)
            message.numbers.setdefault(key, []).append(value)
            continue
        length, place = _number(view, place)
        if length > len(view) - place:
            raise FormatError(f"a field {key} of {length:,} bytes, of which {len(view) - place:,} are there")
        message.parts.setdefault(key, []).append(view[place : place + length])
        place += length
    return message


def _only(key: int, found: Sequence[_T]) -> _T:
    if len(found) > 1:
        raise FormatError(f"a field {key} that is there {len(found):,} times")
    return found[0]


def _number(view: memoryview, place: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends."""
    value = 0
    for index in range(10):
        if place + index >= len(view):
            raise FormatError("a number that is cut off")
        byte = view[place + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            if value >> 64:
                raise FormatError("a number of more than 64 bits")
            return value, place + index + 1
    raise FormatError("a number of more than 10 bytes")
