"""Credits: whom a soundtrack is owed to and under which terms, and what stores want to be told of its making."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gamemusic.audio.soundfont import soundfont_info
from gamemusic.files import shown_name
from gamemusic.packs.pack import Pack
from gamemusic.soundtrack.order import Order
from gamemusic.soundtrack.schema import Soundtrack

__all__ = ["CREDITS", "disclose", "list_licences", "write_credits"]

CREDITS = "CREDITS.txt"
_UNKNOWN = "not stated"


def list_licences(soundtrack: Soundtrack, packs: Iterable[Pack], orders: Iterable[Order]) -> dict[str, Any]:
    """Return the terms of all that a soundtrack is made with, for the manifest.

    Args:
        soundtrack: As it was read.
        packs: Its moods.
        orders: Its pieces, for their soundfonts and sources.

    Returns:
        ``packs``: of each its version, the licences of model, training data and output, and its sources;
        ``soundfonts``: what each says of itself; ``sources``: MIDI files that people wrote; ``output``: the
        soundtrack's own terms; ``disclosure``: see `disclose`.
    """
    packs = sorted(packs, key=lambda pack: pack.name)
    fonts = {order.soundfont for order in orders if order.soundfont}
    sources = sorted({shown_name(Path(order.origin.source).name) for order in orders if order.origin.source})
    return {
        "packs": {pack.name: _describe(pack) for pack in packs},
        "soundfonts": {shown_name(Path(font).name): _describe_font(Path(font)) for font in sorted(fonts)},
        "sources": sources,
        "output": soundtrack.licence,
        "disclosure": disclose(soundtrack, {pack.card.licences.training_data for pack in packs}, sources),
    }


def disclose(soundtrack: Soundtrack, training_data: Iterable[str], sources: Iterable[str] = ()) -> str:
    """Return a sentence for stores that ask what content was generated.

    Args:
        soundtrack: Whose music it is.
        training_data: The packs' licences of the music that their models learned from, joined by AND; empty: not known.
        sources: MIDI files that people wrote.
    """
    known = set(training_data)
    terms = sorted({term for joined in known for term in joined.split(" AND ") if term})
    learned = f"under {', '.join(terms)}" if terms and "" not in known else "whose terms are not stated"
    title = f"of {soundtrack.title} " if soundtrack.title else ""
    played = ", ".join(sources)
    apart = f", except {played}, which people wrote" if played else ""
    return (
        f"The music {title}was composed while the game was made by small neural networks (gamemusic), trained on "
        f"music {learned}, and chosen by the game's authors{apart}; no generated content is made while the game runs."
    )


def write_credits(soundtrack: Soundtrack, licences: Mapping[str, Any]) -> bytes:
    """Return a text to put into a game's credits, from what `list_licences` gave."""
    lines = [f"Music of {soundtrack.title}" if soundtrack.title else "Music", ""]
    if soundtrack.author:
        lines += [f"Soundtrack: {soundtrack.author}", f"Terms: {soundtrack.licence or 'all rights reserved'}", ""]
    lines += ["Composed with gamemusic, MIT licence.", ""]
    for name, pack in licences["packs"].items():
        lines.append(f"Mood {name} {pack['version']}" + (f", by {pack['author']}" if pack["author"] else ""))
        lines.append(f"  model: {pack['model'] or _UNKNOWN}; output: {pack['output'] or _UNKNOWN}")
        lines.append(f"  learned from music under: {pack['training_data'] or _UNKNOWN}")
    lines.append("")
    thanks = sorted({(one["name"], one["licence"], one["credit"], one["url"]) for one in _sources(licences)})
    if thanks:
        lines.append("The models learned from")
        for name, licence, credit, url in thanks:
            lines.append(f"  {name} ({', '.join(part for part in (licence or _UNKNOWN, url) if part)})")
            if credit:
                lines.append(f"    {credit}")
        lines.append("")
    for name, font in licences["soundfonts"].items():
        words = [font[key] for key in ("title", "author", "copyright") if font[key]]
        lines.append(f"Soundfont {name}" + (f": {'; '.join(words)}" if words else ""))
    for name in licences["sources"]:
        lines.append(f"Played from a MIDI file of the authors: {name}")
    lines += ["", licences["disclosure"], ""]
    return "\n".join(lines).encode()


def _sources(licences: Mapping[str, Any]) -> Iterable[Mapping[str, str]]:
    for pack in licences["packs"].values():
        yield from pack["sources"]


def _describe(pack: Pack) -> dict[str, Any]:
    card = pack.card
    return {
        "version": card.version,
        "author": card.author,
        "model": card.licences.model,
        "training_data": card.licences.training_data,
        "output": card.licences.output,
        "sources": [
            {"name": one.name, "licence": one.licence, "credit": one.credit, "url": one.url} for one in card.attribution
        ],
    }


def _describe_font(path: Path) -> dict[str, str]:
    said = soundfont_info(path)
    return {"title": said.get("INAM", ""), "author": said.get("IENG", ""), "copyright": said.get("ICOP", "")}
