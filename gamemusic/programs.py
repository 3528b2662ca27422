"""General MIDI's program and percussion names, as presets write them."""

from __future__ import annotations

from types import MappingProxyType

from gamemusic.errors import InputError, suggest

__all__ = ["DRUM_KITS", "DRUM_NAMES", "PROGRAM_NAMES", "parse_drum_kit", "parse_program"]

PROGRAM_NAMES: tuple[str, ...] = tuple(
    [
        "piano",
        "bright_piano",
        "electric_grand",
        "honky_tonk",
        "electric_piano_1",
        "electric_piano_2",
        "harpsichord",
        "clavinet",
        "celesta",
        "glockenspiel",
        "music_box",
        "vibraphone",
        "marimba",
        "xylophone",
        "tubular_bells",
        "dulcimer",
        "drawbar_organ",
        "percussive_organ",
        "rock_organ",
        "church_organ",
        "reed_organ",
        "accordion",
        "harmonica",
        "bandoneon",
        "nylon_guitar",
        "steel_guitar",
        "jazz_guitar",
        "clean_guitar",
        "muted_guitar",
        "overdriven_guitar",
        "distortion_guitar",
        "guitar_harmonics",
        "acoustic_bass",
        "finger_bass",
        "pick_bass",
        "fretless_bass",
        "slap_bass_1",
        "slap_bass_2",
        "synth_bass_1",
        "synth_bass_2",
        "violin",
        "viola",
        "cello",
        "contrabass",
        "tremolo_strings",
        "pizzicato_strings",
        "harp",
        "timpani",
        "strings",
        "slow_strings",
        "synth_strings_1",
        "synth_strings_2",
        "choir",
        "voice_oohs",
        "synth_voice",
        "orchestra_hit",
        "trumpet",
        "trombone",
        "tuba",
        "muted_trumpet",
        "french_horn",
        "brass",
        "synth_brass_1",
        "synth_brass_2",
        "soprano_sax",
        "alto_sax",
        "tenor_sax",
        "baritone_sax",
        "oboe",
        "english_horn",
        "bassoon",
        "clarinet",
        "piccolo",
        "flute",
        "recorder",
        "pan_flute",
        "bottle",
        "shakuhachi",
        "whistle",
        "ocarina",
        "square_lead",
        "saw_lead",
        "calliope_lead",
        "chiff_lead",
        "charang_lead",
        "voice_lead",
        "fifths_lead",
        "bass_lead",
        "new_age_pad",
        "warm_pad",
        "polysynth_pad",
        "choir_pad",
        "bowed_pad",
        "metallic_pad",
        "halo_pad",
        "sweep_pad",
        "rain",
        "soundtrack",
        "crystal",
        "atmosphere",
        "brightness",
        "goblins",
        "echoes",
        "sci_fi",
        "sitar",
        "banjo",
        "shamisen",
        "koto",
        "kalimba",
        "bagpipe",
        "fiddle",
        "shanai",
        "tinkle_bell",
        "agogo",
        "steel_drums",
        "woodblock",
        "taiko",
        "melodic_tom",
        "synth_drum",
        "reverse_cymbal",
        "fret_noise",
        "breath_noise",
        "seashore",
        "bird",
        "telephone",
        "helicopter",
        "applause",
        "gunshot",
    ]
)
"""Names of programs 0..127."""

DRUM_KITS = MappingProxyType(
    {"standard": 0, "room": 8, "power": 16, "electronic": 24, "analog": 25, "jazz": 32, "brush": 40, "orchestra": 48}
)
"""Kit names and their program numbers on the percussion bank."""

DRUM_NAMES = MappingProxyType(
    {
        35: "kick_2", 36: "kick", 37: "side_stick", 38: "snare", 39: "clap", 40: "snare_2", 41: "low_floor_tom",
        42: "closed_hat", 43: "high_floor_tom", 44: "pedal_hat", 45: "low_tom", 46: "open_hat", 47: "low_mid_tom",
        48: "high_mid_tom", 49: "crash", 50: "high_tom", 51: "ride", 52: "china", 53: "ride_bell", 54: "tambourine",
        55: "splash", 56: "cowbell", 57: "crash_2", 59: "ride_2", 60: "high_bongo", 61: "low_bongo",
        62: "mute_conga", 63: "open_conga", 64: "low_conga", 69: "cabasa", 70: "maracas", 75: "claves",
        76: "high_woodblock", 77: "low_woodblock", 80: "mute_triangle", 81: "open_triangle",
    }
)  # fmt: skip
"""Percussion keys this package writes."""


def parse_program(value: str | int) -> int:
    """Return the program number of a name in `PROGRAM_NAMES` or of a number 0..127.

    Raises:
        InputError: For anything else.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 127:
        return value
    name = str(value).strip().lower().replace(" ", "_").replace("-", "_")
    if name not in PROGRAM_NAMES:
        raise InputError(
            f"instrument {value!r} is neither a General MIDI name nor a number 0 to 127{suggest(name, PROGRAM_NAMES)}"
        )
    return PROGRAM_NAMES.index(name)


def parse_drum_kit(value: str | int) -> int:
    """Return the kit number of a name in `DRUM_KITS` or of a number 0..127.

    Raises:
        InputError: For anything else.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 127:
        return value
    name = str(value).strip().lower()
    if name not in DRUM_KITS:
        raise InputError(f"drum kit {value!r} is not one of {', '.join(DRUM_KITS)}{suggest(name, DRUM_KITS)}")
    return DRUM_KITS[name]
