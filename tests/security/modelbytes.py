"""Hostile models: the tiny pack's own with one thing changed, and what stands for a refusal of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn
from unittest import mock

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from gamemusic.composer.session import Session
from gamemusic.errors import PackError

MODEL = (Path(__file__).parents[1] / "data" / "tiny_pack" / "model.onnx").read_bytes()
"""A model of random weights: two layers of 16 cells."""
FILE = "mine/model.onnx"

Change = Callable[[Any], object]


def edited(*changes: Change) -> bytes:
    """Return the model after some changes to it, as ONNX reads and writes it."""
    proto = onnx.load_model_from_string(MODEL)
    for change in changes:
        change(proto)
    return bytes(proto.SerializeToString())


def constant(proto: Any, name: str) -> Any:
    """Return a constant of a model."""
    return next(tensor for tensor in proto.graph.initializer if tensor.name == name)


def put(name: str, value: object, index: int | None = None) -> Change:
    """Return the change that sets one value of a constant, or all of them."""

    def change(proto: Any) -> None:
        array = numpy_helper.to_array(constant(proto, name)).copy()
        array.reshape(-1)[slice(None) if index is None else index] = value
        constant(proto, name).CopyFrom(numpy_helper.from_array(array, name))

    return change


def replace(name: str, make: Callable[[Any], Any]) -> Change:
    """Return the change that puts another array in a constant's place; ``make`` gets the old one."""

    def change(proto: Any) -> None:
        array = np.asarray(make(numpy_helper.to_array(constant(proto, name)).copy()))
        constant(proto, name).CopyFrom(numpy_helper.from_array(array, name))

    return change


def plant(place: int, operator: str, *inputs: str, **attributes: Any) -> Change:
    """Return the change that makes another operator of a node; without names it keeps its inputs."""

    def change(proto: Any) -> None:
        node = proto.graph.node[place]
        made = onnx.helper.make_node(operator, list(inputs or node.input), list(node.output), node.name, **attributes)
        node.CopyFrom(made)

    return change


def refuse(model: bytes, words: str) -> None:
    """Check that a model is refused for a reason that matches ``words``, and that ONNX Runtime never sees it."""

    def unwanted(*given: object, **named: object) -> NoReturn:
        raise AssertionError("ONNX Runtime got the model")

    with mock.patch.object(onnxruntime, "InferenceSession", unwanted), pytest.raises(PackError) as caught:
        Session(model, file=FILE)
    message = str(caught.value)
    assert message.startswith(f"{FILE}: this is not a model of gamemusic: "), message
    assert re.search(words, message), message
    assert len(message) < 800
    assert message.isprintable()


def number(value: int) -> bytes:
    """Return a number as protocol buffers write it."""
    value, found = value & (1 << 64) - 1, bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))


def field(key: int, content: bytes | int) -> bytes:
    """Return a field of a message: a number, or bytes."""
    if isinstance(content, int):
        return number(key << 3) + number(content)
    return number(key << 3 | 2) + number(len(content)) + content


def fields(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield each field of a message that consists of numbers and bytes: key, begin, begin of its content, end."""
    place = 0
    while place < len(data):
        begin = place
        tag, place = _read(data, place)
        if tag & 7 == 0:
            content = place
            _, place = _read(data, place)
        else:
            length, content = _read(data, place)
            place = content + length
        yield tag >> 3, begin, content, place


def _read(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        value, shift, place = value | (byte & 0x7F) << shift, shift + 7, place + 1
        if byte < 0x80:
            return value, place


GRAPH = next(MODEL[content:end] for key, _, content, end in fields(MODEL) if key == 7)
"""The bytes of the model's graph."""


def with_graph(graph: bytes) -> bytes:
    """Return the model with other bytes for its graph."""
    return b"".join(field(7, graph) if key == 7 else MODEL[begin:end] for key, begin, _, end in fields(MODEL))
