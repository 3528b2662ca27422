"""What a fresh process asks of the system's kernel: sockets, looking up of hosts, and files that it writes.

Python's audit hook does not see what libraries in C do; ``strace`` does. Where it can be had, the process runs without
any network of its own (``unshare``), so that a library that is caught has told nobody anything.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = "ORT_DISABLE_TELEMETRY"

_CALLS = "trace=network,open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat"
_SOCKET = re.compile(r"\b(socket|socketpair)\((AF_\w+)")
_OPENED = re.compile(r'\bopen(?:at2?)?\((?:[^"]*?, )?"((?:[^"\\]|\\.)*)", (.*)')
_MADE = re.compile(r'\b(?:creat|mkdir|mkdirat|rename\w*|link\w*|symlink\w*)\(.*"((?:[^"\\]|\\.)*)"')
_QUIETENS = re.compile("XDG_|ORT_|CI$|GITHUB_|RUNNER_|GITLAB_|TF_BUILD|BUILD_")
"""Variables that move the user's folders, or make libraries keep quiet, as some do where they think they are tested."""
_LOOKUP = ("/etc/resolv.conf", "/etc/hosts", "/etc/gai.conf")


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a process did."""

    sockets: tuple[str, ...]
    """Families of all that were asked for, such as AF_INET."""
    lookups: tuple[str, ...]
    """Files that only the looking up of a host reads."""
    written: tuple[str, ...]
    """Files and folders that were opened for writing, or made."""
    home: tuple[str, ...]
    """What lies in the fresh home folder afterwards."""


@functools.cache
def _alone() -> tuple[str, ...]:
    """Return the words that start a command without a network, none where that is not allowed."""
    words = ("unshare", "--user", "--map-root-user", "--net")
    if shutil.which("unshare") is None or subprocess.run([*words, "true"], check=False, capture_output=True).returncode:
        return ()
    return words


@functools.cache
def _why_not() -> str:
    """Return why nothing can be watched here, "" where it can."""
    if not sys.platform.startswith("linux"):
        return "only Linux has strace"
    if shutil.which("strace") is None:
        return "strace is not installed: sudo apt-get install strace"
    done = subprocess.run([*_alone(), "strace", "-f", "-o", os.devnull, "true"], check=False, capture_output=True)
    return f"strace may not trace here: {done.stderr.decode()[-200:]}" if done.returncode else ""


def need_strace() -> None:
    """Skip the test, and say why, where processes cannot be watched."""
    if reason := _why_not():
        pytest.skip(f"NOT SHOWN THAT NO NETWORK IS USED: {reason}")


def watch(code: str, folder: Path, *, path: Path | None = None, variable: str | None = None) -> Traffic:
    """Run lines of Python in a fresh process with an empty home folder, and return what it did.

    Args:
        code: What is run; it must end without an error.
        folder: Where it runs.
        path: A folder of packages that come before the installed ones.
        variable: What `VARIABLE` is; None: it is not set.
    """
    home, log = folder / "home", folder / "strace.txt"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not _QUIETENS.match(name)}
    environment |= {"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([*([str(path)] if path else []), str(ROOT)])
    if variable is not None:
        environment[VARIABLE] = variable
    command = [*_alone(), "strace", "-f", "-qq", "-s", "4096", "-e", _CALLS, "-o", str(log), sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    sockets, lookups, written = [], [], []
    for line in log.read_text(errors="replace").splitlines():
        if found := _SOCKET.search(line):
            sockets.append(found[2])
        elif found := _OPENED.search(line):
            if found[1] in _LOOKUP:
                lookups.append(found[1])
            if re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", found[2]) and found[1] != os.devnull:
                written.append(found[1])
        elif found := _MADE.search(line):
            written.append(found[1])
    left = tuple(sorted(str(entry.relative_to(home)) for entry in home.rglob("*")))
    return Traffic(tuple(sockets), tuple(lookups), tuple(written), left)
