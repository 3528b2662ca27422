"""Mutated files against every reader: whatever comes, it is a `GameMusicError` or a result, soon and in little memory.

    python tests/security/fuzz.py --surface midi --count 1000000 --seed 1

A count and a seed name every input again: ``--first N --count 1`` is the one that failed.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import functools
import io
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "data"), str(ROOT / "tests" / "packs")]

from fontbytes import FRAMES, compressed, font  # noqa: E402

from gamemusic.audio.soundfont import CHIP_SOUNDFONT, check_soundfont, soundfont_info  # noqa: E402
from gamemusic.audio.synth import Synth  # noqa: E402
from gamemusic.composer.graph import check_graph  # noqa: E402
from gamemusic.composer.session import Session  # noqa: E402
from gamemusic.errors import FormatError, GameMusicError, MissingError  # noqa: E402
from gamemusic.packs.fontfile import check_font  # noqa: E402
from gamemusic.packs.pack import open_pack  # noqa: E402
from gamemusic.packs.schema import load_preset  # noqa: E402
from gamemusic.score.midi import read_midi  # noqa: E402
from gamemusic.soundtrack.bake import bake  # noqa: E402
from gamemusic.soundtrack.dialects import side_files  # noqa: E402
from gamemusic.soundtrack.folder import Folder  # noqa: E402
from gamemusic.soundtrack.lockfile import parse_lock  # noqa: E402
from gamemusic.soundtrack.manifest import MANIFEST, parse_manifest  # noqa: E402
from gamemusic.soundtrack.schema import load_soundtrack  # noqa: E402

MOST_SECONDS, MOST_MEGABYTES = 5.0, 256.0
TINY = ROOT / "tests" / "data" / "tiny_pack"
INTERESTING = (
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\xff\xff\xff\x7f",
    b"\x00\x00\x00\x00",
    b"MTrk",
    b"PK\x01\x02",
    b"&a ",
    b"!!",
)


@dataclass(slots=True)
class Result:
    """What came of a run."""

    count: int = 0
    refused: int = 0
    """Inputs that gave a `GameMusicError`."""
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0
    """Seconds."""
    megabytes: float = 0.0
    """By which the process grew at most."""


def mutate(seeds: list[bytes], chance: random.Random) -> bytes:
    """Return one of some files with a few things changed."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        if not data:
            break
        place = chance.randrange(len(data))
        kind = chance.randrange(8)
        if kind == 0:
            data[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[place] = chance.randrange(256)
        elif kind == 2:
            data[place:place] = chance.choice(INTERESTING)
        elif kind == 3:
            del data[place : place + chance.randrange(1, 64)]
        elif kind == 4:
            piece = data[place : place + chance.randrange(1, 256)]
            data[place:place] = piece * chance.randrange(1, 4)
        elif kind == 5:
            del data[place:]
        elif kind == 6:
            value = chance.choice((0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)).to_bytes(
                4, chance.choice(("big", "little"))
            )
            data[place : place + 4] = value
        else:
            other = chance.choice(seeds)
            start = chance.randrange(len(other)) if other else 0
            data[place:place] = other[start : start + chance.randrange(1, 128)]
    return bytes(data)


STRANGE: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        1,
        -1,
        0.5,
        1e308,
        2**53,
        10**30,
        "",
        "x",
        "../x",
        "/etc/x",
        "a/b",
        "a\\b",
        "con.mid",
        ".",
        "..",
        "x.mid",
    ),
    *("\u202e", "\0", "\ud800", "a" * 5000, [], {}, [[]], {"": {}}, "manifest.json", ".gamemusic/lock", "-rf", "<b>"),
)


def mutate_lines(seeds: list[bytes], chance: random.Random) -> bytes:
    """Return JSON, a value a line or in all, that is still JSON, with a few values, keys or entries changed.

    Every other input is one of `mutate`, for the bytes.
    """
    if chance.randrange(2):
        return mutate(seeds, chance)
    data = chance.choice(seeds)
    try:
        values = [json.loads(data)]
    except ValueError:
        values = [json.loads(line) for line in data.splitlines()]
    for _ in range(chance.choice((1, 1, 2, 4))):
        _change(values, chance)
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def _change(values: Any, chance: random.Random) -> None:
    """Change something somewhere in lists and dicts."""
    while True:
        keys = list(values) if isinstance(values, dict) else list(range(len(values)))
        if not keys:
            return
        key = chance.choice(keys)
        if not isinstance(values[key], list | dict) or not values[key] or not chance.randrange(6):
            break
        values = values[key]
    kind = chance.randrange(5)
    if kind == 0 and isinstance(values, dict):
        values[chance.choice([str(one) for one in STRANGE])] = values.pop(key)
    elif kind == 0 or kind == 1:
        del values[key]
    elif kind == 2 and isinstance(values, list):
        values.append(copy.deepcopy(values[key]))
    elif kind == 2:
        values[chance.choice(keys)] = copy.deepcopy(values[key])
    else:
        values[key] = copy.deepcopy(chance.choice(STRANGE))  # what is changed next must not be in two places


