"""Baked folders from strangers: nothing outside of them is touched, and what is wrong is said with its place."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gamemusic.cli.main import main
from gamemusic.errors import FormatError, GameMusicError
from gamemusic.soundtrack.bake import bake
from gamemusic.soundtrack.folder import Folder, lock_folder
from gamemusic.soundtrack.lockfile import parse_lock, read_lock
from gamemusic.soundtrack.manifest import parse_manifest, parse_piece, read_manifest
from gamemusic.soundtrack.verify import verify

YAML = "title: x\nformats: [midi]\ncues:\n  a: {mood: tiny, bars: 1}\n"


@pytest.fixture
def out(game: Path) -> Path:
    (game / "track.yaml").write_text(YAML, encoding="utf-8")
    bake(game / "track.yaml", game / "out")
    return game / "out"


def change(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    file = folder / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    edit(manifest)
    file.write_text(json.dumps(manifest), encoding="utf-8")


def again(out: Path) -> None:
    bake(out.parent / "track.yaml", out)


def gone(name: str, files: list[str], manifest: dict[str, Any]) -> dict[str, Any]:
    """Return an entry of a piece that the soundtrack lacks, and whose files a bake therefore removes."""
    piece: dict[str, Any] = json.loads(json.dumps(manifest["pieces"][0]))
    facts = piece["files"][0]
    piece["name"] = name
    piece["files"] = [{**facts, "file": file} for file in files]
    return piece


OUTSIDE = ["../victim.txt", "{0}/victim.txt", "..\\victim.txt", "sub/../../victim.txt", ".gamemusic/../../victim.txt"]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("where", ["manifest", "sides", "journal"])
def test_f1_no_file_outside_is_removed_or_renamed(out: Path, name: str, where: str) -> None:
    victim = out.parent / "victim.txt"
    victim.write_text("precious")
    name = name.format(out.parent)
    digest = hashlib.sha256(b"precious").hexdigest()
    manifest = read_manifest(out)
    piece = gone("gone", [name], manifest)
    piece["files"][0]["sha256"] = digest
    if where == "journal":
        (out / ".gamemusic" / "journal.jsonl").write_text(json.dumps(piece) + "\n", encoding="utf-8")
    elif where == "manifest":
        change(out, lambda found: found["pieces"].append(piece))
    else:
        change(out, lambda found: found["sides"].update({name: digest}))
    with pytest.raises(FormatError, match=r"(manifest\.json|journal\.jsonl:1): .*(files\[0\]\.file|sides\.)"):
        again(out)
    assert victim.read_text() == "precious"
    assert [path.name for path in out.parent.iterdir() if "edited" in path.name] == []


@pytest.mark.parametrize(
    "name", ["manifest.json", "index.html", ".gamemusic/lock", ".git/config", "a/b/c", "MANIFEST.JSON"]
)
def test_f2_no_file_that_holds_the_folder_together_is_a_pieces(out: Path, name: str) -> None:
    change(out, lambda found: found["sides"].update({name: "0" * 64}))
    with pytest.raises(FormatError, match=r"manifest\.json: sides\.[^:]*: found .* a bake writes"):
        again(out)


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
@pytest.mark.parametrize("name", [".gamemusic", ".gamemusic/sketches", "renpy", "godot"])
def test_f3_nothing_is_written_or_removed_behind_a_link(out: Path, name: str) -> None:
    outside = out.parent / "outside"
    outside.mkdir()
    for inner in ("lock", "journal.jsonl", "stamps.json", "a.json", "music.rpy"):
        (outside / inner).write_text("precious")
    path = out / name
    if path.is_dir():
        for file in sorted(path.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        path.rmdir()
    path.symlink_to(outside)
    if not name.startswith("."):
        change(out, lambda found: found["sides"].update({f"{name}/music.rpy": hashlib.sha256(b"precious").hexdigest()}))
    (out.parent / "track.yaml").write_text(YAML.replace("bars: 1", "bars: 2"), encoding="utf-8")
    with pytest.raises(GameMusicError, match=f"{path.name} is a link, and nothing is"):
        again(out)
    assert {file.read_text() for file in outside.iterdir()} == {"precious"}
    assert len(list(outside.iterdir())) == 5


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
@pytest.mark.parametrize("name", ["lock", "journal.jsonl"])
def test_f4_a_link_in_place_of_a_file_of_ours_is_not_followed(out: Path, name: str) -> None:
    victim = out.parent / "victim.txt"
    for target in (victim, out.parent / "new.txt"):  # one that is there, and one that opening would make
        victim.write_text("")
        (out / ".gamemusic" / name).unlink(missing_ok=True)
        (out / ".gamemusic" / name).symlink_to(target)
        with pytest.raises(GameMusicError, match="link"):
            again(out)
        assert victim.read_text() == ""
        assert not (out.parent / "new.txt").exists()


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_f5_a_link_in_place_of_music_is_put_aside_like_an_edited_file(out: Path) -> None:
    victim = out.parent / "victim.mid"
    victim.write_bytes((out / "a.mid").read_bytes())
    (out / "a.mid").unlink()
    (out / "a.mid").symlink_to(victim)
    assert verify(out)[1] == [f"a.mid: {out / 'a.mid'} is a link; name the file itself; bake again"]
    again(out)
    assert not (out / "a.mid").is_symlink()
    assert (out / ".a.mid.edited").is_symlink()
    assert verify(out)[1] == []


PIECE = '{"name": "a", "files": [{"file": "a.mid", "sha256": "x", "bytes": 1, "format": "wav"}]}'
DAMAGED: dict[str, str | bytes] = {
    "nofiles": '{"format":1,"pieces":[{"name":"a"}]}',
    "number": '{"format":1,"pieces":[1]}',
    "nested": "[" * 200_000,
    "nested in a piece": '{"format":1,"pieces":[' + "[" * 5000 + "]" * 5000 + "]}",
    "nul": '{"format":1,"pieces":[{"name":"a","files":[{"file":"a\\u0000b"}]}]}',
    "surrogate": '{"format":1,"pieces":[],"title":"a\\ud800b"}',
    "sides": '{"format":1,"sides":5,"pieces":[]}',
    "long number": '{"format":1,"pieces":[' + "9" * 10_000 + "]}",
    "long float": '{"format":1,"pieces":[0.' + "9" * 10_000 + "]}",
    "infinite": '{"format":1,"pieces":[1e999]}',
    "nan": '{"format":1,"pieces":[NaN]}',
    "twice": '{"format":1,"format":1,"pieces":[]}',
    "unknown": '{"format":1,"pieces":[],"extra":1}',
    "another format": '{"format":2,"pieces":[]}',
    "true for one": '{"format":true,"pieces":[]}',
    "a list": "[]",
    "utf-16": "{}".encode("utf-16"),
    "latin": b'{"format":1,"title":"\xe9","pieces":[]}',
    "values": '{"format":1,"pieces":[' + "0," * 20_000_001 + "0]}",
    "text": "not JSON",
    "nothing": "",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_f6_damaged_manifests_are_refused_with_their_place(tmp_path: Path, name: str) -> None:
    text = DAMAGED[name]
    data = text if isinstance(text, bytes) else text.encode()
    (tmp_path / "manifest.json").write_bytes(data)
    for read in (verify, read_manifest):
        with pytest.raises(FormatError, match=r"manifest\.json(:\d+)*: ") as caught:
            read(tmp_path)
        assert len(str(caught.value)) < 1500
    assert main(["check", str(tmp_path)]) == 1
    with lock_folder(tmp_path), pytest.raises(FormatError):
        Folder(tmp_path)


PLACES = ("manifest.json", "a.mid", "loops.json", ".gamemusic/journal.jsonl", "../track.lock")
WRONG: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    ("a key less", lambda piece: piece.pop("meter"), r"pieces\[0\]: found no key 'meter'"),
    ("a key more", lambda piece: piece.update(more=1), r"pieces\[0\]: found the unknown key 'more'"),
    ("bars", lambda piece: piece.update(bars=True), r"pieces\[0\]\.bars: found true, expected a whole number"),
    ("meter", lambda piece: piece.update(meter="5/4"), r"pieces\[0\]\.meter: found the text '5/4', expected one of"),
    ("name", lambda piece: piece.update(name="../a"), r"pieces\[0\]\.name: found the text '\.\./a'"),
    ("digest", lambda piece: piece["files"][0].update(sha256="x"), r"pieces\[0\]\.files\[0\]\.sha256: .*SHA-256"),
    ("role", lambda piece: piece["files"][0].update(role="x"), r"files\[0\]\.role: found the text 'x', expected one"),
    ("format", lambda piece: piece["files"][0].update(format="exe"), r"files\[0\]"),
    ("twice", lambda piece: piece["files"].append(piece["files"][0]), r"'a\.mid' is there twice"),
    ("chord", lambda piece: piece.update(chords=[[0]]), r"chords\[0\]: found a list of 1, expected a list of 2"),
    ("layers", lambda piece: piece.update(layers={"x\n": 1}), r"pieces\[0\]\.layers\.'x\\n': found"),
]


@pytest.mark.parametrize(("edit", "words"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_f7_every_key_of_a_piece_is_looked_at(out: Path, edit: Callable[[dict[str, Any]], object], words: str) -> None:
    change(out, lambda manifest: edit(manifest["pieces"][0]))
    with pytest.raises(FormatError, match=rf"manifest\.json: .*{words}"):
        verify(out)


def test_f8_a_loop_must_lie_inside_its_file() -> None:
    loop = {"start": 5, "end": 4, "start_seconds": 0, "end_seconds": 0}
    file = {"file": "a.wav", "sha256": "0" * 64, "bytes": 1, "role": None, "format": "wav", "sample_rate": 48000}
    piece = {"files": [{**file, "frames": 9, "seconds": 1, "loop": loop}]}
    with pytest.raises(FormatError, match=r"pieces\[0\]"):
        parse_manifest(json.dumps({"format": 1, "pieces": [piece]}).encode())


LOCKS: dict[str, str | bytes] = {
    "nested": "[" * 200_000,
    "a list": "[]",
    "a kind less": '{"packs": {}, "soundfonts": {}}',
    "a kind more": '{"packs": {}, "soundfonts": {}, "versions": {}, "more": {}}',
    "numbers": '{"packs": {"a": 1}, "soundfonts": {}, "versions": {}}',
    "short": '{"packs": {"a": "00"}, "soundfonts": {}, "versions": {}}',
    "hidden": '{"packs": {}, "soundfonts": {}, "versions": {"a\\u202e": "1"}}',
    "twice": '{"packs": {}, "packs": {}, "soundfonts": {}, "versions": {}}',
    "text": "packs: {}",
    "latin": b'{"\xe9": 1}',
}


@pytest.mark.parametrize("name", LOCKS)
def test_f9_damaged_lock_files_are_refused_with_their_place(game: Path, name: str) -> None:
    text = LOCKS[name]
    (game / "track.lock").write_bytes(text if isinstance(text, bytes) else text.encode())
    (game / "track.yaml").write_text(YAML, encoding="utf-8")
    with pytest.raises(FormatError, match=r"track\.lock(:\d+)*: "):
        bake(game / "track.yaml", game / "out")
    assert not (game / "out").exists()


def test_f10_what_a_bake_writes_is_read(out: Path) -> None:
    assert parse_manifest((out / "manifest.json").read_bytes()) == json.loads(
        (out / "manifest.json").read_text("utf-8")
    )
    lock = out.parent / "track.lock"
    assert parse_lock(lock.read_bytes()) == read_lock(lock) == json.loads(lock.read_text("utf-8"))


@pytest.mark.parametrize("cut", [1, 100, 400])
def test_f11_a_journal_that_was_cut_off_is_read_to_its_last_whole_line(out: Path, cut: int) -> None:
    entry = (json.dumps(read_manifest(out)["pieces"][0]) + "\n").encode()
    journal = out / ".gamemusic" / "journal.jsonl"
    journal.write_bytes(entry + entry.replace(b'"a"', b'"b"')[:-cut])
    with lock_folder(out):
        assert list(Folder(out).entries) == ["a"]
        assert journal.read_bytes() == entry  # what is added now stands in a line of its own
        assert list(Folder(out).entries) == ["a"]


@pytest.mark.parametrize("line", ["{}", "[" * 100_000, "1", PIECE, "", '{"name": "../x"}'])
def test_f12_other_lines_of_a_journal_are_refused_with_their_place(out: Path, line: str) -> None:
    entry = json.dumps(read_manifest(out)["pieces"][0])
    (out / ".gamemusic" / "journal.jsonl").write_text(f"{entry}\n{line}\n{entry}\n", encoding="utf-8")
    with lock_folder(out), pytest.raises(FormatError, match=r"journal\.jsonl:2(:\d+)?: "):
        Folder(out)
    with pytest.raises(FormatError):
        parse_piece(line.encode(), file="journal.jsonl", line=2)


@pytest.mark.parametrize("name", ["stamps.json", "sketches/a.json"])
@pytest.mark.parametrize("text", ["[" * 100_000, "[]", '{"a.mid": 1}', '{"a.mid": [1, 2, 3]}', "9" * 10_000, ""])
def test_f13_files_that_only_save_time_are_passed_over_where_they_are_damaged(out: Path, name: str, text: str) -> None:
    before = (out / "index.html").read_bytes()
    (out / ".gamemusic" / name).write_text(text, encoding="utf-8")
    (out / "index.html").unlink()
    again(out)
    if name == "stamps.json":
        assert (out / "index.html").read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices")
@pytest.mark.parametrize("kind", ["pipe", "device", "link to a device", "folder"])
def test_f14_pipes_and_devices_are_neither_read_nor_waited_for(out: Path, kind: str) -> None:
    lines = ["from gamemusic.cli.main import main"]
    for number, place in enumerate(PLACES):
        game = out.parent / f"{number}"
        game.mkdir()
        for file in out.parent.glob("track.*"):
            shutil.copy(file, game)
        shutil.copytree(out, game / "out")
        path = game / "out" / place
        path.unlink(missing_ok=True)
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        elif kind == "device":
            try:
                os.mknod(path, 0o20666, os.makedev(1, 5))
            except PermissionError:
                pytest.skip("devices need rights")
        else:
            path.symlink_to("/dev/zero")
        lines.append(f"main(['check', {str(game / 'out')!r}])")
        lines.append(f"main(['bake', {str(game / 'track.yaml')!r}, '-o', {str(game / 'out')!r}])")
    command = [sys.executable, "-c", "\n".join(lines)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_f15_a_moods_folder_is_one_whatever_else_lies_in_it(
    tiny_pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(tiny_pack, tmp_path / "tiny")
    (tmp_path / "tiny" / "manifest.json").write_text('{"format":1,"pieces":[{"name":"a","files":[]}]}')
    main(["check", str(tmp_path / "tiny")])
    assert "baked" not in capsys.readouterr().out


def test_f16_names_alike_take_no_time() -> None:
    from gamemusic.soundtrack.dialects import _word

    taken: dict[str, int] = {}
    names = [_word(name, taken) for name in ("a-b", "a_b", "a_b", "if", "if", "a_b_1", "a_b")]
    assert len(set(names)) == len(names)
    names += [_word("a_b", taken) for _ in range(2000)]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) < 10
