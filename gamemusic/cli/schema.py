"""``gamemusic schema``: the JSON Schemas of presets and soundtracks, for editors that check while one types."""

from __future__ import annotations

import argparse
import json

__all__ = ["add_to"]


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("schema", help="print the JSON Schema of preset.yaml or soundtrack.yaml, for editors")
    kinds = ("preset", "soundtrack")
    parser.add_argument("kind", nargs="?", choices=kinds, default="preset", help="of which file (default: preset)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the schema."""
    if options.kind == "soundtrack":
        from gamemusic.soundtrack.schema import json_schema
    else:
        from gamemusic.packs.schema import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return 0
