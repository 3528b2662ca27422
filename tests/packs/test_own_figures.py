"""Figures and drum patterns that a preset brings: read, played, and refused with their place."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import mido
import pytest
from packfiles import pack_of, zip_of

from gamemusic.arranger.arranger import arrange
from gamemusic.errors import FormatError, GameMusicError, MidiError, PackError
from gamemusic.packs.pack import Pack, open_pack
from gamemusic.packs.schema import load_preset, write_preset
from gamemusic.score.parts import Arrangement
from gamemusic.score.phrase import Chord, Phrase, Role
from gamemusic.theory import parse_key
from gamemusic.units import PLAYED_METERS, SUBTICKS_PER_TICK

PRESET = """\
name: calm
tempo: [80, 100]
keys: [C major]
form: [A, B]
figures:
  my_riff:
    bars: ["L.V. O.V."]
    turn: "L.V. rrrr"
  my_bass: {midi: bass.mid}
grooves:
  my_beat:
    bars:
      - kick: "9...|....|8...|...."
        snare: "....|9...|....|9..."
    fill: {snare: "5555|6666|7777|8888"}
    crash: true
  my_toms: {midi: toms.mid}
styles:
  piano:
    learned: [lead]
    instruments:
      lead: {program: piano}
      harmony: {program: piano, figure: my_riff}
      bass: {program: cello, figure: my_bass}
      drums: {program: standard, figure: my_beat}
    sections:
      B: {figures: {harmony: block, drums: my_toms}}
