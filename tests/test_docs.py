"""What the documents say is run as it stands there, and what they point at exists."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from gamemusic.audio.soundfont import find_soundfont
from gamemusic.audio.synth import fluidsynth_version
from gamemusic.cli.main import make_parser
from gamemusic.errors import MissingError

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
GUIDE = ROOT / "docs" / "modding.md"
PAGES = sorted(
    page for pattern in ("*.md", "docs/**/*.md", "export/*.md", "benchmarks/**/*.md") for page in ROOT.glob(pattern)
)


SET_UP = ("make ", "pip ", "python -m pip ", "python3 -m venv ", "apt ", "apt-get ", "sudo ", "brew ", "choco ", "git ")
"""Beginnings of shell blocks that set up a machine, which is what .ci/setup and test_wheel.py are for."""


@dataclass(frozen=True)
class Block:
    """A piece of code on a page; what shows something else is marked as text or console there."""

    page: Path
    number: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}-{self.language}{self.number}"


def blocks() -> list[Block]:
    """Return the blocks of all pages that are to be run, each on its own, as they stand."""
    found = []
    for page in PAGES:
        if page == GUIDE:  # its steps follow each other
            continue
        fences = re.findall(r"^```(python|sh)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        found += [
            Block(page, number, language, code)
            for number, (language, code) in enumerate(fences)
            if language == "python" or not code.startswith(SET_UP)
        ]
    return found


def commands() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command."""
    actions = make_parser()._actions
    return dict(next(action for action in actions if isinstance(action, argparse._SubParsersAction)).choices)


def need_sound() -> None:
    """Skip where there is none."""
    try:
        fluidsynth_version()
        find_soundfont()
    except MissingError as error:
        pytest.skip(str(error))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables under which `gamemusic` and `python` are this checkout and this interpreter."""
    if os.name == "nt":
        pytest.skip("the pages' lines are for a shell")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, words in (("gamemusic", "-m gamemusic"), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n', encoding="utf-8")
        (programs / name).chmod(0o755)
    path = os.pathsep.join((str(programs), os.environ["PATH"]))
    hidden = {"XDG_DATA_HOME": str(tmp_path / "data")}  # moods that whoever runs the tests has installed
    return {**os.environ, **hidden, "PATH": path, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "export")))}


def run(words: list[str], folder: Path, environment: dict[str, str]) -> None:
    folder.mkdir()
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_is_run() -> None:
    found = {block.language for block in blocks() if block.page == README}
    assert found == {"python", "sh"}


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_code_on_pages(block: Block, environment: dict[str, str], tmp_path: Path) -> None:
    if ".wav" in block.code or "render" in block.code:
        need_sound()
    words = ["sh", "-e", "-c"] if block.language == "sh" else [sys.executable, "-W", "error", "-c"]
    run([*words, block.code], tmp_path / "here", environment)
    for name in re.findall(r"-o (\S+)" if block.language == "sh" else r'save\("(\S+)"\)', block.code):
        assert (tmp_path / "here" / name).stat().st_size > 100


@pytest.mark.slow
def test_the_guide_is_followed_from_beginning_to_end(environment: dict[str, str], tmp_path: Path) -> None:
    """Every command of it, as it stands, one after the other in one folder, with ten MIDI files there."""
    here = tmp_path / "here"
    make = (
        "import gamemusic, pathlib\npathlib.Path('my_midis').mkdir()\nfor seed in range(10):\n"
        "    gamemusic.compose('town', bars=24, meter='3/4', seed=seed).save(f'my_midis/{seed}.mid')"
    )
    steps = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(steps) >= 6
    lines = "\n".join([f"ln -s '{ROOT / 'examples'}' examples", "python - <<'END'", make, "END", *steps])
    silent = {"SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"}
    run(["sh", "-e", "-c", lines], here, environment | silent)
    assert (here / "second.mid").stat().st_size > 100
    assert (here / "haunted-1.0.0.zip").exists()
    assert "audio controls" in (here / "haunted-report" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: str(path.name))
def test_examples(example: Path, environment: dict[str, str], tmp_path: Path) -> None:
    text = example.read_text(encoding="utf-8")
    assert f"python {example.relative_to(ROOT).as_posix()}" in text
    if "[--wav FILE]" in text:
        pytest.skip("it runs until it is closed; tests/adapters/test_examples.py runs it for a few seconds")
    quick = ["--moods", str(ROOT / "tests" / "data" / "tiny_pack")] if "[--moods" in text else []
    run([sys.executable, "-W", "error", str(example), *quick], tmp_path / "here", environment)
    assert any((tmp_path / "here").rglob("*"))


def test_the_demo_without_fluidsynth_writes_midi(environment: dict[str, str], tmp_path: Path) -> None:
    example = ROOT / "examples" / "01_loop_per_mood.py"
    code = f"import runpy, sys\nsys.modules['fluidsynth'] = None\nrunpy.run_path({str(example)!r}, run_name='__main__')"
    run([sys.executable, "-c", code], tmp_path / "here", environment)
    assert {path.suffix for path in (tmp_path / "here").rglob("*") if path.is_file()} == {".mid"}


@pytest.mark.parametrize("command", commands())
def test_commands_are_in_the_readme(command: str) -> None:
    assert f"gamemusic {command}" in README.read_text(encoding="utf-8")


def test_commands_have_help() -> None:
    summary = make_parser().format_help()
    for name, parser in commands().items():
        assert re.search(rf"^ +{name} +\w", summary, re.MULTILINE), name
        for action in parser._actions:
            assert action.help, f"{name}: {action.dest}"


def test_set_up_commands_of_the_readme() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"^make (\w+)", README.read_text(encoding="utf-8"), re.MULTILINE))
    assert named >= {"demo", "test"}
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_moods_and_styles_of_the_readme() -> None:
    from gamemusic.packs.library import list_packs

    table = dict(re.findall(r"^\| (\w+) \| ([a-z, ]+) \|$", README.read_text(encoding="utf-8"), re.MULTILINE))
    shipped = {listing.name: ", ".join(listing.styles) for listing in list_packs() if listing.origin == "shipped"}
    assert {name: table.get(name) for name in shipped} == shipped
