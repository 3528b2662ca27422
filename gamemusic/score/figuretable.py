"""The figures: one table, to be read and added to by a musician.

Each has a name, whom it suits, what it is, and its bars by meter; ``/`` stands between bars that follow each other.
After ``turn`` stands what takes the place of a section's fourth and eighth bar. `gamemusic.score.figure` says what the
marks mean, and derives the meters that are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gamemusic.score.figure import Cell, Figure, read_cell
from gamemusic.score.phrase import Role
from gamemusic.units import PLAYED_METERS

__all__ = ["HELD", "TABLE", "figure_of"]

HELD = ("pad", "drone", "chip_arpeggio", "chip_arpeggio_slow")
"""Figures that no bar of marks can say: `gamemusic.arranger.figures` plays them by functions of their own."""


def figure_of(
    name: str,
    roles: str,
    about: str,
    bars: Mapping[str, str],
    *,
    rings: bool = False,
    meters: str = "",
    choose: int = 0,
    lower: int = 0,
) -> Figure:
    """Return a figure as it is written in the table.

    Raises:
        InputError: When a bar is not one, see `gamemusic.score.figure.read_cell`.
    """
    written: dict[str, tuple[Cell, ...]] = {}
    turns: dict[str, tuple[Cell | None, ...]] = {}
    for meter, text in bars.items():
        body, _, ends = text.partition("turn")
        length = PLAYED_METERS[meter]
        written[meter] = tuple(read_cell(bar, length) for bar in body.split("/"))
        if ends:
            turns[meter] = tuple(read_cell(bar, length) if bar.strip() != "same" else None for bar in ends.split("/"))
    return Figure(
        name=name,
        roles=tuple(Role(role) for role in roles.split()),
        about=about,
        bars=written,
        turns=turns,
        rings=rings,
        meters=tuple(meters.split()),
        choose=choose,
        lower=lower,
    )


_CHORDS = "harmony texture"
# fmt: off
_FIGURES = (
    # chords together
    figure_of("block", _CHORDS, "chords held for a bar", {
        "4/4": "C------- turn C---C-C-", "3/4": "C----- turn C---C-", "6/8": "C----- turn C--C-C",
        "2/4": "C--- turn C-C-"}),
    figure_of("block_quarters", _CHORDS, "a chord a beat, as a hymn has it", {
        "4/4": "C-C-C-C- turn C-C-CCC-", "6/8": "C--C-- turn C-CC-C"}),
    figure_of("broken_block", _CHORDS, "the chord's lowest note, then the rest of it", {
        "4/4": "p-c-p-c- turn p-c-pccc", "3/4": "p-c-c- turn p-cccc", "6/8": "p-cp-c turn p-cpcc"}),
    figure_of("offbeats", _CHORDS, "a chord after every beat", {
        "4/4": ".C.C.C.C turn .C.C.CCC", "3/4": ".C.C.C turn .C.CCC", "6/8": ".CC.CC turn .CC.C-"}),
    figure_of("chops", _CHORDS, "short chords on the weak beats", {
        "4/4": "..C...C. turn ..C..CC.", "3/4": "..C.C. turn ..C.CC", "6/8": "...C.. turn ...C.C"}),
    figure_of("syncopated", _CHORDS, "chords in groups of three, three and two eighths", {
        "4/4": "C--C--C- turn C--C-CC.", "3/4": "C--C-- turn C--C.C", "6/8": "C-CC-- turn C-CC-C"}),
    figure_of("charleston", _CHORDS, "a chord on the beat, one before the middle, and air", {
        "4/4": "C--C.... turn C--C..CC", "3/4": "C--C.. turn C--C.C"}),
    figure_of("pulse", _CHORDS, "repeated eighths with accents, driving", {
        "4/4": "PppPppPp turn PppPppPP", "3/4": "PpPpPp turn PppPPp", "6/8": "PppPpp turn PppPPP",
        "2/4": "PpPp turn PpPP"}),
    figure_of("spiccato", _CHORDS, "bouncing strings: short eighths", {
        "4/4": "K.C.C.C.K.C.C.C. turn K.C.C.C.CCC.K.C.", "3/4": "K.C.C.C.C.C. turn K.C.C.C.CCC.",
        "6/8": "K.C.C.K.C.C. turn K.C.C.CCC.C."}),
    figure_of("tremolo", _CHORDS, "the chord in sixteenths", {
        "4/4": "KCCCCCCCCCCCCCCC turn KCCCCCCCK---K---", "3/4": "KCCCCCCCCCCC turn KCCCCCCCK---",
        "6/8": "KCCCCCCCCCCC turn KCCCCCK-----"}),
    figure_of("tremolo_piano", _CHORDS, "lowest note and chord in turns, in sixteenths", {
        "4/4": "pcpcpcpcpcpcpcpc turn pcpcpcpcK---K---", "3/4": "pcpcpcpcpcpc turn pcpcpcpcK---",
        "6/8": "pcpcpcpcpcpc turn pcpcpcK-----"}),
    figure_of("brass_hits", _CHORDS, "short accents, three of them and no beat but the first", {
        "4/4": "K.....K.....K... turn K.....K...K.K.K.", "3/4": "K.....K..... turn K.....K.K.K.",
        "6/8": "K.....K...K. turn K...K.K.K.K."}),
    figure_of("brass_answers", _CHORDS, "an answer in the second half of the bar", {
        "4/4": "........K.KKK... turn K...K...K.KKK...", "3/4": "....K.KKK... turn K...K.KKK.K.",
        "6/8": "......K.KKK. turn K.....K.KKK."}),
    # a low note and the chord above it
    figure_of("oompah", _CHORDS, "a low note, the chord", {
        "4/4": "L.U.F.U. turn L.U.FUU.", "3/4": "L.U.U. turn L.UUU.", "6/8": "L.UF.U turn L.UFUU",
        "2/4": "LUFU turn LUUU"}),
    figure_of("stride", _CHORDS, "root and tenth, the chord, its fifth, the chord: a ragtime left hand", {
        "4/4": "W.U.F.U. turn W.U.F.UU", "3/4": "W.U.U. turn W.U.UU", "6/8": "W.UF.U turn W.UFUU",
        "2/4": "WUFU turn WUUU"}),
    figure_of("waltz", _CHORDS, "one low, two high", {
        "4/4": "L.U.U.U. / F.U.U.U. turn F.U.UUU.", "3/4": "L.U.U. / F.U.U. turn F.UUU.",
        "6/8": "LUUFUU turn LUUUU.", "2/4": "L.U. / F.U. turn F.UU"}, meters="3/4 6/8 9/8"),
    figure_of("waltz_lilting", _CHORDS, "as in Vienna: the second beat comes early", {
        "3/4": "L-.U--..U-.. / F-.U--..U-.. turn F-.U--..U.U."}, meters="3/4"),
    figure_of("waltz_broken", _CHORDS, "a low note, then the chord broken", {
        "3/4": "0-2121 / 0-2121 turn 0-2343"}, meters="3/4 6/8 9/8"),
    figure_of("mazurka", _CHORDS, "a dotted beat, and weight on the second", {
        "3/4": "L..UK---U-.. / L..UU---K-.. turn L..UK-..K-.."}, meters="3/4"),
    figure_of("polonaise", _CHORDS, "an eighth, two sixteenths and four eighths, stately", {
        "3/4": "L.UUU.U.U.U. turn L.UUU.UUK-..", "4/4": "L.UUU.U.L.UUU.U. turn L.UUU.U.L.UUK-.."}, meters="3/4"),
    figure_of("barcarolle", _CHORDS, "a boat that rocks", {
        "6/8": "L-VX-V turn L-VXVX"}, rings=True, meters="6/8 12/8 3/4"),
    figure_of("strum", "harmony", "a guitar: down, down up, up down up", {
        "4/4": "D-Du-uDu turn D-DuDuDu", "3/4": "D-DuDu turn DuDuDu", "6/8": "D-uD-u turn D-uDDu",
        "2/4": "D-Du turn DuDu"}),
    figure_of("strum_sixteenths", "harmony", "a guitar in sixteenths", {
        "4/4": "D---D-Du-uD-D-Du turn D---D-DuDuDuD-Du", "3/4": "D---D-DuD-Du turn D---DuDuDuDu",
        "6/8": "D-DuDuD-DuDu turn D-DuDuDuDuDu"}),
    figure_of("fingerpicking", _CHORDS, "the thumb alternates, the fingers answer", {
        "4/4": "L2V3L2V3 turn L2V34-3-", "3/4": "L2V323 turn L2V34-", "6/8": "L23V23 turn L23V-3"}),
    # chords broken
    figure_of("arpeggio_up", _CHORDS, "upwards, ringing", {
        "4/4": "01230123 turn 01234321", "3/4": "012345 turn 012321", "6/8": "012012 turn 012343",
        "2/4": "0123 turn 0143"}, rings=True),
    figure_of("arpeggio_updown", _CHORDS, "up and down, ringing", {
        "4/4": "01234321 turn 01234-4-", "3/4": "012321 turn 01234-", "6/8": "012321 turn 01234-",
        "2/4": "0121 turn 0234"}, rings=True),
    figure_of("arpeggio_down", _CHORDS, "downwards, ringing", {
        "4/4": "43214321 turn 43210123", "3/4": "543210 turn 432123", "6/8": "432321 turn 432123"}, rings=True),
    figure_of("arpeggio_wide", _CHORDS, "every second note of the chord, ringing", {
        "4/4": "02464642 turn 0246-64-", "3/4": "024642 turn 02464-"}, rings=True),
    figure_of("arpeggio_sixteenths", _CHORDS, "up and down, twice as fast", {
        "4/4": "0123432101234321 turn 0123432101234565", "3/4": "012343212321 turn 012343214565",
        "6/8": "012343012343 turn 012343456543"}),
    figure_of("arpeggio_triplets", _CHORDS, "three to a beat", {
        "4/4": "012 012 012 012 turn 012 012 123 234"}),
    figure_of("harp_sweep", _CHORDS, "a sweep upwards that rings on", {
        "4/4": "01234567-------- turn 012345676-5-4-3-", "3/4": "0123456----- turn 01234565-4--"}, rings=True),
    figure_of("nocturne", _CHORDS, "a wide left hand in triplets: root, fifth, tenth", {
        "4/4": "LVX VXV LVX VXV turn LVX VXV LVX V--", "6/8": "LVXVXV turn LVXV--"}, rings=True),
    figure_of("broken_tenths", _CHORDS, "root, tenth, fifth, tenth", {
        "4/4": "L-X-V-X- turn L-X-VXVX", "3/4": "L-X-V- turn L-XVXV", "6/8": "L-XV-X turn LVXVXV"}),
    figure_of("alberti", _CHORDS, "low, high, middle, high", {
        "4/4": "02120212 turn 02120343", "3/4": "021212 turn 021343", "6/8": "012012 turn 012343",
        "2/4": "0212 turn 0243"}),
    figure_of("alberti_sixteenths", _CHORDS, "low, high, middle, high, twice as fast", {
        "4/4": "0212021202120212 turn 0212021203430343", "3/4": "021202120212 turn 021202120343",
        "6/8": "021212021212 turn 021212034343"}),
    figure_of("music_box", "texture harmony", "high and tinkling", {
        "4/4": "3-5-4-23 turn 3-543-2-", "3/4": "3-5-43 turn 3-54-2", "6/8": "3-54-3 turn 354-32"}, rings=True),
    figure_of("bells", "texture", "few high notes that ring", {
        "4/4": "4-----5- turn 5---4-3-", "3/4": "4---5- turn 5-4-3-", "6/8": "4--5-- turn 5-43--"}, rings=True),
    # patterns that insist
    figure_of("ostinato", "texture harmony bass", "two bars that insist; the seed chooses which", {
        "4/4": "0-12-1.1/0-12-2.1 / 0.012.01/0.012.1. / 0--1--2-/0--1--21 / 02.12.02/02.12.1. / 0.3.21.1/0.3.2.1."
               "turn same / 0.1.2.3.",
        "3/4": "0-12-1/0-12.1 / 0.1121/0.112. / 02.1.1/02.12. / 0--2--/0--2-1 turn same / 0.1.2.",
        "6/8": "0-12-1/0-1212 / 0.10.2/0.1021 / 012-1./012-.1 / 0--2-1/0-12-1 turn same / 0.12..",
        "2/4": "0-12/0.21 / 0.12/0121 / 0-1-/2.11 / 02.1/02.2 turn same / 0.2."}, choose=2),
    figure_of("ostinato_rocking", "texture harmony", "two notes that rock", {
        "4/4": "01010101 turn 01010121", "3/4": "010101 turn 010121", "6/8": "010101 turn 010121"}),
    figure_of("ostinato_turning", "texture harmony", "three notes against the beat", {
        "4/4": "01201201 turn 01201232", "3/4": "012012 turn 012321", "6/8": "01210. turn 012321"}),
    figure_of("ostinato_slow", "texture harmony", "quarters that come back, uneasy", {
        "4/4": "0-2-1-2- turn 0-2-3-2.", "3/4": "0-2-1- turn 0-2-3.", "6/8": "0--2-1 turn 0--3-2"}),
    figure_of("ostinato_sixteenths", "texture harmony", "one note, and others that break out of it", {
        "4/4": "0010001000200010 turn 0010001000201232", "3/4": "001000100020 turn 001000201232",
        "6/8": "001000200010 turn 001000201232"}),
    figure_of("ostinato_dotted", "texture harmony", "long, short, long, marching", {
        "4/4": "0--12--10--12.1. turn 0--12--10.1.2.3.", "3/4": "0--12--12.1. turn 0--12.2.3.2."}),
    # guitars
    figure_of("riff_eighths", "harmony texture", "power chords in eighths, muted but for the first", {
        "4/4": "Gggggggg turn GgggG-G-", "3/4": "Gggggg turn GgggG-", "6/8": "GggGgg turn GggG-G"}, lower=7),
    figure_of("riff_gallop", "harmony texture", "an eighth and two sixteenths, on and on", {
        "4/4": "G-ggg-ggG-ggg-gg turn G-ggg-ggG-G-G---", "3/4": "G-ggg-ggg-gg turn G-ggg-ggG-G-",
        "6/8": "G-g-ggG-g-gg turn G-g-ggG-G-G-"}, lower=7),
    figure_of("riff_hits", "harmony texture", "power chords off the beat", {
        "4/4": "G--G.gG- turn G--G-GGG", "3/4": "G--G.g turn G--GGG", "6/8": "G-GG-g turn G-GGGG"}, lower=7),
    figure_of("riff_chug", "harmony texture", "muted sixteenths that burst open", {
        "4/4": "ggggG---ggggG-G- turn ggggG---G-G-G---", "3/4": "ggggG---G-G- turn gggggggg G---",
        "6/8": "gggggg G----- turn gggggg G-G-G-"}, lower=7),
    figure_of("riff_octaves", "harmony texture", "root, fifth and octave, note by note", {
        "4/4": "L-VOL-VO turn L-VOVOV-", "3/4": "L-VOVO turn LVOVOV", "6/8": "LVOVOV turn LVOO-V"}, lower=7),
    figure_of("riff_held", "harmony texture", "power chords that are held", {
        "4/4": "G------- turn G---G-G-", "3/4": "G----- turn G---G-", "6/8": "G----- turn G--G-G"}, lower=7),
    # basses
    figure_of("bass_roots", "bass", "the root, twice a bar", {
        "4/4": "L---L--- turn L---L-l-", "3/4": "L----- turn L---l-", "6/8": "L--L-- turn L--L-l",
        "2/4": "L--- turn L-l-"}),
    figure_of("bass_whole", "bass", "the root, held", {
        "4/4": "L------- turn L-----l-", "3/4": "L----- turn L---l-", "6/8": "L----- turn L----l"}),
    figure_of("bass_fifths", "bass", "root and fifth", {
        "4/4": "L---F--- turn L---F-rr", "3/4": "L---F- turn L---rr", "6/8": "L--F-- turn L--F-r",
        "2/4": "L-F- turn L-rr"}),
    figure_of("bass_eighths", "bass", "the root in eighths, with a step to the next", {
        "4/4": "llllllll turn lllllrrr", "3/4": "llllll turn lllrrr", "6/8": "llllll turn lllrrr",
        "2/4": "llll turn llrr"}),
    figure_of("bass_walking", "bass", "four steps a bar, from root to root", {
        "4/4": "L-T-V-l- / L-V-T-l- turn L-V-rrrr", "3/4": "L-T-l- turn L-rrrr", "6/8": "L-TV-l turn L-Tlrr",
        "2/4": "L-l- / V-l- turn L-rr"}),
    figure_of("bass_octaves", "bass", "the root and its octave in eighths", {
        "4/4": "LOLOLOLO turn LOLOLrrr", "3/4": "LOLOLO turn LOLrrr", "6/8": "LOOLOO turn LOOrrr"}),
    figure_of("bass_root_fifth_octave", "bass", "root, fifth and octave in quarters", {
        "4/4": "L-V-O-V- turn L-V-rrrr", "3/4": "L-V-O- turn L-V-rr", "6/8": "L-VO-V turn L-Vrrr"}),
    figure_of("bass_waltz", "bass", "one note a bar, root and fifth in turns", {
        "3/4": "L---.. / F---.. turn F-..rr", "6/8": "L--... / F--... turn F--.rr"}, meters="3/4 6/8"),
    figure_of("bass_pickups", "bass", "the root, and notes that lead to the next", {
        "4/4": "L----.Fl turn L---rrrr", "3/4": "L---Fl turn L-.rrr", "6/8": "L--.Fl turn L-.rrr"}),
    figure_of("bass_pedal", "bass", "the key's tonic in eighths, whatever the chords", {
        "4/4": "ZZZZZZZZ turn ZZZZZ.Z.", "3/4": "ZZZZZZ turn ZZZZZ.", "6/8": "ZZZZZZ turn ZZZZ.Z"}),
    figure_of("bass_pedal_slow", "bass", "the key's tonic in halves, whatever the chords", {
        "4/4": "Z---Z--- turn Z---Z-Z-", "3/4": "Z----- turn Z---Z-", "6/8": "Z--Z-- turn Z--Z-Z"}),
    figure_of("bass_gallop", "bass", "an eighth and two sixteenths, on and on", {
        "4/4": "L-LLL-LLL-LLL-LL turn L-LLL-LLL-r-r-r-", "3/4": "L-LLL-LLL-LL turn L-LLL-r-r-r-",
        "6/8": "L-L-LLL-L-LL turn L-L-LLr-r-r-"}),
    figure_of("bass_tresillo", "bass", "three, three and two eighths", {
        "4/4": "L--L--L- turn L--L--rr", "3/4": "L--L-- turn L--L-r", "6/8": "L--L-L turn L--Lrr"}),
    figure_of("bass_habanera", "bass", "the same with the fifth and the octave", {
        "4/4": "L--VO-V- turn L--VO-rr", "3/4": "L--VO- turn L--Vrr", "6/8": "L--V-O turn L--Vrr"}),
    figure_of("bass_rock", "bass", "where a kick drum would fall", {
        "4/4": "L-.LL-.F turn L-.LL-rr", "3/4": "L-.LL- turn L-.Lrr", "6/8": "L-.L-F turn L-.Lrr"}),
    figure_of("bass_riff", "bass", "eighths that jump to octave and fifth", {
        "4/4": "LLOLVLOL turn LLOLVrrr", "3/4": "LLOLVL turn LLOrrr", "6/8": "LLOLVO turn LLOrrr"}),
    figure_of("bass_offbeats", "bass", "the root after every beat", {
        "4/4": ".L.L.L.L turn .L.L.Lrr", "3/4": ".L.L.L turn .L.Lrr", "6/8": ".LL.LL turn .LL.rr"}),
    figure_of("bass_sequencer", "bass", "sixteenths of a machine", {
        "4/4": "L.LLL.LOL.LLL.OL turn L.LLL.LOL.r.r.r.", "3/4": "L.LLL.LOL.OL turn L.LLL.r.r.r.",
        "6/8": "L.LL.OL.LL.O turn L.LL.Or.r.r."}),
)
# fmt: on
TABLE: Mapping[str, Figure] = MappingProxyType({figure.name: figure for figure in _FIGURES})
"""Every figure that is written in bars, by name."""
