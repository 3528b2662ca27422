"""Folder: what a bake has written, so that the next one knows what is still good.

``manifest.json`` says it to games; the journal says it to a bake that follows one that was killed. A file under its
final name is always whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gamemusic.errors import FormatError, OutputError
from gamemusic.files import write_file, write_files
from gamemusic.soundtrack.dialects import agree
from gamemusic.soundtrack.maker import Made
from gamemusic.soundtrack.page import PAGE

__all__ = ["MANIFEST", "SIDES", "Folder", "lock_folder", "read_manifest"]

MANIFEST = "manifest.json"
_STATE = ".gamemusic"
_JOURNAL, _STAMPS, _LOCK, _SKETCHES = "journal.jsonl", "stamps.json", "lock", "sketches"
_MANIFEST_FORMAT = 1
SIDES = "sides"
"""Key of the manifest behind which the files made from it stand, with their SHA-256."""

Entry = Mapping[str, Any]


@contextlib.contextmanager
def lock_folder(path: Path) -> Iterator[None]:
    """Keep other bakes out of a folder; the system lets go of the lock when the process ends, however it ends.

    Raises:
        OutputError: Another bake is at work there, or the folder cannot be written to.
    """
    try:
        (path / _STATE).mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path / _STATE / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise OutputError(f"cannot write into {path}: {error.strerror}; choose another folder") from error
    try:
        try:
            _lock(descriptor)
        except OSError:
            raise OutputError(f"another bake is writing into {path}; wait for it, or choose another folder") from None
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest of a baked folder; an empty one when there is none.

    Raises:
        FormatError: It is no manifest, or one of a newer release.
    """
    file = path / MANIFEST
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"format": _MANIFEST_FORMAT, "pieces": []}
    except (OSError, ValueError) as error:
        raise FormatError(f"this is no manifest ({error}); remove it and bake again", file=file) from error
    if (
        not isinstance(found, dict)
        or found.get("format") != _MANIFEST_FORMAT
        or not isinstance(found.get("pieces"), list)
    ):
        raise FormatError("this manifest is of another release; remove it and bake again", file=file)
    return found


