"""A trained model as small integers: what the exported graph holds, and the same arithmetic in numpy to check it by.

Activations are uint8 around 128 in steps of 1/127, weights are 7-bit integers with one scale a column, sums are exact
int32, and sigmoid and tanh are tables. Weights stay in [-63, 63]: processors without VNNI add pairs of products in 16
bits, and 8-bit weights overflow there. See docs/exact-graph.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from gamemusic.errors import InputError
from gamemusic.tokens.vocabulary import FEATURES
from gamemusic_export.model import EMBEDDING_SIZES, MoodLSTM

__all__ = [
    "ACTIVATION_STEPS",
    "CHUNK",
    "INDEX_STEPS",
    "LOGIT_LIMIT",
    "LOGIT_STEPS",
    "TABLE_SIZE",
    "WEIGHT_LIMIT",
    "ZERO",
    "IntegerModel",
    "Layer",
    "activation_tables",
    "quantise",
    "quantise_weight",
    "step_reference",
]

WEIGHT_LIMIT = 63
"""Largest weight, as an integer."""
ACTIVATION_STEPS = 127
"""Integer steps of an activation between 0 and 1."""
ZERO = 128
"""The uint8 that stands for 0."""
INDEX_STEPS = 128
"""Table entries a unit of a gate's input."""
TABLE_SIZE = 2048
"""Entries of the sigmoid and tanh tables: inputs from -8 up to 8."""
LOGIT_STEPS = 256
"""Integer steps of a logit of 1 (one nat)."""
LOGIT_LIMIT = 1 << 20
CHUNK = 8
"""Bytes of an embedding row: wider embeddings are read in several rows, so that one Gather serves all features."""

Float = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Layer:
    """One LSTM layer."""

    weight: npt.NDArray[np.int8]
    """(inputs + H, 4 H), gates in the order input, forget, cell, output."""
    scale: Float
    """(4 H,) factor from integer sums to table steps."""
    bias: Float
    """(4 H,) in table steps."""


@dataclass(frozen=True, slots=True)
class IntegerModel:
    """All constants of the exported graph."""

    columns: npt.NDArray[np.int64]
    """(lookups,) feature that each embedding row is chosen by."""
    offsets: npt.NDArray[np.int64]
    """(lookups,) first row of each lookup's table."""
    strides: npt.NDArray[np.int64]
    """(lookups,) rows between two values of the feature."""
    table: npt.NDArray[np.uint8]
    """(rows, CHUNK) all embeddings."""
    layers: tuple[Layer, ...]
    head: npt.NDArray[np.int8]
    """(H, V)."""
    head_scale: Float
    """(V,) factor from integer sums to logit steps."""
    head_bias: Float

    @property
    def hidden(self) -> int:
        """H."""
        return int(self.head.shape[0])


def quantise_weight(
    weight: npt.NDArray[np.float64], limit: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float64]]:
    """Return a weight (inputs, outputs) as integers in [-limit, limit] and its scale by output.

    The scale of each output is the one of 24 between 0.55 and 1 of its largest weight that loses least in squares.
    """
    largest = np.maximum(np.abs(weight).max(axis=0), 1e-9)
    best_loss = np.full(weight.shape[1], np.inf)
    best = np.ones(weight.shape[1])
    for share in np.linspace(0.55, 1.0, 24):
        scale = largest * share / limit
        loss = np.square(np.clip(np.rint(weight / scale), -limit, limit) * scale - weight).sum(axis=0)
        best = np.where(loss < best_loss, scale, best)
        best_loss = np.minimum(loss, best_loss)
    return np.clip(np.rint(weight / best), -limit, limit).astype(np.int8), best


