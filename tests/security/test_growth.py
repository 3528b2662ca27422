"""The catalogue of work that grows, rows G1 and on: twice the input may cost twice the steps, and not four times."""

from __future__ import annotations

import itertools
import json
import os
import string
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from midibytes import NOTE, header, meta, number, one, tempo, track
from steps import count_steps, growth
from zipbytes import Member, members_of, pack_of, zip_bytes

sys.path[:0] = [str(Path(__file__).parents[1] / "packs")]

import fontbytes  # noqa: E402

from gamemusic.composer.graph import check_graph  # noqa: E402
from gamemusic.composer.themefile import read_theme  # noqa: E402
from gamemusic.errors import PackError  # noqa: E402
from gamemusic.packs import library  # noqa: E402
from gamemusic.packs.card import load_card  # noqa: E402
from gamemusic.packs.directory import MOST_EXTRA  # noqa: E402
from gamemusic.packs.fingerprint import load_fingerprint  # noqa: E402
from gamemusic.packs.fontfile import check_font  # noqa: E402
from gamemusic.packs.library import find_pack, list_packs  # noqa: E402
from gamemusic.packs.pack import open_pack  # noqa: E402
from gamemusic.packs.schema import load_preset  # noqa: E402
from gamemusic.packs.yamlfile import load_yaml  # noqa: E402
from gamemusic.score.midi import read_midi  # noqa: E402
from gamemusic.soundtrack.schema import load_soundtrack, parse_soundtrack  # noqa: E402

MOST = 3.0
"""Twice the input may take so many times the steps: 2 is straight, 4 is the square."""
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
}
SIZES = {("zip", name): 1500 for name in ("extra fields in the directory", "extra fields beside the file", "both")}
"""Of what only shows in larger ones."""
CASES = [(reader, name) for reader, (_, inputs, _) in READERS.items() for name in inputs]


@pytest.fixture(autouse=True)
def _no_files_left() -> Iterator[None]:
    yield
    for suffix in (".mid", ".zip"):
        (Path(tempfile.gettempdir()) / f"gamemusic-growth-{os.getpid()}{suffix}").unlink(missing_ok=True)


@pytest.mark.parametrize(("reader", "name"), CASES, ids=lambda text: text)
def test_g1_twice_the_input_takes_no_four_times_the_steps(reader: str, name: str) -> None:
    read, inputs, size = READERS[reader]
    assert growth(inputs[name], read, SIZES.get((reader, name), size)) < MOST


@pytest.mark.parametrize("name", LINKS)
def test_g1_cues_that_have_each_others_chords(name: str) -> None:
    """Read beforehand, since that takes most of the steps."""
    make = LINKS[name]
    assert growth(lambda size: load_yaml(make(size)), parse_soundtrack, 50) < MOST


def test_g2_what_lies_about_costs_other_moods_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packs that are slow to open or damaged: where one is called as is asked for, the others are not looked at."""
    user, shipped = tmp_path / "user", tmp_path / "shipped"
    for folder in (user, shipped):
        folder.mkdir()
    monkeypatch.delenv(library.PATH_VARIABLE, raising=False)
    monkeypatch.setattr(library, "user_dir", lambda: user)
    monkeypatch.setattr(library, "shipped_dir", lambda: shipped)
    (shipped / "calm.zip").write_bytes(zip_bytes(members_of(pack_of())))
    find_pack("calm")  # what is imported late does not count
    alone = count_steps(lambda: find_pack("calm"))

    slow = {
        "aaa.zip": zip_bytes([Member(name=b"card.json", data=pairs([*keys(20_000), "aaaa"]))]),
        "bbb.zip": zip_bytes([Member(name=b"%d.txt" % i, extra=EMPTY_FIELD * 16_000) for i in range(60)]),
        "ccc.zip": zip_bytes(members_of({**pack_of(name="storm"), "big.bin": bytes(3_000_000)})),
        "ddd.zip": b"PK\1\2" * 20_000,
        "eee.zip": zip_bytes([Member(name=b"card.json", data=b"[" * 200_000)]),
        "fff.zip": b"",
    }
    for name, data in slow.items():
        (user / name).write_bytes(data)
    beside = count_steps(lambda: find_pack("calm"))
    # cards are read, to know that none of them is of this mood; nothing else of the seven megabytes is
    assert beside - alone < 6 * sum(len(slow[name]) for name in ("aaa.zip", "ddd.zip", "eee.zip"))
    (user / "calm.zip").write_bytes((shipped / "calm.zip").read_bytes())
    assert find_pack("calm").path == user / "calm.zip"
    assert count_steps(lambda: find_pack("calm")) - alone < 10_000
    listed = {listing.path.name: listing for listing in list_packs() if listing.origin == "user"}
    assert {name for name, listing in listed.items() if listing.error} == set(slow)


def test_g3_of_two_in_one_folder_the_one_that_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(library.PATH_VARIABLE, raising=False)
    monkeypatch.setattr(library, "user_dir", lambda: tmp_path)
    monkeypatch.setattr(library, "shipped_dir", lambda: None)
    for name in ("another.zip", "calm.zip"):
        (tmp_path / name).write_bytes(zip_bytes(members_of(pack_of())))
    assert find_pack("calm").path.name == "calm.zip"
    assert {listing.path.name: listing.shadowed_by for listing in list_packs()} == {
        "another.zip": tmp_path / "calm.zip",
        "calm.zip": None,
    }
    (tmp_path / "calm.zip").unlink()
    assert find_pack("calm").path.name == "another.zip"


@pytest.mark.parametrize("where", ["extra", "local_extra"])
def test_g1_extra_fields_have_a_limit(where: str) -> None:
    good = zipped(**{where: EMPTY_FIELD * (MOST_EXTRA // 4)})
    assert open_pack(put(good, ".zip")).name == "calm"
    with pytest.raises(
        PackError, match=f"'card.json' has {MOST_EXTRA + 4} bytes of extra fields, allowed are {MOST_EXTRA}"
    ):
        open_pack(put(zipped(**{where: EMPTY_FIELD * (MOST_EXTRA // 4 + 1)}), ".zip"))


def test_g1_the_count_sees_what_python_does_not(tmp_path: Path) -> None:
    """The control: what walks or copies in C is seen to grow with the square."""

    def look(names: list[str]) -> object:
        return [name for name in names if names.count(name) > 1]

    def cut(data: bytes) -> None:
        while data:
            data = data[4:]

    assert growth(lambda size: list(keys(size)), look, 50) > 3.5
    assert growth(lambda size: bytes(4 * size), cut, 50) > 3.5
    assert growth(lambda size: list(keys(size)), sorted, 50) < 2.5
