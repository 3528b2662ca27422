"""What is loaded when: importing is quick, and neither composing nor rendering knows of training."""

from __future__ import annotations

import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import gamemusic

HEAVY = {"numpy", "onnxruntime", "mido", "fluidsynth", "yaml"}
TRAINING = {"torch", "onnx", "safetensors", "rich", "gamemusic_export"}


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


def test_no_module_loads_what_trains(root: Path, tmp_path: Path) -> None:
    names = [module.name for module in pkgutil.walk_packages(gamemusic.__path__, "gamemusic.")]
    assert len(names) > 40
    imports = "\n".join(f"import {name}" for name in names if not name.endswith("__main__"))
    loaded = loaded_by(imports, root, tmp_path)
    assert loaded & TRAINING == set()
    # those are loaded by the first model, and the first sound
    assert loaded & {"onnxruntime", "fluidsynth"} == set()


def test_composing_loads_nothing_of_sound_or_training(root: Path, tmp_path: Path) -> None:
    code = "import gamemusic\ngamemusic.compose('explore', bars=2, seed=1).save('a.mid')"
    loaded = loaded_by(code, root, tmp_path)
    assert loaded & TRAINING == set()
    assert "fluidsynth" not in loaded
    assert {"onnxruntime", "mido"} <= loaded
    assert (tmp_path / "a.mid").is_file()


def test_rendering_loads_nothing_of_training(root: Path, tmp_path: Path) -> None:
    # where there is no FluidSynth the error is proof as well: it is the last thing that is loaded
    code = (
        "import gamemusic\n"
        "try:\n"
        "    gamemusic.compose('explore', bars=1, seed=1).save('a.wav', sample_rate=22050)\n"
        "except gamemusic.MissingError:\n"
        "    pass"
    )
    assert loaded_by(code, root, tmp_path) & TRAINING == set()
