"""Page: what was baked, to be listened to, looked at and chosen from, in one HTML file that needs no other."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gamemusic.errors import InputError
from gamemusic.files import read_head

__all__ = ["PAGE", "body_seconds", "draw_page"]

PAGE = "index.html"
MOST_EMBEDDED = 64 << 20
"""Bytes of sound inside the page; what does not fit is loaded from the files beside it."""
_TYPES = {"ogg": "audio/ogg", "flac": "audio/flac", "wav": "audio/wav"}
"""Formats that are played, the smallest first."""
_OUTSIDE = (
    "Some sounds are too large to be inside this page and are read from its folder; opened from a disk instead of a "
    "server, the browser leaves a gap where they repeat."
)
_SEAM = (
    "bits a token by which the step from the end to the beginning surprises the model more than one inside does; "
    "lower is smoother"
)

Piece = Mapping[str, Any]


def draw_page(manifest: Mapping[str, Any], sketches: Mapping[str, Mapping[str, Any] | None], folder: Path) -> bytes:
    """Return the page of a baked folder; the same folder gives the same bytes.

    Args:
        manifest: What ``manifest.json`` holds.
        sketches: By the piece's name what `gamemusic.soundtrack.sketch.draw_sketch` gave.
        folder: Where the files are. What the manifest names outside of it is neither read nor linked.

    Returns:
        HTML in UTF-8 that loads no script, style or picture, and sounds only from the folder.
    """
    pieces: Sequence[Piece] = [
        {**piece, "files": [file for file in piece["files"] if _lies_inside(file["file"])]}
        for piece in manifest["pieces"]
    ]
    title = manifest.get("title") or "Soundtrack"
    budget = _Budget(folder)
    data = [_player(piece, sketches.get(piece["name"]), budget) for piece in pieces]
    takes: dict[str, list[int]] = {}
    for index, piece in enumerate(pieces):
        takes.setdefault(piece.get("take_of") or piece["name"], []).append(index)
    articles = "".join(
        _article(pieces[index], index)
        for group in takes.values()
        for index in sorted(group, key=lambda index: pieces[index].get("take", 0))
    )
    names = (manifest.get("author"), manifest.get("licences", {}).get("output"))
    by = "".join(f"<p>{escape(name)}</p>\n" for name in names if name)
    left = "" if budget.whole else f"<p>{_OUTSIDE}</p>\n"
    style, script = _asset("page.css"), _asset("page.js")
    content = json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<header>
<h1>{escape(title)}</h1>
{by}<p>{len(pieces)} pieces. {escape(_summary(manifest))}</p>
{left}<noscript><p>Playing and pictures need JavaScript; the files are linked below.</p></noscript>
<details open><summary>All pieces</summary>
<p><label>Show <input type="search" id="filter" placeholder="name, mood or style"></label>
<span id="found" class="soft" role="status"></span></p>
<div class="wide" role="region" aria-label="All pieces" tabindex="0"><table>
<thead><tr><th scope="col">piece</th><th scope="col">mood</th><th scope="col">style</th><th scope="col">tempo</th>
<th scope="col">key</th><th scope="col">seconds</th><th scope="col">LUFS</th>
<th scope="col" title="{_SEAM}">seam</th></tr></thead>
<tbody>{"".join(_row(piece, index) for index, piece in enumerate(pieces))}</tbody>
</table></div></details>
</header>
<main>
{articles}</main>
<footer><p>{escape(manifest.get("licences", {}).get("disclosure", ""))}</p></footer>
<div id="bar" role="region" aria-label="Player"><span id="now" role="status">Nothing plays.</span>
<label>Volume <input type="range" id="volume" min="0" max="1" step="0.01" value="0.8"></label></div>
<script type="application/json" id="pieces">{content}</script>
<script>{script}</script>
</body>
</html>
""".encode()


