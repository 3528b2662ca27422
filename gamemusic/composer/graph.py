"""The exact graph, as a model file must hold it: checked byte by byte of meaning before ONNX Runtime sees it.

A model has no choice of operators. From its number of layers and cells follow all of its nodes, their names and
attributes, and the type and shape of every constant; what is left to it are the weights, and those are checked to be
numbers with which no step can leave its range. So a model from a stranger computes what ours compute, or is refused.
The numbers of the fields are those of onnx.proto, version 8 of its intermediate representation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gamemusic.composer.protobuf import BYTES, NUMBER, Message, parse
from gamemusic.errors import FormatError, PackError
from gamemusic.limits import LIMITS, Limits
from gamemusic.tokens.vocabulary import FEATURES, VOCABULARY_SIZE

__all__ = ["Node", "Size", "check_graph", "expected_nodes", "printable"]

Array = npt.NDArray[Any]

LARGEST_WEIGHT = 64
"""8-bit products are exact everywhere for weights of -64 to 63, see ``docs/exact-graph.md``."""
_MAX_COLUMNS, _MAX_ROWS = 256, 1 << 17
_OPSET, _IR_VERSION = 17, 8
_TABLE = 2048
_LOGIT_LIMIT = float(1 << 20)
_MOST_METADATA = 1 << 14
"""Longest text of the metadata, in bytes."""
_FLOAT, _UINT8, _INT8, _INT32, _INT64 = 1, 2, 3, 6, 7
_TYPES: dict[int, str] = {_FLOAT: "<f4", _UINT8: "u1", _INT8: "i1", _INT32: "<i4", _INT64: "<i8"}

_MODEL = {1: NUMBER, 2: BYTES, 7: BYTES, 8: BYTES, 14: BYTES}
_GRAPH = {1: BYTES, 2: BYTES, 5: BYTES, 11: BYTES, 12: BYTES}
_NODE = {1: BYTES, 2: BYTES, 3: BYTES, 4: BYTES, 5: BYTES}
_ATTRIBUTE = {1: BYTES, 3: NUMBER, 20: NUMBER}
_TENSOR: dict[int, int | tuple[int, ...]] = {1: (NUMBER, BYTES), 2: NUMBER, 8: BYTES, 9: BYTES}
_INT_ATTRIBUTE = 2


@dataclass(frozen=True, slots=True)
class Node:
    """An operator and what it works on."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attribute: tuple[str, int] | None = None
    """Name and value of its only attribute."""


@dataclass(frozen=True, slots=True)
class Size:
    """What is left open in the graph."""

    layers: int
    hidden: int


def check_graph(model: bytes, *, file: object = "model.onnx", limits: Limits = LIMITS) -> Size:
    """Return the size of a model that is the exact graph and nothing else.

    Args:
        model: The file's bytes.
        file: The name that messages give.
        limits: How large it may be.

    Raises:
        PackError: It is not, with the first thing that is otherwise.
    """
    try:
        return _check(model, limits)
    except FormatError as error:
        reason = printable(str(error))
        raise PackError(f"this is not a model of gamemusic: {reason}; export it again", file=file) from None


