"""Every mistake in a preset is named with file, line and column, what was found, and what was expected."""

from __future__ import annotations

import pytest

from gamemusic.errors import FormatError
from gamemusic.packs.schema import load_preset

# Line numbers in the table below count from 1 in this preset, or in the text that stands for all of it.
GOOD = """\
format: 1
name: calm
title: Calm
tempo: [80, 100]
keys: [D minor, F]
meters: [4/4, 3/4]
bars: 16
form: [A, A', B, A]
temperature: 0.9
ranges: {lead: [C4, C6]}
polyphony: {lead: 1}
styles:
  piano:
    learned: [lead, bass]
    instruments:
      lead: {program: piano, level: 0}
      bass:
        program: cello
        level: -4
      drums: {program: standard, figure: march}
    room: {seconds: 1.2}
"""

# what is replaced (None: everything), by what, where the error is, words of its message
TABLE: list[tuple[str | None, str, str, tuple[str, ...]]] = [
    # keys
    ("tempo: ", "tepmo: ", "4:1", ("unknown key 'tepmo'", "did you mean 'tempo'?")),
    (
        "level: 0}",
        "lvel: 0}",
        "16:30",
        ("styles.piano.instruments.lead", "unknown key 'lvel'", "did you mean 'level'?"),
    ),
    ("seconds: 1.2", "length: 2", "21:12", ("unknown key 'length'", "seconds, damping, level")),
    ("name: calm\n", "", "1:1", ("name: found no such key", "add it")),
    ("tempo: [80, 100]\n", "", "1:1", ("tempo: found no such key", "[low, high]")),
    ("        program: cello\n", "", "17:7", ("styles.piano.instruments.bass.program", "found no such key")),
    ("    instruments:\n", "    instrumens:\n", "15:5", ("unknown key 'instrumens'", "did you mean 'instruments'?")),
    # format and names
    ("format: 1", "format: 2", "1:9", ("found 2, expected 1", "update it")),
    ("format: 1", "format: 1.0", "1:9", ("found 1.0, expected 1",)),
    ("format: 1", "format: true", "1:9", ("found true, expected 1",)),
    ("name: calm", "name: Calm", "2:7", ("found the text 'Calm'", "small letters")),
    ("name: calm", "name: Haunted House!", "2:7", ("write haunted_house, and the words as they are into 'title'",)),
    ("name: calm", "name: É t é", "2:7", ("write e_t_e",)),
    ("name: calm", "name: CON", "2:7", ("small letters",)),
    ("name: calm", "name: null", "2:7", ("found nothing", "small letters")),
    ("name: calm", "name: 7", "2:7", ("found 7", "put it in quotes")),
    ("name: calm", "name: ../../etc", "2:7", ("small letters",)),
    ("name: calm", "name: " + "a" * 33, "2:7", ("at most 32",)),
    ("title: Calm", "title: 2024", "3:8", ("found 2024", "put it in quotes")),
    ("title: Calm", "title: [Calm]", "3:8", ("found a list of 1", "expected text")),
    ("title: Calm", "model: ../model.onnx", "3:8", (".onnx, without folders",)),
    ("title: Calm", "model: C:\\model.onnx", "3:8", (".onnx, without folders",)),
    ("title: Calm", "model: weights.pkl", "3:8", ("ends in .onnx",)),
    # numbers
    ("tempo: [80, 100]", "tempo: 120", "4:8", ("found 120, expected [low, high]", "write [120, 120]")),
    ("tempo: [80, 100]", "tempo: [100, 80]", "4:8", ("low end above the high end", "exchange them")),
    ("tempo: [80, 100]", "tempo: [80]", "4:8", ("found a list of 1",)),
    ("tempo: [80, 100]", "tempo: [0, 100]", "4:9", ("found 0, expected a number, 20 to 400",)),
    ("tempo: [80, 100]", "tempo: [80, .inf]", "4:13", ("found the text '.inf'",)),
    ("tempo: [80, 100]", "tempo: 1:30", "4:8", ("found the text '1:30'",)),
    ("bars: 16", "bars: 0", "7:7", ("found 0, expected a whole number, 1 to 64",)),
    ("bars: 16", "bars: 1e400", "7:7", ("too large",)),
    ("bars: 16", "bars: 16.5", "7:7", ("found 16.5, expected a whole number",)),
    ("bars: 16", "bars: '16'", "7:7", ("found the text '16'", "write 16 without quotes")),
    ("bars: 16", "bars: 016", "7:7", ("found the text '016'", "write 16 without quotes or leading zeros")),
    ("bars: 16", "bars: 0o20", "7:7", ("found the text '0o20'",)),
    ("bars: 16", "bars: 1_6", "7:7", ("found the text '1_6'",)),
    ("bars: 16", "bars: 2024-01-01", "7:7", ("found the text '2024-01-01'",)),
    ("bars: 16", "bars: yes", "7:7", ("found the text 'yes'",)),
    ("bars: 16", "bars: true", "7:7", ("found true, expected a whole number",)),
    ("bars: 16", "bars: " + "9" * 5000, "7:7", ("more than 40 characters",)),
    ("temperature: 0.9", "temperature: 3", "9:14", ("found 3, expected a number, 0.7 to 2",)),
    ("temperature: 0.9", "temperature: 0,9", "9:14", ("found the text '0,9'",)),
    ("temperature: 0.9", "temperature: .nan", "9:14", ("found the text '.nan'",)),
    ("temperature: 0.9", "scale_strictness: -0.1", "9:19", ("found -0.1, expected a number, 0 to 1",)),
    ("temperature: 0.9", "candidates: 33", "9:13", ("1 to 32",)),
    ("seconds: 1.2", "seconds: 60", "21:21", ("styles.piano.room.seconds: found 60", "0.1 to 6")),
    # music
    ("keys: [D minor, F]", "keys: D minor", "5:7", ("found the text 'D minor'", "write [D minor]")),
    ("keys: [D minor, F]", "keys: []", "5:7", ("found a list of 0", "list of 1 to 24")),
    ("keys: [D minor, F]", "keys: [D minr]", "5:8", ("keys, entry 1", "did you mean 'minor'?")),
    ("keys: [D minor, F]", "keys: [D minor, H]", "5:17", ("keys, entry 2", "'H'", "such as D minor")),
    ("keys: [D minor, F]", "keys: [F, F major]", "5:11", ("a second time",)),
    ("meters: [4/4, 3/4]", "meters: [5/4]", "6:10", ("found the text '5/4', expected one of 4/4, 3/4, 6/8",)),
    ("title: Calm", "progression: [Am, Hm]", "3:19", ("progression, entry 2", "'Hm'", "roman numeral")),
    ("title: Calm", "progression: [C F G Am Dm]", "3:15", ("progression, entry 1", "found 5 chords for one bar")),
    ("title: Calm", "progression: [i, N.C.]", "3:18", ("progression, entry 2", "every bar needs one")),
    ("title: Calm", "progression: [i, Gm B]", "3:18", ("found B, which is not in D minor", "roman numerals")),
    ("title: Calm", "progression: [Dm A7]", "3:15", ("found A7, which is not in F major", "one of the 2 keys")),
    ("temperature: 0.9", "temperature: 0.5", "9:14", ("found 0.5, expected a number, 0.7 to 2",)),
    ("temperature: 0.9", "min_p: 0.3", "9:8", ("found 0.3, expected a number, 0 to 0.15",)),
    ("title: Calm", "ending: fade", "3:9", ("found the text 'fade', expected one of loop, cadence",)),
    ("form: [A, A', B, A]", "form: [A, b]", "8:11", ("form, entry 2: found the text 'b'",)),
    ("form: [A, A', B, A]", "form: [A', A]", "8:8", ("found A' before A",)),
    ("form: [A, A', B, A]", "form: [A, B, A]", "8:7", ("found 16 bars for a form of 3 sections", "multiple of 3")),
    ("lead: [C4, C6]}", "lead: [C4, H6]}", "10:21", ("ranges.lead", "'H6'", "C4")),
    ("lead: [C4, C6]}", "lead: [60, 128]}", "10:21", ("ranges.lead", "128")),
    ("lead: [C4, C6]}", "lead: [C6, C4]}", "10:16", ("low end above",)),
    ("lead: [C4, C6]}", "drums: [35, 51]}", "10:10", ("found the text 'drums'", "one of lead, counter")),
    ("polyphony: {lead: 1}", "polyphony: {lead: 7}", "11:19", ("polyphony.lead: found 7", "1 to 6")),
    ("polyphony: {lead: 1}", "density: {laed: 9}", "11:11", ("found the text 'laed'", "did you mean 'lead'?")),
    # styles
    ("program: cello", "program: chello", "18:18", ("instrument 'chello'", "did you mean 'cello'?")),
    ("program: cello", "program: 128", "18:18", ("128", "0 to 127")),
    ("program: cello", "program: true", "18:18", ("found true",)),
    ("program: standard", "program: violin", "20:24", ("drum kit 'violin'", "standard, room, power")),
    ("figure: march", "figure: mrach", "20:42", ("found the text 'mrach'", "did you mean 'march'?")),
    ("figure: march", "figure: waltz", "20:42", ("figure 'waltz' for 'drums', expected one of bodhran, march",)),
    (", figure: march", "", "20:14", ("neither 'drums' in 'learned' nor a figure",)),
    ("learned: [lead, bass]", "learned: [lead]", "17:7", ("instruments.bass", "neither 'bass' in 'learned'")),
    ("piano, level: 0", "piano, figure: strum", "16:38", ("'strum' for 'lead', which 'learned' lists too",)),
    ("learned: [lead, bass]", "learned: [lead, bass, harmony]", "14:27", ("'harmony' without an instrument",)),
    ("learned: [lead, bass]", "learned: [lead, lead]", "14:21", ("a second time",)),
    ("learned: [lead, bass]", "learned: lead", "14:14", ("write [lead]",)),
    ("  piano:\n", "  grand:\n", "13:3", ("style 'grand' without 'token'", "piano, song")),
    ("    learned:", "    token: pinao\n    learned:", "14:12", ("did you mean 'piano'?",)),
    ("  piano:\n", "  Piano:\n", "13:3", ("found the text 'Piano'", "small letters")),
    ("level: -4", "level: loud", "19:16", ("found the text 'loud', expected a number, -60 to 6",)),
    ("room: {seconds: 1.2}", "room: 1.2", "21:11", ("found 1.2, expected a mapping with keys such as seconds",)),
    (None, "name: a\ntempo: [1, 2]\nstyles:\n", "2:9", ("found 1, expected a number, 20 to 400",)),
    (None, "styles: {}\n", "1:9", ("styles: found a mapping without keys", "at least 1")),
    (None, "styles:\n", "1:8", ("styles: found nothing, expected a mapping",)),
    # YAML
    (None, "? " + "a" * 60_000 + "\n: 1\n", "1:3", ("unknown key 'aaaa",)),
    (None, "", "1:1", ("the file is empty",)),
    (None, "# nothing\n\n", "1:1", ("the file is empty",)),
    (None, "calm\n", "1:1", ("found the text 'calm', expected a mapping",)),
    (None, "- name\n- tempo\n", "1:1", ("found a list of 2, expected a mapping",)),
    ("bars: 16", "bars: 16\n---\nbars: 8", "8:1", ("a second document",)),
    ("bars: 16", "bars: 16\n\tform: 1", "8:1", ("not YAML", "not tabs")),
    ("bars: 16", "bars: !!python/object/apply:os.system [ls]", "7:7", ("found the tag", "remove it")),
    ("bars: 16", "bars: !foo 16", "7:7", ("found the tag '!foo'",)),
    ("bars: 16", "bars: !!int '16'", "7:7", ("found the tag",)),
    ("tempo: [80, 100]", "tempo: &t [80, 100]", "4:8", ("found the anchor &t",)),
    ("tempo: [80, 100]", "tempo: *t", "4:8", ("found the alias *t",)),
    ("tempo: [80, 100]", "tempo: &a [*a]", "4:8", ("found the anchor &a",)),
    ("bars: 16", "<<: {bars: 16}", "7:1", ("merge key",)),
    ("bars: 16", "bars: 16\nbars: 8", "8:1", ("found the key 'bars' a second time (first in line 7)",)),
    ("bars: 16", "16: bars", "7:1", ("found 16 as a key, expected text",)),
    ("bars: 16", "? [a]\n: b", "7:3", ("list or mapping as a key",)),
    ("bars: 16", "~: 3", "7:1", ("found ~ as a key",)),
    ("bars: 16", "bars: " + "[" * 1200, "7:16", ("deeper than 10",)),
    ("bars: 16", "bars: [" + "1," * 6000 + "]", "7:9966", ("more than 5000",)),
    ("bars: 16", "bars: [16", "8:5", ("not YAML",)),
    ("bars: 16", "bars: {a: 1", "8:5", ("not YAML",)),
    ("title: Calm", 'title: "\\U99999999"', "3:11", ("not YAML", "out of range")),
    ("title: Calm", 'title: "a\\u202eb"', "3:8", ("does not show",)),
    ("title: Calm", 'title: "\\x1b[31m"', "3:8", ("does not show",)),
    ("title: Calm", 'title: "\\ud800"', "3:8", ("does not show",)),
    ("title: Calm", "title: a\u202eb", "3:9", ("U+202E, which does not show",)),
    ("title: Calm", "title: a\x00b", "3:9", ("U+0000, which does not show",)),
    ("title: Calm", 'title: "a\\nb"', "3:8", ("in one line",)),
    (None, "%TAG ! tag:x,2024:\n---\nname: a\n", "1:1", ("%TAG",)),
    ("title: Calm", "title: Calm: storm", "3:12", ("not YAML",)),
]


