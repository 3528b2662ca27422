"""Figures that give composed music away, as a table of plain text, as JSON, and as a page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from gamemusic.files import write_file
from gamemusic_export.evaluation.report import PAGE_STYLE, write_table
from gamemusic_export.evaluation.tells import CONTROLS
from gamemusic_export.evaluation.telltale import Tell

__all__ = ["print_tells", "scopes_to_dict", "tells_to_dict", "write_tells_page"]

_HEAD = ("figure", "real", "10 %", "90 %", "other real", *CONTROLS, "all")
Scopes = Mapping[str, Mapping[str, Tell]]


def scopes_to_dict(scopes: Scopes) -> dict[str, dict[str, dict[str, float | None]]]:
    """Return the figures of all scopes as `tells_to_dict` gives them; what holds of all moods is called "all"."""
    return {scope or "all": tells_to_dict(figures) for scope, figures in scopes.items()}


def tells_to_dict(figures: Mapping[str, Tell]) -> dict[str, dict[str, float | None]]:
    """Return the figures of one mood or style as JSON takes them, rounded; None where nothing can be measured."""
    return {
        name: {
            "value": _round(tell.value),
            "real": _round(tell.real),
            "real, other": _round(tell.other),
            "real, 10 %": _round(tell.low),
            "real, 90 %": _round(tell.high),
            **{control: _round(value) for control, value in tell.controls.items()},
        }
        for name, tell in figures.items()
    }


def _round(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _rows(scopes: Scopes, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return a row a figure: real music, the controls and all that was composed, then each of the scopes named."""
    return [
        (
            name,
            *map(_show, (tell.real, tell.low, tell.high, tell.other)),
            *(_show(tell.controls.get(control, math.nan)) for control in CONTROLS),
            _show(tell.value),
            *(_show(scopes[scope][name].value) for scope in names),
        )
        for name, tell in scopes[""].items()
    ]


def _show(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def _columns(scopes: Scopes) -> list[str]:
    """Return what has a column of its own: the moods, or of a single mood its styles."""
    moods = [scope for scope in scopes if scope and "/" not in scope]
    return moods if len(moods) > 1 else [scope for scope in scopes if "/" in scope]


def print_tells(scopes: Scopes) -> str:
    """Return one table: a row a figure, with real music, the controls, all moods together and each mood.

    Of a single mood each style has a column.
    """
    names = _columns(scopes)
    table = [(*_HEAD, *(name.rpartition("/")[2] for name in names)), *_rows(scopes, names)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in table
    )


def write_tells_page(scopes: Scopes, folder: Path, *, about: str) -> Path:
    """Write ``index.html``, a table of all moods and one of each mood's styles, and ``tells.json``; return the page.

    Raises:
        OutputError: When the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    title = "What gives composed music away"
    parts = [f"<h1>{title}</h1><p>{escape(about)}</p>", _write_rows(scopes, _columns(scopes))]
    moods = [scope for scope in scopes if scope and "/" not in scope]
    for mood in moods if len(moods) > 1 else []:
        own = {"": scopes[mood], **{name: found for name, found in scopes.items() if name.startswith(f"{mood}/")}}
        parts += [f'<h2 id="{escape(mood)}">{escape(mood)}</h2>', _write_rows(own, [name for name in own if name])]
    page = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    page += f"<style>{PAGE_STYLE}</style></head><body>\n" + "\n".join(parts) + "\n</body></html>\n"
    data = scopes_to_dict(scopes)
    write_file(folder / "tells.json", (json.dumps(data, indent=2) + "\n").encode())
    write_file(folder / "index.html", page.encode())
    return folder / "index.html"


def _write_rows(scopes: Scopes, names: Sequence[str]) -> str:
    rows = [
        f"<td>{escape(row[0])}</td>" + "".join(f'<td class="n">{cell}</td>' for cell in row[1:])
        for row in _rows(scopes, names)
    ]
    return write_table((*_HEAD, *(name.rpartition("/")[2] for name in names)), rows)