def printable(text: str, most: int = 600) -> str:
    """Return the beginning of what a stranger's model says, with all that is not printed escaped."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text[:most])


def _check(model: bytes, limits: Limits) -> Size:
    if len(model) > limits.model_bytes:
        raise FormatError(f"{len(model):,} bytes, allowed are {limits.model_bytes:,}")
    root = parse(model, _MODEL)
    if root.number(1) != _IR_VERSION:
        raise FormatError(f"version {root.number(1)} of the representation, expected {_IR_VERSION}")
    sets = [parse(part, {1: BYTES, 2: NUMBER}) for part in root.parts.get(8, ())]
    if [(one.text(1), one.number(2)) for one in sets] != [("", _OPSET)]:
        raise FormatError(f"another set of operators than {_OPSET}")
    _check_metadata(root)
    graphs = root.parts.get(7, [])
    if len(graphs) != 1:
        raise FormatError(f"{len(graphs)} graphs, expected 1")
    graph = parse(graphs[0], _GRAPH)
    constants = _read_constants(graph)
    size = _find_size(constants, limits)
    _check_nodes(graph, size)
    _check_ports(graph, size)
    _check_constants(constants, size)
    return size


def _check_metadata(root: Message) -> None:
    """Check that the metadata, which ONNX Runtime hands on as it is, are short texts, each under a name of its own."""
    names: set[str] = set()
    for part in root.parts.get(14, ()):
        entry = parse(part, {1: BYTES, 2: BYTES})
        name = entry.text(1)
        entry.text(2, _MOST_METADATA)
        if name in names:
            raise FormatError(f"metadata with {name!r} twice")
        names.add(name)


def expected_nodes(layers: int) -> Iterator[Node]:
    """Yield the nodes of the graph, in their order."""
    yield Node("Gather", ("features", "feature_columns"), ("chosen",), ("axis", 1))
    yield Node("Mul", ("chosen", "feature_strides"), ("strided",))
    yield Node("Add", ("strided", "feature_offsets"), ("rows",))
    yield Node("Gather", ("embeddings", "rows"), ("embedded",), ("axis", 0))
    yield Node("Reshape", ("embedded", "embedded_shape"), ("inputs",))
    current = "inputs"
    for number in range(layers):
        yield from _layer(number, current)
        current = f"hidden_{number}_next"
    yield from _product(current, "head_weight", "head", "head")
    yield Node("Round", ("head",), ("head_round",))
    yield Node("Clip", ("head_round", "logit_low", "logit_high"), ("head_clip",))
    yield Node("Cast", ("head_clip",), ("logits",), ("to", _INT32))


def _layer(number: int, current: str) -> Iterator[Node]:
    p = f"layer{number}"
    yield Node("Concat", (current, f"hidden_{number}"), (f"{p}_joined",), ("axis", 1))
    yield from _product(f"{p}_joined", f"{p}_weight", p, f"{p}_gates")
    yield from _index(f"{p}_gates", f"{p}_index")
    gates = tuple(f"{p}_index_{gate}" for gate in ("input", "forget", "cell", "output"))
    yield Node("Split", (f"{p}_index", "gate_sizes"), gates, ("axis", 1))
    for gate, name in ((0, "enter"), (1, "forget"), (3, "leave")):
        yield Node("Gather", ("sigmoid", gates[gate]), (f"{p}_{name}",), ("axis", 0))
    yield Node("Gather", ("tanh", gates[2]), (f"{p}_fresh",), ("axis", 0))
    yield Node("Mul", (f"{p}_forget", f"cell_{number}"), (f"{p}_kept",))
    yield Node("Mul", (f"{p}_enter", f"{p}_fresh"), (f"{p}_added",))
    yield Node("Add", (f"{p}_kept", f"{p}_added"), (f"cell_{number}_next",))
    yield Node("Mul", (f"cell_{number}_next", "index_steps"), (f"{p}_cell_steps",))
    yield from _index(f"{p}_cell_steps", f"{p}_cell_index")
    yield Node("Gather", ("tanh", f"{p}_cell_index"), (f"{p}_bent",), ("axis", 0))
    yield Node("Mul", (f"{p}_leave", f"{p}_bent"), (f"{p}_output",))
    yield Node("Mul", (f"{p}_output", "activation_steps"), (f"{p}_output_steps",))
    yield Node("Round", (f"{p}_output_steps",), (f"{p}_output_round",))
    yield Node("Add", (f"{p}_output_round", "zero_float"), (f"{p}_shifted",))
    yield Node("Clip", (f"{p}_shifted", "byte_low", "byte_high"), (f"{p}_output_clip",))
    yield Node("Cast", (f"{p}_output_clip",), (f"hidden_{number}_next",), ("to", _UINT8))


def _product(inputs: str, weight: str, scaling: str, name: str) -> Iterator[Node]:
    yield Node("MatMulInteger", (inputs, weight, "zero"), (f"{name}_sums",))
    yield Node("Cast", (f"{name}_sums",), (f"{name}_floats",), ("to", _FLOAT))
    yield Node("Mul", (f"{name}_floats", f"{scaling}_scale"), (f"{name}_scaled",))
    yield Node("Add", (f"{name}_scaled", f"{scaling}_bias"), (name,))


def _index(steps: str, name: str) -> Iterator[Node]:
    yield Node("Round", (steps,), (f"{name}_round",))
    yield Node("Clip", (f"{name}_round", "index_low", "index_high"), (f"{name}_clip",))
    yield Node("Cast", (f"{name}_clip",), (f"{name}_cast",), ("to", _INT32))
    yield Node("Add", (f"{name}_cast", "index_shift"), (name,))


def _check_nodes(graph: Message, size: Size) -> None:
    expected = list(expected_nodes(size.layers))
    parts = graph.parts.get(1, [])
    if len(parts) != len(expected):
        raise FormatError(f"{len(parts)} nodes, expected {len(expected)}")
    for place, (part, wanted) in enumerate(zip(parts, expected, strict=True), start=1):
        found = _read_node(part)
        if found != wanted:
            raise FormatError(f"node {place} is {found}, expected {wanted}")


def _read_node(part: memoryview) -> Node:
    node = parse(part, _NODE)
    ports = [tuple(_text(one) for one in node.parts.get(key, ())) for key in (1, 2)]
    attributes = [parse(one, _ATTRIBUTE) for one in node.parts.get(5, ())]
    if len(attributes) > 1 or any(one.number(20) != _INT_ATTRIBUTE for one in attributes):
        raise FormatError("a node with attributes that none of ours has")
    attribute = (attributes[0].text(1), attributes[0].number(3)) if attributes else None
    return Node(node.text(4), ports[0], ports[1], attribute)


def _text(part: memoryview) -> str:
    if len(part) > 256:
        raise FormatError("a name of more than 256 bytes")
    return bytes(part).decode("utf-8", "replace")


def _check_ports(graph: Message, size: Size) -> None:
    """Check the names, types and shapes of what goes in and comes out."""
    inputs = [("features", _INT64, len(FEATURES))]
    outputs = [("logits", _INT32, VOCABULARY_SIZE)]
    for number in range(size.layers):
        for name, kind in ((f"hidden_{number}", _UINT8), (f"cell_{number}", _FLOAT)):
            inputs.append((name, kind, size.hidden))
            outputs.append((f"{name}_next", kind, size.hidden))
    for key, expected in ((11, inputs), (12, outputs)):
        found = [_read_port(part) for part in graph.parts.get(key, ())]
        if found != expected:
            raise FormatError(f"{'inputs' if key == 11 else 'outputs'} {found}, expected {expected}")


def _read_port(part: memoryview) -> tuple[str, int, int]:
    port = parse(part, {1: BYTES, 2: BYTES})
    tensor = parse(parse(port.part(2), {1: BYTES}).part(1), {1: NUMBER, 2: BYTES})
    sizes = [parse(one, {1: NUMBER, 2: BYTES}) for one in parse(tensor.part(2), {1: BYTES}).parts.get(1, ())]
    if len(sizes) != 2 or sizes[0].text(2) != "batch" or sizes[0].numbers or sizes[1].parts:
        raise FormatError(f"{port.text(1)} is not of the shape (batch, size)")
    return port.text(1), tensor.number(1), sizes[1].number(1)


def _read_constants(graph: Message) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for part in graph.parts.get(5, ()):
        tensor = parse(part, _TENSOR)
        name, kind = tensor.text(8), tensor.number(2)
        shape = tuple(tensor.packed(1, most=2))
        if kind not in _TYPES or name in found:
            raise FormatError(f"the constant {name!r} is there twice, or of a type {kind} that none of ours has")
        raw = tensor.part(9)
        width = np.dtype(_TYPES[kind]).itemsize
        count = 1
        for side in shape:
            count *= side
        if not shape or count * width != len(raw) or not count:
            raise FormatError(f"the constant {name!r} of shape {shape} has {len(raw):,} bytes")
        found[name] = np.frombuffer(raw, _TYPES[kind]).reshape(shape)
    return found


def _find_size(constants: dict[str, Array], limits: Limits) -> Size:
    most_layers, most_cells = limits.model_layers, limits.model_cells
    layers = sum(f"layer{number}_weight" in constants for number in range(most_layers + 1))
    head = constants.get("head_weight")
    hidden = 0 if head is None or head.ndim != 2 else head.shape[0]
    if not 1 <= layers <= most_layers or not 1 <= hidden <= most_cells:
        raise FormatError(f"{layers} layers of {hidden} cells, allowed are 1 to {most_layers} of 1 to {most_cells}")
    return Size(layers, hidden)


def _check_constants(constants: dict[str, Array], size: Size) -> None:
    """Check the type and shape of every constant, and that its values keep every step in its range."""
    fixed: dict[str, Array] = {
        "embedded_shape": np.array([0, -1], "<i8"),
        "gate_sizes": np.array([size.hidden] * 4, "<i8"),
        "zero": np.array([128], "u1"),
        "index_shift": np.array([_TABLE // 2], "<i4"),
        **{
            name: np.array([value], "<f4")
            for name, value in (
                ("index_steps", 128.0),
                ("activation_steps", 127.0),
                ("zero_float", 128.0),
                ("byte_low", 1.0),
                ("byte_high", 255.0),
                ("index_low", -_TABLE / 2),
                ("index_high", _TABLE / 2 - 1),
                ("logit_low", -_LOGIT_LIMIT),
                ("logit_high", _LOGIT_LIMIT),
            )
        },
    }
    for name, value in fixed.items():
        found = _take(constants, name, value.dtype.str, value.shape)
        if not np.array_equal(found, value):
            raise FormatError(f"the constant {name} is {found.tolist()}, expected {value.tolist()}")
    width = _check_embeddings(constants)
    for table, low in (("sigmoid", 0.0), ("tanh", -1.0)):
        _check_range(table, _take(constants, table, "<f4", (_TABLE,)), low, 1.0)
    for number in range(size.layers):
        _check_product(constants, f"layer{number}", width + size.hidden, 4 * size.hidden)
        width = size.hidden
    _check_product(constants, "head", size.hidden, VOCABULARY_SIZE)
    if constants:
        raise FormatError(f"constants that none of ours has: {', '.join(sorted(constants))[:200]}")


def _check_embeddings(constants: dict[str, Array]) -> int:
    """Check that every value of every feature has its row, and return the width of the first layer's input."""
    columns = constants.get("feature_columns")
    table = constants.get("embeddings")
    count = 0 if columns is None or columns.ndim != 1 else len(columns)
    rows, wide = (0, 0) if table is None or table.ndim != 2 else table.shape
    if not 1 <= count <= _MAX_COLUMNS or not 1 <= rows <= _MAX_ROWS or not 1 <= wide <= _MAX_COLUMNS:
        raise FormatError(f"{count} feature columns and a table of {rows} x {wide} embeddings")
    chosen = _take(constants, "feature_columns", "<i8", (count,))
    strides = _take(constants, "feature_strides", "<i8", (count,))
    offsets = _take(constants, "feature_offsets", "<i8", (count,))
    _check_range("embeddings", _take(constants, "embeddings", "u1", (rows, wide)), 1, 255)
    if chosen.min() < 0 or chosen.max() >= len(FEATURES):
        raise FormatError("a feature column that there is not")
    last = np.array(list(FEATURES.values()))[chosen] - 1
    for name, values in (("strides", strides), ("offsets", offsets)):
        _check_range(f"feature_{name}", values, 0, _MAX_ROWS)
    if (last * strides + offsets).max() >= rows:
        raise FormatError("feature values beyond the table of embeddings")
    return int(count * wide)


def _check_product(constants: dict[str, Array], name: str, height: int, width: int) -> None:
    weight = _take(constants, f"{name}_weight", "i1", (height, width))
    _check_range(f"{name}_weight", weight, -LARGEST_WEIGHT, LARGEST_WEIGHT - 1)
    for kind, most in (("scale", 1e4), ("bias", 1e9)):
        _check_range(f"{name}_{kind}", _take(constants, f"{name}_{kind}", "<f4", (width,)), -most, most)


def _take(constants: dict[str, Array], name: str, kind: str, shape: tuple[int, ...]) -> Array:
    found = constants.pop(name, None)
    if found is None or found.dtype != np.dtype(kind) or found.shape != shape:
        there = "missing" if found is None else f"{found.dtype} {found.shape}"
        raise FormatError(f"the constant {name} is {there}, expected {np.dtype(kind)} {shape}")
    return found


def _check_range(name: str, values: Array, low: float, high: float) -> None:
    # a comparison with what is not a number is false
    if not (np.all(values >= low) and np.all(values <= high)):
        raise FormatError(f"the constant {name} has values outside {low:g} to {high:g}, or that are no numbers")
