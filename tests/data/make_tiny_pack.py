"""Makes tests/data/tiny_pack: a mood of random weights, small enough to commit. Needs the training extra; run by hand.

python tests/data/make_tiny_pack.py
"""

from __future__ import annotations

from pathlib import Path

import torch

from gamemusic.packs.card import Card, Licences, Source, Vocabulary, write_card
from gamemusic.packs.pack import describe_files
from gamemusic.tokens.vocabulary import VOCABULARY_HASH, VOCABULARY_VERSION
from gamemusic_export.model import ModelSize, MoodLSTM
from gamemusic_export.onnx_export import build_graph
from gamemusic_export.quantise import quantise


def main() -> None:
    """Write model and card beside the preset."""
    folder = Path(__file__).parent / "tiny_pack"
    torch.manual_seed(7)
    model = MoodLSTM(ModelSize(hidden=16, layers=2, dropout=0.0))
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(3)  # lively states, so that a test of equality is not one of silence
    graph = build_graph(
        quantise(model), {"mood": "tiny", "styles": "chamber,rock", "data_hash": "", "licence": "CC0-1.0"}
    )
    (folder / "model.onnx").write_bytes(graph)
    files = {name: (folder / name).read_bytes() for name in ("preset.yaml", "model.onnx")}
    card = Card(
        name="tiny",
        title="Tiny",
        author="gamemusic contributors",
        licences=Licences(model="CC0-1.0", training_data="none", output="CC0-1.0"),
        attribution=(Source(name="random numbers"),),
        vocabulary=Vocabulary(version=VOCABULARY_VERSION, hash=VOCABULARY_HASH),
        files=describe_files(files),
    )
    (folder / "card.json").write_bytes(write_card(card))


if __name__ == "__main__":
    main()
