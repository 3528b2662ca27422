"""What each General MIDI instrument plays well: range, comfortable range, and how fast.

The pitches are those that sound. Instruments without a range of their own (pads, leads, effects) have that of a
synthesiser's keyboard; its comfortable part is where such a sound is used.
"""

from __future__ import annotations

from dataclasses import dataclass

from gamemusic.programs import PROGRAM_NAMES

__all__ = ["IDIOMS", "Idiom", "fits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Idiom:
    """How one instrument is written for; pitches are MIDI notes, both ends included."""

    low: int
    """Lowest pitch that it has."""
    high: int
    """Highest pitch that players are asked for outside of a concerto."""
    comfortable: tuple[int, int]
    """Where it sounds like itself, and can stay for long."""
    agility: int
    """Notes a second of a passage that is still played with ease."""


_TABLE = """
piano A0-C8 C2-C7 14; bright_piano A0-C8 C2-C7 14; electric_grand A0-C8 C2-C7 14; honky_tonk A0-C8 C2-C7 14
electric_piano_1 E1-E7 C2-C6 14; electric_piano_2 E1-E7 C2-C6 14; harpsichord F1-F6 C2-C6 14; clavinet F1-E6 C2-C6 14
celesta C4-C8 C4-C8 10; glockenspiel G5-C8 G5-C8 8; music_box C4-C8 C5-C7 8; vibraphone F3-F6 F3-F6 10
marimba A2-C7 C3-C6 12; xylophone F4-C8 C5-C8 12; tubular_bells C4-F5 C4-F5 3; dulcimer D3-D6 G3-D6 12
drawbar_organ C2-C7 C2-C6 14; percussive_organ C2-C7 C2-C6 14; rock_organ C2-C7 C2-C6 14; church_organ C1-C7 C2-C6 10
reed_organ C2-C7 C3-C6 10; accordion E1-C#7 F3-C6 12; harmonica C4-C7 C4-C6 8; bandoneon C2-B6 C3-A5 10
nylon_guitar E2-B5 E2-E5 10; steel_guitar E2-C6 E2-E5 10; jazz_guitar E2-D6 E2-E5 10; clean_guitar E2-E6 E2-E5 12
muted_guitar E2-E5 E2-A4 12; overdriven_guitar D2-E6 E2-C6 14; distortion_guitar D2-E6 D2-C6 14
guitar_harmonics E3-E7 E4-E6 6
acoustic_bass B0-G4 E1-D3 8; finger_bass B0-G4 E1-E3 10; pick_bass B0-G4 E1-E3 10; fretless_bass B0-G4 E1-E3 8
slap_bass_1 B0-G4 E1-E3 12; slap_bass_2 B0-G4 E1-E3 12; synth_bass_1 C1-C5 C1-E3 16; synth_bass_2 C1-C5 C1-E3 12
violin G3-A7 G3-E6 14; viola C3-E6 C3-A5 12; cello C2-C5 C2-A4 10; contrabass C1-G3 E1-D3 7
tremolo_strings C1-E7 C2-C6 6; pizzicato_strings C1-C7 E1-C6 8; harp C1-G7 C2-C7 10; timpani C2-A3 F2-F3 8
strings C1-E7 C2-D6 12; slow_strings C1-E7 C2-C6 5; synth_strings_1 C1-C7 C2-C6 12; synth_strings_2 C1-C7 C2-C6 6
choir C2-A5 E2-G5 5; voice_oohs C3-C6 E3-A5 5; synth_voice C2-C6 C3-A5 6; orchestra_hit C2-C6 C3-C5 4
trumpet F#3-D6 Bb3-Bb5 10; trombone E2-Bb4 F2-F4 7; tuba D1-F4 F1-Bb3 6; muted_trumpet F#3-C6 Bb3-Bb5 9
french_horn B1-F5 F2-F5 7; brass F2-Bb5 Bb2-Bb5 9; synth_brass_1 C2-C6 C3-Bb5 10; synth_brass_2 C2-C6 C3-Bb5 8
soprano_sax Ab3-E6 C4-C6 12; alto_sax Db3-A5 F3-F5 12; tenor_sax Ab2-E5 C3-C5 12; baritone_sax C2-A4 E2-E4 10
oboe Bb3-A6 D4-D6 10; english_horn E3-C6 G3-G5 9; bassoon Bb1-E5 C2-G4 9; clarinet D3-C7 D3-C6 12
piccolo D5-C8 G5-G7 12; flute C4-D7 D4-A6 12; recorder C4-G7 F4-G6 12; pan_flute G3-G6 C4-C6 7
bottle C4-C7 C4-C6 4; shakuhachi D4-D7 D4-D6 6; whistle C5-C7 C5-A6 8; ocarina A4-F6 A4-F6 8
square_lead C2-C7 C3-E6 16; saw_lead C2-C7 C3-E6 16; calliope_lead C3-C7 C4-C6 10; chiff_lead C3-C7 C4-C6 10
charang_lead E2-E6 E3-C6 14; voice_lead C3-C6 E3-A5 8; fifths_lead C2-C6 C3-C5 10; bass_lead C1-C5 C2-C5 14
new_age_pad C2-C7 C3-C6 8; warm_pad C2-C7 C3-C6 4; polysynth_pad C2-C7 C3-C6 8; choir_pad C2-C6 C3-A5 4
bowed_pad C1-C7 C2-C6 4; metallic_pad C2-C7 C3-C6 4; halo_pad C2-C7 C3-C6 4; sweep_pad C2-C7 C3-C6 3
rain C2-C7 C3-C6 6; soundtrack C2-C7 C2-C6 3; crystal C3-C8 C4-C7 8; atmosphere C2-C7 C3-C6 8
brightness C2-C7 C3-C6 8; goblins C2-C7 C3-C5 4; echoes C2-C7 C3-C6 6; sci_fi C2-C7 C3-C6 4
sitar C3-C6 C3-C5 10; banjo C3-C6 G3-C6 14; shamisen C3-D6 C3-C6 10; koto G2-E6 C3-C6 10
kalimba C4-E6 C4-E6 8; bagpipe G4-A5 G4-A5 8; fiddle G3-E7 G3-C6 14; shanai C4-C6 C4-A5 8
tinkle_bell C5-C8 C5-C8 6; agogo C4-C7 C5-C6 6; steel_drums C3-C6 C4-G5 10; woodblock C4-C7 C5-C6 10
taiko C1-C4 C2-C3 8; melodic_tom C1-C5 C2-C4 10; synth_drum C1-C5 C2-C4 10; reverse_cymbal C4-C6 C4-C6 1
fret_noise C2-C6 C3-C5 4; breath_noise C2-C6 C3-C5 4; seashore C2-C6 C3-C5 1; bird C4-C7 C5-C6 4
telephone C4-C7 C5-C6 4; helicopter C2-C6 C3-C5 1; applause C2-C6 C3-C5 1; gunshot C2-C6 C3-C5 4
"""
"""In the order of their programs: name, range, comfortable range, notes a second."""
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def _pitch(name: str) -> int:
    return 12 * (int(name[-1]) + 1) + _STEPS[name[0]] + {"#": 1, "b": -1}.get(name[1], 0)


def _read() -> tuple[Idiom, ...]:
    found = {}
    for entry in _TABLE.replace("\n", ";").split(";"):
        if entry.strip():
            name, whole, comfortable, agility = entry.split()
            low, high = (_pitch(each) for each in whole.split("-"))
            least, most = (_pitch(each) for each in comfortable.split("-"))
            found[name] = Idiom(low=low, high=high, comfortable=(least, most), agility=int(agility))
    return tuple(found[name] for name in PROGRAM_NAMES)


IDIOMS: tuple[Idiom, ...] = _read()
"""The idiom of programs 0..127."""


def fits(program: int, low: int, high: int) -> bool:
    """Say whether an instrument has all pitches from ``low`` to ``high``."""
    return IDIOMS[program].low <= low and high <= IDIOMS[program].high
