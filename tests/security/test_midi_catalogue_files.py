"""The catalogue of bad MIDI files, row M20 and what concerns whole folders: paths, and files that training meets."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from midibytes import NOTE, meta, note, one, tempo

from gamemusic.composer.themefile import read_theme
from gamemusic.errors import GameMusicError, InputError

pytest.importorskip("torch")

from gamemusic_export.corpus import read_piece
from gamemusic_export.dataset import Dataset, build_dataset, prepare_all
from gamemusic_export.own_music import read_roles, study, write_roles
from gamemusic_export.prepared import PreparedPiece

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="no such names, links and pipes on Windows")


def tune(seed: int, bars: int = 32) -> bytes:
    """Return a melody over a bass that differ from seed to seed."""
    chance = random.Random(seed)
    lead = b"".join(note(60 + chance.randrange(24)) for _ in range(4 * bars))
    bass = b"".join(note(36 + chance.randrange(12), length=192, channel=1) for _ in range(2 * bars))
    tracks = [tempo(600_000) + meta(0x58, b"\x04\x02\x18\x08"), meta(3, b"Lead") + lead, meta(3, b"Bass") + bass]
    return one(tracks[0]).replace(b"\x00\x01\x00\x01", b"\x00\x01\x00\x03") + b"".join(
        one(events)[14:] for events in tracks[1:]
    )


@contextlib.contextmanager
def pipe(path: Path) -> Iterator[None]:
    """Make a named pipe that ends at once for whoever reads it: a reader that should not have done so does not hang."""
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: os.close(os.open(path, os.O_WRONLY)), daemon=True)
    writer.start()
    try:
        yield
    finally:
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        writer.join(10)
        os.close(reader)


def prepare(folder: Path, cache: Path, each: Callable[[int], None] = lambda _: None) -> list[PreparedPiece]:
    """Read the folder's files as training does."""
    paths = sorted(folder.rglob("*.mid"))
    return prepare_all(paths, cache, jobs=1, progress=lambda done, _, __: each(done))


def collect(pieces: list[PreparedPiece], folder: Path) -> tuple[Dataset, dict[str, str]]:
    """Return a dataset and what was skipped, with the reasons."""
    dataset = build_dataset(pieces, [("made", "chamber", "CC0-1.0", "")] * len(pieces), folder)
    skipped: dict[str, str] = json.loads((folder / "report.json").read_text(encoding="utf-8"))["skipped"]
    return dataset, skipped


def odd_entry(folder: Path, kind: str) -> Path:
    """Put something called like a MIDI file into a folder that is no file, and return its path."""
    path = folder / "odd.mid"
    if kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "broken link":
        path.symlink_to("nowhere.mid")
    return path


@POSIX
@pytest.mark.parametrize("kind", ["folder", "loop", "broken link", "gone"])
def test_m20_a_theme_that_is_no_file(tmp_path: Path, kind: str) -> None:
    path = odd_entry(tmp_path, kind)
    with pytest.raises(InputError, match=r"odd\.mid (cannot be read|is no ordinary file)"):
        read_theme(path)


@POSIX
@pytest.mark.parametrize("kind", ["folder", "loop", "broken link", "gone"])
def test_m20_an_entry_of_the_corpus_that_is_no_file(tmp_path: Path, kind: str) -> None:
    """What was listed and cannot be read is skipped like a damaged file; the others are learned from."""
    (tmp_path / "good.mid").write_bytes(tune(1))
    odd = odd_entry(tmp_path, kind)
    assert read_piece(odd).skipped.startswith("odd.mid: ")
    if kind != "gone":
        pieces = prepare(tmp_path, tmp_path / "cache")
        assert [piece.meta["name"] for piece in pieces if piece.meta["skipped"]] == ["odd"]


