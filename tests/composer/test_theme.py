"""Themes: a melody in another key, mode, meter and register, note for note what it was."""

from __future__ import annotations

from pathlib import Path

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamemusic.composer.theme import Theme, fit_theme
from gamemusic.composer.themefile import read_theme
from gamemusic.errors import InputError, MidiError
from gamemusic.scales import MODES
from gamemusic.score.phrase import Note, Phrase, Role, Track
from gamemusic.theory import PITCH_NAMES, Key, parse_key
from gamemusic.tokens.bars import join_bars
from gamemusic.tokens.vocabulary import PITCH_RANGES, ROLES, STREAMS
from gamemusic.units import METERS, parse_meter

TUNE = (60, 64, 67, 65, 64, 62, 60, 67)


def theme(pitches: tuple[int, ...] = TUNE, key: str = "C", meter: str = "4/4") -> Theme:
    notes = tuple(Note(12 * index, pitch, 12, 80) for index, pitch in enumerate(pitches))
    return Theme(notes=notes, key=parse_key(key), meter=parse_meter(meter))


def frame(key: str = "C", bars: int = 8, meter: str = "4/4") -> Phrase:
    return Phrase(bars=bars, meter=parse_meter(meter), tempo_bpm=100, key=parse_key(key), tracks=())


def played(one: Theme, phrase: Phrase, sections: tuple[int, ...], form: tuple[str, ...] = ()) -> list[tuple[int, int]]:
    """Return the fitted theme as (tick, sounding pitch)."""
    lead = STREAMS.index("lead")
    fitted = fit_theme(one, phrase, sections, form)
    bars = [
        tuple(fitted.get(bar, ()) if stream == lead else () for stream in range(len(STREAMS)))
        for bar in range(phrase.bars)
    ]
    return [(note.start, note.pitch) for note in join_bars(bars, phrase).track(Role.LEAD).notes]


def test_in_its_own_key_it_is_what_it_was() -> None:
    assert played(theme(), frame(), (8,)) == [(12 * index, pitch) for index, pitch in enumerate(TUNE)]


def test_it_is_transposed_and_takes_on_the_mode() -> None:
    """C major's scale steps 1 3 5 4 3 2 1 5 are those of A minor's, an octave's choice aside."""
    steps = (0, 3, 7, 5, 3, 2, 0, 7)
    assert [pitch - 57 for _, pitch in played(theme(), frame("A minor"), (8,))] == list(steps)
    raised = theme((60, 61, 62))  # C sharp is foreign to C major, and stays a raised first step
    assert [pitch % 12 for _, pitch in played(raised, frame("E minor"), (8,))] == [4, 5, 6]


