"""The catalogue of bad packs, rows Z1 to Z7 and Z15 to Z26: names, kinds of files, and what belongs together."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from zipbytes import GOOD, UTF8, Member, pack_of, put, read, refuse, with_more, zip_bytes

from gamemusic.errors import FormatError, InputError, PackError
from gamemusic.packs import library
from gamemusic.packs.install import install_pack, seal_folder
from gamemusic.packs.library import find_pack
from gamemusic.packs.pack import open_pack

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="no such names, links and pipes on Windows")
OUT, PLACE = "leads out of the pack", "not allowed in file names everywhere"
DEVICE, BLANK, SLASH = "is the name of a device on Windows", "has a part that begins or ends", "is not allowed; rename"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a zip goes: a folder of its own, in which nothing else may appear."""
    (tmp_path / "in").mkdir()
    return tmp_path / "in" / "pack.zip"


def named(name: str) -> bytes:
    """Return the zip of a good pack with one more file of a name."""
    return with_more(Member(name=name.encode("utf-8", "surrogateescape"), data=b"x", flags=UTF8))


@pytest.mark.parametrize("name", ["../x", "a/../x", "a/../../x", "..", ".", "./x", "a/./x", "a//x", "../../etc/x"])
def test_z01_names_that_lead_out(path: Path, name: str) -> None:
    refuse(path, OUT, named(name))
    inside = [Member(name=f"{name}/{file}".encode(), data=data) for file, data in GOOD.items()]
    refuse(path, "rename the file", zip_bytes(inside))


@pytest.mark.parametrize(
    "name", ["../", "../../evil/", "a/../../evil/", "/", "//", "/etc/", "a//", "con/", "a:b/", "a./"]
)
def test_z01_folders_of_a_zip_that_lead_out(path: Path, name: str) -> None:
    """Nothing is unpacked here, but other programs would make them."""
    refuse(path, "rename the file", with_more(Member(name=name.encode())))


@pytest.mark.parametrize(
    "name", ["../__MACOSX/x", "__MACOSX/../../x", "/tmp/.DS_Store", "a/../Thumbs.db", "../__MACOSX/"]
)
def test_z01_what_would_be_ignored_may_not_lead_out_either(path: Path, name: str) -> None:
    refuse(path, OUT, with_more(Member(name=name.encode())))


@pytest.mark.parametrize("name", ["/x", "//x", "/etc/cron.d/x"])
def test_z02_absolute_names(path: Path, name: str) -> None:
    refuse(path, OUT, named(name))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("C:/x", PLACE),
        ("C:x", PLACE),
        ("a/C:/x", PLACE),
        ("C:\\x", SLASH),
        ("\\\\?\\C:\\x", SLASH),
        ("\\\\.\\PhysicalDrive0", SLASH),
        ("\\\\server\\share\\x", SLASH),
        ("//?/C:/x", "deeper than 4 folders"),
        ("//server/share/x", "deeper than 4 folders"),
        ("//server/x", OUT),
        ("x:stream", PLACE),
    ],
)
def test_z03_drives_and_shares(path: Path, name: str, words: str) -> None:
    refuse(path, words, named(name))


@pytest.mark.parametrize("name", ["a\\x", "..\\x", "a\\..\\..\\x", "midi\\a.mid", "\\", "a/b\\c"])
def test_z04_backslashes(path: Path, name: str) -> None:
    refuse(path, SLASH, named(name))


@POSIX
@pytest.mark.parametrize(
    "name", ["..\\x", "C:x", "midi\\a.mid", "nul.txt", "a. ", "a.", " a", "a\nb", "a\x1b[2Jb", "a*"]
)
def test_z03_z04_z06_names_in_a_folder(tmp_path: Path, name: str) -> None:
    """What a card lists must have a name that is allowed; what lies beside the pack's files may be called anything."""
    folder = put(tmp_path / "mine", GOOD)
    digest = open_pack(folder).digest
    (folder / name).write_bytes(b"x")
    assert open_pack(folder).digest == digest
    put(folder, {"card.json": pack_of({name: b"x"})["card.json"]})
    with pytest.raises(FormatError, match=r"rename the file|does not show|in one line"):
        open_pack(folder)


