"""Composing uses no network and leaves nothing in the user's folders, whatever the libraries below would like to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from traffic import Traffic, need_strace, watch

COMPOSE = "import gamemusic\ngamemusic.compose({pack!r}, bars=2, seed=1).save('loop.mid')"
RUN = (
    "import time, onnxruntime\n"
    "onnxruntime.InferenceSession({pack!r} + '/model.onnx', providers=['CPUExecutionProvider'])\n"
    "time.sleep(3)"
)
"""What a program does that does not know of telemetry."""
DOCTOR = "from gamemusic.cli.main import main\nmain(['doctor'])"
TELLING = ((1, 29), (1, 32))
"""Releases of ONNX Runtime that were seen to send telemetry where nobody forbids it."""


def installed() -> tuple[int, ...]:
    return tuple(int(part) for part in version("onnxruntime").split(".")[:2])


def check(traffic: Traffic, folder: Path) -> None:
    """Say that nothing was done but to read, and to write the file that was asked for."""
    assert traffic.sockets == ()
    assert traffic.lookups == ()
    assert traffic.home == ()
    inside = [path for path in traffic.written if Path(folder, path).parent == folder]
    assert list(traffic.written) == inside


@pytest.fixture(autouse=True)
def _strace() -> None:
    need_strace()


def test_the_control_sees_what_the_audit_hook_does_not(tmp_path: Path) -> None:
    code = (
        "import ctypes, os, pathlib, socket, sys\n"
        "heard = []\n"
        "sys.addaudithook(lambda name, given: heard.append(name) if name.startswith('socket') else None)\n"
        "ctypes.CDLL(None).socket(2, 1, 0)\n"
        "assert not heard, heard\n"
        "socket.socket(socket.AF_INET6).close()\n"
        "pathlib.Path.home().joinpath('left').write_text('by it')\n"
        "try: socket.getaddrinfo('localhost', 80)\n"
        "except OSError: pass\n"
    )
    traffic = watch(code, tmp_path)
    assert traffic.sockets[0] == "AF_INET"
    assert "AF_INET6" in traffic.sockets
    assert traffic.lookups
    assert traffic.home == ("left",)
    assert str(tmp_path / "home" / "left") in traffic.written


@pytest.mark.skipif(not TELLING[0] <= installed() <= TELLING[1], reason="no release that was seen to send anything")
def test_the_control_sees_what_onnx_runtime_does_by_itself(tmp_path: Path, tiny_pack: Path) -> None:
    traffic = watch(RUN.format(pack=str(tiny_pack)), tmp_path)
    assert traffic.sockets or traffic.lookups or traffic.home
    with pytest.raises(AssertionError):
        check(traffic, tmp_path)


@pytest.mark.parametrize("variable", [None, "0"], ids=["not set", "set to send"])
@pytest.mark.parametrize("code", [COMPOSE, DOCTOR], ids=["compose", "doctor"])
def test_no_network_and_nothing_left(code: str, variable: str | None, tmp_path: Path, tiny_pack: Path) -> None:
    check(watch(code.format(pack=str(tiny_pack)), tmp_path, variable=variable), tmp_path)


def test_no_network_where_the_host_had_imported_it(tmp_path: Path, tiny_pack: Path) -> None:
    """What it did before is the host's; from then on it is switched off, by the call that there is for it."""
    code = (
        "from unittest import mock\n"
        "import onnxruntime\n"
        "with mock.patch.object(onnxruntime, 'disable_telemetry_events') as off:\n"
        f"    import gamemusic; gamemusic.compose({str(tiny_pack)!r}, bars=2, seed=1).save('loop.mid')\n"
        "assert off.called"
    )
    watch(code, tmp_path)
    assert (tmp_path / "loop.mid").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    "wanted", ["oldest", "==1.29.0", "==1.30.0", ""], ids=["oldest", "first that sends", "next", "newest"]
)
def test_no_network_with_other_releases(wanted: str, root: Path, tmp_path: Path, tiny_pack: Path) -> None:
    """In a folder of its own, without what it depends on; that is here already."""
    if wanted == "oldest":
        (bound,) = re.findall(r'"onnxruntime>=([\d.]+)"', (root / "pyproject.toml").read_text("utf-8"))
        wanted = f"=={bound}"
    place = tmp_path / "packages"
    words = ["install", "-q", "--no-deps", "--only-binary=:all:", "--target", str(place), f"onnxruntime{wanted}"]
    environment = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}  # make's one version
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words], check=False, capture_output=True, text=True, env=environment
    )
    if done.returncode:
        pytest.skip(f"NOT SHOWN FOR onnxruntime{wanted}, which cannot be had here: {done.stderr.strip()[-200:]}")
    folder = tmp_path / "run"
    folder.mkdir()
    code = COMPOSE.format(pack=str(tiny_pack)) + "\nimport onnxruntime, time; time.sleep(3)"
    code += f"\nassert onnxruntime.__file__.startswith({str(place)!r}), onnxruntime.__file__"
    check(watch(code, folder, path=place), folder)
