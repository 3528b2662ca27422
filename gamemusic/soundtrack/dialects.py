"""Dialects: the files beside the music by which engines know how it loops, made from the manifest alone."""

from __future__ import annotations

import json
import keyword
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gamemusic.errors import InputError
from gamemusic.files import read_head
from gamemusic.soundtrack.godot import import_settings, params_of, resources
from gamemusic.soundtrack.manifest import place_inside
from gamemusic.soundtrack.renpy import Cue, Stem, loop_string, make_script, sync_strings
from gamemusic.units import METERS, TICKS_PER_BEAT

__all__ = ["GODOT_ROOT", "agree", "side_faults", "side_files"]

GODOT_ROOT = "res://music"
"""Where the folder is taken to lie in a Godot project."""
_LOOPS, _RENPY = "loops.json", "renpy/music.rpy"
_LOOPS_VERSION = "1.0"
_GODOT_PRECISION = 1e-5
"""Godot writes floats with six digits."""
_MOST_COMPLETED = 1 << 20
"""Bytes that an engine may add to a file."""
_GODOT_3 = (b'type="AudioStreamSample"', b'type="AudioStreamOGGVorbis"')
"""What Godot 3 makes of these files; it leaves out settings that it does not know."""

Manifest = Mapping[str, Any]


def side_files(manifest: Manifest, root: str = GODOT_ROOT) -> dict[str, bytes]:
    """Return the contents of all side files, by their paths from the folder on, with ``/`` between names.

    Args:
        manifest: What ``manifest.json`` holds.
        root: The folder's place in a Godot project.
    """
    pieces = manifest["pieces"]
    found = {_LOOPS: _loops(pieces)}
    script = _renpy(pieces)
    if script is not None:
        found[_RENPY] = script
    for piece in pieces:
        for file in piece["files"]:
            settings = import_settings(piece, file, root)
            if settings is not None:
                found[f"{file['file']}.import"] = settings
    return found | resources(pieces, root)


def agree(name: str, found: bytes, wanted: bytes) -> bool:
    """Say whether a side file is as it should be; Godot completes ``.import`` files, and their settings count."""
    if not name.endswith(".import"):
        return found == wanted
    there, ours = params_of(found), params_of(wanted)
    if any(kind in found for kind in _GODOT_3):
        ours = {key: value for key, value in ours.items() if key in there}
    return all(key in there and _equal(there[key], value) for key, value in ours.items())


def side_faults(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Yield in words what is wrong with the side files of a baked folder."""
    for name, wanted in side_files(manifest).items():
        there = True
        try:
            path = place_inside(folder, name)
            there = path.exists() or path.is_symlink()
            found = read_head(path, most=len(wanted) + _MOST_COMPLETED, links=False)
        except InputError as error:
            yield f"{name}: {error}" if there else f"{name}: is missing; bake again"
            continue
        if not agree(name, found, wanted):
            yield f"{name}: does not agree with the manifest; bake again"


def _equal(found: str, wanted: str) -> bool:
    """Say whether a setting is ours, also where Godot has written a float with fewer digits."""
    if found == wanted or "." not in wanted:
        return found == wanted
    try:
        return math.isclose(float(found), float(wanted), rel_tol=_GODOT_PRECISION)
    except ValueError:
        return False


def _loops(pieces: list[dict[str, Any]]) -> bytes:
    """Return a JSON file of typed properties, as the map editor Tiled writes them, for engines made at home."""
    objects: list[dict[str, Any]] = []
    for piece in pieces:
        for file in piece["files"]:
            loop = file.get("loop")
            facts: dict[str, Any] = {
                "piece": piece["name"],
                "level": file.get("level"),
                "role": file.get("role"),
                "part": file.get("part"),
                "mood": piece["mood"],
                "style": piece["style"],
                "key": piece["key"],
                "tempo": piece["tempo_bpm"],
                "meter": piece["meter"],
                "bars": piece["bars"],
                "beats": piece["bars"] * METERS[piece["meter"]].bar_ticks // TICKS_PER_BEAT,
                "loops": bool(loop) or bool(file.get("loops")),
                "next": file.get("next"),
                **{key: piece.get(key) for key in ("from", "to", "over")},
            }
            if loop:
                facts |= {
                    "loop_start": loop["start"],
                    "loop_end": loop["end"],
                    "loop_start_seconds": loop["start_seconds"],
                    "loop_end_seconds": loop["end_seconds"],
                    "sample_rate": file["sample_rate"],
                }
            objects.append(
                {
                    "id": len(objects) + 1,
                    "name": file["file"],
                    "type": piece["kind"],
                    "properties": [
                        {"name": key, "type": _type_name(value), "value": value}
                        for key, value in sorted(facts.items())
                        if value is not None
                    ],
                }
            )
    content = {"type": "gamemusic loops", "version": _LOOPS_VERSION, "objects": objects}
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def _type_name(value: object) -> str:
    names = {bool: "bool", int: "int", float: "float", str: "string"}
    return names[type(value)]


def _renpy(pieces: list[dict[str, Any]]) -> bytes | None:
    """Return a script that names what was baked as Ren'Py plays it; None where nothing is that it plays."""
    cues: list[Cue] = []
    later: list[str] = []
    taken: dict[str, int] = {}
    for piece in pieces:
        files = [file for file in piece["files"] if file["format"] in ("ogg", "wav") and file.get("part") != "intro"]
        best = "ogg" if any(file["format"] == "ogg" for file in files) else "wav"
        chosen = [file for file in files if file["format"] == best]
        mixes = [file for file in chosen if file["role"] is None]
        for mix in mixes:
            name = _word(mix["file"].rsplit(".", 1)[0], taken)
            path = f"music/{mix['file']}"
            loop = mix.get("loop")
            if loop and loop["start"]:
                wanted = loop_string(path, loop=loop["start_seconds"], end=loop["end_seconds"])
                later.append(f'define audio.{name} = "{wanted}"')
                continue
            if loop and len(mixes) > 1:  # a level, on another channel, goes on from where `music` is
                joining = ", ".join(f'"{one}"' for one in sync_strings(path))
                later.append(f"define audio.{_word(f'{name}_sync', taken)} = [{joining}]")
            stems = [file for file in chosen if file["role"] and file.get("level") == mix.get("level")]
            cues.append(
                Cue(
                    name=name,
                    file=path,
                    loops=loop is not None,
                    stems=tuple(
                        Stem(
                            role=file["role"],
                            file=f"music/{file['file']}",
                            from_intensity=piece["layers"].get(file["role"], 0.0),
                        )
                        for file in stems
                    )
                    if loop
                    else (),
                )
            )
    if not cues and not later:
        return None
    script = make_script(cues)
    return "\n".join([script.rstrip("\n"), *later, ""]).encode()


def _word(name: str, taken: dict[str, int]) -> str:
    """Return a name that a script can use and that nothing else has, and take it."""
    base = word = name.replace("-", "_")
    if keyword.iskeyword(word) or word in taken:
        word += "_"
    while word in taken:  # how often it was taken is counted, so that many alike take no time
        taken[base] = taken.get(base, 0) + 1
        word = f"{base}_{taken[base]}"
    taken.setdefault(word, 0)
    return word
