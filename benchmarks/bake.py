"""Baking a soundtrack: two processes against one, one against what it is made of, and a bake with nothing to do.

The reference for two processes is what two independent ``fluidsynth`` commands gain over one on this machine, since two
cores share memory and clock. The reference for one process is bare: the same MIDI files through the ``fluidsynth``
command, each in a process of its own as a build script would do it, and the model's steps in a bare loop; of both every
fourth cue is measured, times four.
"""

from __future__ import annotations

import functools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from benchmarks.common import NOT_RUN, ROOT, Row, child_environment, report, seconds
from benchmarks.steps import BareLoop, record_steps
from gamemusic.audio.soundfont import find_soundfont
from gamemusic.composer.composer import Composer
from gamemusic.packs.library import find_pack
from gamemusic.soundtrack.schema import default_seed

__all__ = ["measure"]

MOODS = ("explore", "town", "dungeon", "mystery", "combat", "boss", "victory", "sorrow", "title")
CUES = 200
IDLE_CUES = 1000
RATE = 48000
EVERY = 4
"""Of how many cues one is taken for what is bare."""


def measure(quick: bool) -> list[Row]:
    """Return rows of two processes, of one, of a cluster, and of a bake with nothing to do."""
    program = shutil.which("fluidsynth")
    if program is None:
        return [Row(benchmark="bake", what="baking", note=f"{NOT_RUN} (needs the fluidsynth command)")]
    cues = 6 if quick else CUES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        track = _write(folder / "track.yaml", cues, "formats: [midi, wav]\ndefaults: {bars: 8}")
        one = _bake(track, folder / "one", "--jobs", "1")
        two = _bake(track, folder / "two", "--jobs", "2")
        with _cluster() as address:
            far = None if address is None else _bake(track, folder / "far", "--cluster", address)
        files = sorted((folder / "one").glob("*.mid"))
        taken = files[::EVERY]
        single = _synthesise(program, taken, 1) * len(files) / len(taken)
        double = _synthesise(program, taken, 2) * len(files) / len(taken)
        steps = _bare_steps(cues)
        return [
            _gain(
                "bake: two processes' gain over one", one / two, single / double, cues, f"{one:.0f} s and {two:.0f} s"
            ),
            _gain("bake: two Dask workers' gain over one process", one / far, one / two, cues, f"{far:.0f} s")
            if far is not None
            else Row(benchmark="bake", what="bake: two Dask workers", note=f"{NOT_RUN} (needs dask.distributed)"),
            Row(
                benchmark="bake",
                what="bake: one process, all of it",
                unit="s",
                ours=one,
                reference=single + steps,
                against="`fluidsynth` on the same MIDI files, and the model's bare steps",
                ratio=one / (single + steps),
                goal="<= 1.3",
                note=f"{cues} cues of 8 bars, 16-bit WAV at {RATE} Hz; synthesis {single:.0f} s, steps {steps:.0f} s",
            ),
            _idle(folder, 20 if quick else IDLE_CUES),
        ]


def _gain(what: str, ours: float, reference: float, cues: int, note: str) -> Row:
    against = "two `fluidsynth` processes' gain over one" if "Dask" not in what else "two processes' gain over one"
    return Row(
        benchmark="bake",
        what=what,
        unit="times",
        ours=ours,
        reference=reference,
        against=against,
        ratio=ours / reference,
        goal=">= 0.9",
        note=f"{cues} cues, {note}",
    )


def _idle(folder: Path, cues: int) -> Row:
    track = _write(folder / "many.yaml", cues, "formats: [midi]\ndefaults: {bars: 1}")
    _bake(track, folder / "many", "--jobs", "2")
    times = [_bake(track, folder / "many", "--jobs", "2") for _ in range(5)]
    return Row(
        benchmark="bake",
        what="bake: nothing to do",
        unit="s",
        ours=statistics.median(times),
        goal="< 2",
        note=f"{cues:,} cues, all of the command",
    )


def _write(path: Path, cues: int, head: str) -> Path:
    rows = [f"  cue{number:04d}: {{mood: {_mood(number)}}}" for number in range(cues)]
    path.write_text("\n".join([head, "cues:", *rows, ""]), encoding="utf-8")
    return path


def _mood(number: int) -> str:
    return MOODS[number % len(MOODS)]


def _bake(track: Path, target: Path, *options: str) -> float:
    command = [sys.executable, "-m", "gamemusic", "bake", str(track), "-o", str(target), *options]
    return seconds(lambda: subprocess.run(command, check=True, capture_output=True, env=child_environment(), cwd=ROOT))


def _synthesise(program: str, files: Sequence[Path], processes: int) -> float:
    """Return how long it takes to render files with the command, so many at a time."""
    font = find_soundfont()

    def render(file: Path) -> None:
        wav = str(file.with_suffix(".check"))
        subprocess.run(
            [program, "-ni", "-F", wav, "-r", str(RATE), "-R", "0", "-C", "0", str(font), str(file)],
            check=True,
            capture_output=True,
        )
        Path(wav).unlink()

    began = time.perf_counter()
    with ThreadPoolExecutor(processes) as pool:
        list(pool.map(render, files))
    return time.perf_counter() - began


def _bare_steps(cues: int) -> float:
    """Return how long the model's steps of all cues take in a bare loop, from those of every fourth."""
    total = 0.0
    taken = range(0, cues, EVERY)
    composers: dict[str, tuple[Composer, BareLoop]] = {}
    for number in taken:
        mood = _mood(number)
        if mood not in composers:
            pack = find_pack(mood)
            composers[mood] = Composer(pack), BareLoop(pack.read(pack.preset.model))
        composer, bare = composers[mood]
        for steps in _runs(record_steps(composer, default_seed(f"cue{number:04d}", 0), bars=8)):
            total += seconds(functools.partial(bare.run, steps))
    return total * cues / len(taken)


def _runs(steps: list) -> Iterator[list]:  # type: ignore[type-arg]  # of arrays, all alike in shape within a run
    """Yield steps of one batch size at a time, as the bare loop keeps one state."""
    begin = 0
    for index in range(1, len(steps) + 1):
        if index == len(steps) or len(steps[index]) != len(steps[begin]):
            yield steps[begin:index]
            begin = index


@contextmanager
def _cluster() -> Iterator[str | None]:
    """Start a scheduler with two workers of a thread each; None where Dask is not installed."""
    try:
        import distributed
    except ImportError:
        yield None
        return
    os.environ.update(child_environment())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50)
    with cluster:
        yield cluster.scheduler_address


if __name__ == "__main__":
    report(measure)
