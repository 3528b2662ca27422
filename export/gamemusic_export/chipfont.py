"""The chip soundfont: every General MIDI program and drum as a sound chip of the 1980s would play it.

``python -m gamemusic_export.chipfont`` writes it to ``gamemusic/audio/chip.sf2``, the same bytes each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from gamemusic.audio.soundfont import CHIP_SOUNDFONT
from gamemusic.files import write_files
from gamemusic.programs import DRUM_KITS, DRUM_NAMES, PROGRAM_NAMES
from gamemusic_export.chipwaves import WAVES, key_groups, make_clap, make_noise, make_ring, make_sweep, make_wave
from gamemusic_export.sf2 import Generator, Instrument, Preset, Sample, Zone, lfo_cents, time_cents, write_soundfont

__all__ = ["PLAIN", "make_chipfont", "write_chipfont"]

PLAIN = ("pulse_12", "pulse_25", "pulse_50", "triangle", "saw", "noise", "stairs", "organ")
"""Presets 0, 1 ... of bank 1: waves without vibrato or decay."""

_INFO = MappingProxyType(
    {
        "isng": "EMU8000",
        "INAM": "gamemusic chip",
        "IENG": "gamemusic contributors",
        "ICOP": "MIT License",
        "ICMT": "Waves of sound chips, made by code: gamemusic_export.chipfont",
        "ISFT": "gamemusic",
    }
)
_LOOPED = 1
_NOTHING_DB = 100.0
"""What falls as far is silent."""
_SHORTER_UPWARDS = 15
"""Cents of time by which a sound that dies away is shorter for each key upwards from 60."""
_VIBRATO_DELAY, _VIBRATO_HERTZ = 0.35, 5.5
_DRUM_ATTACK = 0.001
_UNTOUCHED = 60.0
"""Seconds of release with which a sample's own end comes first."""
_EMU_SCALE = 25
"""Steps of attenuation that players count as 1 dB: 0.4 of the format's centibels, as E-mu's own hardware had it."""


@dataclass(frozen=True, slots=True)
class _Voice:
    """A melodic instrument."""

    wave: str
    """Of `WAVES`, or noise."""
    decay: float = 0.0
    """Seconds in which it falls by 100 dB, or at that pace to ``sustain``; 0 for held sounds."""
    sustain: float = 100.0
    """Level that a decay ends at, in dB below the beginning."""
    attack: float = 0.002
    """In seconds; anything shorter clicks."""
    release: float = 0.03
    """Seconds in which it would fall by 100 dB after the note's end."""
    vibrato: int = 0
    """Depth in cents; it begins 0.35 s after the note, so that each note has the same."""
    tremolo: tuple[float, float] = (0.0, 0.0)
    """Depth in dB and frequency in hertz."""
    warble: tuple[int, float] = (0, 0.0)
    """Depth in cents and frequency in hertz, from the note's beginning."""
    drop: tuple[int, float] = (0, 0.0)
    """Cents above its pitch at which a note begins, and seconds until it is there."""
    shifts: tuple[int, ...] = (0,)
    """Semitones by which each of its waves is moved."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """A part of a drum's sound."""

    sample: str
    decay: float = 0.0
    """Seconds in which it falls by 100 dB; 0 for as long as the sample takes."""
    shift: int = 0
    """Semitones by which the sample is moved."""
    softer: float = 0.0
    """In dB, small, since not all players count attenuation alike."""
    group: int = 0
    """Drums of one group end each other; 0 for none."""


