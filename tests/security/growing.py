"""Inputs of every reader that grow: each is made of a size, and twice the size is twice the input."""

from __future__ import annotations

import functools
import itertools
import json
import os
import string
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fuzz import baked, load_journal
from midibytes import NOTE, header, meta, number, one, tempo, track
from zipbytes import Member, members_of, pack_of, zip_bytes

sys.path[:0] = [str(Path(__file__).parents[1] / "packs")]

import fontbytes  # noqa: E402

from gamemusic.composer.graph import check_graph  # noqa: E402
from gamemusic.composer.themefile import read_theme  # noqa: E402
from gamemusic.packs.card import load_card  # noqa: E402
from gamemusic.packs.fingerprint import load_fingerprint  # noqa: E402
from gamemusic.packs.fontfile import check_font  # noqa: E402
from gamemusic.packs.pack import open_pack  # noqa: E402
from gamemusic.packs.schema import load_preset  # noqa: E402
from gamemusic.score.midi import read_midi  # noqa: E402
from gamemusic.soundtrack.lockfile import parse_lock  # noqa: E402
from gamemusic.soundtrack.manifest import parse_manifest  # noqa: E402
from gamemusic.soundtrack.schema import load_soundtrack  # noqa: E402

PRESET = pack_of()["preset.yaml"]
MODEL = (Path(__file__).parents[1] / "data" / "tiny_pack" / "model.onnx").read_bytes()
Make = Callable[[int], bytes]


def keys(count: int) -> Iterator[str]:
    """Yield names that differ."""
    return (
        "".join(letters) for letters in itertools.islice(itertools.product(string.ascii_lowercase, repeat=4), count)
    )


def pairs(names: list[str]) -> bytes:
    """Return a mapping in JSON, which may have a key twice."""
    return ("{" + ", ".join(f'"{name}": 0' for name in names) + "}").encode()


# cards and fingerprints ----------------------------------------------------------------------------------------------


def card(more: Callable[[int], dict[str, object]]) -> Make:
    """Return what makes a card with more in it."""
    return lambda size: json.dumps({**json.loads(pack_of()["card.json"]), **more(size)}).encode()


CARDS: dict[str, Make] = {
    "a key twice, the last of many": lambda n: pairs([*keys(n), list(keys(n))[-1]]),
    "each key twice": lambda n: pairs([*keys(n), *keys(n)]),
    "unknown keys": card(lambda n: dict.fromkeys(keys(n), 0)),
    "files": card(lambda n: {"files": {key: {"size": 0, "sha256": "0" * 64} for key in keys(n)}}),
    "styles": card(lambda n: {"styles": list(keys(n))}),
    "sources": card(lambda n: {"attribution": [{"name": key} for key in keys(n)]}),
    "measures": card(lambda n: {"measures": {key: [1, [2, {key: 3}]] for key in keys(n)}}),
    "a long text": card(lambda n: {"title": "a" * 8 * n}),
    "a long key": card(lambda n: {"a" * 8 * n: 0}),
    "brackets": lambda n: b"[" * n,
    "digits": card(lambda n: {"format": 10**n}),
    "no JSON": lambda n: b'{"a": ' + b"\n" * n + b"x",
}


def fingerprint(size: int) -> bytes:
    usual = {key: {key: [0, 1]} for key in keys(size)}
    head = {"format": 1, "bits": 8, "runs": 0, "usual": usual, "pace": {}}
    return b"gamemusic fingerprint\n" + json.dumps(head).encode() + b"\n\0"


# YAML ----------------------------------------------------------------------------------------------------------------


def preset(*lines: str) -> bytes:
    return PRESET + "\n".join(lines).encode()


