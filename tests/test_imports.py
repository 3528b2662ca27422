"""What is loaded when: importing is quick, and neither composing nor rendering knows of training."""

from __future__ import annotations

import ast
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gamemusic

HEAVY = {"numpy", "onnxruntime", "mido", "fluidsynth", "yaml"}
TRAINING = {"torch", "onnx", "safetensors", "rich", "gamemusic_export"}

IMPORTERS = {
    "onnxruntime": "composer/session.py",
    "mido": "score/midi.py",
    "fluidsynth": "audio/synth.py",
    "yaml": "packs/yamlfile.py",
}
"""The one file under gamemusic/ that knows each heavy library."""

BLOCK = f"import sys\nsys.modules.update(dict.fromkeys({sorted(TRAINING)}))"
"""Lets every import of what trains fail, as where it is not installed."""


def loaded_by(code: str, root: Path, cwd: Path) -> set[str]:
    """Return the top-level names of what a fresh interpreter has imported after running ``code``."""
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment, cwd=cwd
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_loads_nothing_heavy(root: Path, tmp_path: Path) -> None:
    assert loaded_by("import gamemusic, gamemusic.cli.main", root, tmp_path) & (HEAVY | TRAINING) == set()


def import_all() -> str:
    """Return lines that import every module of the runtime."""
    names = [module.name for module in pkgutil.walk_packages(gamemusic.__path__, "gamemusic.")]
    assert len(names) > 40
    return "\n".join(f"import {name}" for name in names if not name.endswith("__main__"))


def test_no_module_loads_what_trains(root: Path, tmp_path: Path) -> None:
    loaded = loaded_by(import_all(), root, tmp_path)
    assert loaded & TRAINING == set()
    # those are loaded by the first model, and the first sound
    assert loaded & {"onnxruntime", "fluidsynth"} == set()


def test_every_module_does_without_what_trains(root: Path, tmp_path: Path) -> None:
    loaded_by(f"{BLOCK}\n{import_all()}", root, tmp_path)


def test_composing_loads_nothing_of_sound_or_training(root: Path, tmp_path: Path, tiny_pack: Path) -> None:
    code = f"import gamemusic\ngamemusic.compose({str(tiny_pack)!r}, bars=2, seed=1).save('a.mid')"
    loaded = loaded_by(code, root, tmp_path)
    assert loaded & TRAINING == set()
    assert "fluidsynth" not in loaded
    assert {"onnxruntime", "mido"} <= loaded
    assert (tmp_path / "a.mid").is_file()


@pytest.mark.parametrize("before", ["", BLOCK], ids=["installed", "blocked"])
def test_rendering_loads_nothing_of_training(root: Path, tmp_path: Path, tiny_pack: Path, before: str) -> None:
    # where there is no FluidSynth the error is proof as well: it is the last thing that is loaded
    code = (
        f"{before}\n"
        "import gamemusic\n"
        "try:\n"
        f"    gamemusic.compose({str(tiny_pack)!r}, bars=1, seed=1).save('a.wav', sample_rate=22050)\n"
        "except gamemusic.MissingError:\n"
        "    pass"
    )
    loaded = loaded_by(code, root, tmp_path)
    # what is blocked stands in sys.modules as None
    assert loaded & TRAINING == (TRAINING if before else set())


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield the top-level name of everything that is imported anywhere in a module, by statement or by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            yield from (str(word.value).split(".")[0] for word in node.args[:1] if isinstance(word, ast.Constant))


def importers(folder: Path, library: str) -> list[str]:
    """Return the files under a folder that import a library."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if library in imports(ast.parse(path.read_text(encoding="utf-8")))
    )


@pytest.mark.parametrize("library", IMPORTERS)
def test_heavy_libraries_have_one_importer(root: Path, library: str) -> None:
    assert importers(root / "gamemusic", library) == [IMPORTERS[library]]


@pytest.mark.parametrize("library", sorted(TRAINING))
def test_what_trains_has_no_importer(root: Path, library: str) -> None:
    # `gamemusic train` and `gamemusic evaluate` hand over to it
    handing = ["cli/evaluate.py", "cli/train.py"] if library == "gamemusic_export" else []
    assert sorted(importers(root / "gamemusic", library)) == handing


@pytest.mark.parametrize(
    "line",
    [
        "import mido",
        "import os, mido.midifiles as files",
        "from mido import MidiFile",
        "from mido.midifiles import MidiFile",
        "def late():\n    try:\n        import mido\n    except ImportError:\n        pass",
        "import importlib\nimportlib.import_module('mido')",
        "__import__('mido.midifiles')",
    ],
)
def test_planted_imports_are_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "score").mkdir()
    (tmp_path / "score" / "planted.py").write_text(f"{line}\n", encoding="utf-8")
    (tmp_path / "clean.py").write_text("from .mido import x\nmido = 'mido'\nimport midori\n", encoding="utf-8")
    assert importers(tmp_path, "mido") == ["score/planted.py"]
