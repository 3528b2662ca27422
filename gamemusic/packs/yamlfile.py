"""YAML files, strictly: the one place that knows PyYAML.

Read are mappings with text keys, lists, texts, whole numbers, decimal numbers, true, false and null, in one document of
UTF-8. Everything in YAML that can surprise, run code or grow is refused: anchors, aliases, tags, merge keys, duplicate
keys. Of plain words only ``true``, ``false``, ``null`` and decimal numbers have a meaning: ``no``, ``1:30``, ``010``
and dates stay the text they look like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from gamemusic.errors import FormatError, InputError
from gamemusic.files import read_head
from gamemusic.limits import LIMITS
from gamemusic.packs.nodes import (
    Entry,
    ListNode,
    MapNode,
    Node,
    Scalar,
    ScalarNode,
    hidden_character,
    one_line,
    shorten,
)
from gamemusic.packs.yamlwords import DECIMAL, WORDS, resolve

__all__ = [
    "MAX_DEPTH",
    "SMALL",
    "Bounds",
    "Spot",
    "dump_yaml",
    "find_spot",
    "load_yaml",
    "read_yaml",
]

_LARGE = 16 * 1024
"""Files that are longer than this are read by libyaml, where it is there."""
MAX_DEPTH = 10
"""Deepest nesting; the top is 1."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a file may be."""

    size: int = LIMITS.yaml_bytes
    """In bytes."""
    nodes: int = LIMITS.yaml_values
    """Keys and values."""


SMALL = Bounds()
"""For files that somebody else may have written, such as presets."""


@dataclass(slots=True)
class _Frame:
    """A list or mapping that is still open."""

    line: int
    column: int
    mapping: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: ScalarNode | None = None


