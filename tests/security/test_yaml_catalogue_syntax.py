"""The catalogue of bad presets, rows Y1 to Y15: what YAML itself brings along."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import yaml
from yamltext import FILE, GOOD, LONG, read, refuse, spoilt, value_of

from gamemusic.errors import FormatError
from gamemusic.packs.nodes import plain
from gamemusic.packs.yamlfile import MAX_DEPTH, load_yaml

MAPPING = "expected a mapping with keys such as format, name, title"


@pytest.mark.parametrize("text", ["", " ", "\n", "\n\n  \n", "\ufeff", "\r\n"])
def test_y01_empty(text: str) -> None:
    refuse(text, "1:1", "the file is empty", also_long=False)


@pytest.mark.parametrize("text", ["# nothing", "# name: calm\n# tempo: [80, 100]\n", "\n   # here\n\n#"])
def test_y02_only_comments(text: str) -> None:
    refuse(text, "1:1", "the file is empty")


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        ("calm\n", "1:1", "the text 'calm'"),
        ("'name: calm'\n", "1:1", "the text 'name: calm'"),
        ("42\n", "1:1", "42"),
        ("true\n", "1:1", "true"),
        ("null\n", "1:1", "nothing"),
        ("~\n", "1:1", "nothing"),
        ("''\n", "1:1", "the text ''"),
        ("- name\n- tempo\n", "1:1", "a list of 2"),
        ("[]\n", "1:1", "a list of 0"),
        ("\n\n  [name]\n", "3:3", "a list of 1"),
        ("|\n  name: calm\n", "1:1", "the text 'name: calm\\n'"),
        ("---\n...\n", "2:1", "nothing"),
    ],
)
def test_y03_something_else_at_the_top(text: str, place: str, found: str) -> None:
    refuse(text, place, f"found {found}, {MAPPING}", also_long=text[0] != "|")


@pytest.mark.parametrize("between", ["---\n", "--- # again\n", "...\n---\n", "---\n---\n"])
def test_y04_two_documents(between: str) -> None:
    refuse(GOOD + between + GOOD, f"{20 if between.startswith('...') else 19}:1", "a second document", "remove")


def test_y04_one_document_with_its_marks() -> None:
    for text in (f"---\n{GOOD}", f"%YAML 1.2\n---\n{GOOD}", f"{GOOD}...\n", f"--- # mood\n{GOOD}...\n"):
        assert read(text) == read(GOOD)
    refuse(GOOD + "...\nmore: 1\n", "20:1", "this is not YAML")


@pytest.mark.parametrize(
    ("old", "new", "move"),
    [
        ("name: calm", "\tname: calm", 0),
        ("    learned", "\tlearned", 0),
        ("      lead: {program", "    \tlead: {program", 4),
    ],
)
def test_y05_tabs_that_indent(old: str, new: str, move: int) -> None:
    text, place = spoilt(old, new)
    line, column = map(int, place.split(":"))
    refuse(text, f"{line}:{column + move}", "this is not YAML", "indent with spaces, not tabs")


@pytest.mark.parametrize(
    ("old", "new", "move"),
    [("bars: 16", "bars:\t16", 5), ("[80, 100]", "[80,\t100]", 4), ("bars: 16", "bars: 16\t# so long", 8)],
)
def test_y05_tabs_that_divide(old: str, new: str, move: int) -> None:
    """YAML allows them; PyYAML's own reader, which reads what is short, does not."""
    text, place = spoilt(old, new)
    line, column = map(int, place.split(":"))
    refuse(text, f"{line}:{column + move}", "this is not YAML", "indent with spaces, not tabs", also_long=False)
    with contextlib.suppress(FormatError):
        assert read(text + LONG) == read(GOOD)


def test_y05_tabs_inside_texts_are_letters() -> None:
    assert read(spoilt("title: Calm", "description: 'a\tb'")[0]).description == "a\tb"


