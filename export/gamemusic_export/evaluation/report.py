"""The evaluation as a page: one file of HTML with its tables, and pictures beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from gamemusic.files import write_file
from gamemusic.score.phrase import Phrase
from gamemusic_export.evaluation.figures import Figure, figure_rows, figures_to_dict
from gamemusic_export.evaluation.plots import draw_rolls

__all__ = ["MoodReport", "write_report"]

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;color:#1b1b1b;background:#fff}
table{border-collapse:collapse;width:100%;font-size:.85rem}td,th{border-bottom:1px solid #ccc;padding:.3rem .5rem;
text-align:left;vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}.no{color:#a40000}
.yes{color:#00650e}img{max-width:100%}@media(prefers-color-scheme:dark){body{background:#16181c;color:#e6e6e6}
img{background:#fff}.no{color:#ff8080}.yes{color:#7ee08a}}
"""
_HEAD = ("measure", "model", "5-gram", "random", "real", "goal", "met", "note")


class MoodReport:
    """What is told of one mood.

    Args:
        mood: Its name.
        figures: Its figures.
        phrases: Some of its phrases by caption, to be drawn.
    """

    def __init__(self, mood: str, figures: Sequence[Figure], phrases: Mapping[str, Sequence[Phrase]]) -> None:
        self.mood, self.figures, self.phrases = mood, figures, phrases


def write_report(reports: Sequence[MoodReport], folder: Path, *, title: str, about: Sequence[str]) -> Path:
    """Write ``index.html``, ``figures.json`` and the pictures to ``folder`` and return the page.

    Raises:
        MissingError: When matplotlib is not installed.
        OutputError: When the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = [f"<h1>{escape(title)}</h1>", *(f"<p>{escape(line)}</p>" for line in about)]
    data: dict[str, Any] = {}
    for report in reports:
        data[report.mood] = figures_to_dict(report.figures)
        parts.append(f'<h2 id="{escape(report.mood)}">{escape(report.mood)}</h2>{_table(report.figures)}')
        for index, (caption, phrases) in enumerate(report.phrases.items()):
            picture = folder / f"{report.mood}-{index}.png"
            draw_rolls(phrases, picture)
            parts.append(f'<h3>{escape(caption)}</h3><img src="{picture.name}" alt="{escape(caption)}: piano rolls">')
    body = "\n".join(parts)
    page = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
    page += f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    write_file(folder / "figures.json", (json.dumps(data, indent=2) + "\n").encode())
    write_file(folder / "index.html", page.encode())
    return folder / "index.html"


def _table(figures: Sequence[Figure]) -> str:
    head = "".join(f"<th>{name}</th>" for name in _HEAD)
    rows = []
    for row in figure_rows(figures):
        cells = [f"<td>{escape(row[0])}</td>"]
        cells += [f'<td class="n">{escape(cell)}</td>' for cell in row[1:5]]
        cells += [f"<td>{escape(row[5])}</td>", f'<td class="{row[6]}">{row[6]}</td>', f"<td>{escape(row[7])}</td>"]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"
