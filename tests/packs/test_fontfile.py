"""Soundfonts that are not whole are refused by what is wrong with them, before FluidSynth sees them.

The numbers S.. are rows of the catalogue in ``docs/catalogue.md``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from fontbytes import FRAMES, chunk, compressed, font, info, sample, tables, tone
from hypothesis import given
from hypothesis import strategies as st

from gamemusic.audio.soundfont import CHIP_SOUNDFONT, installed_soundfonts
from gamemusic.errors import FormatError
from gamemusic.limits import Limits
from gamemusic.packs.fontfile import check_font

END = struct.pack("<20sIIIIIBbHH", b"EOS", *[0] * 9)


def samples(**changes: object) -> bytes:
    return sample(**changes) + END


def test_a_whole_font() -> None:
    found = check_font(font())
    assert (found.presets, found.samples, found.compressed) == (((0, 0),), 1, False)
    assert found.info["INAM"] == "One tone"


def test_ours_and_those_of_the_system() -> None:
    found = check_font(CHIP_SOUNDFONT.read_bytes())
    assert {program for bank, program in found.presets if bank == 0} == set(range(128))
    fonts = [path for path in installed_soundfonts() if path.stat().st_size < 64 << 20]
    for path in fonts:
        assert len(check_font(path.read_bytes(), limits=Limits(soundfont_bytes=64 << 20)).presets) > 100


BROKEN: dict[str, tuple[Callable[[], bytes], str]] = {
    "S3 no bytes": (lambda: b"", "does not begin with RIFF and sfbk"),
    "S5 another type": (lambda: font(kind=b"sfpk"), "does not begin with RIFF and sfbk"),
    "S6 size that lies": (lambda: font()[:4] + b"\xff\xff\xff\x7f" + font()[8:], "its header says 2,147,483,655 bytes"),
    "S9 DLS": (lambda: font(kind=b"DLS "), "it is a DLS file"),
    "S9 GIG": (lambda: font(head=info(chunk(b"3crc", b"1234"))), "holds the chunk '3crc'"),
    "S9 SFZ": (lambda: b"<region> sample=a.wav", "does not begin"),
    "S10 too large": (lambda: font(points=bytes(300_000)), "allowed are 100,000"),
    "S11 no preset": (lambda: font(phdr=tables()["phdr"][38:]), "phdr at byte .* expected are 2 to"),
    "S12 sample behind the end": (lambda: font(shdr=samples(end=5000)), "sample 0 does not lie inside the 2,046"),
    "S12 sample backwards": (lambda: font(shdr=samples(start=1999, end=5)), "does not lie inside"),
    "S12 loop outside": (lambda: font(shdr=samples(loop_end=FRAMES + 1)), "sample 0 has a loop outside"),
    "S12 loop backwards": (lambda: font(shdr=samples(loop_start=9, loop_end=8)), "ends before it begins"),
    "S13 no sample": (
        lambda: font(
            igen=struct.pack("<8H", 54, 1, 53, 0, 54, 1, 0, 0),
            ibag=struct.pack("<6H", 0, 0, 2, 0, 3, 0),
            inst=struct.pack("<20sH", b"Tone", 0) + struct.pack("<20sH", b"EOI", 2),
        ),
        "zone 1 of ibag names no sample",
    ),
    "S13 sample that is not there": (
        lambda: font(igen=struct.pack("<6H", 54, 1, 53, 1, 0, 0)),
        "names shdr 1, of which",
    ),
    "instrument that is not there": (lambda: font(pgen=struct.pack("<4H", 41, 7, 0, 0)), "names inst 7, of which"),
    "goes on behind its sample": (
        lambda: font(igen=struct.pack("<6H", 53, 0, 54, 1, 0, 0)),
        "goes on behind its sample",
    ),
    "S14 DMOD": (lambda: font(head=info(chunk(b"DMOD", bytes(10)))), "holds the chunk 'DMOD' of 10 bytes"),
    "S15 0 Hz": (lambda: font(shdr=samples(rate=0)), "is not of 400 to 192000 hertz"),
    "S15 4 GHz": (lambda: font(shdr=samples(rate=4_000_000_000)), "is not of 400"),
    "S16 24 bits": (lambda: font(wide=bytes(100)), "24-bit samples have 100 bytes, expected 2,046"),
    "S17 link to nowhere": (lambda: font(shdr=samples(kind=4, link=9)), "belongs to one that there is not"),
    "in the card's memory": (lambda: font(shdr=samples(kind=0x8001)), "of a kind that is not read"),
    "S18 too many presets": (lambda: font(phdr=bytes(38) * 200), "expected are 2 to 101 records"),
    "index backwards": (
        lambda: font(
            phdr=struct.pack("<20sHHHIII", b"A", 0, 0, 1, 0, 0, 0) + struct.pack("<20sHHHIII", b"E", 0, 0, 0, 0, 0, 0)
        ),
        "record 1 of phdr points to pbag 0, which runs backwards",
    ),
    "index too far": (lambda: font(pbag=struct.pack("<4H", 0, 0, 9, 0)), "record 1 of pbag points to pgen 9"),
    "unknown generator": (
        lambda: font(igen=struct.pack("<6H", 99, 1, 53, 0, 0, 0)),
        "igen 0 is a generator that does not",
    ),
    "range backwards": (lambda: font(igen=struct.pack("<6H", 43, 0x1020, 53, 0, 0, 0)), "a range from 32 to 16"),
    "modulator of nothing": (
        lambda: font(imod=struct.pack("<HHhHH", 1, 77, 0, 0, 0) + bytes(10), ibag=struct.pack("<4H", 0, 0, 2, 1)),
        "imod 0 changes something that does not exist",
    ),
    "program 200": (
        lambda: font(phdr=struct.pack("<20sHHHIII", b"A", 200, 0, 0, 0, 0, 0) + tables()["phdr"][38:]),
        "program over 127",
    ),
    "half a record": (lambda: font(inst=tables()["inst"][:-1]), "inst at byte .* records of 22"),
    "no such table": (lambda: font().replace(b"ibag", b"xbag"), "begins the chunk 'xbag', expected 'ibag'"),
    "lists in another order": (lambda: font().replace(b"INFO", b"pdta", 1), "does not begin the list INFO"),
    "one byte more": (lambda: font() + b"\0", "its header says .* bytes, it has"),
    "more behind it": (lambda: font(tail=chunk(b"LIST", b"more")), "bytes stand behind its last list"),
    "version 9": (lambda: font(head=chunk(b"ifil", struct.pack("<HH", 9, 0))), "version 9.0, expected 2 or 3"),
    "no version": (lambda: font(head=chunk(b"INAM", b"abcd")), "version 0.0"),
    "sound of another kind": (lambda: font().replace(b"smpl", b"data"), "begins the chunk 'data', expected 'smpl'"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_said(name: str) -> None:
    make, words = BROKEN[name]
    limits = Limits(soundfont_bytes=100_000, soundfont_records=100)
    with pytest.raises(FormatError, match=words) as caught:
        check_font(make(), file="a.sf2", limits=limits)
    assert caught.value.file == "a.sf2"
    assert "save it anew" in str(caught.value)


def test_s4_cut_off_anywhere() -> None:
    whole = font()
    for percent in range(100):
        with pytest.raises(FormatError):
            check_font(whole[: len(whole) * percent // 100])


def test_s16_24_bits_of_the_right_length() -> None:
    assert check_font(font(wide=bytes(FRAMES + 46))).samples == 1


class TestCompressed:
    """SF3: samples are Ogg streams, whose last page says how many frames there are."""

    def stream(self, frames: int) -> bytes:
        return self.page(2, 0) + self.page(4, frames)

    def page(self, kind: int, frames: int) -> bytes:
        return b"OggS\0" + bytes([kind]) + struct.pack("<q", frames) + bytes(12) + b"\x01\x64" + bytes(100)

    def make(self, frames: int, **changes: object) -> bytes:
        stream = self.stream(frames)
        header = {"end": len(stream), "kind": 0x11, "loop_start": 100, "loop_end": 200, **changes}
        return font(points=stream, shdr=samples(**header))

    def test_whole(self) -> None:
        assert check_font(self.make(5000)).compressed

    def test_a_real_one(self) -> None:
        pytest.importorskip("soundfile")
        found = check_font(compressed())
        assert (found.compressed, found.samples) == (True, 1)

    @pytest.mark.parametrize(
        ("frames", "changes", "words"),
        [
            (1 << 40, {}, "says 1,099,511,627,776 frames"),
            (-1, {}, "says 0 frames"),
            (5000, {"loop_end": 6000}, "has a loop outside"),
            (5000, {"start": 3}, "is no Ogg stream"),
            (5000, {"kind": 0x12, "link": 3}, "belongs to one"),
        ],
    )
    def test_broken(self, frames: int, changes: dict[str, object], words: str) -> None:
        with pytest.raises(FormatError, match=words):
            check_font(self.make(frames, **changes))

    def test_a_page_that_only_looks_like_the_last_one(self) -> None:
        """The bytes of a page's head behind the last page, or inside one, do not say how long the sample is."""
        forged = b"OggS\0\4" + struct.pack("<q", 9) + bytes(13)
        whole = self.stream(1 << 40)
        for stream in (whole + forged, whole[:-30] + forged + bytes(3)):
            header = {"end": len(stream), "kind": 0x11, "loop_start": 0, "loop_end": 0}
            with pytest.raises(
                FormatError, match=r"no whole Ogg stream|no Ogg stream|says 1,099,511,627,776 frames|loops"
            ):
                check_font(font(points=stream, shdr=samples(**header)))

    def test_two_samples_that_begin_alike(self) -> None:
        stream = self.stream(5000)
        one = sample(end=len(stream), kind=0x11, loop_start=0, loop_end=0)
        other = sample(end=len(stream) - 5, kind=0x11, loop_start=0, loop_end=0)
        with pytest.raises(FormatError, match="two of its samples overlap at byte"):
            check_font(font(points=stream, shdr=one + other + END))

    def test_mixed_with_others(self) -> None:
        mixed = samples(kind=0x11, end=154, loop_start=0, loop_end=0)[:46] + samples(start=0, end=50, loop_end=0)
        with pytest.raises(FormatError, match="of a kind that is not read"):
            check_font(font(points=self.stream(9), shdr=mixed))


