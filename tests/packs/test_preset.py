"""Good presets: the shipped ones, defaults, round trips, the JSON Schema."""

from __future__ import annotations

import dataclasses
import pickle
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gamemusic.errors import FormatError, GameMusicError, InputError
from gamemusic.packs.card import Card, load_card
from gamemusic.packs.musical import parse_pitch, pitch_name
from gamemusic.packs.nodes import plain
from gamemusic.packs.records import specs_of
from gamemusic.packs.schema import DRUM_FIGURES, FIGURES, Preset, json_schema, load_preset, read_preset, write_preset
from gamemusic.packs.style import Drummer, Player, Room, Style
from gamemusic.packs.yamlfile import dump_yaml, load_yaml, read_yaml
from gamemusic.scales import SCALES
from gamemusic.score.phrase import Role
from gamemusic.theory import Key
from gamemusic.tokens.vocabulary import PITCH_RANGES, STYLE_NAMES
from gamemusic.units import METERS, TICKS_PER_BEAT

SHIPPED = sorted(Path(__file__).parents[2].glob("presets/*/preset.yaml"))
SMALL = b"""\
name: calm
tempo: [80, 100]
keys: [d minor, Bb]
styles:
  song:
    learned: [bass]
    instruments: {bass: {program: Cello}, drums: {figure: shaker}}
  lounge:
    token: piano
    tempo: [60, 70]
    temperature: 0.75
    swing: 0.33
    instruments: {harmony: {program: 4, figure: pad, level: -6, from_intensity: 0.5}}
    room: {seconds: 3}
"""


def test_defaults_and_values() -> None:
    preset = load_preset(SMALL)
    assert preset.format == 1 and preset.model == "model.onnx" and preset.temperature == 0.95 and preset.min_p == 0.03
    assert preset.candidates == 8 and preset.meters == (METERS["4/4"],) and preset.form == () and preset.ranges == {}
    assert preset.keys == (Key(2, "minor"), Key(10, "major"))
    song, lounge = preset.style(), preset.style("lounge")
    assert preset.default_style == "song" and song.token == "song" and lounge.token == "piano"
    assert song.roles == (Role.BASS, Role.DRUMS) and song.figures == {Role.DRUMS: "shaker"}
    assert preset.tempo_of(song) == (80, 100) and preset.tempo_of(lounge) == (60, 70)
    assert preset.temperature_of(song) == 0.95 and preset.temperature_of(lounge) == 0.75
    assert preset.keys_of(lounge) == preset.keys and preset.meters_of(lounge) == preset.meters
    with pytest.raises(InputError, match=r"no style 'longe', only song, lounge; did you mean 'lounge'\?"):
        preset.style("longe")


def test_a_style_says_otherwise_than_its_mood() -> None:
    more = b"""\
    keys: [E phrygian]
    meters: [6/8, 3/4]
    ranges: {bass: [C1, C2]}
    polyphony: {bass: 2}
    density: {bass: 3}
"""
    text = SMALL.replace(b"    tempo: [60, 70]\n", b"    tempo: [60, 70]\n" + more)
    text = text.replace(b"styles:", b"ranges: {bass: [C2, C3], lead: [C4, C6]}\ndensity: {lead: 5}\nstyles:")
    preset = load_preset(text)
    song, lounge = preset.style("song"), preset.style("lounge")
    assert preset.keys_of(lounge) == (Key(4, "phrygian"),) and preset.keys_of(song) == preset.keys
    assert preset.meters_of(lounge) == (METERS["6/8"], METERS["3/4"]) and preset.meters_of(song) == preset.meters
    assert preset.ranges_of(song) == {Role.BASS: (36, 48), Role.LEAD: (60, 84)}
    assert preset.ranges_of(lounge) == {Role.BASS: (24, 36), Role.LEAD: (60, 84)}
    assert preset.polyphony_of(lounge) == {Role.BASS: 2} and preset.polyphony_of(song) == {}
    assert preset.density_of(lounge) == {Role.LEAD: 5, Role.BASS: 3} and preset.density_of(song) == {Role.LEAD: 5}


