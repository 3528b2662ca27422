"""What is kept of each phrase, and the file it is kept in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from madephrases import BAR, make_phrase, noises, transposed, tune, tunes

from gamemusic.errors import FormatError, InputError
from gamemusic.score.phrase import Chord, Note, Role
from gamemusic.theory import Key
from gamemusic_export.evaluation.distributions import CATEGORIES, DISTRIBUTIONS, count_distributions
from gamemusic_export.evaluation.features import FIGURES, NOTE_FIGURES, FeatureSet, featurise, load_features
from gamemusic_export.evaluation.harmony import measure_harmony
from gamemusic_export.evaluation.lines import find_degree, read_line
from gamemusic_export.evaluation.sets import PhraseSet
from gamemusic_export.evaluation.structure import measure_structure


def test_every_distribution_has_a_category() -> None:
    assert sorted(name for names in CATEGORIES.values() for name in names) == sorted(DISTRIBUTIONS)


def test_counts_are_those_of_the_notes() -> None:
    lead = [Note(0, 62, 12), Note(12, 69, 12), Note(16, 50, 4), Note(25, 50, 60)]
    counts = count_distributions(make_phrase({Role.LEAD: lead, Role.DRUMS: [Note(0, 36, 3)]}, key=Key(2, "major")))
    assert counts["pitch_class"].tolist() == [3, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]  # D is the tonic
    assert np.flatnonzero(counts["interval_lead"]).tolist() == [0, 12, 19]  # -19 is clipped to -12
    assert counts["duration_upper"].sum() == 4
    assert counts["duration_upper"][-1] == 1
    assert counts["onset_upper"][-1] == 1  # tick 25 is on no grid
    assert counts["polyphony"].tolist()[:3] == [50, 13, 1]
    assert counts["drum_key"].sum() == counts["onset_drums"].sum() == 1
    assert not counts["pitch_class_bass"].any()


@given(st.integers(0, 50), st.integers(-6, 5))
def test_transposition_changes_no_count_and_no_figure(seed: int, semitones: int) -> None:
    phrase = tune(seed)
    table = featurise(PhraseSet((phrase, transposed(phrase, semitones)), ("a", "a")))
    assert np.array_equal(table.counts[0], table.counts[1])
    assert np.array_equal(table.figures[0], table.figures[1], equal_nan=True)


def test_the_file_holds_the_same_and_is_small(tmp_path: Path) -> None:
    # random notes compress worst
    table = featurise(noises(200)).with_extra("run", np.arange(200))
    path = table.save(tmp_path / "held" / "real.npz")
    assert path.stat().st_size < 100_000
    again = load_features(path)
    assert np.array_equal(again.counts, table.counts)
    assert np.array_equal(again.figures, table.figures, equal_nan=True)
    assert (again.groups, again.styles, again.moods) == (table.groups, table.styles, table.moods)
    assert np.array_equal(again.figure("run"), np.arange(200))
    assert again.save(tmp_path / "again.npz").read_bytes() == path.read_bytes()


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "features.npz"
    path.write_bytes(b"no archive")
    with pytest.raises(FormatError, match=r"features\.npz: this is not a file of features"):
        load_features(path)
    np.savez(path, meta=np.zeros(3))
    with pytest.raises(FormatError, match="measure the phrases again"):
        load_features(path)


def test_a_file_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = featurise(tunes(2)).save(tmp_path / "features.npz")
    monkeypatch.setattr("gamemusic_export.evaluation.features._FORMAT", 99)
    with pytest.raises(FormatError, match="another version"):
        load_features(path)


def test_selected_rows_stay_together() -> None:
    table = featurise(tunes(4)).with_extra("number", [0, 1, 2, 3])
    part = table.select([3, 1])
    assert part.groups == (table.groups[3], table.groups[1])
    assert part.figure("number").tolist() == [3, 1]
    assert len(table.select([True, False, False, True])) == 2
    assert len(table.columns()) == table.matrix().shape[1]
    assert table.matrix()[0, table.columns().index("polyphony 4")] == table.distribution("polyphony")[0, 4] / 64
    assert part.matrix().shape == (2, sum(DISTRIBUTIONS.values()) + len(NOTE_FIGURES))


def test_what_is_missing_is_refused() -> None:
    with pytest.raises(InputError, match="at least one phrase"):
        featurise(PhraseSet((), ()))
    table: FeatureSet = featurise(tunes(2))
    with pytest.raises(InputError, match="one value for each of 2"):
        table.with_extra("run", [1])
    with pytest.raises(InputError, match="its own name"):
        table.with_extra(FIGURES[0], [1, 2])


def test_hidden_figures_are_no_part_of_what_classifiers_see() -> None:
    assert not {"velocity", "intensity", "minor"} & set(NOTE_FIGURES)
    phrase = tune(1)
    louder = phrase.replace(
        intensity=0.9,
        tempo_bpm=180.0,
        tracks=tuple(
            type(track)(track.role, tuple(Note(n.start, n.pitch, n.duration, 120) for n in track.notes))
            for track in phrase.tracks
        ),
    )
    table = featurise(PhraseSet((phrase, louder), ("a", "b")))
    assert np.array_equal(table.matrix()[0], table.matrix()[1], equal_nan=True)
    assert table.figure("velocity").tolist() == [80, 120]


def test_lines_are_the_outer_notes() -> None:
    chord = [Note(0, 60, 12), Note(0, 64, 12), Note(12, 62, 12)]
    assert read_line(chord, Role.LEAD) == [(0, 64), (12, 62)]
    assert read_line(chord, Role.BASS) == [(0, 60), (12, 62)]
    assert [find_degree(pitch, Key(0, "major")) for pitch in (60, 61, 62, 64, 65, 72)] == [35, 35.5, 36, 37, 38, 42]


def test_repetition_is_found_at_its_lag() -> None:
    cell = [(0, 60, 12), (12, 64, 12), (24, 67, 24)]
    other = [(0, 72, 12), (12, 71, 12), (24, 60, 24)]
    bars = [cell, other] * 4
    notes = [Note(bar * BAR + start, pitch, length) for bar, part in enumerate(bars) for start, pitch, length in part]
    figures = measure_structure(make_phrase({Role.LEAD: notes}))
    assert figures["repeat_exact_1"] == 0.0
    assert figures["repeat_exact_2"] == figures["repeat_exact_4"] == 1.0
    assert figures["repeat_rhythm_1"] == figures["similar_rhythm_1"] == 1.0
    assert figures["similar_pitch_1"] == pytest.approx(1 / 5)
    assert figures["similar_pitch_2"] == 1.0
    assert np.isnan(figures["repeat_exact_8"])
    assert figures["motif_3"] == figures["motif_5"] == 1.0


def test_a_sequence_up_the_scale_is_a_motif_that_returns() -> None:
    # do-re-mi, re-mi-fa: the same steps of the scale, not the same semitones
    cell = [60, 64, 62], [62, 65, 64], [64, 67, 65], [65, 69, 67]
    notes = [
        Note(bar * BAR + start, pitch, 12)
        for bar, part in enumerate(cell)
        for start, pitch in zip((0, 12, 24), part, strict=True)
    ]
    assert measure_structure(make_phrase({Role.LEAD: notes}))["motif_3"] == 1.0


def test_music_repeats_itself_and_noise_does_not() -> None:
    real, wild = (featurise(phrases) for phrases in (tunes(20), noises(20)))
    for name in ("repeat_exact_4", "repeat_rhythm_1", "similar_rhythm_2", "similar_pitch_4", "motif_3"):
        assert real.figure(name).mean() > 2 * np.nanmean(wild.figure(name)), name


def test_harmony_of_a_hand_made_bar() -> None:
    chords = (Chord(0, 0, "maj"), Chord(24, 7, "maj"))
    parts = {
        Role.BASS: [Note(0, 48, 24), Note(24, 65, 24)],
        Role.LEAD: [Note(0, 64, 12), Note(12, 66, 12), Note(24, 62, 24)],
    }
    figures = measure_harmony(make_phrase(parts, chords, bars=1))
    assert figures["in_key"] == pytest.approx(4 / 5)  # F sharp is not
    assert figures["in_chord"] == pytest.approx(3 / 5)  # neither F sharp over C nor F over G
    assert figures["dissonance"] == pytest.approx(1 / 4)  # the tritone over the second beat
    assert figures["crossing"] == pytest.approx(1 / 2)  # the bass lies over the lead
    assert figures["chord_changes"] == 1.0


def test_the_raised_leading_note_of_minor_is_in_key() -> None:
    notes = {Role.LEAD: [Note(0, 71, 12), Note(12, 60, 12)]}
    assert measure_harmony(make_phrase(notes, key=Key(0, "minor")))["in_key"] == 1.0
    assert measure_harmony(make_phrase(notes, key=Key(0, "dorian")))["in_key"] == 0.5


def test_what_cannot_be_measured_is_no_number() -> None:
    figures = measure_harmony(make_phrase({Role.DRUMS: [Note(0, 36, 3)]}))
    assert all(np.isnan(value) for value in figures.values())


def test_music_keeps_to_its_key_and_noise_does_not() -> None:
    real, wild = (featurise(phrases) for phrases in (tunes(20), noises(20)))
    assert real.figure("in_key").min() > wild.figure("in_key").max()
    assert real.figure("in_chord").mean() > 2 * wild.figure("in_chord").mean()
    for name in ("dissonance", "crossing"):
        assert np.nanmean(real.figure(name)) < np.nanmean(wild.figure(name)), name
