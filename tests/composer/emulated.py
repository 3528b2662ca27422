"""What `test_processors` runs on each processor: compose from a pack, and run given graphs on given inputs.

python emulated.py RESULT.json PACK [GRAPH.onnx INPUTS.npz OUTPUTS.npy]...
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import numpy.typing as npt
import onnxruntime

from gamemusic.composer.composer import Composer
from gamemusic.composer.graph import Size
from gamemusic.composer.session import Memory, Session
from gamemusic.limits import Limits
from gamemusic.packs.pack import open_pack


class Hashing(Session):
    """A session that keeps a digest of every bit that the model gives."""

    def __init__(self, model: bytes) -> None:
        self.digest = hashlib.sha256()
        self.shown: list[npt.NDArray[np.int64]] = []
        super().__init__(model)

    def step(self, features: npt.NDArray[np.int64], memory: Memory) -> tuple[npt.NDArray[np.int32], Memory]:
        self.shown.append(features.copy())
        logits, memory = super().step(features, memory)
        for value in (logits, *memory.values()):
            self.digest.update(value.tobytes())
        return logits, memory


def compose(path: Path) -> dict[str, object]:
    """Compose two bars in each of the pack's styles, from two candidates; return notes, digest and number of steps."""
    pack = open_pack(path)
    composer = Composer(dataclasses.replace(pack, preset=dataclasses.replace(pack.preset, candidates=2)))
    session = composer.session = Hashing(pack.model)
    notes = []
    for style in pack.preset.styles:
        phrase = composer.compose(style=style, bars=2, seed=7)
        notes.append(f"{style}: {phrase.key}, {phrase.tempo_bpm:g} bpm, seam {phrase.seam_bits}")
        notes.extend(f"{role} {n.start} {n.pitch} {n.duration} {n.velocity}" for role, n in phrase.notes())
        notes.extend(f"chord {chord.start} {chord.root} {chord.quality}" for chord in phrase.chords)
    return {"notes": notes, "bits": session.digest.hexdigest(), "steps": len(session.shown)}


def _measure(model: bytes, *, file: object, limits: Limits) -> Size:
    """Return a model's size without checking it: the control's weights are too large on purpose."""
    inputs = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).get_inputs()
    return Size((len(inputs) - 1) // 2, inputs[1].shape[1])


def run(graph: Path, inputs: dict[str, npt.NDArray[np.generic]]) -> npt.NDArray[np.int32]:
    """Return the first output of one run; of a mood's graph, of every step along ``features`` (T, B, F)."""
    if "features" not in inputs:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(graph.read_bytes(), options, providers=["CPUExecutionProvider"])
        once: npt.NDArray[np.int32] = session.run(None, inputs)[0]
        return once
    with mock.patch("gamemusic.composer.session.check_graph", _measure):
        mood = Session(graph.read_bytes())
    features: npt.NDArray[np.int64] = inputs["features"].astype(np.int64)
    memory, logits = mood.start(features.shape[1]), []
    for shown in features:
        now, memory = mood.step(shown, memory)
        logits.append(now)
    return np.stack(logits)


def processor() -> dict[str, bool]:
    """Return what NumPy finds the processor to have."""
    core = "numpy._core" if importlib.util.find_spec("numpy._core") else "numpy.core"  # NumPy 2, NumPy 1
    found: dict[str, bool] = importlib.import_module(f"{core}._multiarray_umath").__cpu_features__
    return {name: found.get(name, False) for name in ("AVX", "AVX2", "AVX512F", "AVX512VNNI")}


def main(result: str, pack: str, *graphs: str) -> None:
    """Write the result as JSON, and each graph's output as .npy."""
    Path(result).write_text(json.dumps({"processor": processor(), **compose(Path(pack))}), "utf-8")
    for graph, inputs, output in zip(graphs[::3], graphs[1::3], graphs[2::3], strict=True):
        with np.load(inputs) as held:
            np.save(output, run(Path(graph), dict(held)))


if __name__ == "__main__":
    main(*sys.argv[1:])
