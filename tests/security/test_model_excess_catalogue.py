"""The catalogue of bad models, rows O18 to O24: cycles, sizes without end, text, chance, other ways to compute."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from modelbytes import (  # noqa: E402
    FILE,
    GRAPH,
    MODEL,
    Change,
    constant,
    edited,
    field,
    fields,
    plant,
    refuse,
    replace,
    with_graph,
)
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from gamemusic.composer.graph import check_graph  # noqa: E402
from gamemusic.composer.session import Session  # noqa: E402
from gamemusic.errors import PackError  # noqa: E402
from gamemusic.limits import Limits  # noqa: E402
from gamemusic.packs.pack import open_pack  # noqa: E402


def _cycle(proto: Any) -> None:
    proto.graph.node[2].input[0] = proto.graph.node[2].output[0]


def _long_cycle(proto: Any) -> None:
    proto.graph.node[1].input[0] = "logits"


def _two_makers(proto: Any) -> None:
    proto.graph.node[2].output[0] = "strided"


def _turned(proto: Any) -> None:
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in proto.graph.node]
    for node, other in zip(proto.graph.node, reversed(nodes), strict=True):
        node.CopyFrom(other)


O18: dict[str, tuple[Change, str]] = {
    "cycle": (_cycle, "node 3 is"),
    "long cycle": (_long_cycle, "node 2 is"),
    "two makers": (_two_makers, "node 3 is"),
    "other order": (_turned, "node 1 is"),
    "constant twice": (lambda p: p.graph.initializer.add().CopyFrom(constant(p, "zero")), "'zero' is there twice"),
}


@pytest.mark.parametrize(("change", "words"), O18.values(), ids=O18.keys())
def test_o18_cycles_and_duplicates(change: Change, words: str) -> None:
    refuse(edited(change), words)


def test_o18_nodes_of_one_name() -> None:
    """A node's own name means nothing to us; ONNX Runtime wants each to be another."""

    def change(proto: Any) -> None:
        for node in proto.graph.node:
            node.name = "same\x1b[2J"

    data = edited(change)
    assert check_graph(data).layers == 2
    with pytest.raises(
        PackError, match=r"^mine/model\.onnx: not a usable model: .*same node name \(same\\x1b"
    ) as caught:
        Session(data, file=FILE)
    assert str(caught.value).isprintable()


def test_o19_more_than_2_gb(tmp_path: Path, tiny_pack: Path) -> None:
    """A hole of 2 GB: refused by its size, before a byte is read."""
    for name in ("preset.yaml", "card.json", "model.onnx"):
        (tmp_path / name).write_bytes((tiny_pack / name).read_bytes())
    try:
        os.truncate(tmp_path / "model.onnx", (1 << 31) + 1)
    except OSError:
        pytest.skip("this file system has no files of 2 GB")
    with pytest.raises(PackError, match=r"model\.onnx has 2147483649 bytes, allowed are 16777216"):
        open_pack(tmp_path)


def test_o19_more_than_allowed() -> None:
    refuse(MODEL + bytes(16 * 1024 * 1024), "16,901,260 bytes, allowed are 16,777,216")
    with pytest.raises(PackError, match="124,044 bytes, allowed are 124,043"):
        Session(MODEL, limits=Limits(model_bytes=124_043))


def test_o20_a_million_nodes() -> None:
    refuse(with_graph(field(1, b"") * 1_000_000), "more than 20,000 fields in one message")
    refuse(with_graph(field(1, b"") * 19_999), "0 layers of 0 cells")
    refuse(with_graph(GRAPH + field(1, b"") * 15_000), r"15,?\d{3} nodes, expected")


def test_o20_a_node_of_a_million_inputs() -> None:
    end = next(end for key, _, _, end in fields(GRAPH) if key == 1)
    refuse(with_graph(field(1, field(1, b"x") * 1_000_000) + GRAPH[end:]), "more than 20,000 fields in one message")
    refuse(with_graph(field(1, field(1, b"\x1b" * 250) * 15_000) + GRAPH[end:]), r"node 1 is Node.*\\x1b")


def test_o21_tensors_of_text() -> None:
    def change(proto: Any) -> None:
        proto.graph.initializer.append(numpy_helper.from_array(np.array(["a", "b" * 10_000], object), "words"))

    refuse(edited(change), "a field 6 of wire type 2")

    def empty(proto: Any) -> None:
        constant(proto, "head_bias").data_type = TensorProto.STRING

    refuse(edited(empty), "'head_bias' is there twice, or of a type 8 ")


def _props(key: str, value: str) -> Change:
    return lambda proto: proto.metadata_props.add(key=key, value=value)


