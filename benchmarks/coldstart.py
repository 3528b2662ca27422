"""Cold start: a whole ``gamemusic compose`` process up to the written MIDI file, less its model steps.

Both sides compile their modules into a cache of their own before anything is timed, so that the checkout stays clean
and neither is measured without compiled modules.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.common import Row, child_environment, interleave, mood_pack, report, seconds
from benchmarks.steps import BareLoop, open_composer, record_steps

__all__ = ["measure"]

SEED = 1


def measure(quick: bool) -> list[Row]:
    """Return the row."""
    path, note = mood_pack()
    bars = 2 if quick else None
    steps, model_seconds = _time_steps(bars)
    with tempfile.TemporaryDirectory() as folder:
        environment = child_environment(PYTHONPYCACHEPREFIX=folder)
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        words = [sys.executable, "-m", "gamemusic", "compose", str(path), "--seed", str(SEED), "-o", "loop.mid"]
        words += [] if bars is None else ["--bars", str(bars)]
        bare = [sys.executable, "-c", "import numpy, onnxruntime"]

        def start(command: list[str]) -> float:
            return seconds(
                lambda: subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
            )

        def start_ours(_: int) -> float:
            return start(words) - model_seconds

        pair = interleave(start_ours, lambda _: start(bare), 1 if quick else 15)
        if not (Path(folder) / "loop.mid").stat().st_size:
            raise RuntimeError("nothing was written")
    told = f"less {steps} model steps ({model_seconds * 1e3:.0f} ms, as a bare loop takes)"
    return [
        Row(
            benchmark="coldstart",
            what="cold start of `gamemusic compose` to a MIDI file, less its model steps",
            unit="ms",
            ours=pair.ours * 1e3,
            reference=pair.reference * 1e3,
            against="`python -c 'import numpy, onnxruntime'`",
            ratio=pair.ratio,
            goal="<= 2",
            note="; ".join(filter(None, [told, note])),
        )
    ]


def _time_steps(bars: int | None) -> tuple[int, float]:
    """Return how many steps the command takes, and how long a bare loop needs for them, in seconds."""
    composer, _ = open_composer()
    features = record_steps(composer, SEED, bars)
    bare = BareLoop(composer.pack.model)
    bare.run(features)
    return len(features), statistics.median(seconds(lambda: bare.run(features)) for _ in range(5))


if __name__ == "__main__":
    report(measure)
