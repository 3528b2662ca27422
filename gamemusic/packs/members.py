"""The files of a mood pack, as a folder or in a zip: which names and sizes are allowed, and how they are read.

Nothing is ever extracted: a file is read into memory once, and what was checked is what is used.
"""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from gamemusic.errors import InputError, PackError
from gamemusic.files import NotOrdinaryError, is_device, open_ordinary
from gamemusic.limits import LIMITS, Limits
from gamemusic.packs.nodes import hidden_character, shorten

__all__ = ["FolderMembers", "Members", "check_member_name", "check_member_names", "is_junk"]

_JUNK_NAMES = frozenset((".ds_store", "thumbs.db", "desktop.ini"))
_JUNK_FOLDERS = frozenset(("__macosx",))


_REPARSED = 0x400
"""Attribute of what leads elsewhere on Windows: links and junctions."""


class Members(Protocol):
    """The files of a pack that is being opened."""

    path: Path
    """The folder or zip."""

    def names(self) -> tuple[str, ...]:
        """Return the paths of all files, sorted, with forward slashes; names that are not allowed raise."""

    def size(self, name: str) -> int:
        """Return a file's size in bytes, as its folder or zip states it."""

    def read(self, name: str, most: int) -> bytes:
        """Return a file's content; more than ``most`` bytes raise."""


def is_junk(name: str) -> bool:
    """Return whether a path is one that file managers leave behind, which packs ignore."""
    parts = name.casefold().split("/")
    return parts[-1] in _JUNK_NAMES or bool(_JUNK_FOLDERS.intersection(parts))


def check_member_name(name: str, limits: Limits = LIMITS) -> None:
    """Check that a path inside a pack means one and the same harmless file on every system.

    Raises:
        PackError: Without a file; the caller knows which pack it is.
    """
    problem = ""
    parts = name.split("/")
    if not name or len(name) > limits.name_characters or len(parts) > limits.folder_depth:
        problem = (
            f"is empty, longer than {limits.name_characters} characters or deeper than {limits.folder_depth} folders"
        )
    elif name.startswith("/") or any(part in ("", ".", "..") for part in parts):
        problem = "leads out of the pack"
    elif any(character in '\\:<>"|?*\n\t' for character in name) or hidden_character(name) is not None:
        problem = "holds a character that is not allowed in file names everywhere"
    elif any(part != part.strip() or part.endswith(".") for part in parts):
        problem = "has a part that begins or ends with a space, or ends with a dot"
    elif any(is_device(part) for part in parts):
        problem = "is the name of a device on Windows"
    if problem:
        raise PackError(f"the file name {shorten(name)} {problem}; rename the file")


def check_member_names(names: Iterable[str], limits: Limits = LIMITS) -> None:
    """Check each path, and that no two of them are the same file on some system.

    Raises:
        PackError: Without a file; the caller knows which pack it is.
    """
    seen: dict[str, str] = {}
    for name in names:
        check_member_name(name, limits)
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
        if folded in seen:
            raise PackError(f"{name!r} and {seen[folded]!r} are the same file on some systems; rename one of them")
        seen[folded] = name
    for folded, name in seen.items():
        parts = folded.split("/")
        for count in range(1, len(parts)):
            if (file := seen.get("/".join(parts[:count]))) is not None:
                raise PackError(f"{file!r} is a file, and {name!r} needs a folder of that name; rename one of them")


class FolderMembers:
    """The files of a folder. Links are refused, so that nothing outside the folder is ever read."""

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        self.path = path
        self._limits = limits
        self._sizes: dict[str, int] = {}
        self._folders = 0
        try:
            self._scan(path, "")
        except OSError as error:
            raise InputError(f"the folder {path} cannot be read: {error.strerror}") from None
        check_member_names(self._sizes, limits)

    def _scan(self, folder: Path, prefix: str) -> None:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = prefix + entry.name
                if is_junk(name):
                    continue
                status = entry.stat(follow_symlinks=False)
                if entry.is_symlink() or getattr(status, "st_file_attributes", 0) & _REPARSED:
                    raise PackError(f"{name!r} is a link; replace it by the file itself", file=self.path)
                if stat.S_ISDIR(status.st_mode) and name.count("/") < self._limits.folder_depth:
                    self._folders += 1
                    self._scan(Path(entry.path), name + "/")
                elif stat.S_ISREG(status.st_mode):
                    self._sizes[name] = status.st_size
                else:
                    raise PackError(f"{name!r} is no ordinary file; remove it", file=self.path)
                if max(len(self._sizes), self._folders) > self._limits.pack_files:
                    raise PackError(
                        f"there are more than {self._limits.pack_files} files or folders, which no mood pack has",
                        file=self.path,
                    )

    def names(self) -> tuple[str, ...]:
        """See `Members`."""
        return tuple(sorted(self._sizes))

    def size(self, name: str) -> int:
        """See `Members`."""
        return self._sizes[name]

    def read(self, name: str, most: int) -> bytes:
        """See `Members`."""
        try:
            # what was a file when the folder was read may be a link or a pipe by now, which must neither be followed
            # nor waited for
            with open_ordinary(self.path / name, links=False) as stream:
                data = stream.read(most + 1)
        except NotOrdinaryError as error:
            kind = "a link; replace it by the file itself" if error.errno == errno.ELOOP else "no ordinary file"
            raise PackError(f"{name} is {kind}", file=self.path) from None
        except OSError as error:
            raise PackError(f"{name} cannot be read: {error.strerror}", file=self.path) from None
        if len(data) > most:
            raise PackError(f"{name} is larger than {most} bytes", file=self.path)
        return data