PRESETS: dict[str, Make] = {
    "a key twice, the last of many": lambda n: "\n".join(f"{k}: 1" for k in [*keys(n), list(keys(n))[-1]]).encode(),
    "in braces": lambda n: f"{{{', '.join(f'{k}: 1' for k in keys(n))}}}".encode(),
    "unknown keys": lambda n: preset(*(f"{k}: 1" for k in keys(n))),
    "a long list": lambda n: preset(f"form: [{', '.join(['A'] * n)}]"),
    "a long progression": lambda n: preset(f"progression: [{', '.join(['i'] * n)}]"),
    "deep": lambda n: b"a: " + b"[\n " * n,
    "deep in braces": lambda n: b"{a: " * n,
    "dashes": lambda n: b"- " * n,
    "question marks": lambda n: b"? " * n,
    "many stingers": lambda n: preset("stingers:", *(f"  {k}: {{bars: 1}}" for k in keys(n))),
    "comments": lambda n: PRESET + b"# a\n" * n,
    "a long text": lambda n: preset("title: " + "a" * 8 * n),
    "a long quoted text": lambda n: preset('title: "' + "\\\n" * n + '"'),
    "a long key": lambda n: preset("a" * 8 * n + ": 1"),
    "a block": lambda n: preset("description: |\n" + "  a\n" * n),
    "a folded block": lambda n: preset("description: >\n" + "  a\n\n" * n),
    "a plain text of many lines": lambda n: preset("description: a\n" + "  b\n" * n),
}
TRACK = "defaults: {mood: calm}\ncues:\n"
SOUNDTRACKS: dict[str, Make] = {
    "cues": lambda n: (TRACK + "".join(f"  {k}: {{bars: 4}}\n" for k in keys(n))).encode(),
    "a cue twice, the last of many": lambda n: (
        TRACK + "".join(f"  {k}: {{}}\n" for k in [*keys(n), list(keys(n))[-1]])
    ).encode(),
    "transitions": lambda n: (
        TRACK + "  a: {}\ntransitions:\n" + "".join(f"  t{k}: {{start: a, end: a}}\n" for k in keys(n))
    ).encode(),
    "stingers": lambda n: (
        TRACK + "  a: {}\nstingers:\n" + "".join(f"  t{k}: {{cue: a, kind: win}}\n" for k in keys(n))
    ).encode(),
    "an unknown cue": lambda n: (
        TRACK + "".join(f"  {k}: {{}}\n" for k in keys(n)) + "transitions:\n  t: {start: zzzz, end: aaaa}\n"
    ).encode(),
}

LINKS: dict[str, Make] = {
    "a chain of harmonies": lambda n: (
        TRACK + "".join(f"  c{i}: {{bars: 4, harmony_from: c{i + 1}}}\n" for i in range(n)) + f"  c{n}: {{bars: 4}}\n"
    ).encode(),
    "a chain of harmonies backwards": lambda n: (
        TRACK + "  c0: {bars: 4}\n" + "".join(f"  c{i + 1}: {{harmony_from: c{i}}}\n" for i in range(n))
    ).encode(),
    "a circle of harmonies": lambda n: (
        TRACK + "".join(f"  c{i}: {{harmony_from: c{(i + 1) % n}}}\n" for i in range(n))
    ).encode(),
    "a chain to a source": lambda n: (
        TRACK + "".join(f"  c{i}: {{harmony_from: c{i + 1}}}\n" for i in range(n)) + f"  c{n}: {{source: a.mid}}\n"
    ).encode(),
}


# MIDI ----------------------------------------------------------------------------------------------------------------

MIDIS: dict[str, Make] = {
    "notes": lambda n: one(NOTE * n),
    "notes that never end": lambda n: one(b"".join(b"\1" + bytes((0x90 + i % 16, i % 128, 9)) for i in range(n))),
    "notes together": lambda n: one((b"".join(b"\0" + bytes((0x90, p, 9)) for p in range(8)) + b"\1\xb0\1\1") * n),
    "tempos": lambda n: one(tempo(500_000) + b"".join(tempo(500_000 + i, 1) for i in range(n))),
    "meters": lambda n: one(meta(0x58, b"\4\2\x18\x08", 1) * n),
    "keys": lambda n: one(meta(0x59, b"\0\0", 1) * n),
    "names": lambda n: one(meta(0x03, b" " * 300) * n),
    "markers": lambda n: one(meta(0x06, b"loop" * 9, 1) * n),
    "programs": lambda n: one((b"\1\xc0\5" + NOTE) * n),
    "programs of another track": lambda n: header(tracks=2) + track(b"\1\xc0\5" * n) + track(NOTE * n),
    "system exclusives": lambda n: one(b"\0\xf0" + number(50) + b"\1" * 49 + b"\xf7" + b"\0\xf0\1\xf7" * n),
    "tracks": lambda n: header(tracks=n) + track(NOTE) * n,
    "patterns": lambda n: header(2, tracks=n) + track(NOTE) * n,
    "other chunks": lambda n: header() + (b"JUNK\0\0\0\4abcd" * n) + track(NOTE),
    "chunks of a RIFF file": lambda n: (
        b"RIFF"
        + struct.pack("<I", 4 + 8 * n)
        + b"RMID"
        + b"JUNK\0\0\0\0" * n
        + b"data"
        + struct.pack("<I", 30)
        + one(b"")
    ),
    "bytes behind the last track": lambda n: one(NOTE) + b"x" * 50 * n,
    "stubs": lambda n: one(b"\0\x90\x3c\x50\0\x80\x3c\0\1\xb0\1\1" * n),
}


