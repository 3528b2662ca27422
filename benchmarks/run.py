"""All benchmarks, one command, one table.

    python -m benchmarks.run [--quick] [--only NAME]

Each runs in a process of its own, one after the other. A whole run is also written to results.csv and results.md, one
that was asked for by name to results-NAME.md; then `python -m benchmarks.tables` brings them into README and docs.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import datetime as dt
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

if __package__ in (None, ""):  # started as a file: then Python looks beside the file, not in the repository
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.common import ROOT, Row, child_environment
from benchmarks.fingerprint import find_commit, fingerprint

BENCHMARKS = (
    "compose",
    "eager",
    "keras_predict",
    "render",
    "coldstart",
    "memory",
    "training",
    "bridges",
    "mix",
    "bake",
    "live",
)
PACKAGES = ("numpy", "onnxruntime", "mido", "pyfluidsynth", "torch", "keras")
FLAGS = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8")
"""What integer products are quick with; a virtual machine's processor often has no telling name."""
FOLDER = ROOT / "benchmarks"


def main() -> int:
    """Measure, print, write; return 1 when a benchmark failed."""
    parser = argparse.ArgumentParser(prog="benchmarks.run", description="Measure everything and print one table.")
    parser.add_argument("--quick", action="store_true", help="hardly any repetitions: shows only that all of it runs")
    parser.add_argument("--only", choices=BENCHMARKS, action="append", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--minutes", type=float, default=10.0, help="of each long watch of live (default: 10)")
    options = parser.parse_args()
    machine = describe_machine()
    begun = fingerprint(ROOT)
    rows: list[Row] = []
    for name in options.only or BENCHMARKS:
        print(f"benchmarks: {name} ...", file=sys.stderr, flush=True)
        rows += run_one(name, options.quick, ["--minutes", str(options.minutes)] if name == "live" else [])
    page = write_page(rows, machine)
    print(page)
    if not options.quick and fingerprint(ROOT) != begun:
        print("benchmarks: files changed while they were measured; nothing is written", file=sys.stderr)
        return 1
    if not options.quick and not options.only:
        (FOLDER / "results.md").write_text(page, encoding="utf-8")
        write_csv(rows, machine, FOLDER / "results.csv")
    elif not options.quick:
        for name in options.only:
            page = write_page([row for row in rows if row.benchmark == name], machine)
            (FOLDER / f"results-{name}.md").write_text(page, encoding="utf-8")
    return int(any(row.note.startswith("failed") for row in rows))


def run_one(name: str, quick: bool, words: Sequence[str] = ()) -> list[Row]:
    """Return a benchmark's rows; one that says so when it failed."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *(["--quick"] if quick else []), *words]
    done = subprocess.run(command, cwd=ROOT, env=child_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return [Row(benchmark=name, what=name, note=f"failed: {last}")]
    return [Row(**row) for row in json.loads(done.stdout.splitlines()[-1])]


def describe_machine() -> dict[str, str]:
    """Return when and on what this is measured."""
    found = {
        "date": dt.datetime.now(dt.timezone.utc).date().isoformat(),
        "commit": find_commit(ROOT),
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    if hasattr(os, "getloadavg"):
        found["load before"] = f"{os.getloadavg()[0]:.1f}"  # well above 0: something else was running
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    found["fluidsynth"] = _fluidsynth()
    return found


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or "unknown"
    name = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    said = name.group(1) if name else platform.processor()
    flags = [flag for flag in FLAGS if re.search(rf"\b{flag}\b", text)]
    return f"{said} ({', '.join(flags)})" if flags else said


def _fluidsynth() -> str:
    try:
        done = subprocess.run(["fluidsynth", "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return "not installed"
    found = re.search(r"version (\d[\d.]*)", done.stdout + done.stderr)
    return found.group(1) if found else "unknown"


def write_page(rows: list[Row], machine: dict[str, str]) -> str:
    """Return the table, with what it was measured on, in Markdown."""
    lines = [
        f"# Measured on {machine['date']}",
        "",
        f"At commit {machine['commit']}.",
        "",
        "; ".join(f"{name} {value}" for name, value in machine.items() if name not in ("date", "commit")) + ".",
        "",
        f"<!-- fingerprint: {', '.join(f'{part}={digits}' for part, digits in fingerprint(ROOT).items())} -->",
        "",
        "| what | ours | against | reference | ratio | goal | notes |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ratio = "" if row.ratio is None else f"**{_digits(row.ratio)}**"
        cells = [row.what, _amount(row.ours, row.unit), row.against, _amount(row.reference, row.unit), ratio, row.goal]
        lines.append("| " + " | ".join([*cells, row.note]).replace("<=", "≤").replace(">=", "≥") + " |")
    return "\n".join(lines) + "\n"


def _amount(value: float | None, unit: str) -> str:
    return "" if value is None else f"{_digits(value)} {unit}"


def _digits(value: float) -> str:
    """Return three significant digits, and all those before the decimal point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 0.1 else f"{value:.{1 if value >= 10 else 2}f}"


def write_csv(rows: list[Row], machine: dict[str, str], path: Path) -> None:
    """Write a line for each row, each with date and machine."""
    names = [field.name for field in dataclasses.fields(Row)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*names, *(name.replace(" ", "_") for name in machine)])
        for row in rows:
            values = [getattr(row, name) for name in names]
            plain = ["" if value is None else f"{value:.6g}" if isinstance(value, float) else value for value in values]
            writer.writerow([*plain, *machine.values()])


if __name__ == "__main__":
    sys.exit(main())