def test_the_table_starts_from_a_good_preset() -> None:
    assert load_preset(GOOD.encode()).name == "calm"
    assert len(TABLE) >= 40


@pytest.mark.parametrize(
    ("old", "new", "place", "words"), TABLE, ids=[f"{i}-{row[1][:24]!a}" for i, row in enumerate(TABLE)]
)
def test_says_where_and_what(old: str | None, new: str, place: str, words: tuple[str, ...]) -> None:
    assert old is None or GOOD.count(old) == 1
    text = new if old is None else GOOD.replace(old, new)
    with pytest.raises(FormatError) as caught:
        load_preset(text.encode(), file="mood.yaml")
    message = str(caught.value)
    assert message.startswith(f"mood.yaml:{place}: "), message
    assert f"{caught.value.line}:{caught.value.column}" == place
    for word in words:
        assert word in message, message
    assert message.isprintable()
    assert len(message) < 600


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (GOOD.encode("utf-16"), "1:1", "UTF-16, expected UTF-8"),
        (GOOD.replace("Calm", "Élan").encode("latin-1"), "3:8", "byte 0xc9, expected UTF-8"),
        (b"name: calm\n" * 10_000, None, "allowed are 65536"),
        (b"a" * 10_000_000, None, "allowed are 65536"),
        (b"\x89PNG\r\n\x1a\n", "1:1", "expected UTF-8"),
    ],
)
def test_bytes_that_are_no_utf8(data: bytes, place: str | None, words: str) -> None:
    with pytest.raises(FormatError, match=words) as caught:
        load_preset(data, file="mood.yaml")
    assert str(caught.value).startswith(f"mood.yaml:{place}: " if place else "mood.yaml: ")


@pytest.mark.parametrize("data", [GOOD.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + GOOD.encode()])
def test_windows_files_are_read(data: bytes) -> None:
    assert load_preset(data) == load_preset(GOOD.encode())
