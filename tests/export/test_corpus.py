"""From MIDI files to phrases: roles, bar lines, keys, chords, and what cannot be used."""

from __future__ import annotations

import io
from pathlib import Path

import mido
import pytest
from midifiles import midi_bytes, quartet

from gamemusic.score.phrase import Note, Role
from gamemusic.theory import chord_name

pytest.importorskip("torch")

from gamemusic_export.corpus import Piece, read_piece  # the training extra may be missing


def read(tmp_path: Path, content: bytes) -> Piece:
    path = tmp_path / "piece.mid"
    path.write_bytes(content)
    return read_piece(path)


def test_a_quartet_has_four_roles_a_key_and_its_chords(tmp_path: Path) -> None:
    piece = read(tmp_path, midi_bytes(quartet(bars=8, transpose=2)))
    assert not piece.skipped
    phrase = piece.phrases[0]
    assert phrase.roles == (Role.BASS, Role.HARMONY, Role.COUNTER, Role.LEAD)
    assert str(phrase.key) == "D major"
    assert phrase.tempo_bpm == pytest.approx(100, abs=0.01)
    assert sum(phrase.bars for phrase in piece.phrases) == 8
    found = [chord_name(chord.root, chord.quality)[0] for chord in phrase.chords]
    assert found[:4] == ["D", "G", "A", "D"][: len(found[:4])]
    assert phrase.track(Role.BASS).notes[0] == Note(0, 50, 48, 80)


@pytest.mark.parametrize("midi_type", [0, 1])
def test_types_give_the_same_music(tmp_path: Path, midi_type: int) -> None:
    lines = {"Voice": quartet()["Violin 1"]}
    content = midi_bytes(lines, midi_type=1)
    if midi_type == 0:
        song = mido.MidiFile(file=io.BytesIO(content))
        merged = mido.MidiFile(type=0, ticks_per_beat=song.ticks_per_beat)
        merged.tracks.append(mido.merge_tracks(song.tracks))
        stream = io.BytesIO()
        merged.save(file=stream)
        content = stream.getvalue()
    piece = read(tmp_path, content)
    assert [len(phrase.track(Role.LEAD).notes) for phrase in piece.phrases] == [32]


def test_the_voice_of_a_song_is_its_lead_though_the_piano_lies_higher(tmp_path: Path) -> None:
    voice = [(beat * 1.0, 1.0, 60 + beat % 5) for beat in range(32)]
    right = [(beat * 1.0, 1.0, pitch) for beat in range(32) for pitch in (72, 76, 79)]
    left = [(beat * 1.0, 1.0, 40) for beat in range(32)]
    piece = read(tmp_path, midi_bytes({"Piano": (0, right), "Singstimme": (52, voice), "Piano LH": (0, left)}))
    phrase = piece.phrases[0]
    assert max(note.pitch for note in phrase.track(Role.LEAD).notes) <= 64
    assert {note.pitch for note in phrase.track(Role.BASS).notes} == {40}
    assert len(phrase.track(Role.HARMONY).notes) == 3 * phrase.bars * 4


def test_channel_ten_is_drums_and_arpeggios_beside_chords_are_texture(tmp_path: Path) -> None:
    drums = [(step / 2, 0.25, (36, 42, 38, 42)[step % 4]) for step in range(64)]
    quick = [(step / 4, 0.25, 60 + (0, 4, 7, 12)[step % 4]) for step in range(128)]
    pads = [(bar * 4.0, 4.0, pitch) for bar in range(8) for pitch in (52, 55, 60)]
    lead = [(bar * 4.0, 3.0, 79 + bar % 3) for bar in range(8)]
    bass = [(bar * 4.0, 1.0, 36) for bar in range(8)]
    lines = {"kit": (-1, drums), "arp": (81, quick), "pad": (89, pads), "lead": (73, lead), "bass": (33, bass)}
    piece = read(tmp_path, midi_bytes(lines))
    assert set(piece.phrases[0].roles) == {Role.BASS, Role.HARMONY, Role.TEXTURE, Role.LEAD, Role.DRUMS}
    assert piece.programs[-1] == 64


