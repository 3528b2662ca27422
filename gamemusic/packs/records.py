"""Lists, ranges, mappings and records: kinds of values that hold other values.

A dataclass whose fields are annotated with kinds *is* the definition of a file::

    temperature: Annotated[float, Number(0.7, 2.0)] = 0.95
    \"\"\"How freely notes are drawn.\"\"\"

From it come the strict reader, the writer, the JSON Schema for editors and the table for the documentation.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import itertools
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_type_hints

from gamemusic.errors import InputError, suggest
from gamemusic.packs.fields import Choice, Kind, Schema, found
from gamemusic.packs.nodes import ListNode, MapNode, Node, ScalarNode, plain, shorten

__all__ = [
    "FieldError",
    "Free",
    "ListOf",
    "MapOf",
    "Pair",
    "Record",
    "Spec",
    "attribute_docs",
    "locate",
    "specs_of",
]

T = TypeVar("T")
K = TypeVar("K")


class FieldError(InputError):
    """Keys that do not fit together; ``path`` leads from the object that says so to the key at fault."""

    def __init__(self, message: str, *path: str | int) -> None:
        self.path = path
        super().__init__(message)


def _inside(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


@dataclass(frozen=True, eq=False)
class ListOf(Kind[tuple[T, ...]]):
    """A list of ``low`` to ``high`` values of one kind."""

    item: Kind[T]
    low: int
    high: int
    unique: bool = False

    @property
    def expected(self) -> str:
        return f"a list of {self.low} to {self.high}, each {self.item.expected}"

    def read(self, node: Node, where: str) -> tuple[T, ...]:
        if not isinstance(node, ListNode) or not self.low <= len(node.items) <= self.high:
            alone = isinstance(node, ScalarNode) and node.value is not None
            raise self.refuse(node, where, f"; write [{plain(node)}]" if alone else "")
        values: list[T] = []
        for index, item in enumerate(node.items):
            value = self.item.read(item, f"{where}, entry {index + 1}")
            if self.unique and value in values:
                raise item.fail(f"{where}, entry {index + 1}: found {found(item)} a second time; remove it")
            values.append(value)
        return tuple(values)

    def write(self, value: tuple[T, ...]) -> Any:
        return [self.item.write(item) for item in value]

    def schema(self, shared: dict[str, Schema]) -> Schema:
        schema: Schema = {"type": "array", "items": self.item.schema(shared), "minItems": self.low}
        return schema | {"maxItems": self.high} | ({"uniqueItems": True} if self.unique else {})


@dataclass(frozen=True, eq=False)
class Pair(Kind[tuple[Any, Any]]):
    """A closed range: two values, the lower one first."""

    item: Kind[Any]

    @property
    def expected(self) -> str:
        return f"[low, high], each {self.item.expected}"

    def read(self, node: Node, where: str) -> tuple[Any, Any]:
        if not isinstance(node, ListNode) or len(node.items) != 2:
            alone = isinstance(node, ScalarNode) and node.value is not None
            raise self.refuse(node, where, f"; write [{plain(node)}, {plain(node)}]" if alone else "")
        low, high = (self.item.read(item, where) for item in node.items)
        if low > high:
            raise node.fail(f"{where}: found a low end above the high end, expected {self.expected}; exchange them")
        return low, high

    def write(self, value: tuple[Any, Any]) -> Any:
        return [self.item.write(item) for item in value]

    def schema(self, shared: dict[str, Schema]) -> Schema:
        return {"type": "array", "items": self.item.schema(shared), "minItems": 2, "maxItems": 2}


@dataclass(frozen=True, eq=False)
class MapOf(Kind[Mapping[K, T]]):
    """A mapping whose keys are of one kind and whose values of another.

    ``special`` gives other kinds for some keys; ``named`` hands each key to its record as the field ``name``.
    """

    keys: Kind[K]
    values: Kind[T]
    low: int = 0
    special: Mapping[K, Kind[Any]] = field(default_factory=dict)
    named: bool = False
    high: int = 64

    @property
    def expected(self) -> str:
        some = f"at least {self.low} and " if self.low else ""
        return f"a mapping with {some}at most {self.high} keys, each {self.keys.expected}"

    def read(self, node: Node, where: str) -> Mapping[K, T]:
        if not isinstance(node, MapNode) or not self.low <= len(node.entries) <= self.high:
            raise self.refuse(node, where)
        values: dict[K, T] = {}
        for name, entry in node.entries.items():
            key = self.keys.read(entry.key, where)
            kind = self.special.get(key, self.values)
            inside = _inside(where, name)
            values[key] = kind.read_named(entry.value, inside, name) if self.named else kind.read(entry.value, inside)
        return values

    def write(self, value: Mapping[K, T]) -> Any:
        return {self.keys.write(key): self.special.get(key, self.values).write(item) for key, item in value.items()}

    def schema(self, shared: dict[str, Schema]) -> Schema:
        schema: Schema = {"type": "object", "maxProperties": self.high}
        if self.low:
            schema["minProperties"] = self.low
        if isinstance(self.keys, Choice):
            schema["properties"] = {
                name: self.special.get(key, self.values).schema(shared) for name, key in self.keys.values.items()
            }
            return schema | {"additionalProperties": False}
        return schema | {
            "propertyNames": self.keys.schema(shared),
            "additionalProperties": self.values.schema(shared),
        }


@dataclass(frozen=True, eq=False)
class Free(Kind[Mapping[str, Any]]):
    """A mapping with any content, such as measured figures."""

    @property
    def expected(self) -> str:
        return "a mapping"

    def read(self, node: Node, where: str) -> Mapping[str, Any]:
        value = plain(node)
        if not isinstance(value, dict):
            raise self.refuse(node, where)
        return value

    def schema(self, shared: dict[str, Schema]) -> Schema:
        return {"type": "object"}


@dataclass(frozen=True, eq=False)
class Spec:
    """One field of a record."""

    name: str
    kind: Kind[Any]
    required: bool
    default: Any
    doc: str


@functools.cache
def attribute_docs(cls: type) -> Mapping[str, str]:
    """Return the docstrings that stand under the fields of a class; empty where its source is not at hand."""
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__[:-1]):
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError, SyntaxError):
            continue  # frozen games ship without sources; only descriptions for editors are lost
        body = tree.body[0].body if tree.body and isinstance(tree.body[0], ast.ClassDef) else []
        for before, after in itertools.pairwise(body):
            if not isinstance(before, ast.AnnAssign) or not isinstance(before.target, ast.Name):
                continue
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                docs[before.target.id] = inspect.cleandoc(str(after.value.value))
    return docs


@functools.cache
def _kinds_of(cls: type) -> Mapping[str, tuple[Kind[Any], bool, Any]]:
    hints = get_type_hints(cls, include_extras=True)
    kinds: dict[str, tuple[Kind[Any], bool, Any]] = {}
    for item in dataclasses.fields(cls):
        kind = next((extra for extra in getattr(hints[item.name], "__metadata__", ()) if isinstance(extra, Kind)), None)
        if kind is None:
            continue
        factory = item.default_factory
        default = item.default if factory is dataclasses.MISSING else factory()
        kinds[item.name] = (kind, default is dataclasses.MISSING, default)
    return kinds


def specs_of(cls: type) -> tuple[Spec, ...]:
    """Return the keys of a record class, in order, with kind, default and documentation."""
    docs = attribute_docs(cls)
    return tuple(
        Spec(name, kind, required, default, docs.get(name, ""))
        for name, (kind, required, default) in _kinds_of(cls).items()
    )


@dataclass(frozen=True, eq=False)
class Record(Kind[T]):
    """A mapping with known keys, read into a dataclass.

    Unknown keys are errors; with ``tolerant`` they are kept in the dataclass's field ``extra``.
    """

    cls: type[T]
    tolerant: bool = False

    def _kinds(self) -> Mapping[str, tuple[Kind[Any], bool, Any]]:
        cls: type = self.cls
        return _kinds_of(cls)

    @property
    def expected(self) -> str:
        return f"a mapping with keys such as {', '.join(list(self._kinds())[:3])}"

    def read(self, node: Node, where: str) -> T:
        return self._read(node, where, {})

    def read_named(self, node: Node, where: str, name: str) -> T:
        return self._read(node, where, {"name": name})

    def _read(self, node: Node, where: str, values: dict[str, Any]) -> T:
        if not isinstance(node, MapNode):
            raise self.refuse(node, where)
        kinds = self._kinds()
        for name, (kind, _, _) in kinds.items():
            if kind.always and name in node.entries:  # the version first: what a newer one has more is no mistake
                values[name] = kind.read(node.entries[name].value, _inside(where, name))
        for name, entry in node.entries.items():
            if name in kinds:
                values[name] = kinds[name][0].read(entry.value, _inside(where, name))
            elif self.tolerant:
                values.setdefault("extra", {})[name] = plain(entry.value)
            else:
                place = f"{where}: " if where else ""
                allowed = f"expected one of {', '.join(kinds)}{suggest(name, kinds)}"
                raise entry.key.fail(f"{place}found the unknown key {shorten(name)}, {allowed}")
        for name, (kind, required, _) in kinds.items():
            if required and name not in values:
                raise node.fail(f"{_inside(where, name)}: found no such key, expected {kind.expected}; add it")
        try:
            return self.cls(**values)
        except FieldError as error:
            dotted = ".".join(str(part) for part in (where, *error.path) if part != "")
            raise locate(node, error.path).fail(f"{dotted + ': ' if dotted else ''}{error}") from None

    def write(self, value: T) -> Any:
        written: dict[str, Any] = {}
        for name, (kind, required, default) in self._kinds().items():
            item = getattr(value, name)
            if required or kind.always or item != default:
                written[name] = kind.write(item)
        return written | (dict(getattr(value, "extra", {})) if self.tolerant else {})

    def schema(self, shared: dict[str, Schema]) -> Schema:
        name = self.cls.__name__
        if name not in shared:
            shared[name] = {}  # holds the place while the fields are described
            shared[name] = self.inline_schema(shared)
        return {"$ref": f"#/$defs/{name}"}

    def inline_schema(self, shared: dict[str, Schema]) -> Schema:
        """Return the record's own JSON Schema instead of a reference to it."""
        properties: dict[str, Schema] = {}
        specs = specs_of(self.cls)
        for spec in specs:
            properties[spec.name] = schema = dict(spec.kind.schema(shared))
            if spec.doc:
                schema["description"] = spec.doc
            if not spec.required and spec.default not in (None, "", (), {}):
                schema["default"] = spec.kind.write(spec.default)
        return {
            "type": "object",
            "description": (inspect.getdoc(self.cls) or "").split("\n\n")[0],
            "properties": properties,
            "required": [spec.name for spec in specs if spec.required],
            "additionalProperties": self.tolerant,
        }


def locate(node: Node, path: tuple[str | int, ...]) -> Node:
    """Return the node that ``path`` leads to, or the nearest one above it."""
    for part in path:
        if isinstance(node, MapNode) and part in node.entries:
            node = node.entries[str(part)].value
        elif isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
        else:
            break
    return node
