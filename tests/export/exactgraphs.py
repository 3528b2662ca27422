"""Trained graphs for the tests of exactness: read back as integers, and driven by what they compose themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import numpy_helper

from gamemusic.composer.candidates import Conditions, compose_candidates
from gamemusic.composer.session import Memory, Session
from gamemusic.score.phrase import Role
from gamemusic.theory import Key
from gamemusic.tokens.grammar import Grammar, Rules
from gamemusic.units import METERS
from gamemusic_export.model import MoodLSTM
from gamemusic_export.onnx_export import build_graph
from gamemusic_export.quantise import ZERO, IntegerModel, Layer, quantise, step_reference
from gamemusic_export.weights import load_model

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "data" / "tiny_pack" / "model.onnx"
SHIPPED = {path.parent.name: path for path in sorted((ROOT / "presets").glob("*/model.onnx"))}


@cache
def base_model() -> MoodLSTM:
    """Return the shipped base model: trained, and in floats."""
    return load_model(ROOT / "export" / "gamemusic_export" / "base" / "base.safetensors")[0].eval()


@cache
def graph_of(name: str) -> bytes:
    """Return the graph of a shipped mood, of the base model just quantised, or of the random ``tiny`` pack."""
    if name == "base":
        return build_graph(quantise(base_model()), {"mood": "base"})
    return (TINY if name == "tiny" else SHIPPED[name]).read_bytes()


def read_integers(graph: bytes) -> IntegerModel:
    """Return the integers that a graph holds."""
    proto = onnx.load_model_from_string(graph)
    held: dict[str, npt.NDArray[Any]] = {value.name: numpy_helper.to_array(value) for value in proto.graph.initializer}
    layers = sum(name.startswith("layer") and name.endswith("_weight") for name in held)
    return IntegerModel(
        held["feature_columns"],
        held["feature_offsets"],
        held["feature_strides"],
        held["embeddings"],
        tuple(Layer(*(held[f"layer{n}_{part}"] for part in ("weight", "scale", "bias"))) for n in range(layers)),
        held["head_weight"],
        held["head_scale"],
        held["head_bias"],
    )


class _Listening(Session):
    """A session that keeps what it was shown."""

    def __init__(self, model: bytes) -> None:
        self.shown: list[npt.NDArray[np.int64]] = []
        super().__init__(model)
        self.shown.clear()

    def step(self, features: npt.NDArray[np.int64], memory: Memory) -> tuple[npt.NDArray[np.int32], Memory]:
        self.shown.append(features.copy())
        return super().step(features, memory)


@cache
def ride(graph: bytes, steps: int) -> npt.NDArray[np.int64]:
    """Return the features (steps, 8, F) of eight phrases while the graph composes them."""
    session = _Listening(graph)
    roles = (Role.BASS, Role.HARMONY, Role.LEAD)
    compose_candidates(
        session,
        Grammar(Rules(bars=16, meter=METERS["4/4"], key=Key(2, "minor"), roles=roles)),
        Conditions(style=2, intensity=4, meter=0, mode=1, roles=0b10011, ending=0),
        sections=(16,),
        count=8,
        seed=11,
        temperature=1.0,
        min_p=0.02,
        repeats={},
    )
    assert len(session.shown) >= steps
    return np.stack(session.shown[:steps])


@dataclass(frozen=True, slots=True)
class Trace:
    """All that came out along a ride."""

    logits: npt.NDArray[np.int32]
    """(T, B, V)."""
    hidden: npt.NDArray[np.uint8]
    """(T, layers, B, H)."""
    cell: npt.NDArray[np.float32]
    """(T, layers, B, H)."""

    def rows(self, rows: slice) -> Trace:
        """Return some sequences alone."""
        return Trace(self.logits[:, rows], self.hidden[:, :, rows], self.cell[:, :, rows])

    def same_bytes(self, other: Trace) -> bool:
        """Say whether every bit is equal."""
        pairs = ((self.logits, other.logits), (self.hidden, other.hidden), (self.cell, other.cell))
        return all(a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in pairs)

    def assert_alive(self) -> None:
        """Check that this is no dead network: its states are spread, and change with every step."""
        assert (self.logits[1:] != self.logits[:-1]).any(axis=2).all()
        assert (self.hidden[1:] != self.hidden[:-1]).any(axis=3).all()
        assert np.isfinite(self.cell).all()
        for layer in range(self.hidden.shape[1]):
            states = self.hidden[:, layer].astype(np.int64)
            assert len(np.unique(states)) > 100
            assert states.std() > 10
            assert (states == ZERO).mean() < 0.5


def runtime(
    graph: bytes,
    *,
    level: onnxruntime.GraphOptimizationLevel = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
    threads: int = 1,
    save: Path | None = None,
) -> onnxruntime.InferenceSession:
    """Return ONNX Runtime's own session; ``save`` keeps the graph as it was optimised."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    if save is not None:
        options.optimized_model_filepath = str(save)
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def run_runtime(session: onnxruntime.InferenceSession, features: npt.NDArray[np.int64]) -> Trace:
    """Return what ONNX Runtime says to features (T, B, F)."""
    shapes = {value.name: value.shape[-1] for value in session.get_inputs() if value.name != "features"}
    batch = features.shape[1]
    memory: Memory = {
        name: np.full((batch, size), ZERO, dtype=np.uint8)
        if name.startswith("hidden")
        else np.zeros((batch, size), dtype=np.float32)
        for name, size in shapes.items()
    }
    layers = len(shapes) // 2
    logits, hidden, cell = [], [], []
    for shown in features:
        now, *states = session.run(["logits", *(f"{name}_next" for name in shapes)], {"features": shown, **memory})
        memory = dict(zip(shapes, states, strict=True))
        logits.append(now)
        hidden.append(np.stack([memory[f"hidden_{layer}"] for layer in range(layers)]))
        cell.append(np.stack([memory[f"cell_{layer}"] for layer in range(layers)]))
    return Trace(np.stack(logits), np.stack(hidden), np.stack(cell))


def run_reference(model: IntegerModel, features: npt.NDArray[np.int64]) -> Trace:
    """Return what 64-bit integers in numpy say to features (T, B, F)."""
    shape = (features.shape[1], model.hidden)
    states: Sequence[npt.NDArray[np.uint8]] = [np.full(shape, ZERO, dtype=np.uint8) for _ in model.layers]
    cells: Sequence[npt.NDArray[np.float32]] = [np.zeros(shape, dtype=np.float32) for _ in model.layers]
    logits, hidden, cell = [], [], []
    for shown in features:
        now, states, cells = step_reference(model, shown, list(states), list(cells))
        logits.append(now)
        hidden.append(np.stack(states))
        cell.append(np.stack(cells))
    return Trace(np.stack(logits), np.stack(hidden), np.stack(cell))
