"""What the trained model is held against: the same pipeline with random weights, or with a 5-gram in its place.

If the grammar, the arranger or the choice among candidates did the work, these would do as well.
"""

from __future__ import annotations

from pathlib import Path

import torch

from gamemusic.composer.composer import Composer
from gamemusic.composer.session import Session
from gamemusic.errors import MissingError
from gamemusic.packs.pack import Pack
from gamemusic_export.model import ModelSize, MoodLSTM
from gamemusic_export.onnx_export import build_graph
from gamemusic_export.quantise import quantise

__all__ = ["NGRAM_FILE", "ngram_composer", "random_composer", "random_session"]

NGRAM_FILE = Path("runs") / "ngram.npz"
"""Where the `ngram` stage writes the 5-gram, below the folder one works in."""


def random_session(*, seed: int = 0) -> Session:
    """Return a network of the shipped size that was never trained, exported like one that was."""
    generator = torch.random.get_rng_state()
    torch.manual_seed(seed)
    model = MoodLSTM(ModelSize())
    torch.random.set_rng_state(generator)
    return Session(build_graph(quantise(model), {"mood": "random", "licence": "MIT"}), file="random weights")


def random_composer(pack: Pack, *, seed: int = 0) -> Composer:
    """Return a composer of a mood whose model has random weights."""
    return Composer(pack, random_session(seed=seed))


def ngram_composer(pack: Pack, file: Path = NGRAM_FILE) -> Composer:
    """Return a composer of a mood with a 5-gram in the model's place.

    Raises:
        MissingError: When the 5-gram was not built yet.
    """
    from gamemusic_export.ngram import NGramSession, load_ngram

    if not file.exists():
        raise MissingError(
            f"there is no 5-gram at {file}; build it from a corpus with: python -m gamemusic_export ngram "
            "(after python -m gamemusic_export prepare CORPUS)"
        )
    return Composer(pack, NGramSession(load_ngram(file)))
