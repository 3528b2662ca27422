"""A director in a running game: how long reading takes, how soon moods change, what it costs.

Every scenario runs in a process of its own, in real time where time is what is measured: over half an hour in all.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import cycle
from typing import Any

from benchmarks.common import Row, child_environment

__all__ = ["measure"]

RATE = 48000
BLOCK = 512
BUFFER_MS = 1000 * BLOCK / RATE
MOODS = ("explore", "combat", "town")
"""Played by turns."""
CHANGE_SECONDS = 15.0
HOG_SECONDS = 0.05
FONT = "TimGM6mb.sf2"


def measure(quick: bool, minutes: float = 10.0) -> list[Row]:
    """Return a row for each promise.

    Args:
        quick: Hardly any time: only whether it runs.
        minutes: How long reading is watched in each of its three circumstances.
    """
    long = 12.0 if quick else 60 * minutes
    rows = []
    idle = _run("reading", long)
    rows.append(
        Row(
            benchmark="live",
            what="`read(512)` while composing, 99.99th percentile",
            unit="% of the buffer",
            ours=idle["percent"]["99.99"],
            goal="<= 25 %",
            note=_spread(idle),
        )
    )
    loaded = _run("reading", long, busy=os.cpu_count() or 1)
    rows.append(
        Row(
            benchmark="live",
            what="the same with every core busy, over a bare loop that copies a block",
            unit="% of the buffer",
            ours=loaded["percent"]["99"] - loaded["bare"]["99"],
            goal="<= 5 %",
            note=f"99th percentiles {loaded['percent']['99']:.2f} and {loaded['bare']['99']:.2f} %; 99.99th "
            f"{loaded['percent']['99.99']:.1f} and {loaded['bare']['99.99']:.1f} %; {_spread(loaded)}",
        )
    )
    hog = _run("hogged", long)
    rows.append(
        Row(
            benchmark="live",
            what="underruns of a 200 ms buffer, two Python threads holding the interpreter 50 ms at a time",
            unit="",
            ours=hog["underruns"],
            goal="0",
            note=f"{hog['seconds']:.0f} s; the interpreter was held {hog['held']:.0f} % of the time; least in the "
            f"buffer {hog['least_ms']:.0f} ms",
        )
    )
    moves = _run("moves", 20.0 if quick else 40 * minutes)
    rows.append(
        Row(
            benchmark="live",
            what="changes to a loaded mood heard within one bar of the ask",
            unit="%",
            ours=moves["loaded"],
            goal=">= 99 %",
            note=f"{moves['asks']} asks, at='bar'; bars of what played; {moves['bridges']:.0f} % with a bridge",
        )
    )
    cold = _run("cold", 2 if quick else round(3 * minutes))
    rows.append(
        Row(
            benchmark="live",
            what="changes to a cold mood heard within two bars of the ask",
            unit="%",
            ours=cold["cold"],
            goal=">= 99 %",
            note=f"{cold['asks']} asks; model and instruments are loaded meanwhile; slowest {cold['slowest']:.1f}",
        )
    )
    hour = _run("hour", 300.0 if quick else 3600.0)
    rows.append(
        Row(
            benchmark="live",
            what="memory with three moods loaded and playing",
            unit="MB",
            ours=hour["megabytes"],
            goal="<= 250 MB",
            note=f"resident, the most seen; {hour['font']}",
        )
    )
    rows.append(
        Row(
            benchmark="live",
            what="memory gained by an hour of music",
            unit="MB an hour",
            ours=hour["slope"],
            goal="<= 1",
            note=f"from minute {hour['from']:.0f} to {hour['to']:.0f} of simulated play; another mood every 2 minutes",
        )
    )
    cost = _run("cost", 10.0 if quick else 30 * minutes)
    rows.append(
        Row(
            benchmark="live",
            what="processor time while one mood plays",
            unit="% of one core",
            ours=cost["percent"],
            goal="<= 5 %",
            note=f"{cost['seconds']:.0f} s, {cost['composed']} phrases composed; the loop that reads counts, too",
        )
    )
    return rows


def _spread(found: dict[str, Any]) -> str:
    part = ", ".join(f"{name} %: {value:.2f}" for name, value in found["percent"].items())
    return f"percentiles {part}; longest {found['longest_ms']:.1f} ms; {found['reads']:,} reads"


def _run(scenario: str, amount: float, busy: int = 0) -> dict[str, Any]:
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
    try:
        command = [sys.executable, "-m", "benchmarks.live", "--scenario", scenario, str(amount)]
        done = subprocess.run(command, env=child_environment(), capture_output=True, text=True, check=False)
    finally:
        for other in others:
            other.kill()
            other.wait()
    if done.returncode:
        raise RuntimeError(f"{scenario}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


# what runs in a process of its own -------------------------------------------------------------------------------


def _director(**settings: Any) -> Any:
    from gamemusic import Director, Settings
    from gamemusic.audio.soundfont import installed_soundfonts

    fonts = [path for path in installed_soundfonts() if path.name == FONT]
    return Director(sample_rate=RATE, seed=1, soundfont=fonts[0] if fonts else None, settings=Settings(**settings))


def _pace(seconds: float, tick: Callable[[float], None]) -> None:
    """Call ``tick`` once a buffer, in real time."""
    began = time.perf_counter()
    due = began
    while due - began < seconds:
        tick(due - began)
        due += BLOCK / RATE
        time.sleep(max(0.0, due - time.perf_counter()))


def reading(seconds: float) -> dict[str, Any]:
    """Read in real time while moods change; every other buffer a block is copied for comparison."""
    import numpy as np

    director = _director()
    director.play("explore", intensity=0.5)
    director.wait_ready()
    moods, change = cycle(MOODS[1:] + MOODS[:1]), [CHANGE_SECONDS]
    times: list[float] = []
    bare: list[float] = []
    source, target = np.ones((BLOCK, 2), np.float32), np.zeros((BLOCK, 2), np.float32)

    def tick(now: float) -> None:
        began = time.perf_counter()
        director.read(BLOCK)
        times.append(time.perf_counter() - began)
        began = time.perf_counter()
        target[:] = source
        bare.append(time.perf_counter() - began)
        if now >= change[0]:
            director.play(next(moods))
            director.intensity = 0.2 + 0.6 * (change[0] % (2 * CHANGE_SECONDS) > 0)
            change[0] += CHANGE_SECONDS

    _pace(seconds, tick)
    director.close()
    places = ("50", "99", "99.9", "99.99")

    def percents(found: list[float]) -> dict[str, float]:
        return {place: float(np.percentile(found, float(place))) * 1e5 / BUFFER_MS for place in places}

    return {
        "percent": percents(times),
        "bare": percents(bare),
        "longest_ms": max(times) * 1e3,
        "reads": len(times),
    }


class VirtualCard:
    """A sound card that plays at its own pace: the clock says how much of what was written is left."""

    def __init__(self, latency: float) -> None:
        self.latency, self.written, self.underruns, self.least = latency, 0, 0, latency
        self._began = 0.0

    def start(self) -> None:
        """Nothing plays until the buffer was full once."""

    @property
    def write_available(self) -> int:
        """Frames that there is room for."""
        played = (time.perf_counter() - self._began) * RATE if self._began else 0.0
        return min(round(self.latency * RATE), round(self.latency * RATE - self.written + played))

    def write(self, data: Any) -> None:
        """Take sound, wait while there is no room for it."""
        now = time.perf_counter()
        if self._began:
            left = self.written / RATE - (now - self._began)
            if left < 0:
                self.underruns += 1
                self._began += -left
            self.least = min(self.least, left)
        self.written += len(data)
        if self.written / RATE >= self.latency and not self._began:
            self._began = time.perf_counter()
        if self._began:
            ahead = self.written / RATE - (time.perf_counter() - self._began)
            time.sleep(max(0.0, ahead - self.latency))

    def close(self) -> None:
        """Nothing to free."""


def hogged(seconds: float) -> dict[str, Any]:
    """Feed a card while threads hold the interpreter."""
    from gamemusic.director.output import SoundCard

    director = _director(ahead_seconds=0.5)
    director.play("explore")
    director.wait_ready()
    director.read(BLOCK)
    size = 100_000
    while True:
        began = time.perf_counter()
        sum(range(size))
        if time.perf_counter() - began > HOG_SECONDS:
            break
        size = size * 5 // 4
    stop, held = threading.Event(), [0.0]

    def hog() -> None:
        while not stop.is_set():
            began = time.perf_counter()
            sum(range(size))  # C code that does not give the interpreter back
            held[0] += time.perf_counter() - began
            time.sleep(HOG_SECONDS)

    card = VirtualCard(0.2)
    output = SoundCard(director, latency=0.2, open_sink=lambda *_: card)
    time.sleep(2.0)
    card.underruns, card.least = 0, card.latency
    threads = [threading.Thread(target=hog) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    output.close()
    director.close()
    return {
        "underruns": card.underruns,
        "seconds": seconds,
        "held": min(100.0, 100 * held[0] / seconds),
        "least_ms": card.least * 1e3,
    }


def moves(seconds: float) -> dict[str, Any]:
    """Ask for loaded moods at random moments."""
    import numpy as np

    random = np.random.default_rng(1)
    director = _director()
    for mood in MOODS:
        director.prepare(mood)
    director.wait_ready(60)
    director.play(MOODS[0])
    director.wait_ready()
    waits: list[float] = []
    asked: list[tuple[float, float, str]] = []
    moods, due = cycle(MOODS[1:] + MOODS[:1]), [8.0]

    def tick(now: float) -> None:
        director.read(BLOCK)
        at = director.now
        if asked and at is not None and at.mood == asked[0][2]:
            waits.append((at.seconds - asked[0][0]) / asked[0][1])
            asked.clear()
            due[0] = now + float(random.uniform(3, 6))
        elif not asked and now >= due[0]:
            bar = 60 / at.tempo_bpm * at.phrase.meter.bar_ticks / 12
            mood = next(moods)
            # music heard so far, as `Moment.seconds` counts it
            asked.append((director._mixer.position / RATE, bar, mood))
            director.play(mood, intensity=float(random.random()))

    _pace(seconds, tick)
    counters = director.counters
    director.close()
    return {
        "loaded": 100 * sum(wait <= 1.0 for wait in waits) / max(1, len(waits)),
        "asks": len(waits),
        "bridges": 100 * counters["bridges"] / max(1, counters["moves"]),
    }


def _wait_cold(first: str, wanted: str, delay: float) -> float:
    """Return after how many bars a mood is heard that is asked for after a while."""
    director = _director()
    director.play(first)
    director.wait_ready()
    state: dict[str, float] = {}

    def tick(now: float) -> None:
        director.read(BLOCK)
        at = director.now
        if "asked" not in state and now > delay and at is not None:
            state["bar"] = 60 / at.tempo_bpm * at.phrase.meter.bar_ticks / 12
            state["asked"] = director._mixer.position / RATE
            director.play(wanted)
        elif "asked" in state and "heard" not in state and at is not None and at.mood == wanted:
            state["heard"] = at.seconds

    _pace(delay + 14, tick)
    director.close()
    return (state.get("heard", 1e9) - state["asked"]) / state["bar"]


def cold(asks: float) -> dict[str, Any]:
    """Ask for moods whose model, samples and phrases are not loaded."""
    import numpy as np

    from gamemusic.director.shelf import SHELF
    from gamemusic.packs.library import list_packs

    names = [one.name for one in list_packs() if one.origin == "shipped"]
    random = np.random.default_rng(1)
    waits = []
    for number in range(int(asks)):
        SHELF._entries.clear()
        wanted = names[(number + 1 + number // len(names)) % len(names)]
        waits.append(_wait_cold(names[number % len(names)], wanted, float(random.uniform(1, 4))))
    return {"cold": 100 * sum(wait <= 2.0 for wait in waits) / len(waits), "asks": len(waits), "slowest": max(waits)}


def hour(seconds: float) -> dict[str, Any]:
    """Let an hour of music pass as fast as it can be made, and see how much memory is held."""
    import gc
    from pathlib import Path

    def resident() -> float:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    director = _director(patient=True)
    for mood in MOODS:
        director.prepare(mood)
    director.play(MOODS[0])
    moods = cycle(MOODS[1:] + MOODS[:1])
    samples: list[tuple[float, float]] = []
    step = max(1, round(seconds / 30)) * RATE  # two minutes of an hour
    frames = 0
    while frames < seconds * RATE:
        director.read(RATE // 2)
        frames += RATE // 2
        if frames % step == 0:
            director.play(next(moods))
            director.intensity = 0.2 + 0.6 * (frames // step % 2)
            samples.append((frames / RATE / 60, resident()))
    director.close()
    third = len(samples) // 3
    middle, last = samples[third : 2 * third], samples[2 * third :]
    gained = statistics.median(one[1] for one in last) - statistics.median(one[1] for one in middle)
    hours = (statistics.median(one[0] for one in last) - statistics.median(one[0] for one in middle)) / 60
    return {
        "megabytes": max(one[1] for one in samples),
        "slope": gained / max(1e-9, hours),
        "from": middle[0][0],
        "to": last[-1][0],
        "font": FONT,
    }


def cost(seconds: float) -> dict[str, Any]:
    """Play one mood in real time and see how much of a core it takes."""
    director = _director()
    director.play("explore", intensity=0.5)
    director.wait_ready()
    _pace(5.0, lambda _: director.read(BLOCK))
    began, composed = time.process_time(), director.counters["composed"]
    _pace(seconds, lambda _: director.read(BLOCK))
    spent = time.process_time() - began
    composed = director.counters["composed"] - composed
    director.close()
    return {"percent": 100 * spent / seconds, "seconds": seconds, "composed": composed}


SCENARIOS: dict[str, Callable[[float], dict[str, Any]]] = {
    "reading": reading,
    "hogged": hogged,
    "moves": moves,
    "cold": cold,
    "hour": hour,
    "cost": cost,
}


def main() -> None:
    """Run one scenario, or all of them, each in a process of its own."""
    parser = argparse.ArgumentParser(description="A benchmark of `python -m benchmarks.run`, which prints a table.")
    parser.add_argument("--quick", action="store_true", help="hardly any time: only whether it runs")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long reading is watched, three times")
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), help="only this one, in this process")
    parser.add_argument("amount", type=float, nargs="?", default=10.0, help="the scenario's seconds, or asks")
    options = parser.parse_args()
    if options.scenario:
        print(json.dumps(SCENARIOS[options.scenario](options.amount)))
    else:
        print(json.dumps([dataclasses.asdict(row) for row in measure(options.quick, options.minutes)]))


if __name__ == "__main__":
    main()
