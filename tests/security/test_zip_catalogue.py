"""The catalogue of bad packs, rows Z8 to Z14 and Z16 to Z19: zips that two programs read as two, bombs."""

from __future__ import annotations

import dataclasses
import random
import struct
import time
import zipfile
import zlib
from pathlib import Path
from typing import NoReturn

import pytest
from zipbytes import (
    GOOD,
    UTF8,
    Member,
    deflate,
    entry,
    header,
    members_of,
    pack_of,
    put,
    read,
    refuse,
    with_more,
    zip_bytes,
)

from gamemusic.errors import PackError
from gamemusic.packs.archive import ZipMembers
from gamemusic.packs.pack import open_pack

HIDDEN = "the zip holds data outside its files"
TWO_WAYS = "is described in two different ways; make the zip again"
OTHER_END = "the end of the zip describes another directory than it has"
TEXT = b"some notes " * 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a zip goes: a folder of its own, in which nothing else may appear."""
    (tmp_path / "in").mkdir()
    return tmp_path / "in" / "pack.zip"


def pack_with(name: str, data: bytes, **changes: object) -> bytes:
    """Return the zip of a pack whose card lists one more file, which stands in the zip with some changes."""
    files = pack_of({name: data})
    more = Member(name=name.encode(), data=data)
    others = members_of({other: content for other, content in files.items() if other != name})
    return zip_bytes([*others, dataclasses.replace(more, **changes)])  # type: ignore[arg-type]  # what its fields want


def test_the_zips_are_good_without_changes(path: Path) -> None:
    """The control for all that follows."""
    assert read(path, pack_with("notes.txt", TEXT)).read("notes.txt") == TEXT
    assert read(path, pack_with("notes.txt", TEXT, method=8)).read("notes.txt") == TEXT
    assert read(path, with_more()).path == path


@pytest.mark.parametrize("times", [2, 3])
@pytest.mark.parametrize("name", ["model.onnx", "preset.yaml", "card.json"])
def test_z08_the_same_file_twice(path: Path, name: str, times: int) -> None:
    """The good one first or last: some programs take the first, others the last."""
    bad = [Member(name=name.encode(), data=b"bad")] * (times - 1)
    refuse(path, f"the zip holds '{name}' twice", with_more(*bad))
    refuse(path, f"the zip holds '{name}' twice", zip_bytes([*bad, *members_of(GOOD)]))
    refuse(path, f"the zip holds '{name}' twice", with_more(Member(name=name.encode(), data=GOOD[name])))


def test_z08_the_same_folder_twice(path: Path) -> None:
    refuse(path, "the zip holds 'midi/' twice", with_more(Member(name=b"midi/"), Member(name=b"midi/")))
    assert read(path, with_more(Member(name=b"midi/"))).name == "calm"
    refuse(path, "'midi/' is a folder and has content", with_more(Member(name=b"midi/", data=b"hidden")))


def up(name: str, of: bytes) -> bytes:
    """Return Info-ZIP's extra field with another name."""
    content = struct.pack("<BL", 1, zlib.crc32(of)) + name.encode()
    return struct.pack("<HH", 0x7075, len(content)) + content


MISMATCHES: dict[str, dict[str, object]] = {
    "name": {"local_name": b"other.txt"},
    "longer name": {"local_name": b"../../../notes.txt"},
    "name of no bytes": {"local_name": b""},
    "method": {"local": {"method": 8}},
    "checksum": {"local": {"crc": 1}},
    "size": {"local": {"size": 5}},
    "packed size": {"local": {"packed": 5}},
    "size in the directory": {"central": {"size": 5}},
    "checksum in the directory": {"central": {"crc": 5}},
    "sizes left out without a mark": {"local": {"crc": 0, "packed": 0, "size": 0}},
    "encrypted by its header alone": {"local": {"flags": 1}},
    "zip64 in its header alone": {
        "local": {"packed": 0xFFFFFFFF, "size": 0xFFFFFFFF},
        "local_extra": b"\1\0\x10\0" + bytes(16),
    },
    "another name beside it": {"extra": up("preset.yaml", b"notes.txt")},
    "another name beside it, in its header": {"local_extra": up("../x", b"notes.txt")},
}


@pytest.mark.parametrize("changes", MISMATCHES.values(), ids=MISMATCHES.keys())
def test_z09_header_and_directory_differ(path: Path, changes: dict[str, object]) -> None:
    refuse(path, f"'notes.txt' {TWO_WAYS}", pack_with("notes.txt", TEXT, **changes))


