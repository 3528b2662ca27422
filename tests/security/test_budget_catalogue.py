"""The catalogue of work without bounds, rows G4 to G6: what would take a game's time is refused before it takes any."""

from __future__ import annotations

import dataclasses
import struct
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest
from midibytes import header, one, track
from steps import count_steps
from zipbytes import pack_of, put

sys.path[:0] = [str(Path(__file__).parents[1] / "packs")]

import fontbytes  # noqa: E402

from gamemusic import Limits  # noqa: E402
from gamemusic.audio.fontprobe import probe_font  # noqa: E402
from gamemusic.composer import composer as composing  # noqa: E402
from gamemusic.composer.composer import Composer  # noqa: E402
from gamemusic.composer.themefile import load_theme, read_theme  # noqa: E402
from gamemusic.errors import FormatError, InputError, MidiError, MissingError, PackError  # noqa: E402
from gamemusic.limits import LIMITS, MIB  # noqa: E402
from gamemusic.packs.fontfile import check_font  # noqa: E402
from gamemusic.packs.library import find_pack, list_shipped  # noqa: E402
from gamemusic.packs.pack import open_pack  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "tests" / "data" / "tiny_pack"
SYSTEM_FONTS = [
    Path(name)
    for name in (
        "/usr/share/sounds/sf2/FluidR3_GM.sf2",
        "/usr/share/sounds/sf2/TimGM6mb.sf2",
        "/usr/share/fluidr3mono-gm-soundfont/FluidR3Mono_GM.sf3",
    )
]
SOON = 4_000_000
"""Steps that take less than a second: lines, calls, and the bytes of what is looked at."""
ALL = 127 << 8