_VOICES: Mapping[str, tuple[_Voice, tuple[int, ...]]] = MappingProxyType(
    {
        "struck": (_Voice("pulse_25", decay=5.0), (0, 1, 2, 3, 113)),
        "electric": (_Voice("organ", decay=6.0), (4, 5)),
        "quill": (_Voice("pulse_12", decay=3.0), (6, 7, 15, 104, 105, 106, 107)),
        "bell": (_Voice("triangle", decay=2.5, release=0.3), (8, 9, 10, 96, 98, 112, 114)),
        "long bell": (_Voice("triangle", decay=6.0, release=0.3, tremolo=(1.5, 5.0)), (11, 14)),
        "knock": (_Voice("triangle", decay=0.9), (12, 13, 108, 115)),
        "organ": (_Voice("organ"), (16, 17, 18, 19, 20)),
        "reeds": (_Voice("pulse_25", attack=0.015, vibrato=6), (21, 22, 23, 64, 65, 66, 67, 70, 109)),
        "plucked": (_Voice("pulse_25", decay=3.0), (24, 25, 26, 27, 99)),
        "muted": (_Voice("pulse_25", decay=0.7), (28, 45)),
        "distorted": (_Voice("saw", decay=12.0, sustain=6.0), (29, 30)),
        "harp": (_Voice("triangle", decay=4.0, release=0.2), (31, 46)),
        "bass": (_Voice("stairs", decay=10.0, sustain=6.0), (32, 33, 34, 35, 43)),
        "slap": (_Voice("pulse_50", decay=2.0, sustain=15.0), (36, 37)),
        "saw bass": (_Voice("saw", decay=2.5, sustain=10.0), (38,)),
        "pulse bass": (_Voice("pulse_50", decay=2.5, sustain=8.0), (39, 87)),
        "bowed": (_Voice("saw", attack=0.025, release=0.04, vibrato=8), (40, 41, 42, 110)),
        "tremolo": (_Voice("saw", attack=0.02, release=0.04, tremolo=(5.0, 7.0)), (44,)),
        "timpani": (_Voice("stairs", decay=2.5, drop=(500, 0.06), release=0.3), (47,)),
        "ensemble": (_Voice("saw", attack=0.06, release=0.04, vibrato=5), (48, 49)),
        "pulse pad": (_Voice("pulse_25", attack=0.08, release=0.04, vibrato=5), (50, 51, 90, 93, 95, 97, 101)),
        "voice": (_Voice("organ", attack=0.05, release=0.04, vibrato=7), (52, 53, 54, 85, 88, 89, 91, 92, 94, 102)),
        "hit": (_Voice("saw", decay=1.5, shifts=(-12, 0)), (55,)),
        "brass": (_Voice("pulse_25", attack=0.02, decay=4.0, sustain=4.0, vibrato=6), (56, 57, 61, 62, 63)),
        "thin brass": (_Voice("pulse_12", attack=0.015, vibrato=6), (59, 68, 69, 111)),
        "mellow": (_Voice("pulse_50", attack=0.025, vibrato=5), (58, 60, 71)),
        "pipe": (_Voice("triangle", attack=0.015, vibrato=8), (72, 73, 74, 75, 76, 77, 78, 79, 82)),
        "square": (_Voice("pulse_50", vibrato=9), (80,)),
        "saw": (_Voice("saw", vibrato=9), (81, 103)),
        "pulse": (_Voice("pulse_25", vibrato=9), (83,)),
        "thin pulse": (_Voice("pulse_12", vibrato=9), (84, 100)),
        "fifths": (_Voice("pulse_25", shifts=(0, 7)), (86,)),
        "tom": (_Voice("stairs", decay=1.0, drop=(900, 0.05), release=0.2), (116, 117, 118)),
        "hiss swelling": (_Voice("noise", attack=1.5, release=0.1), (119,)),
        "hiss": (_Voice("noise", decay=0.3), (120, 121)),
        "surf": (_Voice("noise", attack=0.6, release=0.3, tremolo=(8.0, 0.3)), (122, 126)),
        "bird": (_Voice("triangle", warble=(700, 9.0)), (123,)),
        "ringing": (_Voice("pulse_50", warble=(250, 20.0)), (124,)),
        "rotor": (_Voice("noise", tremolo=(12.0, 12.0)), (125,)),
        "shot": (_Voice("noise", decay=2.0, release=1.0), (127,)),
    }
)
"""Instruments, and the General MIDI programs that they play."""