ENCODED = {
    "UTF-16": (GOOD.encode("utf-16"), "1:1", "the file is UTF-16, expected UTF-8"),
    "UTF-16 BE": (b"\xfe\xff" + GOOD.encode("utf-16-be"), "1:1", "the file is UTF-16, expected UTF-8"),
    "UTF-16 LE, no mark": (GOOD.encode("utf-16-le"), "1:2", "U+0000, which does not show"),
    "UTF-16 BE, no mark": (GOOD.encode("utf-16-be"), "1:1", "U+0000, which does not show"),
    "UTF-32": (GOOD.encode("utf-32"), "1:1", "the file is UTF-32, expected UTF-8"),
    "UTF-32 BE": (b"\0\0\xfe\xff" + GOOD.encode("utf-32-be"), "1:3", "byte 0xfe, expected UTF-8"),
    "Latin-1": (GOOD.replace("Calm", "Stille für ä").encode("latin-1"), "3:16", "byte 0xfc, expected UTF-8"),
    "Shift-JIS": (GOOD.replace("Calm", "静か").encode("shift_jis"), "3:8", "byte 0x90, expected UTF-8"),
    "overlong": (GOOD.encode().replace(b"Calm", b"\xc0\xaf"), "3:8", "byte 0xc0, expected UTF-8"),
    "half a surrogate": (GOOD.encode().replace(b"Calm", b"\xed\xa0\x80"), "3:8", "byte 0xed, expected UTF-8"),
    "cut within a letter": (GOOD.encode() + b"# \xe6\x97", "19:3", "byte 0xe6, expected UTF-8"),
    "NUL": (GOOD.encode().replace(b"Calm", b"Ca\0lm"), "3:10", "U+0000, which does not show"),
    "NULs at the end": (GOOD.encode() + bytes(9), "19:1", "U+0000, which does not show"),
    "two marks": (b"\xef\xbb\xbf\xef\xbb\xbf" + GOOD.encode(), "1:1", "U+FEFF, which does not show"),
    "a mark inside": (GOOD.replace("name", "\ufeffname").encode(), "2:1", "U+FEFF, which does not show"),
    "a zip": (b"PK\x03\x04\x14\x00\x00\x00\x08\x00\xff", "1:11", "byte 0xff, expected UTF-8"),
}


@pytest.mark.parametrize("case", ENCODED)
def test_y06_other_encodings(case: str) -> None:
    data, place, words = ENCODED[case]
    refuse(data, place, words, also_long=False)


def test_y06_mark_of_utf8() -> None:
    assert read(b"\xef\xbb\xbf" + GOOD.encode()) == read(GOOD)
    refuse(b"\xef\xbb\xbfnmae: calm\n", "1:1", "unknown key 'nmae'")


def test_y07_line_ends() -> None:
    """Those of Windows are read, and lines are counted as an editor counts them; those of old Macs are none."""
    assert read(GOOD.replace("\n", "\r\n").encode()) == read(GOOD)
    mixed = GOOD.replace("\n", "\r\n", 5)
    assert read(mixed) == read(GOOD)
    refuse(mixed.replace("bars:", "brs:").encode(), "7:1", "unknown key 'brs'", "did you mean 'bars'?")
    refuse(GOOD.replace("\n", "\r\n").replace("Calm", '"C').encode(), "19:1", "this is not YAML", also_long=False)
    refuse(GOOD.replace("\n", "\r"), "1:10", "U+000D, which does not show")
    refuse(GOOD.replace("Calm", "Ca\x85lm"), "3:10", "U+0085, which does not show")
    refuse(GOOD.replace("Calm", "Ca\u2028lm"), "3:10", "U+2028, which does not show")


TAGS = (
    "!!python/object/apply:os.system [touch hacked]",
    "!!python/object/new:os.system [touch hacked]",
    "!!python/object:os.path {}",
    "!!python/object/apply:subprocess.Popen [[touch, hacked]]",
    "!!python/object/apply:eval [open('hacked', 'w')]",
    "!!python/name:os.system",
    "!!python/module:os",
    "!!python/tuple [1, 2]",
    "!!python/str x",
    "!<tag:yaml.org,2002:python/object/apply:os.system> [touch hacked]",
)


