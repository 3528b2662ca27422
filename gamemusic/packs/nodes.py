"""What a preset, soundtrack file or card holds before it is understood: a tree that knows where everything stands.

Lines and columns count from 1; they are None in trees that come from JSON. A block mapping stands where its key stands,
so that a complaint about it points to the name it goes by.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gamemusic.errors import FormatError

__all__ = [
    "Entry",
    "ListNode",
    "MapNode",
    "Node",
    "Scalar",
    "ScalarNode",
    "hidden_character",
    "node_of",
    "one_line",
    "plain",
    "shorten",
]

Scalar = None | bool | int | float | str
"""The values a tree has at its leaves."""

_MAX_DEPTH = 20
_ALLOWED = "\t\n\u200c\u200d"  # the last two join letters and emoji in many languages
_FORBIDDEN = "\ufffe\uffff"
_FORBIDDEN_CATEGORIES = ("Cc", "Cf", "Cs", "Zl", "Zp")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its place."""

    file: str
    """Name of the file, as the user knows it."""
    line: int | None
    column: int | None

    def fail(self, message: str) -> FormatError:
        """Return the error that says ``message`` about this place; the caller raises it."""
        return FormatError(one_line(message), file=self.file, line=self.line, column=self.column)


@dataclass(frozen=True, slots=True)
class ScalarNode(Node):
    """A number, a text, true, false or nothing."""

    value: Scalar
    text: str
    """As it was written."""


@dataclass(frozen=True, slots=True)
class ListNode(Node):
    """A list."""

    items: tuple[Node, ...]


class Entry(NamedTuple):
    """A key of a mapping and what stands behind it."""

    key: ScalarNode
    value: Node


@dataclass(frozen=True, slots=True)
class MapNode(Node):
    """A mapping, in the order of the file."""

    entries: Mapping[str, Entry]


def hidden_character(text: str) -> int | None:
    """Return the index of the first character that does not show (controls, direction marks, line separators), or None.

    Such characters would let a name in a file change how a message or a listing looks.
    """
    for index, character in enumerate(text):
        if " " <= character <= "~" or character in _ALLOWED:
            continue
        if character in _FORBIDDEN or unicodedata.category(character) in _FORBIDDEN_CATEGORIES:
            return index
    return None


def shorten(text: str) -> str:
    """Return ``text`` quoted for a message, at most its first 40 characters, with what does not show escaped."""
    return ascii(text[:40] + "...") if len(text) > 40 else repr(text)


def one_line(message: str, longest: int = 1000) -> str:
    """Return a message in one line of bounded length: what it quotes may have line breaks, or fill its file."""
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in message[:longest])
    return f"{shown}..." if len(message) > longest else shown


def plain(node: Node) -> object:
    """Return the tree as dicts, lists and scalars."""
    if isinstance(node, MapNode):
        return {name: plain(entry.value) for name, entry in node.entries.items()}
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return node.value if isinstance(node, ScalarNode) else None


def node_of(value: object, *, file: str, depth: int = 0) -> Node:
    """Return the tree of dicts, lists and scalars as JSON gives them; it has no lines.

    Raises:
        FormatError: For nesting deeper than 20, hidden characters, or a value that JSON does not know.
    """
    if depth > _MAX_DEPTH:
        raise FormatError(f"nested deeper than {_MAX_DEPTH} levels", file=file)
    if isinstance(value, dict):
        entries: dict[str, Entry] = {}
        for name, item in value.items():
            key = node_of(name, file=file, depth=depth + 1)
            if not isinstance(key, ScalarNode) or not isinstance(key.value, str):
                raise FormatError(f"the key {name} is not text", file=file)
            entries[key.value] = Entry(key, node_of(item, file=file, depth=depth + 1))
        return MapNode(file, None, None, entries)
    if isinstance(value, list | tuple):
        return ListNode(file, None, None, tuple(node_of(item, file=file, depth=depth + 1) for item in value))
    if isinstance(value, str):
        if hidden_character(value) is not None:
            raise FormatError(f"the text {shorten(value)} holds a character that does not show", file=file)
        return ScalarNode(file, None, None, value, value)
    if isinstance(value, float) and not math.isfinite(value):
        raise FormatError(f"found the number {value}, expected a finite one", file=file)
    if value is None or isinstance(value, bool | int | float):
        return ScalarNode(file, None, None, value, str(value))
    raise FormatError(f"a {type(value).__name__} cannot stand in this file", file=file)