def test_a_pick_up_ends_the_bar_before_the_first(tmp_path: Path) -> None:
    song = mido.MidiFile(file=io.BytesIO(midi_bytes({"tune": (73, [(1 + b * 1.0, 1.0, 72) for b in range(32)])})))
    song.tracks[1].insert(1, mido.Message("note_on", note=67, velocity=80))
    song.tracks[1].insert(2, mido.Message("note_off", note=67, time=480))
    song.tracks[1][4].time -= 480
    head = song.tracks[0]
    head[1] = mido.MetaMessage("time_signature", numerator=1, denominator=4)
    head.insert(2, mido.MetaMessage("time_signature", numerator=4, denominator=4, time=480))
    stream = io.BytesIO()
    song.save(file=stream)
    piece = read(tmp_path, stream.getvalue())
    first = piece.phrases[0].track(Role.LEAD).notes
    assert [(note.start, note.pitch) for note in first[:2]] == [(36, 67), (48, 72)]


def moved(content: bytes, ticks: int) -> bytes:
    """Return a file whose notes all come later."""
    song = mido.MidiFile(file=io.BytesIO(content))
    for track in song.tracks:
        first = next((message for message in track if message.type == "note_on"), None)
        if first is not None:
            first.time += ticks
    stream = io.BytesIO()
    song.save(file=stream)
    return stream.getvalue()


@pytest.mark.parametrize("ticks", [20, 60, 13, 100])
@pytest.mark.parametrize("loose", [False, True])
def test_notes_that_all_come_late_are_read_as_if_they_did_not(tmp_path: Path, ticks: int, loose: bool) -> None:
    path = tmp_path / "piece.mid"
    path.write_bytes(midi_bytes(quartet()))
    exact = read_piece(path, loose=loose)
    path.write_bytes(moved(midi_bytes(quartet()), ticks))
    late = read_piece(path, loose=loose)
    assert late.phrases == exact.phrases
    assert late.counts["shifted"] == late.counts["read"]
    assert "shifted" not in exact.counts


def test_thirty_seconds_are_read_strictly_and_loosely_alike(tmp_path: Path) -> None:
    tune = [(step / 8, 0.125, 72 + step % 5) for step in range(256)]
    path = tmp_path / "piece.mid"
    path.write_bytes(midi_bytes({"tune": (73, tune), "bass": (33, [(beat * 1.0, 1.0, 36) for beat in range(32)])}))
    strict, loose = read_piece(path), read_piece(path, loose=True)
    assert not strict.skipped
    assert loose.phrases == strict.phrases
    starts = [note.start for note in strict.phrases[0].track(Role.LEAD).notes]
    assert starts[:9] == [0, 2, 3, 5, 6, 8, 9, 11, 12]


def test_a_signature_on_every_beat_changes_nothing(tmp_path: Path) -> None:
    content = midi_bytes(quartet())
    song = mido.MidiFile(file=io.BytesIO(content))
    song.tracks[0] += [mido.MetaMessage("time_signature", numerator=4, denominator=4, time=480) for _ in range(31)]
    stream = io.BytesIO()
    song.save(file=stream)
    assert read(tmp_path, stream.getvalue()).phrases == read(tmp_path, content).phrases


def test_drums_on_another_channel_are_drums(tmp_path: Path) -> None:
    """The helper puts the second line on channel 2; it is called what it is."""
    drums = [(step / 2, 0.25, (36, 42, 38, 42)[step % 4]) for step in range(64)]
    piece = read(tmp_path, midi_bytes({"tune": (73, quartet()["Violin 1"][1]), "Drums": (0, drums)}))
    assert piece.phrases[0].roles == (Role.LEAD, Role.DRUMS)
    assert piece.programs == {73: 32, -1: 64}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "piece.mid"),
        (b"MThd\x00\x00\x00\x06\x00\x01", "piece.mid"),
        (midi_bytes({"kit": (-1, [(0.0, 1.0, 36)])}), "no pitched notes"),
        (midi_bytes(quartet(), meter=(7, 8)), "file has 7/8"),
        (
            midi_bytes({"free": (0, [(b * 1.0 + (b * 37 % 64) / 97, 0.3, 60 + b % 7) for b in range(64)])}),
            "off any grid",
        ),
        (midi_bytes(quartet(bars=2)), "no 4 bars in a row"),
    ],
)
def test_what_cannot_be_used_is_skipped_with_its_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    piece = read(tmp_path, content)
    assert reason in piece.skipped
    assert not piece.phrases
