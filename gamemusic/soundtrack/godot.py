"""Godot 4.3 and later: import settings beside each file, and resources that play cues, layers and transitions.

An ``.import`` file that holds nothing but the importer's settings is what Godot completes when it first sees it, so
nobody has to open the import dock. ``bpm`` makes bars and beats known to transitions. ``beat_count`` stays 0 where
music loops, since with it Godot would end a loop at a time computed from the tempo rather than with the last frame; a
transition has it, so that the next cue begins on the bar and not after what rings on.

Resources follow the class reference of ``AudioStreamInteractive`` and ``AudioStreamSynchronized``. WAV files have
neither tempo nor bars in Godot: there changes come at once, and a transition's next cue after the last of its sound.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gamemusic.units import METERS

__all__ = ["MOST_CLIPS", "MOST_STREAMS", "import_settings", "params_of", "resources"]

MOST_CLIPS, MOST_STREAMS = 63, 32
"""Godot's limits of an interactive and of a synchronized stream."""
_SILENT_DB = -60.0
"""As low as a synchronized stream's volume goes."""
_AFTER = {".ogg": 0, ".wav": 1}
"""Which files are played, the best first: only OGG knows bars."""
_NEXT_BEAT, _NEXT_BAR, _END, _START = 1, 2, 3, 1
_AUTOMATIC_FADE, _FADE_IN = 4, 1
_SOFT_BEATS, _HARD_BEATS = 1.0, 0.01
"""How long a fade lasts; Godot fades a cue in over a whole second where there is a filler and no fade."""
_ANY_CLIP = -1
_AUTO_ADVANCE = 1

Piece = Mapping[str, Any]
File = Mapping[str, Any]


def import_settings(piece: Piece, file: File, root: str) -> bytes | None:
    """Return the ``.import`` file of a WAV or OGG file; None for others.

    Args:
        piece: The manifest's entry.
        file: One of its files.
        root: Where the folder lies in the project, such as ``res://music``.
    """
    loop = file.get("loop")
    if file["format"] == "wav":
        kind, importer = "AudioStreamWAV", "wav"
        params = {
            "force/8_bit": "false",
            "force/mono": "false",
            "force/max_rate": "false",
            "force/max_rate_hz": "44100",
            "edit/trim": "false",
            "edit/normalize": "false",
            # 1 disabled, 2 forward; the end is the last frame that is played, as with -1 and the smpl chunk: with the
            # one after it, a frame of silence is heard at every pass
            "edit/loop_mode": "2" if loop else "1",
            "edit/loop_begin": str(loop["start"] if loop else 0),
            "edit/loop_end": str(loop["end"] - 1 if loop else -1),
            "compress/mode": "0",
        }
    elif file["format"] == "ogg":
        kind, importer = "AudioStreamOggVorbis", "oggvorbisstr"
        params = {
            "loop": "true" if loop else "false",
            "loop_offset": _number(loop["start_seconds"] if loop else 0.0),
            "bpm": _number(_felt_tempo(piece)),
            "beat_count": str(piece["bars"] * _felt_beats(piece) if piece["kind"] == "transition" else 0),
            "bar_beats": str(_felt_beats(piece)),
        }
    else:
        return None
    lines = ["[remap]", "", f'importer="{importer}"', f'type="{kind}"', "", "[deps]", ""]
    lines += [f'source_file="{root}/{file["file"]}"', "", "[params]", ""]
    return "\n".join([*lines, *(f"{name}={value}" for name, value in params.items()), ""]).encode()


def params_of(content: bytes) -> dict[str, str]:
    """Return the settings of an ``.import`` file, also of one that Godot has completed."""
    text = content.decode("utf-8", "replace").partition("[params]")[2]
    return dict(re.findall(r"(?m)^([\w/]+)=(.*?)\s*$", text))


def resources(pieces: Iterable[Piece], root: str) -> dict[str, bytes]:
    """Return ``.tres`` files by name: one for each cue with levels or stems, and ``music.tres`` with all cues.

    Args:
        pieces: The manifest's.
        root: See `import_settings`.
    """
    found: dict[str, bytes] = {}
    clips: list[tuple[str, str, Piece]] = []
    for piece in pieces:
        if piece.get("take_of") or piece["kind"] == "stinger":
            continue
        files = _played(piece)
        mixes = [file for file in files if file["role"] is None]
        if not mixes:
            continue
        stems = [file for file in files if file["role"] and file.get("level") == mixes[-1].get("level")]
        for name, layers in ((f"{piece['name']}-levels.tres", mixes), (f"{piece['name']}-layers.tres", stems)):
            if 1 < len(layers) <= MOST_STREAMS:
                quiet = name.endswith("-levels.tres")
                found[f"godot/{name}"] = _synchronized(layers, root, quiet=quiet)
        played = f"godot/{piece['name']}-levels.tres" if len(mixes) > 1 else mixes[0]["file"]
        clips.append((str(piece["name"]), played, piece))
    if 1 < len(clips) <= MOST_CLIPS:
        found["godot/music.tres"] = _interactive(clips, root)
    return found