_HATS, _TRIANGLES = 1, 2
_DRUMS: Mapping[int, tuple[_Layer, ...]] = MappingProxyType(
    {
        35: (_Layer("kick", shift=-2),),
        36: (_Layer("kick"),),
        37: (_Layer("click"), _Layer("soft noise", 0.08)),
        38: (_Layer("noise", 0.40, -5, softer=1.0), _Layer("drum", 0.4, 7)),
        39: (_Layer("clap"),),
        40: (_Layer("noise", 0.30, softer=1.0), _Layer("drum", 0.3, 10)),
        41: (_Layer("drum", shift=-7),),
        42: (_Layer("noise", 0.12, group=_HATS),),
        43: (_Layer("drum", shift=-4),),
        44: (_Layer("noise", 0.08, -3, group=_HATS),),
        45: (_Layer("drum", shift=-1),),
        46: (_Layer("soft noise", 0.80, group=_HATS),),
        47: (_Layer("drum", shift=2),),
        48: (_Layer("drum", shift=5),),
        49: (_Layer("noise", 2.2, softer=4.0),),
        50: (_Layer("drum", shift=8),),
        51: (_Layer("soft noise", 0.8), _Layer("metal", 0.9)),
        52: (_Layer("noise", 1.6, -4, softer=4.0), _Layer("metal", 1.0, -5)),
        53: (_Layer("metal", 1.2), _Layer("soft noise", 0.2, softer=2.0)),
        54: (_Layer("noise", 0.25), _Layer("metal", 0.25)),
        55: (_Layer("noise", 0.9, softer=4.0),),
        56: (_Layer("cowbell", 0.9),),
        57: (_Layer("noise", 1.9, -2, softer=4.0),),
        59: (_Layer("soft noise", 0.6), _Layer("metal", 0.7, -3)),
        60: (_Layer("drum", 0.6, 17),),
        61: (_Layer("drum", 0.7, 12),),
        62: (_Layer("drum", 0.3, 14),),
        63: (_Layer("drum", 0.9, 12),),
        64: (_Layer("drum", 0.9, 8),),
        69: (_Layer("noise", 0.15, -1),),
        70: (_Layer("noise", 0.10),),
        75: (_Layer("click", shift=8),),
        76: (_Layer("click", shift=2),),
        77: (_Layer("click", shift=-4),),
        80: (_Layer("chime", 0.4, group=_TRIANGLES),),
        81: (_Layer("chime", 3.0, group=_TRIANGLES),),
    }
)
"""Percussion keys: one for each of `gamemusic.programs.DRUM_NAMES`."""


def make_chipfont() -> bytes:
    """Return the soundfont, a SoundFont 2.04 file; the same bytes each time."""
    samples = [sample for name in WAVES for sample in make_wave(name)]
    drums = _drum_samples()
    kit = _kit({drum.name: drum.loops for drum in drums})
    voices = {name: voice for name, (voice, _) in _VOICES.items()} | {f"plain {name}": _Voice(name) for name in PLAIN}
    instruments = [_melodic(name, voice) for name, voice in voices.items()] + [kit]
    players = {program: name for name, (_, programs) in _VOICES.items() for program in programs}
    presets = [
        *(Preset(PROGRAM_NAMES[n], players[n], bank=0, program=n) for n in range(128)),
        *(Preset(name, f"plain {name}", bank=1, program=n) for n, name in enumerate(PLAIN)),
        *(Preset(f"kit {name}", "kit", bank=128, program=number) for name, number in DRUM_KITS.items()),
    ]
    return write_soundfont(samples + drums, instruments, presets, info=_INFO)


def write_chipfont(path: Path = CHIP_SOUNDFONT) -> Path:
    """Write the soundfont and return its path.

    Raises:
        OutputError: It could not be written.
    """
    write_files({path: make_chipfont()})
    return path


