"""A minute of a director in real time while four threads ask it for anything; `benchmarks/soak.py` does it for long."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_minute_of_calls_at_random() -> None:
    words = ("-m", "benchmarks.soak", "--minutes", "1", "--soundfont", "chip", "--json")
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    found = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout
    assert not done.stderr
    assert sum(found["calls"].values()) > 50
    assert found["refused"] == {}
    assert [error for error in found["errors"] if "stingers at once" not in error] == []
    assert found["not_numbers"] == 0
    assert found["silence_ms"] < 1000
    assert found["threads"] == 3
    assert found["threads_left"] == 0
    assert found["counters"]["failed"] == 0
    assert found["counters"]["frames"] > 30 * 48000
    # how often the buffer ran dry is the machine's affair as well, so it is printed and not judged
