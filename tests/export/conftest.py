"""Somebody's files, and the mood that is to learn them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gamemusic.cli.main import main
from gamemusic.composer.composer import Composer
from gamemusic.packs.library import PATH_VARIABLE, find_pack


@pytest.fixture(scope="session")
def tunes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of ten pieces in 3/4, which the moods that learn them do not write."""
    folder = tmp_path_factory.mktemp("tunes")
    composer = Composer(find_pack("town")).hurried()
    for seed in range(10):
        phrase = composer.compose(style="chamber", bars=24, meter="3/4", key="G major", tempo=150, seed=seed)
        phrase.save(folder / f"{seed}.mid")
    (folder / "broken.mid").write_bytes(b"MThd\0")
    return folder


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty current folder, with no other moods than the shipped ones, and a cache of its own."""
    monkeypatch.delenv(PATH_VARIABLE, raising=False)
    monkeypatch.setattr("gamemusic.packs.library.user_dir", lambda: tmp_path / "data")
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def mood(alone: Path) -> Iterator[Path]:
    assert main(["new", "haunted", "--from", "dungeon"]) == 0
    yield alone / "haunted"


@pytest.fixture
def small(alone: Path, tiny_pack: Path) -> Path:
    """Return the folder of a mood with a small model of random weights, which learns in seconds."""
    assert main(["new", "small", "--from", str(tiny_pack)]) == 0
    return alone / "small"
