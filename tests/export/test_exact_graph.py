"""The exported graph is exact: the same bits as integers in numpy, however ONNX Runtime is told to run it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

import onnxruntime  # noqa: E402  # torch and onnx may be missing
from exactgraphs import (  # noqa: E402
    SHIPPED,
    Trace,
    base_model,
    graph_of,
    read_integers,
    ride,
    run_reference,
    run_runtime,
    runtime,
)
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from gamemusic.errors import InputError  # noqa: E402
from gamemusic.tokens.vocabulary import FEATURES, VOCABULARY_HASH, VOCABULARY_SIZE  # noqa: E402
from gamemusic_export.model import ModelSize, MoodLSTM  # noqa: E402
from gamemusic_export.onnx_export import build_graph  # noqa: E402
from gamemusic_export.quantise import (  # noqa: E402
    ACTIVATION_STEPS,
    INDEX_STEPS,
    WEIGHT_LIMIT,
    activation_tables,
    quantise,
)

STEPS = 120
NAMES = ["tiny", *(list(SHIPPED)[:1] or ["base"])]
OTHERS = [pytest.param(name, marks=pytest.mark.slow) for name in list(SHIPPED)[1:]]
LEVELS = [
    level
    for level in ("ORT_DISABLE_ALL", "ORT_ENABLE_BASIC", "ORT_ENABLE_EXTENDED", "ORT_ENABLE_LAYOUT", "ORT_ENABLE_ALL")
    if hasattr(onnxruntime.GraphOptimizationLevel, level)  # older releases have no level for the layout
]
OPERATORS = {
    "Add",
    "Cast",
    "Clip",
    "Concat",
    "Gather",
    "MatMulInteger",
    "Mul",
    "Reshape",
    "Round",
    "Split",
}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", params=[*NAMES, *OTHERS])
def graph(request: pytest.FixtureRequest) -> bytes:
    return graph_of(request.param)


@pytest.fixture(scope="module")
def reference(graph: bytes) -> Trace:
    """What integers say to eight phrases of the graph's own."""
    trace = run_reference(read_integers(graph), ride(graph, STEPS))
    trace.assert_alive()
    return trace


@pytest.mark.parametrize("batch", [1, 4, 8])
def test_runtime_gives_the_bits_of_the_integer_reference(graph: bytes, reference: Trace, batch: int) -> None:
    session, features = runtime(graph), ride(graph, STEPS)
    for first in range(0, 8, batch):
        rows = slice(first, first + batch)
        found = run_runtime(session, np.ascontiguousarray(features[:, rows]))
        assert found.same_bytes(reference.rows(rows))


def test_one_weight_changed_by_one_is_seen(graph: bytes, reference: Trace) -> None:
    """Control: what compares the traces notices the least change."""
    model = read_integers(graph)
    layer = model.layers[0]
    weight = layer.weight.copy()
    weight[3, 5] += 1 if weight[3, 5] < 0 else -1
    changed = dataclasses.replace(model, layers=(dataclasses.replace(layer, weight=weight), *model.layers[1:]))
    found = run_runtime(runtime(build_graph(changed, {})), ride(graph, STEPS))
    assert not found.same_bytes(reference)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("level", LEVELS)
def test_bits_do_not_depend_on_optimisation_or_threads(
    graph: bytes, reference: Trace, level: str, threads: int
) -> None:
    chosen = getattr(onnxruntime.GraphOptimizationLevel, level)
    found = run_runtime(runtime(graph, level=chosen, threads=threads), ride(graph, STEPS))
    assert found.same_bytes(reference)


def _domains(path: Path) -> set[str]:
    return {node.domain for node in onnx.load(path).graph.node}


@pytest.mark.parametrize("level", LEVELS)
def test_optimised_graphs_keep_to_standard_operators(graph: bytes, level: str, tmp_path: Path) -> None:
    runtime(graph, level=getattr(onnxruntime.GraphOptimizationLevel, level), save=tmp_path / "optimised.onnx")
    assert _domains(tmp_path / "optimised.onnx") == {""}


def test_a_scale_that_is_no_constant_would_be_fused(tmp_path: Path) -> None:
    """Control: with the scale computed in the graph, ONNX Runtime puts its own operator there."""
    proto = onnx.load_model_from_string(graph_of("tiny"))
    node = next(node for node in proto.graph.node if node.name == "head_scaled")
    # as quantising tools write it: one scale for the activations, known when the graph runs, times one for the weights
    proto.graph.node.insert(
        list(proto.graph.node).index(node), helper.make_node("Mul", ["activation_scale", "head_scale"], ["both_scales"])
    )
    node.input[1] = "both_scales"
    proto.graph.input.append(helper.make_tensor_value_info("activation_scale", TensorProto.FLOAT, [1]))
    runtime(proto.SerializeToString(), save=tmp_path / "fused.onnx")
    assert "com.microsoft" in _domains(tmp_path / "fused.onnx")


