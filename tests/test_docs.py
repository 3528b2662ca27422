"""What the documents say is run as it stands there, and what they point at exists."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gamemusic.audio.soundfont import find_soundfont
from gamemusic.audio.synth import fluidsynth_version
from gamemusic.errors import MissingError

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = sorted(
    page for pattern in ("*.md", "docs/**/*.md", "export/*.md", "benchmarks/**/*.md") for page in ROOT.glob(pattern)
)


def blocks(language: str) -> list[str]:
    """Return the README's blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables under which `gamemusic` and `python` are this checkout and this interpreter."""
    try:
        fluidsynth_version()
        find_soundfont()
    except MissingError as error:
        pytest.skip(str(error))
    if os.name == "nt":
        pytest.skip("the README's lines are for a shell")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, words in (("gamemusic", "-m gamemusic"), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n', encoding="utf-8")
        (programs / name).chmod(0o755)
    path = os.pathsep.join((str(programs), os.environ["PATH"]))
    return {**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "export")))}


def run(words: list[str], folder: Path, environment: dict[str, str]) -> None:
    folder.mkdir()
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_commands_of_the_readme(environment: dict[str, str], tmp_path: Path) -> None:
    scripts = blocks("sh")
    assert scripts
    for number, script in enumerate(scripts):
        folder = tmp_path / f"sh{number}"
        run(["sh", "-e", "-c", script], folder, environment)
        for name in re.findall(r"-o (\S+)", script):
            assert (folder / name).stat().st_size > 100


def test_python_of_the_readme(environment: dict[str, str], tmp_path: Path) -> None:
    scripts = blocks("python")
    assert scripts
    for number, script in enumerate(scripts):
        folder = tmp_path / f"python{number}"
        run([sys.executable, "-W", "error", "-c", script], folder, environment)
        for name in re.findall(r'save\("(\S+)"\)', script):
            assert (folder / name).stat().st_size > 100


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