def test_z09_names_in_two_encodings(path: Path) -> None:
    files = pack_of({"\u00e9.txt": b"x"})
    zipped = [Member(name=name.encode(), data=data, flags=UTF8) for name, data in files.items()]
    assert read(path, zip_bytes(zipped)).read("\u00e9.txt") == b"x"
    other = [dataclasses.replace(one, local={"flags": 0}) for one in zipped]
    refuse(path, f"'\u00e9.txt' {TWO_WAYS}", zip_bytes(other))


@pytest.mark.parametrize("where", ["extra", "local_extra"])
def test_extra_fields_are_short(path: Path, where: str) -> None:
    """In a file's own header, too, which may have more of them than the directory."""
    fields = struct.pack("<HH", 0xCAFE, 1020) + bytes(1020)
    path.write_bytes(zip_bytes(members_of(GOOD, **{where: fields})))
    assert open_pack(path).name == "calm"
    longer = struct.pack("<HH", 0xCAFE, 1021) + bytes(1021)
    refuse(path, "has 1025 bytes of extra fields, allowed are 1024", zip_bytes(members_of(GOOD, **{where: longer})))


@pytest.mark.parametrize(("noise", "refused"), [(40_000, False), (10_000, True)])
def test_what_unpacks_to_a_hundred_times_its_size(path: Path, noise: int, refused: bool) -> None:
    """Some 75 times its size, and some 230 times, of 3 MB."""
    data = random.Random(1).randbytes(noise) + bytes(3_000_000 - noise)
    packed = members_of(GOOD, data=data, method=zipfile.ZIP_DEFLATED)
    path.write_bytes(zip_bytes(packed))
    if refused:
        with pytest.raises(PackError, match="unpacks to more than 100 times its size"):
            ZipMembers(path)
    else:
        assert len(ZipMembers(path).names()) == len(GOOD)


def test_a_file_that_is_shorter_than_both_headers_say(path: Path) -> None:
    size = {"size": len(TEXT) + 1}
    path.write_bytes(zip_bytes([Member(name=b"notes.txt", data=TEXT, method=8, central=size, local=size)]))
    with pytest.raises(PackError, match=r"notes\.txt (has \d+ bytes, expected|is damaged)"):
        ZipMembers(path).read("notes.txt", 1 << 20)


def test_z09_a_header_elsewhere(path: Path) -> None:
    for offset in (1, 40, 10_000, 0xFFFFFFFE):
        data = pack_with("notes.txt", TEXT, central={"offset": offset})
        path.write_bytes(data)
        refuse(path, "overlaps another file" if offset < 10_000 else HIDDEN)


def test_z10_something_before_the_files(path: Path) -> None:
    """As programs that unpack themselves have it, with offsets that count it and with others."""
    refuse(path, HIDDEN, with_more(before=b"#!/bin/sh\n"))
    refuse(path, HIDDEN, b"MZ" + with_more())
    refuse(path, HIDDEN, with_more() + with_more())


@pytest.mark.parametrize("size", [1, 12, 16, 22, 24, 1000])
def test_z10_something_between(path: Path, size: int) -> None:
    """Not even as much as could be the sizes of a streamed file."""
    refuse(path, HIDDEN, with_more(between=bytes(size)))
    refuse(path, HIDDEN, pack_with("notes.txt", TEXT, after=bytes(size)))
    first, *rest = members_of(GOOD)
    refuse(path, HIDDEN, zip_bytes([dataclasses.replace(first, after=b"?" * size), *rest]))


def test_z10_another_directory_between(path: Path) -> None:
    """An empty archive for programs that look for its end from the front."""
    refuse(path, HIDDEN, with_more(between=zip_bytes([])))
    refuse(path, HIDDEN, with_more(between=zip_bytes([])[:-2] + b"\xff\x7f"))


def test_z10_something_after_the_end(path: Path) -> None:
    good = with_more()
    for more in (b"\0", b"more", b"x" * 21, b"x" * 5000):
        refuse(path, HIDDEN, good + more)
    refuse(path, "no zip file", good + bytes(70_000))
    refuse(path, "no zip file", with_more(after=b"what is that"))


