"""Models that cannot be used are refused when they are loaded, with a message that says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gamemusic.composer.session import Session
from gamemusic.errors import PackError
from gamemusic.limits import LIMITS
from gamemusic.tokens.vocabulary import FEATURES, VOCABULARY_HASH, VOCABULARY_SIZE

TINY = Path(__file__).parents[1] / "data" / "tiny_pack" / "model.onnx"


@pytest.fixture(scope="module")
def model() -> bytes:
    return TINY.read_bytes()


def test_a_step_gives_logits_and_new_memory(model: bytes) -> None:
    session = Session(model)
    assert (session.layers, session.hidden) == (2, 16)
    assert session.metadata["vocabulary_hash"] == VOCABULARY_HASH
    features = np.ones((3, len(FEATURES)), dtype=np.int64)
    logits, memory = session.step(features, session.start(3))
    assert (logits.shape, logits.dtype.name) == ((3, VOCABULARY_SIZE), "int32")
    assert {name: (value.shape, value.dtype.name) for name, value in memory.items()} == {
        "hidden_0": ((3, 16), "uint8"),
        "cell_0": ((3, 16), "float32"),
        "hidden_1": ((3, 16), "uint8"),
        "cell_1": ((3, 16), "float32"),
    }
    again, _ = session.step(features, memory)
    assert (again != logits).any(axis=1).all()  # it remembers
    assert np.array_equal(logits[0], logits[1])


def test_metadata_cannot_be_changed(model: bytes) -> None:
    with pytest.raises(TypeError):
        Session(model).metadata["mood"] = "x"  # type: ignore[index]  # which is the point


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda model: b"", "version 0 of the representation"),
        (lambda model: b"MThd" + bytes(200), "not a model of gamemusic: a field 9"),
        (lambda model: b"not ONNX at all", "not a model of gamemusic"),
        (lambda model: model[: len(model) // 2], "not a model of gamemusic"),
        (lambda model: model[:-1], "not a model of gamemusic"),
        (
            lambda model: model.replace(VOCABULARY_HASH.encode(), b"0" * 64),
            r"vocabulary \(version 1, hash 000000000000\) is not this release's .*train it again",
        ),
        (
            lambda model: model.replace(b"cell_1_next", b"cell_9_next"),
            "node .*cell_9_next.*expected.*cell_1_next.*export it again",
        ),
        (lambda model: model.replace(b"hidden_0", b"hodden_0"), "node 6 is .*hodden_0.*export it again"),
        (lambda model: model.replace(b"features", b"faetures"), "node 1 is .*faetures"),
    ],
    ids=["empty", "midi", "text", "half", "last byte", "vocabulary", "output", "state", "features"],
)
def test_damaged_files_are_refused(model: bytes, damage: Callable[[bytes], bytes], words: str) -> None:
    with pytest.raises(PackError, match=rf"^tiny/model\.onnx: .*{words}"):
        Session(damage(model), file="tiny/model.onnx")


def _edit(model: bytes, change: Callable[[Any], None]) -> bytes:
    onnx = pytest.importorskip("onnx")
    proto = onnx.load_model_from_string(model)
    change(proto)
    return bytes(proto.SerializeToString())


def _set_metadata(name: str, value: str) -> Callable[[Any], None]:
    def change(proto: Any) -> None:
        next(entry for entry in proto.metadata_props if entry.key == name).value = value

    return change


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("format", "2", "model format '2' found, 1 expected; export it again"),
        ("format", "", "model format '' found"),
        ("vocabulary_hash", "", "not this release's"),
        ("layers", "0", "metadata 'layers' says '0', the graph has 2"),
        ("layers", "two", "metadata 'layers' says 'two', the graph has 2"),
        ("hidden", "9" * 60, "metadata 'hidden' says '99999999999999999999', the graph has 16"),
        ("hidden", "17", "metadata 'hidden' says '17', the graph has 16"),
    ],
)
def test_metadata_of_another_model_is_refused(model: bytes, name: str, value: str, words: str) -> None:
    with pytest.raises(PackError, match=words):
        Session(_edit(model, _set_metadata(name, value)))


def test_a_model_without_metadata_is_refused(model: bytes) -> None:
    with pytest.raises(PackError, match="model format None found"):
        Session(_edit(model, lambda proto: proto.ClearField("metadata_props")))


def test_missing_and_additional_outputs_are_refused(model: bytes) -> None:
    def drop(proto: Any) -> None:
        del proto.graph.output[-1]

    def double(proto: Any) -> None:
        proto.graph.output.add().CopyFrom(proto.graph.output[0])
        proto.graph.output[-1].name = "head_clip"
        proto.graph.output[-1].type.tensor_type.elem_type = 1

    for change in (drop, double):
        with pytest.raises(PackError, match="outputs "):
            Session(_edit(model, change))


def _put(name: str, value: float, *, everywhere: bool = False) -> Callable[[Any], None]:
    def change(proto: Any) -> None:
        from onnx import numpy_helper

        tensor = next(tensor for tensor in proto.graph.initializer if tensor.name == name)
        array = numpy_helper.to_array(tensor).copy()
        if everywhere:
            array[...] = value
        else:
            array.reshape(-1)[3] = value
        tensor.CopyFrom(numpy_helper.from_array(array, name))

    return change


@pytest.mark.parametrize("everywhere", [True, False], ids=["all", "one"])
@pytest.mark.parametrize(
    "name", ["layer0_scale", "layer0_bias", "layer1_scale", "layer1_bias", "head_scale", "head_bias"]
)
def test_constants_that_are_no_numbers_are_refused(model: bytes, name: str, everywhere: bool) -> None:
    with pytest.raises(PackError, match=rf"constant {name} has values outside .* or that are no numbers"):
        Session(_edit(model, _put(name, float("nan"), everywhere=everywhere)))


def test_a_dead_model_is_refused(model: bytes) -> None:
    def silence(proto: Any) -> None:
        for name in ("head_scale", "head_bias"):
            _put(name, 0.0, everywhere=True)(proto)

    with pytest.raises(PackError, match="no usable numbers"):
        Session(_edit(model, silence))


def test_a_model_that_would_fail_later_is_refused(model: bytes) -> None:
    """A row number that leads out of the embeddings would be met only when its token comes."""
    with pytest.raises(PackError, match=r"feature values beyond the table of embeddings"):
        Session(_edit(model, _put("feature_strides", 10**4)))
    with pytest.raises(PackError, match=r"feature_strides has values outside 0 to"):
        Session(_edit(model, _put("feature_strides", 10**6)))


def test_a_step_that_fails_gives_an_error_of_ours(model: bytes) -> None:
    session = Session(model)
    features = np.full((1, len(FEATURES)), 10**6, dtype=np.int64)
    with pytest.raises(PackError, match=r"cannot be run: .*export it again"):
        session.step(features, session.start(1))


def test_limits_of_the_caller_hold(model: bytes) -> None:
    assert Session(model, limits=replace(LIMITS, model_cells=16)).hidden == 16
    with pytest.raises(PackError, match="of 16 cells, allowed are"):
        Session(model, limits=replace(LIMITS, model_cells=15))
