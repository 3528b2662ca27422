"""Values that a caller passes in: whatever they are, they are taken, or refused with an `InputError`.

Numbers of NumPy are numbers, and a path may begin with ``~``. A message never fails on what it quotes.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from numbers import Integral, Real
from pathlib import Path

from gamemusic.errors import InputError, suggest

__all__ = [
    "check_choice",
    "check_number",
    "check_path",
    "check_truth",
    "check_whole",
    "reason_of",
    "shown",
]

_MOST_SHOWN = 80
_MOST_REASON = 300


def shown(value: object) -> str:
    """Return a value as a message quotes it: in one line, printable, of bounded length."""
    try:
        text = repr(value)
    except Exception:  # a number of a million digits, or a class that cannot describe itself
        return f"a value of the type {type(value).__name__}"
    text = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text[: _MOST_SHOWN + 1])
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def reason_of(error: BaseException) -> str:
    """Return what an error of somebody else's says, in one line of bounded length; its type when it says nothing."""
    try:
        text = str(error)
    except Exception:  # as above
        text = ""
    line = "".join(one if one.isprintable() else " " for one in text[:_MOST_REASON])
    return " ".join(line.split()) or type(error).__name__


def check_number(value: object, name: str, low: float, high: float, unit: str = "") -> float:
    """Return a number when it lies in ``low`` to ``high``.

    Args:
        value: What was passed in; numbers of NumPy are numbers, truth is none.
        name: What the message calls it.
        low: Least that is allowed.
        high: Most that is allowed.
        unit: What the message puts behind the range.

    Raises:
        InputError: For any other value, NaN included.
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):  # a number that is larger than any of Python's
            number = float(value)
            if low <= number <= high:
                return number
    unit = f" {unit}" if unit else ""
    raise InputError(f"{name} must be {low:g} to {high:g}{unit} (received {shown(value)})")


def check_whole(value: object, name: str, low: int, high: int, unit: str = "") -> int:
    """Return a whole number when it lies in ``low`` to ``high``; else as `check_number`."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        number = int(value)
        if low <= number <= high:
            return number
    unit = f" {unit}" if unit else ""
    raise InputError(f"{name} must be a whole number, {low} to {high}{unit} (received {shown(value)})")


def check_truth(value: object, name: str) -> bool:
    """Return true or false, also of NumPy.

    Raises:
        InputError: It is neither.
    """
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return bool(value)
    raise InputError(f"{name} must be True or False (received {shown(value)})")


def check_choice(value: object, name: str, allowed: Iterable[str]) -> str:
    """Return a text when it is one of those that are allowed.

    Raises:
        InputError: For any other value; it names those, and the nearest.
    """
    names = list(allowed)
    if isinstance(value, str) and value in names:
        return value
    hint = suggest(value, names) if isinstance(value, str) else ""
    raise InputError(f"{name} must be one of {', '.join(names)} (received {shown(value)}){hint}")


def check_path(value: object, name: str = "path") -> Path:
    """Return a path with ``~`` filled in.

    Raises:
        InputError: It is no path, is one that no system can open, or ``~`` stands for a user that there is not.
    """
    if not isinstance(value, str | os.PathLike):
        raise InputError(f"{name} must be a path (received {shown(value)})")
    try:
        text = os.fspath(value)
        path = Path(text)  # bytes are none
        os.fsencode(path)
    except (TypeError, ValueError):
        raise InputError(f"{name} {shown(value)} is not a path that can be opened") from None
    if "\0" in str(path):
        raise InputError(f"{name} {shown(value)} is not a path that can be opened")
    try:
        found = path.expanduser()
        with contextlib.suppress(FileNotFoundError, PermissionError, NotADirectoryError):
            found.lstat()
        return found
    except OSError as error:  # such as a name that is too long
        raise InputError(f"{name} {shown(str(path))} cannot be opened: {error.strerror or error}") from None
    except RuntimeError:
        first = path.parts[0]
        whose = "this system knows no home folder for you" if first == "~" else f"there is no user {first[1:]!a}"
        raise InputError(f"{name} {shown(str(path))}: {whose}; write the whole path") from None