"""

Played = Sequence[tuple[int, int, int, int]]
"""(tick of 480 a beat, length, channel, pitch)."""
BASS = ((0, 240, 0, 36), (480, 240, 0, 43), (720, 240, 0, 48), (960, 480, 0, 40), (1440, 480, 0, 52))
TOMS = ((0, 100, 9, 41), (360, 100, 9, 45), (960, 100, 9, 41))


def midi_of(notes: Played, *, meter: tuple[int, int] = (4, 4)) -> bytes:
    events = sorted(
        [(tick, 1, channel, pitch) for tick, _, channel, pitch in notes]
        + [(tick + length, 0, channel, pitch) for tick, length, channel, pitch in notes]
    )
    track = mido.MidiTrack([mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1])])
    now = 0
    for tick, on, channel, pitch in events:
        track.append(mido.Message("note_on", channel=channel, note=pitch, velocity=90 * on, time=tick - now))
        now = tick
    buffer = io.BytesIO()
    mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(file=buffer)
    return buffer.getvalue()


def open_with(tmp_path: Path, *, preset: str = PRESET, bass: bytes = b"", toms: bytes = b"") -> Pack:
    files = {"bass.mid": bass or midi_of(BASS), "toms.mid": toms or midi_of(TOMS)}
    path = tmp_path / "calm.zip"
    path.write_bytes(zip_of(pack_of({name: data for name, data in files.items() if name in preset}, preset=preset)))
    return open_pack(path)


def play(pack: Pack, *, meter: str = "4/4") -> Arrangement:
    counted = PLAYED_METERS[meter]
    chords = tuple(Chord(bar * counted.bar_ticks, root, "maj") for bar, root in enumerate((0, 5, 7, 0) * 2))
    return arrange(
        Phrase(
            bars=8,
            meter=counted,
            tempo_bpm=100,
            key=parse_key("C"),
            tracks=(),
            chords=chords,
            form=("A", "B"),
            intensity=1.0,
            orchestration=pack.preset.orchestration_of(pack.preset.style()),
        )
    )


def heard(arrangement: Arrangement, role: Role, bar: int) -> list[tuple[int, int]]:
    """Return (tick in the bar, pitch) of a role's notes, near the grid."""
    length = arrangement.meter.bar_ticks
    part = next(part for part in arrangement.parts if part.role is role)
    ticks = [(round(note.start / SUBTICKS_PER_TICK), note.pitch) for note in part.notes]
    return sorted((tick - bar * length, pitch) for tick, pitch in ticks if tick // length == bar)


def test_styles_and_sections_play_them_by_name(tmp_path: Path) -> None:
    arrangement = play(open_with(tmp_path))
    roots = [pitch for _, pitch in heard(arrangement, Role.HARMONY, 0)]
    assert [tick for tick, _ in heard(arrangement, Role.HARMONY, 0)] == [0, 12, 24, 36]
    assert [pitch - roots[0] for pitch in roots] == [0, 7, 12, 7]
    assert [tick for tick, _ in heard(arrangement, Role.HARMONY, 3)] == [0, 12, 24, 30, 36, 42]  # the turn
    assert len({tick for tick, _ in heard(arrangement, Role.HARMONY, 4)}) == 1  # a section has another
    drums = heard(arrangement, Role.DRUMS, 1)
    assert {(0, 36), (24, 36), (12, 38), (36, 38)} <= set(drums)
    assert len([pitch for _, pitch in heard(arrangement, Role.DRUMS, 3) if pitch == 38]) >= 8  # the fill
    assert {pitch for _, pitch in heard(arrangement, Role.DRUMS, 5)} == {41, 45}


def test_midi_is_read_as_steps_of_the_chord(tmp_path: Path) -> None:
    arrangement = play(open_with(tmp_path))
    for bar, root in enumerate((0, 5, 7, 0)):
        notes = heard(arrangement, Role.BASS, bar)
        assert [tick for tick, _ in notes] == [0, 12, 18, 24, 36]
        # root, fifth, root, third, third, over every chord
        assert [(pitch - root) % 12 for _, pitch in notes] == [0, 7, 0, 4, 4]
        assert all(33 <= pitch <= 52 for _, pitch in notes)
    assert [tick for tick, _ in heard(arrangement, Role.DRUMS, 4) if _ == 41] == [0, 24]


@pytest.mark.parametrize("meter", PLAYED_METERS)
def test_they_are_played_in_every_meter(tmp_path: Path, meter: str) -> None:
    arrangement = play(open_with(tmp_path), meter=meter)
    for role in (Role.HARMONY, Role.BASS, Role.DRUMS):
        for bar in range(4):
            assert heard(arrangement, role, bar), (role, bar)


def test_what_is_written_is_read_again() -> None:
    preset = load_preset(PRESET.encode())
    assert load_preset(write_preset(preset).encode()) == preset


def test_the_example_of_the_documentation_runs(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/modding.md").read_text("utf-8")
    example = next(block for block in re.findall(r"```yaml\n(.*?)```", page, re.S) if "my_riff" in block)
    head, styles = PRESET.split("figures:\n", 1)[0], PRESET[PRESET.index("styles:\n") :]
    pack = open_with(tmp_path, preset=head + example + styles.replace("my_toms", "my_beat") + "# bass.mid\n")
    assert heard(play(pack), Role.DRUMS, 0) and heard(play(pack), Role.HARMONY, 3)


def test_the_files_that_they_name_belong_to_the_pack(tmp_path: Path) -> None:
    files = pack_of({"toms.mid": midi_of(TOMS)}, preset=PRESET)
    path = tmp_path / "calm.zip"
    path.write_bytes(zip_of(files))
    with pytest.raises(PackError, match=r"bass.mid is missing, which the key 'figures.my_bass.midi'"):
        open_pack(path)


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ('["L.V. O.V."]', '["L.V. Q.V."]', "7:12", "mark 5 is 'Q', expected one of"),
        ('["L.V. O.V."]', '["L.V. O.V"]', "7:12", "it has 7 marks, and a bar of 4/4 has one of 2, 3, 4, 6, 8, 12"),
        ('["L.V. O.V."]', '["-.V. O.V."]', "7:12", "begins with '-'"),
        ('["L.V. O.V."]', '["........"]', "7:12", "nothing is struck"),
        ('turn: "L.V. rrrr"', 'turn: "L.V. rrr"', "8:11", "it has 7 marks"),
        ("{midi: bass.mid}", "{rings: true}", "9:12", "neither 'bars' nor 'midi'"),
        ("{midi: bass.mid}", "{midi: bass.mid, bars: [C-]}", "9:19", "both 'bars' and 'midi'"),
        ('snare: "....|9', 'snare: "....|x', "14:16", "mark 5 is 'x', expected '.' for a rest or 1"),
        ('|....|9..."\n    fill', '|....|9.."\n    fill', "14:16", "15 marks, and a bar of 4/4 has 16 sixteenths"),
        ("- kick:", "- kik:", "13:9", "did you mean 'kick'?"),
        ("my_riff:\n", "block:\n", "6:3", "block, which is a figure of every mood"),
        ("figure: my_riff", "figure: my_rif", "23:41", "did you mean 'my_riff'?"),
        ("figure: my_riff", "figure: my_beat", "23:41", "found my_beat for 'harmony', expected one of 'figures'"),
        ("drums: my_toms", "drums: my_bass", "27:44", "found my_bass for 'drums', expected one of 'grooves'"),
    ],
    ids=lambda value: value[:20],
)
def test_y33_mistakes_are_told_with_their_place(old: str, new: str, place: str, words: str) -> None:
    assert old in PRESET
    with pytest.raises(FormatError) as caught:
        load_preset(PRESET.replace(old, new, 1).encode(), file="mood.yaml")
    assert words in str(caught.value)
    assert str(caught.value).startswith("mood.yaml:") and f"{caught.value.line}:{caught.value.column}" == place
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("notes", "meter", "words"),
    [
        ((), (4, 4), "it holds no notes with pitches"),
        (TOMS, (4, 4), "it holds no notes with pitches"),
        (((0, 240, 0, 36), (480, 240, 0, 38)), (4, 4), "found D2 at beat 2, expected notes of a chord of C"),
        (((0, 240, 0, 36), (1920, 240, 0, 36)), (4, 4), "1 notes with pitches lie behind its first bar, .* beat 5"),
        (((0, 240, 0, 36),), (5, 4), "it is in 5/4, expected one of 4/4"),
    ],
    ids=("empty", "drums", "foreign", "two bars", "meter"),
)
def test_y34_midi_that_is_no_bar_of_a_chord_is_refused(
    tmp_path: Path, notes: Played, meter: tuple[int, int], words: str
) -> None:
    with pytest.raises(MidiError, match=words) as caught:
        open_with(tmp_path, bass=midi_of(notes, meter=meter))
    assert "bass.mid" in str(caught.value)


