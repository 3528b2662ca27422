"""Training against the bare PyTorch loop: what reading rows, carrying memory, clipping and reporting cost.

Same network, optimiser, precision, threads and shape. The bare loop runs on tensors that are there already, from empty
memory, and does forward, loss, backward and the optimiser's step, nothing else.
"""

from __future__ import annotations

import os
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from benchmarks.common import NOT_RUN, Row, interleave, report

__all__ = ["measure"]

ROWS, STEPS = 32, 192
"""Sequences a batch and tokens of each, as in the recipes of moods."""
REPORTED_EVERY = 10
"""Updates between two reports of `gamemusic_export.train.train`; what is timed begins at the first one."""


def measure(quick: bool) -> list[Row]:
    """Return the row; its ratio is of speeds, so more is better."""
    what, against = "training, tokens a second", "the bare PyTorch loop"
    if find_spec("torch") is None or find_spec("safetensors") is None:
        note = f"{NOT_RUN} (pip install 'gamemusic[train]')"
        return [Row(benchmark="training", what=what, against=against, note=note)]
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin at barriers would be measured instead
    import torch

    rows = 2 if quick else ROWS
    loops = _Loops(rows, hidden=32 if quick else 384)
    tokens = rows * STEPS * REPORTED_EVERY
    pair = interleave(
        lambda _: tokens / loops.time_ours(), lambda _: tokens / loops.time_bare(), 1 if quick else 5, warm_up=False
    )
    return [
        Row(
            benchmark="training",
            what=what,
            unit="tokens/s",
            ours=pair.ours,
            reference=pair.reference,
            against=against,
            ratio=pair.ratio,
            goal=">= 0.9",
            note=f"2 x {loops.hidden}, {rows} x {STEPS} tokens a batch, bfloat16 autocast, "
            f"{torch.get_num_threads()} threads",
        )
    ]


class _Loops:
    """The two loops, on one made-up dataset: random tokens take as long as music."""

    def __init__(self, rows: int, *, hidden: int) -> None:
        import numpy as np

        from gamemusic.tokens.vocabulary import FEATURES
        from gamemusic_export.dataset import Dataset, PieceRow

        self.rows, self.hidden = rows, hidden
        generator = np.random.Generator(np.random.Philox(1))
        excerpts, length = 2 * rows, 4 * STEPS + 1  # whole batches and the last target: no step is padding
        columns = [generator.integers(0, size, excerpts * length, dtype=np.uint16) for size in FEATURES.values()]
        piece = PieceRow(
            name="made up", source="", style="chamber", split="train", group="", notes=0, credit="", licence=""
        )
        self.dataset = Dataset(
            np.stack(columns, axis=1),
            np.arange(excerpts + 1) * length,
            np.zeros(excerpts, dtype=np.int64),
            np.zeros((excerpts, 1)),
            [piece],
            "",
        )

    def time_ours(self) -> float:
        """Return how long the project's loop takes for `REPORTED_EVERY` updates, its first ones not counted."""
        import numpy as np

        from gamemusic_export.batches import RowSampler
        from gamemusic_export.model import ModelSize, MoodLSTM
        from gamemusic_export.train import TrainSettings, train

        every = np.arange(len(self.dataset.edges) - 1)
        sampler = RowSampler(self.dataset, every, np.ones(len(every)), rows=self.rows, steps=STEPS, seed=1)
        reports: list[float] = []
        with tempfile.TemporaryDirectory() as folder:
            train(
                MoodLSTM(ModelSize(hidden=self.hidden)),
                self.dataset,
                sampler,
                every[:1],
                Path(folder),
                TrainSettings(updates=2 * REPORTED_EVERY, rows=self.rows, steps=STEPS),
                progress=lambda _: reports.append(time.perf_counter()),
            )
        first, second = reports[:2]
        return second - first

    def time_bare(self) -> float:
        """Return how long the bare loop takes for as many updates, as many done before."""
        import torch

        from gamemusic.tokens.vocabulary import FEATURES, VOCABULARY_SIZE
        from gamemusic_export.model import ModelSize, MoodLSTM
        from gamemusic_export.train import TrainSettings, half_precision

        model = MoodLSTM(ModelSize(hidden=self.hidden)).train()
        settings = TrainSettings(updates=1)
        optimiser = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
        shape = (self.rows, STEPS)
        features = torch.stack([torch.randint(size, shape) for size in FEATURES.values()], dim=-1)
        targets = torch.randint(VOCABULARY_SIZE, shape).flatten()
        state = model.start(self.rows)
        began = 0.0
        for update in range(2 * REPORTED_EVERY):
            if update == REPORTED_EVERY:
                began = time.perf_counter()
            with half_precision(torch.device("cpu")):
                logits, _ = model(features, state)
            loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), targets)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]  # torch's own
            optimiser.step()
        return time.perf_counter() - began


if __name__ == "__main__":
    report(measure)