def test_constants_are_small_finite_and_sum_below_2_to_the_24th(graph: bytes) -> None:
    model = read_integers(graph)
    for weight in (*(layer.weight for layer in model.layers), model.head):
        assert weight.dtype == np.int8
        assert np.abs(weight.astype(np.int64)).max() <= WEIGHT_LIMIT == 63
        assert np.abs(weight.astype(np.int64)).sum(axis=0).max() * ACTIVATION_STEPS < 1 << 24
        # neither can a pair of products overflow 16 bits, whatever the activations are
        assert 2 * 255 * np.abs(weight.astype(np.int64)).max() <= (1 << 15) - 1
    assert model.table.min() >= 1
    for value in onnx.load_model_from_string(graph).graph.initializer:
        constant = numpy_helper.to_array(value)
        assert constant.dtype.kind != "f" or np.isfinite(constant).all(), value.name


def test_graph_is_made_of_few_operators_and_clips_before_it_casts(graph: bytes) -> None:
    proto = onnx.load_model_from_string(graph)
    nodes = proto.graph.node
    assert {node.op_type for node in nodes} == OPERATORS
    assert {node.domain for node in nodes} == {""}
    assert [(opset.domain, opset.version) for opset in proto.opset_import] == [("", 17)]
    assert not proto.functions and not any(a.HasField("g") for node in nodes for a in node.attribute)
    makers = {output: node for node in nodes for output in node.output}
    casts = [node for node in nodes if node.op_type == "Cast"]
    for node in casts:
        maker = makers[node.input[0]].op_type
        assert maker == ("MatMulInteger" if node.attribute[0].i == TensorProto.FLOAT else "Clip")
    assert sum(node.attribute[0].i != TensorProto.FLOAT for node in casts) == 3 * 2 + 1  # three a layer, and the logits
    constants = {value.name for value in proto.graph.initializer}
    for node in nodes:
        if node.name.endswith("_scaled"):
            assert node.input[1] in constants  # computed scales would be fused, see the control above


def test_metadata_tells_what_the_graph_is(graph: bytes) -> None:
    metadata = runtime(graph).get_modelmeta().custom_metadata_map
    assert metadata["format"] == "1"
    assert metadata["vocabulary_version"] == "1"
    assert metadata["vocabulary_hash"] == VOCABULARY_HASH
    model = read_integers(graph)
    assert (metadata["layers"], metadata["hidden"]) == (str(len(model.layers)), str(model.hidden))


@pytest.mark.parametrize("name", list(SHIPPED))
def test_shipped_graphs_say_where_they_come_from(name: str) -> None:
    metadata = runtime(graph_of(name)).get_modelmeta().custom_metadata_map
    assert metadata["mood"] == name
    assert metadata["styles"] and metadata["licence"]
    assert len(metadata["data_hash"]) == 64


def test_tables_are_within_a_rounding_of_the_functions_they_stand_for() -> None:
    sigmoid, tanh = activation_tables()
    inputs = np.linspace(-8, 8, 2048, endpoint=False)
    assert np.abs(sigmoid - 1 / (1 + np.exp(-inputs))).max() < 1e-7
    assert np.abs(tanh - np.tanh(inputs)).max() < 1e-7


def test_flushing_tiny_numbers_to_zero_changes_no_logit() -> None:
    """Audio threads often run so. Cells below 2**-126 are affected, and nothing that comes out of them is.

    They stand for index 0 of the table, they can only shrink (forget gates are below 1), and beside the least that is
    ever added to a cell they vanish in rounding.
    """
    sigmoid, tanh = activation_tables()
    assert sigmoid.max() < 1
    least = sigmoid.min() * np.abs(tanh[tanh != 0]).min()
    tiny = np.finfo(np.float32).tiny
    assert np.rint(tiny * np.float32(INDEX_STEPS)) == 0
    assert least > 1e-6 and np.float32(least) + tiny == np.float32(least)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", [name for name, _ in MoodLSTM(ModelSize(hidden=8)).named_parameters()])
def test_weights_that_are_no_numbers_are_refused(name: str, value: float) -> None:
    """Without the check a NaN among the weights would become the integer 0, and pass."""
    model = MoodLSTM(ModelSize(hidden=8))
    with torch.no_grad():
        dict(model.named_parameters())[name].view(-1)[-1] = value
    with pytest.raises(InputError, match=f"not finite.*{name}"):
        build_graph(quantise(model), {})


def test_constants_that_are_no_numbers_are_refused() -> None:
    model = quantise(MoodLSTM(ModelSize(hidden=8)))
    scale = model.head_scale.copy()
    scale[7] = np.nan
    with pytest.raises(InputError, match="head_scale of the graph is not finite"):
        build_graph(dataclasses.replace(model, head_scale=scale), {})


def test_export_is_the_same_every_time() -> None:
    assert build_graph(quantise(base_model()), {"mood": "base"}) == graph_of("base")


def test_inputs_and_outputs_are_the_contract(graph: bytes) -> None:
    session = runtime(graph)
    sizes = {value.name: (value.type, value.shape[0], value.shape[1]) for value in session.get_inputs()}
    assert sizes["features"] == ("tensor(int64)", "batch", len(FEATURES))
    outputs = {value.name: (value.type, value.shape[0], value.shape[1]) for value in session.get_outputs()}
    assert outputs["logits"] == ("tensor(int32)", "batch", VOCABULARY_SIZE)
    assert {f"{name}_next": size for name, size in sizes.items() if name != "features"} == {
        name: size for name, size in outputs.items() if name != "logits"
    }