def midi_seeds() -> list[bytes]:
    """Return MIDI files of all three types."""
    import gamemusic

    with tempfile.TemporaryDirectory() as folder:
        files = [
            gamemusic.compose(TINY, style=style, bars=2, seed=1).save(Path(folder) / f"{style}.mid")
            for style in ("chamber", "rock")
        ]
        whole = [file.read_bytes() for file in files]
    head = b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\x0f\0\x90\x3c\x40\x60\x3c\0\0\xff\x51\3\7\xa1\x20\0\xff\x2f\0"
    return [*whole, head, head.replace(b"\0\6\0\0", b"\0\6\0\2"), b"RIFF\x40\0\0\0RMIDdata\x30\0\0\0" + head]


def zip_seeds() -> list[bytes]:
    """Return the tiny pack as zips, packed and stored."""
    found = []
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            for file in sorted(TINY.iterdir()):
                archive.writestr(zipfile.ZipInfo(file.name), file.read_bytes(), method)
        found.append(buffer.getvalue())
    return found


def open_zip(data: bytes) -> None:
    """Open a pack from a zip's bytes."""
    path = Path(tempfile.gettempdir()) / f"gamemusic-fuzz-{os.getpid()}.zip"
    path.write_bytes(data)
    try:
        open_pack(path)
    finally:
        path.unlink()


def soundfont_seeds() -> list[bytes]:
    """Return a tiny soundfont of 16 bits, one of 24, one that is compressed, and the one that is shipped."""
    seeds = [font(), font(wide=bytes(FRAMES + 46)), CHIP_SOUNDFONT.read_bytes()]
    with contextlib.suppress(MissingError):
        seeds.append(compressed())
    return seeds


def play_soundfont(data: bytes) -> None:
    """Do with a soundfont what is done with one that a pack brings; what passes the check is played by FluidSynth."""
    path = Path(tempfile.gettempdir()) / f"gamemusic-fuzz-{os.getpid()}.sf2"
    path.write_bytes(data)
    try:
        soundfont_info(check_soundfont(path))
        found = check_font(data)
        rows = np.zeros((1, 512), np.float32)
        with _open(path, compressed=found.compressed) as synth:
            for bank, program in found.presets[:4]:
                synth.select(0, bank, program)
                synth.note_on(0, 60, 100)
                synth.render(rows, 0, 512)
    except MissingError:  # no FluidSynth here; what comes before it was tried
        pass
    finally:
        path.unlink()


def _open(path: Path, *, compressed: bool) -> Synth:
    """Return a synthesizer.

    A soundfont that passes the check and that FluidSynth refuses is a fault of the check, but for compressed samples,
    which only their decoder can tell to be damaged.
    """
    try:
        return Synth(path, sample_rate=22_050, channels=1)
    except FormatError as error:
        if compressed:
            raise
        raise AssertionError(f"FluidSynth refuses what the check lets pass: {error}") from error


SOUNDTRACK = f"""
title: Fuzz
formats: [midi, wav]
sample_rate: 8000
soundfont: chip
cues:
  calm: {{mood: {TINY}/, bars: 1, intensity: [0.2, 0.8], intro: 1}}
transitions:
  turn: {{start: calm, end: calm}}
stingers:
  won: {{cue: calm, kind: win}}
"""


@functools.cache
def baked() -> tuple[bytes, bytes, bytes]:
    """Return the manifest, the journal and the lock file of a small soundtrack, as a bake writes them."""
    with tempfile.TemporaryDirectory() as name:
        soundtrack = Path(name) / "music.yaml"
        soundtrack.write_text(SOUNDTRACK, encoding="utf-8")
        with contextlib.suppress(MissingError):  # without FluidSynth only MIDI
            bake(soundtrack, Path(name) / "out")
        if not (Path(name) / "out" / MANIFEST).is_file():
            soundtrack.write_text(SOUNDTRACK.replace(", wav", ""), encoding="utf-8")
            bake(soundtrack, Path(name) / "out")
        manifest = (Path(name) / "out" / MANIFEST).read_bytes()
        lock = soundtrack.with_suffix(".lock").read_bytes()
    lines = [json.dumps(piece, ensure_ascii=False) + "\n" for piece in json.loads(manifest)["pieces"]]
    return manifest, "".join(lines).encode(), lock


