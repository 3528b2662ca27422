"""One object of limits, which a host tightens: whatever it passes it to keeps to it, and says which limit it was."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import gamemusic
from gamemusic.composer.session import Session
from gamemusic.director.director import Director
from gamemusic.director.settings import Settings
from gamemusic.errors import FormatError, GameMusicError, MidiError, PackError
from gamemusic.limits import LIMITS, Limits
from gamemusic.packs.library import find_pack
from gamemusic.packs.pack import open_pack
from gamemusic.score.midi import read_midi


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(pack_files=2), "more than 2 files"),
        (Limits(pack_bytes=1000), "allowed are 1000"),
        (Limits(yaml_bytes=50), "preset.yaml is larger than 50 bytes"),
        (Limits(yaml_values=5), "more than 5 keys and values"),
        (Limits(model_bytes=1000), "allowed are 1000"),
    ],
)
def test_a_pack_is_opened_within_them(tiny_pack: Path, limits: Limits, words: str) -> None:
    with pytest.raises(GameMusicError, match=words):
        find_pack(tiny_pack, limits=limits)
    with pytest.raises(GameMusicError, match=words):
        gamemusic.compose(tiny_pack, bars=1, limits=limits)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(model_layers=1), "layers of .* allowed are 1 to 1"),
        (Limits(model_cells=4), "1 to 4"),
        (Limits(model_bytes=1000), "allowed are 1,000"),
    ],
)
def test_a_model_is_loaded_within_them(tiny_pack: Path, limits: Limits, words: str) -> None:
    model = open_pack(tiny_pack).model
    with pytest.raises(PackError, match=words):
        Session(model, limits=limits)


def test_a_pack_keeps_those_it_was_opened_with(tiny_pack: Path) -> None:
    small = Limits(model_cells=4)
    assert find_pack(tiny_pack, limits=small).limits is small
    with pytest.raises(PackError, match="1 to 4"):
        gamemusic.compose(tiny_pack, bars=1, limits=small)


def test_midi(tmp_path: Path, tiny_pack: Path) -> None:
    path = gamemusic.compose(tiny_pack, bars=1, seed=1).save(tmp_path / "loop.mid")
    with pytest.raises(MidiError, match="more than 3 events"):
        read_midi(path.read_bytes(), limits=Limits(midi_events=3))


def test_a_director_keeps_to_them(tiny_pack: Path) -> None:
    with (
        Director(soundfont="chip", settings=Settings(patient=True, limits=Limits(yaml_values=5))) as strict,
        pytest.raises(FormatError, match="more than 5"),
    ):
        strict.play(tiny_pack)
    # what one game refuses another one may play, in the same process
    with Director(soundfont="chip", settings=Settings(patient=True)) as other:
        other.play(tiny_pack)


def test_each_is_described() -> None:
    """The documentation is made from the docstrings: a field without one would be a limit that nobody knows."""
    source = Path(gamemusic.limits.__file__).read_text("utf-8")
    for field in dataclasses.fields(LIMITS):
        declared = source.index(f"    {field.name}: ")
        assert source[source.index("\n", declared) :].startswith('\n    """'), field.name
