"""A folder that changes between being looked at and being read: nothing outside is read, nothing is waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from packfiles import pack_of

from gamemusic.errors import PackError
from gamemusic.packs.members import FolderMembers, check_member_names
from gamemusic.packs.pack import open_pack

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes and links")


@pytest.fixture
def members(tmp_path: Path) -> FolderMembers:
    for name, data in pack_of().items():
        (tmp_path / name).write_bytes(data)
    found = FolderMembers(tmp_path)
    (tmp_path / "model.onnx").unlink()
    return found


@pytest.mark.parametrize("origin", ["path", "user"])
def test_each_file_is_read_once_so_that_what_was_checked_is_what_is_used(
    tmp_path: Path, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After every read the file changes, as when somebody saves it: nobody may look at it again."""
    files = pack_of({"README.md": b"first"})
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    seen: list[str] = []
    read = FolderMembers.read

    def read_and_change(self: FolderMembers, name: str, most: int) -> bytes:
        data = read(self, name, most)
        seen.append(name)
        (tmp_path / name).write_bytes(b"name: other\n" if name == "preset.yaml" else b"changed")
        return data

    monkeypatch.setattr(FolderMembers, "read", read_and_change)
    pack = open_pack(tmp_path, origin=origin)
    assert sorted(seen) == sorted(files)
    assert (dict(pack.members), pack.card_bytes) == (
        {name: data for name, data in files.items() if name != "card.json"},
        files["card.json"],
    )
    assert pack.preset.name == "calm"
    assert (tmp_path / "preset.yaml").read_bytes() == b"name: other\n"


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