@pytest.mark.parametrize("value", TAGS)
def test_y08_tags_that_run_code(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for key in ("bars", "title", "keys"):
        text, place = value_of(key, value)
        refuse(text, place, "found the tag 'tag:yaml.org,2002:python/", "expected a plain value; remove it")
    refuse(f"{value}\n", "1:1", "found the tag")
    refuse(f"? {value}\n: 1\n", "1:3", "found the tag")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "tag", ["!foo", "!", "!!int", "!!str", "!!binary", "!!set", "!!omap", "!!null", "!<x>", "!a/b"]
)
def test_y09_other_tags(tag: str) -> None:
    for value in ("16", "{a: 1}", "[1]"):
        text, place = value_of("bars", f"{tag} {value}")
        refuse(text, place, "found the tag '", "expected a plain value; remove it")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("!e!x 16", "undefined tag handle"),
        (f"!{'a' * 9000}!x 16", "undefined tag handle"),
        ("!<> 16", "this is not YAML"),
        ("!%ff 16", "this is not YAML"),
    ],
)
def test_y09_tags_that_are_none(value: str, words: str) -> None:
    text, place = value_of("bars", value)
    line = place.split(":")[0]
    for long in (text, text + text):
        with pytest.raises(FormatError, match=rf"^{FILE}:{line}:\d+: .*{words}") as caught:
            read(long)
        assert len(str(caught.value)) < 300


def test_y09_directives() -> None:
    refuse(f"%TAG !e! tag:example.com,2024:\n---\n{GOOD}", "1:1", "found a %TAG directive", "remove it")
    refuse(f"%TAG ! tag:yaml.org,2002:python/\n---\nbars: !name:os.system\n{GOOD}", "1:1", "found a %TAG directive")
    refuse(f"%YAML 2.0\n---\n{GOOD}", "1:1", "this is not YAML", "incompatible", also_long=False)
    assert read(f"%WHATEVER it means\n---\n{GOOD}") == read(GOOD)


def test_y10_billion_laughs() -> None:
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    refuse("\n".join(lines), "1:5", "found the anchor &a0", "write the value out")
    refuse(GOOD + "\n".join(lines[1:]), "19:5", "found the anchor &a1")
    refuse("a: [*a, *a, *a]\n", "1:5", "found the alias *a")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("&a [*a]\n", "1:1", "found the anchor &a"),
        ("&a {b: *a}\n", "1:1", "found the anchor &a"),
        ("a: &a\n  b: *a\n", "1:4", "found the anchor &a"),
        ("*a\n", "1:1", "found the alias *a"),
        ("? *a\n: 1\n", "1:3", "found the alias *a"),
        ("&a : 1\n", "1:1", "found the anchor &a"),
        (f"x: &{'a' * 200} 1\n", "1:4", f"found the anchor &{'a' * 40}, "),
        (f"x: *{'a' * 200}\n", "1:4", f"found the alias *{'a' * 40}, "),
    ],
)
def test_y11_anchors_that_name_themselves(text: str, place: str, words: str) -> None:
    refuse(text, place, words)