def _played(piece: Piece) -> list[File]:
    """Return a piece's files of the format that is played, intros left out; lowest level first."""
    files = [file for file in piece["files"] if "." + file["format"] in _AFTER and file.get("part") != "intro"]
    best = min((file["format"] for file in files), key=lambda name: _AFTER["." + name], default="")
    return sorted((file for file in files if file["format"] == best), key=lambda file: file.get("level") or 0.0)


def _synchronized(layers: Sequence[File], root: str, *, quiet: bool) -> bytes:
    """Return a resource that plays files at once; of levels all but the lowest are silent at first."""
    lines = _head("AudioStreamSynchronized", [file["file"] for file in layers], root)
    lines.append(f"stream_count = {len(layers)}")
    for index in range(len(layers)):
        lines.append(f'stream_{index}/stream = ExtResource("{index + 1}")')
        lines.append(f"stream_{index}/volume = {_number(_SILENT_DB if quiet and index else 0.0)}")
    return "\n".join([*lines, ""]).encode()


def _interactive(clips: Sequence[tuple[str, str, Piece]], root: str) -> bytes:
    """Return a resource that plays cues, and changes between them by the transitions that were composed."""
    lines = _head("AudioStreamInteractive", [played for _, played, _ in clips], root)
    index = {name: place for place, (name, _, _) in enumerate(clips)}
    lines.append(f"clip_count = {len(clips)}")
    for place, (name, _, piece) in enumerate(clips):
        lines.append(f'clip_{place}/name = &"{name}"')
        lines.append(f'clip_{place}/stream = ExtResource("{place + 1}")')
        follows = index.get(piece.get("to", "")) if piece["kind"] == "transition" else None
        lines.append(f"clip_{place}/auto_advance = {0 if follows is None else _AUTO_ADVANCE}")
        if follows is not None:
            lines.append(f"clip_{place}/next_clip = {follows}")
    rules = [_rule(_ANY_CLIP, _ANY_CLIP, _NEXT_BAR)]
    # bars of synchronized streams are known from Godot 4.4 on; in 4.3 to wait for one is to wait for ever
    rules += [
        _rule(place, _ANY_CLIP, _NEXT_BEAT) for place, (_, played, _) in enumerate(clips) if played.endswith(".tres")
    ]
    for name, _, piece in clips:
        start, end = (index.get(piece.get(key, "")) for key in ("from", "to"))
        if piece["kind"] == "transition" and start is not None and end is not None:
            rules.append(_rule(start, end, _END, filler=index[name]))
    lines.append("_transitions = {")
    lines.append(",\n".join(rules))
    lines.append("}")
    return "\n".join([*lines, ""]).encode()


def _rule(start: int, end: int, from_time: int, *, filler: int | None = None) -> str:
    """Return when one clip gives way to another: to its beginning, over ``filler`` where there is one."""
    beats, mode = (_SOFT_BEATS, _AUTOMATIC_FADE) if filler is None else (_HARD_BEATS, _FADE_IN)
    facts = {"fade_beats": str(beats), "fade_mode": str(mode), "from_time": str(from_time), "to_time": str(_START)}
    if filler is not None:
        facts |= {"filler_clip": str(filler), "use_filler_clip": "true"}
    inner = ",\n".join(f'"{name}": {value}' for name, value in sorted(facts.items()))
    return f"Vector2i({start}, {end}): {{\n{inner}\n}}"


def _head(kind: str, files: Sequence[str], root: str) -> list[str]:
    lines = [f'[gd_resource type="{kind}" load_steps={len(files) + 1} format=3]', ""]
    for number, file in enumerate(files, start=1):
        held = "AudioStreamSynchronized" if file.endswith(".tres") else _type_of(file)
        lines.append(f'[ext_resource type="{held}" path="{root}/{file}" id="{number}"]')
    return [*lines, "", "[resource]"]


def _type_of(file: str) -> str:
    return "AudioStreamOggVorbis" if file.endswith(".ogg") else "AudioStreamWAV"


def _felt_beats(piece: Piece) -> int:
    """Return how many beats a bar has as they are counted: two in 6/8."""
    meter = METERS[piece["meter"]]
    return meter.bar_ticks // meter.pulse_ticks


def _felt_tempo(piece: Piece) -> float:
    """Return those beats a minute."""
    meter = METERS[piece["meter"]]
    return float(piece["tempo_bpm"]) * 12 / meter.pulse_ticks


def _number(value: float) -> str:
    """Return a number as Godot writes floats."""
    text = repr(float(value))
    return text if "e" not in text else f"{value:.9f}"