def test_orchestration() -> None:
    lounge = load_preset(SMALL).style("lounge").orchestration()
    piano = lounge.instruments[Role.HARMONY]
    assert (piano.program, piano.level_db, piano.figure, piano.from_intensity) == (4, -6.0, "pad", 0.5)
    assert lounge.room.seconds == 3.0 and lounge.room.level_db == -9.0 and lounge.swing == 0.33
    assert pickle.loads(pickle.dumps(lounge)) == lounge


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_shipped_presets(path: Path) -> None:
    preset = read_preset(path)
    assert preset.name == path.parent.name and preset.title and preset.description
    assert load_preset(write_preset(preset).encode()) == preset
    for name, one in preset.styles.items():
        assert one.token == name or (name == "chiptune" and one.soundfont == "chip")
        assert one.description
        for role in one.learned:
            if role is not Role.DRUMS:  # the range can be reached in every key, in the model's own notes
                low, high = preset.ranges[role]
                assert PITCH_RANGES[role][0] - 6 <= low and high <= PITCH_RANGES[role][1] + 6 and high - low >= 12
            assert preset.polyphony[role] and preset.density[role]
        heard = [role for role in one.roles if one.instruments[role].from_intensity == 0]
        assert heard, "something must play at intensity 0"


def test_all_moods_are_there() -> None:
    moods = ["boss", "combat", "dungeon", "explore", "mystery", "sorrow", "tavern", "title", "town", "victory"]
    assert [path.parent.name for path in SHIPPED] == moods


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_shipped_moods_have_three_styles_and_loops_of_a_length_to_hear_twice(path: Path) -> None:
    preset = read_preset(path)
    assert len({style.token for style in preset.styles.values()}) >= 3
    for style in preset.styles.values():
        slowest, fastest = preset.tempo_of(style)
        beats = preset.bars * preset.meters[0].bar_ticks / TICKS_PER_BEAT
        shortest, longest = 60 * beats / fastest, 60 * beats / slowest
        assert (shortest >= 45 and longest <= 90) if preset.ending == "loop" else 8 <= shortest <= longest <= 30


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_json_schema_accepts_shipped_presets(path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(json_schema())
    jsonschema.Draft202012Validator(json_schema()).validate(plain(read_yaml(path)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"tempo: [80, 100]\nkeys", b"tepmo: [80, 100]\nkeys"),
        (b"name: calm", b"name: Calm"),
        (b"[80, 100]", b"[0, 100]"),
        (b"[80, 100]", b"120"),
        (b"d minor, Bb", b"H minor"),
        (b"d minor, Bb", b""),
        (b"learned: [bass]", b"learned: [bas]"),
        (b"figure: shaker", b"figure: a shaker"),
        (b"program: 4", b"program: 128"),
        (b"program: 4", b"program: pian"),
        (b"program: 4, ", b""),
        (b"swing: 0.33", b"swing: 1"),
        (b"swing: 0.33", b"swing: yes"),
        (b"token: piano", b"token: grand"),
        (b"{seconds: 3}", b"{second: 3}"),
        (b"figure: pad", b"figure: pad, octave: 1.5"),
        (b"name: calm", b"name: calm\nbars: 65"),
        (b"name: calm", b"name: calm\nform: [a]"),
        (b"name: calm", b"name: calm\nranges: {drums: [35, 51]}"),
        (b"name: calm", b"name: calm\nranges: {lead: [C4, H5]}"),
        (b"name: calm", b"name: calm\nmodel: a/b.onnx"),
        (b"name: calm", b"name: calm\nformat: 2"),
    ],
)
def test_json_schema_refuses_what_the_reader_refuses(old: bytes, new: bytes) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    data = SMALL.replace(b"Cello", b"cello")  # the reader is lenient about capitals, the schema completes names
    validator = jsonschema.Draft202012Validator(json_schema())
    assert validator.is_valid(plain(load_yaml(data)))
    assert data.count(old) == 1
    data = data.replace(old, new)
    assert not validator.is_valid(plain(load_yaml(data)))
    with pytest.raises(FormatError):
        load_preset(data)


