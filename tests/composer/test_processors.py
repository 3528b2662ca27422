"""The same notes on every processor: composed on emulated ones, and the reason why weights have 7 bits.

QEMU's emulation (package ``qemu-user``) has AVX2 but no AVX-512: its Skylake-Server runs the same code as its Haswell.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("emulated.py")
TINY = ROOT / "tests" / "data" / "tiny_pack"
SHIPPED = sorted(path.parent for path in (ROOT / "presets").glob("*/model.onnx"))
QEMU = shutil.which("qemu-x86_64")
HAS = {"Haswell": ("AVX", "AVX2"), "Skylake-Server": ("AVX", "AVX2"), "SandyBridge": ("AVX",)}

needs_emulator = pytest.mark.skipif(
    QEMU is None or platform.machine() not in ("x86_64", "AMD64"),
    reason="needs qemu-x86_64 (apt install qemu-user) and a Python for x86-64",
)

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph to run, with its inputs and what integers of 64 bits give."""

    path: Path
    inputs: Path
    expected: Array


def _run(folder: Path, processor: str | None, *, pack: Path = TINY, graphs: dict[str, Graph]) -> dict[str, Any]:
    """Return what the script reports on a processor (None: this one), with each graph's output by name."""
    emulator = [] if processor is None else [str(QEMU), "-cpu", processor]
    outputs = {name: folder / f"{processor}-{name}.npy" for name in graphs}
    given = [str(part) for name, graph in graphs.items() for part in (graph.path, graph.inputs, outputs[name])]
    # a virtual environment's Python is a link, and its packages are found by the link's place
    python = os.path.realpath(sys.executable)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in (str(ROOT), *sys.path) if path),
        "OPENBLAS_NUM_THREADS": "1",  # threads do not gain anything here, and are slow to start
    }
    result = folder / f"{processor}.json"
    command = [*emulator, python, str(SCRIPT), str(result), str(pack), *given]
    ended = subprocess.run(command, env=environment, check=False, timeout=600, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(result.read_text("utf-8"))
    found["outputs"] = {name: np.load(path) for name, path in outputs.items()}
    return found


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Graph]:
    """The trained base model with weights of 7 bits and of 8, and a bare product of extremes; none without torch."""
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("onnx") is None:
        return {}
    folder = tmp_path_factory.mktemp("graphs")
    return {f"{kind}-{bits}": make(folder, bits) for bits in (7, 8) for kind, make in MAKERS.items()}


def _make_model(folder: Path, bits: int) -> Graph:
    import torch

    from gamemusic.tokens.vocabulary import FEATURES
    from gamemusic_export.onnx_export import build_graph
    from gamemusic_export.quantise import ZERO, quantise, step_reference
    from gamemusic_export.weights import load_model

    torch.set_num_threads(1)
    model, _ = load_model(ROOT / "export" / "gamemusic_export" / "base" / "base.safetensors")
    integers = quantise(model, limit=(1 << (bits - 1)) - 1)
    rng = np.random.default_rng(5)
    features = rng.integers(0, list(FEATURES.values()), size=(24, 2, len(FEATURES)))  # (T, B, F)
    hidden = [np.full((2, integers.hidden), ZERO, dtype=np.uint8) for _ in integers.layers]
    cell = [np.zeros((2, integers.hidden), dtype=np.float32) for _ in integers.layers]
    logits = []
    for shown in features:
        now, hidden, cell = step_reference(integers, shown, hidden, cell)
        logits.append(now)
        assert all(layer.astype(np.int64).std() > 10 for layer in hidden)  # alive
    graph, inputs = folder / f"model-{bits}.onnx", folder / f"model-{bits}.npz"
    graph.write_bytes(build_graph(integers, {}))
    np.savez(inputs, features=features)
    expected = np.stack(logits)
    assert (expected[1:] != expected[:-1]).any(axis=2).all()
    return Graph(graph, inputs, expected)


def _make_product(folder: Path, bits: int) -> Graph:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    most = (1 << (bits - 1)) - 1
    weight = np.random.default_rng(bits).choice(np.array([-most, most], dtype=np.int8), size=(512, 1024))
    values = np.full((8, 512), 255, dtype=np.uint8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["values", "weight", "zero"], ["sums"])],
        "product",
        [helper.make_tensor_value_info("values", TensorProto.UINT8, ["batch", 512])],
        [helper.make_tensor_value_info("sums", TensorProto.INT32, ["batch", 1024])],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(np.array(128, dtype=np.uint8), "zero")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    path, inputs = folder / f"product-{bits}.onnx", folder / f"product-{bits}.npz"
    onnx.save(model, path)
    np.savez(inputs, values=values)
    return Graph(path, inputs, ((values.astype(np.int64) - 128) @ weight.astype(np.int64)).astype(np.int32))


MAKERS = {"model": _make_model, "product": _make_product}


@needs_emulator
@pytest.mark.parametrize(
    "processor",
    [
        "Haswell",
        pytest.param("Skylake-Server", marks=pytest.mark.slow),
        pytest.param("SandyBridge", marks=pytest.mark.slow),
    ],
)
def test_every_processor_composes_the_same_notes(processor: str, graphs: dict[str, Graph], tmp_path: Path) -> None:
    pack = SHIPPED[0] if SHIPPED else TINY
    here = _run(tmp_path, None, pack=pack, graphs={})
    there = _run(tmp_path, processor, pack=pack, graphs=graphs)
    assert {name for name, has in there["processor"].items() if has} == set(HAS[processor])  # another one indeed
    assert len(here["notes"]) > 10 and here["steps"] > 50
    assert there["notes"] == here["notes"]
    assert there["bits"] == here["bits"]
    for name, graph in graphs.items():
        found = there["outputs"][name]
        assert found.dtype == graph.expected.dtype and found.shape == graph.expected.shape
        wrong = np.mean(found != graph.expected)
        print(f"{processor}, {name}: {wrong:.1%} of {found.size} outputs wrong")  # noqa: T201  # figures for docs/
        if name.endswith("-7"):
            assert wrong == 0
        elif "AVX2" in HAS[processor]:
            # control: AVX2 without VNNI adds pairs of products in 16 bits, which full 8-bit weights overflow
            assert wrong > (0.9 if name == "product-8" else 0.1)


def test_this_processor_gives_the_bits_of_the_integer_reference(graphs: dict[str, Graph], tmp_path: Path) -> None:
    if not graphs:
        pytest.skip("needs the training extra")
    exact = {name: graph for name, graph in graphs.items() if name.endswith("-7")}
    found = _run(tmp_path, None, graphs=exact)["outputs"]
    for name, graph in exact.items():
        assert np.array_equal(found[name], graph.expected)


@needs_emulator
@pytest.mark.slow
@pytest.mark.parametrize("pack", [TINY, *SHIPPED[1:]], ids=lambda path: path.name)
def test_every_pack_composes_the_same_notes_on_haswell(pack: Path, tmp_path: Path) -> None:
    here = _run(tmp_path, None, pack=pack, graphs={})
    there = _run(tmp_path, "Haswell", pack=pack, graphs={})
    assert (there["notes"], there["bits"]) == (here["notes"], here["bits"])