def _drum_samples() -> list[Sample]:
    return [
        make_noise("noise", length=32767, level=0.2),
        make_noise("soft noise", length=8192, level=0.1),
        make_sweep("kick", "stairs", frequencies=(320.0, 42.0), fall=0.035, seconds=0.28, level=0.9, rate=32000),
        make_sweep("drum", "stairs", frequencies=(300.0, 98.0), fall=0.05, seconds=0.4, level=0.5, rate=32000),
        make_sweep("click", "triangle", frequencies=(2200.0, 950.0), fall=0.006, seconds=0.09, level=0.6, rate=48000),
        make_clap("clap", starts=(0.0, 0.011, 0.022), seconds=0.18, level=0.3, rate=32000),
        make_ring("metal", "metal", frequency=1420.0, level=0.07),
        make_ring("cowbell", "pulse_25", frequency=270.0, multiples=(2, 3), level=0.16),
        make_ring("chime", "triangle", frequency=2090.0, multiples=(2, 3), level=0.1),
    ]


def _melodic(name: str, voice: _Voice) -> Instrument:
    depth, pace = voice.tremolo
    bend, speed = voice.warble
    height, fall = voice.drop
    values = {Generator.ATTACK: time_cents(voice.attack), Generator.RELEASE: time_cents(voice.release)}
    if voice.decay:
        values |= {Generator.DECAY: time_cents(voice.decay), Generator.SUSTAIN: round(10.0 * voice.sustain)}
        if voice.sustain >= _NOTHING_DB:
            values[Generator.KEY_TO_DECAY] = _SHORTER_UPWARDS
    if voice.vibrato:
        values |= {
            Generator.VIB_LFO_TO_PITCH: voice.vibrato,
            Generator.VIB_LFO_DELAY: time_cents(_VIBRATO_DELAY),
            Generator.VIB_LFO_FREQUENCY: lfo_cents(_VIBRATO_HERTZ),
        }
    if depth or bend:
        values |= {
            Generator.MOD_LFO_TO_VOLUME: round(10.0 * depth),
            Generator.MOD_LFO_TO_PITCH: bend,
            Generator.MOD_LFO_FREQUENCY: lfo_cents(pace or speed),
        }
    if height:
        values |= {
            Generator.MOD_ENV_TO_PITCH: height,
            Generator.MOD_ENV_DECAY: time_cents(fall),
            Generator.MOD_ENV_SUSTAIN: 1000,
        }
    values[Generator.SAMPLE_MODES] = _LOOPED
    if voice.wave == "noise":
        return Instrument(name, (Zone("noise"),), values)
    zones = [
        Zone(
            f"{voice.wave} {high}",
            # the group of the key that is heard, so that what is moved up does not fold back
            (max(0, low - shift), min(127, high - shift) if high < 127 else 127),
            {Generator.COARSE_TUNE: shift} if shift else {},
        )
        for shift in voice.shifts
        for low, high in key_groups()
        if high - shift >= 0 and low - shift <= 127
    ]
    return Instrument(name, tuple(zones), values)


def _kit(loops: Mapping[str, bool]) -> Instrument:
    zones = []
    for key in DRUM_NAMES:
        for layer in _DRUMS[key]:
            # notes of drums are short whatever they strike, so the end of one only goes on with its decay
            fall = layer.decay or _UNTOUCHED
            values = {
                Generator.RELEASE: time_cents(fall),
                Generator.ROOT_KEY: key - layer.shift,
            }
            if layer.decay:
                values |= {Generator.DECAY: time_cents(fall), Generator.SUSTAIN: 1000}
            if loops[layer.sample]:
                values[Generator.SAMPLE_MODES] = _LOOPED
            if layer.softer:
                values[Generator.ATTENUATION] = round(_EMU_SCALE * layer.softer)
            if layer.group:
                values[Generator.EXCLUSIVE_CLASS] = layer.group
            zones.append(Zone(layer.sample, (key, key), values))
    return Instrument("kit", tuple(zones), {Generator.ATTACK: time_cents(_DRUM_ATTACK)})


if __name__ == "__main__":
    write_chipfont()
