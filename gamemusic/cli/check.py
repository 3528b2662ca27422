"""``gamemusic check``: is this preset, mood pack, soundtrack file or baked folder as it should be?"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from gamemusic.errors import InputError

__all__ = ["add_to"]


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("check", help="validate a preset, a mood pack, a soundtrack or what was baked")
    parser.add_argument(
        "path",
        type=Path,
        metavar="PATH",
        help="preset.yaml, soundtrack.yaml, a mood pack's folder or zip, or a baked folder",
    )
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check the path and say what it is; what is wrong is raised."""
    path: Path = options.path
    if not path.exists():
        raise InputError(f"{path} does not exist; give a preset file, or the folder or zip of a mood pack")
    warnings: tuple[str, ...] = ()
    if not (path / "preset.yaml").exists() and (path / "manifest.json").exists():
        return _check_baked(path, as_json=options.json)
    if path.suffix.lower() in (".yaml", ".yml") and _is_soundtrack(path):
        return _check_soundtrack(path, as_json=options.json)
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


def _is_soundtrack(path: Path) -> bool:
    """Return whether a YAML file has cues, as no preset has."""
    from gamemusic.packs.nodes import MapNode
    from gamemusic.packs.yamlfile import read_yaml
    from gamemusic.soundtrack.schema import BOUNDS

    node = read_yaml(path, bounds=BOUNDS)
    return isinstance(node, MapNode) and "cues" in node.entries


def _check_soundtrack(path: Path, *, as_json: bool) -> int:
    from gamemusic.soundtrack.plan import read_plan

    pieces = [piece.name for piece in read_plan(path).pieces()]
    if as_json:
        print(json.dumps({"path": str(path), "kind": "soundtrack", "pieces": pieces}))
    else:
        print(f"{path}: soundtrack is valid ({len(pieces)} pieces)")
    return 0


def _check_baked(path: Path, *, as_json: bool) -> int:
    from gamemusic.soundtrack.verify import verify

    count, faults = verify(path)
    if as_json:
        print(json.dumps({"path": str(path), "kind": "baked folder", "files": count, "faults": faults}))
    else:
        for fault in faults:
            print(f"{path}: {fault}")
        print(f"{path}: {count} files read, {len(faults) or 'no'} fault{'' if len(faults) == 1 else 's'}")
    return 1 if faults else 0