def theme_of(data: bytes) -> object:
    return read_theme(put(data, ".mid"))


# zips ----------------------------------------------------------------------------------------------------------------


def put(data: bytes, suffix: str) -> Path:
    path = Path(tempfile.gettempdir()) / f"gamemusic-growth-{os.getpid()}{suffix}"
    path.write_bytes(data)
    return path


def zipped(**more: object) -> bytes:
    """Return the zip of a good pack whose last file has some changes."""
    return zip_bytes(members_of(pack_of(), **more))


EMPTY_FIELD = struct.pack("<HH", 0xCAFE, 0)
ZIPS: dict[str, Make] = {
    "extra fields in the directory": lambda n: zipped(extra=EMPTY_FIELD * n),
    "extra fields beside the file": lambda n: zipped(local_extra=EMPTY_FIELD * n),
    "both": lambda n: zipped(extra=EMPTY_FIELD * n, local_extra=EMPTY_FIELD * n),
    "files": lambda n: zip_bytes([*members_of(pack_of()), *(Member(name=b"%d.txt" % i) for i in range(n))]),
    "folders": lambda n: zip_bytes([*members_of(pack_of()), *(Member(name=b"f%d/" % i) for i in range(n))]),
    "a name twice, the last of many": lambda n: zip_bytes([Member(name=b"%d.txt" % (i % n)) for i in range(n + 1)]),
    "a long name": lambda n: zip_bytes([Member(name=b"a" * 8 * n)]),
    "a long comment of a file": lambda n: zipped(comment=b"a" * 8 * n),
    "a comment of ends": lambda n: zip_bytes(members_of(pack_of()), comment=b"PK\5\6" * n),
    "no zip": lambda n: b"PK\1\2" * n,
}

# models and soundfonts -----------------------------------------------------------------------------------------------


def field(key: int, content: bytes) -> bytes:
    return number_of_protobuf(key << 3 | 2) + number_of_protobuf(len(content)) + content


def number_of_protobuf(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))


def model(graph: bytes = b"", root: bytes = b"") -> bytes:
    return b"\x08\x08" + field(8, b"\x10\x11") + root + field(7, graph)


MODELS: dict[str, Make] = {
    "metadata": lambda n: MODEL + b"".join(field(14, field(1, k.encode()) + field(2, b"x")) for k in keys(n)),
    "nodes": lambda n: model(field(1, field(4, b"Add")) * n),
    "inputs of a node": lambda n: model(field(1, field(1, b"x") * n)),
    "constants": lambda n: model(
        b"".join(field(5, field(8, k.encode()) + b"\x08\1\x10\2" + field(9, b"x")) for k in keys(n))
    ),
    "sides of a constant": lambda n: model(field(5, field(8, b"a") + b"\x10\2" + b"\x08\1" * n + field(9, b"x"))),
    "packed sides of a constant": lambda n: model(field(5, field(8, b"a") + b"\x10\2" + field(1, b"\1" * n))),
    "ports": lambda n: model(field(11, b"") * n),
    "graphs": lambda n: model() + field(7, b"") * n,
    "sets of operators": lambda n: model(root=field(8, b"\x10\x11") * n),
    "a long name": lambda n: model(field(1, field(4, b"a" * 8 * n))),
}


def zones(count: int) -> bytes:
    """Return a soundfont whose one instrument has so many zones, each for a key of its own."""
    bags = b"".join(struct.pack("<HH", 3 * i, 0) for i in range(count + 1))
    generators = b"".join(struct.pack("<HHHHHH", 43, 0x101 * (i % 128), 54, 1, 53, 0) for i in range(count))
    inst = struct.pack("<20sH", b"Tone", 0) + struct.pack("<20sH", b"EOI", count)
    return fontbytes.font(inst=inst, ibag=bags, igen=generators + bytes(4))