@pytest.fixture
def denied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that may not be read, by the error that the system gives: permissions do not stop the superuser."""

    def fail(path: Path, flags: int) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    path = tmp_path / "odd.mid"
    path.write_bytes(one(NOTE))
    monkeypatch.setattr("gamemusic.files.os.open", fail)
    return path


def test_m20_a_theme_that_may_not_be_read(denied: Path) -> None:
    with pytest.raises(InputError, match=r"odd\.mid cannot be read: Permission denied"):
        read_theme(denied)


def test_m20_a_file_of_the_corpus_that_may_not_be_read(denied: Path) -> None:
    assert "Permission denied" in read_piece(denied).skipped


@POSIX
def test_m20_a_pipe_in_the_corpus_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "odd.mid"
    with pipe(path):
        assert "no ordinary file" in read_piece(path).skipped


@POSIX
def test_m20_a_pipe_as_a_theme_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "odd.mid"
    with pipe(path):
        with pytest.raises(GameMusicError) as caught:
            read_theme(path)
        assert "no ordinary file" in str(caught.value)


def test_dataset_one_in_a_hundred_is_damaged(tmp_path: Path) -> None:
    """It is left out, counted and named with its reason, and all others are used."""
    for number in range(100):
        content = tune(number, bars=8)
        (tmp_path / f"{number:03}.mid").write_bytes(content[:-1] if number == 17 else content)
    dataset, skipped = collect(prepare(tmp_path, tmp_path / "cache"), tmp_path / "dataset")
    assert len(dataset.pieces) == 99
    assert list(skipped) == ["made/017"]
    assert skipped["made/017"].startswith("017.mid: the chunk b'MTrk' at byte ")
    music = study(tmp_path, "chamber")
    assert [one.path.name for one in music.files if one.skipped] == ["017.mid"]


def test_dataset_of_nothing_but_damage_says_why(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.mid").write_bytes(b"MThd")
    with pytest.raises(InputError, match=r"has 0 usable notes .* 1 of the files: 0\.mid: the chunk b'MThd'"):
        study(tmp_path, "chamber")


def test_dataset_of_a_recipe_with_nothing_but_damage_says_why(tmp_path: Path) -> None:
    (tmp_path / "0.mid").write_bytes(b"MThd")
    with pytest.raises(GameMusicError, match=r"0\.mid"):
        collect(prepare(tmp_path, tmp_path / "cache"), tmp_path / "dataset")


def test_dataset_of_too_many_files(tmp_path: Path) -> None:
    for number in range(2_001):
        (tmp_path / f"{number}.mid").touch()
    with pytest.raises(InputError, match="holds 2001 MIDI files; 1 to 2,000 are read"):
        study(tmp_path, "chamber")


def test_dataset_with_one_file_twice(tmp_path: Path) -> None:
    """Copies lie on one side, so that nothing is judged by what was learned."""
    for name, seed in (("a", 1), ("b", 2), ("copy of a", 1)):
        (tmp_path / f"{name}.mid").write_bytes(tune(seed))
    dataset, _ = collect(prepare(tmp_path, tmp_path / "cache"), tmp_path / "dataset")
    first, other, copy = dataset.pieces
    assert first.group == copy.group != other.group
    assert first.split == copy.split


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_dataset_with_names_that_are_not_utf8(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}.mid").write_bytes(tune(number))
    (tmp_path / os.fsdecode(b"\xff\xe9.mid")).write_bytes(tune(99))
    assert read_piece(tmp_path / os.fsdecode(b"\xff\xe9.mid")).skipped == ""
    music = study(tmp_path, "chamber")
    assert len([one for one in music.files if not one.skipped]) == 7
    roles = tmp_path / "roles.yaml"
    roles.write_bytes(write_roles(music, tmp_path))
    assert len(read_roles(roles)) == 7


@pytest.mark.skipif(sys.platform != "linux", reason="names that differ in case alone are one elsewhere")
def test_dataset_with_names_that_differ_in_case_and_long_ones(tmp_path: Path) -> None:
    """Each is read for itself; longer names than these no file system has."""
    names = ["Tune.mid", "tune.mid", "TUNE.MID", "x" * 251 + ".mid", "~.mid", "no.mid", "1.mid.mid", "a: b #c.mid"]
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(tune(number))
    music = study(tmp_path, "chamber")
    assert sorted(one.path.name for one in music.files if not one.skipped) == sorted(names)
    roles = tmp_path / "roles.yaml"
    roles.write_bytes(write_roles(music, tmp_path))
    assert sorted(read_roles(roles)) == sorted(names)


def test_dataset_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were read before ^C are not read again, and the pieces are the same as without it."""
    for number in range(6):
        (tmp_path / f"{number}.mid").write_bytes(tune(number, bars=8))
    read: list[str] = []

    def count(path: Path, *args: object, **more: object) -> object:
        read.append(path.name)
        return read_piece(path)

    def stop(done: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr("gamemusic_export.prepared.read_piece", count)
    with pytest.raises(KeyboardInterrupt):
        prepare(tmp_path, tmp_path / "cache", stop)
    assert read == ["0.mid", "1.mid", "2.mid", "3.mid"]
    pieces = prepare(tmp_path, tmp_path / "cache")
    assert read[4:] == ["4.mid", "5.mid"]
    fresh = prepare(tmp_path, tmp_path / "other")
    assert all(np.array_equal(a.steps, b.steps) and a.meta == b.meta for a, b in zip(pieces, fresh, strict=True))


def test_m27_without_a_tempo_it_is_120(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(tune(1).replace(tempo(600_000), meta(1, b"abc")))
    assert {phrase.tempo_bpm for phrase in read_piece(tmp_path / "a.mid").phrases} == {120.0}


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        (note(36, channel=9), "no pitched notes"),
        (b"\x00\xb0\x07\x64", "no pitched notes"),
        (b"", "no pitched notes"),
        (NOTE, "no 4 bars in a row"),
        (note(60, length=384 * 4), ""),
    ],
    ids=["drums", "controllers", "silence", "one note", "one note of four bars"],
)
def test_m46_little_or_nothing_to_learn_from(tmp_path: Path, events: bytes, reason: str) -> None:
    (tmp_path / "a.mid").write_bytes(one(events))
    assert reason in read_piece(tmp_path / "a.mid").skipped
