"""What was found out about somebody's own mood, as text and as a page to look at and to listen to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from gamemusic.errors import MissingError
from gamemusic.files import write_file
from gamemusic.output import save
from gamemusic.score.phrase import Phrase
from gamemusic_export.evaluation.own import OwnEvaluation
from gamemusic_export.evaluation.own_finding import Finding
from gamemusic_export.evaluation.plots import draw_rolls
from gamemusic_export.evaluation.report import PAGE_STYLE

__all__ = ["tell_own", "to_dict", "write_own_page"]

_OTHERS = ("parent", "random", "real music")
_SOUNDS = (".ogg", ".wav")


def tell_own(found: OwnEvaluation) -> str:
    """Return the verdict and the figures under it, for a terminal."""
    lines = [found.headline, ""]
    for finding in found.findings:
        lines.append(f"{'good' if finding.good else 'LOOK':5} {finding.means}")
        if not finding.good and finding.helps:
            lines.append(f"      {finding.helps}")
    lines += ["", *_table(found.findings)]
    lines += [f"note: {note}." for note in found.notes]
    return "\n".join(lines)


def to_dict(found: OwnEvaluation) -> dict[str, Any]:
    """Return what was found as JSON takes it."""
    return {
        "mood": found.mood,
        "verdict": found.headline,
        "findings": {
            one.name: {"own": round(one.own, 4), "good": one.good, "means": one.means}
            | {name: round(value, 4) for name, value in one.others.items()}
            for one in found.findings
        },
        "notes": list(found.notes),
    }


def write_own_page(found: OwnEvaluation, folder: Path) -> Path:
    """Write ``index.html``, its sounds and pictures and ``figures.json`` to ``folder``, and return the page.

    Where there is no FluidSynth the phrases are there as MIDI files.

    Raises:
        MissingError: matplotlib is not installed.
        OutputError: The folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = [f"<h1>{escape(found.mood)}</h1>", f"<p><strong>{escape(found.headline)}</strong></p>", "<ul>"]
    for one in found.findings:
        mark = f'<span class="{"yes" if one.good else "no"}">{"good" if one.good else "look"}</span>'
        helps = "" if one.good else f" <em>{escape(one.helps)}</em>"
        parts.append(f"<li>{mark} {escape(one.means)}{helps}</li>")
    parts.append("</ul>")
    for style, phrases in found.phrases.items():
        parts.append(f"<h2>{escape(style)}</h2>")
        parts += [_show_sound(phrase, folder / f"{style}-{phrase.seed}") for phrase in phrases]
        draw_rolls(phrases, folder / f"{style}.png")
        parts.append(f'<img src="{escape(style)}.png" alt="Piano rolls of these phrases, {escape(style)}">')
    head = "".join(f"<th>{name}</th>" for name in ("figure", found.mood, *_OTHERS))
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _row(one))}</tr>" for one in found.findings)
    parts.append(f"<h2>Figures</h2><table><tr>{head}</tr>{rows}</table>")
    parts += [f"<p>{escape(note)}.</p>" for note in found.notes]
    page = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(found.mood)}</title>'
    page += f"<style>{PAGE_STYLE}</style></head><body>\n" + "\n".join(parts) + "\n</body></html>\n"
    write_file(folder / "figures.json", (json.dumps(to_dict(found), indent=2) + "\n").encode())
    write_file(folder / "index.html", page.encode())
    return folder / "index.html"


def _show_sound(phrase: Phrase, path: Path) -> str:
    """Write a phrase as sound, or as MIDI where that cannot be, and return how the page shows it."""
    about = f"seed {phrase.seed}: {phrase.key}, {phrase.tempo_bpm:.0f} beats a minute, {phrase.bars} bars"
    for suffix in _SOUNDS:
        try:
            file = save(phrase, path.with_name(path.name + suffix))
        except MissingError:
            continue
        return f'<p>{escape(about)}<br><audio controls loop preload="none" src="{escape(file.name)}"></audio></p>'
    file = save(phrase, path.with_name(path.name + ".mid"))
    return f'<p>{escape(about)}: <a href="{escape(file.name)}">MIDI</a> (for sound see: gamemusic doctor)</p>'


def _table(findings: Sequence[Finding]) -> list[str]:
    rows = [("figure", "it", *_OTHERS), *(_row(one) for one in findings)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) if not column else cell.rjust(width) for column, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in rows)
    ]


def _row(one: Finding) -> tuple[str, ...]:
    return one.name, f"{one.own:.3f}", *(_show(one.others, name) for name in _OTHERS)


def _show(others: Mapping[str, float], name: str) -> str:
    return f"{others[name]:.3f}" if name in others else ""
