"""Files: only ordinary ones are read, and what is written appears whole or not at all.

Everything that this package reads is opened by `open_ordinary`, everything it writes is written here: under another
name beside its place (`gamemusic.temporary`) first. Who writes into a folder sweeps away what a process that died has
left there.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Literal

from gamemusic.errors import InputError, MissingError, OutputError
from gamemusic.temporary import begin_file, sweep, sync_folder
from gamemusic.values import shown

__all__ = [
    "MOST_BYTES",
    "NotOrdinaryError",
    "check_ordinary",
    "check_writable",
    "hash_file",
    "is_device",
    "is_link",
    "open_ordinary",
    "output_error",
    "read_file",
    "read_head",
    "shown_name",
    "user_folder",
    "write_file",
    "write_files",
    "write_out",
]

MOST_BYTES = 1 << 32
"""The largest file that is read, in bytes: neither a WAV file nor a soundfont can be larger."""

_DEVICES = frozenset(
    ("con", "prn", "aux", "nul", "conin$", "conout$", *(p + n for p in ("com", "lpt") for n in "0123456789¹²³"))
)
_BINARY = getattr(os, "O_BINARY", 0)
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | _BINARY
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
_REPARSED = 0x400
"""Attribute of what leads elsewhere on Windows: links and junctions."""
_STEP = 1 << 20
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT))


class NotOrdinaryError(OSError):
    """A folder, pipe, device or (where these are not followed) link stands where a file was expected."""


# reading ------------------------------------------------------------------------------------------------------------


def open_ordinary(path: str | Path, *, links: bool = True) -> IO[bytes]:
    """Open an ordinary file for reading. A pipe or device is neither read nor waited for.

    Args:
        path: Of the file.
        links: Whether a link may stand there, and lead to it.

    Raises:
        OSError: It cannot be opened; a `NotOrdinaryError` when it is no ordinary file.
    """
    try:
        # before it is opened, since opening alone may wait, or set a device going
        check_ordinary(Path(path).stat() if links else Path(path).lstat())
        descriptor = os.open(path, _READ | (0 if links else _NO_LINKS))
    except ValueError:  # NUL, or letters that the system has no bytes for
        raise OSError(errno.EINVAL, "this is not a path that can be opened") from None
    except OSError as error:
        if error.errno == errno.ELOOP and not links:
            raise NotOrdinaryError(errno.ELOOP, "it is a link") from None
        raise
    try:
        check_ordinary(os.fstat(descriptor))  # it may be another one by now
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def is_link(status: os.stat_result) -> bool:
    """Return whether what was looked at leads elsewhere: a link, or a junction of Windows."""
    return stat.S_ISLNK(status.st_mode) or bool(getattr(status, "st_file_attributes", 0) & _REPARSED)


def check_ordinary(status: os.stat_result) -> None:
    """Raise a `NotOrdinaryError` for what is no ordinary file."""
    if is_link(status):
        raise NotOrdinaryError(errno.ELOOP, "it is a link")
    if not stat.S_ISREG(status.st_mode):
        raise NotOrdinaryError(errno.EINVAL, "it is no ordinary file")


def read_head(path: str | Path, what: str = "", *, most: int, links: bool = True) -> bytes:
    """Return the first bytes of an ordinary file.

    Args:
        path: Of the file.
        what: What the message calls it, such as ``the theme``.
        most: Bytes; who asks for one more than is allowed sees that there are too many.
        links: See `open_ordinary`.

    Raises:
        InputError: It cannot be read, or is no ordinary file.
    """
    called = f"{what} {shown_name(str(path))}".strip()
    try:
        with open_ordinary(path, links=links) as stream:
            parts: list[bytes] = []
            left = most  # in steps: a length that is asked for at once is allotted at once, however short the file
            while left > 0 and (part := stream.read(min(left, _STEP))):
                parts.append(part)
                left -= len(part)
            return b"".join(parts)
    except NotOrdinaryError as error:
        kind = "a link; name the file itself" if error.errno == errno.ELOOP else "no ordinary file; name one"
        raise InputError(f"{called} is {kind}") from None
    except OSError as error:
        raise InputError(f"{called} cannot be read: {error.strerror or error}") from None


def read_file(path: str | Path, what: str = "", *, most: int = MOST_BYTES, links: bool = True) -> bytes:
    """Return an ordinary file's content.

    Args:
        path: Of the file.
        what: What the message calls it, such as ``the theme``.
        most: Bytes that it may have.
        links: See `open_ordinary`.

    Raises:
        InputError: It cannot be read, is no ordinary file, or is larger.
    """
    content = read_head(path, what, most=most + 1, links=links)
    if len(content) > most:
        raise InputError(f"{what} {shown_name(str(path))} is larger than {most:,} bytes, which are allowed".strip())
    return content


def hash_file(path: str | Path, *, links: bool = True) -> str:
    """Return the SHA-256 of an ordinary file of at most `MOST_BYTES`, in hexadecimal.

    Raises:
        OSError: It cannot be read, is no ordinary file, or is larger.
    """
    digest = hashlib.sha256()
    with open_ordinary(path, links=links) as stream:
        left = stream.seek(0, os.SEEK_END)
        if left > MOST_BYTES:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        stream.seek(0)
        while left > 0 and (part := stream.read(_STEP)):
            digest.update(part)
            left -= len(part)
    return digest.hexdigest()


def shown_name(name: str) -> str:
    """Return a file's name as text that can be printed and written, whatever bytes it is made of."""
    try:
        text = os.fsencode(name).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # no name of a file
        text = name
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


