"""The ONNX contract: names, types, shapes and metadata of a mood's model, checked on load. The only onnxruntime.

See `gamemusic_export.onnx_export` for the graph itself. One thread, no arena: a game's other threads keep their cores,
and memory stays flat.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gamemusic.errors import MissingError, PackError
from gamemusic.tokens.vocabulary import FEATURES, VOCABULARY_HASH, VOCABULARY_SIZE, VOCABULARY_VERSION

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["FORMAT_VERSION", "LOGIT_LIMIT", "Memory", "Session"]

FORMAT_VERSION = 1
"""Version of the graph's inputs and outputs that this release runs."""
LOGIT_LIMIT = 1 << 20
"""Largest logit, in 1/256 nat: exported graphs clip there."""
_ZERO = 128
_MAX_LAYERS, _MAX_HIDDEN = 4, 2048

Memory = dict[str, npt.NDArray[Any]]
"""The model's state by input name: ``hidden_i`` uint8 (B, H) and ``cell_i`` float32 (B, H) a layer."""


class Session:
    """A loaded model.

    Args:
        model: The serialised graph.
        file: Name that messages give.

    Raises:
        PackError: When the graph is damaged, of another format or vocabulary, or gives no numbers.
        MissingError: When ONNX Runtime cannot be imported.
    """

    def __init__(self, model: bytes, *, file: object = "model.onnx") -> None:
        self._file = file
        self._session = self._open(model)
        self.metadata: Mapping[str, str] = MappingProxyType(dict(self._session.get_modelmeta().custom_metadata_map))
        self._check_metadata()
        self.layers, self.hidden = self._read_size("layers", _MAX_LAYERS), self._read_size("hidden", _MAX_HIDDEN)
        self._check_shapes()
        self._states = [f"{kind}_{layer}" for layer in range(self.layers) for kind in ("hidden", "cell")]
        self._outputs = ["logits", *(f"{name}_next" for name in self._states)]
        self._check_numbers()

    def _open(self, model: bytes) -> onnxruntime.InferenceSession:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingError(
                f"ONNX Runtime cannot be imported ({error}); install it with: pip install onnxruntime"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        options.enable_cpu_mem_arena = False
        try:
            return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises many types without a common root but Exception
            reason = str(error).splitlines()[0][:200]
            raise PackError(f"not a usable model: {reason}; export it again", file=self._file) from error

    def _check_metadata(self) -> None:
        if self.metadata.get("format") != str(FORMAT_VERSION):
            raise PackError(
                f"model format {self.metadata.get('format')!r} found, {FORMAT_VERSION} expected; "
                "export it again with this version",
                file=self._file,
            )
        if self.metadata.get("vocabulary_hash") != VOCABULARY_HASH:
            raise PackError(
                f"the model's vocabulary (version {self.metadata.get('vocabulary_version')}, "
                f"hash {str(self.metadata.get('vocabulary_hash'))[:12]}) is not this release's "
                f"(version {VOCABULARY_VERSION}, hash {VOCABULARY_HASH[:12]}); train it again with this version",
                file=self._file,
            )

    def _read_size(self, name: str, most: int) -> int:
        text = self.metadata.get(name, "")
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise PackError(f"metadata {name!r} must be 1 to {most} (found {text[:20]!r})", file=self._file)
        return int(text)

    def _check_shapes(self) -> None:
        """Compare inputs and outputs, their types and shapes with the contract."""
        inputs: dict[str, tuple[str, int]] = {"features": ("tensor(int64)", len(FEATURES))}
        outputs: dict[str, tuple[str, int]] = {"logits": ("tensor(int32)", VOCABULARY_SIZE)}
        for layer in range(self.layers):
            for name, kind in ((f"hidden_{layer}", "tensor(uint8)"), (f"cell_{layer}", "tensor(float)")):
                inputs[name] = outputs[f"{name}_next"] = (kind, self.hidden)
        for label, expected, found in (
            ("input", inputs, self._session.get_inputs()),
            ("output", outputs, self._session.get_outputs()),
        ):
            shapes = {value.name: (value.type, value.shape[-1] if len(value.shape) == 2 else None) for value in found}
            if shapes != expected:
                raise PackError(f"model {label}s are {shapes}, expected {expected}; export it again", file=self._file)

    def _check_numbers(self) -> None:
        """Run three steps: the graph must give finite memory, and logits that differ and keep to their limit."""
        features = np.zeros((1, len(FEATURES)), dtype=np.int64)
        logits, memory = self.step(features, self.start(1))
        for _ in range(2):
            logits, memory = self.step(features, memory)
        finite = all(np.isfinite(value).all() for name, value in memory.items() if name.startswith("cell"))
        least, most = int(logits.min()), int(logits.max())
        if not finite or least == most or least < -LOGIT_LIMIT or most > LOGIT_LIMIT:
            raise PackError(
                "the model gives no usable numbers (NaN, all alike, or too large); train it again", file=self._file
            )

    def start(self, batch: int) -> Memory:
        """Return the empty memory of ``batch`` sequences."""
        return {
            name: np.full((batch, self.hidden), _ZERO, dtype=np.uint8)
            if name.startswith("hidden")
            else np.zeros((batch, self.hidden), dtype=np.float32)
            for name in self._states
        }

    def step(self, features: npt.NDArray[np.int64], memory: Memory) -> tuple[npt.NDArray[np.int32], Memory]:
        """Return the next tokens' logits (B, V), in 1/256 nat, and the new memory.

        Args:
            features: (B, F), see `gamemusic.tokens.vocabulary.FEATURES`; every value below its feature's size.
            memory: What the step before returned.

        Raises:
            PackError: When the graph fails, as one with damaged constants may do at any step.
        """
        try:
            logits, *states = self._session.run(self._outputs, {"features": features, **memory})
        except Exception as error:  # onnxruntime raises many types without a common root but Exception
            raise PackError(f"the model cannot be run: {str(error)[:200]}; export it again", file=self._file) from error
        return logits, dict(zip(self._states, states, strict=True))
