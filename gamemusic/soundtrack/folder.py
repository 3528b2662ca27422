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

from gamemusic.errors import FormatError, InputError, OutputError
from gamemusic.files import NotOrdinaryError, hash_file, read_file, read_head, write_file, write_files
from gamemusic.folders import append_file, make_folder, open_lock, remove_file, rename_file
from gamemusic.packs.jsonfile import Shape, check_shape, list_of, load_json, record, row, table, text, whole
from gamemusic.soundtrack.dialects import agree
from gamemusic.soundtrack.maker import Made
from gamemusic.soundtrack.manifest import (
    ADVICE,
    MANIFEST,
    MANIFEST_FORMAT,
    MOST_BYTES,
    SIDES,
    parse_piece,
    place_inside,
    read_manifest,
)
from gamemusic.soundtrack.page import PAGE
from gamemusic.temporary import sweep

__all__ = ["Folder", "lock_folder"]

_DEEPEST = 2
"""Folders below each other that a bake makes at most."""
_STATE = ".gamemusic"
_JOURNAL, _STAMPS, _LOCK, _SKETCHES = "journal.jsonl", "stamps.json", "lock", "sketches"
_MOST_SKETCH_BYTES = 16 << 20
_MOST_IMPORT_BYTES = 1 << 20
"""Of an ``.import`` file that an engine has completed."""
_MOST_VALUES = 10_000_000

Entry = Mapping[str, Any]
Stamp = tuple[int, int, str]
"""Size, time of the last change in nanoseconds, SHA-256."""

_COUNT = whole(0, 2**63 - 1)
_STAMPED = table(text(400), row(_COUNT, _COUNT, text(64, r"[0-9a-f]{64}")), _MOST_VALUES)
_SKETCH = record(
    {
        "ticks": _COUNT,
        "ticks_per_bar": _COUNT,
        "tracks": list_of(
            record({"role": text(32), "notes": list_of(row(_COUNT, _COUNT, whole(0, 127), whole(0, 127)), 1 << 20)}), 64
        ),
        "wave": list_of(row(whole(-100, 100), whole(-100, 100)), 10_000),
    }
)


@contextlib.contextmanager
def lock_folder(path: Path) -> Iterator[None]:
    """Keep other bakes out of a folder; the system lets go of the lock when the process ends, however it ends.

    Raises:
        OutputError: Another bake is at work there, or the folder cannot be written to.
    """
    make_folder(path / _STATE)
    if (path / _STATE).is_symlink():
        raise OutputError(f"{path / _STATE} is a link, and nothing is written behind it; remove it, and bake again")
    descriptor = open_lock(path / _STATE / _LOCK)
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


def _written_folders(path: Path) -> Iterator[Path]:
    """Yield a folder and those below it that a bake may write to: two deep, links left out, as far as they can be read.

    What lies deeper is somebody else's, and a target such as a home folder is not searched through.
    """
    for folder, names, _ in os.walk(path):
        here = Path(folder)
        yield here
        if len(here.relative_to(path).parts) >= _DEEPEST:
            names.clear()


