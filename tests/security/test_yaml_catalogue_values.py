"""The catalogue of bad presets, rows Y16 to Y27: values and keys."""

from __future__ import annotations

import pytest
from yamltext import GOOD, read, refuse, refuse_value, spoilt, value_of

from gamemusic.errors import FormatError

BARS = "expected a whole number, 1 to 64"
NAME = "expected a name of small letters, digits, - and _, a letter first, at most 32"


@pytest.mark.parametrize("word", ["no", "No", "NO", "off", "on", "On", "yes", "Yes", "y", "n"])
def test_y16_words_that_other_readers_take_for_truth(word: str) -> None:
    """They are the text they look like: the country code NO, a mood called 'on'."""
    assert read(value_of("title", word)[0]).title == word
    refuse_value("bars", word, f"bars: found the text '{word}', {BARS}")
    if word.islower():
        assert read(value_of("name", word)[0]).name == word
        style = read(spoilt("  piano:\n", f"  {word}:\n    token: piano\n")[0]).style()
        assert style.name == word
    text, _ = spoilt("    room: {seconds: 1.2}\n", f"    sections: {{A: {{half_time: {word}}}}}\n")
    hint = {"yes": "; write true", "on": "; write true", "no": "; write false", "off": "; write false"}
    refuse(text, "17:31", f"found the text '{word}', expected true or false{hint.get(word.lower(), '')}")


@pytest.mark.parametrize("word", ["null", "Null", "NULL", "~"])
def test_y16_moods_and_styles_called_nothing(word: str) -> None:
    refuse_value("name", word, f"name: found nothing, {NAME}")
    refuse(spoilt("  piano:", f"  {word}:")[0], "12:3", f"found {word} as a key, expected text; put it in quotes")


def test_y16_names_in_quotes_are_names() -> None:
    assert read(value_of("name", "'null'")[0]).name == "null"
    refuse_value("name", "'~'", f"found the text '~', {NAME}")
    refuse_value("name", "''", f"found the text '', {NAME}")


@pytest.mark.parametrize("value", ["1:30", "-1:30", "1:30:00", "01:30", "1:30.5"])
def test_y17_numbers_to_the_base_of_sixty(value: str) -> None:
    refuse_value("tempo", value, f"tempo: found the text '{value}', expected [low, high]")
    refuse_value("bars", value, f"found the text '{value}', {BARS}")
    text, place = spoilt("[80, 100]", f"[80, {value}]")
    line, column = place.split(":")
    refuse(text, f"{line}:{int(column) + 5}", f"tempo: found the text '{value}', expected a number, 20 to 400")
    assert read(value_of("title", value)[0]).title == value


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("010", "; write 10 without quotes or leading zeros"),
        ("'10'", "; write 10 without quotes or leading zeros"),
        ("-010", "; write -10 without"),
        ("0o10", ""),
        ("0x10", ""),
        ("0b11", ""),
        ("1_0", ""),
        ("1,0", ""),
        ("１６", ""),
        ("1 6", ""),
        ("16.0.0", ""),
        ("16b", ""),
    ],
)
def test_y18_numbers_in_other_notations(value: str, hint: str) -> None:
    """None is read as a number that was perhaps not meant."""
    refuse_value("bars", value, f"bars: found the text {value if value[0] == chr(39) else repr(value)}, {BARS}{hint}")


@pytest.mark.parametrize("value", ["16.5", "16.0", "1e1", "16.", ".5"])
def test_y18_decimal_numbers_for_whole_ones(value: str) -> None:
    refuse_value("bars", value, f"bars: found {value}, {BARS}")


@pytest.mark.parametrize("value", [".nan", ".NaN", ".inf", ".Inf", "-.inf", "+.inf", "nan", "inf", "Infinity", "NaN"])
def test_y19_no_numbers(value: str) -> None:
    for key, expected in (("temperature", "a number, 0.7 to 2"), ("bars", "a whole number, 1 to 64")):
        refuse_value(key, value, f"{key}: found the text '{value}', expected {expected}")
    text, place = spoilt("80, 100", f"80, {value}")
    line, column = place.split(":")
    refuse(text, f"{line}:{int(column) + 4}", f"tempo: found the text '{value}', expected a number, 20 to 400")


@pytest.mark.parametrize("value", ["1e400", "-1e400", "1.5e999999999", "9e309"])
def test_y19_numbers_that_are_infinite(value: str) -> None:
    for key in ("temperature", "bars", "title", "whatever"):
        refuse_value(key, value, f"found the number {value} is too large")


def test_y19_numbers_that_are_nearly_nothing() -> None:
    refuse_value("temperature", "1e-400", "found 1e-400, expected a number, 0.7 to 2")
    refuse_value("temperature", "-0", "found -0, expected a number, 0.7 to 2")


