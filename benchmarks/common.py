"""What the benchmarks share: rows of the table, interleaved timing, the mood that is measured. Standard library only.

Nothing heavy is imported here, since `benchmarks.memory` reads the peak memory of a process that it starts: on Linux a
new process counts as its own the memory that its parent had when it was started.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["NOT_RUN", "ROOT", "Pair", "Row", "child_environment", "interleave", "mood_pack", "report", "seconds"]

ROOT = Path(__file__).resolve().parents[1]
"""The repository's folder."""

MOOD = "explore"
"""The shipped mood that is measured."""

NOT_RUN = "not run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table."""

    benchmark: str
    """Name of the module that measured it."""
    what: str
    unit: str = ""
    """Of `ours` and `reference`."""
    ours: float | None = None
    reference: float | None = None
    against: str = ""
    """What the reference is."""
    ratio: float | None = None
    """The median of the repetitions' ratios of `ours` to `reference`, so not quite the ratio of the two medians."""
    goal: str = ""
    """What the ratio, or `ours` where there is no ratio, should be; empty where it is only reported."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two things timed by turns: medians in seconds, and the median of the ratios of one repetition."""

    ours: float
    reference: float
    ratio: float


def seconds(action: Callable[[], object]) -> float:
    """Return how long ``action`` takes, in seconds; garbage is collected before it and not during it."""
    gc.collect()
    gc.disable()
    try:
        began = time.perf_counter()
        action()
        return time.perf_counter() - began
    finally:
        gc.enable()


def interleave(
    ours: Callable[[int], float], reference: Callable[[int], float], repetitions: int, *, warm_up: bool = True
) -> Pair:
    """Measure two things by turns, so that what else the machine does falls on both alike.

    Args:
        ours, reference: Return their seconds (or any cost) when called with the number of the repetition.
        repetitions: How often; which of the two comes first alternates.
        warm_up: Call both once before, uncounted.
    """
    if warm_up:
        ours(0), reference(0)
    pairs = []
    for number in range(repetitions):
        if number % 2:
            b, a = reference(number), ours(number)
        else:
            a, b = ours(number), reference(number)
        pairs.append((a, b))
    return Pair(
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )


def mood_pack() -> tuple[Path, str]:
    """Return the pack that is measured and, where it is not the shipped mood, a note that says so."""
    shipped = ROOT / "presets" / MOOD
    if (shipped / "model.onnx").exists():
        return shipped, ""
    return ROOT / "tests" / "data" / "tiny_pack", "tiny test pack: no trained mood was there"


def child_environment(**changes: str) -> dict[str, str]:
    """Return the environment of processes that import this checkout's packages."""
    paths = [str(ROOT), str(ROOT / "export"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **changes}


def report(measure: Callable[[bool], list[Row]]) -> None:
    """Run one benchmark as a program: print its rows as a line of JSON, which `benchmarks.run` reads."""
    parser = argparse.ArgumentParser(description="One benchmark of `python -m benchmarks.run`, which prints a table.")
    parser.add_argument("--quick", action="store_true", help="hardly any repetitions: only whether it runs")
    rows = measure(parser.parse_args().quick)
    print(json.dumps([dataclasses.asdict(row) for row in rows]))
