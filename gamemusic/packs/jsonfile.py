"""JSON from anybody: read within bounds, and compared with the shape that it must have.

A shape is a function that does nothing with a value that fits, and raises `Misfit` with one that does not; shapes of
lists, tables and records are made from those of what they hold. Unlike presets, which people write, such files are
written by programs and may be long: no tree of nodes is built, and a fault is named by the keys that lead to it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from gamemusic.errors import FormatError
from gamemusic.packs.nodes import hidden_character, one_line, shorten

__all__ = [
    "Misfit",
    "Shape",
    "check_shape",
    "either",
    "list_of",
    "load_json",
    "make_unique",
    "number",
    "one_of",
    "record",
    "refuse_constant",
    "row",
    "table",
    "text",
    "whole",
]

Shape = Callable[[object], None]

_DIGITS = 24
"""Of a whole number; none that is meant has more, and long ones take long."""
_FLOAT_LETTERS = 40


class Misfit(ValueError):
    """A value that is not of its shape; ``path`` leads to it, the last key first."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.path: list[str] = []

    def place(self) -> str:
        """Return the keys that lead to it, in words."""
        return "".join(reversed(self.path)).removeprefix(".")


def load_json(data: bytes, *, file: object, most_values: int, line: int | None = None, advice: str = "") -> Any:
    """Return what a JSON file holds: dicts, lists, text, finite numbers, true, false and None.

    Args:
        data: The file's bytes; whoever read it has seen to its size.
        file: Its name for messages.
        most_values: Values that it may hold, all lists and mappings counted.
        line: Which line of the file it is, where each line stands for itself; None: it is all of the file.
        advice: What to do when it is none of ours, for the end of the message.

    Raises:
        FormatError: It is not JSON in UTF-8, has a key twice, or is larger or deeper than is allowed.
    """
    if sum(data.count(sign) for sign in (b",", b"[", b"{")) > most_values:  # before memory is taken for them
        message = f"this holds more than {most_values:,} values, which are allowed"
        raise FormatError(_with(message, advice), file=file, line=line)
    place = column = None
    try:
        return json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=make_unique,
            parse_constant=refuse_constant,
            parse_int=_whole_number,
            parse_float=_finite_number,
        )
    except json.JSONDecodeError as error:
        message, place, column = f"this is not JSON: {error.msg}", error.lineno, error.colno
    except RecursionError:
        message = "this is nested too deeply"
    except UnicodeDecodeError:
        message = "this is not text in UTF-8"
    except ValueError as error:  # a key twice, NaN, a number of thousands of digits
        message = one_line(str(error))
    raise FormatError(_with(message, advice), file=file, line=line or place, column=column)


def _with(message: str, advice: str) -> str:
    return f"{message}; {advice}" if advice else message


