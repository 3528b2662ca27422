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
    with pytest.raises(PackError, match=r"model\.onnx is no ordinary file"):
        members.read("model.onnx", 100)


def test_a_link_in_the_files_place(members: FolderMembers) -> None:
    (members.path / "model.onnx").symlink_to("/etc/hostname")
    with pytest.raises(PackError, match=r"model\.onnx is a link"):
        members.read("model.onnx", 100)


def test_nothing_in_the_files_place(members: FolderMembers) -> None:
    with pytest.raises(PackError, match="No such file"):
        members.read("model.onnx", 100)


def test_too_many_folders_without_files(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / str(number)).mkdir()
    with pytest.raises(PackError, match="more than 64 files or folders"):
        FolderMembers(tmp_path)


def test_a_file_where_a_folder_must_be() -> None:
    with pytest.raises(PackError, match=r"'a\.txt' is a file, and 'A\.TXT/b\.txt' needs a folder of that name"):
        check_member_names(("a.txt", "A.TXT/b.txt"))
