"""The evaluation as a page: one file of HTML with its tables, pictures beside it, and all figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from gamemusic.files import write_file
from gamemusic.score.phrase import Phrase
from gamemusic_export.evaluation.features import FeatureSet
from gamemusic_export.evaluation.figures import Figure, figure_rows, figures_to_dict
from gamemusic_export.evaluation.pictures import draw_recognition, draw_sets
from gamemusic_export.evaluation.plots import draw_goals, draw_rolls

__all__ = ["PAGE_STYLE", "MoodReport", "write_report", "write_table"]

PAGE_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;color:#1b1b1b;background:#fff}
table{border-collapse:collapse;width:100%;font-size:.85rem}td,th{border-bottom:1px solid #ccc;padding:.3rem .5rem;
text-align:left;vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}.no{color:#a40000}
.yes{color:#00650e}img{max-width:100%}@media(prefers-color-scheme:dark){body{background:#16181c;color:#e6e6e6}
a{color:#8ab4f8}img{background:#fff}.no{color:#ff8080}.yes{color:#7ee08a}}
"""
_HEAD = ("measure", "model", "5-gram", "random", "real", "goal", "met", "note")
_CLUES = ("feature", "the model has", "area", "model's mean", "real mean")


@dataclass(frozen=True, slots=True)
class MoodReport:
    """What is told of one mood."""

    mood: str
    figures: Sequence[Figure]
    sets: Mapping[str, FeatureSet]
    """``model``, ``5-gram``, ``random`` and ``real``, whose distributions are drawn over each other."""
    phrases: Mapping[str, Sequence[Phrase]]
    """Some phrases by caption, drawn as piano rolls."""


def write_report(reports: Sequence[MoodReport], folder: Path, *, title: str, about: Sequence[str]) -> Path:
    """Write ``index.html``, ``figures.json`` and the pictures to ``folder`` and return the page.

    Raises:
        MissingError: When matplotlib is not installed.
        OutputError: When the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = [f"<h1>{escape(title)}</h1>", *(f"<p>{escape(line)}</p>" for line in about)]
    if len(reports) > 1:
        links = [f'<a href="#{escape(report.mood)}">{escape(report.mood)}</a>' for report in reports]
        parts.append(f"<p>{' · '.join(links)}</p>")
        every = [figure for report in reports for figure in report.figures]
        if draw_recognition(every, folder / "recognised.png"):
            parts.append(_show_picture("What all moods and styles are taken for", "recognised.png"))
    for report in reports:
        parts += _tell_mood(report, folder)
    body = "\n".join(parts)
    page = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
    page += f"<style>{PAGE_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    data = {report.mood: figures_to_dict(report.figures) for report in reports}
    write_file(folder / "figures.json", (json.dumps(data, indent=2) + "\n").encode())
    write_file(folder / "index.html", page.encode())
    return folder / "index.html"


def _tell_mood(report: MoodReport, folder: Path) -> list[str]:
    """Draw a mood's pictures and return its part of the page."""
    mood = report.mood
    parts = [f'<h2 id="{escape(mood)}">{escape(mood)}</h2>{_table(report.figures)}']
    if draw_goals(report.figures, folder / f"{mood}-goals.png"):
        parts.append(_show_picture("Figures and goals, each on its own scale", f"{mood}-goals.png"))
    parts += _tell_clues(report.figures)
    draw_sets(report.sets, folder / f"{mood}-distributions.png")
    parts.append(_show_picture("Distributions", f"{mood}-distributions.png"))
    if draw_recognition(report.figures, folder / f"{mood}-recognised.png"):
        parts.append(_show_picture("What it is taken for, from notes alone", f"{mood}-recognised.png"))
    for index, (caption, phrases) in enumerate(report.phrases.items()):
        draw_rolls(phrases, folder / f"{mood}-{index}.png")
        parts.append(_show_picture(f"Piano rolls: {caption}", f"{mood}-{index}.png"))
    return parts


def _show_picture(caption: str, file: str) -> str:
    return f'<h3>{escape(caption)}</h3><img src="{escape(file)}" alt="{escape(caption)}">'


def _table(figures: Sequence[Figure]) -> str:
    rows = []
    for row in figure_rows(figures):
        cells = [f"<td>{escape(row[0])}</td>"]
        cells += [f'<td class="n">{escape(cell)}</td>' for cell in row[1:5]]
        cells += [f"<td>{escape(row[5])}</td>", f'<td class="{row[6]}">{row[6]}</td>', f"<td>{escape(row[7])}</td>"]
        rows.append("".join(cells))
    return write_table(_HEAD, rows)


def _tell_clues(figures: Sequence[Figure]) -> list[str]:
    """Return the table of what gives composed phrases away; nothing where it was not measured."""
    clues: list[Mapping[str, Any]] = [
        clue for figure in figures if figure.name == "can a machine tell" for clue in figure.details.get("clues", ())
    ]
    rows = [
        f"<td>{escape(clue['feature'])}</td><td>{escape(clue['model has'])}</td>"
        + "".join(f'<td class="n">{clue[key]:.3f}</td>' for key in ("area", "model", "real"))
        for clue in clues
    ]
    if not rows:
        return []
    about = (
        "The features that separate composed from real phrases best, each by itself: a figure, or the share of notes "
        "with one pitch class (a degree above the tonic), interval (in semitones), duration or onset (in quarter "
        "notes). Area 0.5: no difference, 1: never wrong."
    )
    return [f"<h3>What gives it away</h3><p>{about}</p>{write_table(_CLUES, rows)}"]


def write_table(head: Iterable[str], rows: Iterable[str]) -> str:
    """Return a table in HTML.

    Args:
        head: Names of the columns, in plain text.
        rows: The cells of each row, in HTML.
    """
    cells = "".join(f"<th>{escape(name)}</th>" for name in head)
    return f"<table><tr>{cells}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
