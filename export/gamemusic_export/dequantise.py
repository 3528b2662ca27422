"""A pack's model as trainable weights again: what `quantise` rounded, without what rounding took.

Quantised once more the weights are the same integers, so that nothing is lost by going there and back.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from gamemusic.errors import PackError
from gamemusic.limits import LIMITS, Limits
from gamemusic.tokens.vocabulary import FEATURES, ROLES
from gamemusic_export.model import EMBEDDING_SIZES, ModelSize, MoodLSTM
from gamemusic_export.onnx_export import read_graph
from gamemusic_export.quantise import ACTIVATION_STEPS, CHUNK, INDEX_STEPS, LOGIT_STEPS, ZERO, IntegerModel

__all__ = ["dequantise", "restore"]

_LARGEST = 1 - 0.25 / ACTIVATION_STEPS
"""Nearest to 1 that an embedding gets: tanh never reaches it, and this is rounded to it."""


def restore(model: bytes, *, file: object = "model.onnx", limits: Limits = LIMITS) -> MoodLSTM:
    """Return the trainable network of an exported graph.

    Args:
        model: The serialised graph.
        file: Name that messages give.
        limits: How large it may be.

    Raises:
        PackError: It is no graph of this kind, or its embeddings are of other widths than this release trains.
    """
    integers = read_graph(model, file=file, limits=limits)
    try:
        return dequantise(integers)
    except (ValueError, RuntimeError) as error:
        raise PackError(f"the model is of another make than this release trains ({error})", file=str(file)) from None


def dequantise(integers: IntegerModel) -> MoodLSTM:
    """Return the network that these integers stand for.

    Raises:
        ValueError: The embeddings are of other widths than `EMBEDDING_SIZES`.
    """
    size = ModelSize(hidden=integers.hidden, layers=len(integers.layers))
    weights: dict[str, npt.NDArray[np.float64]] = {}
    places: list[tuple[int, int]] = []  # (first input of the exported graph, width) of each feature
    row = lookup = 0
    for name, values in FEATURES.items():
        width = EMBEDDING_SIZES[name]
        chunks = -(-width // CHUNK)
        table = integers.table[row : row + values * chunks].reshape(values, chunks * CHUNK)[:, :width]
        flat = np.clip((table.astype(np.float64) - ZERO) / ACTIVATION_STEPS, -_LARGEST, _LARGEST)
        if name == "roles":  # a set's row is the sum of its roles': those of one role are enough
            flat = flat[[1 << role for role in range(len(ROLES))]]
        weights[f"embeddings.{name}.weight"] = np.arctanh(flat)
        places.append((lookup * CHUNK, width))
        row += values * chunks
        lookup += chunks
    if row != len(integers.table) or lookup != len(integers.columns):
        raise ValueError(f"its embeddings have {len(integers.table)} rows, expected are {row}")
    for number, layer in enumerate(integers.layers):
        scale = layer.scale.astype(np.float64) * ACTIVATION_STEPS / INDEX_STEPS
        whole = layer.weight.astype(np.float64) * scale
        inputs, memory = whole[: -size.hidden], whole[-size.hidden :]
        if number == 0:
            inputs = np.concatenate([inputs[start : start + width] for start, width in places])
        weights[f"lstm.weight_ih_l{number}"] = inputs.T
        weights[f"lstm.weight_hh_l{number}"] = memory.T
        weights[f"lstm.bias_ih_l{number}"] = layer.bias.astype(np.float64) / INDEX_STEPS
        weights[f"lstm.bias_hh_l{number}"] = np.zeros(len(layer.bias))
    scale = integers.head_scale.astype(np.float64) * ACTIVATION_STEPS / LOGIT_STEPS
    weights["head.weight"] = (integers.head.astype(np.float64) * scale).T
    weights["head.bias"] = integers.head_bias.astype(np.float64) / LOGIT_STEPS
    model = MoodLSTM(size)
    model.load_state_dict(
        {name: torch.from_numpy(np.ascontiguousarray(value)).float() for name, value in weights.items()}
    )
    return model
