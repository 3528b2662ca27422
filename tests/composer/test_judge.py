"""Which candidate is kept: outliers are turned away, and the others ranked by seam, likelihood and pace."""

from __future__ import annotations

from typing import Any

import pytest

from gamemusic.composer.candidates import Candidates
from gamemusic.composer.judge import LONGEST_COPY, count_faults, describe_own, find_faults, measure_pace, rank
from gamemusic.packs.fingerprint import Fingerprint, describe_bars, find_grams
from gamemusic.tokens.bars import EMPTY_BAR, Bar, Event
from gamemusic.tokens.vocabulary import STREAMS

LEAD, BASS = STREAMS.index("lead"), STREAMS.index("bass")
# no scale and no repeated note, so that its runs count
TUNE = (12, 16, 14, 19, 17, 12, 21, 19, 16, 24, 12, 17, 14, 23, 19, 16)


def bar(lead: tuple[int, ...] = (), bass: tuple[int, ...] = (), chords: tuple[int, ...] = ()) -> Bar:
    """Return a bar of quarter notes."""
    streams: list[tuple[Event, ...]] = [()] * len(STREAMS)
    streams[0] = tuple(Event(12 * place, chord) for place, chord in enumerate(chords))
    for stream, pitches in ((LEAD, lead), (BASS, bass)):
        streams[stream] = tuple(Event(12 * place, pitch, 12, 4) for place, pitch in enumerate(pitches))
    return tuple(streams)


BARS = [bar(TUNE[first : first + 4], (0, 7), (3,)) for first in range(0, 16, 4)]


def faults(bars: list[Bar], **changes: object) -> tuple[str, ...]:
    given: dict[str, object] = {
        "heard": (LEAD, BASS),
        "repeats": {},
        "given": {},
        "usual": {},
        "fingerprint": None,
        "bar_ticks": 48,
    }
    arguments: dict[str, Any] = {**given, **changes}
    return find_faults(bars, describe_own(bars, arguments["repeats"], arguments["bar_ticks"]), **arguments)


def test_a_usual_phrase_has_no_faults() -> None:
    usual = {name: (value, value) for name, value in describe_bars(BARS, 48).items()}
    assert faults(BARS, usual=usual) == ()


def test_absent_roles_are_found() -> None:
    assert faults([bar(TUNE[:4])] * 8) == ("absent",)
    assert faults([bar(TUNE[:4], (0,))] * 2 + [bar(TUNE[:4])] * 6) == ()
    assert faults([bar(TUNE[:4], (0,))] + [bar(TUNE[:4])] * 7) == ("absent",)


def test_silence_of_a_bar_is_found() -> None:
    assert faults([BARS[0], bar(), BARS[1]], heard=()) == ("empty",)
    assert faults([BARS[0], bar((), (0,)), BARS[1]], heard=()) == ()
    assert faults([*BARS, bar()], heard=()) == ("empty",)


@pytest.mark.parametrize(
    ("figure", "limits", "fault"),
    [
        ("lead_notes", (1001, 9000), "empty"),
        ("lead_notes", (0, 999), "crowded"),
        ("lead_leaps", (0, 1000), "erratic"),
        ("lead_rhythms", (0, 100), "erratic"),
        ("chords", (2000, 9000), "static"),
        ("chords", (0, 999), "erratic"),
        ("repeats", (0, 100), "repetitive"),
    ],
)
def test_each_unusual_figure_is_named(figure: str, limits: tuple[int, int], fault: str) -> None:
    assert faults(BARS, usual={figure: limits}) == (fault,)
    assert faults(BARS, usual={figure: (0, 10**9)}) == ()


def test_repeats_by_plan_and_given_melodies_are_nobodys_fault() -> None:
    twice = BARS + BARS
    usual = {"repeats": (0, 550)}  # the bass alone holds
    assert faults([*BARS, *BARS], usual=usual) == ("repetitive",)
    assert faults(twice, usual=usual, repeats={4: 0, 5: 1, 6: 2, 7: 3}) == ()
    assert faults(BARS, usual={"lead_leaps": (0, 1)}, given={0: ()}) == ()


