"""Processes: work shared among processes of one's own, each of which may die without taking the others along.

They are not those of `multiprocessing`: there a new process runs the program's main script again, which without its
guard begins the whole program anew, and from standard input cannot. These run `gamemusic.childprocess` alone. They end
with this process, however it ends, since they end when the pipe from it does.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import multiprocessing.spawn
import os
import pickle
import queue
import re
import signal
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Generic, TypeVar

from gamemusic.errors import GameMusicError

__all__ = ["Outcome", "child_command", "receive", "send", "share", "share_in_order"]

logger = logging.getLogger(__name__)

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_LENGTH = struct.Struct(">Q")
_KEPT_LINES = 200
"""Lines of what a process says that are kept until it is known how it ended."""
_LEAVE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Outcome(Generic[_Item, _Result]):
    """What came of an item."""

    item: _Item
    result: _Result | None = None
    error: str = ""
    """What was raised, or how the process died; empty: nothing was."""


def share(function: Callable[[_Item], _Result], items: Iterable[_Item], jobs: int) -> Iterator[Outcome[_Item, _Result]]:
    """Yield what came of ``function(item)`` for each item, as it comes.

    Args:
        function: Of a module that can be imported; it is called in other processes.
        items: Taken one by one, when a process is free.
        jobs: How many processes; with 1 everything happens in this one, and so it does where none can be started.

    Raises:
        GameMusicError: A process could not begin; the message says what it raised.
    """
    command = None if jobs == 1 else child_command()
    if command is None:
        if jobs > 1:
            logger.warning("this program cannot start processes of Python; %d are done by this one", jobs)
        for item in items:
            yield _attempt(function, item)
        return
    yield from _Pool(command, pickle.dumps(function), jobs).run(items)


def share_in_order(function: Callable[[_Item], _Result], items: Iterable[_Item], jobs: int) -> Iterator[_Result]:
    """Yield ``function(item)`` for each item in order, as `share`.

    Raises:
        GameMusicError: What the first of them raised.
    """
    found: dict[int, Outcome[tuple[int, _Item], _Result]] = {}
    due = 0
    for outcome in share(_Numbered(function), enumerate(items), jobs):
        found[outcome.item[0]] = outcome
        while due in found:
            first = found.pop(due)
            if first.error:
                raise GameMusicError(first.error)
            yield first.result  # type: ignore[misc]  # it may well be None
            due += 1


@dataclass(frozen=True, slots=True)
class _Numbered:
    function: Callable[[Any], Any]

    def __call__(self, item: tuple[int, Any]) -> Any:
        return self.function(item[1])


def _attempt(function: Callable[[_Item], _Result], item: _Item) -> Outcome[_Item, _Result]:
    try:
        return Outcome(item, function(item))
    except Exception as error:  # as in a process of its own, one item takes nothing else along
        return Outcome(item, error=describe(error))


def describe(error: BaseException) -> str:
    """Return what an error says, and unless it was raised on purpose, its kind and place."""
    if isinstance(error, GameMusicError):
        return str(error)
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" ({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})"
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"{text}{where}; please report this as a bug"


def child_command() -> list[str] | None:
    """Return the command that starts a process which runs `gamemusic.childprocess`; None where there is none.

    A frozen program has no Python to run; one that PyInstaller made with this package's hook has a word of its own for
    it. A program that Python is embedded in would start itself again.
    """
    word = getattr(sys, "gamemusic_child", None)  # the hook's
    if word is not None:
        return [sys.executable, str(word)]
    executable = os.fsdecode(multiprocessing.spawn.get_executable() or "")
    chosen = executable != (sys.executable or "")  # by multiprocessing.set_executable
    named = re.fullmatch(r"(python|pypy)[0-9.]*[a-z]?(\.exe)?", Path(executable).name.lower()) is not None
    if getattr(sys, "frozen", False) or "__compiled__" in globals() or not executable or not (chosen or named):
        return None
    paths = [path for path in sys.path if isinstance(path, str)]
    # the paths are there before anything is imported, so that no file of the current folder takes a module's place
    code = (
        f"import sys; sys.path[:] = {paths!r}; import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
        "from gamemusic.childprocess import main; main()"
    )
    return [executable, *_flags(), "-c", code]


def _flags() -> list[str]:
    """Return this interpreter's own flags, as far as they decide what a program does."""
    flags = {"isolated": "-I", "ignore_environment": "-E", "no_user_site": "-s", "no_site": "-S"}
    found = [flag for name, flag in flags.items() if getattr(sys.flags, name)]
    if sys.flags.dont_write_bytecode:
        found.append("-B")
    if sys.flags.utf8_mode:
        found += ["-X", "utf8"]
    return found + [f"-W{option}" for option in sys.warnoptions]


