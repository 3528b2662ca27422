"""``gamemusic check``: is this preset, or this mood pack, as it should be?"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from gamemusic.errors import InputError

__all__ = ["add_to"]


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("check", help="validate a preset or a mood pack")
    parser.add_argument("path", type=Path, metavar="PATH", help="preset.yaml, or the folder or zip of a mood pack")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check the path and say what it is; what is wrong is raised."""
    path: Path = options.path
    if not path.exists():
        raise InputError(f"{path} does not exist; give a preset file, or the folder or zip of a mood pack")
    warnings: tuple[str, ...] = ()
    if path.suffix.lower() in (".yaml", ".yml"):
        from gamemusic.packs.pack import open_preset

        preset = open_preset(path)
        found, what = preset.name, "preset"
        styles = tuple(preset.styles)
    else:
        from gamemusic.composer.composer import Composer
        from gamemusic.packs.pack import open_pack

        pack = open_pack(path)
        Composer(pack)  # loads the model and runs it once
        found, what, warnings = pack.name, "mood pack", pack.card.warnings
        styles = tuple(pack.preset.styles)
    if options.json:
        facts = {"path": str(path), "kind": what, "name": found, "styles": list(styles), "warnings": list(warnings)}
        print(json.dumps(facts))
        return 0
    print(f"{path}: {what} {found!r} is valid (styles: {', '.join(styles)})")
    for warning in warnings:
        print(f"{path}: warning: {warning}")
    return 0
