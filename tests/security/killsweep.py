"""Every command that writes, with its n-th change to the file system failing or being the last, for every n.

    python tests/security/killsweep.py --jobs 2

Afterwards the old or the new state is there, whole; the command can be run again and then comes to the same end; and
nothing is left of what was begun. Needs a system that forks.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import hashlib
import io
import json
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]
TINY = ROOT / "tests" / "data" / "tiny_pack"
MODES = ("full", "killed", "half written", "stopped")
"""The call fails for want of space; the process dies before it; it dies in the middle of a write; Ctrl-C comes."""
_KILLED = 97
_CHANGES = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink")
_CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_OWN_RECORDS = ("stamps.json", "lock", "journal.jsonl")
"""Files of a baked folder that say how far it came; they differ from one way to the same end to another."""
TRACK = "title: x\nformats: [midi]\ncues:\n  a: {mood: tiny, bars: 1}\n  b: {mood: tiny, bars: 1, seed: 3}\n"


class Fault:
    """Makes one change to the file system the last one, or fail."""

    def __init__(self) -> None:
        self.count, self.at, self.mode, self.armed = 0, -1, "", False
        self._write, self._fsync = os.write, os.fsync
        sys.addaudithook(self._audit)
        os.write = self._writing
        os.fsync = self._syncing  # type: ignore[assignment]  # it takes what has a descriptor, too

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.armed or event not in _CHANGES:
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _CHANGING):
            return
        if event == "open" and (isinstance(arguments[0], int) or str(arguments[0]).startswith("/dev/")):
            return
        self._step()

    def _writing(self, descriptor: int, data: Any) -> int:
        if self.armed and self.mode == "half written" and self.count == self.at:
            self._write(descriptor, bytes(data)[: len(data) // 2])
            os._exit(_KILLED)
        self._step()
        return self._write(descriptor, data)

    def _syncing(self, descriptor: Any) -> None:
        self._step()
        self._fsync(descriptor)

    def _step(self) -> None:
        if not self.armed:
            return
        self.count += 1
        if self.count - 1 != self.at:
            return
        if self.mode == "full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self.mode == "stopped":
            raise KeyboardInterrupt
        if self.mode == "killed":
            os._exit(_KILLED)


@dataclass(frozen=True, slots=True)
class Operation:
    """A command, what it starts from, and when it is not to be run again."""

    words: tuple[str, ...]
    prepare: Callable[[Path], None]
    again: Callable[[Path], tuple[str, ...] | None]
    """What comes to the same end afterwards; None where the end is reached already."""


@dataclass(slots=True)
class Sweep:
    """What came of it."""

    trials: int = 0
    faults: list[str] = field(default_factory=list)


def _moods(place: Path) -> Path:
    return place / "data" / "gamemusic" / "moods"


def _put(folder: Path, version: str, name: str = "mine") -> Path:
    """Make a working folder with a mood."""
    from gamemusic.packs.install import seal_folder

    shutil.copytree(TINY, folder)
    preset = folder / "preset.yaml"
    preset.write_text(preset.read_text("utf-8").replace("name: tiny", f"name: {name}"), encoding="utf-8")
    (folder / "README.md").write_text(version, encoding="utf-8")
    seal_folder(folder, version=version)
    return folder


def _zip(path: Path, version: str) -> None:
    from gamemusic.packs.install import zip_pack
    from gamemusic.packs.pack import open_pack

    with tempfile.TemporaryDirectory() as folder:
        zip_pack(open_pack(_put(Path(folder) / "mine", version)), path)


def _with_new(place: Path) -> None:
    _zip(place / "new.zip", "2.0.0")


def _with_zip(place: Path) -> None:
    _with_new(place)
    _moods(place).mkdir(parents=True)
    _zip(_moods(place) / "mine.zip", "1.0.0")


def _with_folder(place: Path) -> None:
    _with_new(place)
    _put(_moods(place) / "mine", "1.0.0")


def _with_work(place: Path) -> None:
    _put(place / "mine", "1.0.0")
    (place / "mine" / "README.md").write_text("edited", encoding="utf-8")


def _with_track(place: Path) -> None:
    (place / "track.yaml").write_text(TRACK, encoding="utf-8")


def _with_half(place: Path) -> None:
    """Start from a folder that was baked with another cue, whose file goes, and one that was edited."""
    _with_track(place)
    (place / "track.yaml").write_text(TRACK.replace("  b:", "  c:").replace("bars: 1}", "bars: 2}"), encoding="utf-8")
    _run(["bake", "track.yaml", "-o", "out"])
    _with_track(place)


def _with_old_file(place: Path) -> None:
    (place / "a.mid").write_bytes(b"old")


def _same(*words: str) -> Callable[[Path], tuple[str, ...] | None]:
    return lambda place: words


_PICK = ("pick", "--soundtrack", "track.yaml", "a", "2")
OPERATIONS: Mapping[str, Operation] = {
    "new": Operation(
        ("new", "mine", "--from", "tiny"),
        lambda place: None,
        lambda place: None if (place / "mine").exists() else ("new", "mine", "--from", "tiny"),
    ),
    "pack": Operation(("pack", "mine", "-o", "x.zip"), _with_work, _same("pack", "mine", "-o", "x.zip")),
    "install": Operation(("install", "new.zip"), _with_new, _same("install", "new.zip", "--replace")),
    "replace": Operation(("install", "new.zip", "--replace"), _with_zip, _same("install", "new.zip", "--replace")),
    "replace a folder": Operation(
        ("install", "new.zip", "--replace"), _with_folder, _same("install", "new.zip", "--replace")
    ),
    "remove": Operation(
        ("remove", "mine"), _with_zip, lambda place: ("remove", "mine") if any(_moods(place).glob("mine*")) else None
    ),
    "remove a folder": Operation(
        ("remove", "mine"), _with_folder, lambda place: ("remove", "mine") if any(_moods(place).glob("mine*")) else None
    ),
    "compose": Operation(
        ("compose", "tiny", "--bars", "1", "--seed", "1", "-o", "a.mid"),
        _with_old_file,
        _same("compose", "tiny", "--bars", "1", "--seed", "1", "-o", "a.mid"),
    ),
    "bake": Operation(("bake", "track.yaml", "-o", "out"), _with_track, _same("bake", "track.yaml", "-o", "out")),
    "bake again": Operation(("bake", "track.yaml", "-o", "out"), _with_half, _same("bake", "track.yaml", "-o", "out")),
    "pick": Operation(_PICK, _with_track, _same(*_PICK)),
}
"""Commands that write, by name."""
_WHOLE = ("new", "remove", "remove a folder", "replace a folder")
"""Those whose files belong together, so that all of them are of one state."""
_REMOVES = ("remove", "remove a folder", "replace a folder")
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where files are synced in no time."""


