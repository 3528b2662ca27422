"""Mood packs in zip files: read in memory, and refused where two programs could see two different archives."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections import Counter
from pathlib import Path

from gamemusic.errors import PackError
from gamemusic.files import read_head
from gamemusic.limits import LIMITS, Limits
from gamemusic.packs.directory import MOST_EXTRA, ZIP_FAULTS, check_directory
from gamemusic.packs.members import check_member_names, is_junk
from gamemusic.packs.nodes import shorten

__all__ = ["ZipMembers"]

_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_END = struct.Struct("<4H2LH")
_LONG_SIZES = "<LQQ"
_DESCRIPTORS = tuple((mark, sizes) for sizes in (_LONG_SIZES, "<LLL") for mark in (b"PK\x07\x08", b""))
"""How sizes may follow a member's data, the longest first; the mark is left out by some."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED, _HAS_DESCRIPTOR, _UTF8 = 0x1, 0x8, 0x800
_UNICODE_PATH = 0x7075
_ROOT_FILES = ("card.json", "preset.yaml")


class ZipMembers:
    """The files of a zip; one folder at its top, which holds all the others, is left out of their names."""

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        self.path = path
        self._limits = limits
        data = read_head(path, most=limits.pack_bytes + 1)
        if len(data) > limits.pack_bytes:
            raise self._fail(f"the zip is larger than {limits.pack_bytes} bytes")
        content = io.BytesIO(data)
        try:
            check_directory(content, limits)
            self._archive = zipfile.ZipFile(content)
            infos = self._archive.infolist()
        except PackError as error:
            raise self._fail(str(error)) from None
        except ZIP_FAULTS:
            raise self._fail("this is no zip file, or a damaged one; get or make it again") from None
        total = sum(info.file_size for info in infos)
        if total > limits.pack_bytes:
            raise self._fail(f"the files are {total} bytes together, allowed are {limits.pack_bytes}")
        self._check_layout(data, infos)
        for info in infos:
            self._check_member(info)
        self._infos = self._strip({info.filename: info for info in infos if not info.is_dir()})
        check_member_names(self._infos, limits)

    def _fail(self, message: str) -> PackError:
        return PackError(message, file=self.path)

    def _check_layout(self, data: bytes, infos: list[zipfile.ZipInfo]) -> None:
        """Refuse what hides or overlaps: members must stand one after the other, with nothing before or after."""
        names = Counter(info.orig_filename for info in infos)
        twice = next((name for name, count in names.items() if count > 1), None)
        if twice is not None:
            raise self._fail(f"the zip holds {shorten(twice)} twice; make it again")
        tail = len(data) - 22 - len(self._archive.comment)
        hidden = "the zip holds data outside its files; make it again with 'gamemusic pack'"
        if tail < 0 or data[tail : tail + 4] != b"PK\x05\x06":
            raise self._fail(hidden)
        end = 0
        for info in sorted(infos, key=lambda info: info.header_offset):
            if info.header_offset < end:
                raise self._fail(f"{shorten(info.orig_filename)} overlaps another file of the zip; make it again")
            if info.header_offset > end:
                raise self._fail(hidden)
            end = self._member_end(data, info)
        directory = self._archive.start_dir
        if directory != end:
            raise self._fail(hidden)
        # a zip64 has more before its end, and some programs believe the one, some the other
        count, comment = len(infos), len(self._archive.comment)
        if _END.unpack_from(data, tail + 4) != (0, 0, count, count, tail - directory, directory, comment):
            raise self._fail("the end of the zip describes another directory than it has; make it again")

    def _member_end(self, data: bytes, info: zipfile.ZipInfo) -> int:
        """Return where a member ends, after checking that what stands there agrees with the directory."""
        header = data[info.header_offset : info.header_offset + _LOCAL_HEADER.size]
        if len(header) < _LOCAL_HEADER.size:
            raise self._fail("the zip is cut off; get it again")
        mark, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        start = info.header_offset + _LOCAL_HEADER.size
        name = data[start : start + name_length]
        encoding = "utf-8" if info.flag_bits & _UTF8 else "cp437"
        same = name == info.orig_filename.encode(encoding, "replace") and method == info.compress_type
        same = same and not (flags ^ info.flag_bits) & (_ENCRYPTED if name.isascii() else _ENCRYPTED | _UTF8)
        start += name_length
        if extra_length > MOST_EXTRA:
            raise self._fail(
                f"{shorten(info.orig_filename)} has {extra_length} bytes of extra fields, allowed are {MOST_EXTRA}; "
                "make the zip again"
            )
        same = same and not _is_renamed(info.extra) and not _is_renamed(data[start : start + extra_length])
        end = int(start + extra_length + info.compress_size)
        known = (info.CRC, info.compress_size, info.file_size)
        found = (crc, packed, size)
        if flags & _HAS_DESCRIPTOR:
            same = same and all(one in (0, 0xFFFFFFFF, other) for one, other in zip(found, known, strict=True))
            fit = [pair for pair in _DESCRIPTORS if max(known) < 1 << 32 or pair[1] == _LONG_SIZES]
            written = (mark + struct.pack(sizes, *known) for mark, sizes in fit)
            length = next((len(one) for one in written if data.startswith(one, end)), None)
            same, end = same and length is not None, end + (length or 0)
        else:
            same = same and found == known
        if mark != b"PK\x03\x04" or not same:
            raise self._fail(f"{shorten(info.orig_filename)} is described in two different ways; make the zip again")
        return end

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
        if is_junk(name) and not {"", ".", ".."}.isdisjoint(name.rstrip("/").split("/")):
            raise self._fail(f"the file name {shorten(name)} leads out of the pack; rename the file")
        if info.is_dir():
            if info.file_size:
                raise self._fail(f"{shorten(name)} is a folder and has content; make the zip again")
            for part in name[:-1].split("/"):
                check_member_names((part,), self._limits)
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

    def has(self, name: str) -> bool:
        """See `Members`."""
        return name in self._infos

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
        except ZIP_FAULTS:
            raise self._fail(f"{name} is damaged; get or make the zip again") from None
        if len(data) != info.file_size:
            raise self._fail(f"{name} has {len(data)} bytes, expected {info.file_size}; get or make the zip again")
        return data


def _is_renamed(extra: bytes) -> bool:
    """Return whether a header's extra fields hold another name, which some programs take and others do not."""
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, place)
        if kind == _UNICODE_PATH:
            return True
        place += 4 + length
    return False
