"""Tries every mutant of mutations.py on a copy of the package: the tests that are named for it must fail.

    python tests/security/mutants.py --jobs 2

Prints the table of docs/mutants.md; ends with 1 when a mutant that matters survived.
"""

from __future__ import annotations

import argparse
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "security")]

from mutations import AREAS, Area, Mutant  # noqa: E402  # where it lies is told a line above

_SECONDS = 300
"""A mutant that makes its tests run longer than this does not end, which would be noticed."""
_COPIED, _LINKED = ("gamemusic", "tests"), ("presets", "export", "examples", "benchmarks", "docs")
_FAILED = 1
"""What pytest ends with when tests failed; with other numbers when they could not be run."""


def every() -> Iterator[tuple[str, Area, Mutant]]:
    """Yield each mutant with its number and its area."""
    pairs = ((area, mutant) for area in AREAS for mutant in area.mutants)
    for number, (area, mutant) in enumerate(pairs, start=1):
        yield f"{number:03}", area, mutant


def copy_tree(folder: Path) -> Path:
    """Put what the tests need into a folder: package and tests as copies, the rest as links."""
    for name in _COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (*_LINKED, "pyproject.toml", "README.md", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md", "Makefile"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def run_tests(tree: Path, tests: tuple[str, ...], *, loud: bool = False) -> int | None:
    """Return what pytest ends with in a tree; None when it did not end."""
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    check = f"import gamemusic, sys, pytest; assert gamemusic.__file__.startswith({str(tree)!r}), gamemusic.__file__"
    command = [sys.executable, "-c", f"{check}; sys.exit(pytest.main(sys.argv[1:]))"]
    try:
        done = subprocess.run(
            [*command, "-x", "-q", "-p", "no:cacheprovider", *tests],
            cwd=tree,
            env=environment,
            stdout=None if loud else subprocess.DEVNULL,
            stderr=None if loud else subprocess.DEVNULL,
            timeout=None if loud else _SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.returncode


def write(path: Path, text: str) -> None:
    """Write a module; what was compiled of it goes, since Python tells sources apart by size and second alone."""
    path.write_text(text, encoding="utf-8")
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()


def try_mutant(tree: Path, area: Area, mutant: Mutant) -> str:
    """Return what became of a mutant: ``killed``, ``survived`` or what else happened."""
    path = tree / "gamemusic" / area.file
    source = path.read_text(encoding="utf-8")
    if source.count(mutant.old) != 1:
        return f"its text is there {source.count(mutant.old)} times"
    write(path, source.replace(mutant.old, mutant.new))
    try:
        ended = run_tests(tree, area.tests)
    finally:
        write(path, source)
    return {0: "survived", _FAILED: "killed", None: "killed, as it did not end"}.get(
        ended, f"pytest ended with {ended}"
    )


def row(number: str, area: Area, mutant: Mutant) -> str:
    """Return a mutant's row of the table in docs/mutants.md."""
    held = (
        f"none: {mutant.harmless}"
        if mutant.harmless
        else ", ".join(sorted({f"`{one.partition('::')[0]}`" for one in area.tests if one.startswith("tests")}))
    )
    return f"| {number} | `{area.file}` | {mutant.what} | {held} |"


def main() -> int:
    """Try all mutants, or some."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1, help="how many at once")
    parser.add_argument("--only", default="", help="regular expression: of numbers, files and words")
    parser.add_argument("--table", action="store_true", help="print the table, and try nothing")
    words = parser.parse_args()
    chosen = [one for one in every() if re.search(words.only, row(*one))]
    if words.table:
        sys.stdout.write("".join(f"{row(*one)}\n" for one in chosen))
        return 0
    trees: queue.SimpleQueue[Path] = queue.SimpleQueue()

    def work(one: tuple[str, Area, Mutant]) -> str:
        tree = trees.get()
        try:
            found = try_mutant(tree, *one[1:])
        finally:
            trees.put(tree)
        sys.stdout.write(f"{found}: {row(*one)}\n")
        sys.stdout.flush()
        return found

    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(words.jobs) as pool:
        for number in range(words.jobs):
            trees.put(copy_tree(Path(tempfile.mkdtemp(dir=place, prefix=f"{number}-"))))
        sound = trees.get()  # tests that fail anyhow would kill anything
        if ended := run_tests(
            sound, tuple(dict.fromkeys(test for _, area, _ in chosen for test in area.tests)), loud=True
        ):
            sys.stdout.write(f"the tests fail without any mutant: pytest ended with {ended}\n")
            return 2
        trees.put(sound)
        results = list(pool.map(work, chosen))
    wrong = [
        number
        for (number, _, mutant), found in zip(chosen, results, strict=True)
        if not found.startswith("killed") and not (found == "survived" and mutant.harmless)
    ]
    sys.stdout.write(f"{len(results)} mutants, {len(wrong)} that should not live: {', '.join(wrong)}\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
