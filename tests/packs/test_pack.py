"""Folder packs are working copies; what is installed must be what its card says, no more and no less."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from packfiles import PRESET, Files, card_of, pack_of, zip_of

from gamemusic.errors import FormatError, InputError, PackError
from gamemusic.limits import Limits
from gamemusic.packs.card import FileEntry, load_card, write_card
from gamemusic.packs.install import seal_folder, zip_pack
from gamemusic.packs.library import PATH_VARIABLE, find_pack
from gamemusic.packs.members import check_member_name
from gamemusic.packs.pack import describe_files, open_pack, open_preset

Write = Callable[..., Path]


def test_a_good_folder(write_folder: Write) -> None:
    files = pack_of({"LICENSE.txt": b"CC0", "midi/theme.mid": b"MThd"})
    folder = write_folder({**files, ".DS_Store": b"x", "midi/Thumbs.db": b"x", "__MACOSX/._card.json": b"x"})
    pack = open_pack(folder)
    assert pack.name == pack.preset.name == pack.card.name == "calm"
    assert pack.path == folder and pack.origin == "path"
    assert pack.model == pack.read("model.onnx") == b"not really a model"
    assert pack.read("midi/theme.mid") == b"MThd"
    assert "not really" not in repr(pack)
    with pytest.raises(PackError, match=r"no 'other\.mid' in this pack, only"):
        pack.read("other.mid")


def test_digest_is_of_the_content(write_folder: Write, tmp_path: Path, files: Files) -> None:
    (tmp_path / "calm.zip").write_bytes(zip_of(files))
    folder, archive = open_pack(write_folder(files)), open_pack(tmp_path / "calm.zip")
    other = open_pack(write_folder(pack_of(preset=PRESET + "bars: 4\n"), "other"))
    assert folder.digest == archive.digest != other.digest
    assert folder.preset == archive.preset and folder.card == archive.card


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda files: files.pop("preset.yaml"), "preset.yaml is missing, so this is no mood pack"),
        (lambda files: files.pop("model.onnx"), "model.onnx is missing: this is a preset without a model; train one"),
        (lambda files: files.pop("card.json"), "card.json is missing; training writes it"),
        (lambda files: files.update({"more.txt": b""}), "more.txt is not listed in card.json; remove the file"),
        (lambda files: files.update({"sub/more.md": b""}), "sub/more.md is not listed"),
        (
            lambda files: files.update({"model.onnx": b"not really a modeL"}),
            "model.onnx is not the file that card.json",
        ),
        (lambda files: files.update({"model.onnx": b"longer" * 9}), "model.onnx is not the file that card.json"),
        (
            lambda files: files.update({"preset.yaml": PRESET.encode() + b"\n"}),
            "if you edited it, write a new card",
        ),
    ],
)
def test_files_that_do_not_match_the_card(
    change: Callable[[Files], object], words: str, write_folder: Write, tmp_path: Path, files: Files
) -> None:
    change(files)
    (tmp_path / "a.zip").write_bytes(zip_of(files))
    # a folder may have been edited, unless it is installed; what it has more is none of the pack's
    paths = [(tmp_path / "a.zip", "path")] + ([] if "listed" in words else [(write_folder(files), "user")])
    for path, origin in paths:
        with pytest.raises(PackError) as caught:
            open_pack(path, origin=origin)
        assert words in str(caught.value)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (pack_of(name="storm"), "preset.yaml is of the mood 'calm', card.json of 'storm'"),
        (pack_of(styles=["rock"]), "style 'piano' uses the token 'piano', but the model was trained on rock"),
        (pack_of(vocabulary={"version": 9, "hash": "0" * 64}), "another token table (version 9)"),
        (pack_of(files={"card.json": {"size": 1, "sha256": "0" * 64}}), "card.json lists itself"),
        (pack_of(files={"model.onnx": {"size": 1, "sha256": "0" * 64}}), "preset.yaml is not listed"),
        (pack_of(files={"../../x": {"size": 1, "sha256": "0" * 64}}), "leads out of the pack"),
        (pack_of(files=None), "files: found no such key"),
        (pack_of(files={"model.onnx": {"size": 1, "sha256": "0" * 63}}), "files.model.onnx.sha256: found"),
        (pack_of(files={"model.onnx": {"size": -1, "sha256": "0" * 64}}), "files.model.onnx.size: found -1"),
        (pack_of(format=2), "reads format 1; the pack needs a newer gamemusic: pip install"),
        (pack_of(format=2, min_sdk="3.1", novelty=[]), "the pack needs gamemusic 3.1 or newer"),
        (pack_of(format=0), "format: found 0, expected 1; there never was such a format: write 1"),
        (pack_of(version="latest"), "version: found the text 'latest'"),
        (pack_of(author="a\x1b[2Jb"), "does not show"),
        (pack_of(measures=[1]), "measures: found a list of 1, expected a mapping"),
    ],
)
def test_cards_that_do_not_fit(files: Files, words: str, write_folder: Write) -> None:
    with pytest.raises(FormatError) as caught:
        open_pack(write_folder(files), origin="user")
    assert words in str(caught.value)


def test_a_newer_preset_says_so_whatever_else_it_has(write_folder: Write) -> None:
    """Keys that only a newer release knows are no typing mistakes, wherever they stand."""
    newer = "novelty: 3\n" + PRESET + "format: 2\n"
    with pytest.raises(FormatError, match=r"format: found 2, expected 1; .* pip install -U gamemusic"):
        open_pack(write_folder(pack_of(preset=newer)))
    with pytest.raises(PackError, match=r"the pack needs gamemusic 99\.0"):
        open_pack(write_folder(pack_of(preset=newer, min_sdk="99.0"), "b"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
        (b"[]", "found a list of 0, expected a mapping"),
        (b'{"name": "a", "name": "b"}', "'name' a second time"),
        (b'{"measures": {"x": NaN}}', "found NaN"),
        (b'{"measures": {"x": 1e999}}', "expected a finite one"),
        (b'{"measures": ' + b"[" * 100_000 + b"}", "nested"),
        (b'{"measures": ' + b"[" * 50 + b"]" * 50 + b"}", "nested deeper than 20"),
        (b"\xff", "not a card"),
        (b" " * 300_000, "allowed are 262144"),
        (b'{"name": "\\ud800"}', "does not show"),
        (b'{\n  "name": calm\n}', "card.json:2:11: this is not JSON"),
    ],
)
def test_damaged_cards(data: bytes, words: str) -> None:
    with pytest.raises(FormatError) as caught:
        load_card(data)
    assert words in str(caught.value)


def test_card_round_trip_keeps_what_it_does_not_know() -> None:
    licences = {"model": "MIT", "training_data": "CC0-1.0", "output": "CC0-1.0"}
    source = {"name": "Songs", "licence": "CC0-1.0", "count": 12, "credit": "Anon.\nEncoded by B."}
    data = card_of(
        {"model.onnx": b"1"},
        licences=licences,
        attribution=[source],
        training={"tokens": 5, "seconds": 1.5, "loss": 2.0},
        measures={"bits": {"song": 4.5}},
        notes=["The lead is learned."],
        future={"a": [1, None]},
    )
    card = load_card(data)
    assert card.extra == {"future": {"a": [1, None]}} and card.training.extra == {"loss": 2.0}
    assert card.files == {
        "model.onnx": FileEntry(size=1, sha256=describe_files({"model.onnx": b"1"})["model.onnx"].sha256)
    }
    assert card.warnings == ()
    assert load_card(write_card(card)) == card
    assert write_card(load_card(write_card(card))) == write_card(card)


def test_a_card_without_licences_warns() -> None:
    card = load_card(card_of({"model.onnx": b"1"}))
    assert [
        word for word in ("'model'", "'training_data'", "'output'", "attribution") if word in str(card.warnings)
    ] == [
        "'model'",
        "'training_data'",
        "'output'",
        "attribution",
    ]


def test_a_folder_is_a_working_copy(write_folder: Write, files: Files) -> None:
    """Whatever is edited in it, it is a mood; what would be packed is what counts."""
    folder = write_folder(files)
    before = open_pack(folder)
    assert before.card_bytes == files["card.json"]
    (folder / "preset.yaml").write_bytes(files["preset.yaml"].replace(b"name: calm", b"name: storm") + b"bars: 4\n")
    (folder / "model.onnx").write_bytes(b"another model")
    pack = open_pack(folder)
    assert (pack.name, pack.card.name, pack.preset.bars) == ("storm", "storm", 4)
    assert pack.model == b"another model"
    assert pack.card.files == describe_files(pack.members)
    assert pack.digest != before.digest
    assert seal_folder(folder)[0] == pack.card
    assert open_pack(folder).digest == pack.digest  # packing changed nothing but the card's file
    assert find_pack(folder).digest == pack.digest


@pytest.mark.parametrize("origin", ["user", "shipped"])
def test_what_is_installed_must_be_what_the_card_says(write_folder: Write, files: Files, origin: str) -> None:
    folder = write_folder(files)
    assert open_pack(folder, origin=origin).digest == open_pack(folder).digest
    (folder / "model.onnx").write_bytes(b"not really a modeL")
    with pytest.raises(PackError, match=r"model\.onnx is not the file that card\.json describes"):
        open_pack(folder, origin=origin)
    assert open_pack(folder, origin=PATH_VARIABLE).model == b"not really a modeL"


STRAYS = (
    ".preset.yaml.swp",
    "preset.yaml~",
    "preset.yaml.bak",
    "loop.wav",
    "cover.png",
    "notes.txt",
    "#a#",
    "a:b.txt",
)


def test_strays_in_a_folder_are_ignored(write_folder: Write, files: Files) -> None:
    """What editors leave, loops that were rendered, music to learn from: none of it is the mood's."""
    folder = write_folder(files)
    digest = open_pack(folder).digest
    for name in STRAYS:
        (folder / name).write_bytes(b"x" * 100)
    (folder / "my_midis" / "deep" / "er" / "and" / "deeper").mkdir(parents=True)
    for number in range(200):
        (folder / "my_midis" / f"{number}.mid").write_bytes(b"MThd")
    if os.name == "posix":
        (folder / "link").symlink_to("/dev/zero")
        os.mkfifo(folder / "pipe")
    for origin in ("path", PATH_VARIABLE, "user"):
        assert open_pack(folder, origin=origin).digest == digest