class _Budget:
    """What may still be put into the page."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._left = MOST_EMBEDDED
        self.whole = True
        """Whether everything has fitted so far."""

    def take(self, name: str) -> str | None:
        """Return a file's content in base 64, or None when it does not fit or is not there."""
        try:
            content = read_head(self._folder / name, most=self._left + 1, links=False)
        except InputError:
            return None
        if len(content) > self._left:
            self.whole = False
            return None
        self._left -= len(content)
        return base64.b64encode(content).decode("ascii")


def _lies_inside(name: str) -> bool:
    """Return whether a file's name is no path, so that a manifest from elsewhere cannot have other files shown."""
    return name not in ("", ".", "..") and not any(sign in name for sign in "/\\:\0")


def _policy(style: str, script: str) -> str:
    """Return what the browser may do for this page: run our two texts, read files of the folder."""

    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")

    return (
        f"default-src 'none'; style-src 'sha256-{digest(style)}'; script-src 'sha256-{digest(script)}'; img-src data:; "
        "connect-src 'self'; media-src 'self' file:; base-uri 'none'; form-action 'none'"
    )


def _player(piece: Piece, sketch: Mapping[str, Any] | None, budget: _Budget) -> dict[str, Any]:
    """Return what the script needs of a piece."""
    mixes = _mixes(piece)
    sounds = []
    for file in mixes:
        loop = file["loop"]
        sounds.append(
            {
                "file": quote(file["file"], safe=""),
                "rate": file["sample_rate"],
                "seconds": file["seconds"],
                "loop": None if loop is None else [loop["start_seconds"], loop["end_seconds"]],
                "data": budget.take(file["file"]),
            }
        )
    heard = mixes[-1] if mixes else None  # the sketch is of the highest level
    intro = heard.get("intro", 0) / heard["sample_rate"] if heard else 0.0
    written = intro + body_seconds(piece)
    return {
        "name": piece["name"],
        "bars": piece["bars"],
        "beats": _beats(piece),
        "body": body_seconds(piece),
        "intro": intro,
        # what is heard once rings on after its bars; a loop's file may go on for a while after it has come round
        "span": written if heard is None or heard["loop"] else max(written, heard["seconds"]),
        "chords": piece["chords"],
        "sounds": sounds,
        "sketch": sketch,
    }


def _beats(piece: Piece) -> float:
    """Return how many quarter notes the bars hold that the sketch shows."""
    numerator, denominator = (int(part) for part in piece["meter"].split("/"))
    return float(piece["bars"] * numerator * 4 / denominator)


def body_seconds(piece: Piece) -> float:
    """Return how long the bars last that the sketch shows."""
    return float(_beats(piece) * 60 / piece["tempo_bpm"])


def _mixes(piece: Piece) -> list[Mapping[str, Any]]:
    """Return the files that are played: all roles together, without intros, of the smallest format."""
    files = [file for file in piece["files"] if file["format"] in _TYPES and not file["role"] and not file.get("part")]
    best = next((name for name in _TYPES if any(file["format"] == name for file in files)), "")
    return [file for file in files if file["format"] == best]


def _row(piece: Piece, index: int) -> str:
    mixes = _mixes(piece)
    seconds = f"{mixes[0]['seconds']:.1f}" if mixes else f"{body_seconds(piece):.1f}"
    cells = (
        piece["mood"],
        piece["style"],
        f"{piece['tempo_bpm']:g}",
        piece["key"],
        seconds,
        _decibels(piece.get("loudness_lufs")),
        _seam(piece),
    )
    link = f'<a href="#piece-{index}">{escape(piece["name"])}</a>'
    rest = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
    return f'<tr data-index="{index}"><th scope="row">{link}</th>{rest}</tr>\n'


