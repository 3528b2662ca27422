"""The catalogue of bad models, rows O12 to O17: values in other files and in memory, bombs, loops."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

import onnxruntime  # noqa: E402  # onnx may be missing
from modelbytes import (  # noqa: E402
    GRAPH,
    Change,
    constant,
    edited,
    field,
    fields,
    number,
    plant,
    refuse,
    with_graph,
)
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from gamemusic.tokens.vocabulary import VOCABULARY_SIZE  # noqa: E402

LOCATIONS: dict[str, dict[str, str]] = {
    "parent": {"location": "../weights.bin"},
    "parent inside": {"location": "a/../../weights.bin"},
    "absolute": {"location": "/etc/passwd"},
    "drive": {"location": "C:\\Windows\\win.ini"},
    "share": {"location": "\\\\server\\share\\weights.bin"},
    "symlink": {"location": "symlink.bin"},
    "hard link": {"location": "hardlink.bin"},
    "zeros without end": {"location": "/dev/zero", "length": "1099511627776"},
    "environment": {"location": "/proc/self/environ"},
    "pipe": {"location": "pipe.bin"},
    "missing": {"location": "no such file"},
    "nothing": {"location": ""},
    "offset past the end": {"location": "weights.bin", "offset": "1000000"},
    "length past the end": {"location": "weights.bin", "length": "1000000"},
    "negative offset": {"location": "weights.bin", "offset": "-1"},
    "negative length": {"location": "weights.bin", "length": "-1"},
    "good": {"location": "weights.bin", "offset": "0", "length": str(16 * VOCABULARY_SIZE)},
    "marker of memory": {"location": "*/_ORT_MEM_ADDR_/*", "offset": "4096", "length": "64"},
    "marker of memory, native": {"location": "*/_ORT_NATIVE_ENDIAN_MEM_ADDR_/*", "offset": "4096", "length": "64"},
}


def _elsewhere(tensor: Any, place: dict[str, str]) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in place.items():
        tensor.external_data.add(key=key, value=value)


def _inner(place: dict[str, str]) -> Any:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4])
    _elsewhere(tensor, place)
    return tensor


def _outside(where: str, place: dict[str, str]) -> Change:
    """Return the change that leaves a tensor's values to another file, in one of the places that can hold a tensor."""

    def change(proto: Any) -> None:
        tensor = _inner(place)
        if where == "dense":
            _elsewhere(constant(proto, "head_weight"), place)
        elif where == "dense, with its own data too":
            data = constant(proto, "head_weight").raw_data
            _elsewhere(constant(proto, "head_weight"), place)
            constant(proto, "head_weight").raw_data = data
        elif where == "sparse":
            indices = numpy_helper.from_array(np.arange(4), "i")
            proto.graph.sparse_initializer.append(helper.make_sparse_tensor(tensor, indices, [9]))
        elif where == "attribute":
            plant(0, "Constant", value=tensor)(proto)
        elif where == "function":
            proto.functions.add(name="f", domain="x").node.append(helper.make_node("Constant", [], ["c"], value=tensor))
        else:
            graph = helper.make_graph([], "inner", [], [], [tensor])
            plant(0, "If", then_branch=graph, else_branch=graph)(proto)

    return change


