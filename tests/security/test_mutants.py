"""The table of mutants fits the package as it is; `make mutants` tries them all."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from mutants import copy_tree, every, row, try_mutant
from mutations import AREAS, Area, Mutant

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.file)
def test_each_mutant_changes_one_place_and_has_tests(area: Area) -> None:
    source = (ROOT / "gamemusic" / area.file).read_text("utf-8")
    for mutant in area.mutants:
        assert source.count(mutant.old) == 1, mutant.what
        changed = source.replace(mutant.old, mutant.new)
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source)), mutant.what
    for test in area.tests:
        file, _, name = test.removeprefix("--deselect=").partition("::")
        assert f"def {name}(" in (ROOT / file).read_text("utf-8") or not name, test


def test_the_page_lists_them_all() -> None:
    page = (ROOT / "docs" / "mutants.md").read_text("utf-8")
    found = [line for line in page.splitlines() if line.startswith("| ") and line[2].isdigit()]
    assert found == [row(*one) for one in every()], "write it again: python tests/security/mutants.py --table"


def test_the_dead_and_the_living_are_told_apart(tmp_path: Path) -> None:
    tree = copy_tree(tmp_path)
    area = Area("soundtrack/lockfile.py", ("tests/soundtrack/test_lockfile.py",), ())
    for mutant, found in (
        (Mutant("", "if before != value:", "if False:"), "killed"),
        (Mutant("", "if before != value:", "if not before == value:"), "survived"),
        (Mutant("", "if before != value:", "if before !:"), "pytest ended with 2"),
        (Mutant("", "no such text", ""), "its text is there 0 times"),
    ):
        assert try_mutant(tree, area, mutant) == found
        source = (ROOT / "gamemusic" / area.file).read_bytes()
        assert (tree / "gamemusic" / area.file).read_bytes() == source, "the copy is whole again"