def test_packing_takes_what_is_named_and_says_what_it_left_out(write_folder: Write, tmp_path: Path) -> None:
    preset = PRESET + "theme: tune.mid\n"
    folder = write_folder(pack_of({"notes.md": b"listed", "gone.md": b""}, preset=preset))
    (folder / "gone.md").unlink()
    for name in (*STRAYS, "tune.mid", "README.md", "LICENSE", "preview.ogg", "my_midis/a.mid", "sub/b.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    card, left = seal_folder(folder)
    taken = {"preset.yaml", "model.onnx", "notes.md", "tune.mid", "README.md", "LICENSE", "preview.ogg", "cover.png"}
    assert set(card.files) == taken
    assert set(left) == {*STRAYS, "my_midis/", "sub/"} - {"cover.png"}
    path = zip_pack(open_pack(folder), tmp_path / "a.zip")
    assert set(open_pack(path).members) == taken
    assert open_pack(path).digest == open_pack(folder).digest


@pytest.mark.parametrize(
    ("preset", "gone", "words"),
    [
        (PRESET, "model.onnx", "model.onnx is missing: this is a preset without a model"),
        (PRESET + "theme: tune.mid\n", "tune.mid", "tune.mid is missing, which the key 'theme' of preset.yaml names"),
        (
            PRESET + "fingerprint: print.bin\n",
            "print.bin",
            "print.bin is missing, which the key 'fingerprint' of preset.yaml names",
        ),
    ],
)
def test_the_file_that_is_missing_is_named(
    preset: str, gone: str, words: str, write_folder: Write, tmp_path: Path
) -> None:
    """Also where others were edited since."""
    files = pack_of({gone: b"x"}, preset=preset)
    files["preset.yaml"] += b"bars: 4\n"
    del files[gone]
    with pytest.raises(PackError) as caught:
        open_pack(write_folder(files))
    assert words in str(caught.value)


def test_a_card_must_say_each_files_size(files: Files, tmp_path: Path) -> None:
    card = json.loads(files["card.json"])
    card["files"]["model.onnx"]["size"] += 1
    files["card.json"] = json.dumps(card).encode()
    (tmp_path / "calm.zip").write_bytes(zip_of(files))
    with pytest.raises(PackError, match=r"model\.onnx is not the file that card\.json describes"):
        open_pack(tmp_path / "calm.zip")


def test_a_pin_covers_the_card(write_folder: Write, tmp_path: Path) -> None:
    """Licence and author cannot change under a pin."""
    path = tmp_path / "calm.zip"
    path.write_bytes(zip_of(pack_of(author="Ann", licences={"model": "MIT"})))
    pack = open_pack(path)
    assert pack.pin == f"calm@{pack.digest[:32]}"
    for author, licence in (("Bob", "MIT"), ("Ann", "CC0-1.0")):
        path.write_bytes(zip_of(pack_of(author=author, licences={"model": licence})))
        assert open_pack(path).digest != pack.digest


def test_a_copy_keeps_the_cards_bytes(write_folder: Write, tmp_path: Path) -> None:
    """However a card was written, a pack that is installed has the pin of the one that was given away."""
    files = pack_of()
    files["card.json"] = files["card.json"].replace(b", ", b" ,\n")
    (tmp_path / "calm.zip").write_bytes(zip_of(files))
    pack = open_pack(tmp_path / "calm.zip")
    assert open_pack(zip_pack(pack, tmp_path / "copy.zip")).digest == pack.digest


def test_a_broken_preset_in_a_pack_is_named_with_its_line(write_folder: Write) -> None:
    folder = write_folder(pack_of(preset=PRESET.replace("tempo", "tepmo")))
    with pytest.raises(FormatError, match=r"preset\.yaml:2:1: found the unknown key 'tepmo'"):
        open_pack(folder)


def test_a_newer_sdk_may_be_needed(write_folder: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gamemusic.packs.pack.__version__", "0.9.1")
    assert open_pack(write_folder(pack_of(min_sdk="0.9.1"), "a")).name == "calm"
    with pytest.raises(PackError, match=r"needs gamemusic 0\.10, this is 0\.9\.1; update gamemusic"):
        open_pack(write_folder(pack_of(min_sdk="0.10"), "b"))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(model_bytes=10), "model.onnx has 18 bytes, allowed are 10"),
        (Limits(file_bytes=10), "notes.txt has 20 bytes, allowed are 10"),
        (Limits(yaml_bytes=10), "preset.yaml is larger than 10 bytes"),
        (Limits(pack_bytes=30), "allowed are 30"),
        (Limits(pack_files=2), "more than 2 files"),
    ],
)
def test_limits(limits: Limits, words: str, write_folder: Write) -> None:
    with pytest.raises(PackError) as caught:
        open_pack(write_folder(pack_of({"notes.txt": bytes(20)})), limits=limits)
    assert words in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="making links and pipes needs rights on Windows")
