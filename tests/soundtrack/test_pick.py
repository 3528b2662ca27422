"""Takes to choose from, and the seed of the one that was liked best written into the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gamemusic.cli.main import main
from gamemusic.errors import FormatError, InputError
from gamemusic.soundtrack.bake import bake
from gamemusic.soundtrack.manifest import read_manifest
from gamemusic.soundtrack.pick import pick_take
from gamemusic.soundtrack.schema import read_soundtrack, take_seed

YAML = """\
# the harbour
formats: [midi]   # no sound yet
defaults: {bars: 2}
cues:
  day: {mood: tiny, style: chamber}  # calm
  "night":
    # after the bell
    mood: tiny
    style: chamber

  fight: {mood: tiny, seed: 7, style: rock} # fast
  grave:
    seed:   0x not a comment
    mood: tiny
""".replace("0x not a comment", "12  # mine")


@pytest.fixture
def track(game: Path) -> Path:
    (game / "track.yaml").write_text(YAML, encoding="utf-8")
    return game / "track.yaml"


@pytest.mark.parametrize(
    ("cue", "before", "after"),
    [
        ("day", "{mood: tiny, style: chamber}", "{seed: SEED, mood: tiny, style: chamber}"),
        ("night", "    mood: tiny\n    style", "    seed: SEED\n    mood: tiny\n    style"),
        ("fight", "seed: 7,", "seed: SEED,"),
        ("grave", "seed:   12  # mine", "seed:   SEED  # mine"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_only_the_seed_changes(track: Path, cue: str, before: str, after: str, newline: str, mark: str) -> None:
    text = mark + YAML.replace("\n", newline)
    track.write_bytes(text.encode())
    seed = pick_take(track, cue, 3)
    assert seed == take_seed(cue, 3)
    expected = text.replace(before.replace("\n", newline), after.replace("\n", newline).replace("SEED", str(seed)))
    assert track.read_bytes().decode().replace(newline, "\n") == expected.replace(newline, "\n")
    assert read_soundtrack(track).cues[cue].seed == seed


def test_takes_are_made_and_the_picked_one_becomes_the_cue(track: Path) -> None:
    out = track.parent / "out"
    bake(track, out, takes=3, only="day*")
    takes = {piece["name"]: piece for piece in read_manifest(out)["pieces"]}
    assert set(takes) == {"day", "day-t2", "day-t3"}
    assert (takes["day-t3"]["take_of"], takes["day-t3"]["take"]) == ("day", 3)
    assert len({(out / f"{name}.mid").read_bytes() for name in takes}) == 3
    wanted = (out / "day-t3.mid").read_bytes()
    assert main(["pick", "day", "3", "--soundtrack", str(track)]) == 0
    summary = bake(track, out)
    assert (out / "day.mid").read_bytes() == wanted
    assert sorted(summary.removed) == ["day-t2.mid", "day-t3.mid"]
    assert not (out / "day-t2.mid").exists()


@pytest.mark.parametrize(
    ("cue", "take", "words"),
    [
        ("dya", 2, "did you mean 'day'"),
        ("day", 1, "what track.yaml says already"),
        ("day", 0, "1 to 9"),
        ("day", 10, "1 to 9"),
    ],
)
def test_what_cannot_be_picked(track: Path, cue: str, take: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        pick_take(track, cue, take)
    assert track.read_text(encoding="utf-8") == YAML


def test_a_file_with_a_mistake_stays_as_it_is(track: Path) -> None:
    track.write_text(YAML.replace("bars: 2", "bars: 0"), encoding="utf-8")
    before = track.read_bytes()
    with pytest.raises(FormatError, match="bars"):
        pick_take(track, "day", 2)
    assert track.read_bytes() == before


def test_there_is_no_such_file(game: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml cannot be read"):
        pick_take(game / "none.yaml", "day", 2)
