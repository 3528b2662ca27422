"""``gamemusic moods``: what is installed."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gamemusic.packs.library import Listing

__all__ = ["add_to"]


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("moods", help="list the moods that are installed")
    parser.add_argument("--json", action="store_true", help="print them as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print every mood; one that is broken or hidden by another is shown with the reason."""
    from gamemusic.packs.library import list_packs

    listings = list_packs()
    if options.json:
        print(json.dumps({"moods": [_facts(listing) for listing in listings]}, indent=2))
        return 0
    if not listings:
        print("no moods are installed; reinstall gamemusic, or set GAMEMUSIC_PATH to a folder of mood packs")
    for listing in listings:
        if listing.error is not None:
            print(f"{listing.name:12} broken: {listing.error}")
            continue
        title = listing.preset.description.split("\n")[0] if listing.preset else ""
        hidden = f" (hidden by {listing.shadowed_by})" if listing.shadowed_by else ""
        print(f"{listing.name:12} {', '.join(listing.styles):28} {listing.size / 1e6:4.1f} MB  {title}{hidden}")
    return 0


def _facts(listing: Listing) -> dict[str, Any]:
    preset, card = listing.preset, listing.card
    return {
        "name": listing.name,
        "title": preset.title if preset else "",
        "description": preset.description if preset else "",
        "styles": list(listing.styles),
        "licence": card.licences.model if card else "",
        "output_licence": card.licences.output if card else "",
        "version": card.version if card else "",
        "size": listing.size,
        "path": str(listing.path),
        "origin": listing.origin,
        "shadowed_by": None if listing.shadowed_by is None else str(listing.shadowed_by),
        "error": None if listing.error is None else str(listing.error),
    }
