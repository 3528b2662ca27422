"""The catalogue of bad presets, rows Y28 to Y32: files that a mood may not name, formats, music, and signs."""

from __future__ import annotations

import pytest
from yamltext import GOOD, read, refuse, refuse_value, spoilt, value_of

from gamemusic.errors import FormatError
from gamemusic.packs.schema import load_preset

HIDDEN = "does not show"

PATHS = (
    "/etc/passwd.{}", "../model.{}", "a/../../model.{}", "sub/model.{}", "./model.{}", "..\\model.{}", "\\model.{}",
    "\\\\server\\share\\model.{}", "//server/share/model.{}", "C:/model.{}", "C:\\model.{}", "C:model.{}",
    "file:model.{}", "file:///etc/model.{}", "https://example.com/model.{}", "~/model.{}", "$HOME/model.{}",
    "%TEMP%\\model.{}", "model.{}:stream", "model.{} ", " model.{}", "-model.{}", ".{}", ".model.{}", "model.{}.exe",
    "mod el.{}", "mödel.{}", "model．{}", "m" * 70 + ".{}", "model.pkl", "model", "{}", "|model.{}", "a;b.{}",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_y28_y29_files_that_are_not_in_the_pack(path: str) -> None:
    """Only the plain name of a file in the pack; that it is no link is seen when the pack is opened."""
    for key, ending in (("model", "onnx"), ("theme", "mid"), ("fingerprint", "bin")):
        name = path.format(ending)
        refuse_value(key, f"'{name}'", f"{key}: found the text", f"ends in .{ending}, without folders")
    for ending in ("sf2", "sf3"):
        name = path.format(ending)
        expected = "expected 'chip', or a file of the pack that ends in .sf2 or .sf3, without folders"
        refuse(f"{GOOD}    soundfont: '{name}'\n", "19:16", "styles.piano.soundfont: found the text", expected)


def test_y28_y29_files_of_the_pack() -> None:
    assert read(value_of("model", "other-1.0.onnx")[0]).model == "other-1.0.onnx"
    assert read(f"{GOOD}    soundfont: small_1.sf3\n").style().soundfont == "small_1.sf3"
    for key in ("theme", "fingerprint"):
        assert getattr(read(value_of(key, "''")[0]), key) == ""
    refuse_value("model", "''", "model: found the text ''")
    refuse_value("model", "[model.onnx]", "model: found a list of 1")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2", "found 2, expected 1; it was written for a newer gamemusic, update it: pip install -U gamemusic"),
        ("99", "found 99, expected 1; it was written for a newer gamemusic"),
        ("0", "found 0, expected 1; there never was such a format: write 1"),
        ("-1", "found -1, expected 1; there never was such a format"),
        ("1.0", "found 1.0, expected 1"),
        ("'1'", "found the text '1', expected 1"),
        ("'1.0'", "found the text '1.0', expected 1"),
        ("v1", "found the text 'v1', expected 1"),
        ("1.0.0", "found the text '1.0.0', expected 1"),
        ("true", "found true, expected 1"),
        ("~", "found nothing, expected 1"),
        ("[1]", "found a list of 1, expected 1"),
    ],
)
def test_y30_format(value: str, words: str) -> None:
    refuse_value("format", value, f"format: {words}")
    newer = GOOD.replace("format: 1\n", "new_key: 1\n") + f"format: {value}\n"
    refuse(newer, "19:9", f"format: {words}")  # said first: what a newer format has more is no mistake


