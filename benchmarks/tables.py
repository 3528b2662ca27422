"""The tables of README and docs, written from the results pages: python -m benchmarks.tables [--check]

Between a line `<!-- benchmarks/results.md -->` and the next `<!-- end -->` stands what this writes: when and on which
commit the figures were measured, what has changed since, the table, and which goals are missed. So no table is older
than it says. Who changes the composer, or another part that `benchmarks.fingerprint` names, runs this once; measuring
again (`python -m benchmarks.run`) takes a quiet machine.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path

if __package__ in (None, ""):  # started as a file: then Python looks beside the file, not in the repository
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.common import ROOT
from benchmarks.fingerprint import changed_parts, fingerprint

__all__ = ["PAGES", "Results", "find_missed", "read_results", "update_page", "write_section"]

PAGES = ("README.md", "docs/bake.md")
"""Pages with sections, relative to the repository."""

_SECTION = re.compile(r"(<!-- (benchmarks/results[\w-]*\.md) -->\n).*?(<!-- end -->)", re.DOTALL)
_CELLS = ("what", "ours", "against", "reference", "ratio", "goal", "notes")


@dataclass(frozen=True, slots=True)
class Results:
    """A results page."""

    date: str
    commit: str
    parts: dict[str, str]
    """The fingerprint, see `benchmarks.fingerprint`."""
    machine: str
    table: str
    rows: list[dict[str, str]]


def read_results(page: str) -> Results:
    """Return what a page that `benchmarks.run` wrote says.

    Raises:
        ValueError: It says no date, commit or fingerprint.
    """
    date = re.search(r"^# Measured on (\S+)$", page, re.MULTILINE)
    commit = re.search(r"^At commit (.+?)\.$", page, re.MULTILINE)
    parts = re.search(r"^<!-- fingerprint: (.*) -->$", page, re.MULTILINE)
    if date is None or commit is None or parts is None:
        raise ValueError("no results page: it lacks its date, its commit or its fingerprint; measure again")
    machine = re.search(r"^processor .*$", page, re.MULTILINE)
    table = [line for line in page.splitlines() if line.startswith("|")]
    rows = [dict(zip(_CELLS, [cell.strip() for cell in line[1:-1].split("|")], strict=True)) for line in table[2:]]
    known = dict(item.rsplit("=", 1) for item in parts[1].split(", "))
    return Results(date[1], commit[1], known, "" if machine is None else machine[0], "\n".join(table), rows)


def write_section(results: Results, now: dict[str, str]) -> str:
    """Return what stands between a section's marks."""
    lines = [f"Measured on {results.date} at commit {results.commit}."]
    changed = changed_parts(results.parts, now)
    if changed:
        names = " and ".join(filter(None, [", ".join(changed[:-1]), changed[-1]]))
        verb = "has" if len(changed) == 1 else "have"
        stale = f"**Older than the product: {names} {verb} changed since these figures were measured.**"
        lines += ["", f"{stale} They are to be measured again."]
    lines += ["", results.table, ""]
    missed = find_missed(results.rows)
    lines.append(f"Missed: {'; '.join(missed)}." if missed else "No goal is missed.")
    return "\n".join(lines) + "\n"


def find_missed(rows: list[dict[str, str]]) -> list[str]:
    """Return a phrase for each row that misses its goal.

    The goal is one of the ratio, or of ours where there is no ratio: ``≤ 1.25``, ``≥ 99 %``, ``< 2``, or a number that
    must be met.
    """
    missed = []
    for row in rows:
        goal = re.match(r"(≤|≥|<|>|)\s*(-?[\d.,]+)", row["goal"])
        value = re.search(r"-?[\d.,]+", row["ratio"] or row["ours"])
        if goal is None or value is None:
            continue
        found, wanted = (float(text.replace(",", "")) for text in (value[0], goal[2]))
        met = {
            "≤": found <= wanted, "≥": found >= wanted, "<": found < wanted, ">": found > wanted, "": found == wanted,
        }[goal[1]]  # fmt: skip
        if not met:
            shown = (row["ratio"] or row["ours"]).strip("*")
            missed.append(f"{row['what']} ({shown}, goal {row['goal']})")
    return missed


def update_page(page: str, root: Path, now: dict[str, str]) -> str:
    """Return a page with its sections written anew.

    Raises:
        ValueError: A results page is damaged.
        OSError: It is not there.
    """

    def write(found: re.Match[str]) -> str:
        results = read_results((root / found[2]).read_text(encoding="utf-8"))
        return f"{found[1]}{write_section(results, now)}{found[3]}"

    return _SECTION.sub(write, page)


def main() -> int:
    """Write the sections of all pages; with ``--check`` only say which are not as they would be written."""
    parser = argparse.ArgumentParser(prog="benchmarks.tables", description="Write measured tables into the documents.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 when something would change")
    check = parser.parse_args().check
    now, changed = fingerprint(ROOT), []
    for name in PAGES:
        page = (ROOT / name).read_text(encoding="utf-8")
        written = update_page(page, ROOT, now)
        if written != page:
            changed.append(name)
            if not check:
                (ROOT / name).write_text(written, encoding="utf-8")
    print("\n".join(changed) or "all tables are as they should be")
    return int(check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
