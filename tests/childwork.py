"""Functions that processes of tests do."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from gamemusic.errors import InputError


def double(number: int) -> int:
    print("a library says something")  # noqa: T201
    return 2 * number


def double_slowly_at_first(number: int) -> int:
    time.sleep(0.3 if number == 0 else 0.0)
    return 2 * number


def fail_at_two(number: int) -> int:
    if number == 2:
        raise InputError("two is too much")
    if number == 3:
        raise TypeError("three")
    return number


def die_at_two(number: int) -> int:
    if number == 2:
        sys.stderr.write("the library cannot go on\n")
        sys.stderr.flush()
        os._exit(7)
    return number


def say_who_and_wait(folder: str) -> None:
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(600)


def process_of(number: int) -> int:
    time.sleep(0.05)
    return os.getpid()