@pytest.mark.parametrize("cls", [Preset, Style, Player, Drummer, Room, Card])
def test_every_key_is_documented_and_every_default_is_allowed(cls: type) -> None:
    specs = specs_of(cls)
    assert specs
    for spec in specs:
        assert spec.doc.endswith((".", "`")), spec.name
        if not spec.required and spec.default not in (None, "", (), {}):
            node = load_yaml(dump_yaml({"key": spec.kind.write(spec.default)}).encode())
            assert spec.kind.read(node.entries["key"].value, "key") == spec.default  # type: ignore[attr-defined]
    assert {spec.name for spec in specs} | {"name", "extra"} >= {item.name for item in dataclasses.fields(cls)}


def test_figures_are_of_drums_or_not() -> None:
    assert set(DRUM_FIGURES) < set(FIGURES) and len(set(FIGURES)) == len(FIGURES) >= 18


@pytest.mark.parametrize(
    ("text", "pitch"),
    [("C4", 60), ("C-1", 0), ("G9", 127), ("F#3", 54), ("Eb4", 63), ("Cb4", 59), ("B#3", 60), (60, 60)],
)
def test_pitch_names(text: str | int, pitch: int) -> None:
    assert parse_pitch(text) == pitch
    assert parse_pitch(pitch_name(pitch)) == pitch


@pytest.mark.parametrize("text", ["G#9", "Cb-1", "c4", "C", "H4", "C10", "C٤", -1, 128])
def test_pitches_that_are_none(text: str | int) -> None:
    with pytest.raises(InputError):
        parse_pitch(text)


# Anything the schema allows, drawn at random.

