"""Temporary files: names for what is being written or removed, and how what a process left that died is swept away.

Who writes such a file, or a folder of them, holds a lock on it, which ends with the process, however that ends.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import sys
import time
from pathlib import Path

__all__ = ["begin_file", "begin_folder", "delete", "is_temporary", "sweep", "sync_folder", "temporary_path"]

_NAME = re.compile(r"\.gamemusic-[0-9a-f]{16}\.tmp")
_BINARY = getattr(os, "O_BINARY", 0)
_LOOK = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
_ABANDONED_SECONDS = 3600
"""Age at which a temporary file is nobody's, where files cannot be locked."""


def is_temporary(name: str) -> bool:
    """Return whether a file's name is a temporary one; nothing under such a name is ever read."""
    return _NAME.fullmatch(name) is not None


def temporary_path(folder: Path) -> Path:
    """Return a temporary name in a folder that nothing has."""
    # a name of its own and not tempfile's, whose files only their owner may read
    return folder / f".gamemusic-{secrets.token_hex(8)}.tmp"


def sweep(folder: Path) -> None:
    """Remove what processes that died have left in a folder under temporary names; what somebody writes now stays."""
    try:
        with os.scandir(folder) as entries:
            left = [entry for entry in entries if is_temporary(entry.name)]
    except OSError:
        return
    for entry in left:
        if _is_abandoned(entry):
            delete(Path(entry.path))


def _is_abandoned(entry: os.DirEntry[str]) -> bool:
    try:
        status = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            return True
        locked = None
        if os.name != "nt":
            descriptor = os.open(entry.path, _LOOK)
            try:
                locked = _lock(descriptor)
            finally:
                os.close(descriptor)
    except OSError:
        return False  # gone meanwhile, or not ours
    if locked is None:
        return time.time() - status.st_mtime > _ABANDONED_SECONDS
    return locked


def begin_file(folder: Path) -> tuple[Path, int]:
    """Make a temporary file, and return its path and its descriptor, which also holds the lock.

    Raises:
        OSError: It cannot be made.
    """
    for _ in range(16):
        path = temporary_path(folder)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
        # between the two lines somebody may have swept it away
        if _lock(descriptor) is not False and path.exists():
            return path, descriptor
        os.close(descriptor)
        with contextlib.suppress(OSError):
            path.unlink()
    raise OSError(errno.EAGAIN, "another process removes what is begun here")


def begin_folder(folder: Path) -> tuple[Path, int | None]:
    """Make a temporary folder, and return its path and the descriptor that holds the lock; None where there are none.

    Raises:
        OSError: It cannot be made.
    """
    path = temporary_path(folder)
    path.mkdir()
    if os.name == "nt":
        return path, None
    try:
        descriptor = os.open(path, os.O_RDONLY)
        _lock(descriptor)
    except OSError:
        delete(path)
        raise
    return path, descriptor


def _lock(descriptor: int) -> bool | None:
    """Lock a file until it is closed; return False where somebody else holds it, None where files have no locks."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def delete(path: Path) -> None:
    """Delete what is at a temporary name, if there is anything, as far as that is possible."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def sync_folder(folder: Path) -> None:
    """Have the disk remember what was renamed in a folder; what was written stands, whether it can promise or not."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