REASONS = {
    "dense": "a field 13 of wire type 2",
    "dense, with its own data too": "a field 13 of wire type 2",
    "sparse": "a field 15 of wire type 2",
    "attribute": "a field 5 of wire type 2",
    "function": "a field 25 of wire type 2",
    "sub-graph": "a field 6 of wire type 2",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with files that a model may name: reading the pipe would never end."""
    weights = tmp_path / "weights.bin"
    weights.write_bytes(bytes(range(256)) * 40)
    here = tmp_path / "pack"
    here.mkdir()
    (here / "weights.bin").write_bytes(weights.read_bytes())
    if hasattr(os, "mkfifo"):
        (here / "symlink.bin").symlink_to(weights)
        (here / "hardlink.bin").hardlink_to(weights)
        os.mkfifo(here / "pipe.bin")
    monkeypatch.chdir(here)
    return here


@pytest.mark.parametrize("where", REASONS)
@pytest.mark.parametrize("place", LOCATIONS.values(), ids=LOCATIONS.keys())
def test_o12_o13_external_data(folder: Path, place: dict[str, str], where: str) -> None:
    """No tensor may lie anywhere else, be it another file or the process's own memory (onnxruntime #29011)."""
    refuse(edited(_outside(where, place)), REASONS[where])


def test_o12_onnx_runtime_would_read_it(folder: Path) -> None:
    """The control: what is refused is what would have been read."""
    (folder / "model.onnx").write_bytes(edited(_outside("dense", LOCATIONS["good"])))
    onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    (folder / "weights.bin").unlink()
    with pytest.raises(Exception, match=r"weights\.bin"):
        onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(
    "dims",
    [
        (1 << 40, 1 << 40),
        (1 << 32, 1 << 32),
        (16, VOCABULARY_SIZE + (1 << 60)),
        (1 << 63, 2),
        (16, VOCABULARY_SIZE + 1),
        (16, VOCABULARY_SIZE - 1),
    ],
    ids=["2^80", "2^64 is 0", "2^64 more", "negative", "one column more", "one column less"],
)
def test_o14_dimensions_and_data(dims: tuple[int, ...]) -> None:
    """The product of the dimensions is taken without overflow."""
    for key, begin, content, end in fields(GRAPH):
        if key == 5 and b"head_weight" in GRAPH[content:end]:
            inner = GRAPH[content:end]
            kept = b"".join(inner[first:last] for other, first, _, last in fields(inner) if other != 1)
            tensor = field(1, b"".join(number(side) for side in dims)) + kept
            refuse(
                with_graph(GRAPH[:begin] + field(5, tensor) + GRAPH[end:]), "'head_weight' of shape .* has 9,952 bytes"
            )
            return
    pytest.fail("the model has no head_weight")


def _bomb(operator: str, *inputs: Any, **attributes: Any) -> bytes:
    """Return a model that is nothing but one operator on constants."""
    values = [numpy_helper.from_array(np.asarray(value), f"i{index}") for index, value in enumerate(inputs)]
    node = helper.make_node(operator, [value.name for value in values], ["o"], **attributes)
    port = helper.make_tensor_value_info("o", TensorProto.FLOAT, None)
    model = helper.make_model(
        helper.make_graph([node], "g", [], [port], values), opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    return bytes(model.SerializeToString())


HUGE = np.array([1 << 40], np.int64)
BOMBS: dict[str, tuple[Any, ...]] = {
    "ConstantOfShape": (HUGE,),
    "Tile": (np.ones(4, np.float32), HUGE),
    "Expand": (np.ones(1, np.float32), HUGE),
    "Pad": (np.ones(1, np.float32), np.array([0, 1 << 40])),
    "Range": (np.int64(0), np.int64(1 << 40), np.int64(1)),
    "OneHot": (np.zeros(4, np.int64), np.int64(1 << 40), np.array([0.0, 1.0], np.float32)),
    "Resize": (np.ones((1, 1, 1, 1), np.float32), np.array([], np.float32), np.array([], np.float32)),
    "EyeLike": (np.ones((1, 1), np.float32),),
}


@pytest.mark.parametrize("operator", BOMBS)
def test_o15_o16_bombs(operator: str) -> None:
    """A few bytes that unpack to terabytes while a model is loaded: as a model, and as a node among ours."""
    bomb = _bomb(operator, *BOMBS[operator])
    assert len(bomb) < 400
    scalar, wide = ("Range", "OneHot"), ("Resize",)
    refuse(
        bomb, r"of shape \(\) has" if operator in scalar else "more than 2 num" if operator in wide else "0 layers of"
    )
    for place in (0, 3, 10, -1):
        refuse(edited(plant(place, operator)), rf"node \d+ is Node\(operator='{operator}'")


def test_o15_the_bomb_of_152_bytes() -> None:
    bomb = _bomb("ConstantOfShape", np.array([1 << 31, 1 << 10], np.int64))
    assert len(bomb) < 152
    refuse(bomb, "0 layers of 0 cells, allowed are 1 to 4")


def _body(name: str = "body") -> Any:
    return helper.make_graph([], name, [], [], [])


LOOPS: dict[str, tuple[str, dict[str, Any]]] = {
    "Loop": ("Loop", {"body": _body()}),
    "Scan": ("Scan", {"body": _body(), "num_scan_inputs": 1}),
    "If": ("If", {"then_branch": _body(), "else_branch": _body()}),
    "SequenceMap": ("SequenceMap", {"body": _body()}),
}


@pytest.mark.parametrize(("operator", "attributes"), LOOPS.values(), ids=LOOPS.keys())
def test_o17_loops(operator: str, attributes: dict[str, Any]) -> None:
    refuse(edited(plant(0, operator, **attributes)), "a field 6 of wire type 2")
    refuse(edited(plant(0, operator)), rf"node 1 is Node\(operator='{operator}'")


def test_o17_a_loop_of_2_63_turns() -> None:
    body = helper.make_graph([], "b", [], [])
    loop = helper.make_node("Loop", ["turns", ""], [], body=body)
    turns = numpy_helper.from_array(np.array([(1 << 63) - 1]), "turns")
    model = helper.make_model(
        helper.make_graph([loop], "g", [], [], [turns]), opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    refuse(model.SerializeToString(), "0 layers of 0 cells")


@pytest.mark.parametrize("depth", [1, 100, 100_000])
def test_o17_nested_graphs(depth: int) -> None:
    """Readers that call themselves for each graph would run out of stack."""
    heads, length = [], 0
    for _ in range(depth):
        for key in (6, 5, 1):  # a graph in an attribute in a node
            head = number(key << 3 | 2) + number(length)
            heads.append(head)
            length += len(head)
    nested = b"".join(reversed(heads))
    assert len(nested) < 3_000_000
    end = next(end for key, _, _, end in fields(GRAPH) if key == 1)
    refuse(with_graph(nested + GRAPH[end:]), "a field 6 of wire type 2")


def test_o17_functions_that_call_each_other() -> None:
    def change(proto: Any) -> None:
        for name, other in (("f", "g"), ("g", "f")):
            proto.functions.append(
                helper.make_function("x", name, ["i"], ["o"], [helper.make_node(other, ["i"], ["o"], domain="x")], [])
            )

    refuse(edited(change), "a field 25 of wire type 2")
