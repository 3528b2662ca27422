"""A folder that changes between being looked at and being read: nothing outside is read, nothing is waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from packfiles import pack_of

from gamemusic.errors import PackError
from gamemusic.packs.members import FolderMembers, check_member_names

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes and links")


@pytest.fixture
def members(tmp_path: Path) -> FolderMembers:
    for name, data in pack_of().items():
        (tmp_path / name).write_bytes(data)
    found = FolderMembers(tmp_path)
    (tmp_path / "model.onnx").unlink()
    return found


def test_a_pipe_in_the_files_place(members: FolderMembers) -> None:
    os.mkfifo(members.path / "model.onnx")
    with pytest.raises(PackError, match=r"'model\.onnx' is no ordinary file"):
        members.read("model.onnx", 100)


def test_a_link_in_the_files_place(members: FolderMembers) -> None:
    (members.path / "model.onnx").symlink_to("/etc/hostname")
    with pytest.raises(PackError, match=r"'model\.onnx' is a link"):
        members.read("model.onnx", 100)


def test_nothing_in_the_files_place(members: FolderMembers) -> None:
    with pytest.raises(PackError, match="No such file"):
        members.read("model.onnx", 100)


def test_a_link_in_the_place_of_a_folder_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.mid").write_bytes(b"MThd")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "midi").symlink_to("../outside")
    for ask in (FolderMembers.has, FolderMembers.size, lambda members, name: members.read(name, 100)):
        with pytest.raises(PackError, match="'midi' is a link; replace it"):
            ask(FolderMembers(tmp_path / "mine"), "midi/a.mid")


def test_names_of_a_folder_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gamemusic.packs.members._MOST_SEEN", 50)
    for number in range(100):
        (tmp_path / f"{number}.txt").write_bytes(b"")
    assert len(FolderMembers(tmp_path).names()) <= 51
    assert FolderMembers(tmp_path).has("99.txt")


def test_a_file_where_a_folder_must_be() -> None:
    with pytest.raises(PackError, match=r"'a\.txt' is a file, and 'A\.TXT/b\.txt' needs a folder of that name"):
        check_member_names(("a.txt", "A.TXT/b.txt"))
