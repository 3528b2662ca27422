"""Composing against PyTorch eager: the same network, step by step, as it would run without ONNX Runtime."""

from __future__ import annotations

from importlib.util import find_spec

from benchmarks.common import NOT_RUN, Row, interleave, report, seconds
from benchmarks.steps import Features, open_composer, record_steps

__all__ = ["measure"]


def measure(quick: bool) -> list[Row]:
    """Return the row."""
    what = "composing, 1 candidate, a step"
    if find_spec("torch") is None:
        note = f"{NOT_RUN} (pip install 'gamemusic[train]')"
        return [Row(benchmark="eager", what=what, against="a step of PyTorch eager", note=note)]
    composer, note = open_composer(1)
    eager = _Eager(composer.session.hidden, composer.session.layers)
    repetitions = 2 if quick else 11
    recorded = [record_steps(composer, seed) for seed in range(repetitions)]
    most = 20 if quick else 300
    pair = interleave(
        lambda number: seconds(lambda: composer.compose(seed=number)) / len(recorded[number]),
        lambda number: seconds(lambda: eager.run(recorded[number][:most])) / len(recorded[number][:most]),
        repetitions,
    )
    return [
        Row(
            benchmark="eager",
            what=what,
            unit="µs",
            ours=pair.ours * 1e6,
            reference=pair.reference * 1e6,
            against="a bare step of PyTorch eager, same network in float32, 1 thread",
            ratio=pair.ratio,
            note=note,
        )
    ]


class _Eager:
    """The network in PyTorch, weights of no account; the embedding tables are worked out once, as in the export."""

    def __init__(self, hidden: int, layers: int) -> None:
        import torch

        from gamemusic.tokens.vocabulary import FEATURES
        from gamemusic_export.model import ModelSize, MoodLSTM

        class Still(MoodLSTM):
            """The network with tables that do not change any more."""

            def table(self, name: str) -> torch.Tensor:
                return tables[name]

        torch.set_num_threads(1)
        self.model = Still(ModelSize(hidden=hidden, layers=layers, dropout=0.0)).eval()
        with torch.no_grad():
            tables = {name: MoodLSTM.table(self.model, name) for name in FEATURES}

    def run(self, features: list[Features]) -> None:
        """Take one step for each array of features (B, F); where B changes, another batch begins from nothing."""
        import torch

        state, batch = self.model.start(1), 1
        with torch.no_grad():
            for now in features:
                if len(now) != batch:
                    state, batch = self.model.start(len(now)), len(now)
                _, state = self.model(torch.from_numpy(now[:, None]), state)  # (B, 1, F)


if __name__ == "__main__":
    report(measure)
