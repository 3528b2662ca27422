"""Every dialect of looping: what is written, that it agrees, and that damage is noticed."""

from __future__ import annotations

import ast
import copy
import json
import math
import re
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gamemusic.audio.compressed import decode
from gamemusic.audio.wavfile import decode_wav
from gamemusic.score.midi import read_midi
from gamemusic.soundtrack.bake import bake
from gamemusic.soundtrack.dialects import agree, side_faults, side_files
from gamemusic.soundtrack.godot import params_of
from gamemusic.soundtrack.manifest import read_manifest
from gamemusic.soundtrack.verify import verify

YAML = """\
formats: [ogg, wav, midi]
sample_rate: 22050
soundfont: chip
defaults: {mood: tiny, bars: 2}
cues:
  day: {style: chamber, intensity: [0.3, 0.9]}
  fight: {style: rock, group: fights, harmony_from: day}
  march: {style: rock, intro: 1, intro_inside: true}
  dance: {style: rock, intro: 2}
  end: {ending: cadence}
groups:
  fights: {stems: true}
transitions:
  alarm: {start: day, end: fight}
stingers:
  chest: {cue: day, kind: found}
"""


@pytest.fixture(scope="module")
def baked(tiny_pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dialects")
    text = YAML.replace("mood: tiny", f"mood: {tiny_pack}")
    (folder / "track.yaml").write_text(text, encoding="utf-8")
    assert bake(folder / "track.yaml", folder / "out").failed == []
    return folder / "out"


def of(baked: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        file for p in read_manifest(baked)["pieces"] for file in p["files"] if file["file"] == name
    )
    return found


def test_everything_agrees(baked: Path) -> None:
    count, faults = verify(baked)
    assert faults == []
    assert count > 30


# an intro in the same file --------------------------------------------------------------------------------------------


def test_an_intro_inside_is_heard_once_and_the_loop_repeats(baked: Path) -> None:
    wav = decode_wav((baked / "march.wav").read_bytes())
    assert wav.loop is not None
    start, end = wav.loop[0], wav.loop[1] + 1
    assert end == len(wav.audio)
    facts = of(baked, "march.wav")["loop"]
    assert (facts["start"], facts["end"]) == (start, end)
    # what is heard before the jump back is what was heard before the place it goes to, so nothing is heard at the seam
    before, there, elsewhere = (wav.audio[at - 512 : at] for at in (end, start, start - 5000))
    assert np.max(np.abs(before - there)) < 2e-3
    assert np.max(np.abs(before - elsewhere)) > 2e-2
    assert np.abs(wav.audio[: (end - start) // 4]).max() > 0.05
    assert wav.cues == (start, end - 1)


def test_every_file_with_an_intro_says_where_the_loop_begins(baked: Path) -> None:
    loop = of(baked, "march.ogg")["loop"]
    sound = decode((baked / "march.ogg").read_bytes(), ".ogg")
    assert sound.loop == (loop["start"], loop["end"])
    song = read_midi((baked / "march.mid").read_bytes())
    assert {text: tick for tick, text in song.markers} == {"loopStart": 480 * 4, "loopEnd": 480 * 4 * 3}
    params = params_of((baked / "march.wav.import").read_bytes())
    assert (params["edit/loop_begin"], params["edit/loop_end"]) == (str(loop["start"]), str(loop["end"] - 1))
    assert float(params_of((baked / "march.ogg.import").read_bytes())["loop_offset"]) == loop["start_seconds"]
    script = (baked / "renpy" / "music.rpy").read_text(encoding="utf-8")
    assert re.search(r'audio\.march = "<to [\d.]+ loop [\d.]+>music/march\.ogg"', script)


def test_an_intro_of_its_own_says_when_the_loop_begins(baked: Path) -> None:
    intro, loop = of(baked, "dance-intro.wav"), of(baked, "dance.wav")
    assert loop["loop"]["start"] == 0
    assert intro["loop"] is None
    assert intro["part"] == "intro"
    assert intro["next"] == loop["frames"]  # two bars lead to a loop of two
    assert intro["frames"] >= intro["next"]


# Godot ----------------------------------------------------------------------------------------------------------------


def test_import_settings_loop_as_the_manifest_says(baked: Path) -> None:
    wav, once = of(baked, "fight.wav"), of(baked, "end.wav")
    params = params_of((baked / "fight.wav.import").read_bytes())
    assert (params["edit/loop_mode"], params["edit/loop_end"]) == ("2", str(wav["frames"] - 1))
    assert params_of((baked / "end.wav.import").read_bytes())["edit/loop_mode"] == "1"
    assert once["loop"] is None
    assert params_of((baked / "end.ogg.import").read_bytes())["loop"] == "false"
    ogg = params_of((baked / "fight.ogg.import").read_bytes())
    assert (ogg["loop"], ogg["loop_offset"], ogg["beat_count"], ogg["bar_beats"]) == ("true", "0.0", "0", "4")
    # the next cue comes after a transition's bar, while it rings on
    alarm = params_of((baked / "alarm.ogg.import").read_bytes())
    assert (alarm["loop"], alarm["beat_count"]) == ("false", "4")
    assert of(baked, "alarm.ogg")["seconds"] > 4 * 60 / float(alarm["bpm"])


def test_what_godot_adds_to_an_import_file_stays(baked: Path) -> None:
    path = baked / "day-i30.ogg.import"
    ours = path.read_text(encoding="utf-8")
    completed = ours.replace("[deps]", 'uid="uid://x"\npath="res://.godot/imported/x"\n\n[deps]').replace("=0.0", "=0")
    path.write_text(completed, encoding="utf-8")
    try:
        assert verify(baked)[1] == []
        bake(baked.parent / "track.yaml", baked)
        assert path.read_text(encoding="utf-8") == completed
        path.write_text(completed.replace("loop=true", "loop=false"), encoding="utf-8")
        assert list(side_faults(baked, read_manifest(baked))) == [
            "day-i30.ogg.import: does not agree with the manifest; bake again"
        ]
        bake(baked.parent / "track.yaml", baked)
        assert agree(path.name, path.read_bytes(), ours.encode())
    finally:
        path.write_text(ours, encoding="utf-8")
        (baked / f".{path.name}.edited").unlink(missing_ok=True)


def test_fewer_digits_are_the_same_number() -> None:
    """Godot 3 was seen to write 6.85859 where it had read 6.858594..., and ConfigFile is the same in Godot 4.3."""
    ours = b"[params]\n\nloop_offset=6.858594104308390\nbpm=112.345678\nedit/loop_end=252031\n"
    rounded = b'uid="x"\n[params]\n\nloop_offset=6.85859\nbpm=112.346\nedit/loop_end=252031\nmore=1\n'
    assert agree("a.ogg.import", rounded, ours)
    for before, after in ((b"6.85859", b"6.8587"), (b"112.346", b"112.3"), (b"252031", b"252032"), (b"bpm=", b"bpn=")):
        assert not agree("a.ogg.import", rounded.replace(before, after), ours)
    assert not agree("a.ogg.import", rounded.replace(b"112.346", b"much"), ours)
    assert not agree("a.tres", rounded, ours)


def test_godot_3_leaves_out_what_it_does_not_know() -> None:
    ours = b'type="AudioStreamOggVorbis"\n[params]\n\nloop=true\nbpm=90.0\n'
    theirs = b'type="AudioStreamOGGVorbis"\n[params]\n\nloop=true\n'
    assert agree("a.ogg.import", theirs, ours)
    assert not agree("a.ogg.import", theirs.replace(b"true", b"false"), ours)
    assert not agree("a.ogg.import", theirs.replace(b"OGGV", b"OggV"), ours)


class Resource(str):
    """A reference to another file."""


class Name(str):
    """Godot's StringName."""


_KNOWN: dict[str, dict[str, type]] = {
    "AudioStreamSynchronized": {"stream_count": int, "stream_#/stream": Resource, "stream_#/volume": float},
    "AudioStreamInteractive": {
        "clip_count": int,
        "clip_#/name": Name,
        "clip_#/stream": Resource,
        "clip_#/auto_advance": int,
        "clip_#/next_clip": int,
        "_transitions": dict,
    },
}
"""Properties and their types, by Godot's class reference."""
_RULE = {
    "from_time": range(4),
    "to_time": range(2),
    "fade_mode": range(5),
    "fade_beats": None,
    "use_filler_clip": None,
    "filler_clip": None,
}


def read_resource(content: bytes) -> tuple[str, list[tuple[str, str]], dict[str, Any]]:
    """Return a resource's type, the type and path of the resources that it names, and its properties.

    Raises:
        AssertionError: It is not of the documented form.
    """
    head, found, body = content.decode("utf-8").partition("\n[resource]\n")
    lines = [line for line in head.splitlines() if line]
    top = re.fullmatch(r'\[gd_resource type="(\w+)" load_steps=(\d+) format=3\]', lines[0])
    assert found
    assert top
    others = [re.fullmatch(r'\[ext_resource type="(\w+)" path="([^"]+)" id="(\d+)"\]', line) for line in lines[1:]]
    defined = {other[3]: (other[1], other[2]) for other in others if other}
    assert len(defined) == len(others) == int(top[2]) - 1
    # what is left is Python but for these
    text = re.sub(r'ExtResource\("(\d+)"\)', r'Resource("\1")', body)
    text = re.sub(r'&"([^"\\]*)"', r'Name("\1")', text).replace(": true", ": True")
    values: dict[str, Any] = {}
    for key, value in re.findall(r"(?ms)^([\w/]+) = (.*?)(?=^[\w/]+ = |\Z)", text):
        assert key not in values
        values[key] = eval(value.strip(), {"Resource": Resource, "Name": Name, "Vector2i": lambda x, y: (x, y)})
    used = [value for value in values.values() if isinstance(value, Resource)]
    assert sorted(used) == sorted(defined)
    for key, value in values.items():
        known = _KNOWN[top[1]][re.sub(r"_\d+/", "_#/", key)]
        assert type(value) is known, key
    first = "stream" if "Synchronized" in top[1] else "clip"
    assert next(iter(values)) == f"{first}_count"
    numbers = {int(re.findall(r"_(\d+)/", key)[0]) for key in values if "/" in key}
    assert numbers == set(range(values[f"{first}_count"]))
    for (start, end), rule in values.get("_transitions", {}).items():
        assert {"from_time", "to_time", "fade_mode", "fade_beats"} <= rule.keys() <= _RULE.keys()
        assert all(rule[key] in allowed for key, allowed in _RULE.items() if allowed is not None)
        assert start in {-1, *numbers}
        assert end in {-1, *numbers}
        assert rule.get("filler_clip", 0) in numbers
    return top[1], list(defined.values()), values


@pytest.mark.parametrize("name", ["day-levels", "fight-layers", "music"])
def test_resources_are_of_the_documented_form(baked: Path, name: str) -> None:
    """Not run in Godot 4, which could not be had: checked against the text format and the class reference."""
    _, others, values = read_resource((baked / "godot" / f"{name}.tres").read_bytes())
    for held, path in others:
        assert path.startswith("res://music/")
        assert (baked / path.removeprefix("res://music/")).is_file()
        assert held == {"ogg": "AudioStreamOggVorbis", "tres": "AudioStreamSynchronized"}[path.rsplit(".", 1)[1]]
    if name == "day-levels":
        assert [values[f"stream_{index}/volume"] for index in range(2)] == [0.0, -60.0]
    if name == "fight-layers":
        assert {value for key, value in values.items() if key.endswith("volume")} == {0.0}
        files = [file for piece in read_manifest(baked)["pieces"] for file in piece["files"]]
        stems = [file for file in files if file["file"].startswith("fight.") and file["role"]]
        assert len(others) == len([file for file in stems if file["format"] == "ogg"]) > 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("format=3", "format=2"),
        ("load_steps=7", "load_steps=6"),
        ("clip_count = 6", "clip_count = 7"),
        ('ExtResource("2")', 'ExtResource("9")'),
        ("clip_2/stream = ", "clip_2/streams = "),
        ('&"end"', '"end"'),
        ('"from_time": 3', '"from_time": 4'),
        ('"filler_clip": 5', '"filler_clip": 6'),
        ("clip_5/next_clip = 1", "clip_5/next_clip = 1.0"),
    ],
)
def test_a_resource_of_another_form_is_noticed(baked: Path, before: str, after: str) -> None:
    text = (baked / "godot" / "music.tres").read_text(encoding="utf-8")
    assert before in text
    with pytest.raises((AssertionError, KeyError)):
        read_resource(text.replace(before, after).encode())


def test_transitions_are_fillers(baked: Path) -> None:
    _, _, values = read_resource((baked / "godot" / "music.tres").read_bytes())
    names = [values[f"clip_{index}/name"] for index in range(values["clip_count"])]
    assert names == ["day", "fight", "march", "dance", "end", "alarm"]
    assert [values[f"clip_{index}/auto_advance"] for index in range(6)] == [0, 0, 0, 0, 0, 1]
    assert values["clip_5/next_clip"] == 1
    rules = values["_transitions"]
    assert list(rules) == [(-1, -1), (0, -1), (0, 1)]
    assert rules[0, 1]["filler_clip"] == 5
    assert rules[0, 1]["use_filler_clip"] is True
    assert [rule["from_time"] for rule in rules.values()] == [2, 1, 3]  # a bar; a beat, as day has levels; the end
    # a fade of nothing: with none at all Godot fades in over a second after a filler
    assert (rules[0, 1]["fade_mode"], rules[0, 1]["fade_beats"]) == (1, 0.01)


# Ren'Py ---------------------------------------------------------------------------------------------------------------


def renpy_names(script: str) -> dict[str, Any]:
    """Return what a script defines; its Python has to be valid."""
    definitions, _, code = script.partition("init python:\n")
    code, *later = re.split(r"(?m)^(?=define )", code)
    compile(textwrap.dedent(code), "music.rpy", "exec")
    names: dict[str, Any] = {}
    for line in [*definitions.splitlines(), *"".join(later).splitlines()]:
        if line and not line.startswith("#"):
            found = re.fullmatch(r"define audio\.([a-z]\w*) = (.+)", line)
            assert found, line
            assert found[1] not in names
            ast.parse(f"play({found[1]})")  # it is a name also to Python
            names[found[1]] = ast.literal_eval(found[2])
    return names


def test_the_script_names_every_mix(baked: Path) -> None:
    names = renpy_names((baked / "renpy" / "music.rpy").read_text(encoding="utf-8"))
    assert names["fight"] == "<loop 0>music/fight.ogg"
    assert names["end"] == "music/end.ogg"
    assert names["day_i90_sync"] == ["<sync music>music/day-i90.ogg", "music/day-i90.ogg"]
    assert "day_i30_sync" in names
    assert "fight_sync" not in names
    loop = of(baked, "march.ogg")["loop"]
    said = re.fullmatch(r"<to ([\d.]+) loop ([\d.]+)>music/march\.ogg", names["march"])
    assert said
    assert math.isclose(float(said[1]), loop["end_seconds"], abs_tol=1e-6)
    assert math.isclose(float(said[2]), loop["start_seconds"], abs_tol=1e-6)


def test_names_that_are_words_of_python_or_alike(baked: Path) -> None:
    manifest = copy.deepcopy(read_manifest(baked))
    cue = next(piece for piece in manifest["pieces"] if piece["name"] == "end")
    manifest["pieces"] = []
    for name in ("if", "a-b", "a_b"):
        piece = copy.deepcopy(cue)
        piece["name"] = name
        for file in piece["files"]:
            file["file"] = file["file"].replace("end", name)
        manifest["pieces"].append(piece)
    assert renpy_names(side_files(manifest)["renpy/music.rpy"].decode()) == {
        "if_": "music/if.ogg",
        "a_b": "music/a-b.ogg",
        "a_b_": "music/a_b.ogg",
    }


# home-made engines ----------------------------------------------------------------------------------------------------


def test_loops_json_has_every_file_with_typed_properties(baked: Path) -> None:
    content = json.loads((baked / "loops.json").read_text(encoding="utf-8"))
    manifest = read_manifest(baked)
    assert [one["name"] for one in content["objects"]] == [f["file"] for p in manifest["pieces"] for f in p["files"]]
    types = {"bool": bool, "int": int, "float": float, "string": str}
    for one in content["objects"]:
        for entry in one["properties"]:
            assert type(entry["value"]) is types[entry["type"]]
    facts = {
        entry["name"]: entry["value"]
        for one in content["objects"]
        if one["name"] == "alarm.ogg"
        for entry in one["properties"]
    }
    assert (facts["from"], facts["to"], facts["loops"]) == ("day", "fight", False)
    assert (facts["bars"], facts["beats"], facts["meter"]) == (1, 4, "4/4")


# what is wrong is said ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "loops.json",
        "renpy/music.rpy",
        "godot/music.tres",
        "godot/day-levels.tres",
        "fight.wav.import",
        "day-i30.ogg.import",
    ],
)
def test_side_files_that_are_missing_or_changed(baked: Path, name: str) -> None:
    path = baked / name
    before = path.read_bytes()
    try:
        path.write_bytes(before.replace(b"2", b"3").replace(b"loop", b"hoop").replace(b"60", b"61"))
        assert [fault.partition(":")[0] for fault in verify(baked)[1]] == [name]
        path.unlink()
        assert verify(baked)[1] == [f"{name}: is missing; bake again"]
    finally:
        path.write_bytes(before)


def test_the_same_manifest_gives_the_same_files(baked: Path) -> None:
    manifest = read_manifest(baked)
    assert side_files(manifest) == side_files(json.loads(json.dumps(manifest)))
    other = side_files(manifest, "res://audio")
    assert b"res://audio/fight.wav" in other["fight.wav.import"]