@given(
    steps=st.lists(st.integers(-7, 14), min_size=1, max_size=8),
    tonic=st.integers(0, 11),
    before=st.sampled_from(sorted(MODES)),
    after=st.sampled_from(sorted(MODES)),
    name=st.sampled_from(sorted(METERS)),
)
def test_every_theme_fits_every_key_and_meter(steps: list[int], tonic: int, before: str, after: str, name: str) -> None:
    scale = MODES[before]
    pitches = [60 + 12 * (step // 7) + scale[step % 7] for step in steps]
    notes = tuple(Note(6 * index, pitch, 6, 80) for index, pitch in enumerate(pitches))
    one = Theme(notes=notes, key=Key(0, before), meter=METERS["4/4"])
    phrase = Phrase(bars=4, meter=METERS[name], tempo_bpm=100, key=Key(tonic, after), tracks=())
    heard = played(one, phrase, (4,))
    low, high = (PITCH_RANGES[Role.LEAD][0] - 6, PITCH_RANGES[Role.LEAD][1] + 5)
    assert all(low <= pitch <= high for _, pitch in heard)
    wanted = [(tonic + MODES[after][step % 7]) % 12 for step in steps]
    if name == "4/4":
        assert [pitch % 12 for _, pitch in heard] == wanted
    else:  # notes that fall together lose the later one
        assert heard and heard[0][1] % 12 == wanted[0]


def test_it_is_stretched_to_the_meter() -> None:
    assert [tick for tick, _ in played(theme(), frame(meter="3/4"), (8,))] == [0, 9, 18, 27, 36, 45, 54, 63]
    assert [tick for tick, _ in played(theme(), frame(meter="2/4"), (8,))] == [0, 6, 12, 18, 24, 30, 36, 42]


def test_another_section_answers_a_fourth_higher() -> None:
    two = theme(TUNE + TUNE[::-1])
    heard = played(two, frame(bars=16), (4, 4, 4, 4), ("A", "A'", "B", "A"))
    answer = [(tick - 8 * 48, pitch) for tick, pitch in heard if tick >= 8 * 48]
    assert [tick for tick, _ in answer] == [12 * index for index in range(8)]
    assert [pitch % 12 for _, pitch in answer] == [5, 9, 0, 11, 9, 7, 5, 0]
    assert not [tick for tick, _ in heard if 4 * 48 <= tick < 8 * 48]  # A' is a repeat, not the theme's business


def test_a_theme_that_begins_with_silence_has_no_answer() -> None:
    late = tuple(Note(12 * index + 3 * 48, pitch, 12, 80) for index, pitch in enumerate(TUNE[:4]))
    one = Theme(notes=late, key=parse_key("C"), meter=parse_meter("4/4"))
    heard = played(one, frame(bars=16), (4, 4, 4, 4), ("A", "A'", "B", "A"))
    assert heard == [(note.start, note.pitch) for note in late]


def test_a_theme_longer_than_its_section_is_refused() -> None:
    with pytest.raises(InputError, match="the theme has 2 bars, the first section 1: shorten the theme, or ask for 8"):
        fit_theme(theme(), frame(bars=4), (1, 1, 1, 1), ("A", "A", "B", "A"))


def write(path: Path, *, key: str | None = "A", drums: bool = False, meter: tuple[int, int] = (4, 4)) -> Path:
    """Write a file with chords on one track and a melody on another."""
    file = mido.MidiFile(ticks_per_beat=480)
    chords, melody = mido.MidiTrack(), mido.MidiTrack()
    chords.append(mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1]))
    if key:
        chords.append(mido.MetaMessage("key_signature", key=key))
    melody.append(mido.MetaMessage("track_name", name="Theme"))
    for pitch in (45, 52, 57):
        chords.append(mido.Message("note_on", note=pitch, velocity=60))
    for index, pitch in enumerate((45, 52, 57)):
        chords.append(mido.Message("note_off", note=pitch, time=0 if index else 960))
    for pitch in (69, 73, 76, 74):
        melody.append(mido.Message("note_on", note=pitch, velocity=90, channel=9 if drums else 0))
        melody.append(mido.Message("note_off", note=pitch, time=480, channel=9 if drums else 0))
    file.tracks += [melody] if drums else [chords, melody]
    file.save(path)
    return path


def test_files_give_their_melody(tmp_path: Path) -> None:
    one = read_theme(write(tmp_path / "a.mid"))
    assert [note.pitch for note in one.notes] == [69, 73, 76, 74]
    assert [note.start for note in one.notes] == [0, 12, 24, 36]
    assert (str(one.key), str(one.meter), one.bars) == ("A major", "4/4", 1)


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize("mode", ["major", "minor"])
def test_without_a_key_signature_the_key_is_found(tmp_path: Path, tonic: int, mode: str) -> None:
    scale = MODES[mode]
    file = mido.MidiFile(ticks_per_beat=12)
    track = mido.MidiTrack()
    for step in (0, 2, 4, 3, 2, 1, 0, 4, 4, 0):
        track.append(mido.Message("note_on", note=60 + tonic + scale[step]))
        track.append(mido.Message("note_off", note=60 + tonic + scale[step], time=12))
    file.tracks.append(track)
    file.save(tmp_path / "a.mid")
    assert str(read_theme(tmp_path / "a.mid").key) == f"{PITCH_NAMES[tonic]} {mode}"


def test_what_is_no_theme_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_theme(tmp_path / "nothing.mid")
    (tmp_path / "text.mid").write_text("no music")
    with pytest.raises(MidiError):
        read_theme(tmp_path / "text.mid")
    with pytest.raises(InputError, match="no notes but drums"):
        read_theme(write(tmp_path / "drums.mid", key=None, drums=True))
    with pytest.raises(InputError, match="is in 5/4; write it in one of"):
        read_theme(write(tmp_path / "five.mid", meter=(5, 4)))
    with pytest.raises(InputError, match="at least one note"):
        Theme.of_phrase(frame())


def test_a_phrases_lead_is_a_theme() -> None:
    lead = Track(Role.LEAD, (Note(0, 72, 24), Note(0, 60, 24), Note(12, 74, 24)))
    one = Theme.of_phrase(frame().replace(tracks=(lead,)))
    assert one.notes == (Note(0, 72, 12), Note(12, 74, 24))
    assert ROLES.index(Role.LEAD) == 4