@pytest.mark.parametrize("kind", ["S_IFLNK", "S_IFCHR", "S_IFBLK", "S_IFIFO", "S_IFSOCK"])
@pytest.mark.parametrize("name", [b"link.txt", b"link/"])
def test_z05_links_and_devices_in_a_zip(path: Path, kind: str, name: bytes) -> None:
    mode = getattr(stat, kind) | 0o777
    link = Member(name=name, data=b"/etc/passwd", central={"mode": mode})
    refuse(path, "is a link or device; replace it by the file itself", with_more(link))


@POSIX
def test_z05_a_hard_link_in_a_folder(tmp_path: Path) -> None:
    """It cannot be told from the file; what counts is that the content is what the card says."""
    outside = tmp_path / "outside"
    outside.write_bytes(GOOD["model.onnx"])
    folder = put(tmp_path / "mine", {name: data for name, data in GOOD.items() if name != "model.onnx"})
    (folder / "model.onnx").hardlink_to(outside)
    assert open_pack(folder).model == GOOD["model.onnx"]
    outside.write_bytes(b"not really a modeL")
    with pytest.raises(PackError, match=r"model\.onnx is not the file that card\.json describes"):
        open_pack(folder, origin="user")


@POSIX
def test_z05_links_in_a_folder(tmp_path: Path) -> None:
    """To a file inside, to nothing, to a folder, and to itself: none is followed, and none is looked at in vain."""
    folder = put(tmp_path / "mine", GOOD)
    digest = open_pack(folder).digest
    for name, target in (("a.txt", "preset.yaml"), ("b.txt", "nowhere"), ("c", "/etc"), ("d", "d"), ("sub/e", "..")):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).symlink_to(target)
        assert open_pack(folder).digest == digest
        listed = f"{name}/hostname" if name == "c" else name
        put(folder, {"card.json": pack_of({listed: b"x"})["card.json"]})
        refuse(folder, f"'{name}' is a link; replace it by the file itself")
        put(folder, {"card.json": GOOD["card.json"]})
        (folder / name).unlink()
    for name in GOOD:
        (folder / name).rename(folder / "moved")
        (folder / name).symlink_to("moved")
        refuse(folder, f"'{name}' is a link; replace it by the file itself")
        (folder / "moved").replace(folder / name)


DEVICES = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"]
DEVICES += [kind + digit for kind in ("COM", "LPT") for digit in "0123456789¹²³"]


@pytest.mark.parametrize("device", DEVICES)
def test_z06_devices(path: Path, device: str) -> None:
    for name in (device, device.lower(), f"{device}.txt", f"{device}.tar.gz", f"a/{device}.mid", f"{device}/a.mid"):
        refuse(path, DEVICE, named(name))
    refuse(path, DEVICE, named(f"{device} .txt"))
    assert read(path, with_more()).name == "calm"


@pytest.mark.parametrize(
    "character", [*(chr(code) for code in range(1, 32)), *':<>"|?*\x7f\x85\u2028\u202e\u200b\ufeff']
)
def test_z06_characters(path: Path, character: str) -> None:
    refuse(path, PLACE, named(f"a{character}b.txt"))


@pytest.mark.parametrize("name", ["a.", "a ", " a", "a. ", "a/b./c", "a /b", "a/ b", "..."])
def test_z06_dots_and_spaces(path: Path, name: str) -> None:
    refuse(path, BLANK, named(name))