@pytest.mark.parametrize("depth", [MAX_DEPTH, 1_100, 30_000])
@pytest.mark.parametrize(
    ("opened", "width"), [("[", 1), ("{a: ", 4), ("- ", 2), ("[{a: ", 5), ("? ", 2)], ids=["[", "{a", "-", "[{", "?"]
)
def test_y12_nesting(depth: int, opened: str, width: int) -> None:
    """No nesting reaches Python's own stack, closed or not."""
    text = "bars: " + opened * (min(depth, 60_000 // width))
    if opened in "- ? ":
        text = text.replace("bars: ", "bars:\n  ")
    with pytest.raises(
        FormatError, match=rf"^{FILE}:\d+:\d+: found (nesting deeper than 10|a list or mapping as a key)"
    ):
        read(text)


def test_y12_the_deepest_that_is_read() -> None:
    inner: object = plain(load_yaml(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH))
    for _ in range(MAX_DEPTH - 1):
        assert isinstance(inner, list)
        (inner,) = inner
    assert inner == []
    refuse("[" * 11 + "]" * 11, "1:11", "deeper than 10 levels; make it flatter")
    refuse("[" * 100_000, None, "the file has 100000 bytes, allowed are 65536", also_long=False)


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("most", [11, 50])
@pytest.mark.parametrize("opened", ["[", "{a: "])
def test_y12_whoever_notices_first(opened: str, most: int, long: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later PyYAML may count nesting too, as libyaml does since 0.2.6, and looks ahead of what it has told."""

    class Strict(yaml.SafeLoader):
        def fetch_flow_collection_start(self, token: type[yaml.Token]) -> None:
            if self.flow_level >= most:
                raise yaml.scanner.ScannerError(None, None, "that is too deep for this library", self.get_mark())
            super().fetch_flow_collection_start(token)

    monkeypatch.setattr(yaml, "CSafeLoader", Strict)
    monkeypatch.setattr(yaml, "SafeLoader", Strict)
    refuse(opened * (5_000 if long else 100), f"1:{10 * len(opened) + 1}", "found nesting deeper than 10 levels")


@pytest.mark.parametrize("failing", [yaml.reader.ReaderError("x", 3, 7, "utf-8", "no such thing"), ValueError("chr()")])
def test_y12_a_library_that_does_not_say_where(failing: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def __init__(self, text: str) -> None:
            pass

        def check_event(self) -> bool:
            raise failing

        def dispose(self) -> None:
            pass

    monkeypatch.setattr(yaml, "CSafeLoader", Failing)
    refuse(GOOD + LONG, None, "this is not YAML: ", also_long=False)


def test_y13_large() -> None:
    refuse("title: " + "a" * 10_000_000, None, "the file has 10000007 bytes, allowed are 65536; make it smaller")
    keys = b"".join(b"k%d: 1\n" % number for number in range(1_000_000))
    refuse(keys, None, "allowed are 65536")
    refuse("".join(f"{number:x}k: 1\n" for number in range(5_000)), "2500:7", "more than 5000 keys and values")
    refuse("a: [" + "1," * 30_000 + "]", "1:9999", "found more than 5000 keys and values in one file")
    for key in ("title", "name", "bars", "temperature", "keys", "tempo", "a" * 100):
        text, place = value_of(key, "a" * 60_000)
        refuse(text, "1:1" if key[:2] == "aa" else place, "aaaa...")
    assert read(value_of("description", "a" * 2_000)[0]).description == "a" * 2_000


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (GOOD + "bars: 8\n", "19:1", "the key 'bars' a second time (first in line 7)"),
        (GOOD + "'bars': 8\n", "19:1", "the key 'bars' a second time (first in line 7)"),
        (GOOD + '"b\\x61rs": 8\n', "19:1", "the key 'bars' a second time (first in line 7)"),
        (GOOD + "    swing: 0.2\n", "19:5", "the key 'swing' a second time (first in line 18)"),
        (GOOD + "  piano:\n", "19:3", "the key 'piano' a second time (first in line 12)"),
        (spoilt("{lead: 1}", "{lead: 1, lead: 2}")[0], "9:22", "the key 'lead' a second time (first in line 9)"),
        (f"{'a' * 900}: 1\n{'a' * 900}: 2\n", "2:1", "a second time (first in line 1); remove one of them"),
        ("? a\n? a\n", "2:3", "the key 'a' a second time"),
    ],
)
def test_y14_keys_that_are_there_twice(text: str, place: str, words: str) -> None:
    refuse(text, place, words)


@pytest.mark.parametrize("key", ["<<", "'<<'", '"<<"', "? <<\n"])
def test_y15_merge_keys(key: str) -> None:
    text = f"{GOOD}{key}: {{bars: 8}}\n"
    refuse(text, "19:3" if key.startswith("?") else "19:1", "found the merge key <<, expected a name")
    refuse(f"{GOOD}{key}: *a\n", "19:3" if key.startswith("?") else "19:1", "found the merge key <<")
    refuse(spoilt("{lead: 1}", "{<<: {lead: 1}}")[0], "9:13", "found the merge key <<")
