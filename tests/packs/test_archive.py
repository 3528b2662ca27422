"""Zips: what a hostile or damaged one may hold, and that nothing of it is used."""

from __future__ import annotations

import io
import random
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from packfiles import Files, pack_of, zip_of

from gamemusic.errors import GameMusicError, PackError
from gamemusic.limits import Limits
from gamemusic.packs.pack import open_pack

Add = Callable[[zipfile.ZipFile], None]


def _with(add: Add, files: Files | None = None) -> bytes:
    """Return the zip of a good pack after ``add`` has added something to it."""
    buffer = io.BytesIO(zip_of(pack_of() if files is None else files))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        add(archive)
    return buffer.getvalue()


def _named(name: str, data: bytes = b"x") -> bytes:
    """Return a pack's zip with one more member, whose name is written as it is."""
    place = "p" * len(name.encode())
    return _with(lambda archive: archive.writestr(place, data)).replace(place.encode(), name.encode())


def _mode(mode: int, name: str = "link") -> bytes:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return _with(lambda archive: archive.writestr(info, b"/etc/passwd"))


def _twice() -> bytes:
    return _with(lambda archive: archive.writestr("aodel.onnx", b"second")).replace(b"aodel.onnx", b"model.onnx")


def _patch(offset_in_directory: int, value: int, size: str = "<H", *, local: int | None = None) -> bytes:
    """Return a pack's zip with one field of the last member's directory entry (and local header) overwritten."""
    data = bytearray(zip_of(pack_of()))
    entry = data.rfind(b"PK\x01\x02")
    struct.pack_into(size, data, entry + offset_in_directory, value)
    if local is not None:
        struct.pack_into(size, data, data.rfind(b"PK\x03\x04") + local, value)
    return bytes(data)


def _damaged() -> bytes:
    data = bytearray(zip_of(pack_of({"noise.txt": random.Random(1).randbytes(500)})))
    data[data.find(b"noise.txt") + 200] ^= 0xFF
    return bytes(data)


def _overlap() -> bytes:
    """Return a zip whose second member begins inside the first."""
    files = pack_of({"a.txt": b"x" * 9})
    data = bytearray(zip_of(files))
    entry = data.rfind(b"PK\x01\x02")
    first = data.find(b"PK\x01\x02")
    struct.pack_into("<L", data, entry + 42, struct.unpack_from("<L", data, first + 42)[0])
    return bytes(data)


def _gap() -> bytes:
    """Return a zip with bytes between its files and its directory that nothing speaks of."""
    good = zip_of(pack_of())
    start = good.find(b"PK\x01\x02")
    data = bytearray(good[:start] + b"hidden " * 20 + good[start:])
    struct.pack_into("<L", data, len(data) - 6, start + 140)
    return bytes(data)