@pytest.mark.parametrize("digits", [41, 4_301, 5_000, 60_000])
@pytest.mark.parametrize("sign", ["", "-", "+"])
def test_y20_numbers_of_many_digits(digits: int, sign: str) -> None:
    """They are not turned into numbers: Python refuses that from 4,300 digits on, and needs long before that."""
    for number in ("1" + "0" * (digits - 1), "1." + "0" * (digits - 1), "1e" + "9" * (digits - 2)):
        refuse_value("bars", sign + number, "found a number of more than 40 characters")
    refuse(f"{sign}{'1' * digits}: bars\n", "1:1", "found a number of more than 40 characters")


def test_y20_numbers_of_as_many_digits_as_are_read() -> None:
    refuse_value("bars", "9" * 40, f"bars: found {'9' * 40}, {BARS}")
    refuse_value("bars", f"'{'9' * 5_000}'", f"found the text '{'9' * 40}...', {BARS}")
    refuse_value("format", "9" * 40, "expected 1; it was written for a newer gamemusic")


def test_y20_quoted_numbers_that_are_infinite_have_no_hint() -> None:
    with pytest.raises(FormatError) as caught:
        read(value_of("temperature", f"'{'9' * 400}'")[0])
    assert "inf" not in str(caught.value)


@pytest.mark.parametrize("value", ["2024-01-01", "2024-01-01 10:00:00", "2024-01-01T10:00:00Z", "12:30:45"])
def test_y21_dates_are_text(value: str) -> None:
    assert read(value_of("title", value)[0]).title == value
    refuse_value("name", value, f"name: found the text '{value}', {NAME}")
    refuse_value("bars", value, f"bars: found the text '{value}', {BARS}")
    refuse(f"'{value}': 1\n{GOOD}", "1:1", f"found the unknown key '{value}'")


@pytest.mark.parametrize(
    ("key", "values", "expected"),
    [
        ("bars", ["-1", "0", "65", "1000000", str(2**63), str(-(2**63))], BARS),
        ("candidates", ["-1", "0", "33", "1000000"], "expected a whole number, 1 to 32"),
        ("repeats", ["-1", "65"], "expected a whole number, 0 to 64"),
        ("variations", ["-1", "65"], "expected a whole number, 0 to 64"),
        ("rest_bars", ["-1", "65"], "expected a whole number, 0 to 64"),
        ("temperature", ["-1", "0", "0.1", "2.1", "1e300"], "expected a number, 0.7 to 2"),
    ],
)
def test_y22_negative_zero_and_huge(key: str, values: list[str], expected: str) -> None:
    for value in values:
        refuse_value(key, value, f"{key}: found {value}, {expected}")


@pytest.mark.parametrize("value", ["-80", "0", "19.9", "401", "1e30"])
def test_y22_tempos(value: str) -> None:
    for text, move in ((f"[{value}, 100]", 1), (f"[80, {value}]", 5)):
        spoilt_text, place = value_of("tempo", text)
        line, column = place.split(":")
        at = f"{line}:{int(column) + move}"
        refuse(spoilt_text, at, f"tempo: found {value}, expected a number, 20 to 400")
    refuse_value("tempo", "[100, 80]", "found a low end above the high end")
    refuse_value("tempo", value, f"found {value}, expected [low, high]")


@pytest.mark.parametrize("value", ["-1", "0", "7", "1000000"])
def test_y22_polyphony(value: str) -> None:
    text, place = spoilt("lead: 1}", f"lead: {value}}}")
    line, column = place.split(":")
    refuse(text, f"{line}:{int(column) + 6}", f"polyphony.lead: found {value}, expected a whole number, 1 to 6")


@pytest.mark.parametrize("value", ["-1", "0", "49", "1000000"])
def test_y22_density(value: str) -> None:
    refuse(
        f"density: {{lead: {value}}}\n{GOOD}", "1:17", f"density.lead: found {value}, expected a whole number, 1 to 48"
    )


@pytest.mark.parametrize("value", ["1.0", "0.51", "-0.1", "33"])
def test_y23_swing(value: str) -> None:
    text, _ = value_of("swing", value)
    refuse(text, "18:12", f"styles.piano.swing: found {value}, expected a number, 0 to 0.5")


@pytest.mark.parametrize(
    ("key", "high"), [("intensity", "1"), ("periods", "1"), ("scale_strictness", "1"), ("min_p", "0.15")]
)
def test_y23_shares_and_probabilities(key: str, high: str) -> None:
    for value in ("1.5", "-0.5", "50", "1.0000001"):
        refuse_value(key, value, f"{key}: found {value}, expected a number, 0 to {high}")
    assert getattr(read(value_of(key, "0")[0]), key) == 0
    assert getattr(read(value_of(key, high)[0]), key) == float(high)


