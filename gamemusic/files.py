"""Files that are written whole or not at all, and read without waiting for what is none."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from gamemusic.errors import InputError, OutputError

__all__ = ["check_writable", "is_device", "read_file", "shown_name", "write_file", "write_files"]

_DEVICES = frozenset(
    ("con", "prn", "aux", "nul", "conin$", "conout$", *(p + n for p in ("com", "lpt") for n in "0123456789¹²³"))
)
_NO_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def is_device(name: str) -> bool:
    """Return whether Windows takes a file of this name for a device: ``con``, ``Aux.mid``, ``com1.tar.gz``.

    There such a file can be neither made nor opened, in any folder and with any suffix; so it is refused everywhere,
    since games and moods go from machine to machine.
    """
    return name.partition(".")[0].strip().casefold() in _DEVICES


def check_writable(path: Path) -> None:
    """Do nothing when a file could probably be written at ``path``, so that long work is not done for nothing.

    Raises:
        OutputError: The folder is missing or may not be written to, or a folder has the file's name, or it is the name
            of a device.
    """
    if is_device(path.name):
        raise OutputError(f"{path.name} is the name of a device on Windows; choose another file name")
    folder = path.parent
    if not folder.exists():
        raise OutputError(f"folder {folder} does not exist; make it first, or write elsewhere")
    if not folder.is_dir():
        raise OutputError(f"{folder} is not a folder; write elsewhere")
    if path.is_dir():
        raise OutputError(f"{path} is a folder; choose another file name")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"folder {folder} is read-only; write elsewhere or change its permissions")


def read_file(path: Path, what: str = "", *, most: int = -1) -> bytes:
    """Return an ordinary file's content.

    Args:
        path: A pipe or device at it is neither read nor waited for.
        what: What the message calls it, such as ``the theme``.
        most: Bytes of it; one more is read, so that the caller sees that it is longer. -1: all.

    Raises:
        InputError: It cannot be read, or is no ordinary file.
    """
    called = f"{what} {shown_name(str(path))}".strip()
    if "\0" in str(path):
        raise InputError(f"{called!a} is not a path that can be opened")
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_WAITING)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise InputError(f"{called} is no ordinary file; name one")
            return stream.read(most if most < 0 else most + 1)
    except OSError as error:
        raise InputError(f"{called} cannot be read: {error.strerror or error}") from None


def shown_name(name: str) -> str:
    """Return a file's name as text that can be printed and written, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def write_file(path: Path, content: bytes) -> None:
    """Write one file as `write_files` does."""
    write_files({path: content})


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write files that belong together: first all under other names beside their places, then all are renamed.

    A reader never sees half a file, and when the disk is full no file is replaced.

    Args:
        contents: What is to be written, by path; files that exist are replaced.

    Raises:
        OutputError: Something could not be written; what was begun is removed.
    """
    for path in contents:
        check_writable(path)
    begun: dict[Path, Path] = {}
    path = Path()
    try:
        for path, content in contents.items():
            # a name of its own and not tempfile's, whose files only their owner may read
            begun[path] = path.with_name(f".gamemusic-{secrets.token_hex(8)}.tmp")
            _write(begun[path], content)
        for path, temporary in begun.items():
            os.replace(temporary, path)
    except OSError as error:
        reason = error.strerror or str(error)
        step = "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "write elsewhere"
        raise OutputError(f"cannot write {path}: {reason}; {step}") from error
    finally:
        for temporary in begun.values():
            with contextlib.suppress(OSError):  # those that were renamed are gone already
                temporary.unlink()


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
