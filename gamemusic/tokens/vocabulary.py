"""The token table: what each integer means, and the features that condition the model at every step.

A phrase is written bar by bar. ``BAR`` opens a bar; ``Same(stream, lag)`` says that a stream of this bar equals that of
the bar ``lag`` bars earlier; then, position by position, ``Position``, a ``Chord`` where the harmony changes, and
notes:
``Velocity`` where the role's velocity changes, ``Note(role, pitch)``, and ``Duration`` (not for drums). ``END`` ends
the phrase. Pitches and chord roots are relative to a tonic of C, so every key is the same to the model.

Note tokens are numbered by role, then pitch: at one position, notes come in the order of their numbers.
"""

from __future__ import annotations

import hashlib
from types import MappingProxyType

from gamemusic.programs import DRUM_NAMES
from gamemusic.scales import MODES
from gamemusic.score.phrase import Role
from gamemusic.theory import CHORD_QUALITIES, PITCH_NAMES
from gamemusic.units import METERS

__all__ = [
    "BAR",
    "BARS_LEFT_MAX",
    "CHORD",
    "CHORDS",
    "DRUM_PITCHES",
    "DURATION",
    "END",
    "FEATURES",
    "INTENSITY_BINS",
    "LAGS",
    "MAX_DURATION",
    "METER_NAMES",
    "MODE_NAMES",
    "NOTE",
    "NOTE_END",
    "NO_CHORD",
    "NO_POSITION",
    "PITCH_RANGES",
    "POSITION",
    "POSITIONS",
    "QUALITY_NAMES",
    "ROLES",
    "SAME",
    "START",
    "STREAMS",
    "STYLE_NAMES",
    "TOKEN_NAMES",
    "VELOCITIES",
    "VELOCITY",
    "VOCABULARY_HASH",
    "VOCABULARY_SIZE",
    "VOCABULARY_VERSION",
    "describe",
    "intensity_bin",
    "velocity_bin",
]

VOCABULARY_VERSION = 1

ROLES = tuple(Role)
"""Roles in the order of their note tokens."""
STREAMS = ("chords", *(role.value for role in ROLES))
"""What a ``Same`` token may copy: stream 0 is the chords, stream 1 + i is role i."""
LAGS = (1, 2, 4, 8)
"""How many bars back a ``Same`` token may look."""
POSITIONS = 48
"""Ticks of the longest bar (4/4)."""
MAX_DURATION = 96
"""Longest note, in ticks: two bars of 4/4."""
VELOCITIES = (20, 36, 52, 66, 80, 94, 108, 122)
"""The velocities that are told apart."""
PITCH_RANGES = MappingProxyType(
    {
        Role.BASS: (24, 60),
        Role.HARMONY: (36, 91),
        Role.TEXTURE: (36, 96),
        Role.COUNTER: (43, 91),
        Role.LEAD: (43, 98),
    }
)
"""Lowest and highest pitch of each role's tokens, relative to a tonic of C; drums have `DRUM_PITCHES`."""
DRUM_PITCHES = tuple(DRUM_NAMES)
"""General MIDI percussion keys that have a token."""

QUALITY_NAMES = tuple(CHORD_QUALITIES)
MODE_NAMES = tuple(MODES)
METER_NAMES = tuple(METERS)
STYLE_NAMES = (
    "rock",
    "electronic",
    "chamber",
    "piano",
    "song",
    "early",
    "folk",
    *(f"custom_{index}" for index in range(1, 10)),
)
"""Style tokens. The ``custom`` ones are for moods that modders train."""

START, BAR, END = 0, 1, 2
SAME = 3
"""First ``Same`` token: SAME + stream * len(LAGS) + index of the lag."""
POSITION = SAME + len(STREAMS) * len(LAGS)
CHORD = POSITION + POSITIONS
"""First ``Chord`` token: CHORD + root * len(QUALITY_NAMES) + quality."""
CHORDS = 12 * len(QUALITY_NAMES)
VELOCITY = CHORD + CHORDS
DURATION = VELOCITY + len(VELOCITIES)
"""First ``Duration`` token, of one tick."""


def _number_notes() -> tuple[dict[Role, int], int]:
    """Return the token of each role's lowest pitch, and the first token after all notes."""
    token, first = DURATION + MAX_DURATION, {}
    for role in ROLES:
        first[role] = token
        low, high = PITCH_RANGES.get(role, (0, len(DRUM_PITCHES) - 1))
        token += high - low + 1
    return first, token


_FIRST, NOTE_END = _number_notes()
NOTE = MappingProxyType(_FIRST)
"""Token of each role's lowest pitch (of the first of `DRUM_PITCHES` for drums)."""
VOCABULARY_SIZE = NOTE_END


def describe(token: int) -> str:
    """Return a token's name, such as ``Note(bass, 36)``."""
    if token < SAME:
        return ("Start", "Bar", "End")[token]
    if token < POSITION:
        stream, lag = divmod(token - SAME, len(LAGS))
        return f"Same({STREAMS[stream]}, {LAGS[lag]})"
    if token < CHORD:
        return f"Position({token - POSITION})"
    if token < VELOCITY:
        root, quality = divmod(token - CHORD, len(QUALITY_NAMES))
        return f"Chord({PITCH_NAMES[root]}, {QUALITY_NAMES[quality]})"
    if token < DURATION:
        return f"Velocity({VELOCITIES[token - VELOCITY]})"
    if token < NOTE[ROLES[0]]:
        return f"Duration({token - DURATION + 1})"
    role = next(role for role in reversed(ROLES) if token >= NOTE[role])
    index = token - NOTE[role]
    return f"Note({role}, {DRUM_PITCHES[index] if role is Role.DRUMS else PITCH_RANGES[role][0] + index})"


TOKEN_NAMES = tuple(describe(token) for token in range(VOCABULARY_SIZE))

INTENSITY_BINS = 8
BARS_LEFT_MAX = 16
NO_POSITION = POSITIONS
"""Feature value before a bar's first position."""
NO_CHORD = CHORDS
"""Feature value before the first chord."""

FEATURES = MappingProxyType(
    {
        "token": VOCABULARY_SIZE,
        "style": len(STYLE_NAMES),
        "intensity": INTENSITY_BINS,
        "meter": len(METER_NAMES),
        "mode": len(MODE_NAMES),
        "roles": 2 ** len(ROLES),
        "ending": 2,
        "bars_left": BARS_LEFT_MAX + 1,
        "position": POSITIONS + 1,
        "chord": CHORDS + 1,
    }
)
"""What the model is told at every step, in the order of the columns, each with its number of values."""

VOCABULARY_HASH = hashlib.sha256(
    "\n".join(
        (str(VOCABULARY_VERSION), *TOKEN_NAMES, *STYLE_NAMES, *(f"{k}={v}" for k, v in FEATURES.items()))
    ).encode()
).hexdigest()
"""Changes when any token, style or feature changes its meaning; a model of another hash is refused."""


def velocity_bin(velocity: int) -> int:
    """Return the index of the nearest of `VELOCITIES` (the lower at a tie)."""
    return min(range(len(VELOCITIES)), key=lambda index: abs(VELOCITIES[index] - velocity))


def intensity_bin(intensity: float) -> int:
    """Return the bin, 0..7, of an intensity of 0 to 1."""
    return min(INTENSITY_BINS - 1, max(0, int(intensity * INTENSITY_BINS)))