def test_y23_there_are_no_weights() -> None:
    """A preset has nothing that is drawn by weights of its own, so none can all be 0."""
    refuse("weights: [0, 0]\n" + GOOD, "1:1", "found the unknown key 'weights'")
    refuse(GOOD + "    weight: 0\n", "19:5", "styles.piano: found the unknown key 'weight'")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("tempo:", "tepmo:", ("found the unknown key 'tepmo'", "did you mean 'tempo'?")),
        ("tempo:", "Tempo:", ("found the unknown key 'Tempo'", "did you mean 'tempo'?")),
        ("tempo:", "'tempo ':", ("found the unknown key 'tempo '", "did you mean 'tempo'?")),
        ("learned:", "learnt:", ("styles.piano: found the unknown key 'learnt'", "did you mean 'learned'?")),
        ("level: 0", "volume: 0", ("styles.piano.instruments.lead: found the unknown key 'volume'", "level")),
        ("seconds:", "second:", ("styles.piano.room: found the unknown key 'second'", "did you mean 'seconds'?")),
        ("lead: 1", "laed: 1", ("polyphony: found the text 'laed'", "did you mean 'lead'?")),
    ],
)
def test_y24_unknown_keys(old: str, new: str, words: tuple[str, ...]) -> None:
    refuse(*spoilt(old, new), *words)


@pytest.mark.parametrize(
    ("old", "place", "words"),
    [
        ("name: calm\n", "1:1", "name: found no such key"),
        ("tempo: [80, 100]\n", "1:1", "tempo: found no such key, expected [low, high]"),
        ("keys: [D minor, F]\n", "1:1", "keys: found no such key, expected a list of 1 to 24"),
        (GOOD[GOOD.index("styles:") :], "1:1", "styles: found no such key, expected a mapping with at least 1"),
        ("program: piano, ", "15:13", "styles.piano.instruments.lead.program: found no such key"),
    ],
)
def test_y25_missing_keys(old: str, place: str, words: str) -> None:
    refuse(spoilt(old, "")[0], place, words, "add it")


def test_y25_everything_else_has_a_default() -> None:
    for line in ("format: 1\n", "title: Calm\n", "meters: [4/4, 3/4]\n", "bars: 16\n", "    room: {seconds: 1.2}\n"):
        assert read(spoilt(line, "")[0]).name == "calm"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("bars", "[16]", ("bars: found a list of 1", BARS)),
        ("bars", "{bars: 16}", ("bars: found a mapping (bars)", BARS)),
        ("bars", "{}", ("bars: found a mapping without keys", BARS)),
        ("bars", "~", ("bars: found nothing", BARS)),
        ("bars", "true", ("bars: found true", BARS)),
        ("bars", "'16'", ("found the text '16'", "write 16 without quotes")),
        ("temperature", "true", ("temperature: found true", "a number")),
        ("temperature", "'0.9'", ("found the text '0.9'", "write 0.9 without quotes")),
        ("temperature", "[0.9]", ("found a list of 1", "a number")),
        ("title", "7", ("title: found 7", "put it in quotes")),
        ("title", "false", ("title: found false", "put it in quotes")),
        ("title", "[Calm]", ("title: found a list of 1", "expected text")),
        ("title", "{Calm: 1}", ("title: found a mapping (Calm)", "expected text")),
        ("keys", "{D: minor}", ("keys: found a mapping (D)", "expected a list of 1 to 24")),
        ("tempo", "{low: 80, high: 100}", ("tempo: found a mapping (low, high)", "expected [low, high]")),
        ("tempo", "[80, 90, 100]", ("tempo: found a list of 3", "expected [low, high]")),
        ("styles", "[piano]", ("styles: found a list of 1", "expected a mapping with at least 1")),
        ("ending", "true", ("ending: found true", "expected one of loop, cadence")),
        ("polyphony", "1", ("polyphony: found 1", "expected a mapping")),
    ],
)
def test_y26_values_of_another_kind(key: str, value: str, words: tuple[str, ...]) -> None:
    text, place = value_of(key, value)
    if key == "styles":
        text = text[: text.index("  piano:")]
    refuse(text, place, *words)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("16", "found 16 as a key, expected text; put it in quotes"),
        ("1.5", "found 1.5 as a key"),
        ("true", "found true as a key"),
        ("null", "found null as a key"),
        ("~", "found ~ as a key"),
        ("[a]", "found a list or mapping as a key, expected text"),
        ("{a: 1}", "found a list or mapping as a key, expected text"),
        ("[]", "found a list or mapping as a key, expected text"),
    ],
)
def test_y27_keys_that_are_no_text(key: str, words: str) -> None:
    refuse(f"{GOOD}? {key}\n: 1\n", "19:3", words)
    refuse(f"{GOOD}{key}: 1\n", "19:1", words)
    refuse(GOOD + f"    sections: {{{key}: {{}}}}\n", "19:16", words)