PAIRS: dict[str, tuple[str, str]] = {
    "accents": ("\u00e9.txt", "e\u0301.txt"),
    "accents of a folder": ("caf\u00e9/a.txt", "cafe\u0301/a.txt"),
    "hangul": ("\uac00.txt", "\u1100\u1161.txt"),
    "angstrom": ("\u212b.txt", "\u00e5.txt"),
    "kelvin": ("\u212a.txt", "k.txt"),
    "case": ("A.txt", "a.txt"),
    "case of a folder": ("Calm/a.txt", "calm/a.txt"),
    "case of the model": ("MODEL.ONNX", "b.txt"),
    "sharp s": ("stra\u00dfe.txt", "STRASSE.txt"),
    "long s": ("\u017fo.txt", "so.txt"),
    "sigma": ("\u03c3.txt", "\u03c2.txt"),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_z07_names_that_are_one_file_elsewhere(path: Path, pair: tuple[str, str]) -> None:
    more = dict.fromkeys(pair, b"x")
    data = zip_bytes([Member(name=name.encode(), data=data, flags=UTF8) for name, data in pack_of(more).items()])
    refuse(path, "are the same file on some systems; rename one of them", data)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere they are one file already")
@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_z07_the_same_in_a_folder(tmp_path: Path, pair: tuple[str, str]) -> None:
    folder = put(tmp_path / "mine", pack_of(dict.fromkeys(pair, b"x")))
    refuse(folder, "are the same file on some systems; rename one of them")


def test_z15_nothing_in_it(tmp_path: Path, path: Path) -> None:
    missing = "preset.yaml is missing, so this is no mood pack"
    for members in ([], [Member(name=b"calm/")], [Member(name=b".DS_Store", data=b"x")]):
        refuse(path, missing, zip_bytes(members))
    (tmp_path / "empty").mkdir()
    refuse(tmp_path / "empty", missing)
    (tmp_path / "empty" / "sub").mkdir()
    refuse(tmp_path / "empty", missing)


@pytest.mark.parametrize("name", [b"\xff.txt", b"\xc3\x28.txt", b"\xed\xa0\x80.txt", b"\xc0\xae\xc0\xae/x"])
def test_z20_names_that_are_no_utf8(path: Path, name: bytes) -> None:
    """Among them an overlong ``..``, and half of a surrogate pair."""
    refuse(path, "this is no zip file, or a damaged one", with_more(Member(name=name, data=b"x", flags=UTF8)))


def test_z20_a_name_of_code_page_437(path: Path) -> None:
    """What zips without a mark for UTF-8 have; it is read as that, as Python and Windows do."""
    files = pack_of({"\u00e9.txt": b"x"})
    zipped = [Member(name=name.encode("cp437"), data=data) for name, data in files.items()]
    assert read(path, zip_bytes(zipped)).read("\u00e9.txt") == b"x"


@pytest.mark.parametrize(
    "name", ["x" * 1000, "x" * 65_000, "d/" * 200 + "x", "d/" * 4 + "x", "x" * 201, "\u00e9" * 300]
)
def test_z20_long_and_deep_names(path: Path, name: str) -> None:
    refuse(path, "longer than 200 characters or deeper than 4 folders", named(name))


@POSIX
def test_z20_a_deep_folder(tmp_path: Path) -> None:
    folder = put(tmp_path / "mine", GOOD)
    (folder / ("d/" * 200)).mkdir(parents=True)
    assert open_pack(folder).name == "calm"
    assert seal_folder(folder)[1] == ("d/",)


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")
def test_z20_a_name_in_a_folder_that_is_no_utf8(tmp_path: Path) -> None:
    """It is none that a card can list, so it is none of the pack's."""
    folder = put(tmp_path / "mine", GOOD)
    with open(os.fsencode(folder) + b"/\xff.txt", "wb"):
        pass
    assert set(open_pack(folder).members) == {"preset.yaml", "model.onnx"}
    assert seal_folder(folder)[1] == ("\udcff.txt",)


def test_z21_two_folders_on_top_of_each_other(tmp_path: Path, path: Path) -> None:
    """One folder is left out, see `tests.packs.test_archive.test_good_zips`; two are not, and none of a folder."""
    inside = [Member(name=f"a/b/{name}".encode(), data=data) for name, data in GOOD.items()]
    refuse(path, "preset.yaml is missing, so this is no mood pack", zip_bytes(inside))
    put(tmp_path / "mine" / "calm", GOOD)
    refuse(tmp_path / "mine", "preset.yaml is missing, so this is no mood pack")


JUNK = [
    "__MACOSX/._preset.yaml",
    "__MACOSX/a/b/c/d/e/._Icon",
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
    "midi/.DS_Store",
    "midi/THUMBS.DB",
    "__macosx/x",
]


@pytest.mark.parametrize("name", JUNK)
def test_z22_what_file_managers_leave_behind(tmp_path: Path, path: Path, name: str) -> None:
    pack = read(path, with_more(Member(name=name.encode(), data=b"x")))
    assert set(pack.members) == {"preset.yaml", "model.onnx"}
    folder = open_pack(put(tmp_path / "mine", {**GOOD, name: b"x"}))
    assert folder.digest == pack.digest


@pytest.mark.parametrize(
    "name", ["evil.py", "evil.dll", "evil.exe", "evil.so", "sub/evil.bat", "__init__.py", "evil", "x.mid"]
)
def test_z23_files_that_are_not_listed(tmp_path: Path, path: Path, name: str) -> None:
    """Of a zip: refused. Of a folder: none of the pack's, whether the card lists it or not, unless it may be one."""
    refuse(path, name, with_more(Member(name=name.encode(), data=b"MZ")))
    for number, files in enumerate(({**GOOD, name: b"MZ"}, pack_of({name: b"MZ"}))):
        folder = put(tmp_path / f"{number}", files)
        assert set(open_pack(folder).members) - {"x.mid"} == {"preset.yaml", "model.onnx"}
    if name != "x.mid":
        with pytest.raises(PackError, match="is no kind of file that a mood pack holds"):
            open_pack(folder, origin="user")


def test_z24_every_file_but_the_card_has_its_hash(tmp_path: Path) -> None:
    """A byte more, less or other, in any file; see `tests.packs.test_pack` for what the card may list."""
    files = pack_of({"notes.txt": b"some notes", "midi/a.mid": b"MThd"})
    for name in ("model.onnx", "notes.txt", "midi/a.mid"):
        for number, data in enumerate((files[name] + b"x", files[name][:-1], b"?" + files[name][1:], b"")):
            folder = put(tmp_path / f"{number} {name.replace('/', ' ')}", {**files, name: data})
            with pytest.raises(PackError, match=f"{name} is not the file that card.json describes"):
                open_pack(folder, origin="user")
            zipped = [Member(name=one.encode(), data=content) for one, content in {**files, name: data}.items()]
            refuse(folder.with_suffix(".zip"), f"{name} is not the file that card.json", zip_bytes(zipped))


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder; nothing else is searched."""
    monkeypatch.setattr(library, "user_dir", lambda: tmp_path / "data" / "moods")
    monkeypatch.setattr(library, "shipped_dir", lambda: None)
    return tmp_path / "data" / "moods"


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0", "3.0.0"], ids=["older", "same", "newer"])
def test_z25_another_pack_of_the_same_name(user: Path, tmp_path: Path, version: str) -> None:
    """Neither an older nor a newer one takes the place of what is installed by itself."""
    install_pack(put(tmp_path / "first", pack_of(version="2.0.0")))
    before = {file.name: file.read_bytes() for file in user.iterdir()}
    with pytest.raises(InputError, match="mood 'calm' is installed already"):
        install_pack(put(tmp_path / "second", pack_of({"notes.txt": b"x"}, version=version)))
    assert {file.name: file.read_bytes() for file in user.iterdir()} == before
    assert find_pack("calm").card.version == "2.0.0"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"licences": {}}, ["'model'", "'training_data'", "'output'"]),
        ({"licences": {"model": "", "training_data": "CC0-1.0"}}, ["'model'", "'output'"]),
        ({"attribution": []}, ["attribution"]),
    ],
    ids=["none", "some", "no attribution"],
)
def test_z26_a_pack_that_does_not_say_its_licence(tmp_path: Path, change: dict[str, Any], words: list[str]) -> None:
    """It may be played; what is missing is told."""
    pack = open_pack(put(tmp_path / "mine", pack_of(None, **change)))
    for word in words:
        assert any(word in warning for warning in pack.card.warnings)


@pytest.mark.parametrize("value", [{"model": 5}, {"model": None}, {"model": "x" * 201}, {"model": "a\x1bb"}, [], "MIT"])
def test_z26_a_licence_that_is_none(tmp_path: Path, value: object) -> None:
    with pytest.raises(FormatError, match=r"card\.json: .*(licences|does not show)"):
        open_pack(put(tmp_path / "mine", pack_of(licences=value)))
