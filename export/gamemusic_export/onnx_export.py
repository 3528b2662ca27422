"""The exact graph: one step of the model in integer arithmetic and single IEEE operations, as ONNX. The only onnx.

Inputs: ``features`` int64 (B, F); per layer ``hidden_i`` uint8 (B, H) and ``cell_i`` float32 (B, H).
Outputs: ``logits`` int32 (B, V) in 1/256 nat; ``hidden_i_next`` and ``cell_i_next``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from gamemusic.composer.graph import check_graph
from gamemusic.errors import InputError
from gamemusic.limits import LIMITS, Limits
from gamemusic.tokens.vocabulary import FEATURES, VOCABULARY_HASH, VOCABULARY_SIZE, VOCABULARY_VERSION
from gamemusic_export.quantise import (
    ACTIVATION_STEPS,
    INDEX_STEPS,
    LOGIT_LIMIT,
    TABLE_SIZE,
    ZERO,
    IntegerModel,
    Layer,
    activation_tables,
)

__all__ = ["FORMAT_VERSION", "build_graph", "read_graph"]

FORMAT_VERSION = 1
_OPSET = 17
_IR_VERSION = 8


class _Graph:
    """Nodes and constants while they are collected."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: npt.NDArray[Any] | np.generic) -> str:
        array = np.asarray(value)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InputError(f"constant {name} of the graph is not finite; the weights it comes from are damaged")
        self.constants.setdefault(name, numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, operator: str, *inputs: str, name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def to_index(self, steps: str, name: str) -> str:
        """Round, clip, cast and shift to a table index, in that order: a cast out of range is undefined."""
        half = TABLE_SIZE // 2
        low = self.constant("index_low", np.float32(-half))
        high = self.constant("index_high", np.float32(half - 1))
        shift = self.constant("index_shift", np.int32(half))
        rounded = self.add("Round", steps, name=f"{name}_round")
        clipped = self.add("Clip", rounded, low, high, name=f"{name}_clip")
        return self.add("Add", self.add("Cast", clipped, name=f"{name}_cast", to=TensorProto.INT32), shift, name=name)

    def product(self, inputs: str, weight: str, scale: str, bias: str, name: str) -> str:
        """Integer product, exact in float32 after the cast, then one rounded multiplication and one rounded
        addition.
        """
        zero = self.constant("zero", np.uint8(ZERO))
        sums = self.add("MatMulInteger", inputs, weight, zero, name=f"{name}_sums")
        floats = self.add("Cast", sums, name=f"{name}_floats", to=TensorProto.FLOAT)
        return self.add("Add", self.add("Mul", floats, scale, name=f"{name}_scaled"), bias, name=name)


def build_graph(model: IntegerModel, metadata: Mapping[str, str]) -> bytes:
    """Return the serialised graph of ``model``; ``metadata`` is stored beside format and vocabulary.

    Raises:
        InputError: When a constant is not finite.
    """
    graph = _Graph()
    size = model.hidden
    columns = graph.constant("feature_columns", model.columns)
    chosen = graph.add("Gather", "features", columns, name="chosen", axis=1)
    strided = graph.add("Mul", chosen, graph.constant("feature_strides", model.strides), name="strided")
    rows = graph.add("Add", strided, graph.constant("feature_offsets", model.offsets), name="rows")
    embedded = graph.add("Gather", graph.constant("embeddings", model.table), rows, name="embedded", axis=0)
    shape = graph.constant("embedded_shape", np.array([0, -1], dtype=np.int64))
    current = graph.add("Reshape", embedded, shape, name="inputs")
    sigmoid, tanh = activation_tables()
    graph.constant("sigmoid", sigmoid)
    graph.constant("tanh", tanh)
    graph.constant("index_steps", np.float32(INDEX_STEPS))
    graph.constant("activation_steps", np.float32(ACTIVATION_STEPS))
    graph.constant("zero_float", np.float32(ZERO))
    graph.constant("byte_low", np.float32(1))
    graph.constant("byte_high", np.float32(255))
    graph.constant("gate_sizes", np.array([size] * 4, dtype=np.int64))
    for number, layer in enumerate(model.layers):
        p = f"layer{number}"
        joined = graph.add("Concat", current, f"hidden_{number}", name=f"{p}_joined", axis=1)
        weight = graph.constant(f"{p}_weight", layer.weight)
        scale, bias = graph.constant(f"{p}_scale", layer.scale), graph.constant(f"{p}_bias", layer.bias)
        index = graph.to_index(graph.product(joined, weight, scale, bias, f"{p}_gates"), f"{p}_index")
        parts = [f"{p}_index_{gate}" for gate in ("input", "forget", "cell", "output")]
        graph.nodes.append(helper.make_node("Split", [index, "gate_sizes"], parts, name=f"{p}_split", axis=1))
        enter, forget, leave = (
            graph.add("Gather", "sigmoid", parts[gate], name=f"{p}_{name}", axis=0)
            for gate, name in ((0, "enter"), (1, "forget"), (3, "leave"))
        )
        fresh = graph.add("Gather", "tanh", parts[2], name=f"{p}_fresh", axis=0)
        kept = graph.add("Mul", forget, f"cell_{number}", name=f"{p}_kept")
        added = graph.add("Mul", enter, fresh, name=f"{p}_added")
        cell = graph.add("Add", kept, added, name=f"cell_{number}_next")
        steps = graph.add("Mul", cell, "index_steps", name=f"{p}_cell_steps")
        bent = graph.add("Gather", "tanh", graph.to_index(steps, f"{p}_cell_index"), name=f"{p}_bent", axis=0)
        output = graph.add("Mul", leave, bent, name=f"{p}_output")
        scaled = graph.add("Mul", output, "activation_steps", name=f"{p}_output_steps")
        shifted = graph.add(
            "Add", graph.add("Round", scaled, name=f"{p}_output_round"), "zero_float", name=f"{p}_shifted"
        )
        clipped = graph.add("Clip", shifted, "byte_low", "byte_high", name=f"{p}_output_clip")
        current = graph.add("Cast", clipped, name=f"hidden_{number}_next", to=TensorProto.UINT8)
    head = graph.constant("head_weight", model.head)
    scale, bias = graph.constant("head_scale", model.head_scale), graph.constant("head_bias", model.head_bias)
    rounded = graph.add("Round", graph.product(current, head, scale, bias, "head"), name="head_round")
    low = graph.constant("logit_low", np.float32(-LOGIT_LIMIT))
    high = graph.constant("logit_high", np.float32(LOGIT_LIMIT))
    clipped = graph.add("Clip", rounded, low, high, name="head_clip")
    graph.add("Cast", clipped, name="logits", to=TensorProto.INT32)
    inputs = [helper.make_tensor_value_info("features", TensorProto.INT64, ["batch", len(FEATURES)])]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.INT32, ["batch", VOCABULARY_SIZE])]
    for number in range(len(model.layers)):
        for name, kind in ((f"hidden_{number}", TensorProto.UINT8), (f"cell_{number}", TensorProto.FLOAT)):
            inputs.append(helper.make_tensor_value_info(name, kind, ["batch", size]))
            outputs.append(helper.make_tensor_value_info(f"{name}_next", kind, ["batch", size]))
    proto = helper.make_model(
        helper.make_graph(graph.nodes, "mood", inputs, outputs, initializer=list(graph.constants.values())),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        producer_name="gamemusic",
    )
    proto.ir_version = _IR_VERSION
    stored = {
        "format": str(FORMAT_VERSION),
        "vocabulary_version": str(VOCABULARY_VERSION),
        "vocabulary_hash": VOCABULARY_HASH,
        "layers": str(len(model.layers)),
        "hidden": str(size),
        **metadata,
    }
    helper.set_model_props(proto, stored)
    onnx.checker.check_model(proto, full_check=True)
    return bytes(proto.SerializeToString())


def read_graph(model: bytes, *, file: object = "model.onnx", limits: Limits = LIMITS) -> IntegerModel:
    """Return the integers of a serialised graph, which is checked first as for playing.

    Args:
        model: What `build_graph` returned, or a stranger's.
        file: Name that messages give.
        limits: How large it may be.

    Raises:
        PackError: It is no such graph.
    """
    size = check_graph(model, file=file, limits=limits)
    found = {one.name: numpy_helper.to_array(one) for one in onnx.load_model_from_string(model).graph.initializer}
    return IntegerModel(
        found["feature_columns"],
        found["feature_offsets"],
        found["feature_strides"],
        found["embeddings"],
        tuple(
            Layer(*(found[f"layer{number}_{part}"] for part in ("weight", "scale", "bias")))
            for number in range(size.layers)
        ),
        found["head_weight"],
        found["head_scale"],
        found["head_bias"],
    )
