"""Composing against the loop of the classic Keras tutorial: one ``model.predict`` over the last 100 notes for a note.

As in S. Skúli, "How to Generate Music using a LSTM Neural Network in Keras" (2017) and its many descendants, here with
two layers of 256 cells. Keras runs on torch.
"""

from __future__ import annotations

import importlib
import os
import statistics
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.common import NOT_RUN, Row, report, seconds
from benchmarks.steps import open_composer, record_steps
from gamemusic.tokens.vocabulary import VOCABULARY_SIZE

__all__ = ["measure"]

SEQUENCE = 100
"""Notes that the tutorial's network sees each time."""
CELLS = 256

STEP, NOTE = "composing, 1 candidate, a step", "composing, 1 candidate, a note of the phrase"
AGAINST = f"one `predict` of the Keras tutorial (one note), 2 x {CELLS}, {SEQUENCE} notes back"


def measure(quick: bool) -> list[Row]:
    """Return a row by step and a row by note; ours takes several steps a note, the tutorial one."""
    if find_spec("keras") is None or find_spec("torch") is None:
        note = f"{NOT_RUN} (pip install -r benchmarks/requirements.txt)"
        return [Row(benchmark="keras_predict", what=what, against=AGAINST, note=note) for what in (STEP, NOTE)]
    composer, note = open_composer(1)
    by_step, by_note = [], []
    for seed in range(2 if quick else 11):  # before Keras is imported, so that its threads are not in the way
        steps = len(record_steps(composer, seed))
        phrase = composer.compose(seed=seed)
        taken = seconds(lambda seed=seed: composer.compose(seed=seed))  # type: ignore[misc]  # mypy wants no default
        by_step.append(taken / steps)
        by_note.append(taken / max(1, sum(1 for _ in phrase.notes())))
    predict = statistics.median(_time_predictions(2 if quick else 20))
    rows = []
    for what, ours in ((STEP, statistics.median(by_step)), (NOTE, statistics.median(by_note))):
        rows.append(
            Row(
                benchmark="keras_predict",
                what=what,
                unit="µs",
                ours=ours * 1e6,
                reference=predict * 1e6,
                against=AGAINST,
                ratio=ours / predict,
                note="; ".join(
                    filter(None, ["Keras on torch, whose LSTM is slow on a CPU; TensorFlow is quicker", note])
                ),
            )
        )
    return rows


def _time_predictions(count: int) -> list[float]:
    """Return how long each prediction takes, in seconds, with the tutorial's own handling of what it returns."""
    os.environ["KERAS_BACKEND"] = "torch"
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin are slow beside any busy process
    keras: Any = importlib.import_module("keras")
    model = keras.Sequential(
        [
            keras.layers.Input((SEQUENCE, 1)),
            keras.layers.LSTM(CELLS, return_sequences=True),
            keras.layers.LSTM(CELLS),
            keras.layers.Dense(VOCABULARY_SIZE, activation="softmax"),
        ]
    )
    pattern = [index % VOCABULARY_SIZE for index in range(SEQUENCE)]

    def predict_note() -> None:
        shown = np.reshape(pattern, (1, SEQUENCE, 1)) / VOCABULARY_SIZE
        prediction = model.predict(shown, verbose=0)
        pattern.append(int(np.argmax(prediction)))
        del pattern[0]

    predict_note()  # the first one builds the network
    return [seconds(predict_note) for _ in range(count)]


if __name__ == "__main__":
    report(measure)
