"""How large what somebody else made may be. One object, which a host may tighten and passes on.

>>> from gamemusic import Limits, compose
>>> small = Limits(pack_bytes=8_000_000, midi_events=50_000)
>>> compose("explore", limits=small)  # doctest: +SKIP

Whatever is larger is refused with an error that names the limit; nothing is shortened.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from gamemusic.errors import InputError
from gamemusic.values import check_whole, shown

__all__ = ["LIMITS", "Limits"]

MIB = 1024 * 1024
_MOST = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a mood pack, a preset, a MIDI file, a model and a soundfont may hold at most.

    Raises:
        InputError: A limit is no whole number of 0 or more.
    """

    pack_bytes: int = 64 * MIB
    """All files of a pack together, and its zip."""
    pack_files: int = 64
    """Files of a pack, those that are ignored included."""
    file_bytes: int = 16 * MIB
    """Any file of a pack but model and soundfont."""
    name_characters: int = 200
    """Longest path inside a pack."""
    folder_depth: int = 4
    """Most parts of a path inside a pack."""
    zip_ratio: int = 100
    """Most bytes that one byte of a zip may unpack to."""
    zip_ratio_free_bytes: int = 64 * 1024
    """Files up to this size may be packed more tightly than `zip_ratio`."""

    yaml_bytes: int = 64 * 1024
    """A preset."""
    yaml_values: int = 5000
    """Keys and values of a preset."""

    model_bytes: int = 16 * MIB
    """An ONNX file."""
    model_layers: int = 4
    """LSTM layers of a model."""
    model_cells: int = 2048
    """Cells of each layer."""
    model_work: int = 4096 * MIB
    """Bytes of the model, times bars, times phrases composed at once: what composing takes. 64 bars of 16 phrases by
    the shipped models, of 2.5 MB, are 2,560 MiB."""

    soundfont_bytes: int = 32 * MIB
    """A soundfont that a pack brings."""
    soundfont_records: int = 100_000
    """Presets, instruments, samples, zones, generators or modulators of it, each."""

    soundfont_zones: int = 32_768
    """Zones of all its presets, each as often as a preset uses it. FluidR3, of 141 MB, has 18,082."""
    soundfont_key_zones: int = 16
    """Zones of a preset that sound at once for one key and velocity: voices of a note. FluidR3 has 8 at most."""
    soundfont_voices: int = 400_000
    """Voices that all keys of all presets take together, once loud and once soft, as they are tried before the
    soundfont is played. FluidR3 has 80,892."""

    theme_notes: int = 20_000
    """Notes of a MIDI file that a theme is taken from."""

    midi_bytes: int = 20_000_000
    """A MIDI file."""
    midi_events: int = 2_000_000
    """Events of a MIDI file."""
    midi_tracks: int = 1024
    """Tracks of a MIDI file."""
    midi_chord: int = 128
    """Notes struck on one tick in one channel of a track."""
    midi_ticks: int = 2**31 - 1
    """Length of a MIDI file in ticks."""
    midi_beats: int = 100_000
    """Length of a MIDI file in quarter notes: half a day at 120 a minute."""
    midi_tempo_us: tuple[int, int] = (20_000, 0xFFFFFF)
    """Microseconds a quarter note: 3.6 to 3,000 quarter notes a minute."""
    midi_denominator_power: int = 6
    """Shortest note value of a time signature, as a power of a half: a 64th."""
    midi_text: int = 200
    """Characters kept of a track's name; the rest of it is of no account."""

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(one.default, tuple):
                if not isinstance(value, tuple | list) or len(value) != len(one.default):
                    raise InputError(f"{one.name} must be two numbers, the lower one first (received {shown(value)})")
                checked: object = tuple(check_whole(part, one.name, 0, _MOST) for part in value)
            else:
                checked = check_whole(value, one.name, 0, _MOST)
            object.__setattr__(self, one.name, checked)  # numbers of NumPy become Python's


LIMITS = Limits()
"""What holds where nobody says otherwise."""
