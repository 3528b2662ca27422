"""Only ordinary files are ever opened for reading, by one function, which every reader uses."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gamemusic.errors import InputError
from gamemusic.files import NotOrdinaryError, hash_file, open_ordinary, read_file, read_head

ROOT = Path(__file__).resolve().parents[2]
_OPENS = ("open", "read_text", "read_bytes", "fdopen", "fromfile", "memmap", "loadtxt", "genfromtxt", "MidiFile")
"""Functions and methods that open what their first argument, or the object before the dot, names."""
_ALLOWED = {
    "gamemusic/files.py": "this is where files are opened",
    "gamemusic/folders.py": "what it writes itself",
    "gamemusic/childprocess.py": "the pipes to a process of its own",
    "gamemusic/temporary.py": "its own temporary files, which are locked",
    "gamemusic/cli/main.py": "os.devnull, for writing",
}
_HARMLESS = (
    "BytesIO",
    "importlib.resources",
    "files('gamemusic",
    "archive.open(",
    "ZipFile(content",
    "ZipFile(stream",
    "self._open(",
    "wave.open(content",
    "ZipFile(buffer",
    "MidiFile(type=",
)


def calls(path: Path) -> list[tuple[int, str]]:
    """Return the lines and the text of all calls in a module that open something by its name."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in (*_OPENS, "load", "ZipFile"):
            continue
        written = ast.unparse(node)
        if name == "load":  # np.load(stream) of what was opened, json.load and the like
            first = node.args[0] if node.args else None
            if not written.startswith("np.load") or getattr(first, "id", "") in ("file", "stream"):
                continue
        writes = name == "open" and any(ast.unparse(one) in ("'a'", "'w'", "'wb'") for one in node.args)
        if not writes and not any(word in written for word in _HARMLESS):
            found.append((node.lineno, written))
    return found


def test_no_other_module_opens_files() -> None:
    others = []
    for folder in ("gamemusic", "export/gamemusic_export"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name not in _ALLOWED:
                others += [f"{name}:{line}: {text}" for line, text in calls(path)]
    assert others == []


def test_a_module_that_opens_files_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("p.read_text()\nopen(p)\nos.open(p, 0)\nnp.load(p)\nzipfile.ZipFile(p)\n")
    assert [line for line, _ in calls(tmp_path / "a.py")] == [1, 2, 3, 4, 5]


@pytest.mark.skipif(os.name != "posix", reason="pipes and links")
def test_what_is_no_ordinary_file_is_said(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "to pipe").symlink_to("pipe")
    (tmp_path / "round").symlink_to("round")
    for name in ("pipe", "to pipe", "."):
        for read in (open_ordinary, hash_file):
            with pytest.raises(NotOrdinaryError, match="no ordinary file"):
                read(tmp_path / name)
    assert read_file(tmp_path / "link") == b"abc"
    with pytest.raises(InputError, match=r"link is a link; name the file itself"):
        read_file(tmp_path / "link", links=False)
    for name in ("round", "none", "file/x", "x" * 300, "\ud800"):
        with pytest.raises(InputError, match="cannot be read: "):
            read_file(tmp_path / name)
    with pytest.raises(NotOrdinaryError):
        open_ordinary("/dev/zero")


@pytest.mark.skipif(os.name != "posix", reason="pipes")
def test_what_is_swapped_for_a_pipe_between_the_look_and_the_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    usual = os.open

    def swap(name: object, flags: int, *more: int) -> int:
        path.unlink()
        os.mkfifo(path)
        return usual(path, flags, *more)

    monkeypatch.setattr(os, "open", swap)
    with pytest.raises(InputError, match="no ordinary file"):
        read_file(path)


def test_no_more_is_read_and_allotted_than_is_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert read_head(path, most=1 << 60) == b"abc"  # asked for at once, that would be a MemoryError
    with path.open("r+b") as file:
        file.truncate(1 << 40)  # takes no place on the disk
    with pytest.raises(InputError, match="larger than 5 bytes"):
        read_file(path, most=5)
    with pytest.raises(OSError, match="large"):
        hash_file(path)


COMMANDS = (
    ("check", "{p}.yaml"),
    ("check", "{p}.zip"),
    ("check", "{p}"),
    ("check", "pack"),
    ("check", "soundtrack.yaml"),
    ("compose", "{p}.zip", "-o", "a.mid"),
    ("compose", "./pack", "-o", "a.mid"),
    ("compose", "./good", "--theme", "{p}.mid", "-o", "a.mid"),
    ("compose", "./good", "--soundfont", "{p}.sf2", "-o", "a.wav"),
    ("play", "{p}.mid"),
    ("play", "{p}.wav"),
    ("bake", "{p}.yaml", "-o", "out"),
    ("bake", "soundtrack.yaml", "-o", "out"),
    ("pick", "--soundtrack", "{p}.yaml", "a", "2"),
    ("install", "{p}.zip"),
    ("pack", "pack"),
    ("moods",),
)


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices")
@pytest.mark.parametrize("kind", ["pipe", "link to a device"])
def test_no_command_reads_or_waits_for_pipes_and_devices(tiny_pack: Path, tmp_path: Path, kind: str) -> None:
    def put(path: Path) -> None:
        os.mkfifo(path) if kind == "pipe" else path.symlink_to("/dev/zero")

    for suffix in ("", ".yaml", ".zip", ".mid", ".wav", ".sf2"):
        put(tmp_path / f"p{suffix}")
    shutil.copytree(tiny_pack, tmp_path / "good")
    shutil.copytree(tiny_pack, tmp_path / "pack")
    (tmp_path / "pack" / "card.json").unlink()
    put(tmp_path / "pack" / "card.json")
    (tmp_path / "soundtrack.yaml").write_text("format: 1\ncues:\n  a: {mood: ./good, source: p.mid}\n")
    (tmp_path / "moods").mkdir()
    put(tmp_path / "moods" / "bad.zip")
    lines = ["from gamemusic.cli.main import main", "codes = []"]
    lines += [f"codes.append(main({[word.format(p='p') for word in words]!r}))" for words in COMMANDS]
    lines.append("print(codes)")
    environment = {**os.environ, "GAMEMUSIC_PATH": "moods", "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.splitlines()[-1] == str([1] * (len(COMMANDS) - 1) + [0]), done.stderr
