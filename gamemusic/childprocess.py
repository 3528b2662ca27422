"""Childprocess: what a process of `gamemusic.processes` does: one function, for one item after another."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
from typing import IO, Any

from gamemusic.processes import describe, receive, send

__all__ = ["main"]


def main() -> None:
    """Take items from standard input and send results to standard output, until the first ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, with which this one ends
    taking, giving = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not be taken for a result
    sys.stdout = sys.stderr
    items: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(taking, items), daemon=True).start()
    function = pickle.loads(items.get())  # noqa: S301  # of the process that has started this one
    send(giving, b"ready")
    while True:
        send(giving, _work(function, items.get()))


def _listen(pipe: IO[bytes], items: queue.SimpleQueue[bytes]) -> None:
    while (item := receive(pipe)) is not None:
        items.put(item)
    os._exit(0)  # the parent has ended, or wants no more: in the middle of whatever is being done


def _work(function: Any, item: bytes) -> bytes:
    try:
        return pickle.dumps((function(pickle.loads(item)), ""))  # noqa: S301  # as above
    except Exception as error:  # one item takes nothing else along
        return pickle.dumps((None, describe(error)))