def make_unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a mapping's keys and values as a dict, for `json.loads`, which would take the last of several.

    Raises:
        ValueError: A key stands in it twice.
    """
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise ValueError(f"found the key {shorten(name)} a second time; remove one of them")
        values[name] = value
    return values


def refuse_constant(name: str) -> NoReturn:
    """Raise a `ValueError` for NaN and the infinities, for `json.loads`, which would let them pass."""
    raise ValueError(f"found {name}, expected a number")


def _whole_number(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"found a number of {len(digits)} digits, allowed are {_DIGITS}")
    return int(digits)


def _finite_number(written: str) -> float:
    value = float(written) if len(written) <= _FLOAT_LETTERS else math.inf
    if not math.isfinite(value):
        raise ValueError(f"found the number {shorten(written)}, expected a finite one of few digits")
    return value


def check_shape(value: object, shape: Shape, *, file: object, line: int | None = None, advice: str = "") -> None:
    """Do nothing where a value has a shape; for the rest see `load_json`.

    Raises:
        FormatError: It has not; the message names the place.
    """
    try:
        shape(value)
    except Misfit as error:
        place = error.place()
        message = one_line(f"{place + ': ' if place else ''}{error}")
        raise FormatError(_with(message, advice), file=file, line=line) from None


def found(value: object) -> str:
    """Return a value in words, whatever it is."""
    if isinstance(value, dict):
        return f"a mapping of {len(value)}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, str):
        return f"the text {shorten(value)}"
    return "nothing" if value is None else json.dumps(value)


def whole(low: int, high: int) -> Shape:
    """Whole numbers, both ends included."""

    def check(value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Misfit(f"found {found(value)}, expected a whole number, {low} to {high}")

    return check


def number(low: float, high: float) -> Shape:
    """Numbers, both ends included."""

    def check(value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise Misfit(f"found {found(value)}, expected a number, {low:g} to {high:g}")

    return check


def text(most: int, pattern: str = "", like: str = "", *, least: int = 0) -> Shape:
    """Text in one line without characters that do not show; ``pattern`` must match all of it, ``like`` says so."""
    compiled = re.compile(pattern, re.ASCII) if pattern else None
    expected = like or f"text of {least} to {most} characters in one line"

    def check(value: object) -> None:
        if not isinstance(value, str) or not least <= len(value) <= most:
            raise Misfit(f"found {found(value)}, expected {expected}")
        if not value.isprintable() and ("\n" in value or hidden_character(value) is not None):
            raise Misfit(f"found {found(value)}, which holds a character that does not show")
        if compiled is not None and not compiled.fullmatch(value):
            raise Misfit(f"found {found(value)}, expected {expected}")

    return check


def one_of(*allowed: object) -> Shape:
    """A few values; None, true and false may be among them."""

    def check(value: object) -> None:
        if not any(type(value) is type(one) and value == one for one in allowed):
            raise Misfit(f"found {found(value)}, expected one of {', '.join(json.dumps(one) for one in allowed)}")

    return check


def either(first: object, shape: Shape) -> Shape:
    """One value, such as None, or what has a shape."""

    def check(value: object) -> None:
        if value is not first:
            shape(value)

    return check


def list_of(shape: Shape, most: int, *, least: int = 0) -> Shape:
    """Lists of what has a shape."""

    def check(value: object) -> None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise Misfit(f"found {found(value)}, expected a list of {least} to {most}")
        place = 0
        try:
            for place, item in enumerate(value):
                shape(item)
        except Misfit as error:
            error.path.append(f"[{place}]")
            raise

    return check


def row(*shapes: Shape) -> Shape:
    """Lists of fixed length, each place of its own shape."""

    def check(value: object) -> None:
        if not isinstance(value, list) or len(value) != len(shapes):
            raise Misfit(f"found {found(value)}, expected a list of {len(shapes)}")
        for item, shape in zip(value, shapes, strict=True):
            shape(item)

    return check


def table(keys: Shape, values: Shape, most: int) -> Shape:
    """Mappings whose keys have a shape and whose values have another."""

    def check(value: object) -> None:
        if not isinstance(value, dict) or len(value) > most:
            raise Misfit(f"found {found(value)}, expected a mapping of at most {most}")
        name = ""
        try:
            for name, item in value.items():
                keys(name)
                values(item)
        except Misfit as error:
            error.path.append(f".{name if name.isprintable() else ascii(name)}"[:80])
            raise

    return check


def record(needed: Mapping[str, Shape], more: Mapping[str, Shape] | None = None) -> Shape:
    """Mappings with known keys: all of ``needed`` must be there, those of ``more`` may, others must not."""
    known = {**needed, **(more or {})}

    def check(value: object) -> None:
        if not isinstance(value, dict):
            raise Misfit(f"found {found(value)}, expected a mapping")
        missing = next((name for name in needed if name not in value), None)
        if missing is not None:
            raise Misfit(f"found no key {missing!r}, which must be there")
        unknown = next((name for name in value if name not in known), None)
        if unknown is not None:
            raise Misfit(f"found the unknown key {shorten(unknown)}, expected only {', '.join(known)}")
        name = ""
        try:
            for name, item in value.items():
                known[name](item)
        except Misfit as error:
            error.path.append(f".{name}")
            raise

    return check
