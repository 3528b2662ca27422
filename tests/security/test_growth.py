"""The catalogue of work that grows, rows G1 and on: twice the input may cost twice the steps, and not four times."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from growing import EMPTY_FIELD, LINKS, READERS, SIZES, keys, pairs, put, zipped
from steps import count_steps, growth
from zipbytes import Member, members_of, pack_of, zip_bytes

from gamemusic.errors import PackError
from gamemusic.packs import library
from gamemusic.packs.directory import MOST_EXTRA
from gamemusic.packs.library import find_pack, list_packs
from gamemusic.packs.pack import open_pack
from gamemusic.packs.yamlfile import load_yaml
from gamemusic.soundtrack.schema import parse_soundtrack

MOST = 3.0
"""Twice the input may take so many times the steps: 2 is straight, 4 is the square."""
CASES = [(reader, name) for reader, (_, inputs, _) in READERS.items() for name in inputs]


@pytest.fixture(autouse=True)
def _no_files_left() -> Iterator[None]:
    yield
    for suffix in (".mid", ".zip"):
        (Path(tempfile.gettempdir()) / f"gamemusic-growth-{os.getpid()}{suffix}").unlink(missing_ok=True)


@pytest.mark.parametrize(("reader", "name"), CASES, ids=lambda text: text)
def test_g1_twice_the_input_takes_no_four_times_the_steps(reader: str, name: str) -> None:
    read, inputs, size = READERS[reader]
    assert growth(inputs[name], read, SIZES.get((reader, name), size)) < MOST


@pytest.mark.parametrize("name", LINKS)
def test_g1_cues_that_have_each_others_chords(name: str) -> None:
    """Read beforehand, since that takes most of the steps."""
    make = LINKS[name]
    assert growth(lambda size: load_yaml(make(size)), parse_soundtrack, 50) < MOST


def test_g2_what_lies_about_costs_other_moods_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packs that are slow to open or damaged: where one is called as is asked for, the others are not looked at."""
    user, shipped = tmp_path / "user", tmp_path / "shipped"
    for folder in (user, shipped):
        folder.mkdir()
    monkeypatch.delenv(library.PATH_VARIABLE, raising=False)
    monkeypatch.setattr(library, "user_dir", lambda: user)
    monkeypatch.setattr(library, "shipped_dir", lambda: shipped)
    (shipped / "calm.zip").write_bytes(zip_bytes(members_of(pack_of())))
    find_pack("calm")  # what is imported late does not count
    alone = count_steps(lambda: find_pack("calm"))

    slow = {
        "aaa.zip": zip_bytes([Member(name=b"card.json", data=pairs([*keys(20_000), "aaaa"]))]),
        "bbb.zip": zip_bytes([Member(name=b"%d.txt" % i, extra=EMPTY_FIELD * 16_000) for i in range(60)]),
        "ccc.zip": zip_bytes(members_of({**pack_of(name="storm"), "big.bin": bytes(3_000_000)})),
        "ddd.zip": b"PK\1\2" * 20_000,
        "eee.zip": zip_bytes([Member(name=b"card.json", data=b"[" * 200_000)]),
        "fff.zip": b"",
    }
    for name, data in slow.items():
        (user / name).write_bytes(data)
    beside = count_steps(lambda: find_pack("calm"))
    # cards are read, to know that none of them is of this mood; nothing else of the seven megabytes is
    assert beside - alone < 6 * sum(len(slow[name]) for name in ("aaa.zip", "ddd.zip", "eee.zip"))
    (user / "calm.zip").write_bytes((shipped / "calm.zip").read_bytes())
    assert find_pack("calm").path == user / "calm.zip"
    assert count_steps(lambda: find_pack("calm")) - alone < 10_000
    listed = {listing.path.name: listing for listing in list_packs() if listing.origin == "user"}
    assert {name for name, listing in listed.items() if listing.error} == set(slow)


def test_g3_of_two_in_one_folder_the_one_that_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(library.PATH_VARIABLE, raising=False)
    monkeypatch.setattr(library, "user_dir", lambda: tmp_path)
    monkeypatch.setattr(library, "shipped_dir", lambda: None)
    for name in ("another.zip", "calm.zip"):
        (tmp_path / name).write_bytes(zip_bytes(members_of(pack_of())))
    assert find_pack("calm").path.name == "calm.zip"
    assert {listing.path.name: listing.shadowed_by for listing in list_packs()} == {
        "another.zip": tmp_path / "calm.zip",
        "calm.zip": None,
    }
    (tmp_path / "calm.zip").unlink()
    assert find_pack("calm").path.name == "another.zip"


@pytest.mark.parametrize("where", ["extra", "local_extra"])
def test_g1_extra_fields_have_a_limit(where: str) -> None:
    good = zipped(**{where: EMPTY_FIELD * (MOST_EXTRA // 4)})
    assert open_pack(put(good, ".zip")).name == "calm"
    with pytest.raises(
        PackError, match=f"'card.json' has {MOST_EXTRA + 4} bytes of extra fields, allowed are {MOST_EXTRA}"
    ):
        open_pack(put(zipped(**{where: EMPTY_FIELD * (MOST_EXTRA // 4 + 1)}), ".zip"))


def test_g1_the_count_sees_what_python_does_not(tmp_path: Path) -> None:
    """The control: what walks or copies in C is seen to grow with the square."""

    def look(names: list[str]) -> object:
        return [name for name in names if names.count(name) > 1]

    def cut(data: bytes) -> None:
        while data:
            data = data[4:]

    assert growth(lambda size: list(keys(size)), look, 50) > 3.5
    assert growth(lambda size: bytes(4 * size), cut, 50) > 3.5
    assert growth(lambda size: list(keys(size)), sorted, 50) < 2.5
