"""Whatever is wrong with what was asked for: one message, no traceback, and no file that was not there before."""

from __future__ import annotations

import dataclasses
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gamemusic.audio.soundfont import installed_soundfonts
from gamemusic.cli.main import main
from gamemusic.packs.card import load_card, write_card
from gamemusic.packs.library import PATH_VARIABLE
from gamemusic.packs.pack import CARD_FILE, describe_files

Fail = Callable[..., str]


@pytest.fixture
def fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Fail:
    """Return a function that runs the command in an empty folder, where it must fail, and returns its one message."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def run(*words: object, status: int = 1) -> str:
        try:
            found = main([str(word) for word in words])
        except SystemExit as stop:  # argparse
            found = int(str(stop.code))
        assert found == status
        output, message = capsys.readouterr()
        assert output == ""
        assert list(folder.iterdir()) == []
        if status == 1:
            assert message.startswith("gamemusic: error: ")
            assert message.count("\n") == 1
        return message

    return run


@pytest.fixture
def pack(tiny_pack: Path, tmp_path: Path) -> Path:
    """A copy of a good pack, to be damaged."""
    return Path(shutil.copytree(tiny_pack, tmp_path / "pack"))


def renew_card(pack: Path, **changes: Any) -> None:
    """Make the card describe the files as they are now."""
    card = load_card((pack / CARD_FILE).read_bytes(), file=pack / CARD_FILE)
    files = describe_files({path.name: path.read_bytes() for path in pack.iterdir()})
    (pack / CARD_FILE).write_bytes(write_card(dataclasses.replace(card, files=files, **changes)))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--style", "rokc"], "did you mean 'rock'"),
        (["--style", "jazz"], "only chamber, rock"),
        (["--key", "H minor"], "key 'H minor'"),
        (["--key", ""], "key ''"),
        (["--bars", "0"], "1 to 64 (received 0)"),
        (["--bars", "10000"], "1 to 64 (received 10000)"),
        (["--bars", "-1"], "1 to 64 (received -1)"),
        (["--tempo", "0"], "tempo must be 20 to 400"),
        (["--tempo", "nan"], "tempo must be 20 to 400"),
        (["--tempo", "inf"], "tempo must be 20 to 400"),
        (["--meter", "5/4"], "meter '5/4' can be played, but not composed"),
        (["--intensity", "1.5"], "intensity must be 0 to 1"),
        (["--intensity", "nan"], "intensity must be 0 to 1"),
        (["--seed", "-1"], "seed must be a whole number"),
        (["--seed", str(1 << 64)], "seed must be a whole number"),
        (["--sample-rate", "0"], "sample rate must be a whole number, 8000 to 96000"),
        (["--sample-rate", "1000000"], "sample rate must be a whole number, 8000 to 96000"),
    ],
)
def test_values(fail: Fail, tiny_pack: Path, words: list[str], message: str) -> None:
    for name in ("a.mid", "a.wav"):
        assert message in fail("compose", tiny_pack, *words, "-o", name)


@pytest.mark.parametrize(
    "words",
    [
        ["compose"],
        ["compose", "explore"],
        ["compose", "explore", "-o", "a.mid", "--bars", "two"],
        ["compose", "explore", "-o", "a.mid", "--seed", "1.5"],
        ["compose", "explore", "-o", "a.mid", "--bit-depth", "8"],
        ["compose", "explore", "-o", "a.mid", "--ending", "never"],
        ["compose", "explore", "-o", "a.mid", "--loud"],
        ["check"],
        ["sing"],
        [],
    ],
)
def test_wrong_usage(fail: Fail, words: list[str]) -> None:
    assert "error: " in fail(*words, status=2)


def test_unknown_mood(fail: Fail, tiny_pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PATH_VARIABLE, str(tiny_pack))
    assert "mood 'tinny' is not installed; did you mean 'tiny'" in fail("compose", "tinny", "-o", "a.mid")
    assert "there is neither a folder nor a file" in fail("compose", "./tinny", "-o", "a.mid")
    assert "is not installed" in fail("compose", "", "-o", "a.mid")


@pytest.mark.parametrize("name", ["a.mp3", "a.opus", "a", ".", "a.mid.txt", "-"])
def test_unknown_file_format(fail: Fail, tiny_pack: Path, name: str) -> None:
    assert "must end in one of .mid, .midi, .wav" in fail("compose", tiny_pack, "-o", name)


def test_output_folder_is_missing(fail: Fail, tiny_pack: Path) -> None:
    assert "folder music does not exist; make it first" in fail("compose", tiny_pack, "-o", "music/a.mid")


def test_output_is_a_folder(fail: Fail, tiny_pack: Path, tmp_path: Path) -> None:
    (tmp_path / "a.mid").mkdir()
    assert "is a folder" in fail("compose", tiny_pack, "-o", tmp_path / "a.mid")
    assert list((tmp_path / "a.mid").iterdir()) == []


def test_output_folder_is_read_only(fail: Fail, tiny_pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # permissions do not stop the superuser, who may run the tests
    assert "is read-only" in fail("compose", tiny_pack, "-o", "a.mid")


def test_output_cannot_be_written_after_all(
    fail: Fail, tiny_pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a.mid").write_bytes(b"as it was")
    monkeypatch.setattr(os, "fsync", full)
    assert "free some space" in fail("compose", tiny_pack, "-o", tmp_path / "a.mid")
    assert (tmp_path / "a.mid").read_bytes() == b"as it was"


@pytest.mark.parametrize("command", ["compose", "check"])
def test_a_name_too_long_for_the_file_system(fail: Fail, tiny_pack: Path, command: str) -> None:
    name = "a" * 300 + ".mid"
    assert "too long" in fail("compose", tiny_pack, "-o", name) if command == "compose" else fail("check", name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist"),
        (b"", "is empty"),
        (b"RIFF\xff\xff\x00\x00sfbk", "cut short"),
        (b"MThd" + bytes(100), "not a soundfont"),
    ],
)
def test_soundfont(fail: Fail, tiny_pack: Path, tmp_path: Path, content: bytes | None, message: str) -> None:
    font = tmp_path / "font.sf2"
    if content is not None:
        font.write_bytes(content)
    assert message in fail("compose", tiny_pack, "--soundfont", font, "-o", "a.wav", "--stems")


def test_soundfont_that_is_cut_in_two(fail: Fail, tiny_pack: Path, tmp_path: Path) -> None:
    fonts = installed_soundfonts()
    if not fonts:
        pytest.skip("no soundfont is installed (apt install timgm6mb-soundfont)")
    whole = min(fonts, key=lambda font: font.stat().st_size)
    with whole.open("rb") as file:
        (tmp_path / "font.sf2").write_bytes(file.read(whole.stat().st_size // 2))
    assert "cut short" in fail("compose", tiny_pack, "--soundfont", tmp_path / "font.sf2", "-o", "a.wav")


def test_soundfont_is_a_folder(fail: Fail, tiny_pack: Path, tmp_path: Path) -> None:
    assert "is a folder" in fail("compose", tiny_pack, "--soundfont", tmp_path, "-o", "a.wav")


@pytest.mark.parametrize("command", [["compose"], ["check"]])
class TestPacks:
    """What is wrong with a pack is said by composing and by checking alike."""

    @pytest.fixture
    def refused(self, fail: Fail, command: list[str], pack: Path) -> Callable[..., str]:
        def run(path: Path = pack) -> str:
            return fail(*command, path, *(("-o", "a.mid") if command == ["compose"] else ()))

        return run

    def test_no_model(self, refused: Callable[..., str], pack: Path) -> None:
        (pack / "model.onnx").unlink()
        assert "model.onnx is missing" in refused()

    def test_no_preset(self, refused: Callable[..., str], pack: Path) -> None:
        (pack / "preset.yaml").unlink()
        assert "preset.yaml is missing" in refused()

    def test_truncated_model(self, refused: Callable[..., str], pack: Path) -> None:
        model = pack / "model.onnx"
        model.write_bytes(model.read_bytes()[:-1000])
        assert "this is not a model of gamemusic" in refused()

    def test_vocabulary_of_the_card(self, refused: Callable[..., str], pack: Path) -> None:
        card = load_card((pack / CARD_FILE).read_bytes(), file=pack / CARD_FILE)
        renew_card(pack, vocabulary=dataclasses.replace(card.vocabulary, hash="0" * 64))
        assert "another token table" in refused()

    def test_vocabulary_of_the_model(self, refused: Callable[..., str], pack: Path) -> None:
        onnx = pytest.importorskip("onnx")
        model = onnx.load(pack / "model.onnx")
        for entry in model.metadata_props:
            if entry.key == "vocabulary_hash":
                entry.value = "0" * 64
        onnx.save(model, pack / "model.onnx")
        renew_card(pack)
        assert "the model's vocabulary" in refused()

    def test_weights_that_are_no_numbers(self, refused: Callable[..., str], pack: Path) -> None:
        onnx = pytest.importorskip("onnx")
        model = onnx.load(pack / "model.onnx")
        for tensor in model.graph.initializer:
            if tensor.data_type == onnx.TensorProto.FLOAT:
                values = np.full_like(onnx.numpy_helper.to_array(tensor), np.nan)
                tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
        onnx.save(model, pack / "model.onnx")
        renew_card(pack)
        assert "this is not a model of gamemusic" in refused()

    def test_unknown_instrument(self, refused: Callable[..., str], pack: Path) -> None:
        preset = pack / "preset.yaml"
        preset.write_text(preset.read_text("utf-8").replace("violin", "vioiln"), encoding="utf-8")
        message = refused()
        assert f"{preset}:14:23: " in message
        assert "did you mean 'violin'" in message

    def test_damaged_zip(self, refused: Callable[..., str], pack: Path, tmp_path: Path) -> None:
        path = tmp_path / "pack.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in pack.iterdir():
                archive.write(file, file.name)
        path.write_bytes(path.read_bytes()[:-300])
        assert "no zip file, or a damaged one" in refused(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "preset.yaml"),
        ("name: [", "preset.yaml:1:"),
        ("name: calm\ntempo: [0, 100]\n", "preset.yaml:2:"),
        ("name: calm\ntemop: [80, 100]\n", "preset.yaml:2:1: "),
        ("\0", "preset.yaml"),
    ],
)
def test_check_preset(fail: Fail, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "preset.yaml"
    path.write_text(text, encoding="utf-8")
    assert message in fail("check", path)


def test_check_nothing(fail: Fail) -> None:
    assert "nothing does not exist; give a preset file" in fail("check", "nothing")