# writing ------------------------------------------------------------------------------------------------------------


def user_folder(kind: Literal["cache", "data"]) -> Path:
    """Return the folder that the user's own data or cache of this package lies in; it need not exist.

    Raises:
        MissingError: This system knows no home folder for the user, as in some containers.
    """
    import platformdirs  # late, as all that is not needed where a mood is named by its path

    variable = f"XDG_{kind.upper()}_HOME"
    homeless = MissingError(f"there is no home folder for this user; set HOME or {variable} to a folder of your own")
    try:
        if kind == "data":
            path = Path(platformdirs.user_data_dir("gamemusic", appauthor=False, roaming=True))
        else:
            path = Path(platformdirs.user_cache_dir("gamemusic", appauthor=False))
    except RuntimeError:  # what newer releases of it say
        raise homeless from None
    if not path.is_absolute():  # older ones: "~", which would be a folder of this name in the current one
        raise homeless
    return path


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
    try:
        path.is_dir()
    except (OSError, ValueError) as error:  # such as a name that is too long
        reason = error.strerror if isinstance(error, OSError) else "it is not a path"
        raise OutputError(f"cannot write {shown(str(path))}: {reason}; choose another file name") from None
    if not folder.exists():
        raise OutputError(f"folder {folder} does not exist; make it first, or write elsewhere")
    if not folder.is_dir():
        raise OutputError(f"{folder} is not a folder; write elsewhere")
    if path.is_dir():
        raise OutputError(f"{path} is a folder; choose another file name")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"folder {folder} is read-only; write elsewhere or change its permissions")


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
    folders = dict.fromkeys(path.parent for path in contents)
    for folder in folders:
        sweep(folder)
    begun: dict[Path, Path] = {}
    with contextlib.ExitStack() as locks:
        path = Path()
        try:
            for path, content in contents.items():
                begun[path], descriptor = begin_file(path.parent)
                locks.callback(os.close, descriptor)
                write_out(descriptor, content)
            if os.name == "nt":
                locks.close()  # open files cannot be renamed there
            for path, temporary in begun.items():
                os.replace(temporary, path)
        except OSError as error:
            raise output_error(path, error) from error
        finally:
            if os.name == "nt":
                locks.close()
            for temporary in begun.values():
                with contextlib.suppress(OSError):  # those that were renamed are gone already
                    temporary.unlink()
    for folder in folders:
        sync_folder(folder)


def write_out(descriptor: int, content: bytes) -> None:
    """Write all of it, and have the disk keep it."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest[:_STEP]) :]
    os.fsync(descriptor)


def output_error(path: Path, error: OSError) -> OutputError:
    """Return what says that a file could not be written, and what to do."""
    step = "free some space" if error.errno in _FULL else "write elsewhere"
    return OutputError(f"cannot write {path}: {error.strerror or error}; {step}")
