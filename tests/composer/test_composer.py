"""From a mood's name to a phrase: the same seed gives the same notes, and what is not allowed is said."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import gamemusic
from gamemusic.arranger.arranger import arrange
from gamemusic.composer.bridge import compose_bridge
from gamemusic.composer.composer import Composer, compose
from gamemusic.composer.session import Session
from gamemusic.errors import GameMusicError, InputError, PackError
from gamemusic.packs.fingerprint import Fingerprint
from gamemusic.packs.pack import Pack, open_pack
from gamemusic.score.midi import write_midi
from gamemusic.score.phrase import Chord, Note, Phrase, Role, Track
from gamemusic.theory import PITCH_NAMES, chord_pitch_classes, parse_key
from gamemusic.units import METERS

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "data" / "tiny_pack"
GOLDEN = ROOT / "tests" / "golden"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return open_pack(TINY)


@pytest.fixture(scope="module")
def composer(pack: Pack) -> Composer:
    return Composer(pack)


def write_out(phrase: Phrase) -> str:
    """Return a phrase as text for people: a line a bar and role, each note as position:pitch/length(velocity)."""
    title = f"{phrase.mood} {phrase.style}, seed {phrase.seed}: {phrase.bars} bars of {phrase.meter}, {phrase.key}"
    how = f"{phrase.tempo_bpm:g} bpm, intensity {phrase.intensity:g}, {phrase.ending}, seam {phrase.seam_bits:.3f} bits"
    lines = [f"{title}, {how}"]
    length = phrase.meter.bar_ticks
    for bar in range(phrase.bars):
        lines.append(f"bar {bar + 1}")
        chords = [c for c in phrase.chords if c.start // length == bar]
        if chords:
            written = " ".join(f"{c.start % length}:{PITCH_NAMES[c.root]}{c.quality}" for c in chords)
            lines.append(f"  chords  {written}")
        for track in phrase.tracks:
            notes = [n for n in track.notes if n.start // length == bar]
            if notes:
                written = " ".join(f"{n.start % length}:{n.pitch}/{n.duration}({n.velocity})" for n in notes)
                lines.append(f"  {track.role:<8}{written}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(("style", "bars", "seed"), [("chamber", 2, 7), ("rock", 4, 2**64 - 1)])
def test_notes_are_pinned(composer: Composer, style: str, bars: int, seed: int) -> None:
    """Golden: seeds that people kept must keep their music; a change here needs a line in the changelog."""
    found = write_out(composer.compose(style=style, bars=bars, seed=seed))
    wanted = (GOLDEN / f"tiny-{style}-{bars}-bars-seed-{seed}.txt").read_text("utf-8")
    assert found == wanted


def test_the_same_seed_composes_the_same_phrase(composer: Composer, pack: Pack) -> None:
    phrase = composer.compose(seed=11)
    assert composer.compose(seed=11) == phrase  # again with the same composer, another one, and by path
    assert Composer(pack).compose(seed=11) == phrase
    assert compose(TINY, seed=11) == gamemusic.compose(str(TINY), seed=11) == phrase
    assert composer.compose(seed=12).tracks != phrase.tracks
    assert composer.compose(seed=11 + (1 << 63)).tracks != phrase.tracks


def test_composing_once_changes_nothing_for_the_next(composer: Composer) -> None:
    before = composer.compose(seed=1, bars=2)
    composer.compose(seed=2, bars=5, style="rock", meter="6/8")
    assert composer.compose(seed=1, bars=2) == before


def test_without_a_seed_one_is_drawn_and_told(composer: Composer) -> None:
    first, second = composer.compose(bars=1), composer.compose(bars=1)
    assert first.seed != second.seed
    assert composer.compose(bars=1, seed=first.seed) == first


def test_what_is_not_given_comes_from_the_preset(composer: Composer, pack: Pack) -> None:
    preset = pack.preset
    phrases = [composer.compose(seed=seed, bars=1) for seed in range(24)]
    assert {phrase.key for phrase in phrases} == set(preset.keys)
    assert len({phrase.tempo_bpm for phrase in phrases}) > 8
    assert all(90 <= phrase.tempo_bpm <= 130 and phrase.tempo_bpm == int(phrase.tempo_bpm) for phrase in phrases)
    plain = composer.compose(seed=1)
    assert (plain.bars, str(plain.meter), plain.mood, plain.style) == (4, "4/4", "tiny", "chamber")
    assert (plain.intensity, plain.ending) == (preset.intensity, preset.ending)


def test_what_a_style_says_comes_before_its_mood(pack: Pack) -> None:
    """Keys, meter, ranges, polyphony and density: of this style, and of no other one."""
    preset = pack.preset
    rock = replace(
        preset.styles["rock"],
        keys=(parse_key("F# minor"), parse_key("B minor")),
        meters=(METERS["3/4"],),
        ranges={Role.LEAD: (72, 79)},
        polyphony={Role.DRUMS: 1},
        density={Role.LEAD: 2},
    )
    own = Composer(replace(pack, preset=replace(preset, styles={**preset.styles, "rock": rock})))
    phrases = [own.compose(style="rock", seed=seed, bars=2, intensity=1) for seed in range(8)]
    assert {str(phrase.key) for phrase in phrases} == {"F# minor", "B minor"}
    assert {str(phrase.meter) for phrase in phrases} == {"3/4"}
    assert any(phrase.track(Role.LEAD).notes for phrase in phrases)
    for phrase in phrases:
        lead, drums = phrase.track(Role.LEAD).notes, phrase.track(Role.DRUMS).notes
        assert all(72 <= note.pitch <= 79 for note in lead)
        assert all(sum(note.start // phrase.meter.bar_ticks == bar for note in lead) <= 2 for bar in range(2))
        assert len({note.start for note in drums}) == len(drums)
    assert own.compose(seed=3, bars=2) == Composer(pack).compose(seed=3, bars=2)


def test_what_is_given_is_kept(composer: Composer) -> None:
    phrase = composer.compose(
        style="rock", bars=3, key="F# minor", tempo=171.5, meter="6/8", intensity=1, seed=0, ending="cadence"
    )
    assert (phrase.style, phrase.bars, str(phrase.key), phrase.tempo_bpm) == ("rock", 3, "F# minor", 171.5)
    assert (str(phrase.meter), phrase.intensity, phrase.seed, phrase.ending) == ("6/8", 1.0, 0, "cadence")
    assert phrase.ticks == 3 * 36
    assert set(phrase.roles) <= {Role.LEAD, Role.BASS, Role.DRUMS}
    assert phrase.orchestration is not None and phrase.seam_bits is not None


def test_intensity_style_and_ending_change_the_notes(composer: Composer) -> None:
    asked: list[Mapping[str, object]] = [
        {},
        {"intensity": 0.0},
        {"intensity": 1.0},
        {"style": "rock"},
        {"ending": "cadence"},
        {"bars": 5},
        {"meter": "3/4"},
    ]
    phrases = [composer.compose(seed=4, key="C", tempo=100, **given) for given in asked]  # type: ignore[arg-type]  # mixed
    for one, other in itertools.combinations(phrases, 2):
        assert one.tracks != other.tracks


def test_tempo_and_tonic_do_not_change_what_is_composed(composer: Composer) -> None:
    """They are not the model's business: the same notes, slower, or transposed by at most a tritone."""
    plain = composer.compose(seed=4, bars=2, key="C", tempo=100, style="rock")
    assert composer.compose(seed=4, bars=2, key="C", tempo=50, style="rock").tracks == plain.tracks
    higher = composer.compose(seed=4, bars=2, key="D", tempo=100, style="rock")
    moved = [(role, n.start, n.pitch - (0 if role is Role.DRUMS else 2), n.duration) for role, n in higher.notes()]
    assert moved == [(role, n.start, n.pitch, n.duration) for role, n in plain.notes()]


