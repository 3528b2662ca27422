"""A model file is the exact graph, or it is refused before ONNX Runtime sees it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gamemusic.composer.graph import Node, Size, check_graph, expected_nodes
from gamemusic.composer.protobuf import BYTES, NUMBER, parse
from gamemusic.errors import FormatError, PackError
from gamemusic.limits import LIMITS
from gamemusic.packs.library import shipped_dir
from gamemusic.tokens.vocabulary import FEATURES

onnx = pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def model(tiny_pack: Path) -> bytes:
    return (tiny_pack / "model.onnx").read_bytes()


def edited(model: bytes, change: Callable[[Any], None]) -> bytes:
    proto = onnx.load_model_from_string(model)
    change(proto)
    return bytes(proto.SerializeToString())


def shipped_models() -> Iterator[Path]:
    folder = shipped_dir()
    assert folder is not None
    yield from sorted(folder.glob("*/model.onnx"))


@pytest.mark.parametrize("path", list(shipped_models()), ids=lambda path: str(path.parent.name))
def test_shipped_models_are_the_exact_graph(path: Path) -> None:
    assert check_graph(path.read_bytes()) == Size(2, 384)


def test_the_nodes_are_those_that_onnx_reads(model: bytes) -> None:
    proto = onnx.load_model_from_string(model)
    found = [
        Node(
            node.op_type,
            tuple(node.input),
            tuple(node.output),
            (node.attribute[0].name, node.attribute[0].i) if node.attribute else None,
        )
        for node in proto.graph.node
    ]
    assert found == list(expected_nodes(2))


def _constant(proto: Any, name: str) -> Any:
    return next(tensor for tensor in proto.graph.initializer if tensor.name == name)


def _set(name: str, index: int, value: float) -> Callable[[Any], None]:
    def change(proto: Any) -> None:
        tensor = _constant(proto, name)
        array = onnx.numpy_helper.to_array(tensor).copy()
        array.reshape(-1)[index] = value
        tensor.CopyFrom(onnx.numpy_helper.from_array(array, name))

    return change


def _external(proto: Any) -> None:
    tensor = _constant(proto, "head_weight")
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def _subgraph(proto: Any) -> None:
    attribute = proto.graph.node[0].attribute.add(name="body", type=onnx.AttributeProto.GRAPH)
    attribute.g.name = "inner"


def _only_subgraph(proto: Any) -> None:
    del proto.graph.node[0].attribute[:]
    _subgraph(proto)


def _function(proto: Any) -> None:
    proto.functions.add(name="f", domain="x")


def _add_node(proto: Any) -> None:
    proto.graph.node.add(op_type="Identity", input=["logits"], output=["again"])


def _sparse(proto: Any) -> None:
    proto.graph.sparse_initializer.add()


def _typed_data(proto: Any) -> None:
    tensor = _constant(proto, "head_scale")
    values = onnx.numpy_helper.to_array(tensor)
    tensor.ClearField("raw_data")
    tensor.float_data.extend(values.tolist())


def _huge(proto: Any) -> None:
    tensor = _constant(proto, "head_weight")
    del tensor.dims[:]
    tensor.dims.extend([1 << 40, 1 << 40])


def _negative(proto: Any) -> None:
    tensor = _constant(proto, "head_weight")
    tensor.dims[0] = -1


def _domain(proto: Any) -> None:
    proto.graph.node[3].domain = "com.microsoft"


def _opset(proto: Any) -> None:
    proto.opset_import.add(domain="com.microsoft", version=1)


def _other_opset(proto: Any) -> None:
    proto.opset_import[0].version = 18


def _ir(proto: Any) -> None:
    proto.ir_version = 9


def _operator(proto: Any) -> None:
    proto.graph.node[4].op_type = "Loop"


def _axis(proto: Any) -> None:
    proto.graph.node[0].attribute[0].i = 0


def _rewire(proto: Any) -> None:
    proto.graph.node[8].input[0] = "layer0_scale"


def _twice(proto: Any) -> None:
    proto.graph.initializer.add().CopyFrom(_constant(proto, "tanh"))


def _unused(proto: Any) -> None:
    proto.graph.initializer.add().CopyFrom(_constant(proto, "tanh"))
    proto.graph.initializer[-1].name = "spare"


def _missing(proto: Any) -> None:
    proto.graph.initializer.remove(_constant(proto, "tanh"))


def _fixed_batch(proto: Any) -> None:
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1


def _value_info(proto: Any) -> None:
    proto.graph.value_info.add(name="chosen")


def _training(proto: Any) -> None:
    proto.training_info.add()


def _text_tensor(proto: Any) -> None:
    tensor = _constant(proto, "head_scale")
    tensor.ClearField("raw_data")
    tensor.data_type = onnx.TensorProto.STRING
    tensor.string_data.append(b"x")


HOSTILE: list[tuple[Callable[[Any], None], str]] = [
    (_external, r"a field 1[34] "),
    (_subgraph, r"a field 6 "),
    (_only_subgraph, r"a field 6 "),
    (_function, "a field 25 "),
    (_training, "a field 20 "),
    (_sparse, "a field 15 "),
    (_value_info, "a field 13 "),
    (_typed_data, "a field 4 "),
    (_text_tensor, "a field 6 "),
    (_add_node, "nodes, expected"),
    (_domain, "a field 7 "),
    (_opset, "another set of operators"),
    (_other_opset, "another set of operators"),
    (_ir, "version 9 of the representation"),
    (_operator, "node 5 is"),
    (_axis, "node 1 is"),
    (_rewire, "node 9 is"),
    (_huge, "has .* bytes"),
    (_negative, "has .* bytes"),
    (_twice, "'tanh' is there twice"),
    (_unused, "constants that none of ours has: spare"),
    (_missing, "the constant tanh is missing"),
    (_fixed_batch, "features is not of the shape"),
    (_set("head_scale", 3, float("nan")), "head_scale has values outside"),
    (_set("head_scale", 3, float("inf")), "head_scale has values outside"),
    (_set("tanh", 100, 1.5), "tanh has values outside -1 to 1"),
    (_set("layer0_weight", 5, 127), "layer0_weight has values outside -64 to 63"),
    (_set("layer1_weight", 5, -65), "layer1_weight has values outside -64 to 63"),
    (_set("embeddings", 5, 0), "embeddings has values outside 1 to 255"),
    (_set("feature_columns", 0, 10), "a feature column that there is not"),
    (_set("feature_columns", 0, -1), "a feature column that there is not"),
    (_set("feature_offsets", 0, -1), "feature_offsets has values outside"),
    (_set("feature_offsets", 0, 131071), "beyond the table"),
    (_set("index_low", 0, -9999.0), "the constant index_low is"),
    (_set("gate_sizes", 0, 1), "the constant gate_sizes is"),
    (_set("zero", 0, 0), "the constant zero is"),
]


@pytest.mark.parametrize(("change", "words"), HOSTILE, ids=lambda value: getattr(value, "__name__", str(value))[:40])
def test_anything_else_is_refused(model: bytes, change: Callable[[Any], None], words: str) -> None:
    with pytest.raises(PackError, match=rf"^mine\.onnx: this is not a model of gamemusic: .*{words}"):
        check_graph(edited(model, change), file="mine.onnx")


def test_flipped_bytes_are_refused_or_harmless(model: bytes) -> None:
    """What is left of a model after any change of some bytes is an error of ours, or still the exact graph."""
    chance = random.Random(5)
    refused = 0
    for _ in range(400):
        data = bytearray(model)
        for _ in range(chance.choice((1, 1, 3, 20))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            assert check_graph(bytes(data)) == Size(2, 16)
        except PackError:
            refused += 1
    assert refused > 100


def test_the_beginning_of_a_model_is_refused(model: bytes) -> None:
    for size in [*range(64), *range(64, len(model), 499)]:
        with pytest.raises(PackError):
            check_graph(model[:size])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x08", "cut off"),
        (b"\x08" + b"\xff" * 9 + b"\x7f", "more than 64 bits"),
        (b"\x08" + b"\xff" * 10 + b"\x01", "more than 10 bytes"),
        (b"\x12\x05abc", "a field 2 of 5 bytes, of which 3 are there"),
        (b"\x12\xff\xff\xff\xff\x0f", "of which 0 are there"),
        (b"\x1a\x00", "a field 3 of wire type 2"),
        (b"\x0b", "a field 1 of wire type 3"),
        (b"\x0d\x00\x00\x00\x00", "a field 1 of wire type 5"),
        (b"\x00\x00", "a field 0"),
        (b"\x08\x00" * 20_001, "more than 20,000 fields"),
    ],
)
def test_protocol_buffers_are_read_strictly(data: bytes, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        parse(data, {1: NUMBER, 2: BYTES})


def _say(name: str, text: str) -> Callable[[Any], None]:
    def change(proto: Any) -> None:
        proto.metadata_props.add(key=name, value=text)

    return change


def _second_attribute(proto: Any) -> None:
    proto.graph.node[0].attribute.add(name="axis", type=onnx.AttributeProto.INT, i=1)


def _last_row(more: int) -> Callable[[Any], None]:
    """Return the change by which the last value of the last feature has the table's last row, or one further on."""

    def change(proto: Any) -> None:
        columns, strides = (
            onnx.numpy_helper.to_array(_constant(proto, f"feature_{name}")) for name in ("columns", "strides")
        )
        sizes = [*FEATURES.values()]
        place = len(columns) - 1
        reached = (sizes[columns[place]] - 1) * strides[place]
        rows = _constant(proto, "embeddings").dims[0]
        _set("feature_offsets", place, rows - 1 - reached + more)(proto)

    return change


