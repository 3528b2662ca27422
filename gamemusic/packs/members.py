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
from gamemusic.files import NotOrdinaryError, is_device, is_link, open_ordinary
from gamemusic.limits import LIMITS, Limits
from gamemusic.packs.nodes import hidden_character, shorten
from gamemusic.temporary import is_temporary

__all__ = ["FolderMembers", "Members", "check_member_name", "check_member_names", "is_junk"]

_JUNK_NAMES = frozenset((".ds_store", "thumbs.db", "desktop.ini"))
_JUNK_FOLDERS = frozenset(("__macosx",))


_MOST_SEEN = 10_000
"""Files that are listed of a folder; nobody reads more names than that."""


class Members(Protocol):
    """The files of a pack that is being opened."""

    path: Path
    """The folder or zip."""

    def has(self, name: str) -> bool:
        """Return whether there is a file of this path, with forward slashes."""

    def names(self) -> tuple[str, ...]:
        """Return the paths of all files, sorted, with forward slashes."""

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
    """The files of a folder, each looked at when it is asked for; what nobody asks for may be anything.

    Links are refused, so that nothing outside the folder is ever read.
    """

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        self.path = path
        self._limits = limits

    def has(self, name: str) -> bool:
        """See `Members`; a name that is not allowed is none that is there, and what is no ordinary file raises."""
        try:
            check_member_name(name, self._limits)
            self._status(name)
        except FileNotFoundError:
            return False
        except NotADirectoryError:
            return False
        except OSError as error:
            raise PackError(f"{name} cannot be read: {error.strerror}", file=self.path) from None
        except PackError as error:
            if error.file is not None:
                raise
            return False
        return True

    def names(self) -> tuple[str, ...]:
        """Return the paths of all files and links, also of those that no pack may hold; deep folders as one each."""
        found: list[str] = []
        try:
            self._scan(self.path, "", found)
        except OSError as error:
            raise InputError(f"the folder {self.path} cannot be read: {error.strerror}") from None
        return tuple(sorted(found))

    def _scan(self, folder: Path, prefix: str, found: list[str]) -> None:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = prefix + entry.name
                if is_junk(name) or is_temporary(entry.name):
                    continue
                if len(found) > _MOST_SEEN:
                    return
                if entry.is_dir(follow_symlinks=False) and name.count("/") < self._limits.folder_depth:
                    self._scan(Path(entry.path), name + "/", found)
                else:
                    found.append(name)

    def _status(self, name: str) -> os.stat_result:
        """Return a file's status, after a look at every folder that leads to it."""
        path = self.path
        parts = name.split("/")
        for place, part in enumerate(parts, start=1):
            path = path / part
            status = path.lstat()
            if is_link(status):
                shown = "/".join(parts[:place])
                raise PackError(f"{shown!r} is a link; replace it by the file itself", file=self.path)
        if not stat.S_ISREG(status.st_mode):
            raise PackError(f"{name!r} is no ordinary file; remove it", file=self.path)
        return status

    def size(self, name: str) -> int:
        """See `Members`."""
        try:
            return self._status(name).st_size
        except OSError as error:
            raise PackError(f"{name} cannot be read: {error.strerror}", file=self.path) from None

    def read(self, name: str, most: int) -> bytes:
        """See `Members`."""
        try:
            self._status(name)
            # what was a file a moment ago may be a link or a pipe by now, which must neither be followed nor waited for
            with open_ordinary(self.path / name, links=False) as stream:
                data = stream.read(most + 1)
        except NotOrdinaryError as error:
            link = error.errno == errno.ELOOP
            kind = "a link; replace it by the file itself" if link else "no ordinary file; remove it"
            raise PackError(f"{name!r} is {kind}", file=self.path) from None
        except OSError as error:
            raise PackError(f"{name} cannot be read: {error.strerror}", file=self.path) from None
        if len(data) > most:
            raise PackError(f"{name} is larger than {most} bytes", file=self.path)
        return data
