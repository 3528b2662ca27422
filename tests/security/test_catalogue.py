"""The catalogue of bad files in docs/catalogue.md: every row is there, and every test that it names exists."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "catalogue.md"
ROWS = {"M": 53, "Y": 34, "O": 30, "Z": 26, "S": 22, "V": 11, "G": 6, "F": 22}
"""Rows of each section, by its letter."""
_ROW = re.compile(r"^\| ([MYOZSVGFT]\d+) \| (.*) \| (.*) \| (.*) \|$", re.MULTILINE)
ROWS["T"] = 5  # training of somebody's own


def rows() -> list[tuple[str, str, str, str]]:
    return _ROW.findall(PAGE.read_text(encoding="utf-8"))


@functools.cache
def names_of(path: Path) -> frozenset[str]:
    """Return the tests in a file, those in classes as ``Class::test``."""
    found = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.append(node.name)
        elif isinstance(node, ast.ClassDef):
            found += [f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)]
    return frozenset(found)


def test_every_row_is_there_once() -> None:
    expected = [f"{letter}{number}" for letter, count in ROWS.items() for number in range(1, count + 1)]
    assert [row[0] for row in rows()] == expected


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_a_row_names_tests_that_exist_or_says_why_not(row: tuple[str, str, str, str]) -> None:
    _, what, outcome, held = row
    assert what.strip()
    assert outcome.strip()
    tests = re.findall(r"`(tests/[^`]+)`", held)
    assert tests or (held.startswith("-") and len(held) > 20), held
    for test in tests:
        file, _, name = test.partition("::")
        assert name in names_of(ROOT / file), test
        assert name.rpartition("::")[2].startswith("test_"), test


def test_a_name_that_does_not_exist_is_noticed() -> None:
    assert "test_no_such_thing" not in names_of(ROOT / "tests" / "packs" / "test_pack.py")
    assert "TestProbe::test_a_hang_is_an_error" in names_of(ROOT / "tests" / "packs" / "test_pack_fonts.py")