def test_links_and_pipes(write_folder: Write, tmp_path: Path, files: Files) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(files.pop("model.onnx"))
    folder = write_folder(files)
    (folder / "model.onnx").symlink_to(secret)
    with pytest.raises(PackError, match=r"'model\.onnx' is a link; replace it"):
        open_pack(folder)
    (folder / "model.onnx").unlink()
    os.mkfifo(folder / "model.onnx")
    with pytest.raises(PackError, match=r"'model\.onnx' is no ordinary file"):
        open_pack(folder)
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").symlink_to(folder, target_is_directory=True)
    with pytest.raises(PackError, match=r"'model\.onnx' is a link"):
        open_pack(folder)


@pytest.mark.parametrize("path", ["no/such/place", "\x00", "x" * 5000, ""])
def test_paths_where_nothing_is(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((InputError, PackError)):
        open_pack(path)


@pytest.mark.parametrize(
    "name",
    ["../x", "a/../b", "/etc/passwd", "./a", "a//b", "a/", "", "C:/x", "C:x", "a\\b", "\\\\server\\x", "con", "NUL.txt"]
    + ["sub/Com1.onnx", "lpt¹", "conin$", "a.", "a ", " a", "a\nb", "a\x00b", "a\u202eb", "a*", "a?", 'a"', "a|b", "<a"]
    + ["x" * 201, "a/b/c/d/e", "nul .txt"],
)  # fmt: skip
def test_names_that_are_not_allowed(name: str) -> None:
    with pytest.raises(PackError, match="rename the file"):
        check_member_name(name)


@pytest.mark.parametrize(
    "name", ["model.onnx", "a/b/c.mid", "Größe.txt", "consort.mid", "a b.txt", ".hidden", "日本.mid"]
)
def test_names_that_are_allowed(name: str) -> None:
    check_member_name(name)


def test_open_preset(write_folder: Write, tmp_path: Path) -> None:
    folder = write_folder({"preset.yaml": PRESET.encode()})
    assert open_preset(folder) == open_preset(folder / "preset.yaml")
    with pytest.raises(InputError, match="there is no file"):
        open_preset(tmp_path / "none.yaml")
    with pytest.raises(PackError, match=r"model\.onnx is missing"):
        open_pack(folder)
