"""A trained model in small integers says what it said in floats."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from exactgraphs import base_model, graph_of, ride, run_runtime, runtime  # noqa: E402  # torch and onnx may be missing

from gamemusic.composer.sampler import LOGIT_STEPS  # noqa: E402
from gamemusic.tokens.vocabulary import FEATURES  # noqa: E402
from gamemusic_export import quantise as integers  # noqa: E402
from gamemusic_export.model import EMBEDDING_SIZES, ModelSize, MoodLSTM  # noqa: E402
from gamemusic_export.onnx_export import build_graph  # noqa: E402
from gamemusic_export.quantise import ACTIVATION_STEPS, ZERO, quantise, quantise_weight  # noqa: E402

Floats = npt.NDArray[np.float64]
STEPS = 120


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike two models' predictions are, step by step."""

    distance: float
    """Mean total variation distance, 0 (the same) to 1."""
    likeliest: float
    """Share of steps at which the likeliest token is the same."""
    correlation: float
    """Of the logits."""

    @property
    def holds(self) -> bool:
        """Say whether one model may stand for the other."""
        return self.distance < 0.02 and self.likeliest > 0.95 and self.correlation > 0.999


def _softmax(logits: Floats) -> Floats:
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    chances: Floats = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return chances


def _compare(model: MoodLSTM, graph: bytes) -> Agreement:
    """Compare a float model with a graph, along what the base model's graph composes."""
    features = ride(graph_of("base"), STEPS)
    with torch.no_grad():
        logits, _ = model(torch.from_numpy(np.ascontiguousarray(features.transpose(1, 0, 2))), model.start(8))
    floats: Floats = logits.numpy().transpose(1, 0, 2).astype(np.float64)  # (T, B, V)
    trace = run_runtime(runtime(graph), features)
    trace.assert_alive()
    exact = trace.logits / LOGIT_STEPS
    return Agreement(
        float(np.abs(_softmax(floats) - _softmax(exact)).sum(axis=-1).mean() / 2),
        float((floats.argmax(axis=-1) == exact.argmax(axis=-1)).mean()),
        float(np.corrcoef(floats.ravel(), exact.ravel())[0, 1]),
    )


def test_exported_graph_predicts_what_torch_does() -> None:
    agreement = _compare(base_model(), graph_of("base"))
    print(agreement)  # noqa: T201  # figures for docs/
    assert agreement.holds


@pytest.mark.parametrize("part", ["lstm.weight_hh_l0", "lstm.weight_ih_l1", "head.weight"])
def test_shuffled_weights_do_not_predict_the_same(part: str) -> None:
    """Control: one weight matrix out of order is seen."""
    model = copy.deepcopy(base_model())
    with torch.no_grad():
        weight = dict(model.named_parameters())[part]
        order = torch.randperm(weight.numel(), generator=torch.Generator().manual_seed(1))
        weight.copy_(weight.view(-1)[order].view_as(weight))
    agreement = _compare(base_model(), build_graph(quantise(model), {}))
    print(part, agreement)  # noqa: T201  # figures for docs/
    assert not agreement.holds
    assert agreement.distance > 0.3


def test_too_few_bits_do_not_predict_the_same() -> None:
    """Control: the threshold sees weights of five bits, too."""
    assert not _compare(base_model(), build_graph(quantise(base_model(), limit=15), {})).holds


@given(
    arrays.arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 6)), elements=st.floats(-100, 100)),
    st.sampled_from([63, 127]),
)
def test_weights_come_back_within_the_limit(weight: Floats, limit: int) -> None:
    whole, scale = quantise_weight(weight, limit)
    assert whole.dtype == np.int8 and np.abs(whole.astype(np.int64)).max() <= limit
    assert np.isfinite(scale).all() and (scale > 0).all()
    largest = np.maximum(np.abs(weight).max(axis=0), 1e-9)
    loss = np.square(whole * scale - weight).sum(axis=0)
    plain = np.square(np.rint(weight * limit / largest) * largest / limit - weight).sum(axis=0)
    assert (loss <= plain + 1e-9 * np.square(largest)).all()  # never worse than the scale that clips nothing


def test_embeddings_are_looked_up_where_the_float_model_has_them() -> None:
    torch.manual_seed(3)
    model = MoodLSTM(ModelSize(hidden=8))
    exact = quantise(model)
    rng = np.random.default_rng(3)
    features = rng.integers(0, list(FEATURES.values()), size=(64, len(FEATURES)))
    rows = features[:, exact.columns] * exact.strides + exact.offsets
    looked_up = exact.table[rows].reshape(64, -1).astype(np.float64) - ZERO  # (64, lookups * CHUNK)
    with torch.no_grad():
        wanted = model.embed(torch.from_numpy(features)[None])[0].double().numpy()  # (64, E)
    column = first = 0
    for width in EMBEDDING_SIZES.values():
        padded = -(-width // integers.CHUNK) * integers.CHUNK
        found = looked_up[:, column : column + padded]
        assert np.abs(found[:, :width] / ACTIVATION_STEPS - wanted[:, first : first + width]).max() <= 0.51 / 127
        assert (found[:, width:] == 0).all()
        column += padded
        first += width
    assert column == looked_up.shape[1]


def test_activations_use_the_whole_byte_and_no_more() -> None:
    model = MoodLSTM(ModelSize(hidden=8))
    with torch.no_grad():
        for embedding in model.embeddings.values():
            embedding.weight.mul_(1000)  # type: ignore[operator]  # every value is an Embedding
    table = quantise(model).table
    assert (table.min(), table.max()) == (1, 255)
