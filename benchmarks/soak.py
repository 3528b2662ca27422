"""A director for half an hour, in real time, while four threads ask it for anything at any moment.

    python -m benchmarks.soak [--minutes N] [--seed N] [--soundfont F] [--json]

Prints what a player would notice (a buffer that ran dry, silence, numbers that are none) and what a game's maker would
(memory, threads, errors).
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import os
import queue
import random
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __package__ in (None, ""):  # started as a file: then Python looks beside the file, not in the repository
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.common import ROOT, child_environment

if TYPE_CHECKING:
    import numpy as np

    from gamemusic import Director

__all__ = ["Figures", "soak"]

RATE = 48000
BLOCK = 512
CALLERS = 4
MEAN_SECONDS = (0.2, 1.0, 5.0)
"""Between two calls of one thread, each for so long as the next says: storms and calms."""
PHASE_CALLS = 20
BUFFERS = (0.05, 0.2)
"""Seconds of sound in the buffers that are watched; 0.2 is what `Director.start` has."""
SETTLE_SECONDS = 2.0
"""Sound after a pause or before the first music that is not counted as silence."""
MOODS = ("explore", "town", "tavern", "dungeon", "mystery", "combat", "boss", "victory", "sorrow", "title")
STEMS = ("lead", "harmony", "bass", "drums", "texture", "counter")


@dataclass(slots=True)
class Figures:
    """What was found."""

    minutes: float = 0.0
    calls: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    """Calls that raised, by what they raised."""
    reads: int = 0
    longest_read_ms: float = 0.0
    underruns: dict[str, int] = field(default_factory=dict)
    """By the buffer's length: how often it ran dry."""
    bare_underruns: dict[str, int] = field(default_factory=dict)
    """The same of a process that reads nothing at the same time: what the machine does to anyone."""
    silence_ms: float = 0.0
    """Longest run of zeros while a mood played."""
    not_numbers: int = 0
    """Samples that were NaN, infinite or beyond full scale."""
    megabytes: list[float] = field(default_factory=list)
    """Resident memory, every ten seconds."""
    slope: float = 0.0
    """Megabytes an hour, by the second half."""
    threads: int = 0
    """Most threads of the director at once."""
    threads_left: int = 0
    """Those that were alive two seconds after `close`."""
    close_ms: float = 0.0
    errors: list[str] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    load: float = 0.0
    """Of the machine, over the last minute: threads that wanted a core."""