def test_z10_comments(path: Path) -> None:
    """Of the zip and of a file; they are not read. One that holds an end of its own is no comment."""
    assert read(path, with_more(comment=b"made by hand\x1b[2J")).name == "calm"
    assert read(path, pack_with("notes.txt", TEXT, comment=b"a comment")).read("notes.txt") == TEXT
    for inner in (zip_bytes([]), with_more()):
        refuse(path, HIDDEN, with_more(comment=b"x" + inner))
    refuse(path, OTHER_END, with_more(comment=b"short", end={"comment": 9}))


ENDS: dict[str, dict[str, int]] = {
    "fewer files": {"entries": 2, "here": 2},
    "more files": {"entries": 9, "here": 9},
    "other here": {"here": 1},
    "none": {"entries": 0, "here": 0},
    "second disk": {"disk": 1},
    "begun on another disk": {"first": 1},
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_z10_an_end_that_says_something_else(path: Path, end: dict[str, int]) -> None:
    refuse(path, OTHER_END, with_more(end=end))


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ({"start": 0}, HIDDEN),
        ({"size": 0}, HIDDEN),
        ({"size": 1 << 31}, "no zip file, or a damaged one"),
        ({"start": 1 << 31}, "overlaps another file"),
    ],
    ids=["at the beginning", "empty", "of 2 GB", "beyond 2 GB"],
)
def test_z10_a_directory_elsewhere(path: Path, end: dict[str, int], words: str) -> None:
    refuse(path, words, with_more(end=end))


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("marked", [True, False])
def test_z10_zip64(path: Path, same: bool, marked: bool) -> None:
    """No pack is as large. Some programs believe the one end, some the other."""
    end = {"here": 0xFFFF, "entries": 0xFFFF, "size": 0xFFFFFFFF, "start": 0xFFFFFFFF} if marked else {}
    refuse(path, OTHER_END, with_more(zip64={} if same else {"entries": 2, "here": 2}, end=end))


def test_z10_sizes_of_zip64_in_the_directory(path: Path) -> None:
    """A file of 2**62 bytes: neither is so much memory asked for, nor do its sizes break any arithmetic."""
    wide = struct.pack("<HHQ", 1, 8, 1 << 62)
    for flags in (0, 8):
        data = pack_with("notes.txt", TEXT, flags=flags, central={"size": 0xFFFFFFFF}, extra=wide)
        refuse(path, "bytes together, allowed are 67108864", data)
        data = pack_with("notes.txt", TEXT, flags=flags, central={"packed": 0xFFFFFFFF}, extra=wide)
        refuse(path, f"'notes.txt' {TWO_WAYS}", data)
    refuse(path, "no zip file", pack_with("notes.txt", TEXT, central={"size": 0xFFFFFFFF}, extra=b"\1\0\4\0abcd"))


SIZES = {"short": "<LLL", "long": "<LQQ"}


@pytest.mark.parametrize("mark", [b"PK\x07\x08", b""], ids=["marked", "unmarked"])
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
def test_z10_sizes_after_the_data(path: Path, sizes: str, mark: bytes) -> None:
    """Streamed files have them; they are read when they say what the directory says, and refused otherwise."""
    right = (zlib.crc32(TEXT), len(deflate(TEXT)), len(TEXT))
    streamed = {"flags": 8, "method": 8, "local": {"crc": 0, "packed": 0, "size": 0}}
    good = pack_with("notes.txt", TEXT, **streamed, after=mark + struct.pack(sizes, *right))
    assert read(path, good).read("notes.txt") == TEXT
    for wrong in ((0, *right[1:]), (right[0], right[1] + 1, right[2]), (*right[:2], 0)):
        refuse(path, TWO_WAYS, pack_with("notes.txt", TEXT, **streamed, after=mark + struct.pack(sizes, *wrong)))
    refuse(path, TWO_WAYS, pack_with("notes.txt", TEXT, **streamed))
    refuse(path, TWO_WAYS, pack_with("notes.txt", TEXT, **{**streamed, "local": {"size": 7}}, after=mark + b"x" * 12))


def test_z11_zips_in_zips(path: Path) -> None:
    """Nothing is unpacked twice: a pack in a zip is none, and a zip in a pack is a file that does not belong there."""
    data = with_more()
    for _ in range(6):
        data = zip_bytes([Member(name=f"{n}.zip".encode(), data=data, method=8) for n in range(16)])
        refuse(path, "preset.yaml is missing, so this is no mood pack", data)
    assert len(data) < 1_000_000
    refuse(path, "42.zip", with_more(Member(name=b"42.zip", data=data)))


