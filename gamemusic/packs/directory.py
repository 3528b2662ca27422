"""The directory at the end of a zip, looked at before `zipfile` reads it.

`zipfile` copies what is left of an entry's extra fields for each of them, so that 64 KiB of empty ones take time with
the square of their number. So their length is bounded first, and of a zip that is only asked for its name no more than
the directory and one file are read.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

from gamemusic.errors import GameMusicError, PackError
from gamemusic.files import open_ordinary
from gamemusic.limits import LIMITS, Limits
from gamemusic.packs.nodes import shorten

__all__ = ["MOST_EXTRA", "ZIP_FAULTS", "check_directory", "peek_file"]

MOST_EXTRA = 1024
"""Most bytes of extra fields that a file of a zip may have; what zip programs write stays under 100."""
ZIP_FAULTS = (
    zipfile.BadZipFile,
    NotImplementedError,
    ValueError,
    OverflowError,
    struct.error,
    EOFError,
    zlib.error,
    RuntimeError,
    OSError,
)
"""What `zipfile` raises for damaged zips."""
_END_BYTES, _ENTRY_BYTES, _LOCATOR_BYTES = 22, 46, 20
_LONGEST_COMMENT = 1 << 16


def check_directory(stream: IO[bytes], limits: Limits = LIMITS) -> None:
    """Do nothing when a zip's directory is short enough to be read; what else is wrong with it `zipfile` says.

    Args:
        stream: The zip.
        limits: How many files it may have.

    Raises:
        PackError: There are too many files, too long extra fields, or a second directory; without a file's name.
    """
    length = stream.seek(0, 2)
    start = max(0, length - _END_BYTES - _LONGEST_COMMENT)
    stream.seek(start)
    tail = stream.read(_END_BYTES + _LONGEST_COMMENT)
    place = tail.rfind(b"PK\x05\x06")
    if tail[-_END_BYTES:].startswith(b"PK\x05\x06") and tail.endswith(b"\0\0"):  # as zipfile finds it
        place = len(tail) - _END_BYTES
    if place < 0 or place + _END_BYTES > len(tail):
        return
    if tail[max(0, place - _LOCATOR_BYTES) : place].startswith(b"PK\x06\x07"):
        raise PackError("the end of the zip describes another directory than it has; make it again")
    end = start + place
    at = end - int(struct.unpack_from("<L", tail, place + 12)[0])
    count = 0
    while 0 <= at < end:
        stream.seek(at)
        head = stream.read(_ENTRY_BYTES)
        if len(head) < _ENTRY_BYTES or not head.startswith(b"PK\x01\x02"):
            return  # here zipfile stops, too
        name, extra, comment = struct.unpack_from("<3H", head, 28)
        count += 1
        if count > limits.pack_files:
            raise PackError(f"there are more than {limits.pack_files} files, which no mood pack has")
        if extra > MOST_EXTRA:
            shown = shorten(stream.read(name).decode("utf-8", "replace"))
            raise PackError(f"{shown} has {extra} bytes of extra fields, allowed are {MOST_EXTRA}; make the zip again")
        at += _ENTRY_BYTES + name + extra + comment


def peek_file(path: Path, name: str, most: int, limits: Limits = LIMITS) -> bytes | None:
    """Return a file of a zip, which may lie in one folder on its top, without reading or checking anything else.

    Args:
        path: The zip.
        name: The file.
        most: Bytes of it that are read at most.
        limits: How many files the zip may have.

    Returns:
        None where there is none, or the zip cannot be read: whoever opens it is told what is wrong.
    """
    try:
        with open_ordinary(path) as stream:
            check_directory(stream, limits)
            with zipfile.ZipFile(stream) as archive:
                for one in archive.infolist():
                    top, _, rest = one.filename.partition("/")
                    if name in (rest or top, one.filename):
                        with archive.open(one) as member:
                            return member.read(most)
    except (GameMusicError, *ZIP_FAULTS):
        pass
    return None