class _Builder:
    """Turns PyYAML's events into a tree; keeps its own stack, so that no nesting can exhaust Python's."""

    def __init__(self, file: str, bounds: Bounds) -> None:
        self._most = bounds.nodes
        self.file = file
        self.root: Node | None = None
        self.documents = 0
        self._nodes = 0
        self._open: list[_Frame] = []

    def _fail(self, message: str, mark: Any) -> NoReturn:
        raise FormatError(message, file=self.file, line=mark.line + 1, column=mark.column + 1)

    def take(self, event: Any) -> None:  # PyYAML's event classes are typed too loosely to help here
        """Take the next event.

        Raises:
            FormatError: When the event is of a kind that is refused, or a limit is passed.
        """
        import yaml  # late: importing it costs as much as the rest of the package

        mark = event.start_mark
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self._fail("found a second document, expected one; remove the line '---'", mark)
            if event.tags:
                self._fail("found a %TAG directive, expected plain values; remove it", mark)
        elif isinstance(event, yaml.AliasEvent):
            self._fail(f"found the alias *{str(event.anchor)[:40]}, expected a value; write the value out", mark)
        elif isinstance(event, yaml.NodeEvent):
            self._take_node(event, mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()

    def _take_node(self, event: Any, mark: Any) -> None:
        import yaml  # late, see above

        self._nodes += 1
        if self._nodes > self._most:
            self._fail(f"found more than {self._most} keys and values in one file; make it smaller", mark)
        if event.anchor is not None:
            self._fail(
                f"found the anchor &{event.anchor[:40]}, expected a value; remove it and write the value out", mark
            )
        if event.tag is not None:
            self._fail(f"found the tag {shorten(event.tag)}, expected a plain value; remove it", mark)
        if isinstance(event, yaml.ScalarEvent):
            self._add(self._scalar(event, mark))
            return
        frame = self._open[-1] if self._open else None
        if frame is not None and frame.mapping and frame.key is None:
            self._fail("found a list or mapping as a key, expected text", mark)
        if len(self._open) >= MAX_DEPTH:
            self._fail(f"found nesting deeper than {MAX_DEPTH} levels; make it flatter", mark)
        mapping = isinstance(event, yaml.MappingStartEvent)
        line, column = mark.line + 1, mark.column + 1
        if mapping and not event.flow_style and frame is not None and frame.key is not None:
            line, column = frame.key.line or line, frame.key.column or column
        self._open.append(_Frame(line, column, mapping))

    def _scalar(self, event: Any, mark: Any) -> ScalarNode:
        if hidden_character(event.value) is not None:
            self._fail("found a character that does not show (a control character); remove it", mark)
        value: Scalar = event.value
        if event.implicit[0]:
            try:
                value = resolve(event.value)
            except ValueError as error:
                self._fail(f"found {error}, expected one of at most 40 characters", mark)
        return ScalarNode(self.file, mark.line + 1, mark.column + 1, value, event.value)

    def _add(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        frame = self._open[-1]
        if not frame.mapping:
            frame.items.append(node)
        elif frame.key is not None:
            frame.entries[str(frame.key.value)] = Entry(frame.key, node)
            frame.key = None
        elif not isinstance(node, ScalarNode) or not isinstance(node.value, str):
            text = node.text if isinstance(node, ScalarNode) else ""
            raise node.fail(f"found {text or 'nothing'} as a key, expected text; put it in quotes")
        elif node.value == "<<":
            raise node.fail("found the merge key <<, expected a name; write the keys out")
        elif node.value in frame.entries:
            first = frame.entries[node.value].key.line
            raise node.fail(
                f"found the key {shorten(node.value)} a second time (first in line {first}); remove one of them"
            )
        else:
            frame.key = node

    def _close(self) -> None:
        frame = self._open.pop()
        if frame.mapping:
            self._add(MapNode(self.file, frame.line, frame.column, frame.entries))
        else:
            self._add(ListNode(self.file, frame.line, frame.column, tuple(frame.items)))


def _decode(data: bytes, file: str, bounds: Bounds) -> str:
    """Return the text of ``data``; a byte order mark of UTF-8 is allowed."""
    if len(data) > bounds.size:
        raise FormatError(f"the file has {len(data)} bytes, allowed are {bounds.size}; make it smaller", file=file)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        found = "UTF-32" if data.startswith(b"\xff\xfe\x00\x00") else "UTF-16"
        raise FormatError(f"the file is {found}, expected UTF-8; save it as UTF-8", file=file, line=1, column=1)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"found byte 0x{data[error.start]:02x}, expected UTF-8; save the file as UTF-8"
        raise FormatError(message, file=file, line=line, column=column) from None
    text = text.replace("\r\n", "\n")
    index = hidden_character(text)
    if index is not None:
        line, column = text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)
        message = f"found the character U+{ord(text[index]):04X}, which does not show; remove it"
        raise FormatError(message, file=file, line=line, column=column)
    return text


def _mark_of(thing: Any) -> Any:
    """Return where an error of PyYAML, or the loader that raised it, stands; libyaml's loader cannot tell."""
    ask = getattr(thing, "get_mark", None)
    return getattr(thing, "problem_mark", None) or getattr(thing, "context_mark", None) or (ask() if ask else None)


def _refuse_start(loader: Any, builder: _Builder, end: int) -> None:
    """Raise what is ours to refuse in the text before the place where the library gave up.

    It reads up to a line ahead of the events that it gives, and what it complains of differs from version to version
    (libyaml counts nesting since 0.2.6): without this the same file would get another message at another place.
    """
    import yaml  # late, see below

    try:
        while loader.check_event():
            event = loader.get_event()
            if event.end_mark.index >= end and isinstance(event, yaml.ScalarEvent):
                return  # it was cut off there
            builder.take(event)
    except yaml.YAMLError:
        return  # of course: half a file
    finally:
        loader.dispose()


def load_yaml(data: bytes, *, file: object = "preset.yaml", bounds: Bounds = SMALL) -> Node:
    """Return the tree of a YAML file's bytes.

    Args:
        data: The file's content.
        file: The name that error messages give.
        bounds: How large it may be.

    Raises:
        FormatError: For anything that is not the plain YAML described at the top; with line and column.
    """
    import yaml  # late: importing it costs as much as the rest of the package

    name = str(file)
    text = _decode(data, name, bounds)
    builder = _Builder(name, bounds)
    # both give the same events and places of what is YAML; libyaml, where it is there, is several times as fast and its
    # complaints are plainer, so that it reads what people would not write by hand
    large = len(data) > _LARGE and hasattr(yaml, "CSafeLoader")
    reader: Any = yaml.CSafeLoader if large else yaml.SafeLoader  # its stubs leave the events untyped
    loader = reader(text)
    try:
        while loader.check_event():
            builder.take(loader.get_event())
    except FormatError:
        raise
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # the scanner lets chr() and int() fail on escapes
        mark = _mark_of(error) or _mark_of(loader)
        if mark is None:  # libyaml's reader gives none
            problem = one_line(str(getattr(error, "reason", error)), 200)
            raise FormatError(f"this is not YAML: {problem}", file=name) from None
        _refuse_start(reader(text[: mark.index]), _Builder(name, bounds), mark.index)
        problem = "a character code or number that is out of range"
        if isinstance(error, yaml.MarkedYAMLError):
            problem = one_line(str(error.problem or error.context), 200)
        there = "".join(text.split("\n")[mark.line : mark.line + 1])[mark.column :]
        hint = "; indent with spaces, not tabs" if there.startswith("\t") else ""
        message = f"this is not YAML: {problem}{hint}"
        raise FormatError(message, file=name, line=mark.line + 1, column=mark.column + 1) from None
    finally:
        loader.dispose()
    if builder.root is None:
        raise FormatError("the file is empty", file=name, line=1, column=1)
    return builder.root


def read_yaml(path: str | Path, *, bounds: Bounds = SMALL) -> Node:
    """Return the tree of the YAML file at ``path``, which may be as large as ``bounds`` say.

    Raises:
        InputError: When there is no such file, or it cannot be read.
        FormatError: See `load_yaml`.
    """
    if not Path(path).exists():
        raise InputError(f"there is no file {path}; check its name")
    return load_yaml(read_head(path, most=bounds.size + 1), file=path, bounds=bounds)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value stands in a file's text, in characters."""

    start: int
    end: int
    column: int
    """Of its first character, from 0."""
    flow: bool
    """Whether it is written in braces or brackets."""
    empty: bool


def find_spot(text: str, path: Sequence[str]) -> Spot | None:
    """Return where the value behind some keys stands, so that it can be edited without touching anything else.

    Args:
        text: Of a file that `load_yaml` accepts, without a byte order mark.
        path: Keys from the top on.
    """
    import yaml  # late: importing it costs as much as the rest of the package

    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for key in path:
        found = [value for name, value in node.value if name.value == key] if isinstance(node.value, list) else []
        if not found:
            return None
        node = found[0]
    flow = bool(getattr(node, "flow_style", False))
    return Spot(node.start_mark.index, node.end_mark.index, node.start_mark.column, flow, not node.value)


def dump_yaml(value: object) -> str:
    """Return dicts, lists and scalars as YAML that `load_yaml` reads back as the same values."""
    import yaml  # late: importing it costs as much as the rest of the package

    class Dumper(yaml.SafeDumper):
        """SafeDumper without aliases, in flow style for lists, quoting what `load_yaml` would not read as text."""

        def ignore_aliases(self, data: object) -> bool:
            return True

    def write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        bare = text in WORDS or DECIMAL.fullmatch(text)
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if bare else None)

    def write_list(dumper: yaml.SafeDumper, items: list[object]) -> yaml.SequenceNode:
        flat = not any(isinstance(item, dict | list) for item in items)
        return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=flat)

    Dumper.add_representer(str, write_text)
    Dumper.add_representer(list, write_list)
    text: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text
