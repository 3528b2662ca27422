"""The package as users get it: built, installed into clean environments, and composed with.

Needs a package index, as installing does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

STRAYS = ("export", "tests", "presets", "examples", "benchmarks")
"""Folders of the checkout that must not become modules."""

MOODS = ("boss", "combat", "dungeon", "explore", "mystery", "sorrow", "tavern", "title", "town", "victory")


def run(*words: object, cwd: Path) -> str:
    """Run a command outside the checkout and return what it prints."""
    # the variables that make this checkout importable must not reach the clean environments
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GAMEMUSIC"))}
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, cwd=cwd, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Environment:
    """A virtual environment without anything of the machine's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
        self.programs = folder / ("Scripts" if os.name == "nt" else "bin")

    def pip(self, *words: object) -> None:
        run(self.programs / "python", "-m", "pip", "install", "-q", *words, cwd=self.folder)

    def check(self, work: Path) -> bytes:
        """Compose with what is installed, look for what must not be, and return the composed file."""
        work.mkdir()
        run(self.programs / "gamemusic", "compose", "explore", "--bars", 4, "--seed", 1, "-o", "x.mid", cwd=work)
        listed = json.loads(run(self.programs / "gamemusic", "moods", "--json", cwd=work))["moods"]
        assert {mood["name"] for mood in listed if mood["origin"] == "shipped" and mood["error"] is None} == set(MOODS)
        lookup = "import importlib.util, sys; print(*(importlib.util.find_spec(n) is not None for n in sys.argv[1:]))"
        names = ("gamemusic", "gamemusic_export", "torch", "onnx", *STRAYS)
        found = run(self.programs / "python", "-c", lookup, *names, cwd=work).split()
        assert dict(zip(names, found, strict=True)) == {
            name: str(name in ("gamemusic", "gamemusic_export")) for name in names
        }
        return (work / "x.mid").read_bytes()


@pytest.fixture(scope="module")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds in ``direct`` the wheel from the tree, in ``by_sdist`` the sdist and the wheel from that."""
    folder = tmp_path_factory.mktemp("built")
    build = (sys.executable, "-m", "build", "--no-isolation")
    run(*build, "--wheel", "--outdir", folder / "direct", root, cwd=folder)
    run(*build, "--outdir", folder / "by_sdist", root, cwd=folder)
    assert list((folder / "by_sdist").glob("*.tar.gz"))
    return folder


@pytest.fixture(scope="module")
def clean(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheel from the tree, and so with all that it depends on."""
    environment = Environment(tmp_path_factory.mktemp("clean") / "venv")
    environment.pip(*(built / "direct").glob("*.whl"))
    return environment


def test_both_wheels_hold_the_same(built: Path) -> None:
    wheels = [next((built / folder).glob("*.whl")) for folder in ("direct", "by_sdist")]
    contents = []
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            contents.append({entry.filename: entry.CRC for entry in archive.infolist()})
    assert contents[0] == contents[1]
    tops = {name.split("/")[0] for name in contents[0]}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"gamemusic", "gamemusic_export"}
    for mood in MOODS:
        for file in ("preset.yaml", "model.onnx", "card.json"):
            assert f"gamemusic/presets/{mood}/{file}" in contents[0]
        assert f"gamemusic_export/recipes/{mood}.yaml" in contents[0]
    for file in ("gamemusic/py.typed", "gamemusic/composer/noise.npy", "gamemusic_export/base/base.safetensors"):
        assert file in contents[0]


def test_every_kind_of_install_composes_the_same(built: Path, clean: Environment, root: Path, tmp_path: Path) -> None:
    first = clean.check(tmp_path / "wheel")
    assert first.startswith(b"MThd")
    clean.pip("--no-deps", "--force-reinstall", *(built / "by_sdist").glob("*.whl"))
    assert clean.check(tmp_path / "by_sdist") == first
    # an editable install brings one more package, which finds the modules; so its dependencies are installed too
    clean.pip("-e", root)
    assert clean.check(tmp_path / "editable") == first
