"""Hostile packs open no file outside, start no process, open no socket: seen by Python's own audit hook."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = r"""
import os, random, sys, tempfile
from pathlib import Path

root, count = Path(sys.argv[1]), int(sys.argv[2])
sys.path[:0] = [str(root), str(root / "tests" / "security")]
import fuzz
from gamemusic.composer.composer import Composer
from gamemusic.errors import GameMusicError
from gamemusic.packs.library import find_pack

place = Path(tempfile.mkdtemp())
tiny = fuzz.TINY
Composer(find_pack(tiny)).compose(bars=1, seed=1)  # what is imported once is imported now
"".encode("cp437")  # the names in zips are of this code page
contents = {file.name: file.read_bytes() for file in tiny.iterdir()}
zips = fuzz.zip_seeds()
heard = []
watching = False
WORDS = (
    "subprocess", "socket", "os.system", "os.exec", "os.posix_spawn", "os.fork", "ctypes", "shutil", "urllib", "exec",
    "compile", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.link", "os.symlink", "import",
)

def hook(event, arguments):
    if not watching:
        return
    if event == "open":
        if isinstance(arguments[0], int):  # what was opened by its path a moment before
            return
        path = str(arguments[0])
        if not path.startswith((str(place), str(root / "gamemusic"))):  # the pack, and the SDK's own tables
            heard.append((event, path))
        elif len(arguments) > 1 and arguments[1] not in (None, "r", "rb"):
            heard.append((event, path, arguments[1]))
        elif len(arguments) > 2 and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
            heard.append((event, path, arguments[2]))
    elif event == "compile" and arguments[1] == "<unknown>":  # a table's header, read as a literal by NumPy
        pass
    elif event.startswith(WORDS):
        heard.append((event, str(arguments)[:200]))

sys.addaudithook(hook)
chance = random.Random(7)
refused = 0
for number in range(count):
    if number % 2:
        target = place / f"{number}.zip"
        target.write_bytes(fuzz.mutate(zips, chance))
    else:
        target = place / str(number)
        target.mkdir()
        spoiled = chance.choice(sorted(contents))
        for name, data in contents.items():
            (target / name).write_bytes(fuzz.mutate([data], chance) if name == spoiled else data)
    watching = CONTROL
    try:
        pack = find_pack(target)
        Composer(pack).compose(bars=1, seed=number)
    except GameMusicError:
        refused += 1
    watching = False
print(refused, heard[:60], len(heard))
"""


def run(count: int, extra: str = "") -> tuple[int, str]:
    root = Path(__file__).resolve().parents[2]
    script = SCRIPT.replace("watching = CONTROL", f"watching = True{extra}")
    done = subprocess.run(
        [sys.executable, "-c", script, str(root), str(count)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    refused, _, rest = done.stdout.partition(" ")
    return int(refused), rest.strip()


def test_hostile_packs_touch_nothing_else() -> None:
    refused, heard = run(60)
    assert heard == "[] 0"
    assert refused > 20


@pytest.mark.slow
def test_a_thousand_hostile_packs_touch_nothing_else() -> None:
    refused, heard = run(1000)
    assert heard == "[] 0"
    assert refused > 300


def test_the_hook_hears_what_is_written() -> None:
    for call in ("open(place / 'new', 'wb').close()", "os.close(os.open(place / 'new', os.O_WRONLY | os.O_CREAT))"):
        _, heard = run(2, f"; {call}")
        assert "'open'" in heard


def test_the_hook_hears() -> None:
    _, heard = run(2, "; open('/etc/hostname').close(); __import__('subprocess').run(['true'])")
    assert "/etc/hostname" in heard
    assert "subprocess.Popen" in heard
