"""What figures were measured on: the commit, and a fingerprint of each part of the product that they depend on.

A results page carries both, so that a change of the composer or the moods shows that its figures are older.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

__all__ = ["PARTS", "changed_parts", "find_commit", "fingerprint"]

PARTS = {
    "the vocabulary": ("gamemusic/tokens/vocabulary.py",),
    "the composer": ("gamemusic/composer/*.py", "gamemusic/tokens/*.py"),
    "the arranger": ("gamemusic/arranger/*.py",),
    "rendering": ("gamemusic/audio/*.py", "gamemusic/audio/*.sf2"),
    "the director": ("gamemusic/director/*.py",),
    "baking": ("gamemusic/soundtrack/*.py",),
    "the moods": ("presets/*/preset.yaml", "presets/*/model.onnx"),
}
"""Files of each part, relative to the repository."""


def fingerprint(root: Path) -> dict[str, str]:
    """Return twelve hexadecimal digits for each part: of its files' names and content."""
    found = {}
    for part, patterns in PARTS.items():
        digest = hashlib.sha256()
        for path in sorted({path for pattern in patterns for path in root.glob(pattern)}):
            content = path.read_bytes()
            if path.suffix in (".py", ".yaml"):  # checkouts on Windows may have other line ends
                content = content.replace(b"\r\n", b"\n")
            digest.update(f"{path.relative_to(root).as_posix()}\0{hashlib.sha256(content).hexdigest()}\n".encode())
        found[part] = digest.hexdigest()[:12]
    return found


def changed_parts(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the parts that differ, in the order of `PARTS`."""
    return [part for part in PARTS if before.get(part) != now.get(part)]


def find_commit(root: Path) -> str:
    """Return the checkout's commit, with a word when it has changes; ``unknown`` outside of a repository."""
    try:
        commit = _git(root, "rev-parse", "--short=10", "HEAD")
        return f"{commit} and uncommitted changes" if _git(root, "status", "--porcelain", "-uno") else commit
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True).stdout.strip()
