"""Zips written byte by byte, so that they may say what no program that writes zips would let them say."""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1] / "packs")]

from packfiles import pack_of  # noqa: E402

from gamemusic.errors import PackError  # noqa: E402
from gamemusic.limits import LIMITS, Limits  # noqa: E402
from gamemusic.packs.pack import Pack, open_pack  # noqa: E402

__all__ = ["GOOD", "UTF8", "Member", "members_of", "pack_of", "put", "read", "refuse", "with_more", "zip_bytes"]

GOOD = pack_of()
"""The files of a good pack."""
ENCRYPTED, DESCRIPTOR, UTF8 = 0x1, 0x8, 0x800
Headers = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file of a zip."""

    name: bytes
    data: bytes = b""
    """As it is unpacked."""
    method: int = 0
    flags: int = 0
    packed: bytes | None = None
    """What stands in the zip; None: ``data``, packed by the method if that is 8."""
    local: Headers = field(default_factory=dict)
    """Values that its own header has instead: flags, method, crc, packed, size."""
    central: Headers = field(default_factory=dict)
    """Values that the directory has instead; ``offset`` and ``mode`` too."""
    local_name: bytes | None = None
    local_extra: bytes = b""
    extra: bytes = b""
    comment: bytes = b""
    after: bytes = b""
    """What stands after its data."""

    def content(self) -> bytes:
        """Return what stands in the zip."""
        if self.packed is not None:
            return self.packed
        return deflate(self.data) if self.method == 8 else self.data

    def values(self, changes: Headers) -> dict[str, int]:
        """Return the values of a header."""
        usual = {"flags": self.flags, "method": self.method, "crc": zlib.crc32(self.data)}
        return {**usual, "packed": len(self.content()), "size": len(self.data), "offset": -1, "mode": 0, **changes}


def deflate(data: bytes) -> bytes:
    """Return data packed as in a zip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def header(member: Member) -> bytes:
    """Return a member's own header."""
    v = member.values(member.local)
    name = member.name if member.local_name is None else member.local_name
    numbers = (20, v["flags"], v["method"], 0, 33, v["crc"], v["packed"], v["size"], len(name), len(member.local_extra))
    return struct.pack("<4s5H3L2H", b"PK\x03\x04", *numbers) + name + member.local_extra


def entry(member: Member, offset: int) -> bytes:
    """Return a member's entry in the directory."""
    v = member.values(member.central)
    at = offset if v["offset"] < 0 else v["offset"]
    numbers = (20, 20, v["flags"], v["method"], 0, 33, v["crc"], v["packed"], v["size"], len(member.name))
    rest = (len(member.extra), len(member.comment), 0, 0, v["mode"] << 16, at)
    return struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *numbers, *rest) + member.name + member.extra + member.comment


def zip_bytes(
    members: Iterable[Member],
    *,
    before: bytes = b"",
    between: bytes = b"",
    after: bytes = b"",
    comment: bytes = b"",
    end: Mapping[str, int] | None = None,
    zip64: Mapping[str, int] | None = None,
) -> bytes:
    """Return a zip.

    Args:
        members: Its files.
        before: Bytes before all of them, which the offsets count.
        between: Bytes before the directory.
        after: Bytes between the directory and the end.
        comment: The zip's comment.
        end: Values that the end has instead: disk, first, here, entries, size, start, comment.
        zip64: The same for the end of a zip64, which is written then.
    """
    data, directory = bytearray(before), b""
    for member in members:
        directory += entry(member, len(data))
        data += header(member) + member.content() + member.after
    data += between
    count = directory.count(b"PK\x01\x02")
    usual = {"disk": 0, "first": 0, "here": count, "entries": count, "size": len(directory), "start": len(data)}
    if zip64 is not None:
        v = {**usual, **zip64}
        wide = struct.pack(
            "<QHH2L4Q", 44, 45, 45, v["disk"], v["first"], v["here"], v["entries"], v["size"], v["start"]
        )
        after += b"PK\x06\x06" + wide + b"PK\x06\x07" + struct.pack("<LQL", 0, len(data) + len(directory), 1)
    v = {**usual, "comment": len(comment), **(end or {})}
    return bytes(data) + directory + after + b"PK\x05\x06" + struct.pack("<4H2LH", *v.values()) + comment


def members_of(files: Mapping[str, bytes], **changes: object) -> list[Member]:
    """Return files as members, the last one with some changes."""
    found = [Member(name=name.encode(), data=data) for name, data in files.items()]
    return [*found[:-1], replace(found[-1], **changes)]  # type: ignore[arg-type]  # each is what its field wants


def with_more(*more: Member, **layout: object) -> bytes:
    """Return the zip of a good pack with more members."""
    return zip_bytes([*members_of(GOOD), *more], **layout)  # type: ignore[arg-type]  # each is what its argument wants


def put(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write files into a folder and return it."""
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def refuse(path: Path, words: str, data: bytes | None = None, limits: Limits = LIMITS) -> None:
    """Check that a pack is refused with a message that holds ``words``, and that nothing is written anywhere near."""
    if data is not None:
        path.write_bytes(data)
    before = sorted(path.parent.iterdir())
    with pytest.raises(PackError) as caught:
        open_pack(path, limits=limits)
    message = str(caught.value)
    assert words in message, message
    assert message.startswith(str(path)), message
    assert message.isprintable(), ascii(message)
    assert len(message) < len(str(path)) + 500
    assert sorted(path.parent.iterdir()) == before


def read(path: Path, data: bytes) -> Pack:
    """Return the pack that a zip's bytes are."""
    path.write_bytes(data)
    pack = open_pack(path)
    assert pack.model == GOOD["model.onnx"]
    assert pack.name == "calm"
    return pack
