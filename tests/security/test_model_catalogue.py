"""The catalogue of bad models, rows O1 to O9: files that are damaged, or of another shape than ours."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

import onnxruntime  # noqa: E402  # onnx may be missing
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
    put,
    refuse,
    replace,
    with_graph,
)
from onnx import TensorProto, helper  # noqa: E402

from gamemusic.composer.graph import check_graph  # noqa: E402
from gamemusic.composer.session import Session  # noqa: E402
from gamemusic.errors import PackError  # noqa: E402
from gamemusic.tokens.vocabulary import FEATURES, VOCABULARY_SIZE  # noqa: E402


def _boundaries() -> list[int]:
    """Return where a field of the model, of its graph, or of a node or constant begins."""
    found = []
    for key, begin, content, end in fields(MODEL):
        found.append(begin)
        if key == 7:
            for inner, first, start, last in fields(MODEL[content:end]):
                found.append(content + first)
                if inner in (1, 5):
                    found += [content + start + b for _, b, _, _ in fields(MODEL[content + start : content + last])]
    return found


def _rebuilt(data: bytes, path: tuple[int, ...], change: Callable[[bytes], bytes]) -> bytes:
    """Return a message with the first field of each key of a path rewritten, and all lengths on the way."""
    made, key = b"", path[0]
    for found, begin, content, end in fields(data):
        if found == key:
            inner = data[content:end]
            made += field(key, _rebuilt(inner, path[1:], change) if path[1:] else change(inner)) + data[end:]
            return made
        made += data[begin:end]
    raise AssertionError(f"no field {key}")


def test_sides_that_are_a_name_and_a_number() -> None:
    """ONNX's own classes hold one of the two, and which of them a reader believes is its own business."""
    shape = (7, 11, 2, 1, 2)
    assert _rebuilt(MODEL, (*shape, 1), lambda side: side) == MODEL
    refuse(_rebuilt(MODEL, (*shape, 1), lambda batch: batch + field(1, 1)), "features is not of the shape")

    def name_last(sides: bytes) -> bytes:
        first, last = (sides[content:end] for _, _, content, end in fields(sides))
        return field(1, first) + field(1, last + field(2, b"any"))

    refuse(_rebuilt(MODEL, shape, name_last), "features is not of the shape")