def _article(piece: Piece, index: int) -> str:
    name = escape(piece["name"])
    play, levels = "", ""
    mixes = _mixes(piece)
    if mixes:
        play = f'<button class="play" type="button" data-play aria-label="Play {name}">Play</button>'
    else:
        play = '<span class="soft">Only MIDI was baked.</span>'
    if len(mixes) > 1:
        buttons = "".join(
            f'<button type="button" data-level="{number}" aria-pressed="{str(number == len(mixes) - 1).lower()}">'
            f"{file['level']:g}</button>"
            for number, file in enumerate(mixes)
        )
        levels = f'<span role="group" aria-label="Intensity">Intensity {buttons}</span>'
    pick = ""
    if piece.get("take_of"):
        words = f"gamemusic pick {shlex.quote(piece['take_of'])} {int(piece['take'])}"  # it will be put into a shell
        pick = (
            f"<p>Take {int(piece['take'])} of {escape(piece['take_of'])}: <code>{escape(words)}</code> "
            f'<button type="button" data-copy aria-label="Copy the command that picks take {int(piece["take"])}">'
            "Copy</button></p>"
        )
    facts = "".join(
        f"<div{f' title={chr(34)}{_SEAM}{chr(34)}' if key == 'seam' else ''}><dt>{key}</dt>"
        f"<dd>{escape(value)}</dd></div>"
        for key, value in _facts(piece)
        if value
    )
    links = "".join(
        f'<li><a href="{escape(quote(file["file"], safe=""))}" download>{escape(file["file"])}</a> '
        f"<small>{file['bytes'] / 1024:,.0f} KB</small></li>"
        for file in piece["files"]
    )
    roles = (piece.get("layers") or {}).keys()
    legend = "".join(f'<li class="{escape(role)}">{escape(role)}</li>' for role in roles)
    take = " take" if pick else ""
    count = f"{len(piece['files'])} file{'s' * (len(piece['files']) != 1)}"
    return f"""<article id="piece-{index}" class="piece{take}" data-index="{index}" aria-labelledby="name-{index}">
<h2 id="name-{index}">{name} <small>{escape(piece["kind"])}</small></h2>
<div class="controls">{play}{levels}</div>
{pick}<div class="picture"><canvas role="img" aria-label="Piano roll and waveform of {name}"></canvas><i></i></div>
<ul class="legend">{legend}</ul>
<dl>{facts}</dl>
<details><summary>{count}</summary><ul class="files">{links}</ul></details>
</article>
"""


def _facts(piece: Piece) -> Iterator[tuple[str, str]]:
    yield "mood", f"{piece['mood']} ({piece['style']})"
    yield "key", piece["key"]
    yield "tempo", f"{piece['tempo_bpm']:g} bpm, {piece['meter']}"
    yield "bars", str(piece["bars"])
    yield "intensity", ", ".join(f"{level:g}" for level in piece.get("levels") or ())
    yield "form", " ".join(piece["form"])
    yield "seed", "" if piece["seed"] is None else str(piece["seed"])
    source = piece.get("source")
    yield "played from", source["file"] if source else ""
    yield "leads", f"from {piece['from']} to {piece['to']}" if piece.get("from") else ""
    yield "over", piece.get("over", "")
    yield "seam", _seam(piece) and f"{_seam(piece)} bits"
    yield "loudness", _decibels(piece.get("loudness_lufs")) and f"{_decibels(piece.get('loudness_lufs'))} LUFS"
    yield "true peak", _decibels(piece.get("true_peak_dbtp")) and f"{_decibels(piece.get('true_peak_dbtp'))} dBTP"
    missed = piece.get("missed_by_lu") or 0
    yield "quieter than asked", f"{missed:.1f} LU, for its peaks" if missed else ""


def _seam(piece: Piece) -> str:
    """Return how smooth the seam of a loop is; what is heard once has none."""
    bits = piece.get("seam_bits")
    return "" if bits is None or piece.get("ending") != "loop" else f"{bits:+.2f}"


def _decibels(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _summary(manifest: Mapping[str, Any]) -> str:
    seconds = sum(mix["seconds"] for piece in manifest["pieces"] for mix in _mixes(piece)[-1:])
    size = sum(file["bytes"] for piece in manifest["pieces"] for file in piece["files"])
    return f"{seconds / 60:.1f} minutes, {size / 1e6:.0f} MB in all."


def _asset(name: str) -> str:
    return importlib.resources.files("gamemusic.soundtrack").joinpath(name).read_text("utf-8")