def test_z12_files_that_quote_each_other(path: Path) -> None:
    """D. Fifield's bomb: each file's data quotes the header of the next one, and goes on as that one does."""
    content = b"a" * 60_000
    packed, members = deflate(content), [Member(name=b"39.txt", data=content, method=8)]
    for number in reversed(range(39)):
        quote = header(members[0])  # in a stored block that is not the last
        packed = b"\0" + struct.pack("<HH", len(quote), len(quote) ^ 0xFFFF) + quote + packed
        content = quote + content
        members.insert(0, Member(name=f"{number:02}.txt".encode(), data=content, method=8, packed=packed))
        assert zlib.decompress(packed, -15) == content
    files, directory, offset = header(members[0]) + packed, b"", 0
    for member in members:
        assert files[offset:] == header(member) + member.content()
        directory += entry(member, offset)
        offset += len(header(member)) + 5
    end = struct.pack("<4H2LH", 0, 0, 40, 40, len(directory), len(files), 0)
    refuse(path, "'01.txt' overlaps another file of the zip", files + directory + b"PK\x05\x06" + end)


def test_z12_one_content_for_many_files(path: Path) -> None:
    """All entries of the directory point at one header."""
    first = Member(name=b"00.txt", data=b"a" * 60_000, method=8)
    others = [Member(name=f"{n:02}.txt".encode(), central={"offset": 0}, packed=b"") for n in range(1, 40)]
    files = header(first) + first.content()
    directory = b"".join(entry(one, 0) for one in (first, *others))
    end = struct.pack("<4H2LH", 0, 0, 40, 40, len(directory), len(files), 0)
    refuse(path, "'01.txt' overlaps another file of the zip", files + directory + b"PK\x05\x06" + end)


@pytest.mark.parametrize("method", [0, 8])
def test_z13_what_unpacks_to_much_more(path: Path, method: int) -> None:
    zeros = bytes(1_000_000)
    tight = "unpacks to more than 100 times its size"
    if method:
        refuse(path, tight, pack_with("zeros.txt", zeros, method=8))
        small = bytes(64 * 1024)
        assert read(path, pack_with("zeros.txt", small, method=8)).read("zeros.txt") == small
    else:
        assert read(path, pack_with("zeros.txt", zeros)).read("zeros.txt") == zeros


def test_z13_a_bomb_that_says_it_is_small(path: Path) -> None:
    """No more is unpacked than a file is said to have."""
    bomb = deflate(bytes(100_000_000))
    lie = {"crc": zlib.crc32(bytes(1000)), "size": 1000}
    refuse(path, "is not the file", pack_with("z.txt", b"x" * 1000, method=8, packed=bomb, local=lie, central=lie))
    wrong = {"crc": 5, "size": 1000}
    data = pack_with("z.txt", bytes(1000), method=8, packed=bomb, local=wrong, central=wrong)
    refuse(path, "z.txt is damaged; get or make the zip again", data)


def test_z13_many_bombs_together(path: Path) -> None:
    """Each below the ratio, all together above what a pack may have."""
    chunk = (bytes(90) + struct.pack("<Q", 0x9E3779B97F4A7C15)) * 20_000
    several = [Member(name=f"{n}.txt".encode(), data=chunk, method=8, packed=b"x" * 30_000) for n in range(40)]
    refuse(path, "bytes together, allowed are 67108864", with_more(*several))


@pytest.mark.parametrize("count", [62, 300, 20_000])
def test_z14_many_files(path: Path, count: int) -> None:
    refuse(path, "there are more than 64 files", with_more(*(Member(name=f"{n}".encode()) for n in range(count))))


def test_z14_many_files_are_not_even_listed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python makes an object of each, which for a million fills a gigabyte."""
    data = with_more(*(Member(name=f"{n}".encode()) for n in range(400)))

    def unwanted(*given: object) -> NoReturn:
        raise AssertionError("the zip's directory is read")

    monkeypatch.setattr(zipfile, "ZipFile", unwanted)
    refuse(path, "there are more than 64 files", data)


def test_z14_a_million_files(path: Path) -> None:
    """52 MB of directory alone: no more than a pack may have, and refused without reading it."""
    one = Member(name=b"0")
    directory = b"".join(struct.pack("<4s24xH16x6s", b"PK\x01\x02", 6, b"%06x" % n) for n in range(1_000_000))
    assert len(directory) == 52_000_000
    end = struct.pack("<4H2LH", 0, 0, 0xFFFF, 0xFFFF, len(directory), len(header(one)), 0)
    path.write_bytes(header(one) + directory + b"PK\x05\x06" + end)
    began = time.perf_counter()
    refuse(path, "there are more than 64 files")
    assert time.perf_counter() - began < 5


def test_z14_many_files_in_a_folder(tmp_path: Path) -> None:
    """Those that the card lists count; what else lies there is nobody's."""
    more = {f"{n}.txt": b"" for n in range(300)}
    refuse(put(tmp_path / "mine", pack_of(more)), "there are more than 64 files")
    assert open_pack(put(tmp_path / "strays", {**GOOD, **more})).name == "calm"


