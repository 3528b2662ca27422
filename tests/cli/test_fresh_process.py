"""The command as a process of its own: nothing that another run has left behind may matter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gamemusic.cli.main import main
from gamemusic.packs.library import PATH_VARIABLE

WITHOUT_SOUND = "import sys; sys.modules['fluidsynth'] = None; from gamemusic.cli.main import main; sys.exit(main())"
"""The command where pyfluidsynth, or the library that it loads, is not installed."""

SYSTEMS = ("apt install libfluidsynth3", "Fedora", "brew install fluid-synth", "Windows")
"""Whom the remedy must speak to."""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(root: Path, tiny_pack: Path, tmp_path: Path) -> Run:
    """Return a function that runs Python with some words in an empty folder, where one mood, ``tiny``, is added."""
    here = tmp_path / "here"
    here.mkdir()
    own = {
        "PYTHONPATH": os.pathsep.join((str(root), str(root / "export"))),
        PATH_VARIABLE: str(tiny_pack),
        "XDG_DATA_HOME": str(tmp_path / "data"),
    }

    def start(*words: object, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *map(str, words)],
            env={**os.environ, **own, **variables},
            cwd=here,
            capture_output=True,
            text=True,
            check=False,
        )

    return start


def test_every_process_writes_the_same_bytes(run: Run, tiny_pack: Path, tmp_path: Path) -> None:
    words = ["--style", "rock", "--bars", "8", "--seed", "7"]
    for number, hashing in enumerate(("0", "1", "4294967295")):
        done = run("-m", "gamemusic", "compose", "tiny", *words, "-o", f"{number}.mid", PYTHONHASHSEED=hashing)
        assert done.returncode == 0, done.stderr
    assert main(["compose", str(tiny_pack), *words, "-o", str(tmp_path / "here" / "3.mid")]) == 0
    contents = [path.read_bytes() for path in sorted((tmp_path / "here").iterdir())]
    assert len(contents) == 4
    assert len(set(contents)) == 1


@pytest.mark.parametrize("mood", ["explore", "tavern", "dungeon", "combat"])
def test_shipped_moods_too(run: Run, tmp_path: Path, mood: str) -> None:
    for name, hashing in (("a.mid", "1"), ("b.mid", "2")):
        words = ("-m", "gamemusic", "compose", mood, "--bars", 2, "--seed", 7, "-o", name)
        done = run(*words, PYTHONHASHSEED=hashing)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "here" / "a.mid").read_bytes() == (tmp_path / "here" / "b.mid").read_bytes()


def test_a_printed_seed_gives_the_notes_again(run: Run, tmp_path: Path) -> None:
    done = run("-m", "gamemusic", "compose", "tiny", "-o", "a.mid")
    assert done.returncode == 0, done.stderr
    seed = done.stdout.split("seed ")[1].split(",")[0]
    assert run("-m", "gamemusic", "compose", "tiny", "--seed", seed, "-o", "b.mid").returncode == 0
    assert (tmp_path / "here" / "a.mid").read_bytes() == (tmp_path / "here" / "b.mid").read_bytes()


def test_doctor_without_fluidsynth(run: Run) -> None:
    done = run("-c", WITHOUT_SOUND, "doctor")
    assert done.returncode == 0, done.stderr  # MIDI works
    assert done.stderr == ""
    line = next(line for line in done.stdout.splitlines() if " FluidSynth: " in line)
    assert line.startswith("missing ")
    for system in SYSTEMS:
        assert system in line
    findings = json.loads(run("-c", WITHOUT_SOUND, "doctor", "--json").stdout)["findings"]
    works = {finding["name"]: finding["works"] for finding in findings}
    assert (works["FluidSynth"], works["mido"], works["moods"]) == (False, True, True)


def test_composing_without_fluidsynth(run: Run, tmp_path: Path) -> None:
    assert run("-c", WITHOUT_SOUND, "compose", "tiny", "--bars", 1, "--stems", "-o", "a.mid").returncode == 0
    before = sorted((tmp_path / "here").iterdir())
    done = run("-c", WITHOUT_SOUND, "compose", "tiny", "--bars", 1, "--stems", "-o", "a.wav")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("gamemusic: error: ")
    assert done.stderr.count("\n") == 1
    for system in SYSTEMS:
        assert system in done.stderr
    assert sorted((tmp_path / "here").iterdir()) == before


@pytest.mark.parametrize(
    "words",
    [
        ("compose", "tinny", "-o", "a.mid"),
        ("compose", "tiny", "--style", "rokc", "-o", "a.wav"),
        ("compose", "tiny", "--bars", "10000", "-o", "a.mid"),
        ("compose", "tiny", "--soundfont", ".", "-o", "a.wav"),
        ("compose", "tiny", "-o", "none/a.mid"),
        ("check", "nothing.zip"),
    ],
    ids=" ".join,
)
def test_errors_are_one_line(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run("-m", "gamemusic", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("gamemusic: error: ")
    assert done.stderr.count("\n") == 1
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize("words", [("moods",), ("doctor",), ("check", "{pack}"), ("compose", "tiny", "-o", "a.mid")])
def test_json_is_all_that_is_printed(run: Run, tiny_pack: Path, words: tuple[str, ...]) -> None:
    done = run("-m", "gamemusic", *(word.format(pack=tiny_pack) for word in words), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert isinstance(json.loads(done.stdout), dict)


def test_names_that_the_terminal_cannot_show(run: Run, tmp_path: Path) -> None:
    done = run("-m", "gamemusic", "compose", "tiny", "--bars", 1, "-o", "r\u00eave.mid", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("r\\xeave.mid: tiny ")
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["r\u00eave.mid"]


def test_names_of_several_lines(run: Run) -> None:
    done = run("-m", "gamemusic", "check", "two\nlines")
    assert done.returncode == 1
    assert done.stderr.startswith("gamemusic: error: two\\nlines does not exist")
    assert done.stderr.count("\n") == 1