def _run(words: list[str] | tuple[str, ...]) -> int:
    from gamemusic.cli.main import main

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return main(list(words))


def _tried(fault: Fault, words: tuple[str, ...], at: int, mode: str) -> tuple[int, int, str]:
    """Run a command in a process of its own; return its status, how many changes it made and what it said."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        status, shown = 1, io.StringIO()
        try:
            os.close(reading)
            from gamemusic.cli.main import main

            with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
                fault.count, fault.at, fault.mode, fault.armed = 0, at, mode, True
                try:
                    status = main(list(words))
                finally:
                    fault.armed = False
        except BaseException:
            shown.write(traceback.format_exc())
            status = 99
        fault._write(writing, json.dumps([fault.count, shown.getvalue()]).encode()[:60_000])
        os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    count, shown_text = json.loads(said) if said else (0, "")
    return status, count, shown_text


def _tree(place: Path) -> dict[str, str]:
    return {
        path.relative_to(place).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


def _visible(tree: Mapping[str, str]) -> dict[str, str]:
    """Return what counts of a tree: not what is being written, nor records of how far it came."""
    return {
        name: digest
        for name, digest in tree.items()
        if ".tmp" not in name and not name.endswith(_OWN_RECORDS) and "cache/" not in name
    }


def sweep(name: str, modes: tuple[str, ...] = MODES, *, every: int = 1) -> Sweep:
    """Try one command.

    Args:
        name: One of `OPERATIONS`.
        modes: Of `MODES`.
        every: Which of its changes are tried: 1 all of them, 2 every second.
    """
    from gamemusic.packs import library

    found, operation, fault = Sweep(), OPERATIONS[name], Fault()
    library.shipped_dir = lambda: None  # to look through the shipped moods takes most of the time
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        kept, place = Path(folder) / "kept", Path(folder) / "place"
        place.mkdir()
        os.environ.update(
            HOME=str(place),
            XDG_DATA_HOME=str(place / "data"),
            XDG_CACHE_HOME=str(Path(folder) / "cache"),
            GAMEMUSIC_PATH=str(TINY),
        )
        os.chdir(place)
        operation.prepare(place)
        shutil.copytree(place, kept)
        before = _visible(_tree(place))
        status, count, said = _tried(fault, operation.words, -1, "")
        after = _visible(_tree(place))
        if status or before == after:
            raise RuntimeError(f"{name} does not work at all: {said}")
        for mode in modes:
            for at in range(0, count, every):
                _empty(place)
                shutil.copytree(kept, place, dirs_exist_ok=True)
                status, _, said = _tried(fault, operation.words, at, mode)
                found.trials += 1
                wrong = _judge(name, operation, fault, place, before, after, status, said, mode)
                found.faults += [f"{name}, {mode} at {at} of {count}: {one}" for one in wrong]
        os.chdir(ROOT)
    return found


def _judge(
    name: str,
    operation: Operation,
    fault: Fault,
    place: Path,
    before: Mapping[str, str],
    after: Mapping[str, str],
    status: int,
    said: str,
    mode: str,
) -> list[str]:
    """Return what is wrong after a trial."""
    wrong = []
    allowed = {"full": (0, 1), "killed": (_KILLED,), "half written": (_KILLED, 0), "stopped": (130, 0)}[mode]
    if status not in allowed or "Traceback" in said:
        wrong.append(f"status {status}: {said.strip()[-200:]}")
    tree = _tree(place)
    now = _visible(tree)
    for path, digest in now.items():
        if digest not in (before.get(path), after.get(path)):
            wrong.append(f"{path} is neither the old nor the new one")
    if name in _WHOLE and not _is_one_of(now, before, after):
        wrong.append(f"a mixture of old and new: {sorted(now)}")
    if status == 0 and mode == "full" and now != after:
        wrong.append("it said that it was done, and it was not")
    left = [str(path) for path in place.rglob("*.tmp")]
    if mode in ("full", "stopped") and name not in _REMOVES and left:  # a removal that fails is finished by the next
        wrong.append(f"left behind: {left}")
    again = operation.again(place)
    if again is not None:
        status, _, said = _tried(fault, again, -1, "")
        if status:
            wrong.append(f"a second time it fails: {said.strip()[-200:]}")
    elif left:
        _tried(fault, operation.words, -1, "")  # says that there is nothing to do, and tidies up
    tree = _tree(place)
    if _visible(tree) != after:
        different = {path for path in {*after, *tree} if after.get(path) != _visible(tree).get(path)}
        wrong.append(f"the second time ends otherwise: {sorted(different)[:5]}")
    if left := [str(path) for path in place.rglob("*.tmp")]:
        wrong.append(f"left for ever: {left}")
    return wrong


def _is_one_of(now: Mapping[str, str], before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Return whether the files of each mood are all old or all new; a new zip may stand beside the old folder."""
    for mood in {path.rsplit("/", 1)[0] for path in (*before, *after) if path.count("/")}:
        here, old, new = (
            {path: digest for path, digest in tree.items() if path.rpartition("/")[0] == mood}
            for tree in (now, before, after)
        )
        # of the folder of all moods each file is a mood
        if not mood.endswith("/moods") and here not in (old, new):
            return False
    return True


def _empty(place: Path) -> None:
    for path in place.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def main() -> int:
    """Try all commands, or those that are named, and say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(OPERATIONS)}")
    parser.add_argument("--mode", action="append", choices=MODES)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    options = parser.parse_args()
    total, faults = 0, 0
    for name in options.names or OPERATIONS:
        found = sweep(name, tuple(options.mode or MODES), every=options.every)
        print(f"{name}: {found.trials} trials, {len(found.faults)} faults", flush=True)
        for fault in found.faults:
            print(f"  {fault}", flush=True)
        total, faults = total + found.trials, faults + len(found.faults)
    print(f"{total} trials, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