def _quantise_activation(values: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    steps: npt.NDArray[np.uint8] = np.clip(np.rint(values * ACTIVATION_STEPS) + ZERO, 1, 255).astype(np.uint8)
    return steps


def quantise(model: MoodLSTM, *, limit: int = WEIGHT_LIMIT) -> IntegerModel:
    """Return a model's integers. ``limit`` is changed only by the test that shows why it is 63.

    Raises:
        InputError: When a weight is not a finite number.
    """
    damaged = [name for name, value in model.state_dict().items() if not torch.isfinite(value).all()]
    if damaged:
        raise InputError(f"weights are not finite (NaN or infinite) in {', '.join(damaged)}; train the model again")
    columns, offsets, strides, rows = [], [], [], []
    place: list[tuple[int, int]] = []  # (first input of the float model, width) of each lookup
    first_row = first_input = 0
    for index, (name, values) in enumerate(FEATURES.items()):
        width = EMBEDDING_SIZES[name]
        chunks = -(-width // CHUNK)
        padded = np.full((values, chunks * CHUNK), ZERO, dtype=np.uint8)
        padded[:, :width] = _quantise_activation(model.table(name).detach().cpu().double().numpy())
        rows.append(padded.reshape(values * chunks, CHUNK))
        for chunk in range(chunks):
            columns.append(index)
            offsets.append(first_row + chunk)
            strides.append(chunks)
            place.append((first_input + chunk * CHUNK, min(CHUNK, width - chunk * CHUNK)))
        first_row += values * chunks
        first_input += width
    layers = []
    for number in range(model.size.layers):
        inputs = getattr(model.lstm, f"weight_ih_l{number}").detach().cpu().double().numpy().T
        if number == 0:
            spread = np.zeros((len(place) * CHUNK, inputs.shape[1]))
            for lookup, (start, width) in enumerate(place):
                spread[lookup * CHUNK : lookup * CHUNK + width] = inputs[start : start + width]
            inputs = spread
        memory = getattr(model.lstm, f"weight_hh_l{number}").detach().cpu().double().numpy().T
        weight, scale = quantise_weight(np.concatenate((inputs, memory)), limit)
        bias = getattr(model.lstm, f"bias_ih_l{number}") + getattr(model.lstm, f"bias_hh_l{number}")
        steps = bias.detach().cpu().double().numpy() * INDEX_STEPS
        layers.append(
            Layer(weight, (scale * INDEX_STEPS / ACTIVATION_STEPS).astype(np.float32), steps.astype(np.float32))
        )
    head, head_scale = quantise_weight(model.head.weight.detach().cpu().double().numpy().T, limit)
    bias = model.head.bias.detach().cpu().double().numpy()
    return IntegerModel(
        np.array(columns),
        np.array(offsets),
        np.array(strides),
        np.concatenate(rows),
        tuple(layers),
        head,
        (head_scale * LOGIT_STEPS / ACTIVATION_STEPS).astype(np.float32),
        (bias * LOGIT_STEPS).astype(np.float32),
    )


def activation_tables() -> tuple[Float, Float]:
    """Return the sigmoid and tanh tables, (TABLE_SIZE,) each."""
    inputs = (np.arange(TABLE_SIZE) - TABLE_SIZE // 2) / INDEX_STEPS
    return (1 / (1 + np.exp(-inputs))).astype(np.float32), np.tanh(inputs).astype(np.float32)


def _to_index(steps: Float) -> npt.NDArray[np.int64]:
    half = TABLE_SIZE // 2
    return np.clip(np.rint(steps), -half, half - 1).astype(np.int64) + half


def step_reference(
    model: IntegerModel,
    features: npt.NDArray[np.int64],
    hidden: list[npt.NDArray[np.uint8]],
    cell: list[Float],
) -> tuple[npt.NDArray[np.int32], list[npt.NDArray[np.uint8]], list[Float]]:
    """Return what the exported graph returns for one step, with 64-bit sums: (logits, hidden, cell).

    Args:
        features: (B, F).
        hidden: (B, H) a layer.
        cell: (B, H) a layer.
    """
    sigmoid, tanh = activation_tables()
    rows = features[:, model.columns] * model.strides + model.offsets
    inputs = model.table[rows].reshape(len(features), -1)
    size = model.hidden
    next_hidden, next_cell = [], []
    for layer, old_hidden, old_cell in zip(model.layers, hidden, cell, strict=True):
        joined = np.concatenate((inputs, old_hidden), axis=1).astype(np.int64) - ZERO
        # by columns: numpy multiplies integers without BLAS, six times as fast when it reads them in a row
        sums = (joined @ layer.weight.astype(np.int64, order="F")).astype(np.float32)
        index = _to_index(sums * layer.scale + layer.bias)
        enter, forget, leave = (sigmoid[index[:, gate * size : (gate + 1) * size]] for gate in (0, 1, 3))
        new_cell = forget * old_cell + enter * tanh[index[:, 2 * size : 3 * size]]
        output = leave * tanh[_to_index(new_cell * np.float32(INDEX_STEPS))]
        steps = np.rint(output * np.float32(ACTIVATION_STEPS)) + np.float32(ZERO)
        inputs = np.clip(steps, 1, 255).astype(np.uint8)
        next_hidden.append(inputs)
        next_cell.append(new_cell)
    sums = ((inputs.astype(np.int64) - ZERO) @ model.head.astype(np.int64, order="F")).astype(np.float32)
    logits = np.clip(np.rint(sums * model.head_scale + model.head_bias), -LOGIT_LIMIT, LOGIT_LIMIT).astype(np.int32)
    return logits, next_hidden, next_cell
