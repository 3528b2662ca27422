"""Plans of sections in a style: read, written again, carried to the arranger, and checked."""

from __future__ import annotations

import pytest

from gamemusic.errors import FormatError
from gamemusic.packs.schema import json_schema, load_preset, write_preset
from gamemusic.score.orchestration import SectionPlan
from gamemusic.score.phrase import Role

PRESET = """\
name: calm
tempo: [80, 100]
keys: [D minor]
bars: 16
form: [A, A', B, A]
styles:
  rock:
    learned: [lead, bass, drums]
    instruments:
      lead: {program: flute, double_from: 0.8}
      bass: {program: cello}
      texture: {program: harp, figure: arpeggio_up}
      drums: {program: standard}
    sections:
      A: {rest: [texture]}
      A': {rest: []}
      B: {rest: [bass], figures: {texture: ostinato}, half_time: true}
      A2: {half_time: false}
"""


def test_plans_reach_the_arranger_and_survive_writing() -> None:
    preset = load_preset(PRESET.encode())
    orchestration = preset.style().orchestration()
    assert dict(orchestration.sections) == {
        "A": SectionPlan(rest=(Role.TEXTURE,)),
        "A'": SectionPlan(),
        "B": SectionPlan(rest=(Role.BASS,), figures={Role.TEXTURE: "ostinato"}, half_time=True),
        "A2": SectionPlan(),
    }
    assert orchestration.instruments[Role.LEAD].double_from == 0.8
    assert orchestration.instruments[Role.BASS].double_from is None
    assert load_preset(write_preset(preset).encode()) == preset


def test_the_schema_describes_them() -> None:
    schema = json_schema()
    plans = schema["$defs"]["Style"]["properties"]["sections"]
    assert plans["additionalProperties"] == {"$ref": "#/$defs/Section"}
    assert plans["propertyNames"]["pattern"] == "^(?:[A-Z]'?([1-9][0-9]?)?)$"
    assert all(each.get("description") for each in schema["$defs"]["Section"]["properties"].values())


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("A: {rest", "a: {rest", "15:7", ("found the text 'a'", "A2 for the second A")),
        ("A: {rest", "A0: {rest", "15:7", ("found the text 'A0'",)),
        ("A: {rest", "C: {rest", "15:10", ("found the section C, but [A, A', B, A] has no such section",)),
        ("A2: {", "A3: {", "18:11", ("found the section A3",)),
        ("form: [A, A', B, A]\n", "\n", "15:10", ("found the section A, but without 'form' there is no such section",)),
        ("rest: [texture]", "rset: [texture]", "15:11", ("unknown key 'rset'", "did you mean 'rest'?")),
        ("rest: [texture]", "rest: texture", "15:17", ("write [texture]",)),
        ("rest: [texture]", "rest: [counter]", "15:17", ("found 'counter', which has no instrument",)),
        ("rest: [texture]", "rest: [lead, lead]", "15:24", ("a second time",)),
        ("rest: [texture]", "rest: [lead, bass, drums, texture]", "15:17", ("found every role",)),
        ("texture: ostinato", "texture: shaker", "17:44", ("found the figure 'shaker' for 'texture'",)),
        ("texture: ostinato", "texture: ostinati", "17:44", ("did you mean 'ostinato'?",)),
        ("texture: ostinato", "counter: pad", "17:34", ("found 'counter', which has no instrument",)),
        ("texture: ostinato", "bass: pad", "17:34", ("figure for 'bass', which rests here",)),
        ("half_time: true", "half_time: yes", "17:66", ("expected true or false",)),
        ("rest: [bass], figures", "rest: [drums], figures", "17:67", ("found 'half_time' where no drums play",)),
        ("double_from: 0.8", "double_from: 2", "10:43", ("expected a number, 0 to 1",)),
        ("{program: standard}", "{program: standard, double_from: 0.5}", "13:47", ("which have no octaves",)),
    ],
)
def test_mistakes_are_named_with_their_place(old: str, new: str, place: str, words: tuple[str, ...]) -> None:
    assert PRESET.count(old) == 1
    with pytest.raises(FormatError) as caught:
        load_preset(PRESET.replace(old, new).encode(), file="calm.yaml")
    message = str(caught.value)
    assert message.startswith(f"calm.yaml:{place}:"), message
    for word in words:
        assert word in message
