"""Every player of every shipped style is asked for what the instrument has."""

from __future__ import annotations

import pytest

from gamemusic.arranger.figures import RANGES
from gamemusic.arranger.reach import narrow
from gamemusic.idioms import IDIOMS, fits
from gamemusic.packs.library import find_pack, list_shipped
from gamemusic.packs.musical import pitch_name
from gamemusic.packs.schema import Preset
from gamemusic.packs.style import Style
from gamemusic.programs import PROGRAM_NAMES, parse_program
from gamemusic.score.phrase import Role

STYLES = [
    pytest.param(pack.preset, style, id=f"{pack.preset.name}-{style.name}")
    for pack in (find_pack(one.path) for one in list_shipped())
    for style in pack.preset.styles.values()
]


def sounding_range(preset: Preset, style: Style, role: Role) -> tuple[int, int]:
    """Return lowest and highest pitch that a role of a style may sound."""
    player = style.instruments[role]
    allowed = preset.ranges_of(style)[role]
    low, high = narrow(RANGES[role], allowed) if player.figure else allowed
    return low + 12 * player.octave, high + 12 * player.octave


def test_the_table_is_whole() -> None:
    assert len(IDIOMS) == len(PROGRAM_NAMES) == 128
    for idiom in IDIOMS:
        low, high = idiom.comfortable
        assert 0 <= idiom.low <= low < high <= idiom.high <= 127 and high - low >= 10 and 1 <= idiom.agility <= 20
    assert fits(parse_program("cello"), 36, 72) and not fits(parse_program("cello"), 35, 60)
    assert not fits(parse_program("french_horn"), 41, 78)


@pytest.mark.parametrize(("preset", "style"), STYLES)
def test_every_player_has_the_notes(preset: Preset, style: Style) -> None:
    if style.soundfont == "chip":
        return  # a chip has every pitch
    for role, player in style.instruments.items():
        if role is not Role.DRUMS:
            low, high = sounding_range(preset, style, role)
            idiom = IDIOMS[player.program]
            name = PROGRAM_NAMES[player.program]
            assert fits(player.program, low, high), (
                f"{role} may play {pitch_name(low)} to {pitch_name(high)}, but the {name} has only "
                f"{pitch_name(idiom.low)} to {pitch_name(idiom.high)}"
            )


@pytest.mark.parametrize(("preset", "style"), STYLES)
def test_there_is_a_tune_at_every_intensity_and_the_low_end_is_in_the_middle(preset: Preset, style: Style) -> None:
    assert style.instruments[Role.LEAD].from_intensity <= 0.1
    for role in (Role.BASS, Role.DRUMS):
        assert role not in style.instruments or style.instruments[role].pan == 0
