"""Whole files or none."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from gamemusic.errors import InputError, OutputError
from gamemusic.files import check_writable, read_file, read_head, shown_name, write_file, write_files


def test_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_file(path, b"one")
    write_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_are_the_usual_ones(tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    write_file(tmp_path / "a.bin", b"")
    assert (tmp_path / "a.bin").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_folder_missing_in_the_way_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    for path, words in (
        (tmp_path / "none" / "a.bin", "does not exist"),
        (tmp_path / "folder", "is a folder"),
        (tmp_path / "file" / "a.bin", "is not a folder"),
    ):
        with pytest.raises(OutputError, match=words):
            write_file(path, b"x")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


def test_read_only_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # permissions do not stop the superuser, who may run the tests
    with pytest.raises(OutputError, match="read-only"):
        check_writable(tmp_path / "a.bin")


@pytest.mark.parametrize(
    ("code", "words"), [(errno.ENOSPC, "free some space"), (errno.EROFS, "write elsewhere"), (errno.EACCES, "cannot")]
)
def test_failure_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    first, second = tmp_path / "a.bin", tmp_path / "b.bin"
    first.write_bytes(b"old")
    calls = []

    def fail_the_second_time(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail_the_second_time)
    with pytest.raises(OutputError, match=words):
        write_files({first: b"new", second: b"new"})
    assert first.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [first]


@pytest.mark.skipif(os.name != "posix", reason="pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match=r"the theme .*pipe is no ordinary file"):
        read_file(tmp_path / "pipe", "the theme")
    with pytest.raises(InputError, match=r"Is a directory|no ordinary file"):
        read_file(tmp_path)
    with pytest.raises(InputError, match="not a path that can be opened"):
        read_file(Path("a\0b"))
    (tmp_path / "file").write_bytes(b"abc")
    assert read_head(tmp_path / "file", most=2) == b"ab"
    with pytest.raises(InputError, match="file is larger than 2 bytes"):
        read_file(tmp_path / "file", most=2)
    assert read_file(tmp_path / "file", most=3) == b"abc"
    assert read_file(tmp_path / "file") == b"abc"


@pytest.mark.skipif(os.name != "posix", reason="names of any bytes")
def test_names_of_any_bytes_can_be_shown() -> None:
    assert shown_name(os.fsdecode(b"a\xff\xc3\xa9")) == "a\\xffé"
