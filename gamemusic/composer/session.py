"""A mood's model, loaded and stepped: graph and metadata are checked first. The only onnxruntime.

See `gamemusic.composer.graph` for the graph itself. One thread, no arena: a game's other threads keep their cores,
and memory stays flat.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gamemusic.composer.graph import check_graph, printable
from gamemusic.errors import MissingError, PackError
from gamemusic.limits import LIMITS, Limits
from gamemusic.tokens.vocabulary import FEATURES, VOCABULARY_HASH, VOCABULARY_VERSION
from gamemusic.values import reason_of

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["FORMAT_VERSION", "LOGIT_LIMIT", "Memory", "Session", "load_runtime"]

FORMAT_VERSION = 1
"""Version of the graph's inputs and outputs that this release runs."""
LOGIT_LIMIT = 1 << 20
"""Largest logit, in 1/256 nat: exported graphs clip there."""
_ZERO = 128
_TELEMETRY_OFF = "ORT_DISABLE_TELEMETRY"

Memory = dict[str, npt.NDArray[Any]]
"""The model's state by input name: ``hidden_i`` uint8 (B, H) and ``cell_i`` float32 (B, H) a layer."""


def load_runtime() -> ModuleType:
    """Return ONNX Runtime, imported with its telemetry switched off: nobody else imports it.

    The wheels 1.29 to 1.32 look up a vendor's host and leave an identifier in the user's cache folder unless the
    environment forbids it *before* the import; the process and those that it starts keep that variable.

    Raises:
        MissingError: When it cannot be imported.
    """
    if os.environ.get(_TELEMETRY_OFF) != "1":
        os.environ[_TELEMETRY_OFF] = "1"
    try:
        import onnxruntime

        onnxruntime.SessionOptions()
        # Windows' own tracing does not ask the environment, and somebody else may have imported it before
        if switch_off := getattr(onnxruntime, "disable_telemetry_events", None):
            switch_off()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # it raises again whatever its library raised, and an emptied folder has nothing
        raise MissingError(f"ONNX Runtime cannot be imported ({reason_of(error)}); {_remedy(error)}") from error
    runtime: ModuleType = onnxruntime
    return runtime


def _remedy(error: BaseException) -> str:
    """Return what to do about an import that failed."""
    if isinstance(error, MemoryError) or "memory" in str(error).lower() or "failed to map" in str(error):
        return "this process may use too little memory for it; close other programs, or raise its limit (ulimit -v)"
    return "install it with: pip install onnxruntime"


class Session:
    """A loaded model.

    Args:
        model: The serialised graph.
        file: Name that messages give.
        limits: How large the model may be.

    Raises:
        PackError: When the graph is damaged, of another format or vocabulary, or gives no numbers.
        MissingError: When ONNX Runtime cannot be imported.
    """

    def __init__(self, model: bytes, *, file: object = "model.onnx", limits: Limits = LIMITS) -> None:
        self._file = file
        size = check_graph(model, file=file, limits=limits)
        self._session = self._open(model)
        self.metadata: Mapping[str, str] = MappingProxyType(dict(self._session.get_modelmeta().custom_metadata_map))
        self.layers, self.hidden = size.layers, size.hidden
        self._check_metadata()
        self._states = [f"{kind}_{layer}" for layer in range(self.layers) for kind in ("hidden", "cell")]
        self._outputs = ["logits", *(f"{name}_next" for name in self._states)]
        self._before_step: Callable[[], object] | None = None
        self._check_numbers()

    def checked(self, check: Callable[[], object]) -> Session:
        """Return this model with ``check`` called before every step; what that raises ends whatever steps it."""
        twin = copy.copy(self)
        twin._before_step = check
        return twin

    def _open(self, model: bytes) -> onnxruntime.InferenceSession:
        onnxruntime = load_runtime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        options.enable_cpu_mem_arena = False
        try:
            return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises many types without a common root but Exception
            reason = printable(str(error).partition("\n")[0], 200)
            raise PackError(f"not a usable model: {reason}; export it again", file=self._file) from error

    def _check_metadata(self) -> None:
        said = {name: printable(value, 20) for name, value in self.metadata.items()}
        if self.metadata.get("format") != str(FORMAT_VERSION):
            raise PackError(
                f"model format {said.get('format')!r} found, {FORMAT_VERSION} expected; "
                "export it again with this version",
                file=self._file,
            )
        if self.metadata.get("vocabulary_hash") != VOCABULARY_HASH:
            raise PackError(
                f"the model's vocabulary (version {said.get('vocabulary_version')}, "
                f"hash {str(said.get('vocabulary_hash'))[:12]}) is not this release's "
                f"(version {VOCABULARY_VERSION}, hash {VOCABULARY_HASH[:12]}); train it again with this version",
                file=self._file,
            )
        for name, value in (("layers", self.layers), ("hidden", self.hidden)):
            if self.metadata.get(name) != str(value):
                raise PackError(
                    f"metadata {name!r} says {said.get(name, '')!r}, the graph has {value}; export it again",
                    file=self._file,
                )

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
        if self._before_step is not None:
            self._before_step()
        try:
            logits, *states = self._session.run(self._outputs, {"features": features, **memory})
        except Exception as error:  # onnxruntime raises many types without a common root but Exception
            raise PackError(
                f"the model cannot be run: {printable(str(error), 200)}; export it again", file=self._file
            ) from error
        return logits, dict(zip(self._states, states, strict=True))