O22: dict[str, tuple[bytes, str]] = {
    "100 MB": (MODEL + field(14, field(1, b"k") + field(2, bytes(100_000_000))), "bytes, allowed are 16,777,216"),
    "15 MB": (edited(_props("k", "v" * 15_000_000)), "a text of 15,000,000 bytes, allowed are 16384"),
    "15 MB of name": (edited(_props("k" * 15_000_000, "v")), "a text of 15,000,000 bytes, allowed are 256"),
    "twice": (edited(_props("format", "1")), "metadata with 'format' twice"),
    "not UTF-8": (MODEL.replace(b"tiny", b"t\xffny"), "a text that is no UTF-8"),
    "more in it": (MODEL + field(14, field(1, b"k") + field(3, b"x")), "a field 3 of wire type 2"),
    "value twice": (MODEL + field(14, field(1, b"k") + field(2, b"x") * 2), "a field 2 that is there 2 times"),
    "20,000": (edited(*(_props(f"k{n}", "v") for n in range(20_000))), "more than 20,000 fields"),
}


@pytest.mark.parametrize(("data", "words"), O22.values(), ids=O22.keys())
def test_o22_metadata(data: bytes, words: str) -> None:
    refuse(data, words)


def test_o22_metadata_in_messages_is_short_and_printed_as_text() -> None:
    for name in ("format", "vocabulary_hash", "vocabulary_version", "layers"):

        def change(proto: Any, name: str = name) -> None:
            for entry in proto.metadata_props:
                if entry.key in (name, "vocabulary_hash" if name == "vocabulary_version" else name):
                    entry.value = "\x1b[2J\u202e" * 1000

        with pytest.raises(PackError, match=r"\\x1b") as caught:
            Session(edited(change), file=FILE)
        assert len(str(caught.value)) < 400
        assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("operator", "attributes", "words"),
    [
        ("RandomNormal", {"shape": [1, 10]}, "a field 8 of wire type"),
        ("RandomUniform", {"seed": 1.0}, "a field 2 of wire type 5"),
        ("RandomNormalLike", {}, "node 1 is Node"),
        ("RandomUniformLike", {"dtype": 1}, "node 1 is Node"),
        ("Multinomial", {"sample_size": 5}, "node 1 is Node"),
        ("Bernoulli", {}, "node 1 is Node"),
        ("Dropout", {}, "node 1 is Node"),
    ],
)
def test_o23_random_operators(operator: str, attributes: dict[str, Any], words: str) -> None:
    """The same seed would no longer give the same notes."""
    refuse(
        edited(plant(0, operator, **attributes)), "a field 7 of wire type 2|node 1 is Node|a field [248] |attributes"
    )


def test_o24_dynamic_axes() -> None:
    def change(proto: Any) -> None:
        for port in (*proto.graph.input, *proto.graph.output):
            port.type.tensor_type.shape.dim[1].dim_param = "n"

    refuse(edited(change), "features is not of the shape")


def test_o24_weights_of_other_widths() -> None:
    """Unsigned, in 4 bits, and in floats, as other ways of making models small would have them."""
    refuse(
        edited(replace("head_weight", lambda array: array.astype(np.uint8))), "head_weight is uint8 .* expected int8"
    )
    refuse(edited(replace("head_weight", lambda array: array.astype(np.float32))), "head_weight is float32")

    def packed(proto: Any) -> None:
        tensor = constant(proto, "head_weight")
        tensor.data_type, tensor.raw_data = TensorProto.INT4, tensor.raw_data[: len(tensor.raw_data) // 2]

    refuse(edited(packed), "'head_weight' is there twice, or of a type 22 ")


@pytest.mark.parametrize("operator", ["MatMul", "QLinearMatMul", "DynamicQuantizeLinear", "LSTM", "MatMulNBits"])
def test_o24_other_ways_to_multiply(operator: str) -> None:
    place = next(
        i for i, node in enumerate(onnx.load_model_from_string(MODEL).graph.node) if node.op_type[:6] == "MatMul"
    )
    refuse(edited(plant(place, operator)), rf"node {place + 1} is Node\(operator='{operator}'")


def test_o24_an_lstm_in_floats() -> None:
    """What an exporter of another program makes of such a network."""
    weights = [
        numpy_helper.from_array(np.ones(shape, np.float32), name)
        for name, shape in (("w", (1, 8, 4)), ("r", (1, 8, 2)))
    ]
    graph = helper.make_graph(
        [helper.make_node("LSTM", ["x", "w", "r"], ["y"], hidden_size=2)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["t", "b", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["t", 1, "b", 2])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    refuse(model.SerializeToString(), "more than 2 numbers in a row")
