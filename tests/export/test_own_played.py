"""MIDI files that somebody recorded freely: refused with what helps, and read when beats are looked for."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from midifiles import midi_bytes, quartet

from gamemusic.errors import InputError
from gamemusic.score.phrase import Role

pytest.importorskip("torch")

from gamemusic_export.corpus import read_piece
from gamemusic_export.own_music import study


def played(seed: int) -> bytes:
    """Return a quartet as people play it at 84 a minute, recorded by a machine that counts 100."""
    rng = random.Random(seed)
    lines = {
        name: (program, [(0.7 + start * 100 / 84 + rng.gauss(0, 0.02), length, pitch) for start, length, pitch in line])
        for name, (program, line) in quartet(bars=16, seed=seed).items()
    }
    return midi_bytes(lines)


def test_a_piece_is_read_on_the_beats_that_it_was_played_to(tmp_path: Path) -> None:
    path = tmp_path / "played.mid"
    path.write_bytes(played(1))
    assert read_piece(path, loose=True).skipped.endswith("--quantise puts it on beats that are found")
    piece = read_piece(path, loose=True, quantise=True)
    assert not piece.skipped
    assert piece.moved.startswith("played freely: ")
    assert {str(phrase.meter) for phrase in piece.phrases} == {"4/4"}
    assert all(82 < phrase.tempo_bpm < 86 for phrase in piece.phrases)
    lead = [note.start for phrase in piece.phrases for note in phrase.track(Role.LEAD).notes]
    assert len(lead) == 64
    assert sum(start % 12 == 0 for start in lead) >= 62
    bass = [note.start % 48 for phrase in piece.phrases for note in phrase.track(Role.BASS).notes]
    assert sum(start == 0 for start in bass) >= 15
    path.write_bytes(midi_bytes(quartet()))
    assert read_piece(path, loose=True, quantise=True).phrases == read_piece(path, loose=True).phrases


def test_a_folder_of_them_says_what_helps_and_what_was_moved(tmp_path: Path) -> None:
    for seed in range(7):
        (tmp_path / f"{seed}.mid").write_bytes(played(seed))
    (tmp_path / "written.mid").write_bytes(midi_bytes(quartet(bars=16, seed=9)))
    with pytest.raises(InputError, match="what was recorded freely: with --quantise"):
        study(tmp_path, "chamber")
    music = study(tmp_path, "chamber", quantise=True)
    assert [bool(one.moved) for one in music.files] == [True] * 7 + [False]
    assert not any(one.skipped for one in music.files)
    assert music.files[0].roles.keys() == music.files[7].roles.keys()