ATTACKS: dict[str, tuple[bytes, str]] = {
    "parent": (_named("../evil.txt"), "leads out of the pack"),
    "deep parent": (_named("a/../../evil.txt"), "leads out of the pack"),
    "absolute": (_named("/evil.txt"), "leads out of the pack"),
    "drive": (_named("C:/evil.txt"), "not allowed in file names"),
    "backslash": (_named("a\\evil.txt"), "is not allowed; rename"),
    "unc": (_named("\\\\server\\evil"), "is not allowed; rename"),
    "device": (_named("sub/aux.txt"), "device on Windows"),
    "trailing dot": (_named("evil.txt."), "ends with a dot"),
    "control": (_named("ev\x1bil.txt"), "not allowed in file names"),
    "nul byte": (_named("evil.txt\x00.mid"), "is not allowed; rename"),
    "link": (_mode(stat.S_IFLNK | 0o777), "is a link or device"),
    "pipe": (_mode(stat.S_IFIFO | 0o777), "is a link or device"),
    "twice": (_twice(), "holds 'model.onnx' twice"),
    "case": (zip_of(pack_of({"A.txt": b"1", "a.txt": b"2"})), "same file on some systems"),
    "accents": (zip_of(pack_of({"\u00e9.txt": b"1", "e\u0301.txt": b"2"})), "same file on some systems"),
    "encrypted": (_patch(8, 1, local=6), "is encrypted"),
    "method": (_patch(10, 14, local=8), "packed by method 14"),
    "two methods": (_patch(10, 0), "described in two different ways"),
    "two sizes": (_patch(24, 5, "<L"), "described in two different ways"),
    "crc": (_damaged(), "noise.txt is damaged"),
    "bomb": (zip_of(pack_of({"zeros.txt": bytes(1_000_000)})), "more than 100 times its size"),
    "too many": (zip_of(pack_of({f"{n}.txt": b"" for n in range(80)})), "more than 64 files"),
    "overlap": (_overlap(), "overlaps another file"),
    "prepended": (b"#!/bin/sh\n" + zip_of(pack_of()), "data outside its files"),
    "appended": (zip_of(pack_of()) + b"more", "zip"),
    "gap": (_gap(), "data outside its files"),
    "nested": (zip_of({"pack.zip": zip_of(pack_of())}), "no mood pack"),
    "empty zip": (zip_of({}), "preset.yaml is missing"),
    "empty file": (b"", "no zip file"),
    "not a zip": (b"<html>404</html>" * 99, "no zip file"),
    "two folders": (zip_of({f"a/{n}" if n[0] == "p" else f"b/{n}": d for n, d in pack_of().items()}), "preset.yaml is"),
    "folder .. on top": (zip_of({f"../{name}": data for name, data in pack_of().items()}), "leads out of the pack"),
}


@pytest.mark.parametrize(("data", "words"), ATTACKS.values(), ids=ATTACKS.keys())
def test_attacks(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "pack.zip"
    path.write_bytes(data)
    with pytest.raises(PackError) as caught:
        open_pack(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert sorted(tmp_path.iterdir()) == [path], "nothing may be unpacked"


@pytest.mark.parametrize("top", ["", "calm/", "My Pack 1.0/"])
@pytest.mark.parametrize("junk", [{}, {"__MACOSX/._x": b"1", ".DS_Store": b"1"}])
def test_good_zips(top: str, junk: Files, tmp_path: Path) -> None:
    files = {top + name: data for name, data in pack_of({"midi/a.mid": b"MThd"}).items()}
    path = tmp_path / "pack.zip"
    path.write_bytes(zip_of({**files, **junk}))
    pack = open_pack(path)
    assert pack.name == "calm" and pack.read("midi/a.mid") == b"MThd"


def test_folders_and_streamed_members_are_allowed(tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        """A stream that cannot seek, for which zipfile writes sizes after the data, as some archivers always do."""

        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.data += bytes(data)  # type: ignore[call-overload]  # any buffer
            return len(data)  # type: ignore[arg-type]  # any buffer

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("calm/", b"")
        for name, data in pack_of().items():
            with archive.open(f"calm/{name}", "w") as stream:
                stream.write(data)
    path = tmp_path / "pack.zip"
    path.write_bytes(pipe.data)
    assert open_pack(path).name == "calm"


def test_zip_limit(tmp_path: Path, files: Files) -> None:
    path = tmp_path / "pack.zip"
    path.write_bytes(zip_of(files))
    with pytest.raises(PackError, match="larger than 100 bytes"):
        open_pack(path, limits=Limits(pack_bytes=100))


def test_cut_or_flipped_anywhere(tmp_path: Path, files: Files) -> None:
    """Every cut is refused; every flipped byte is refused or changes nothing that is used."""
    good = zip_of(files)
    path = tmp_path / "pack.zip"
    path.write_bytes(good)
    model = open_pack(path).model
    for length in range(0, len(good), 7):
        path.write_bytes(good[:length])
        with pytest.raises(GameMusicError):
            open_pack(path)
    source = random.Random(5)
    for _ in range(250):
        index = source.randrange(len(good))
        path.write_bytes(good[:index] + bytes([good[index] ^ (1 << source.randrange(8))]) + good[index + 1 :])
        try:
            pack = open_pack(path)
        except GameMusicError:
            continue
        assert pack.model == model and pack.name == "calm"