def test_copies_of_the_training_music_are_found() -> None:
    print_ = Fingerprint.build({}, {}, find_grams(BARS, 48), 4096)
    assert print_.longest_run(BARS, 48) == 16 > LONGEST_COPY
    assert faults(BARS, fingerprint=print_) == ("copied",)
    # transposed it is still a copy; with other rhythm or other notes it is none
    assert faults([bar(tuple(p + 5 for p in TUNE[i : i + 4]), (0, 7)) for i in (0, 4, 8, 12)], fingerprint=print_)
    slower = [bar(TUNE[i : i + 2], (0,)) for i in range(0, 16, 2)]
    assert faults(slower, fingerprint=print_) == ()
    backwards = [bar(TUNE[::-1][i : i + 4], (0, 7)) for i in (0, 4, 8, 12)]
    assert faults(backwards, fingerprint=print_) == ()


def test_ranking_adds_places_and_faults_come_last() -> None:
    def best(
        seams: list[float], bits: list[int], found: list[tuple[str, ...]], paces: list[int], pace: int | None
    ) -> int:
        composed = Candidates([[EMPTY_BAR]] * len(seams), seams, bits, 1)
        return rank(composed, found, paces, pace)[0]

    none: list[tuple[str, ...]] = [(), (), ()]
    assert best([0.5, -0.25, 0.1], [100, 100, 100], none, [0, 0, 0], None) == 1
    assert best([0.5, -0.25, 0.1], [100, 100, 100], [(), ("empty",), ()], [0, 0, 0], None) == 2
    assert best([0.1, 0.1, 0.1], [10, 100, 900], none, [0, 0, 0], None) == 1  # neither dull nor wild
    assert best([0.1, 0.3, 0.2], [100, 100, 100], none, [900, 500, 2000], 2100) == 2  # pace counts most
    assert best([0.1, 0.1, 0.1], [1, 1, 1], [("empty",)] * 3, [0, 0, 0], None) == 0  # ties: the lowest


def test_pace_counts_notes_a_beat_without_repeats() -> None:
    assert measure_pace(describe_own(BARS, {}, 48)) == 1500
    assert measure_pace(describe_own([*BARS, bar(), bar()], {4: 0, 5: 1}, 48)) == 1500
    assert measure_pace(describe_own([*BARS, *[bar()] * 4], {}, 48)) == 750


def test_faults_are_counted() -> None:
    assert count_faults([("copied", "empty"), (), ("empty",)]) == (("copied", 1), ("empty", 2))


def test_a_copy_begins_with_the_thirteenth_note() -> None:
    print_ = Fingerprint.build({}, {}, find_grams(BARS, 48), 4096)
    for length, found in ((LONGEST_COPY, ()), (LONGEST_COPY + 1, ("copied",))):
        tune = (*TUNE[:length], *(13, 25, 18, 11)[: 16 - length])
        bars = [bar(tune[first : first + 4], (0, 7)) for first in range(0, 16, 4)]
        assert print_.longest_run(bars, 48) == length
        assert faults(bars, fingerprint=print_) == found


def test_a_planned_tune_may_be_a_copy_and_a_given_one_is_the_callers() -> None:
    print_ = Fingerprint.build({}, {}, find_grams(BARS, 48), 4096)
    assert faults(BARS, fingerprint=print_, given={0: ()}) == ()
    assert faults(BARS, fingerprint=print_, given={0: ()}, planned=True) == ("copied",)


def test_what_sounds_most_like_music_comes_first() -> None:
    composed = Candidates([[EMPTY_BAR]] * 3, [0.1] * 3, [1] * 3, 1)
    assert rank(composed, [()] * 3, [0] * 3, None, [1, 9, 5]) == [1, 2, 0]