def bent(*generators: int, **changes: object) -> bytes:
    """Return a font whose one zone loops, with more generators before its sample."""
    pairs = (*generators, 54, 1, 53, 0)
    return font(
        igen=struct.pack(f"<{len(pairs) + 2}H", *(value & 0xFFFF for value in pairs), 0, 0),
        ibag=struct.pack("<4H", 0, 0, len(pairs) // 2, 0),
        shdr=samples(**changes),
    )


TINY = {"loop_start": 500, "loop_end": 502}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bent(51, 300, **TINY), "zone 0 plays a loop of 2 frames .* cents above its pitch"),
        (bent(51, 120, 52, 12_000, **TINY), "cents above its pitch"),
        (bent(7, 20_000, **TINY), "cents above its pitch"),  # an envelope, which may bend it after seconds
        (bent(56, 1200, **TINY), "cents above its pitch"),
        (bent(56, 30_000), "zone 0 has 30000 cents from key to key, allowed are 0 to 1200"),
        (bent(3, -998), "zone 0 loops from frame 500 to 502|above its pitch|loops from"),
        (bent(2, 1000), "zone 0 loops from frame 1,500 to 1,500"),
        (bent(50, 1), "zone 0 loops from frame 500 to 34,268 of a sample of 2,000"),
        (bent(0, 3000), "zone 0 plays frames 3,000 to 2,000"),
        (bent(12, 100), "zone 0 plays frames 0 to 3,278,800"),
        (
            font(
                imod=struct.pack("<HHhHH", 2, 51, 500, 0, 0) + bytes(10),
                igen=struct.pack("<6H", 54, 1, 53, 0, 0, 0),
                ibag=struct.pack("<4H", 0, 0, 2, 1),
                shdr=samples(**TINY),
            ),
            "cents above its pitch",
        ),
    ],
)
def test_loops_that_would_be_gone_round_for_ever(data: bytes, words: str) -> None:
    """FluidSynth takes a loop's length off again and again: a frame of it is worth a thousand million turns."""
    with pytest.raises(FormatError, match=words):
        check_font(data)