@pytest.mark.parametrize(
    ("flags", "words"),
    [(0x1, "is encrypted"), (0x9, "is encrypted"), (0x41, "is encrypted"), (0x20, "is damaged"), (0x40, "is damaged")],
    ids=["by password", "streamed", "strongly", "patched", "strong alone"],
)
def test_z16_encrypted_files(path: Path, flags: int, words: str) -> None:
    after = struct.pack("<4sLLL", b"PK\x07\x08", zlib.crc32(TEXT), len(TEXT), len(TEXT)) if flags & 8 else b""
    refuse(path, words, pack_with("notes.txt", TEXT, flags=flags, after=after))


METHODS = {"shrunk": 1, "reduced": 2, "imploded": 6, "deflate64": 9, "bzip2": 12, "lzma": 14, "zstd": 93, "xz": 95}


@pytest.mark.parametrize(
    "method", [*METHODS.values(), 96, 97, 98, 99, 0xFFFF], ids=[*METHODS, "jpeg", "wavpack", "ppmd", "aes", "?"]
)
def test_z17_other_methods(path: Path, method: int) -> None:
    """Those too that this Python could unpack: not every program can."""
    data = pack_with("notes.txt", TEXT, method=method)
    refuse(path, f"'notes.txt' is packed by method {method}, expected 'stored' or 'deflate'", data)


@pytest.mark.parametrize("method", [0, 8])
def test_z18_wrong_checksums(path: Path, method: int) -> None:
    """The same wrong one in both places, and none at all."""
    for crc in (0, 1, 0xFFFFFFFF):
        data = pack_with("notes.txt", TEXT, method=method, local={"crc": crc}, central={"crc": crc})
        refuse(path, "notes.txt is damaged; get or make the zip again", data)


PACKED: dict[str, bytes] = {
    "nothing": b"",
    "no deflate": b"\xff" * 40,
    "cut off": deflate(TEXT)[:-3],
    "shorter": deflate(TEXT[:-1]),
    "a distance too far": b"\x4b\x04\x12\x00",
}


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED.keys())
def test_z18_damaged_data(path: Path, packed: bytes) -> None:
    refuse(
        path, "notes.txt is damaged; get or make the zip again", pack_with("notes.txt", TEXT, method=8, packed=packed)
    )


@pytest.mark.parametrize("method", [0, 8])
def test_z19_cut_at_each_percent(path: Path, method: int) -> None:
    """See `tests.packs.test_archive.test_cut_or_flipped_anywhere` for other cuts and for flipped bytes."""
    members = [dataclasses.replace(one, method=method) for one in members_of(pack_of({"notes.txt": TEXT * 9}))]
    good = zip_bytes(members)
    for percent in range(100):
        refuse(path, "no zip file, or a damaged one", good[: len(good) * percent // 100])
    assert read(path, good).read("notes.txt") == TEXT * 9


def test_z19_a_folder_with_a_cut_file(tmp_path: Path) -> None:
    folder = put(tmp_path / "mine", pack_of({"notes.txt": TEXT}))
    for percent in range(100):
        (folder / "notes.txt").write_bytes(TEXT[: len(TEXT) * percent // 100])
        with pytest.raises(PackError, match=r"notes\.txt is not the file that card\.json describes"):
            open_pack(folder, origin="user")
    assert open_pack(folder).members["notes.txt"] == (folder / "notes.txt").read_bytes()  # its owner may edit it


def test_nothing_is_read_before_it_is_asked_for(path: Path) -> None:
    """Names and sizes of a good zip cost nothing but its directory."""
    path.write_bytes(pack_with("notes.txt", TEXT, method=8, packed=b"\xff" * 40))
    assert ZipMembers(path).size("notes.txt") == len(TEXT)
