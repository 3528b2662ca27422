"""Fixtures for mood packs on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from packfiles import Files, pack_of


@pytest.fixture
def files() -> Files:
    """The files of a good pack."""
    return pack_of()


@pytest.fixture
def write_folder(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes files into a folder of its own and returns it."""

    def write(files: Mapping[str, bytes], name: str = "calm", base: Path | None = None) -> Path:
        folder = (base or tmp_path) / name
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        return folder

    return write