def test_presets_and_instruments_add_up() -> None:
    """Each in the range that the format has, together not."""
    preset = struct.pack("<6H", 51, 50, 41, 0, 0, 0)
    add = {"pgen": preset, "pbag": struct.pack("<4H", 0, 0, 2, 0)}
    zone = {"igen": struct.pack("<8H", 51, 50, 54, 1, 53, 0, 0, 0), "ibag": struct.pack("<4H", 0, 0, 3, 0)}
    header = samples()
    assert check_font(font(**add, shdr=header)).samples == 1
    assert check_font(font(**zone, shdr=header)).samples == 1
    with pytest.raises(FormatError, match="cents above its pitch"):
        check_font(font(**add, **zone, shdr=header))


def test_more_presets_than_are_tested() -> None:
    preset = struct.pack("<20sHHHIII", b"A", 0, 0, 0, 0, 0, 0)
    with pytest.raises(FormatError, match="it has 1,025 presets, allowed are 1,024"):
        check_font(font(phdr=preset * 1025 + tables()["phdr"][38:]))


@given(st.integers(0, len(font()) - 1), st.integers(0, 255))
def test_any_byte_may_be_wrong(place: int, value: int) -> None:
    data = bytearray(font())
    data[place] = value
    try:
        found = check_font(bytes(data))
    except FormatError:
        return
    assert found.samples == 1
    assert len(tone()) == 2 * (FRAMES + 46)


def test_a_path_names_the_font() -> None:
    with pytest.raises(FormatError) as caught:
        check_font(b"no", file=Path("pack") / "choir.sf2")
    assert caught.value.file == str(Path("pack") / "choir.sf2")
