"""Folders: made whole or not at all, gone as a whole, and the files in them that only one process writes."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path

from gamemusic.errors import OutputError
from gamemusic.files import NotOrdinaryError, check_ordinary, check_writable, output_error, write_out
from gamemusic.temporary import begin_folder, delete, sweep, sync_folder, temporary_path

__all__ = [
    "append_file",
    "discard",
    "make_folder",
    "open_lock",
    "remove_file",
    "rename_file",
    "write_folder",
]

_FLAGS = getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)


def write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write a new folder with all that is in it, or nothing.

    Args:
        folder: Where nothing is yet; its parent must be there.
        contents: Files by their paths from the folder on, with ``/`` between names.

    Raises:
        OutputError: Something is there already, or it could not be written; what was begun is removed.
    """
    if folder.exists() or folder.is_symlink():
        raise OutputError(f"{folder} exists already; choose another name, or remove it")
    check_writable(folder)
    sweep(folder.parent)
    begun, lock = None, None
    inner = sorted({parent for name in contents for parent in Path(name).parents})
    try:
        begun, lock = begin_folder(folder.parent)
        for one in inner:
            (begun / one).mkdir(exist_ok=True)
        for name, content in contents.items():
            descriptor = os.open(begun / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, 0o666)
            try:
                write_out(descriptor, content)
            finally:
                os.close(descriptor)
        for one in inner:
            sync_folder(begun / one)
        begun.rename(folder)
    except OSError as error:
        raise output_error(folder, error) from error
    finally:
        if begun is not None:
            delete(begun)  # unless it was renamed
        if lock is not None:
            os.close(lock)
    sync_folder(folder.parent)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, where they are missing.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        missing = [one for one in (path, *path.parents) if not one.exists()]
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be made: {error.strerror}; nothing was changed") from None
    for one in missing:
        sync_folder(one.parent)


def append_file(path: Path, content: bytes) -> None:
    """Add to the end of a file, which is made where it is missing; a link is not followed.

    Raises:
        OutputError: It cannot be written; a part of ``content`` may have been.
    """
    try:
        descriptor = _open_own(path, os.O_WRONLY | os.O_APPEND)
        try:
            write_out(descriptor, content)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise output_error(path, error) from error


def open_lock(path: Path) -> int:
    """Return the descriptor of a file that is only there to be locked; it is made where it is missing.

    Raises:
        OutputError: It cannot be opened, or is no ordinary file.
    """
    try:
        return _open_own(path, os.O_RDWR)
    except OSError as error:
        raise output_error(path, error) from error


def _open_own(path: Path, flags: int) -> int:
    """Open a file of ours for writing; nothing that is not one, or lies elsewhere, is opened or made."""
    if path.is_symlink():
        raise NotOrdinaryError(errno.ELOOP, "it is a link")
    descriptor = os.open(path, flags | os.O_CREAT | _FLAGS, 0o666)
    try:
        check_ordinary(os.fstat(descriptor))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def remove_file(path: Path) -> None:
    """Remove a file, where there is one.

    Raises:
        OutputError: It cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be removed: {error.strerror}; remove it yourself") from None


def rename_file(path: Path, name: str) -> None:
    """Give a file another name in its folder; what had that name is replaced.

    Raises:
        OutputError: It cannot be renamed.
    """
    try:
        path.replace(path.with_name(name))
    except OSError as error:
        raise OutputError(f"{path} cannot be called {name}: {error.strerror}; move it away yourself") from None


def discard(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; it is gone as a whole before anything of it is deleted.

    Raises:
        OutputError: It cannot be removed, and is as it was.
    """
    sweep(path.parent)
    doomed = temporary_path(path.parent)
    try:
        path.rename(doomed)
    except OSError as error:
        raise OutputError(f"{path} cannot be removed: {error.strerror}; nothing was changed") from None
    sync_folder(path.parent)
    delete(doomed)  # what cannot be deleted now is swept away later
