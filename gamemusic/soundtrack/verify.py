"""Verify: is a baked folder what its manifest says, sample by sample?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gamemusic.audio.wavfile import decode_wav
from gamemusic.errors import FormatError, GameMusicError, InputError
from gamemusic.files import read_file
from gamemusic.score.midi import read_midi
from gamemusic.soundtrack.dialects import side_faults
from gamemusic.soundtrack.manifest import SIDES, read_manifest
from gamemusic.units import TICKS_PER_BEAT

__all__ = ["verify"]


_MOST_BYTES = 1 << 32
"""Of a sound: neither WAV nor RIFF can say more."""


def verify(path: Path) -> tuple[int, list[str]]:
    """Read every file that a manifest names; return how many there are, and what is wrong, in words.

    Checked are the bytes (SHA-256), the format, the sample rate, the decoded length, the loop points of every dialect
    inside the file, and the length of MIDI files.

    Raises:
        FormatError: There is no manifest, or it is damaged.
    """
    manifest = read_manifest(path)
    if not manifest["pieces"]:
        raise FormatError("there is no manifest.json, or it names nothing; bake first", file=path)
    found: list[str] = []
    count = 0
    for piece in manifest["pieces"]:
        for file in piece["files"]:
            count += 1
            found.extend(f"{file['file']}: {fault}" for fault in _faults(path / file["file"], file))
    sides = list(manifest.get(SIDES, {}))
    found.extend(side_faults(path, manifest))
    return count + len(sides), found


def _faults(path: Path, facts: Mapping[str, Any]) -> Iterator[str]:
    try:
        content = read_file(path, most=_MOST_BYTES, links=False)
    except InputError as error:
        yield f"{error}; bake again"
        return
    if hashlib.sha256(content).hexdigest() != facts["sha256"]:
        yield f"is not what was baked ({len(content):,} bytes, {facts['bytes']:,} were written); bake again"
    try:
        yield from (
            _midi_faults(content, path, facts) if facts["format"] == "midi" else _sound_faults(content, path, facts)
        )
    except GameMusicError as error:
        yield str(error)


def _midi_faults(content: bytes, path: Path, facts: Mapping[str, Any]) -> Iterator[str]:
    song = read_midi(content, file=path)
    beats = song.end_tick / song.ticks_per_beat
    if beats != facts["ticks"] / TICKS_PER_BEAT:
        yield f"lasts {beats:g} beats, the manifest says {facts['ticks'] / TICKS_PER_BEAT:g}"
    scale = song.ticks_per_beat / TICKS_PER_BEAT
    loop = (facts.get("loop_start_ticks", 0) * scale, facts["ticks"] * scale) if facts["loops"] else None
    said = {text: tick for tick, text in song.markers}
    found = (said["loopStart"], said["loopEnd"]) if {"loopStart", "loopEnd"} <= said.keys() else None
    if found != loop:
        yield f"has its markers loopStart and loopEnd at ticks {found}, the manifest says {loop}"


def _sound_faults(content: bytes, path: Path, facts: Mapping[str, Any]) -> Iterator[str]:
    expected = None if facts["loop"] is None else (facts["loop"]["start"], facts["loop"]["end"])
    if facts["format"] == "wav":
        wav = decode_wav(content, file=path)
        rate, frames = wav.sample_rate, len(wav.audio)
        # a smpl chunk names the last frame that is played, everything else the first that is not
        loop = None if wav.loop is None else (wav.loop[0], wav.loop[1] + 1)
    else:
        from gamemusic.audio.compressed import measure

        # no further than is said: a few bytes may stand for hours of silence
        rate, frames, loop = measure(content, path.suffix.lower(), most_frames=facts["frames"] + 1, file=path)
    if rate != facts["sample_rate"]:
        yield f"has {rate} Hz, the manifest says {facts['sample_rate']}"
    if frames != facts["frames"]:
        yield f"decodes to {frames:,} frames, the manifest says {facts['frames']:,}"
    if loop != expected:
        yield f"loops at {loop}, the manifest says {expected}"
