"""Kinds of single values that a key of a file may hold; each reads, writes and describes itself."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from gamemusic.errors import FormatError, InputError, suggest
from gamemusic.packs.nodes import ListNode, MapNode, Node, ScalarNode, plain, shorten

__all__ = [
    "Choice",
    "Exactly",
    "Kind",
    "Number",
    "Parsed",
    "Schema",
    "Text",
    "Truth",
    "Whole",
    "found",
]

T = TypeVar("T")
Schema = dict[str, Any]
"""A JSON Schema, or a part of one."""


def found(node: Node) -> str:
    """Return what stands at ``node``, in words."""
    if isinstance(node, ListNode):
        return f"a list of {len(node.items)}"
    if isinstance(node, MapNode):
        return "a mapping" + (f" ({', '.join(list(node.entries)[:4])})" if node.entries else " without keys")
    if not isinstance(node, ScalarNode) or node.value is None:
        return "nothing"
    if isinstance(node.value, str):
        return f"the text {shorten(node.value)}"
    return node.text


class Kind(ABC, Generic[T]):
    """A kind of value."""

    always: ClassVar[bool] = False
    """Whether it is written even where it equals the default."""

    @property
    @abstractmethod
    def expected(self) -> str:
        """What is allowed, in words that follow 'expected'."""

    @abstractmethod
    def read(self, node: Node, where: str) -> T:
        """Return the value at ``node``; ``where`` is its dotted name for messages.

        Raises:
            FormatError: When it is not of this kind.
        """

    def read_named(self, node: Node, where: str, name: str) -> T:
        """Like `read`, for a value that is to know the key it stands behind."""
        return self.read(node, where)

    @abstractmethod
    def schema(self, shared: dict[str, Schema]) -> Schema:
        """Return the JSON Schema; records put theirs into ``shared`` by name."""

    def write(self, value: T) -> Any:
        """Return the value as dicts, lists and scalars."""
        return value

    def refuse(self, node: Node, where: str, hint: str = "") -> FormatError:
        """Return the error for a value that is not of this kind."""
        return node.fail(f"{where + ': ' if where else ''}found {found(node)}, expected {self.expected}{hint}")


@dataclass(frozen=True, eq=False)
class Number(Kind[float]):
    """A number in a closed range."""

    low: float
    high: float

    @property
    def expected(self) -> str:
        return f"a number, {self.low:g} to {self.high:g}"

    def read(self, node: Node, where: str) -> float:
        value = node.value if isinstance(node, ScalarNode) else None
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,40}(\.\d{1,40})?", value, re.ASCII):
            raise self.refuse(node, where, f"; write {float(value):g} without quotes or leading zeros")
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise self.refuse(node, where)
        return float(value)

    def write(self, value: float) -> Any:
        return int(value) if float(value).is_integer() else value

    def schema(self, shared: dict[str, Schema]) -> Schema:
        return {"type": "number", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, eq=False)
class Whole(Kind[int]):
    """A whole number in a closed range."""

    low: int
    high: int

    @property
    def expected(self) -> str:
        return f"a whole number, {self.low} to {self.high}"

    def read(self, node: Node, where: str) -> int:
        value = node.value if isinstance(node, ScalarNode) else None
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value, re.ASCII):
            raise self.refuse(node, where, f"; write {int(value)} without quotes or leading zeros")
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            raise self.refuse(node, where)
        return value

    def schema(self, shared: dict[str, Schema]) -> Schema:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, eq=False)
class Exactly(Kind[int]):
    """A format version: the one number that this release reads."""

    value: int
    always: ClassVar[bool] = True

    @property
    def expected(self) -> str:
        return str(self.value)

    def read(self, node: Node, where: str) -> int:
        value = node.value if isinstance(node, ScalarNode) else None
        if isinstance(value, bool) or value != self.value or not isinstance(value, int):
            hint = ""
            if isinstance(value, int) and not isinstance(value, bool):
                newer = value > self.value
                hint = (
                    "; it was written for a newer gamemusic, update it: pip install -U gamemusic"
                    if newer
                    else f"; there never was such a format: write {self.value}, and see what 'gamemusic check' says"
                )
            raise self.refuse(node, where, hint)
        return value

    def schema(self, shared: dict[str, Schema]) -> Schema:
        return {"const": self.value}


@dataclass(frozen=True, eq=False)
class Truth(Kind[bool]):
    """True or false."""

    @property
    def expected(self) -> str:
        return "true or false"

    def read(self, node: Node, where: str) -> bool:
        if not isinstance(node, ScalarNode) or not isinstance(node.value, bool):
            meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(str(plain(node)).lower())
            raise self.refuse(node, where, f"; write {meant}" if meant else "")
        return node.value

    def schema(self, shared: dict[str, Schema]) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True, eq=False)
class Text(Kind[str]):
    """A text without line breaks, or with them; ``pattern`` must match all of it, ``like`` says so in words."""

    most: int
    pattern: str = ""
    like: str = ""
    lines: bool = False
    least: int = 1

    @property
    def expected(self) -> str:
        return self.like or f"text of {self.least} to {self.most} characters{'' if self.lines else ' in one line'}"

    def read(self, node: Node, where: str) -> str:
        value = node.value if isinstance(node, ScalarNode) else None
        if not isinstance(value, str):
            quotable = isinstance(node, ScalarNode) and value is not None
            raise self.refuse(node, where, "; put it in quotes" if quotable else "")
        if value.endswith("\n") and self.lines:
            value = value.rstrip("\n")
        if not self.least <= len(value) <= self.most or ("\n" in value and not self.lines):
            raise self.refuse(node, where)
        # as JSON Schema has it, where \d is 0 to 9 alone
        if self.pattern and not re.fullmatch(self.pattern, value, re.ASCII):
            raise self.refuse(node, where)
        return value

    def schema(self, shared: dict[str, Schema]) -> Schema:
        schema: Schema = {"type": "string", "minLength": self.least, "maxLength": self.most}
        return schema | ({"pattern": f"^(?:{self.pattern})$"} if self.pattern else {})


@dataclass(frozen=True, eq=False)
class Choice(Kind[T]):
    """One of a few names, each of which stands for a value."""

    values: Mapping[str, T]

    @property
    def expected(self) -> str:
        return f"one of {', '.join(self.values)}"

    def read(self, node: Node, where: str) -> T:
        value = node.value if isinstance(node, ScalarNode) else None
        if not isinstance(value, str) or value not in self.values:
            raise self.refuse(node, where, suggest(value, self.values) if isinstance(value, str) else "")
        return self.values[value]

    def write(self, value: T) -> Any:
        return next(name for name, item in self.values.items() if item == value)

    def schema(self, shared: dict[str, Schema]) -> Schema:
        return {"enum": list(self.values)}


@dataclass(frozen=True, eq=False)
class Parsed(Kind[T]):
    """A text (or a whole number, where ``numbers`` allows it) that a function understands."""

    parse: Callable[[Any], T]
    expected_words: str
    describe: Schema
    render: Callable[[T], Any] = str
    numbers: bool = False

    @property
    def expected(self) -> str:
        return self.expected_words

    def read(self, node: Node, where: str) -> T:
        value = node.value if isinstance(node, ScalarNode) else None
        allowed = (int, str) if self.numbers else (str,)
        if isinstance(value, bool) or not isinstance(value, allowed):
            raise self.refuse(node, where)
        try:
            return self.parse(value)
        except InputError as error:
            raise node.fail(f"{where}: found {found(node)}, expected {self.expected}: {error}") from None

    def write(self, value: T) -> Any:
        return self.render(value)

    def schema(self, shared: dict[str, Schema]) -> Schema:
        return self.describe