_names = st.from_regex(r"[a-z][a-z0-9_-]{0,31}", fullmatch=True)
_lines = st.text(st.characters(min_codepoint=32, exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=60)
_levels = st.floats(-60, 6, allow_nan=False)
_shares = st.floats(0, 1)
_tempos = st.tuples(st.floats(20, 400), st.floats(20, 400)).map(lambda pair: (min(pair), max(pair)))
_figures = {True: st.sampled_from(DRUM_FIGURES), False: st.sampled_from(sorted(set(FIGURES) - set(DRUM_FIGURES)))}

_keys = st.builds(Key, st.integers(0, 11), st.sampled_from(sorted(SCALES)))
_meters = st.sampled_from(sorted(METERS.values(), key=str))
_pitches = st.tuples(st.integers(0, 127), st.integers(0, 127)).map(lambda pair: (min(pair), max(pair)))
_ranges: st.SearchStrategy[Mapping[Role, tuple[int, int]]] = st.dictionaries(
    st.sampled_from([role for role in Role if role is not Role.DRUMS]), _pitches
)


@st.composite
def _styles(draw: st.DrawFn, name: str) -> Style:
    roles = draw(st.lists(st.sampled_from(Role), min_size=1, unique=True))
    learned = tuple(role for role in roles if draw(st.booleans()))
    instruments: dict[Role, Player] = {}
    for role in roles:
        values: dict[str, Any] = {
            "program": draw(st.integers(0, 127)),
            "bank": draw(st.integers(0, 127)),
            "level": draw(_levels),
            "pan": draw(st.floats(-1, 1)),
            "octave": draw(st.integers(-3, 3)),
            "gate": draw(st.floats(0.1, 1)),
            "figure": "" if role in learned else draw(_figures[role is Role.DRUMS]),
        }
        instruments[role] = Drummer(**values) if role is Role.DRUMS else Player(**values)
    return Style(
        name=name,
        description=draw(st.just("") | _lines),
        token=draw(st.sampled_from(STYLE_NAMES)),
        learned=learned,
        instruments=instruments,
        room=Room(seconds=draw(st.floats(0.1, 6)), damping=draw(_shares)),
        swing=draw(st.floats(0, 0.5)),
        tempo=draw(st.none() | _tempos),
        temperature=draw(st.none() | st.floats(0.7, 2)),
        keys=tuple(draw(st.lists(_keys, max_size=3, unique=True))),
        meters=tuple(draw(st.lists(_meters, max_size=2, unique=True))),
        ranges=draw(_ranges),
        polyphony=draw(st.dictionaries(st.sampled_from(Role), st.integers(1, 6))),
        density=draw(st.dictionaries(st.sampled_from(Role), st.integers(1, 48))),
    )


@st.composite
def _presets(draw: st.DrawFn) -> Preset:
    form = draw(st.sampled_from([(), ("A",), ("A", "A'", "B", "A"), ("A", "B", "B'")]))
    keys = tuple(draw(st.lists(_keys, min_size=1, max_size=8, unique=True)))
    styles = {name: draw(_styles(name)) for name in draw(st.lists(_names, min_size=1, max_size=2, unique=True))}
    # chords by name have to be in each of several keys
    alone = len({*keys, *(key for style in styles.values() for key in style.keys)}) == 1
    named = ["Am", "F#min7", "C5", "Dm G/B"] if alone else []
    return Preset(
        name=draw(_names),
        title=draw(st.just("") | _lines),
        description=draw(st.just("") | _lines),
        tempo=draw(_tempos),
        keys=keys,
        meters=tuple(draw(st.lists(_meters, min_size=1, unique=True))),
        bars=draw(st.integers(1, 5)) * 12 if form else draw(st.integers(1, 64)),
        form=form,
        ending=draw(st.sampled_from(["loop", "cadence"])),
        progression=tuple(draw(st.lists(st.sampled_from([*named, "VI", "bVII", "vii°", "i V7/iv", "5"])))),
        scale_strictness=draw(_shares),
        candidates=draw(st.integers(1, 32)),
        ranges=draw(_ranges),
        polyphony=draw(st.dictionaries(st.sampled_from(Role), st.integers(1, 6))),
        density=draw(st.dictionaries(st.sampled_from(Role), st.integers(1, 48))),
        styles=styles,
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(_presets())
def test_round_trip(preset: Preset) -> None:
    again = load_preset(write_preset(preset).encode())
    assert again == preset
    assert list(again.styles) == list(preset.styles)


_trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _lines,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_lines, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(_trees)
def test_yaml_round_trip(tree: object) -> None:
    try:
        assert plain(load_yaml(dump_yaml(tree).encode())) == tree
    except FormatError as error:
        assert "deeper than" in str(error) or "merge key" in str(error)


_yaml_like = st.text(
    st.sampled_from(string.ascii_letters + string.digits + " \n\t:-[]{}#&*!|>'\"%@`,.?\\~<\xe9\u2603\x00\u2028")
)
_snippets = st.lists(
    st.sampled_from(
        ["name: a\n", "tempo: ", "[1, 2]", "\n", "  ", "- ", "styles:\n", "piano:\n", "{", "}", "? ", ": ", "&a ",
         "*a ", "!!x ", "<<: ", "|\n", ">-\n", "'", '"', "\\x", "\\U0011FFFF", "%YAML 1.", "9" * 30, "---\n",
         "...\n", "1e999", "#"]
    )
).map("".join)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(_yaml_like | _snippets)
def test_no_text_raises_anything_else(text: str) -> None:
    for load in (load_preset, load_card):
        try:
            load(text.encode())
        except GameMusicError as error:
            assert isinstance(error, FormatError)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    for load in (load_preset, load_card):
        try:
            load(data)
        except GameMusicError as error:
            assert isinstance(error, FormatError)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_edit_of_a_preset_raises_anything_else(data: st.DataObject) -> None:
    text = SMALL.decode()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    edited = text[:start] + data.draw(_yaml_like) + text[end:]
    try:
        load_preset(edited.encode())
    except FormatError as error:
        assert error.line is not None or "bytes" in str(error)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path, words in ((tmp_path, "no ordinary file"), (tmp_path / "no.yaml", "there is no file")):
        with pytest.raises(InputError, match=words):
            read_preset(path)


def test_an_empty_form_is_none() -> None:
    """As its description says, and as it is written back."""
    assert load_preset(SMALL + b"form: []\n").form == ()