def test_y34_other_midi_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MidiError, match=r"toms\.mid.*found the percussion key 90"):
        open_with(tmp_path, toms=midi_of(((0, 100, 9, 90),)))
    with pytest.raises(MidiError, match=r"bass\.mid"):
        open_with(tmp_path, bass=b"MThd but no more")
    drawn = random.Random(1)
    many = tuple((drawn.randrange(1900), 20, drawn.randrange(9), drawn.randrange(128)) for _ in range(6000))
    with pytest.raises(GameMusicError, match="events"):
        open_with(tmp_path, bass=midi_of(many))


def test_a_third_may_be_minor_and_a_bar_another_meter(tmp_path: Path) -> None:
    waltz = midi_of(((0, 480, 0, 48), (480, 480, 0, 63), (960, 480, 0, 67)), meter=(3, 4))
    pack = open_with(tmp_path, bass=waltz)
    assert str(pack.preset.figures["my_bass"].meter) == "3/4"
    arrangement = play(pack, meter="3/4")
    notes = heard(arrangement, Role.BASS, 1)
    assert [(tick, (pitch - 5) % 12) for tick, pitch in notes] == [(0, 0), (12, 4), (24, 7)]
    assert replace(pack.preset.figures["my_bass"], played=()).midi == "bass.mid"
