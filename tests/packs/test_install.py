"""Packs are sealed, zipped, installed and removed."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from packfiles import Files, pack_of, zip_of

from gamemusic.errors import InputError, OutputError, PackError
from gamemusic.packs import library
from gamemusic.packs.install import install_pack, remove_pack, seal_folder, zip_pack
from gamemusic.packs.library import find_pack, list_packs
from gamemusic.packs.pack import open_pack

Write = Callable[..., Path]


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder, which does not exist yet; nothing else is searched."""
    folder = tmp_path / "data" / "moods"
    monkeypatch.delenv("GAMEMUSIC_PATH", raising=False)
    monkeypatch.setattr(library, "user_dir", lambda: folder)
    monkeypatch.setattr(library, "shipped_dir", lambda: None)
    return folder


def test_seal_after_an_edit(write_folder: Write) -> None:
    folder = write_folder(pack_of(notes=["kept"], future=1))
    preset = (folder / "preset.yaml").read_text().replace("name: calm", "name: storm\nbars: 4")
    (folder / "preset.yaml").write_text(preset)
    (folder / "theme.mid").write_bytes(b"MThd")
    (folder / "LICENSE").write_bytes(b"MIT")
    card, left = seal_folder(folder)
    pack = open_pack(folder)
    assert pack.name == card.name == "storm"
    assert pack.preset.bars == 4
    assert set(card.files) == {"preset.yaml", "model.onnx", "LICENSE"}
    assert left == ("theme.mid",)
    assert card.notes == ("kept",)
    assert card.extra == {"future": 1}
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("missing", ["preset.yaml", "model.onnx", "card.json"])
def test_seal_needs_all_parts(missing: str, write_folder: Write, files: Files) -> None:
    del files[missing]
    with pytest.raises(PackError, match=missing):
        seal_folder(write_folder(files))


def test_zips_are_reproducible(write_folder: Write, tmp_path: Path) -> None:
    pack = open_pack(write_folder(pack_of({"midi/a.mid": b"MThd", "zeros.txt": bytes(500_000)})))
    first, second = zip_pack(pack, tmp_path / "a.zip"), zip_pack(pack, tmp_path / "new" / "b.zip")
    assert first.read_bytes() == second.read_bytes()
    again = open_pack(first)
    assert again.digest == pack.digest
    assert again.card == pack.card
    assert zip_pack(again, tmp_path / "c.zip").read_bytes() == first.read_bytes()


def test_zip_that_cannot_be_written(write_folder: Write, tmp_path: Path) -> None:
    pack = open_pack(write_folder(pack_of()))
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        zip_pack(pack, tmp_path / "taken")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["calm", "taken"]


def test_install_and_remove(user: Path, write_folder: Write, tmp_path: Path) -> None:
    folder = write_folder(pack_of())
    pack = install_pack(folder)
    assert (pack.origin, pack.path.parent) == ("user", user)
    assert find_pack("calm").digest == open_pack(folder).digest
    with pytest.raises(InputError, match="is installed already"):
        install_pack(folder)
    newer = tmp_path / "newer.zip"
    newer.write_bytes(zip_of(pack_of(version="2.0")))
    assert install_pack(newer, replace=True).card.version == "2.0"
    assert [one.name for one in list_packs()] == ["calm"]
    with pytest.raises(InputError, match=r"'storm' is not among .* \(calm\)"):
        remove_pack("storm")
    assert remove_pack("calm") == pack.path
    assert list_packs() == []


def test_a_folder_put_there_by_hand_is_replaced_and_removed(user: Path, write_folder: Write) -> None:
    write_folder(pack_of(), "anything", user)
    assert install_pack(user / "anything", replace=True).path == user / "calm.zip"
    assert [path.name for path in user.iterdir()] == ["calm.zip"]
    write_folder({"preset.yaml": b"broken: ["}, "ruin", user)
    assert remove_pack("ruin") == user / "ruin"
    assert [path.name for path in user.iterdir()] == ["calm.zip"]


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_the_old_pack_stays_until_the_new_one_is_written(
    kind: str, user: Path, write_folder: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether its name is the new one's or another: a full disk must not take the mood that is there."""
    newer = tmp_path / "newer.zip"
    newer.write_bytes(zip_of(pack_of(version="2.0")))
    if kind == "zip":
        install_pack(write_folder(pack_of()))
    else:
        write_folder(pack_of(), "by-hand", user)
    before = find_pack("calm")

    def fail(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", fail)
        with pytest.raises(OutputError, match="free some space"):
            install_pack(newer, replace=True)
    assert [path.name for path in user.iterdir()] == [before.path.name]
    assert find_pack("calm").digest == before.digest
    assert install_pack(newer, replace=True).card.version == "2.0"
    assert [path.name for path in user.iterdir()] == ["calm.zip"]


def test_a_broken_pack_is_not_installed(user: Path, tmp_path: Path, files: Files) -> None:
    files["model.onnx"] += b"!"
    (tmp_path / "calm.zip").write_bytes(zip_of(files))
    with pytest.raises(PackError, match=r"model\.onnx is not the file"):
        install_pack(tmp_path / "calm.zip")
    assert not user.exists()
