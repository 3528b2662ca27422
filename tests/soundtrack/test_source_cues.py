"""A cue that a person wrote or went on with is played as it stands, by the mood's players."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sources import midi_of

import gamemusic
from gamemusic.audio.wavfile import decode_wav
from gamemusic.packs.library import find_pack
from gamemusic.score.midi import MidiSong, read_midi
from gamemusic.soundtrack.bake import bake
from gamemusic.soundtrack.manifest import read_manifest
from gamemusic.soundtrack.verify import verify

YAML = """\
formats: [midi, wav]
sample_rate: 22050
soundfont: chip
cues:
  camp: {mood: tiny, style: chamber, source: camp.mid}
  march: {mood: tiny, bars: 4}
transitions:
  leave: {start: camp, end: march}
  back: {start: march, end: camp}
stingers:
  find: {cue: camp, kind: found}
"""


def notes_of(song: MidiSong) -> dict[str, list[tuple[float, float, int, int]]]:
    """Return (start, length, pitch, velocity) by track, in beats."""
    beat = song.ticks_per_beat
    return {
        track.name: [(n.start / beat, (n.end - n.start) / beat, n.pitch, n.velocity) for n in track.notes]
        for track in song.tracks
        if track.notes
    }


@pytest.fixture
def baked(game: Path) -> Path:
    """Return a folder beside the soundtrack, baked from a source in ticks that are not ours."""
    tracks = {
        "Lead (mine)": [(0, 72, 96), (101, 74, 85), (192, 76, 190)],
        "bass": [(0, 36, 384), (384, 43, 384)],
        "drums": [(0, 36, 20), (96, 38, 20), (192, 36, 20)],
    }
    (game / "camp.mid").write_bytes(midi_of(tracks, ticks_per_beat=96, programs={"bass": 43}, tempos=[(0, 90.0)]))
    (game / "track.yaml").write_text(YAML, encoding="utf-8")
    summary = bake(game / "track.yaml", game / "out")
    assert summary.failed == []
    return game / "out"


def test_the_notes_are_the_files_own(baked: Path) -> None:
    before = notes_of(read_midi((baked.parent / "camp.mid").read_bytes()))
    after = notes_of(read_midi((baked / "camp.mid").read_bytes()))
    assert after == {"lead": before["Lead (mine)"], "bass": before["bass"], "drums": before["drums"]}


def test_the_manifest_says_where_the_notes_come_from(baked: Path) -> None:
    camp = read_manifest(baked)["pieces"][0]
    assert camp["seed"] is None
    assert camp["source"]["file"] == "camp.mid"
    assert (camp["bars"], camp["tempo_bpm"], camp["meter"]) == (2, 90.0, "4/4")
    assert verify(baked)[1] == []
    assert "camp.mid" in (baked / "CREDITS.txt").read_text(encoding="utf-8")


def test_it_sounds_and_loops(baked: Path) -> None:
    wav = decode_wav((baked / "camp.wav").read_bytes())
    assert len(wav.audio) == pytest.approx(2 * 4 * 60 / 90 * 22050, abs=64)
    assert np.abs(wav.audio).max() > 0.1
    assert wav.loop is not None


def test_the_files_instrument_is_heard(baked: Path) -> None:
    song = read_midi((baked / "camp.mid").read_bytes())
    assert {track.name: track.notes[0].program for track in song.tracks if track.notes}["bass"] == 43


def test_an_edited_source_is_played_anew(baked: Path) -> None:
    (baked.parent / "camp.mid").write_bytes(midi_of({"lead": [(0, 60, 480)]}))
    summary = bake(baked.parent / "track.yaml", baked)
    assert summary.made == ["camp", "leave", "back", "find"]
    assert notes_of(read_midi((baked / "camp.mid").read_bytes())) == {"lead": [(0.0, 1.0, 60, 77)]}


def test_what_we_composed_comes_back_as_it_was(game: Path) -> None:
    phrase = gamemusic.compose("tiny", style="chamber", bars=4, seed=5)
    phrase.save(game / "camp.mid")
    (game / "track.yaml").write_text(YAML.replace("camp.mid}", "camp.mid, intensity: 0.5}"), encoding="utf-8")
    bake(game / "track.yaml", game / "out", only="camp")
    before = notes_of(read_midi((game / "camp.mid").read_bytes()))
    assert notes_of(read_midi((game / "out" / "camp.mid").read_bytes())) == before


def test_lower_levels_leave_out_who_joins_later(game: Path) -> None:
    (game / "camp.mid").write_bytes(midi_of({"lead": [(0, 72, 480)], "counter": [(0, 67, 480)]}))
    text = YAML.replace("camp.mid}", "camp.mid, intensity: [0.0, 0.9]}")
    (game / "track.yaml").write_text(text, encoding="utf-8")
    bake(game / "track.yaml", game / "out", only="camp")
    style = find_pack("tiny").preset.style("chamber").orchestration()
    late = {str(role) for role, player in style.instruments.items() if player.from_intensity > 0.0}
    low, high = (set(notes_of(read_midi((game / "out" / f"camp-i{level}.mid").read_bytes()))) for level in ("00", "90"))
    assert high == {"lead", "counter"}
    assert low == high - late
    assert low != high