def test_every_meter_and_a_single_bar_compose(composer: Composer) -> None:
    for meter in METERS:
        phrase = composer.compose(bars=1, meter=meter, seed=5)
        assert phrase.ticks == METERS[meter].bar_ticks
        assert list(phrase.notes())


@pytest.mark.parametrize("bars", [64])
def test_the_longest_phrase_composes(composer: Composer, bars: int) -> None:
    phrase = composer.compose(bars=bars, seed=5, style="rock", meter="2/4")
    onsets = {note.start // phrase.meter.bar_ticks for _, note in phrase.notes()}
    assert onsets == set(range(bars))


def test_progressions_are_followed(pack: Pack) -> None:
    planned = Composer(replace(pack, preset=replace(pack.preset, progression=("i", "VI", "III7"))))
    phrase = planned.compose(bars=4, key="A minor", seed=3)
    assert [(chord.start // 48, PITCH_NAMES[chord.root], chord.quality) for chord in phrase.chords] == [
        (0, "A", "min"),
        (1, "F", "maj"),
        (2, "C", "7"),
        (3, "A", "min"),
    ]


def test_phrases_of_one_seed_share_their_harmony(composer: Composer) -> None:
    low, middle, high = (composer.compose(seed=9, bars=4, intensity=intensity) for intensity in (0.1, 0.5, 0.95))
    assert low.chords == middle.chords == high.chords
    assert low.tracks != middle.tracks != high.tracks
    assert composer.compose(seed=10, bars=4, intensity=0.1).chords != low.chords


@pytest.mark.parametrize("chords", ["Am F C G", "| Am | F | C | G |", "Am, F, C, G", ["Am", "F", "C", "G"]])
def test_chords_are_composed_over(composer: Composer, chords: str | list[str]) -> None:
    phrase = composer.compose(seed=3, chords=chords)
    assert (str(phrase.key), phrase.bars) == ("A minor", 4)
    wanted = [Chord(0, 9, "min"), Chord(48, 5, "maj"), Chord(96, 0, "maj"), Chord(144, 7, "maj")]
    assert list(phrase.chords) == wanted
    assert composer.compose(seed=3, chords=chords, key="D minor").chords == tuple(wanted)  # names stay what they are


def test_chords_come_round(composer: Composer) -> None:
    assert composer.compose(seed=3, chords="i VI VII").bars == 3  # the preset has four bars
    assert composer.compose(seed=3, chords="i | iv V").bars == 4
    long = composer.compose(seed=3, chords="i iv V i VI", key="D minor")
    assert (long.bars, [chord.root for chord in long.chords]) == (5, [2, 7, 9, 2, 10])
    cut = composer.compose(seed=3, chords=["i", "iv V"], bars=3, key="D minor")
    assert [(chord.start, chord.root) for chord in cut.chords] == [(0, 2), (48, 7), (72, 9), (96, 2)]
    assert compose(TINY, seed=3, chords="i VI VII") == composer.compose(seed=3, chords="i VI VII")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"chords": "Am H C"}, "chords, bar 2: chord 'H' is neither"),
        ({"chords": "Am | | N.C."}, "chords, bar 2: chord 'N.C.'"),
        ({"chords": " "}, "found 0 bars of chords, expected 1 to 64"),
        ({"chords": "C " * 65}, "found 65 bars of chords"),
        ({"chords": ["C F G C F"]}, "bar 1: found 5 chords for one bar"),
        ({"chords": "C F G", "bars": 2}, "3 bars of chords do not fit into 2 bars; ask for 3 bars"),
    ],
)
def test_chords_that_cannot_be_are_refused(composer: Composer, given: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        composer.compose(seed=1, **given)  # type: ignore[arg-type]  # mixed
    with pytest.raises(InputError, match="both chords and harmony"):
        composer.compose(seed=1, chords="C", harmony=composer.compose(seed=1, bars=1))


def test_harmony_tempo_and_meter_are_shared_on_demand(composer: Composer) -> None:
    """So that two cues of a game can sound one after the other, or at once."""
    first = composer.compose(seed=1, bars=4, meter="3/4", key="C", tempo=97)
    second = composer.compose(seed=2, bars=4, key="C", style="rock", harmony=first)
    assert second.chords == first.chords
    assert (second.tempo_bpm, second.meter) == (97, first.meter)
    for seed in range(2, 8):  # whatever keys the mood would choose from
        alike = composer.compose(seed=seed, bars=4, harmony=first)
        assert (alike.key, alike.chords) == (first.key, first.chords)
    moved = composer.compose(seed=2, bars=8, key="D", tempo=100, harmony=first)
    assert [c.root for c in moved.chords] == [(c.root + 2) % 12 for c in first.chords] * 2
    with pytest.raises(InputError, match="harmony of a phrase in 3/4"):
        composer.compose(meter="4/4", harmony=first)


def test_a_theme_is_played_by_the_first_section(composer: Composer, pack: Pack) -> None:
    tune = tuple(Note(12 * index, pitch, 12, 80) for index, pitch in enumerate((72, 76, 79, 77, 76, 74, 72, 67)))
    cue = Phrase(bars=2, meter=METERS["4/4"], tempo_bpm=90, key=parse_key("C"), tracks=(Track(Role.LEAD, tune),))
    phrase = composer.compose(seed=3, bars=8, key="C minor", theme=cue)
    lead = [(note.start, note.pitch) for note in phrase.track(Role.LEAD).notes if note.start < cue.ticks]
    assert lead == list(zip(range(0, 96, 12), (72, 75, 79, 77, 75, 74, 72, 67), strict=True))
    formed = Composer(replace(pack, preset=replace(pack.preset, bars=12, form=("A", "B", "A"))))
    again = formed.compose(seed=3, bars=12, key="C", theme=cue)
    heard: dict[int, list[tuple[int, int]]] = {section: [] for section in range(3)}
    for note in again.track(Role.LEAD).notes:
        heard[note.start // 192].append((note.start % 192, note.pitch))
    assert heard[0][:8] == [(note.start, note.pitch) for note in tune]
    assert heard[2][:8] == heard[0][:8]  # the section comes back, and the theme with it
    assert [pitch % 12 for start, pitch in heard[1] if start < 96] == [5, 9, 0, 11, 9, 7, 5, 0]  # the answer
    assert again.form == ("A", "B", "A")


def test_the_seed_chooses_the_meter_and_a_theme_brings_its_own(pack: Pack) -> None:
    three = replace(pack.preset, meters=tuple(METERS[name] for name in ("4/4", "3/4", "6/8")))
    composer = Composer(replace(pack, preset=three))
    found = [str(composer.compose(seed=seed, bars=1, style="rock").meter) for seed in range(12)]
    assert set(found) == {"4/4", "3/4", "6/8"}
    assert found == [str(composer.compose(seed=seed, bars=1, intensity=0.9).meter) for seed in range(12)]
    assert str(composer.compose(seed=1, bars=1, meter="2/4").meter) == "2/4"
    for meter, expected in (("3/4", {"3/4"}), ("2/4", set(found))):
        cue = Phrase(
            bars=1,
            meter=METERS[meter],
            tempo_bpm=90,
            key=parse_key("C"),
            tracks=(Track(Role.LEAD, (Note(0, 72, 12),)),),
        )
        assert {str(composer.compose(seed=seed, bars=2, theme=cue).meter) for seed in range(12)} == expected


def test_a_theme_needs_a_lead(pack: Pack) -> None:
    style = replace(
        pack.preset.styles["rock"],
        learned=(Role.BASS, Role.DRUMS),
        instruments={
            role: player for role, player in pack.preset.styles["rock"].instruments.items() if role is not Role.LEAD
        },
    )
    composer = Composer(replace(pack, preset=replace(pack.preset, styles={"rock": style})))
    cue = Phrase(
        bars=1, meter=METERS["4/4"], tempo_bpm=90, key=parse_key("C"), tracks=(Track(Role.LEAD, (Note(0, 72, 12),)),)
    )
    with pytest.raises(InputError, match="no lead that the model composes"):
        composer.compose(theme=cue)


def test_outliers_are_counted_and_more_are_composed(pack: Pack) -> None:
    """A fingerprint that finds everything unusual: the batches are bounded, and the phrase says what was found."""
    strict = Fingerprint.build({"chamber": {"bass_notes": (10**8, 10**9)}}, {}, [], 8)
    members = {**pack.members, "fingerprint.bin": strict.to_bytes()}
    preset = replace(pack.preset, fingerprint="fingerprint.bin")
    phrase = Composer(replace(pack, preset=preset, members=members)).compose(seed=5, style="chamber")
    count = pack.preset.candidates
    assert phrase.candidates == 3 * count
    assert dict(phrase.rejected)["empty"] == 3 * count
    plain = Composer(pack).compose(seed=5, style="chamber")
    assert plain.candidates <= 3 * count and "empty" not in dict(plain.rejected)


def test_the_pace_asked_for_decides_between_candidates(pack: Pack) -> None:
    def notes(pace: int) -> int:
        asked = {"chamber": dict.fromkeys(("lead", "counter", "harmony", "bass"), (pace,) * 8)}
        members = {**pack.members, "fingerprint.bin": Fingerprint.build({}, asked, [], 8).to_bytes()}
        preset = replace(pack.preset, fingerprint="fingerprint.bin", candidates=16)
        composer = Composer(replace(pack, preset=preset, members=members))
        return sum(1 for seed in range(4) for _ in composer.compose(seed=seed, style="chamber", bars=2).notes())

    assert notes(0) < notes(10_000)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"bars": 0}, r"bars must be a whole number, 1 to 64 \(received 0\)"),
        ({"bars": 65}, r"1 to 64 \(received 65\)"),
        ({"bars": 10_000}, r"1 to 64 \(received 10000\)"),
        ({"bars": True}, r"1 to 64 \(received True\)"),
        ({"bars": 2.0}, r"1 to 64 \(received 2.0\)"),
        ({"tempo": 0}, r"tempo must be 20 to 400 quarter notes a minute \(received 0\)"),
        ({"tempo": float("nan")}, r"received nan"),
        ({"tempo": float("inf")}, r"received inf"),
        ({"tempo": 401}, r"received 401"),
        ({"intensity": -0.1}, r"intensity must be 0 to 1 \(received -0.1\)"),
        ({"intensity": 1.01}, r"received 1.01"),
        ({"intensity": float("nan")}, r"received nan"),
        ({"intensity": True}, r"received True"),
        ({"seed": -1}, r"seed must be a whole number, 0 to 18446744073709551615 \(received -1\)"),
        ({"seed": 1 << 64}, r"received 18446744073709551616"),
        ({"seed": 1.5}, r"received 1.5"),
        ({"seed": True}, r"received True"),
        ({"style": "chambre"}, r"'chambre'.*did you mean 'chamber'"),
        ({"meter": "5/8"}, r"meter must be one of 4/4, 3/4, 6/8, 2/4"),
        ({"meter": "5/4"}, r"can be played, but not composed: .* not learned it; use one of 4/4, 3/4, 6/8, 2/4"),
        ({"meter": "7/8"}, r"not learned it; use one of"),
        ({"meter": "9/8"}, r"not learned it; use one of"),
        ({"meter": "12/8"}, r"not learned it; use one of"),
        ({"key": "H minor"}, r"key 'H minor' is not a note name and a scale"),
        ({"key": "D miner"}, r"did you mean 'minor'"),
        ({"ending": "fade"}, r"ending must be one of loop, cadence \(received 'fade'\)"),
    ],
    ids=str,
)
def test_values_that_are_not_allowed_are_refused(composer: Composer, given: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        composer.compose(**given)  # type: ignore[arg-type]  # which is the point


def test_unknown_moods_are_refused() -> None:
    with pytest.raises(InputError, match="mood 'no_such_mood' is not installed"):
        compose("no_such_mood")
    with pytest.raises(InputError, match="neither a folder nor a file"):
        compose(TINY / "nothing")


@pytest.mark.parametrize("damage", [b"", b"\x08\x08", None])
def test_packs_with_a_damaged_model_are_refused_by_name(pack: Pack, damage: bytes | None) -> None:
    members = dict(pack.members)
    if damage is None:
        del members["model.onnx"]
    else:
        members["model.onnx"] = damage
    with pytest.raises(PackError, match=r"model\.onnx"):
        Composer(replace(pack, members=members))


def test_every_error_is_one_of_ours() -> None:
    assert issubclass(InputError, GameMusicError) and issubclass(InputError, ValueError)
    assert issubclass(PackError, GameMusicError)


def test_the_tiny_packs_model_is_alive() -> None:
    """The tests above would pass on a dead network, if its notes came from noise alone."""
    session = Session((TINY / "model.onnx").read_bytes())
    memory = session.start(1)
    hidden, seen = [], []
    for token in range(60, 90):
        features = np.zeros((1, 10), dtype=np.int64)
        features[0, 0] = token
        logits, memory = session.step(features, memory)
        seen.append(logits[0])
        hidden.append(memory["hidden_1"][0].astype(np.int64))
    assert all((a != b).any() for a, b in itertools.pairwise(seen))
    assert np.stack(hidden).std() > 10
    assert np.stack(seen).std() > 128  # half a nat


@pytest.mark.parametrize(
    "scale", ["phrygian_dominant", "pentatonic_minor", "whole_tone", "octatonic", "0-2-3-6-7-8-11"]
)
def test_music_is_in_its_scale(pack: Pack, scale: str) -> None:
    """In a scale that the network never heard."""
    strict = replace(pack, preset=replace(pack.preset, scale_strictness=1.0, ranges={}))
    phrase = Composer(strict).compose(seed=5, bars=4, key=f"E {scale}")
    assert str(phrase.key) == f"E {scale}"
    pitched = [note for role, note in phrase.notes() if role is not Role.DRUMS]
    allowed = {(4 + step) % 12 for step in phrase.key.melodic}
    for chord in phrase.chords:
        allowed |= set(chord_pitch_classes(chord.root, chord.quality))
    assert pitched and {note.pitch % 12 for note in pitched} <= allowed
    assert write_midi(arrange(phrase))  # key signature, voicing and figures know the scale


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mood", "mode", "own", "rival"),
    [
        ("explore", "lydian", 6, 5),
        ("title", "mixolydian", 10, 11),
        ("mystery", "dorian", 9, 8),
        ("boss", "phrygian", 1, 2),
    ],
)
def test_modes_are_true_in_shipped_moods(mood: str, mode: str, own: int, rival: int) -> None:
    """Before, D lydian had eight times as many G as G sharp."""
    composer = Composer(open_pack(ROOT / "presets" / mood)).hurried()
    counts = {own: 0, rival: 0}
    for seed in range(6):
        for role, note in composer.compose(seed=seed, bars=8, key=f"D {mode}").notes():
            step = (note.pitch - 2) % 12
            if role is not Role.DRUMS and step in counts:
                counts[step] += 1
    assert counts[own] >= 3 * counts[rival] and counts[own] > 20