def presets(count: int) -> bytes:
    heads = b"".join(struct.pack("<20sHHHIII", b"Tone", i % 128, i // 128, i, 0, 0, 0) for i in range(count + 1))
    bags = b"".join(struct.pack("<HH", i, 0) for i in range(count + 1))
    return fontbytes.font(phdr=heads, pbag=bags, pgen=struct.pack("<HH", 41, 0) * count + bytes(4))


def streams(count: int) -> bytes:
    """Return a compressed soundfont whose samples overlap: each begins a page later, and all end together."""
    page = b"OggS\0\0" + struct.pack("<q", 2000) + bytes(12) + b"\0"
    heads = b"".join(
        fontbytes.sample(start=27 * i, end=27 * count, kind=0x11, loop_start=0, loop_end=0) for i in range(count)
    )
    return fontbytes.font(points=page * count, shdr=heads + bytes(46))


FONTS: dict[str, Make] = {
    "zones": zones,
    "presets": presets,
    "samples": lambda n: fontbytes.font(shdr=fontbytes.sample() * n + bytes(46)),
    "streams that overlap": streams,
    "chunks of the description": lambda n: fontbytes.font(
        head=fontbytes.info(*[fontbytes.chunk(b"ICMT", b"a " * 4)] * n)
    ),
    "modulators": lambda n: fontbytes.font(imod=struct.pack("<HHhHH", 0, 48, 1, 0, 0) * n + bytes(10),
        ibag=struct.pack("<HHHH", 0, 0, 2, n)),
}  # fmt: skip

# what a bake leaves in a folder ---------------------------------------------------------------------------------------


@functools.cache
def piece() -> dict[str, Any]:
    """Return the entry of a baked piece."""
    found: dict[str, Any] = json.loads(baked()[0])["pieces"][0]
    return found


def piece_called(name: str, **more: object) -> dict[str, Any]:
    """Return that entry under another name, which its files have, too."""
    files = [{**one, "file": f"{name}-{number}.mid"} for number, one in enumerate(piece()["files"])]
    return {**piece(), "name": name, "files": files, **more}


def manifest(**more: object) -> bytes:
    return json.dumps({**json.loads(baked()[0]), **more}).encode()


def lines(names: Iterator[str] | list[str], **more: object) -> bytes:
    return b"".join(json.dumps(piece_called(name, **more)).encode() + b"\n" for name in names)


MANIFESTS: dict[str, Make] = {
    "pieces": lambda n: manifest(pieces=[piece_called(k) for k in keys(n)]),
    "a piece twice, the last of many": lambda n: manifest(
        pieces=[piece_called(k) for k in [*keys(n), list(keys(n))[-1]]]
    ),
    "files of a piece": lambda n: manifest(
        pieces=[{**piece(), "files": [{**piece()["files"][0], "file": f"{k}.mid"} for k in keys(n)]}]
    ),
    "a key twice, the last of many": lambda n: pairs([*keys(n), list(keys(n))[-1]]),
    "unknown keys": lambda n: manifest(**dict.fromkeys(keys(n), 0)),
    "sides": lambda n: manifest(sides={f"{k}.tres": "0" * 64 for k in keys(n)}),
    "a long text": lambda n: manifest(title="a" * 8 * n),
    "brackets": lambda n: b"[" * n,
}
JOURNALS: dict[str, Make] = {
    "lines": lambda n: lines(keys(n)),
    "one piece again and again": lambda n: lines(["a"] * n),
    "empty lines": lambda n: b"\n" * n,
    "a line that does not end": lambda n: lines(["a"]) + b"x" * 8 * n,
    "keys twice": lambda n: pairs([*keys(n), *keys(n)]) + b"\n",
}
LOCKS: dict[str, Make] = {
    "packs": lambda n: json.dumps({**json.loads(baked()[2]), "packs": dict.fromkeys(keys(n), "0" * 64)}).encode(),
    "a key twice, the last of many": lambda n: pairs([*keys(n), list(keys(n))[-1]]),
    "unknown keys": lambda n: json.dumps({**json.loads(baked()[2]), **dict.fromkeys(keys(n), 0)}).encode(),
    "digits": lambda n: b'{"packs": ' + b"1" * n + b"}",
}

READERS: dict[str, tuple[Callable[[bytes], object], dict[str, Make], int]] = {
    "card": (load_card, CARDS, 80),
    "fingerprint": (load_fingerprint, {"figures": fingerprint}, 15),
    "preset": (load_preset, PRESETS, 25),
    "soundtrack": (load_soundtrack, SOUNDTRACKS, 12),
    "midi": (read_midi, MIDIS, 20),
    "theme": (theme_of, {name: MIDIS[name] for name in ("notes", "notes together", "programs")}, 20),
    "zip": (lambda data: open_pack(put(data, ".zip")), ZIPS, 150),
    "model": (check_graph, MODELS, 40),
    "soundfont": (check_font, FONTS, 30),
    "manifest": (parse_manifest, MANIFESTS, 8),
    "journal": (load_journal, JOURNALS, 6),
    "lock": (parse_lock, LOCKS, 60),
}
SIZES = {("zip", name): 1500 for name in ("extra fields in the directory", "extra fields beside the file", "both")}
"""Of what only shows in larger ones."""