def font(presets: int, zones: list[tuple[int, int]]) -> bytes:
    """Return a soundfont of so many presets that share an instrument, whose zones cover keys and velocities."""
    heads = b"".join(struct.pack("<20sHHHIII", b"Tone", i % 128, i // 128, i, 0, 0, 0) for i in range(presets + 1))
    return fontbytes.font(
        phdr=heads,
        pbag=b"".join(struct.pack("<HH", i, 0) for i in range(presets + 1)),
        pgen=struct.pack("<HH", 41, 0) * presets + bytes(4),
        inst=struct.pack("<20sH", b"Tone", 0) + struct.pack("<20sH", b"EOI", len(zones)),
        ibag=b"".join(struct.pack("<HH", 3 * i % 65_536, 0) for i in range(len(zones) + 1)),
        igen=b"".join(struct.pack("<6H", 43, keys, 44, velocities, 53, 0) for keys, velocities in zones) + bytes(4),
    )


def key(pitch: int) -> int:
    """Return the range of one key."""
    return pitch << 8 | pitch


def refuse(data: bytes, words: str, limits: Limits = LIMITS) -> None:
    with pytest.raises(FormatError, match=words):
        check_font(data, limits=limits)

    def again() -> None:
        check_font(data, limits=limits)

    assert count_steps(again) < SOON


def test_g4_many_zones_for_one_key() -> None:
    refuse(font(1, [(ALL, ALL)] * 4000), r"4,000 zones of preset 0 sound for one key, allowed are 16 \(Limits\.sou")
    refuse(font(1, [(ALL, ALL)] * 17), "17 zones of preset 0 sound for one key")
    refuse(font(1, [(60 << 8 | low, ALL) for low in range(40)]), "40 zones of preset 0 sound for one key")
    refuse(font(1, [(ALL, 100 << 8 | low) for low in range(40)]), "40 zones of preset 0 sound for one key")


def test_g4_as_many_as_are_allowed() -> None:
    assert len(check_font(font(1, [(ALL, ALL)] * 16)).presets) == 1
    assert len(check_font(font(1, [(key(i % 128), ALL) for i in range(16 * 128)])).presets) == 1
    beside = [(63 << 8, ALL)] * 16 + [(127 << 8 | 64, 99 << 8)] * 16 + [(127 << 8 | 64, 127 << 8 | 100)] * 16
    assert len(check_font(font(1, beside)).presets) == 1
    refuse(font(1, [*beside, (key(64), key(99))]), "17 zones of preset 0")


def test_g4_many_presets_of_many_zones() -> None:
    refuse(font(1024, [(key(i % 128), ALL) for i in range(300)]), r"its presets have 307,200 zones, allowed are 32,768")
    refuse(font(1000, [(ALL, ALL)] * 8), r"its keys take 2,048,000 voices, .* allowed are 400,000 ")
    assert len(check_font(font(1000, [(ALL, ALL)])).presets) == 1000


def test_g4_a_host_may_tighten_them() -> None:
    data = font(2, [(ALL, ALL)] * 4)
    check_font(data)
    refuse(data, r"4 zones of preset 0 sound for one key, allowed are 3 ", Limits(soundfont_key_zones=3))
    refuse(data, r"its presets have 8 zones, allowed are 7 ", Limits(soundfont_zones=7))
    refuse(data, r"its keys take 2,048 voices, .* allowed are 2,047", Limits(soundfont_voices=2047))


def test_g4_usual_soundfonts_are_far_from_the_limits() -> None:
    any_size = Limits(soundfont_bytes=1 << 31)
    fonts = [ROOT / "gamemusic" / "audio" / "chip.sf2", *(path for path in SYSTEM_FONTS if path.is_file())]
    half = dataclasses.replace(
        any_size,
        soundfont_zones=LIMITS.soundfont_zones // 4 * 3,
        soundfont_key_zones=LIMITS.soundfont_key_zones // 2,
        soundfont_voices=LIMITS.soundfont_voices // 2,
    )
    for path in fonts:
        assert len(check_font(path.read_bytes(), limits=half).presets) > 100


@pytest.mark.slow
def test_g4_what_is_allowed_is_tried_in_time(tmp_path: Path) -> None:
    """A soundfont at all limits passes its test in a process of its own, well within its half minute."""
    path = tmp_path / "heavy.sf2"
    path.write_bytes(font(90, [(ALL, ALL)] * 16))
    assert check_font(path.read_bytes()).samples == 1
    try:
        probe_font(path)
    except MissingError as error:
        pytest.skip(str(error))


# themes --------------------------------------------------------------------------------------------------------------


def notes(count: int, tracks: int = 1) -> bytes:
    """Return a MIDI file of so many notes in each track."""
    body = b"".join(bytes((0, 0x90, 60 + i % 12, 64, 48, 0x80, 60 + i % 12, 0)) for i in range(count))
    return header(tracks=tracks) + track(body) * tracks


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (notes(20_001), r"20,001 notes, of which a theme is taken from at most 20,000 \(Limits\.theme_notes\)"),
        (notes(5001, 4), "20,004 notes, of which a theme is taken from at most 20,000"),
        (notes(300_000), r"more than 200,000 events, .* for a theme \(Limits\.theme_notes, and 10 events a note\)"),
    ],
    ids=["just too many", "in four tracks", "very many"],
)
def test_g5_a_theme_of_too_many_notes(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "theme.mid"
    path.write_bytes(data)
    with pytest.raises(MidiError, match=words):
        read_theme(path)
    pack = open_pack(_with_theme(tmp_path / "pack", data))
    with pytest.raises(MidiError, match=words):
        Composer(pack).compose(bars=8)


def test_g5_a_host_may_tighten_it(tmp_path: Path) -> None:
    path = tmp_path / "theme.mid"
    path.write_bytes(notes(11))
    assert read_theme(path, limits=Limits(theme_notes=11)).voice_notes == 11
    with pytest.raises(MidiError, match="11 notes, of which a theme is taken from at most 10 "):
        read_theme(path, limits=Limits(theme_notes=10))


def _with_theme(folder: Path, data: bytes) -> Path:
    """Return the tiny pack with a theme."""
    files = {path.name: path.read_bytes() for path in TINY.iterdir() if path.name != "card.json"}
    files["theme.mid"] = data
    files["preset.yaml"] += b"theme: theme.mid\n"
    card = pack_of({}, name="tiny")["card.json"]
    return put(folder, {**files, "card.json": _card(files, card)})


def _card(files: dict[str, bytes], like: bytes) -> bytes:
    import json

    from gamemusic.packs.pack import describe_files

    written = json.loads((TINY / "card.json").read_bytes())
    entries = describe_files(files)
    written["files"] = {name: {"size": one.size, "sha256": one.sha256} for name, one in entries.items()}
    assert json.loads(like)["format"] == written["format"]
    return json.dumps(written).encode()


def test_g5_a_packs_theme_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    load = load_theme

    def counted(data: bytes, **named: Any) -> object:
        read.append(len(data))
        return load(data, **named)

    monkeypatch.setattr(composing, "load_theme", counted)
    composer = Composer(open_pack(_with_theme(tmp_path / "pack", one(b"\0\x90\x3c\x50\x60\x80\x3c\0" * 4))))
    first = composer.compose(bars=8, seed=1)
    assert composer.compose(bars=8, seed=1) == first
    composer.hurried().compose(bars=8, seed=2)
    assert len(read) == 1


# models --------------------------------------------------------------------------------------------------------------


def test_g6_a_large_model_with_many_bars_and_phrases() -> None:
    tiny = find_pack(TINY)
    composer = Composer(tiny)
    preset = dataclasses.replace(tiny.preset, candidates=16)
    large = {**tiny.members, preset.model: bytes(16 * MIB)}
    pack = dataclasses.replace(tiny, preset=preset, members=large)

    def step(*_: object) -> NoReturn:
        raise AssertionError("the model was asked")

    session = composer.session
    heavy = Composer(pack, session)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(session), "step", step)
        with pytest.raises(
            InputError, match=r"64 bars of 16 phrases .* of 16,777,216 bytes are 17,179,869,184 bytes of wo"
        ):
            heavy.compose(bars=64, seed=1, chords="Am F C G")
        with pytest.raises(InputError, match=r"allowed are 4,294,967,296 \(Limits\.model_work\); ask for fewer bars"):
            heavy.compose(bars=64, seed=1, chords="C")
        assert count_steps(lambda: heavy.compose(bars=64, seed=1, chords="C")) < SOON
        with pytest.raises(AssertionError, match="the model was asked"):
            heavy.compose(bars=4, seed=1)
    assert heavy.compose(bars=4, seed=1).bars == 4


def test_g6_shipped_moods_compose_all_that_may_be_asked_for() -> None:
    for listing in list_shipped():
        assert listing.preset is not None
        size = (listing.path / listing.preset.model).stat().st_size
        assert size * 64 * 16 < LIMITS.model_work


def test_g6_a_host_may_tighten_it() -> None:
    size = (TINY / "model.onnx").stat().st_size
    composer = Composer(find_pack(TINY, limits=Limits(model_work=size * 4 * 8)))
    assert composer.compose(bars=2, seed=1).bars == 2
    with pytest.raises(InputError, match=r"Limits\.model_work"):
        composer.compose(bars=32, seed=1)


def test_g6_limits_of_a_pack_are_checked_as_before() -> None:
    with pytest.raises(PackError, match="allowed are 100"):
        find_pack(TINY, limits=Limits(model_bytes=100))