class Folder:
    """A folder that is baked into; call it inside `lock_folder`.

    Args:
        path: Of the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kept: list[str] = []
        """Files that somebody had edited and that were kept under another name."""
        for left in path.glob(".gamemusic-*.tmp"):  # of a bake that was killed; nobody else writes here now
            left.unlink()
        self._manifest = read_manifest(path)
        self._entries: dict[str, Entry] = {entry["name"]: entry for entry in self._manifest["pieces"]}
        self._read_journal()
        self._stamps: dict[str, list[Any]] = self._read_stamps()

    @property
    def entries(self) -> Mapping[str, Entry]:
        """What was made, by name."""
        return self._entries

    def is_current(self, name: str, key: str, *, thorough: bool = False) -> bool:
        """Return whether a piece was made by an equal order and its files are as they were written.

        Args:
            name: Of the piece.
            key: Of the order.
            thorough: Read every file, also those whose size and time say that nobody touched them.
        """
        entry = self._entries.get(name)
        return (
            entry is not None
            and entry["key_of_order"] == key
            and all(self._digest(file["file"], thorough=thorough) == file["sha256"] for file in entry["files"])
        )

    def add(self, made: Made) -> None:
        """Write a piece's files and note that they are there."""
        before = self._entries.get(made.name)
        known = {file["file"]: file["sha256"] for file in before["files"]} if before else {}
        fresh = {file["file"]: file["sha256"] for file in made.facts["files"]}
        for name in made.files:
            self._keep_edited(name, {known.get(name), fresh[name]})
        for name in known.keys() - made.files.keys():
            self._remove(name, known[name])
        write_files({self.path / name: content for name, content in made.files.items()})
        (self.path / _STATE / _SKETCHES).mkdir(exist_ok=True)
        write_file(self._sketch_path(made.name), json.dumps(made.sketch, separators=(",", ":")).encode())
        self._entries[made.name] = made.facts
        self._note(made.facts)
        for file in made.facts["files"]:
            self._stamp(file["file"], file["sha256"])

    def drop(self, names: Iterable[str]) -> list[str]:
        """Remove the files of pieces that the soundtrack no longer has; return what was removed."""
        removed = []
        for name in names:
            entry = self._entries.pop(name)
            for file in entry["files"]:
                self._remove(file["file"], file["sha256"])
                removed.append(file["file"])
            with contextlib.suppress(FileNotFoundError):
                self._sketch_path(name).unlink()
        return removed

    def sketch(self, name: str) -> Mapping[str, Any] | None:
        """Return the sketch of a piece that was made; None when somebody removed it."""
        try:
            found = json.loads(self._sketch_path(name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def manifest(self, facts: Mapping[str, Any], order: Iterable[str]) -> dict[str, Any]:
        """Return what `finish` is to write, of the pieces that are there."""
        pieces = [self._entries[name] for name in order if name in self._entries]
        return {"format": _MANIFEST_FORMAT, **facts, "pieces": pieces}

    def finish(
        self,
        manifest: Mapping[str, Any],
        sides: Mapping[str, bytes],
        draw: Callable[[Mapping[str, Any], Folder], bytes],
    ) -> None:
        """Write the manifest, which replaces the journal, and the files that are made from it.

        Args:
            manifest: From `manifest`.
            sides: Contents by path from the folder on, with ``/`` between names; those of an earlier bake that are not
                among them are removed.
            draw: Gives the page of a manifest; called when that has changed, or the page is not there.
        """
        made = {name: hashlib.sha256(content).hexdigest() for name, content in sides.items()}
        known = self._manifest.get(SIDES, {})
        for name, content in sides.items():
            if self._digest(name, thorough=False) != made[name]:
                path = self.path / name
                if name.endswith(".import") and path.exists() and agree(name, path.read_bytes(), content):
                    continue  # an engine has completed it
                self._keep_edited(name, {known.get(name), made[name]})
                (self.path / name).parent.mkdir(parents=True, exist_ok=True)
                write_file(self.path / name, content)
                self._stamp(name, made[name])
        for name in known.keys() - made.keys():
            self._remove(name, known[name])
            with contextlib.suppress(OSError):  # not empty, or the folder itself
                (self.path / name).parent.rmdir()
        content = (json.dumps({**manifest, SIDES: made}, indent=1, ensure_ascii=False) + "\n").encode()
        changed = self._digest(MANIFEST, thorough=False) != hashlib.sha256(content).hexdigest()
        if changed or not (self.path / PAGE).exists():
            write_file(self.path / PAGE, draw(manifest, self))
        if changed:
            write_file(self.path / MANIFEST, content)
            self._stamp(MANIFEST, hashlib.sha256(content).hexdigest())
        write_file(self.path / _STATE / _STAMPS, json.dumps(self._stamps).encode())
        with contextlib.suppress(FileNotFoundError):
            (self.path / _STATE / _JOURNAL).unlink()

    def _sketch_path(self, name: str) -> Path:
        return self.path / _STATE / _SKETCHES / f"{name}.json"

    # what is known of files -----------------------------------------------------------------------------------------

    def _digest(self, name: str, *, thorough: bool) -> str | None:
        path = self.path / name
        try:
            status = path.stat()
        except OSError:
            return None
        stamp = self._stamps.get(name)
        if not thorough and stamp is not None and stamp[:2] == [status.st_size, status.st_mtime_ns]:
            return str(stamp[2])
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self._stamps[name] = [status.st_size, status.st_mtime_ns, digest]
        return digest

    def _stamp(self, name: str, digest: str) -> None:
        status = (self.path / name).stat()
        self._stamps[name] = [status.st_size, status.st_mtime_ns, digest]

    def _keep_edited(self, name: str, ours: set[str | None]) -> None:
        """Put a file aside that holds neither what was written there nor what will be."""
        path = self.path / name
        if path.exists() and self._digest(name, thorough=True) not in ours:
            os.replace(path, path.with_name(f".{path.name}.edited"))
            self.kept.append(name)

    def _remove(self, name: str, digest: str) -> None:
        self._keep_edited(name, {digest})
        with contextlib.suppress(FileNotFoundError):
            (self.path / name).unlink()
        self._stamps.pop(name, None)

    def _note(self, facts: Entry) -> None:
        line = json.dumps(facts, ensure_ascii=False) + "\n"
        with (self.path / _STATE / _JOURNAL).open("a", encoding="utf-8") as journal:
            journal.write(line)
            journal.flush()
            os.fsync(journal.fileno())

    def _read_journal(self) -> None:
        try:
            lines = (self.path / _STATE / _JOURNAL).read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            return
        for line in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError):  # a line that was cut off says nothing
                entry = json.loads(line)
                self._entries[entry["name"]] = entry

    def _read_stamps(self) -> dict[str, list[Any]]:
        try:
            found = json.loads((self.path / _STATE / _STAMPS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
