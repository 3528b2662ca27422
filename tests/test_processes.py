"""Processes that do work, and end with who asked for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import childwork
import pytest

from gamemusic import processes
from gamemusic.errors import GameMusicError
from gamemusic.processes import child_command, share, share_in_order


def test_work_is_shared_and_comes_back(capfd: pytest.CaptureFixture[str]) -> None:
    found = list(share(childwork.double, range(20), 3))
    assert sorted((one.item, one.result, one.error) for one in found) == [(n, 2 * n, "") for n in range(20)]
    assert "says something" not in capfd.readouterr().out  # what is printed there is no result, and not for us
    assert len({one.result for one in share(childwork.process_of, range(8), 2)}) == 2
    assert [one.result for one in share(childwork.process_of, range(2), 1)] == [os.getpid()] * 2
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("gamemusic a")]


def test_in_order() -> None:
    assert list(share_in_order(childwork.double_slowly_at_first, range(9), 2)) == [2 * n for n in range(9)]
    assert list(share_in_order(childwork.double, [], 2)) == []
    with pytest.raises(GameMusicError, match="two is too much"):
        list(share_in_order(childwork.fail_at_two, range(9), 2))


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_is_raised_is_told_with_its_item(jobs: int) -> None:
    found = {one.item: one for one in share(childwork.fail_at_two, range(5), jobs)}
    assert found[2].error == "two is too much"
    assert found[3].error.startswith("TypeError: three (childwork.py:")
    assert [found[number].result for number in (0, 1, 4)] == [0, 1, 4]


def test_a_process_that_dies_is_replaced_and_its_last_words_are_told() -> None:
    found = {one.item: one for one in share(childwork.die_at_two, range(6), 2)}
    assert found[2].error == "its process died (exit code 7): the library cannot go on"
    assert [found[number].result for number in (0, 1, 3, 4, 5)] == [0, 1, 3, 4, 5]


def test_processes_that_cannot_begin_are_told_once_with_their_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-c", "raise ImportError('no such library')"]
    monkeypatch.setattr(processes, "child_command", lambda: command)
    with pytest.raises(GameMusicError, match=r"ImportError: no such library; try with one job"):
        list(share(childwork.double, range(5), 2))
    monkeypatch.setattr(processes, "child_command", lambda: ["/no/such/program"])
    with pytest.raises(GameMusicError, match="No such file"):
        list(share(childwork.double, range(5), 2))


def test_programs_that_are_no_python_are_not_started(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert child_command() is not None
    for executable in ("/opt/game/game", "blender", "", "/usr/bin/python3-game"):
        monkeypatch.setattr(sys, "executable", executable)
        monkeypatch.setattr("multiprocessing.spawn.get_executable", lambda executable=executable: executable)
        assert child_command() is None
    for executable in ("python", "/usr/bin/python3.12", "C:/Python/pythonw.exe", "/x/pypy3.10", "/x/python3.14t"):
        monkeypatch.setattr(sys, "executable", executable)
        monkeypatch.setattr(
            "multiprocessing.spawn.get_executable", lambda executable=executable: os.fsencode(executable)
        )
        found = child_command()
        assert found is not None
        assert found[0] == executable
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert child_command() is None
    assert [one.result for one in share(childwork.process_of, range(3), 2)] == [os.getpid()] * 3
    assert "cannot start processes" in caplog.text
    monkeypatch.setattr(sys, "gamemusic_child", "--gamemusic-child", raising=False)
    assert child_command() == [sys.executable, "--gamemusic-child"]


def test_files_of_the_current_folder_take_no_modules_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pickle", "gamemusic", "queue", "struct"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a stranger was imported')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert [one.result for one in share(childwork.double, [1, 2], 2)] in ([2, 4], [4, 2])


PROGRAM = """
import sys
sys.path.insert(0, {tests!r})
import childwork
from gamemusic.processes import share
print(list(share(childwork.say_who_and_wait, [{folder!r}] * 2, 2)))
"""


def wait_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return b"\nState:\tZ" not in Path(f"/proc/{process}/status").read_bytes()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="it looks at processes by their numbers")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_they_end_with_their_parent_in_the_middle_of_their_work(tmp_path: Path, how: signal.Signals) -> None:
    program = PROGRAM.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    parent = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    wait_for(lambda: len(list(tmp_path.iterdir())) == 2)
    children = [int(path.name) for path in tmp_path.iterdir()]
    assert all(map(alive, children))
    parent.send_signal(how)
    said = parent.communicate(timeout=60)[1]
    wait_for(lambda: not any(map(alive, children)))
    assert "Broken" not in said
    assert ("KeyboardInterrupt" in said) == (how == signal.SIGINT)  # the parent's own, and nobody else's
    assert said.count("Traceback") == (how == signal.SIGINT)