class Folder:
    """A folder that is baked into; call it inside `lock_folder`.

    Args:
        path: Of the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kept: list[str] = []
        """Files that somebody had edited and that were kept under another name."""
        for folder in _written_folders(path):
            sweep(folder)  # what a bake that was killed has left
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
        make_folder(self._state(_SKETCHES))
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
            remove_file(self._sketch_path(name))
        return removed

    def sketch(self, name: str) -> Mapping[str, Any] | None:
        """Return the sketch of a piece that was made; None when somebody removed it."""
        return self._read_own(self._sketch_path(name), _SKETCH, _MOST_SKETCH_BYTES)

    def manifest(self, facts: Mapping[str, Any], order: Iterable[str]) -> dict[str, Any]:
        """Return what `finish` is to write, of the pieces that are there."""
        pieces = [self._entries[name] for name in order if name in self._entries]
        return {"format": MANIFEST_FORMAT, **facts, "pieces": pieces}

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
                if name.endswith(".import") and self._is_completed(name, content):
                    continue
                self._keep_edited(name, {known.get(name), made[name]})
                path = place_inside(self.path, name)
                make_folder(path.parent)
                write_file(path, content)
                self._stamp(name, made[name])
        for name in known.keys() - made.keys():
            self._remove(name, known[name])
            if "/" in name:
                with contextlib.suppress(OSError):  # not empty
                    place_inside(self.path, name).parent.rmdir()
        content = (json.dumps({**manifest, SIDES: made}, indent=1, ensure_ascii=False) + "\n").encode()
        if len(content) > MOST_BYTES:
            raise OutputError("the soundtrack has more pieces than one manifest holds; split it into several files")
        changed = self._digest(MANIFEST, thorough=False) != hashlib.sha256(content).hexdigest()
        if changed or not (self.path / PAGE).exists():
            write_file(self.path / PAGE, draw(manifest, self))
        if changed:
            write_file(self.path / MANIFEST, content)
            self._stamp(MANIFEST, hashlib.sha256(content).hexdigest())
        write_file(self._state(_STAMPS), json.dumps(self._stamps).encode())
        remove_file(self._state(_JOURNAL))

    def _state(self, name: str) -> Path:
        return place_inside(self.path, f"{_STATE}/{name}")

    def _sketch_path(self, name: str) -> Path:
        return place_inside(self.path, f"{_STATE}/{_SKETCHES}/{name}.json")

    def _is_completed(self, name: str, content: bytes) -> bool:
        """Return whether an ``.import`` file is ours, as an engine has completed it."""
        try:
            found = read_file(place_inside(self.path, name), most=_MOST_IMPORT_BYTES, links=False)
        except InputError:
            return False
        return agree(name, found, content)

    # what is known of files -----------------------------------------------------------------------------------------

    def _digest(self, name: str, *, thorough: bool) -> str | None:
        """Return the SHA-256 of a file; None when there is none, nothing when something else has its name."""
        path = place_inside(self.path, name)
        try:
            status = path.lstat()
            stamp = self._stamps.get(name)
            if not thorough and stamp is not None and stamp[:2] == [status.st_size, status.st_mtime_ns]:
                return str(stamp[2])
            digest = hash_file(path, links=False)
        except FileNotFoundError:
            return None
        except NotOrdinaryError:
            return ""
        except OSError as error:
            raise OutputError(f"{path} cannot be read: {error.strerror}; remove it, and bake again") from None
        self._stamps[name] = [status.st_size, status.st_mtime_ns, digest]
        return digest

    def _stamp(self, name: str, digest: str) -> None:
        with contextlib.suppress(OSError):  # removed at once by somebody: the next bake sees that
            status = place_inside(self.path, name).lstat()
            self._stamps[name] = [status.st_size, status.st_mtime_ns, digest]

    def _keep_edited(self, name: str, ours: set[str | None]) -> None:
        """Put aside what holds neither what was written there nor what will be."""
        if self._digest(name, thorough=True) not in {None, *ours}:
            path = place_inside(self.path, name)
            rename_file(path, f".{path.name}.edited")
            self.kept.append(name)

    def _remove(self, name: str, digest: str) -> None:
        self._keep_edited(name, {digest})
        remove_file(place_inside(self.path, name))
        self._stamps.pop(name, None)

    def _note(self, facts: Entry) -> None:
        append_file(self._state(_JOURNAL), (json.dumps(facts, ensure_ascii=False) + "\n").encode())

    def _read_journal(self) -> None:
        path = self._state(_JOURNAL)
        if not path.exists() and not path.is_symlink():
            return
        try:
            data = read_head(path, most=MOST_BYTES + 1, links=False)
        except InputError as error:
            raise FormatError(f"this is no journal of a bake ({error}); {ADVICE}", file=path) from None
        if len(data) > MOST_BYTES:
            raise FormatError(f"a journal has at most {MOST_BYTES:,} bytes; {ADVICE}", file=path)
        *lines, cut = data.split(b"\n")
        for number, line in enumerate(lines, start=1):
            entry = parse_piece(line, file=path, line=number)
            self._entries[entry["name"]] = entry
        if cut:  # the last bake ended within a line, which says nothing; what is added must not go on from there
            write_file(path, data[: len(data) - len(cut)])

    def _read_stamps(self) -> dict[str, list[Any]]:
        return dict(self._read_own(self._state(_STAMPS), _STAMPED, MOST_BYTES) or {})

    def _read_own(self, path: Path, shape: Shape, most: int) -> dict[str, Any] | None:
        """Return what a file holds that only saves time; None when it is not there or not as it was written."""
        try:
            value = load_json(read_file(path, most=most, links=False), file=path, most_values=_MOST_VALUES)
            check_shape(value, shape, file=path)
        except (InputError, FormatError):
            return None
        return dict(value)
