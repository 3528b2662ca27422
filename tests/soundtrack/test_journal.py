"""The journal of a bake: a piece is in it when its files are on the disk, and it is on the disk itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gamemusic.errors import OutputError
from gamemusic.soundtrack.bake import bake
from gamemusic.soundtrack.folder import Folder, lock_folder
from gamemusic.soundtrack.maker import Made

YAML = "title: x\nformats: [midi]\ncues:\n  a: {mood: tiny, bars: 1}\n"
JOURNAL = Path(".gamemusic") / "journal.jsonl"


@pytest.fixture
def out(game: Path) -> Path:
    (game / "track.yaml").write_text(YAML, encoding="utf-8")
    bake(game / "track.yaml", game / "out")
    return game / "out"


def made(out: Path) -> Made:
    """Return a piece as a process that makes them hands it over."""
    with lock_folder(out):
        facts = dict(Folder(out).entries["a"])
    return Made(
        name="a",
        files={file["file"]: (out / file["file"]).read_bytes() for file in facts["files"]},
        key=facts["key_of_order"],
        facts=facts,
        sketch={"ticks": 1, "ticks_per_bar": 1, "tracks": [], "wave": []},
    )


def test_whatever_is_written_is_on_the_disk_before_it_has_its_name(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was synced is kept by what it held then, since names come and go; sizes say that all of it was."""
    synced: dict[int, int] = {}
    moved: list[str] = []
    sync, replace = os.fsync, os.replace

    def watch_sync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        synced[status.st_ino] = status.st_size
        sync(descriptor)

    def watch_replace(source: Path, target: Path) -> None:
        status = Path(source).stat()
        assert synced.get(status.st_ino) == status.st_size, f"{target} has its name before it is on the disk"
        moved.append(Path(target).name)
        replace(source, target)

    piece = made(out)
    monkeypatch.setattr(os, "fsync", watch_sync)
    monkeypatch.setattr(os, "replace", watch_replace)
    with lock_folder(out):
        folder = Folder(out)
        for length in (1, 2):
            folder.add(piece)
            status = (out / JOURNAL).stat()
            assert (out / JOURNAL).read_bytes().count(b"\n") == length
            assert synced.get(status.st_ino) == status.st_size, "the journal's last line is not on the disk"
    assert moved == [*piece.files, "a.json"] * 2
    # and that the files have their names, before the journal says so
    assert synced.get(out.stat().st_ino) is not None or os.name == "nt"


def test_a_piece_is_not_in_the_journal_before_its_files_are_there(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    piece = made(out)

    def fail(*_: object) -> None:
        raise OutputError("the disk is full")

    monkeypatch.setattr("gamemusic.soundtrack.folder.write_files", fail)
    with lock_folder(out):
        folder = Folder(out)
        with pytest.raises(OutputError, match="the disk is full"):
            folder.add(piece)
    assert not (out / JOURNAL).exists()
