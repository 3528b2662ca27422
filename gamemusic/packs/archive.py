"""Mood packs in zip files: read in memory, and refused where two programs could see two different archives."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from pathlib import Path

from gamemusic.errors import InputError, PackError
from gamemusic.limits import LIMITS, Limits
from gamemusic.packs.members import check_member_names, is_junk
from gamemusic.packs.nodes import shorten

__all__ = ["ZipMembers"]

_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DESCRIPTOR_BYTES = 24
_ENCRYPTED, _HAS_DESCRIPTOR = 0x1, 0x8
_ROOT_FILES = ("card.json", "preset.yaml")


class ZipMembers:
    """The files of a zip; one folder at its top, which holds all the others, is left out of their names."""

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        self.path = path
        self._limits = limits
        try:
            with open(path, "rb") as stream:
                data = stream.read(limits.pack_bytes + 1)
        except OSError as error:
            raise InputError(f"the file {path} cannot be read: {error.strerror}") from None
        if len(data) > limits.pack_bytes:
            raise self._fail(f"the zip is larger than {limits.pack_bytes} bytes")
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
            infos = self._archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error, EOFError):
            raise self._fail("this is no zip file, or a damaged one; get or make it again") from None
        if len(infos) > limits.pack_files:
            raise self._fail(f"there are more than {limits.pack_files} files, which no mood pack has")
        self._check_layout(data, infos)
        for info in infos:
            self._check_member(info)
        self._infos = self._strip({info.filename: info for info in infos if not info.is_dir()})
        total = sum(info.file_size for info in infos)
        if total > limits.pack_bytes:
            raise self._fail(f"the files are {total} bytes together, allowed are {limits.pack_bytes}")
        check_member_names(self._infos, limits)

    def _fail(self, message: str) -> PackError:
        return PackError(message, file=self.path)

    def _check_layout(self, data: bytes, infos: list[zipfile.ZipInfo]) -> None:
        """Refuse what hides or overlaps: members must stand one after the other, with nothing before or after."""
        names = [info.orig_filename for info in infos]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise self._fail(f"the zip holds {shorten(twice)} twice; make it again")
        tail = len(data) - 22 - len(self._archive.comment)
        hidden = "the zip holds data outside its files; make it again with 'gamemusic pack'"
        if tail < 0 or data[tail : tail + 4] != b"PK\x05\x06":
            raise self._fail(hidden)
        end = 0
        for info in sorted(infos, key=lambda info: info.header_offset):
            slack = info.header_offset - end
            if slack < 0:
                raise self._fail(f"{shorten(info.orig_filename)} overlaps another file of the zip; make it again")
            if slack > (_DESCRIPTOR_BYTES if end else 0):
                raise self._fail(hidden)
            end = self._member_end(data, info)
        if not end <= self._archive.start_dir <= end + _DESCRIPTOR_BYTES:
            raise self._fail(hidden)

    def _member_end(self, data: bytes, info: zipfile.ZipInfo) -> int:
        """Return where a member's data ends, after checking that its own header agrees with the directory."""
        header = data[info.header_offset : info.header_offset + _LOCAL_HEADER.size]
        if len(header) < _LOCAL_HEADER.size:
            raise self._fail("the zip is cut off; get it again")
        mark, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        start = info.header_offset + _LOCAL_HEADER.size
        name = data[start : start + name_length]
        encoding = "utf-8" if info.flag_bits & 0x800 else "cp437"
        same = name == info.orig_filename.encode(encoding, "replace") and method == info.compress_type
        if not flags & _HAS_DESCRIPTOR:
            same = same and (crc, packed, size) == (info.CRC, info.compress_size, info.file_size)
        if mark != b"PK\x03\x04" or not same:
            raise self._fail(f"{shorten(info.orig_filename)} is described in two different ways; make the zip again")
        return int(start + name_length + extra_length + info.compress_size)

    def _check_member(self, info: zipfile.ZipInfo) -> None:
        name, mode = info.orig_filename, info.external_attr >> 16
        if "\x00" in name or "\\" in name:
            raise self._fail(f"the file name {shorten(name)} is not allowed; rename the file")
        if info.flag_bits & _ENCRYPTED:
            raise self._fail(f"{shorten(name)} is encrypted; make the zip without a password")
        if info.compress_type not in _METHODS:
            raise self._fail(
                f"{shorten(name)} is packed by method {info.compress_type}, expected 'stored' or 'deflate'"
            )
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise self._fail(f"{shorten(name)} is a link or device; replace it by the file itself")
        unpacked = info.file_size
        if unpacked > self._limits.zip_ratio_free_bytes and unpacked > self._limits.zip_ratio * info.compress_size:
            raise self._fail(f"{shorten(name)} unpacks to more than {self._limits.zip_ratio} times its size")

    def _strip(self, infos: dict[str, zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        kept = {name: info for name, info in infos.items() if not is_junk(name)}
        tops = {name.split("/")[0] for name in kept}
        if len(tops) == 1 and not any(name in kept for name in _ROOT_FILES) and all("/" in name for name in kept):
            top = tops.pop()
            check_member_names((top,), self._limits)
            return {name[len(top) + 1 :]: info for name, info in kept.items()}
        return kept

    def names(self) -> tuple[str, ...]:
        """See `Members`."""
        return tuple(sorted(self._infos))

    def size(self, name: str) -> int:
        """See `Members`."""
        return self._infos[name].file_size

    def read(self, name: str, most: int) -> bytes:
        """See `Members`."""
        info = self._infos[name]
        if info.file_size > most:
            raise self._fail(f"{name} is larger than {most} bytes")
        try:
            with self._archive.open(info) as stream:
                data = stream.read(most + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
            raise self._fail(f"{name} is damaged; get or make the zip again") from None
        if len(data) != info.file_size:
            raise self._fail(f"{name} has {len(data)} bytes, expected {info.file_size}; get or make the zip again")
        return data