def test_y30_without_a_format_it_is_the_first() -> None:
    assert read(GOOD.replace("format: 1\n", "")) == read(GOOD)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (value_of("keys", "[]")[0], "5:7", "keys: found a list of 0, expected a list of 1 to 24"),
        (value_of("keys", f"[{', '.join(['C'] * 200)}]")[0], "5:7", "keys: found a list of 200, expected a list of 1"),
        ("scale: [C, D]\n" + GOOD, "1:1", "found the unknown key 'scale'"),
        (spoilt("[C4, C6]", "[C4, G#9]")[0], "10:21", "ranges.lead: found the text 'G#9'"),
        (spoilt("[C4, C6]", "[C-2, C6]")[0], "10:17", "ranges.lead: found the text 'C-2'"),
        (spoilt("[C4, C6]", "[C4, C10]")[0], "10:21", "ranges.lead: found the text 'C10'"),
        (spoilt("[C4, C6]", "[-1, 60]")[0], "10:17", "neither a MIDI note number 0 to 127 nor a name"),
        (spoilt("[C4, C6]", "[60, 128]")[0], "10:21", "neither a MIDI note number 0 to 127 nor a name"),
        (spoilt("[C4, C6]", "[C4, 1e2]")[0], "10:21", "ranges.lead: found 1e2"),
        (spoilt("program: cello", "program: 128")[0], "16:23", "found 128, expected a General MIDI name"),
        (spoilt("program: cello", "program: -1")[0], "16:23", "found -1, expected a General MIDI name"),
        (spoilt("program: cello", "program: 10000000000")[0], "16:23", "found 10000000000, expected"),
        (spoilt("program: cello", "program: cello, bank: 128")[0], "16:36", "found 128, expected a whole number, 0"),
        (spoilt("program: cello", "program: cello, channel: 17")[0], "16:30", "found the unknown key 'channel'"),
        (GOOD + "    learned_twice: 1\n", "19:5", "found the unknown key 'learned_twice'"),
        ("progression: [Zm]\n" + GOOD, "1:15", "progression, entry 1: found the text 'Zm'"),
        (f"progression: [{', '.join(['I'] * 65)}]\n" + GOOD, "1:14", "found a list of 65, expected a list of 0 to 64"),
        ("progression: [8]\n" + GOOD, "1:15", "progression, entry 1: found 8"),
    ],
)
def test_y31_music_that_there_is_not(text: str, place: str, words: str) -> None:
    refuse(text, place, words)


SIGNS = {
    "escape": "\x1b[31m",
    "bell": "\x07",
    "backspace": "\b",
    "delete": "\x7f",
    "C1": "\x9b",
    "right to left": "\u202e",
    "isolate": "\u2066",
    "mark": "\u200f",
    "soft hyphen": "\u00ad",
    "zero width": "\u200b",
    "line separator": "\u2028",
    "tag": "\U000e0041",
    "no character": "\ufffe",
}


@pytest.mark.parametrize("sign", SIGNS)
def test_y32_characters_that_do_not_show(sign: str) -> None:
    """Neither as they are nor as an escape; a message that names them would look like another."""
    character = SIGNS[sign]
    escaped = "".join(f"\\U{ord(each):08x}" for each in character)
    for key in ("title", "name", "description", "model", "keys"):
        text, place = value_of(key, f"a{character}b")
        line, column = place.split(":")
        refuse(text, f"{line}:{int(column) + 1}", f"U+{ord(character[0]):04X}, which does not show; remove it")
        refuse_value(key, f'"a{escaped}b"', f"found a character that {HIDDEN}")
    refuse(spoilt("  piano:", f"  pi{character}ano:")[0], "12:5", HIDDEN)
    refuse(spoilt("  piano:", f'  "pi{escaped}ano":')[0], "12:3", HIDDEN)
    refuse(f"# a{character}b\n{GOOD}", "1:4", HIDDEN)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("title", '"a\\ngamemusic: error: no"'),
        ("name", '"a\\ngamemusic: error: no"'),
        ("keys", '"a\\ngamemusic: error: no"'),
        ("tempo", '"a\\ngamemusic: error: no"'),
        ("bars", '"a\\ngamemusic: error: no"'),
        ("ending", '"a\\ngamemusic: error: no"'),
        ("title", '{"a\\ngamemusic: error: no": 1}'),
        ("polyphony", '{"a\\ngamemusic: error: no": 1}'),
    ],
)
def test_y32_messages_have_one_line(key: str, value: str) -> None:
    """Line breaks are allowed in texts, so that what quotes one must not look like two messages."""
    with pytest.raises(FormatError) as caught:
        load_preset(value_of(key, value)[0].encode(), file="mood.yaml")
    assert "\\ngamemusic: error: no" in str(caught.value)
    assert str(caught.value).isprintable()


def test_y32_what_shows_in_other_languages_is_allowed() -> None:
    for title in ("静かな夜", "Ночь", "सं\u200dगीत", "می\u200cخواهم", "e\u0301", "👩\u200d🎤", "a\u00a0b"):
        assert read(value_of("title", title)[0]).title == title
    refuse_value("title", "''", "title: found the text ''")
    assert read(value_of("description", '"a\\n\\tb"')[0]).description == "a\n\tb"
