"""Peak memory of a process that composes and renders one loop with a small soundfont.

The process measures itself by ``getrusage`` at its end. It is started by this small one: what a large parent holds
when it starts a process would count as that process's own (see `benchmarks.common`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

from benchmarks.common import NOT_RUN, Row, child_environment, mood_pack, report

__all__ = ["measure"]

FONT = "TimGM6mb.sf2"

PROGRAM = """
import json, resource, sys
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
begun = peak()
import gamemusic
phrase = gamemusic.compose(sys.argv[1], seed=1)
composed = peak()
from gamemusic.audio.soundfont import installed_soundfonts
fonts = [path for path in installed_soundfonts() if path.name == sys.argv[2]]
seconds = len(phrase.render(soundfont=fonts[0], sample_rate=48000)) / 48000 if fonts else 0
print(json.dumps({"begun": begun, "composed": composed, "rendered": peak(), "seconds": seconds}))
"""


def measure(quick: bool) -> list[Row]:
    """Return a row for composing alone and one for composing and rendering."""
    composing, rendering = "peak memory, composing a loop", f"peak memory, composing and rendering a loop, {FONT}"
    if find_spec("resource") is None:
        note = f"{NOT_RUN} (this system does not tell a process's peak memory)"
        return [Row(benchmark="memory", what=what, note=note) for what in (composing, rendering)]
    path, note = mood_pack()
    peaks = [_run(str(path)) for _ in range(1 if quick else 3)]
    worst = max(peaks, key=lambda found: found["rendered"])
    rows = [
        Row(
            benchmark="memory",
            what=composing,
            unit="MB",
            ours=worst["composed"] / 1e6,
            note="; ".join(filter(None, [f"{worst['begun'] / 1e6:.0f} MB before gamemusic is imported", note])),
        )
    ]
    if not worst["seconds"]:
        return [*rows, Row(benchmark="memory", what=rendering, note=f"{NOT_RUN} (needs {FONT})")]
    told = f"{worst['seconds']:.0f} s at 48 kHz in float32; the most of {len(peaks)}"
    rows.append(
        Row(
            benchmark="memory",
            what=rendering,
            unit="MB",
            ours=worst["rendered"] / 1e6,
            goal="<= 200 MB",
            note="; ".join(filter(None, [told, note])),
        )
    )
    return rows


def _run(path: str) -> dict[str, float]:
    command = [sys.executable, "-c", PROGRAM, path, FONT]
    done = subprocess.run(command, env=child_environment(), check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    report(measure)