def soak(minutes: float, seed: int, soundfont: str | None) -> Figures:
    """Play for so long and return what was found."""
    import numpy as np

    from gamemusic import Director

    figures = Figures(minutes=minutes)
    director = Director(sample_rate=RATE, seed=seed, soundfont=soundfont)
    director.play("explore")
    if not director.wait_ready(120):
        raise SystemExit(f"no music within two minutes: {director.errors}")
    over, heard = threading.Event(), queue.SimpleQueue[Any]()
    threads = [
        threading.Thread(target=_call, args=(director, random.Random(seed * CALLERS + number), over, figures))
        for number in range(CALLERS)
    ]
    threads.append(threading.Thread(target=_listen, args=(heard, figures)))
    command = [sys.executable, "-m", "benchmarks.soak", "--bare", "--json", "--minutes", str(minutes)]
    bare = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=child_environment(), cwd=ROOT)
    for thread in threads:
        thread.start()
    _read(director, minutes * 60, heard, figures)
    over.set()
    heard.put(None)
    for thread in threads:
        thread.join()
    figures.bare_underruns = json.loads(bare.communicate()[0])["underruns"]
    figures.load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    figures.errors, figures.counters = list(director.errors), dict(director.counters)
    began = time.perf_counter()
    director.close()
    figures.close_ms = 1e3 * (time.perf_counter() - began)
    time.sleep(2.0)
    figures.threads_left = len(_own_threads())
    half = figures.megabytes[len(figures.megabytes) // 2 :]
    if len(half) > 2:
        figures.slope = float(np.polyfit(np.arange(len(half)) / 360.0, half, 1)[0])
    return figures


class _Nothing:
    """In a director's place: reading it costs nothing."""

    paused = False

    def read(self, frames: int) -> None:
        """Return at once."""


def _read(director: Director | _Nothing, seconds: float, heard: queue.SimpleQueue[Any], figures: Figures) -> None:
    """Read at the pace of a sound card."""
    began = time.perf_counter()
    starts = dict.fromkeys(BUFFERS, began)
    figures.underruns = {f"{1000 * buffer:.0f} ms": 0 for buffer in BUFFERS}
    written, measured = 0.0, began
    while (now := time.perf_counter()) < began + seconds:
        paused = director.paused
        block = director.read(BLOCK)
        after = time.perf_counter()
        figures.reads += 1
        figures.longest_read_ms = max(figures.longest_read_ms, 1e3 * (after - now))
        heard.put((block, paused or director.paused))
        written += BLOCK / RATE
        for buffer in BUFFERS:
            # the buffer was full when the card began to play
            late = after - starts[buffer] - written
            if late > 0:
                figures.underruns[f"{1000 * buffer:.0f} ms"] += 1
                starts[buffer] = after - written + buffer
        if after - measured > 10.0:
            measured = after
            figures.megabytes.append(_megabytes())
            figures.threads = max(figures.threads, len(_own_threads()))
        # as a card does whose buffer of 50 ms is full
        time.sleep(max(0.0, starts[BUFFERS[0]] + written - BUFFERS[0] - time.perf_counter()))


def _listen(heard: queue.SimpleQueue[Any], figures: Figures) -> None:
    """Look at all that was read."""
    import numpy as np

    run, longest, settling = 0, 0, round(SETTLE_SECONDS * RATE)
    while (item := heard.get()) is not None:
        block, paused = item
        figures.not_numbers += int(np.count_nonzero(~(np.abs(block) <= 1.0)))
        if paused:
            run, settling = 0, round(SETTLE_SECONDS * RATE)
            continue
        if settling > 0:
            settling -= len(block)
            continue
        before, run = _zeros(block, run)
        longest = max(longest, before, run)
        figures.silence_ms = 1e3 * longest / RATE


def _zeros(block: np.ndarray, run: int) -> tuple[int, int]:
    """Return the longest run of zeros that ends in a block, and the one that goes on behind it."""
    import numpy as np

    loud = np.flatnonzero(block.any(axis=1))
    if not len(loud):
        return 0, run + len(block)
    inside = int(np.max(np.diff(loud), initial=1)) - 1
    return max(run + int(loud[0]), inside), len(block) - 1 - int(loud[-1])


def _call(director: Director, chance: random.Random, over: threading.Event, figures: Figures) -> None:
    """Call anything, again and again."""
    saved = director.save_state()
    done: collections.Counter[str] = collections.Counter()
    refused: collections.Counter[str] = collections.Counter()
    names = ("play", "intensity", "stinger", "duck", "stem", "pause", "save", "load", "prepare", "look")
    weights = (15, 25, 10, 12, 10, 4, 6, 3, 5, 10)
    mean = MEAN_SECONDS[1]
    while not over.wait(chance.expovariate(1 / mean)):
        if chance.random() < 1 / PHASE_CALLS:
            mean = chance.choice(MEAN_SECONDS)
        name = chance.choices(names, weights)[0]
        done[name] += 1
        try:
            if name == "play":
                _play(director, chance)
            elif name == "intensity":
                director.intensity = chance.random()
            elif name == "stinger":
                director.stinger(chance.choice(("found", "danger")), chance.choice(("beat", "bar", "phrase")))
            elif name == "duck":
                director.duck(-12.0 * chance.random(), chance.random())
            elif name == "stem":
                director.set_stem(chance.choice(STEMS), 0.5 + chance.random() / 2)
            elif name == "pause":
                director.pause()
                over.wait(chance.random())
                director.resume()
            elif name == "save":
                saved = json.loads(json.dumps(director.save_state()))
            elif name == "load":
                director.load_state(saved)
            elif name == "prepare":
                director.prepare(chance.choice(MOODS))
            else:
                _ = director.now, director.counters, director.errors, director.seed
        except Exception as error:  # what was raised is what this is for
            refused[f"{name}: {type(error).__name__}: {error}"] += 1
    director.resume()
    with _adding:
        for counted, found in ((figures.calls, done), (figures.refused, refused)):
            for name, number in found.items():
                counted[name] = counted.get(name, 0) + number


def _play(director: Director, chance: random.Random) -> None:
    director.play(
        chance.choice(MOODS),
        intensity=chance.random() if chance.random() < 0.5 else None,
        at=chance.choice(("beat", "bar", "phrase")),
        by=chance.choice(("bridge", "cut", "crossfade")),
        resume=chance.random() < 0.7,
    )


_adding = threading.Lock()


def _own_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("gamemusic")]


def _megabytes() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int:
    """Soak and print; return 1 when something was found that must not be."""
    parser = argparse.ArgumentParser(prog="benchmarks.soak", description="A director in real time, for long.")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (default: 30)")
    parser.add_argument("--seed", type=int, default=1, help="decides the calls and the music (default: 1)")
    parser.add_argument("--soundfont", help="SF2 or SF3 file, or chip (default: the styles')")
    parser.add_argument("--bare", action="store_true", help="only the loop that reads, with nothing to read from")
    parser.add_argument("--json", action="store_true", help="print it all as JSON")
    options = parser.parse_args()
    if options.bare:
        found = Figures(minutes=options.minutes)
        _read(_Nothing(), options.minutes * 60, queue.SimpleQueue(), found)
    else:
        found = soak(options.minutes, options.seed, options.soundfont)
    if options.json:
        print(json.dumps(dataclasses.asdict(found)))
    else:
        for name, value in dataclasses.asdict(found).items():
            if name == "megabytes" and value:
                value = f"{value[0]:.0f} at first, {max(value):.0f} at most, {value[-1]:.0f} at last"
            print(f"{name:16} {value}")
    wrong = [error for error in found.errors if "stingers at once" not in error]  # in a storm they are left out
    return 1 if found.not_numbers or wrong or found.refused or found.threads_left else 0


if __name__ == "__main__":
    raise SystemExit(main())