LIMITS_MET: list[tuple[Callable[[Any], None], Callable[[Any], None], str]] = [
    (_say("note", "x" * (1 << 14)), _say("note", "x" * ((1 << 14) + 1)), "bytes"),
    (_say("mine", ""), _say("format", "1"), "metadata with 'format' twice"),
    (_set("layer0_weight", 5, 63), _set("layer0_weight", 5, 64), "layer0_weight has values outside -64 to 63"),
    (_set("layer0_weight", 5, -64), _set("layer0_weight", 5, -65), "layer0_weight has values outside -64 to 63"),
    (_set("head_scale", 5, 1e4), _set("head_scale", 5, 1.01e4), "head_scale has values outside"),
    (_set("layer1_bias", 5, -1e9), _set("layer1_bias", 5, -1.01e9), "layer1_bias has values outside"),
    (_set("feature_columns", 0, len(FEATURES) - 1), _set("feature_columns", 0, len(FEATURES)), "a feature column"),
    (_last_row(0), _last_row(1), "beyond the table"),
    (lambda proto: None, _second_attribute, "attributes that none of ours has"),
]


@pytest.mark.parametrize(("last", "beyond", "words"), LIMITS_MET, ids=[words for _, _, words in LIMITS_MET])
def test_limits_are_where_they_are_said_to_be(
    model: bytes, last: Callable[[Any], None], beyond: Callable[[Any], None], words: str
) -> None:
    assert check_graph(edited(model, last)) == Size(2, 16)
    with pytest.raises(PackError, match=words):
        check_graph(edited(model, beyond))


@pytest.mark.parametrize(("name", "found"), [("model_layers", 2), ("model_cells", 16), ("model_bytes", 0)])
def test_sizes_end_at_the_callers_limits(model: bytes, name: str, found: int) -> None:
    found = found or len(model)
    met: dict[str, Any] = {name: found}
    missed: dict[str, Any] = {name: found - 1}
    assert check_graph(model, limits=replace(LIMITS, **met)) == Size(2, 16)
    with pytest.raises(PackError, match="allowed are"):
        check_graph(model, limits=replace(LIMITS, **missed))
