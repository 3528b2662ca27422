"""Commands that are killed, stopped or run out of space at any of their changes to the file system."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a system that forks")
SCRIPT = Path(__file__).with_name("killsweep.py")


def run(*words: str, seconds: float) -> tuple[int, str]:
    """Sweep in a process of its own, which has no threads when it forks; return the trials and what was wrong."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *words],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])},
    )
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    found = re.search(r"(\d+) trials, (\d+) faults\n\Z", done.stdout)
    assert found, done.stdout[-2000:] + done.stderr[-2000:]
    return int(found[1]), "" if found[2] == "0" else done.stdout


def test_a_few_moments_of_commands_without_music() -> None:
    modes = ("--mode", "killed", "--mode", "full", "--every", "3")
    trials, faults = run("new", "remove a folder", "pick", *modes, seconds=300)
    assert trials >= 15
    assert faults == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["new", "pack", "install", "replace", "replace a folder", "remove", "remove a folder", "compose", "bake"]
    + ["bake again", "pick"],
)
def test_every_moment_of_every_command_that_writes(name: str) -> None:
    trials, faults = run(name, seconds=3600)
    assert trials >= 12
    assert faults == ""