def test_o01_cut_at_each_percent_and_each_boundary() -> None:
    """All that is needed ends with the metadata's ``hidden``; of what stands after it, whole fields may be missing."""
    needed = next(end for _, _, _, end in fields(MODEL) if MODEL[:end].endswith(b"\x0a\x06hidden\x12\x0216"))
    cuts = {len(MODEL) * percent // 100 for percent in range(100)} | {begin + 1 for _, begin, _, _ in fields(MODEL)}
    boundaries = _boundaries()
    assert len(boundaries) > 400
    before, _ = Session(MODEL).step(features := np.ones((1, len(FEATURES)), np.int64), Session(MODEL).start(1))
    accepted = []
    for cut in sorted(cuts | set(boundaries)):
        try:
            session = Session(MODEL[:cut], file=FILE)
        except PackError as error:
            assert str(error).startswith(FILE)
        else:
            assert np.array_equal(session.step(features, session.start(1))[0], before)
            accepted.append(cut)
    assert accepted == [begin for _, begin, _, _ in fields(MODEL) if begin >= needed]


def _ort_format(folder: Path) -> bytes:
    """Return the model in ONNX Runtime's own format."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.save_model_format", "ORT")
    options.optimized_model_filepath = str(folder / "model.ort")
    options.log_severity_level = 4
    onnxruntime.InferenceSession(MODEL, options, providers=["CPUExecutionProvider"])
    return (folder / "model.ort").read_bytes()


def test_o02_flatbuffers_of_onnx_runtime(tmp_path: Path) -> None:
    """ONNX Runtime would take its own format from bytes, unchecked by us."""
    data = _ort_format(tmp_path)
    assert data[4:8] == b"ORTM"
    assert onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).get_outputs()[0].name == "logits"
    refuse(data, "a field [0-9]+ of wire type")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "version 0 of the representation"),
        (b"not a protocol buffer", "a field 13 of wire type 6"),
        (gzip.compress(MODEL, mtime=0), "a field 3 of wire type 7"),
        (b"PK\x03\x04" + MODEL, "a field 10 of wire type 0"),
        (json.dumps({"irVersion": 8}).encode(), "a field 15 of wire type 3"),
        (bytes(5000), "a field 0 of wire type 0"),
        (b"\xff" * 5000, "more than 10 bytes"),
        (MODEL + b"\n", "a field 1 of wire type 2"),
        (MODEL + MODEL, "a field 1 that is there 2 times"),
    ],
    ids=["empty", "text", "gzip", "zip", "json", "zeros", "ones", "line feed after", "twice"],
)
def test_o02_not_a_model_at_all(data: bytes, words: str) -> None:
    refuse(data, words)


@pytest.mark.parametrize("version", [0, None, -1, 1, 7, 9, 1 << 40, (1 << 63) - 1])
def test_o03_version_of_the_representation(version: int | None) -> None:
    def change(proto: Any) -> None:
        proto.ClearField("ir_version")
        if version is not None:
            proto.ir_version = version

    refuse(edited(change), r"version \d+ of the representation, expected 8")


@pytest.mark.parametrize("version", [0, None, -1, 1, 16, 18, 1 << 40])
def test_o03_set_of_operators(version: int | None) -> None:
    def change(proto: Any) -> None:
        del proto.opset_import[:]
        if version is not None:
            proto.opset_import.add(domain="", version=version)

    refuse(edited(change), "another set of operators than 17")


@pytest.mark.parametrize("domain", ["com.microsoft", "ai.onnx.ml", "ai.onnx.training", "mine"])
def test_o04_domains_of_others(domain: str) -> None:
    refuse(edited(lambda proto: setattr(proto.graph.node[3], "domain", domain)), "a field 7 of wire type 2")
    refuse(edited(lambda proto: proto.opset_import.add(domain=domain, version=1)), "another set of operators than 17")


@pytest.mark.parametrize("operator", ["PyOp", "PythonOp", "FusedMatMul", "QLinearAdd", "Mine", "gather", ""])
def test_o04_operators_of_others(operator: str) -> None:
    refuse(edited(plant(1, operator)), "node 2 is Node")


def _rename_everywhere(proto: Any) -> None:
    proto.graph.input[0].name = "tokens"
    proto.graph.node[0].input[0] = "tokens"


def _swap_ports(ports: str) -> Change:
    def change(proto: Any) -> None:
        first, second = (onnx.ValueInfoProto.FromString(p.SerializeToString()) for p in getattr(proto.graph, ports)[:2])
        getattr(proto.graph, ports)[0].CopyFrom(second)
        getattr(proto.graph, ports)[1].CopyFrom(first)

    return change


def _extra_input(proto: Any) -> None:
    proto.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, ["batch", 4]))


def _double_input(proto: Any) -> None:
    proto.graph.input.add().CopyFrom(proto.graph.input[0])


def _constant_as_input(proto: Any) -> None:
    """As representations before the fourth had it: a caller may then give another value."""
    proto.graph.input.append(helper.make_tensor_value_info("head_weight", TensorProto.INT8, [16, VOCABULARY_SIZE]))


O05: dict[str, tuple[Change, str]] = {
    "renamed": (_rename_everywhere, "node 1 is"),
    "renamed port": (lambda proto: setattr(proto.graph.input[2], "name", "cell"), r"inputs \[.*'cell', 1, 16"),
    "missing": (lambda proto: proto.graph.input.pop(), r"inputs \["),
    "none": (lambda proto: proto.graph.ClearField("input"), r"inputs \[\], expected"),
    "extra": (_extra_input, r"inputs \[.*'more', 1, 4"),
    "twice": (_double_input, r"inputs \["),
    "reordered": (_swap_ports("input"), r"inputs \[\('hidden_0', 2, 16\), \('features'"),
    "reordered outputs": (_swap_ports("output"), r"outputs \[\('hidden_0_next', 2, 16\), \('logits'"),
    "constant": (_constant_as_input, "head_weight is not of the shape"),
}


@pytest.mark.parametrize(("change", "words"), O05.values(), ids=O05.keys())
def test_o05_inputs(change: Change, words: str) -> None:
    refuse(edited(change), words)


KINDS = ("FLOAT16", "DOUBLE", "BFLOAT16", "INT8", "UINT16", "STRING", "BOOL", "COMPLEX64", "UNDEFINED")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ports", ["input", "output"])
def test_o06_types_of_inputs_and_outputs(ports: str, kind: str) -> None:
    for place in range(3):

        def change(proto: Any, place: int = place) -> None:
            getattr(proto.graph, ports)[place].type.tensor_type.elem_type = TensorProto.DataType.Value(kind)

        refuse(edited(change), rf"{ports}s \[.*, expected ")


@pytest.mark.parametrize("kind", ["float16", "float64", "uint8", "int32", "bool"])
@pytest.mark.parametrize("name", ["head_scale", "layer0_weight", "embeddings", "feature_columns", "sigmoid"])
def test_o06_types_of_constants(name: str, kind: str) -> None:
    if (name, kind) == ("embeddings", "uint8"):
        kind = "int8"
    refuse(edited(replace(name, lambda array: array.astype(kind))), f"constant '?{name}'? is")


def _shape(ports: str, *sizes: int | str) -> Change:
    def change(proto: Any) -> None:
        port = getattr(proto.graph, ports)[1]
        port.CopyFrom(helper.make_tensor_value_info(port.name, TensorProto.UINT8, list(sizes)))

    return change


SHAPES: dict[str, tuple[int | str, ...]] = {
    "rank 0": (),
    "rank 1": (16,),
    "rank 3": ("batch", 1, 16),
    "fixed batch": (1, 16),
    "batch -1": (-1, 16),
    "batch of another name": ("N", 16),
    "symbolic cells": ("batch", "cells"),
    "both symbolic": ("batch", "batch"),
}
OTHER_SIZES = {"0": 0, "-1": -1, "15": 15, "2^40": 1 << 40, "2^63": -(1 << 63)}


@pytest.mark.parametrize("ports", ["input", "output"])
@pytest.mark.parametrize("sizes", SHAPES.values(), ids=SHAPES.keys())
def test_o07_shapes(ports: str, sizes: tuple[int | str, ...]) -> None:
    refuse(edited(_shape(ports, *sizes)), r"hidden_0(_next)? is not of the shape \(batch, size\)")


@pytest.mark.parametrize("ports", ["input", "output"])
@pytest.mark.parametrize("size", OTHER_SIZES.values(), ids=OTHER_SIZES.keys())
def test_o07_sizes(ports: str, size: int) -> None:
    refuse(edited(_shape(ports, "batch", size)), rf"{ports}s \[")


def test_o07_a_port_without_type() -> None:
    refuse(edited(lambda proto: proto.graph.input[1].ClearField("type")), "hidden_0 is not of the shape")


@pytest.mark.parametrize("shape", [(0,), (-1, 4), (1 << 40,), (16, 1, VOCABULARY_SIZE), (16 * VOCABULARY_SIZE,), ()])
def test_o07_shapes_of_constants(shape: tuple[int, ...]) -> None:
    def change(proto: Any) -> None:
        del constant(proto, "head_weight").dims[:]
        constant(proto, "head_weight").dims.extend(shape)

    refuse(edited(change), r"'head_weight' of shape .* bytes|more than 2 numbers|layers of 0 cells")


def test_o07_two_readers_of_one_file_would_differ() -> None:
    """Protocol buffers join messages that are there twice, take the last of two choices, and mix ways of writing."""
    dimensions = [field(1, field(2, b"batch")), field(1, field(1, 16))]
    kind = field(1, field(1, 2) + field(2, b"".join(dimensions)))
    port = field(1, b"hidden_0") + field(2, kind)
    refuse(_with_port(port + field(2, kind)), "a field 2 that is there 2 times")
    refuse(_with_port(field(1, b"hidden_0") + field(2, kind + kind)), "a field 1 that is there 2 times")
    both = field(1, field(1, 2) + field(2, field(1, field(2, b"batch") + field(1, 1)) + dimensions[1]))
    refuse(_with_port(field(1, b"hidden_0") + field(2, both)), "hidden_0 is not of the shape")
    assert check_graph(_with_port(port)).hidden == 16, "the control"

    tensor = field(1, 16) + field(1, bytes((16,))) + field(2, 3) + field(8, b"mine") + field(9, bytes(256))
    refuse(with_graph(GRAPH + field(5, tensor)), "a field 1 that is written in two ways")
    refuse(MODEL + field(1, 8), "a field 1 that is there 2 times")


def _with_port(port: bytes) -> bytes:
    """Return the model with other bytes for its second input."""
    _, begin, _, end = [one for one in fields(GRAPH) if one[0] == 11][1]
    return with_graph(GRAPH[:begin] + field(11, port) + GRAPH[end:])


@pytest.mark.parametrize("more", [-1, 1, -VOCABULARY_SIZE])
def test_o08_logits_of_another_vocabulary(more: int) -> None:
    width = VOCABULARY_SIZE + more

    def resize(name: str) -> Change:
        return replace(name, lambda array: np.resize(array, (*array.shape[:-1], width)))

    def port(proto: Any) -> None:
        proto.graph.output[0].type.tensor_type.shape.dim[1].dim_value = width

    refuse(edited(port), rf"outputs \[\('logits', 6, {width}\)")
    heads = [resize(name) for name in ("head_weight", "head_scale", "head_bias")]
    refuse(edited(*heads), "head_weight (is int8|of shape)|'head_weight' of shape")
    refuse(edited(port, *heads), r"outputs \[\('logits'|'head_weight' of shape")


def test_o08_a_missing_output() -> None:
    refuse(edited(lambda proto: proto.graph.output.pop(0)), r"outputs \[\('hidden_0_next'")
    refuse(edited(lambda proto: proto.graph.ClearField("output")), r"outputs \[\], expected")


@pytest.mark.parametrize("name", ["hidden_0", "cell_0", "hidden_1", "cell_1"])
@pytest.mark.parametrize("ends", [("input",), ("output",), ("input", "output")], ids="-".join)
def test_o09_memory_of_another_size(name: str, ends: tuple[str, ...]) -> None:
    def change(proto: Any) -> None:
        for end in ends:
            wanted = name if end == "input" else f"{name}_next"
            port = next(port for port in getattr(proto.graph, end) if port.name == wanted)
            port.type.tensor_type.shape.dim[1].dim_value = 17

    refuse(edited(change), rf"{ends[0]}s \[.*'{name}(_next)?', \d, 17")


def test_o09_layers_of_different_sizes() -> None:
    """Not even a graph whose parts fit each other: all layers have as many cells as the head has rows."""
    wider = replace("layer1_weight", lambda array: np.resize(array, (array.shape[0], 68)))
    refuse(edited(wider), r"layer1_weight is int8 \(32, 68\), expected int8 \(32, 64\)")


def test_the_model_itself_passes() -> None:
    """The control: what all of these are made from is a model, whatever writes it."""
    for data in (MODEL, edited(), with_graph(GRAPH)):
        assert Session(data).hidden == 16
    assert check_graph(edited(put("head_bias", 0.5, 3))).layers == 2
