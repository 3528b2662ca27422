"""What every page of ours has: head, styles, player and the data that it plays from, all in one file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from demo_page.loops import SAMPLE_RATE, Take
from demo_page.picture import LEFT, WIDTH

__all__ = ["facts_list", "paragraphs", "play_button", "player_data", "shell"]

_ASSETS = Path(__file__).with_name("assets")
_NO_SCRIPT = "<noscript><style>.take { grid-area: auto } .take.off { visibility: visible }</style></noscript>"
_BAR = """<div id="bar" role="region" aria-label="Player">
<button type="button" class="stop" disabled>Stop</button>
<span id="now-title" role="status">Nothing plays.</span><span id="now-place"></span>
<label><span>Volume</span>
<input id="volume" type="range" min="0" max="1" step="0.01" value="0.9" aria-label="Volume"></label>
</div>"""


def shell(*, title: str, body: str, data: Mapping[str, Any], scripts: Sequence[str] = (), sound: bool = True) -> str:
    """Return a whole page that needs nothing but the sounds beside it.

    Args:
        title: The window's.
        body: HTML of header, main and footer.
        data: What player.js plays from, see `player_data`.
        scripts: Names of further scripts among the assets.
        sound: Whether there is anything to play.
    """
    code = [_read(name) for name in ("sound.js", "player.js", *scripts)] if sound else []
    # a closing tag inside a text would end the script
    inline = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            '<link rel="icon" href="data:,">',
            f"<style>\n{_read('page.css')}</style>",
            _NO_SCRIPT,
            "</head>",
            "<body>" if sound else '<body class="silent">',
            body,
            *([_BAR, f'<script type="application/json" id="takes">{inline}</script>'] if sound else []),
            *(f"<script>\n{text}</script>" for text in code),
            "</body>",
            "</html>",
            "",
        ]
    )


def player_data(takes: Iterable[tuple[str, str, Take]]) -> dict[str, Any]:
    """Return what player.js has to know of takes, each with its group and label.

    Takes of one group are versions of one loop: of equal length, and exchanged while they play.
    """
    return {
        "left": LEFT,
        "width": WIDTH,
        "takes": {
            take.name: {
                "group": group,
                "label": label,
                "sound": take.sound,
                "rate": SAMPLE_RATE,
                "loops": take.loops,
                "seconds": take.seconds,
                "bars": take.bars,
                "beats": round(take.seconds * take.tempo_bpm / 60, 6),
                "form": take.form,
                "chords": [(round(begin, 6), name) for begin, name in take.chords],
            }
            for group, label, take in takes
        },
    }


def facts_list(facts: Iterable[tuple[str, str]], *, kind: str = "", colours: bool = False) -> str:
    """Return terms and values on one line as HTML; with ``colours`` the terms are roles, shown in theirs."""
    style = ' style="--role: var(--{})"'
    rows = "".join(
        f"<div><dt{style.format(escape(term.split()[0])) if colours else ''}>{escape(term)}</dt>"
        f"<dd>{escape(value)}</dd></div>"
        for term, value in facts
    )
    return f'<dl class="facts{" " + kind if kind else ""}">{rows}</dl>'


def paragraphs(text: str, kind: str = "") -> str:
    """Return a text as one HTML paragraph, or nothing when it is empty."""
    attribute = f' class="{kind}"' if kind else ""
    return f"<p{attribute}>{escape(text.strip())}</p>" if text.strip() else ""


def play_button(group: str, label: str) -> str:
    """Return the button that plays the chosen take of a group."""
    return (
        f'<button type="button" class="play" data-group="{escape(group)}"><span class="word">Play</span>'
        f'<span class="unseen"> {escape(label)}</span></button>'
    )


def _read(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")