def send(pipe: IO[bytes], data: bytes) -> None:
    """Write a message."""
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes | None:
    """Return the next message; None at the end, also in the middle of one."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    return data if len(data) == length else None


@dataclass(slots=True, eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    item: Any = None
    busy: bool = False
    ready: bool = False
    said: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))
    threads: tuple[threading.Thread, ...] = ()

    def give(self, data: bytes) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):  # it has died: its end is heard where answers are
            send(self.process.stdin, data)

    def listen(self) -> None:
        """Keep what it says on its standard error."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line.decode("utf-8", "replace"))

    def tell(self) -> None:
        """Pass on what it has said."""
        while self.said:
            line = self.said.popleft()
            if sys.stderr is not None:
                with contextlib.suppress(OSError, ValueError):
                    sys.stderr.write(line)

    def leave(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()

    def last_words(self) -> str:
        """Return how it died; call it when it has."""
        code = self.process.wait()
        self._join()
        words = next((line.strip() for line in reversed(self.said) if line.strip()), "")
        self.said.clear()
        how = f"exit code {code}"
        if code < 0:
            with contextlib.suppress(ValueError):
                how = f"exit code {code}, {signal.Signals(-code).name}"
        return f"its process died ({how}){f': {words}' if words else ''}"

    def close(self) -> None:
        """Free what is left of it when it has ended."""
        self.leave()
        self._join()
        self.tell()
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        if not any(thread.is_alive() for thread in self.threads):  # what a process of its own has inherited stays open
            self.process.stdout.close()
            self.process.stderr.close()

    def _join(self) -> None:
        for thread in self.threads:
            thread.join(_LEAVE_SECONDS)


class _Pool:
    def __init__(self, command: list[str], function: bytes, jobs: int) -> None:
        self._command, self._function, self._jobs = command, function, jobs
        self._workers: list[_Worker] = []
        self._answers: queue.SimpleQueue[tuple[_Worker, bytes | None]] = queue.SimpleQueue()

    def run(self, items: Iterable[Any]) -> Iterator[Outcome[Any, Any]]:
        waiting = iter(items)
        try:
            for item in itertools.islice(waiting, self._jobs):
                self._give(self._start(), item)
            while any(worker.busy for worker in self._workers):
                worker, answer = self._next_answer()
                if answer is None and not worker.ready:
                    raise GameMusicError(f"no process could be started: {worker.last_words()}; try with one job")
                if not worker.ready:
                    worker.ready = True
                    continue
                if worker.busy:
                    yield self._take(worker, answer)
                    for item in itertools.islice(waiting, 1):
                        self._give(self._start() if answer is None else worker, item)
        finally:
            self._end()

    def _next_answer(self) -> tuple[_Worker, bytes | None]:
        while True:
            with contextlib.suppress(queue.Empty):
                return self._answers.get(timeout=0.5)  # some systems hear Ctrl-C only between two waits

    def _start(self) -> _Worker:
        pipe, hidden = subprocess.PIPE, getattr(subprocess, "CREATE_NO_WINDOW", 0)
        try:
            process = subprocess.Popen(  # noqa: S603  # our own
                self._command, stdin=pipe, stdout=pipe, stderr=pipe, creationflags=hidden
            )
        except OSError as error:
            raise GameMusicError(f"no process could be started: {error}; try with one job") from error
        worker = _Worker(process)
        self._workers.append(worker)
        worker.threads = (
            threading.Thread(target=worker.listen, name="gamemusic listener", daemon=True),
            threading.Thread(target=self._hear, args=(worker,), name="gamemusic answers", daemon=True),
        )
        for thread in worker.threads:
            thread.start()
        worker.give(self._function)
        return worker

    def _hear(self, worker: _Worker) -> None:
        assert worker.process.stdout is not None
        while (answer := receive(worker.process.stdout)) is not None:
            self._answers.put((worker, answer))
        self._answers.put((worker, None))

    @staticmethod
    def _give(worker: _Worker, item: Any) -> None:
        worker.item, worker.busy = item, True
        worker.give(pickle.dumps(item))

    def _take(self, worker: _Worker, answer: bytes | None) -> Outcome[Any, Any]:
        item, worker.item, worker.busy = worker.item, None, False
        if answer is None:
            self._workers.remove(worker)
            words = worker.last_words()
            worker.close()
            return Outcome(item, error=words)
        worker.tell()
        result, error = pickle.loads(answer)  # noqa: S301  # of a process that this one has started
        return Outcome(item, result, error)

    def _end(self) -> None:
        for worker in self._workers:
            worker.leave()
        for worker in self._workers:
            try:
                worker.process.wait(_LEAVE_SECONDS)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            worker.close()