def load_manifest(data: bytes) -> None:
    """Read a manifest, and write what is made from it for engines."""
    side_files(parse_manifest(data))


def load_journal(data: bytes) -> None:
    """Open a folder whose journal these bytes are, as a bake does that goes on after one that was killed."""
    folder = Path(tempfile.gettempdir()) / f"gamemusic-fuzz-{os.getpid()}-folder"
    (folder / ".gamemusic").mkdir(parents=True, exist_ok=True)
    try:
        (folder / ".gamemusic" / "journal.jsonl").write_bytes(data)
        Folder(folder)
        if sorted(one.name for one in folder.iterdir()) != [".gamemusic"]:
            raise AssertionError("reading a journal made a file")
    finally:
        shutil.rmtree(folder)


def load_model(data: bytes) -> None:
    """Load a model and run it, if the check lets it pass."""
    check_graph(data)
    Session(data)


Surface = tuple[Callable[[], list[bytes]], Callable[[bytes], object]]

SURFACES: dict[str, Surface] = {
    "midi": (midi_seeds, read_midi),
    "preset": (
        lambda: [
            (TINY / "preset.yaml").read_bytes(),
            *(p.read_bytes() for p in (ROOT / "presets").glob("*/preset.yaml")),
        ],
        load_preset,
    ),
    "soundtrack": (lambda: [(ROOT / "examples" / "soundtrack" / "soundtrack.yaml").read_bytes()], load_soundtrack),
    "model": (lambda: [(TINY / "model.onnx").read_bytes()], load_model),
    "zip": (zip_seeds, open_zip),
    "soundfont": (soundfont_seeds, play_soundfont),
    "manifest": (lambda: [baked()[0]], load_manifest),
    "journal": (lambda: [baked()[1]], load_journal),
    "lock": (lambda: [baked()[2]], parse_lock),
}


def inputs(surface: str, first: int, count: int, seed: int) -> Iterator[tuple[int, bytes]]:
    """Yield numbered inputs; each depends on the seed and its number alone."""
    seeds = SURFACES[surface][0]()
    change = mutate_lines if surface in ("manifest", "journal", "lock") else mutate
    for number in range(first, first + count):
        yield number, change(seeds, random.Random(f"{surface} {seed} {number}"))


def fuzz(surface: str, count: int, seed: int, first: int = 0) -> Result:
    """Give a reader so many inputs, and return what came of it."""
    result = Result()
    read = SURFACES[surface][1]
    for seed_file in SURFACES[surface][0]():  # so that what is loaded once does not count
        with contextlib.suppress(GameMusicError):
            read(seed_file)
    before = _megabytes()
    for number, data in inputs(surface, first, count, seed):
        began = time.perf_counter()
        try:
            read(data)
        except GameMusicError:
            result.refused += 1
        except Exception:  # which is what is looked for
            result.failures.append(f"{surface} {number}: {traceback.format_exc()}")
        seconds = time.perf_counter() - began
        result.slowest = max(result.slowest, seconds)
        if seconds > MOST_SECONDS:
            result.failures.append(f"{surface} {number}: took {seconds:.1f} s")
        result.count += 1
    result.megabytes = _megabytes() - before
    if result.megabytes > MOST_MEGABYTES:
        result.failures.append(f"{surface}: the process grew by {result.megabytes:.0f} MB")
    return result


def _megabytes() -> float:
    scale = 1024 if sys.platform != "darwin" else 1024 * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def main() -> int:
    """Run one surface, or all, and print a line for each."""
    parser = argparse.ArgumentParser(description="Mutated files against the readers.")
    parser.add_argument("--surface", choices=sorted(SURFACES), action="append")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failed = False
    for surface in options.surface or SURFACES:
        began = time.perf_counter()
        found = fuzz(surface, options.count, options.seed, options.first)
        print(
            f"{surface}: {found.count:,} inputs, seed {options.seed}: {found.refused:,} refused, "
            f"{len(found.failures)} failures, slowest {found.slowest * 1e3:.0f} ms, {found.megabytes:.0f} MB, "
            f"{time.perf_counter() - began:.0f} s",
            flush=True,
        )
        for failure in found.failures[:5]:
            print(failure)
        failed = failed or bool(found.failures)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