def test_a_style_without_learned_roles_is_arranged_over_composed_chords(pack: Pack) -> None:
    """A march, a drone: nobody improvises."""
    chamber = pack.preset.style("chamber")
    players = {
        role: replace(chamber.instruments[role], figure=figure)
        for role, figure in ((Role.HARMONY, "pad"), (Role.BASS, "drone"))
    }
    march = replace(chamber, learned=(), instruments=players)
    composer = Composer(replace(pack, preset=replace(pack.preset, styles={"chamber": march})))
    phrase = composer.compose(seed=3)
    assert phrase.tracks == () and phrase.faults == () and phrase.seam_bits is None
    assert len(phrase.chords) > 1 and phrase == composer.compose(seed=3)
    assert {part.role for part in arrange(phrase).parts} == {Role.HARMONY, Role.BASS}
    assert composer.compose(seed=3, chords="Dm A7").chords[1].quality == "7"
    with pytest.raises(InputError, match="has no lead that the model composes"):
        composer.compose(seed=3, theme=phrase.replace(tracks=(Track(Role.LEAD, (Note(0, 60, 12),)),)))
    bridge = compose_bridge(composer, phrase, composer.compose(seed=4), seed=1)
    assert bridge.tracks == () and bridge.chords


def test_that_all_were_turned_away_is_said(pack: Pack, composer: Composer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gamemusic.composer.judge.find_faults", lambda *_, **__: ("crowded",))
    wanted = r"all \d+ phrases composed for tiny .* turned away \(crowded \d+\)"
    with pytest.warns(gamemusic.GameMusicWarning, match=wanted):
        phrase = compose(TINY, seed=3)
    assert phrase.faults == ("crowded",)
    monkeypatch.setattr("gamemusic.composer.judge.find_faults", lambda *_, **__: ())
    with warnings.catch_warnings():
        warnings.simplefilter("error", gamemusic.GameMusicWarning)
        assert compose(TINY, seed=3).faults == ()
