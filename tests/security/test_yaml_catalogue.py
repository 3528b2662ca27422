"""Bad presets, row by row of docs/catalogue.md, as far as tests/packs/test_preset_errors.py has them not already."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from gamemusic.errors import FormatError, GameMusicError, PackError
from gamemusic.packs.pack import open_pack, open_preset
from gamemusic.packs.schema import load_preset
from gamemusic.packs.yamlfile import load_yaml

GOOD = """\
name: calm
tempo: [80, 100]
keys: [D minor]
styles:
  piano:
    learned: [lead]
    instruments:
      lead: {program: piano}
"""
LAUGHS = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

REFUSED: dict[str, tuple[str, str, str]] = {
    # id: the text, where, and words of the message
    "y10 billion laughs": (LAUGHS, "1:4", "found the anchor &a"),
    "y11 a list that holds itself": (GOOD + "form: &a [*a]\n", "9:7", "found the anchor &a"),
    "y12 60,000 deep": ("[" * 60_000, "1:11", "deeper than 10 levels"),
    "y12 60,000 mappings deep": ("{a: " * 16_000, "1:41", "deeper than 10 levels"),
    "y13 5,500 keys": ("".join(f"k{number}: 1\n" for number in range(5_500)), "2500:8", "more than 5000 keys"),
    "y16 a name of nothing": (GOOD.replace("calm", "~"), "1:7", "found nothing"),
    "y16 yes is no truth": (
        GOOD + "variations: on\n",
        "9:13",
        "found the text 'on', expected a whole number",
    ),
    "y19 minus infinity": (GOOD.replace("[80, 100]", "[-.inf, 100]"), "2:9", "found the text '-.inf'"),
    "y19 no number": (GOOD + "temperature: .NaN\n", "9:14", "found the text '.NaN'"),
    "y20 a number of 60,000 digits": (GOOD + f"bars: {'9' * 60_000}\n", "9:7", "more than 40 characters"),
    "y22 tempo below zero": (GOOD.replace("80", "-80"), "2:9", "found -80, expected a number, 20 to 400"),
    "y22 tempo of millions": (GOOD.replace("100", "1000000"), "2:13", "found 1000000, expected a number, 20 to 400"),
    "y22 bars below zero": (GOOD + "bars: -8\n", "9:7", "found -8, expected a whole number, 1 to 64"),
    "y22 bars without end": (GOOD + "bars: 100000\n", "9:7", "1 to 64"),
    "y22 nobody may sound": (GOOD + "polyphony: {lead: 0}\n", "9:19", "found 0, expected a whole number, 1 to 6"),
    "y22 everybody at once": (GOOD + "polyphony: {lead: 99}\n", "9:19", "1 to 6"),
    "y23 swing of a whole eighth": (GOOD + "    swing: 1.0\n", "9:12", "found 1.0, expected a number, 0 to 0.5"),
    "y23 a share over one": (GOOD + "periods: 1.5\n", "9:10", "found 1.5, expected a number, 0 to 1"),
    "y26 a quoted number": (GOOD + "candidates: '8'\n", "9:13", "write 8 without quotes"),
    "y26 truth for a number": (GOOD + "periods: true\n", "9:10", "found true, expected a number"),
    "y31 no keys": (GOOD.replace("[D minor]", "[]"), "3:7", "list of 1 to 24"),
    "y31 200 keys": (GOOD.replace("[D minor]", f"[{', '.join(['C'] * 200)}]"), "3:7", "found a list of 200"),
    "y31 a note above all": (GOOD + "ranges: {lead: [C4, C12]}\n", "9:21", "ranges.lead: found the text 'C12'"),
    "y31 instrument 128": (GOOD.replace("program: piano", "program: 128"), "8:23", "0 to 127"),
    "y31 a chord of nothing": (GOOD + "progression: [i, '']\n", "9:18", "progression, entry 2"),
    "y31 a channel": (
        GOOD.replace("{program: piano}", "{program: piano, channel: 17}"),
        "8:30",
        "unknown key 'channel'",
    ),
    "y32 an escape": (GOOD + 'title: "a\\e[2J"\n', "9:8", "does not show"),
    "y32 right to left": (GOOD + 'title: "a\\u202Ecba"\n', "9:8", "does not show"),
    "y32 a line of its own in a log": (GOOD + 'title: "a\\nERROR b"\n', "9:8", "in one line"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_preset_is_refused_at_its_place(name: str) -> None:
    text, place, words = REFUSED[name]
    began = time.perf_counter()
    with pytest.raises(FormatError) as caught:
        load_preset(text.encode(), file="mood.yaml")
    assert str(caught.value).startswith(f"mood.yaml:{place}: "), caught.value
    assert words in str(caught.value)
    assert len(str(caught.value)) < 600
    assert str(caught.value).isprintable()
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("text", ["[" * 100_000, "a: 1\n" * 1_000_000, "x" * 10_000_000], ids=["y12", "y13", "y13 too"])
def test_y12_y13_what_is_too_large_is_not_even_parsed(text: str) -> None:
    began = time.perf_counter()
    with pytest.raises(FormatError, match="allowed are 65536"):
        load_preset(text.encode())
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    "name",
    [
        "/etc/model.onnx", "../model.onnx", "..\\model.onnx", "\\\\server\\share\\model.onnx", "C:\\model.onnx",
        "C:model.onnx", "file:///tmp/model.onnx", "https://example.org/model.onnx", "a/model.onnx", ".onnx",
        "model.onnx\\0.txt", "CON:.onnx",
    ],
)  # fmt: skip
def test_y28_a_model_is_a_file_of_the_pack(name: str) -> None:
    with pytest.raises(FormatError, match=r"mood.yaml:9:8: model: found .*ends in \.onnx, without folders"):
        load_preset((GOOD + f"model: '{name}'\n").encode(), file="mood.yaml")


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_y28_a_link_out_of_the_pack(tiny_pack: Path, tmp_path: Path) -> None:
    for file in tiny_pack.iterdir():
        if file.name != "model.onnx":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.onnx").symlink_to(tiny_pack / "model.onnx")
    with pytest.raises(PackError, match=r"'model.onnx' is a link"):
        open_pack(tmp_path)


def test_y16_words_that_are_names() -> None:
    """In YAML 1.1 these would be false; here they are what they look like."""
    preset = load_preset(GOOD.replace("name: calm", "name: no").encode())
    assert preset.name == "no"
    assert load_preset(GOOD.replace("name: calm", 'name: "null"').encode()).name == "null"


def test_y30_a_preset_without_a_format_is_of_the_first() -> None:
    assert load_preset(GOOD.encode()).format == 1


@pytest.mark.parametrize("data", [b"\xff\xfe\x00\x00", b"\0" * 50, b"%YAML 9.9\n---\na: 1\n", b"- - - - - -", b"\x85"])
def test_whatever_it_is_it_is_one_kind_of_error(data: bytes) -> None:
    with pytest.raises(GameMusicError, match=r"^preset.yaml"):
        load_preset(data)


def test_y3_y4_a_tree_is_one_document() -> None:
    with pytest.raises(FormatError, match=r"a second document, expected one; remove the line '---'"):
        load_yaml(b"a: 1\n---\nb: 2\n")


def test_a_preset_that_is_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(GameMusicError, match="there is no file"):
            open_preset(path)
