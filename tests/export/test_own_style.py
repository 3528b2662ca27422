"""A style that learns has what the files have; the mood's other styles stay what they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import gamemusic
from gamemusic.errors import FormatError, InputError, PackError

pytest.importorskip("torch")

import torch

from gamemusic.cli.main import main
from gamemusic.composer.composer import Composer
from gamemusic.composer.session import Session
from gamemusic.packs.fingerprint import MAX_BYTES, Fingerprint, load_fingerprint
from gamemusic.packs.library import find_pack
from gamemusic.packs.pack import open_pack
from gamemusic.packs.schema import Preset, load_preset
from gamemusic.score.phrase import Note, Phrase, Role, Track
from gamemusic.theory import Key
from gamemusic.tokens.vocabulary import STYLE_NAMES, intensity_bin
from gamemusic.units import METERS
from gamemusic_export.dataset import Dataset
from gamemusic_export.dequantise import restore
from gamemusic_export.evaluate import score_session
from gamemusic_export.onnx_export import build_graph, read_graph
from gamemusic_export.own_figures import Figures
from gamemusic_export.own_music import OwnMusic, study
from gamemusic_export.own_preset import Found, fill_preset
from gamemusic_export.own_start import begin_model, choose_start, guess_parents, guess_token
from gamemusic_export.prepared import COLUMNS, encode_excerpt
from gamemusic_export.quantise import quantise

FOUND = Found(
    tempo=(140, 160),
    keys=("G major", "E minor"),
    meters=("3/4",),
    learned=(Role.LEAD, Role.BASS),
    programs={Role.LEAD: 73, Role.BASS: 33},
    ranges={Role.LEAD: (60, 84), Role.BASS: (36, 50)},
    polyphony={Role.LEAD: 1, Role.BASS: 2},
    density={Role.LEAD: 9, Role.BASS: 4},
)
PRESET = """\
# A mood.
name: calm
tempo: [80, 100]
keys: [D minor]
ranges: {lead: [G3, E5]}
density: {lead: 2}

styles:
  # Slow strings.
  chamber:
    learned: [lead]
    instruments: {lead: {program: violin}}  # alone
    ranges:
      lead: [C4, C5]  # narrow
    # How dense.
    density: {lead: 3}

  # The same, plucked.
  harps:
    token: chamber
    learned: [lead]
    instruments:
      lead: {program: harp}
"""


@pytest.fixture(scope="module")
def heard(tunes: Path) -> OwnMusic:
    return study(tunes, "chamber")


def _same_but(preset: Preset, other: Preset, names: Sequence[str]) -> bool:
    """Return whether two presets say the same of the styles of these names, and of the mood."""
    said = [
        (
            one.keys,
            one.tempo,
            one.meters,
            one.ranges,
            one.density,
            one.polyphony,
            [(style, one.tempo_of(style), one.keys_of(style)) for style in (one.styles[name] for name in names)],
        )
        for one in (preset, other)
    ]
    return said[0] == said[1]


def test_a_new_style_has_what_the_files_have_and_no_other_one_changes() -> None:
    text = fill_preset(PRESET.encode(), FOUND, "waltz", "custom_1").decode()
    preset, before = load_preset(text.encode()), load_preset(PRESET.encode())
    waltz = preset.styles["waltz"]
    assert preset.default_style == "waltz" and waltz.token == "custom_1"
    assert preset.tempo_of(waltz) == (140, 160)
    assert [str(key) for key in preset.keys_of(waltz)] == ["G major", "E minor"]
    assert [str(meter) for meter in preset.meters_of(waltz)] == ["3/4"]
    assert preset.ranges_of(waltz) == FOUND.ranges
    assert preset.polyphony_of(waltz) == FOUND.polyphony
    assert preset.density_of(waltz) == FOUND.density
    assert waltz.instruments[Role.LEAD].program == 73
    assert Role.HARMONY in waltz.figures
    assert _same_but(preset, before, ["chamber", "harps"])
    for line in PRESET.splitlines():
        assert line in text.splitlines()
    assert text.index("waltz:") < text.index("# Slow strings.") < text.index("chamber:\n")


def test_a_style_that_is_there_gets_the_same_in_its_own_place() -> None:
    text = fill_preset(PRESET.encode(), FOUND, "chamber", "custom_2").decode()
    preset, before = load_preset(text.encode()), load_preset(PRESET.encode())
    chamber = preset.styles["chamber"]
    assert chamber.token == "custom_2"
    assert preset.tempo_of(chamber) == (140, 160)
    assert chamber.ranges == {Role.LEAD: (60, 84)}  # of what it has learned: no bass
    assert chamber.density == {Role.LEAD: 9}
    assert chamber.instruments == before.styles["chamber"].instruments
    assert _same_but(preset, before, ["harps"])
    assert "# How dense." in text and "# The same, plucked." in text and "# alone" in text
    again = fill_preset(text.encode(), FOUND, "chamber", "custom_2")
    assert again.decode() == text


def test_styles_in_braces_are_refused() -> None:
    start = PRESET.index("styles:")
    flow = PRESET[:start] + "styles: {chamber: {learned: [lead], instruments: {lead: {program: violin}}}}\n"
    with pytest.raises(InputError, match="'styles' is written in braces"):
        fill_preset(flow.encode(), FOUND, "waltz", "custom_1")
    block = PRESET[:start] + "styles:\n  chamber: {learned: [lead], instruments: {lead: {program: violin}}}\n"
    assert "waltz" in load_preset(fill_preset(block.encode(), FOUND, "waltz", "custom_1")).styles
    with pytest.raises(InputError, match="'chamber' is written in braces"):
        fill_preset(block.encode(), FOUND, "chamber", "chamber")


def _phrase(notes: dict[Role, list[tuple[int, int, int]]], bars: int = 2) -> Phrase:
    tracks = [
        Track(role, tuple(sorted(Note(start, pitch, length, 80) for start, pitch, length in found)))
        for role, found in notes.items()
    ]
    return Phrase(bars=bars, meter=METERS["4/4"], tempo_bpm=100, key=Key(0, "major"), tracks=tuple(tracks))


def test_figures_of_files() -> None:
    figures = Figures()
    wide = [(tick, 60 + tick % 24, 1) for tick in range(48)]  # two octaves less a note
    bass = [(0, 36, 24), (24, 38, 12), (36, 40, 12)]
    harmony = [(0, 60, 48), (0, 64, 48), (0, 67, 48), (24, 72, 24)]
    figures.add(_phrase({Role.LEAD: wide, Role.BASS: bass, Role.HARMONY: harmony, Role.DRUMS: [(0, 36, 1)]}))
    ranges, density, polyphony = figures.ranges(), figures.density(), figures.polyphony()
    assert ranges[Role.LEAD] == (60, 83)
    assert ranges[Role.BASS][1] - ranges[Role.BASS][0] == 14  # four semitones are no range
    assert ranges[Role.BASS][0] <= 36 and ranges[Role.BASS][1] >= 40
    assert Role.DRUMS not in ranges
    assert density == {Role.LEAD: 48, Role.BASS: 3, Role.HARMONY: 4, Role.DRUMS: 1}
    assert polyphony[Role.LEAD] == polyphony[Role.BASS] == polyphony[Role.DRUMS] == 1
    assert polyphony[Role.HARMONY] == 4


def test_one_odd_note_is_no_range() -> None:
    figures = Figures()
    for _ in range(20):
        figures.add(_phrase({Role.LEAD: [(tick, 60 + tick % 24, 1) for tick in range(48)]}))
    figures.add(_phrase({Role.LEAD: [(0, 98, 1)]}))
    assert figures.ranges()[Role.LEAD] == (60, 83)


def test_going_back_to_weights_and_again_to_integers_changes_nothing(tiny_pack: Path) -> None:
    for pack in (open_pack(tiny_pack), find_pack("dungeon")):
        before, after = read_graph(pack.model), quantise(restore(pack.model))
        for one, other in zip(before.layers, after.layers, strict=True):
            assert np.array_equal(one.weight, other.weight)
            assert np.allclose(one.scale, other.scale, rtol=1e-6)
            assert np.array_equal(one.bias, other.bias)
        assert np.array_equal(before.head, after.head)
        assert np.array_equal(before.head_bias, after.head_bias)
        steps = np.abs(before.table.astype(int) - after.table)
        assert steps.max() <= 2 and (steps > 0).mean() < 0.01  # sets of roles are sums, rounded once more


def test_only_models_that_are_checked_are_gone_back_to() -> None:
    with pytest.raises(PackError):
        restore(b"no model")
    with pytest.raises(FormatError):
        restore(b"")


def test_a_new_style_learns_by_a_token_of_its_own(small: Path, heard: OwnMusic) -> None:
    pack = open_pack(small)
    start = choose_start(pack, heard, "waltz", "rock")
    assert (start.token, start.began_as) == ("custom_1", "rock")
    assert choose_start(pack, heard, "custom_3", "rock").token == "custom_3"
    assert choose_start(pack, heard, "rock", "") == choose_start(pack, heard, "rock", "", fill=False)
    table = begin_model(pack.model, start).get_parameter("embeddings.style.weight")
    assert torch.equal(table[STYLE_NAMES.index("custom_1")], table[STYLE_NAMES.index("rock")])
    plain = restore(pack.model).get_parameter("embeddings.style.weight")
    assert torch.equal(table[:7], plain[:7])


def test_a_style_that_shares_its_token_gets_one_of_its_own(small: Path, heard: OwnMusic) -> None:
    preset = small / "preset.yaml"
    text = preset.read_text("utf-8")
    harps = "  harps:\n    token: rock\n    learned: [lead]\n    instruments: {lead: {program: harp}}\n"
    preset.write_text(text.rstrip() + "\n" + harps, "utf-8")
    pack = open_pack(small)
    start = choose_start(pack, heard, "harps", "")
    assert (start.token, start.began_as) == ("custom_1", "rock")
    assert choose_start(pack, heard, "harps", "", fill=False).token == "rock"


def test_nine_styles_of_ones_own_are_all(small: Path, heard: OwnMusic) -> None:
    preset = small / "preset.yaml"
    styles = "".join(
        f"  custom_{number}:\n    learned: [lead]\n    instruments: {{lead: {{program: harp}}}}\n"
        for number in range(1, 10)
    )
    preset.write_text(preset.read_text("utf-8").rstrip() + "\n" + styles, "utf-8")
    with pytest.raises(InputError, match="as many as a model can tell apart"):
        choose_start(open_pack(small), heard, "waltz", "rock")


def test_the_kind_of_music_is_guessed_from_what_was_held_out(heard: OwnMusic) -> None:
    """The tunes are chamber music of town's, and sung: their lead was planned. Neither early music nor rock."""
    pack = find_pack("town")
    guess = guess_token(pack, heard)
    assert guess.token in ("chamber", "song")
    assert choose_start(pack, heard, "waltz", "").began_as == guess.token


@pytest.mark.slow
def test_parents_are_guessed_the_nearest_first(heard: OwnMusic) -> None:
    guesses = guess_parents(heard)
    assert len({guess.mood for guess in guesses}) == 10
    assert [guess.bits for guess in guesses] == sorted(guess.bits for guess in guesses)
    assert guesses[-1].mood != "town"


def test_a_fingerprint_that_grows_holds_all() -> None:
    old, new = range(1, 4000), range(10**6, 10**6 + 500)
    before = Fingerprint.build({}, {}, old, 8 * 4000)
    after = before.extended(new)
    assert all(after.holds(gram) for gram in (*old, *new))
    assert after.runs == before.runs + sum(not before.holds(gram) for gram in new)
    wrong = [sum(one.holds(gram) for gram in range(2 * 10**6, 2 * 10**6 + 4000)) for one in (before, after)]
    assert wrong[1] <= wrong[0] + 80
    assert load_fingerprint(after.to_bytes()) == after
    assert before.extended(()) == before
    odd = Fingerprint.build({}, {}, range(1, 9), 101).extended(range(100, 400))
    assert odd.bits % 101 == 0 and all(odd.holds(gram) for gram in (*range(1, 9), *range(100, 400)))


def test_a_fingerprint_grows_no_larger_than_a_file_may_be() -> None:
    full = Fingerprint.build({}, {}, range(1, 1000), (MAX_BYTES - 16 * 1024) * 8)
    grown = full.extended(range(10**6, 10**6 + 3000))
    assert grown.bits == full.bits
    assert len(grown.to_bytes()) <= MAX_BYTES
    assert all(grown.holds(gram) for gram in range(10**6, 10**6 + 3000))


def _as_dataset(phrases: Sequence[Phrase], token: str, learned: Sequence[Role]) -> Dataset:
    parts, edges = [], [0]
    for phrase in phrases:
        kept = phrase.replace(tracks=tuple(track for track in phrase.tracks if track.role in learned))
        steps = encode_excerpt([kept], last=False)[0].copy()
        steps[:, COLUMNS.index("style")] = STYLE_NAMES.index(token)
        steps[:, COLUMNS.index("intensity")] = intensity_bin(phrase.intensity)
        parts.append(steps)
        edges.append(edges[-1] + len(steps))
    count = len(parts)
    return Dataset(np.concatenate(parts), np.array(edges), np.zeros(count, int), np.zeros((count, 0)), [], "")


@pytest.mark.slow
def test_other_styles_are_known_as_before(mood: Path, tunes: Path) -> None:
    """What the parent composes in them surprises the mood as little as it surprises the parent, after training."""
    parent = open_pack(mood)
    styles = list(parent.preset.styles.values())
    composer = Composer(parent).hurried()
    words = ["train", "haunted", "--midi", str(tunes), "--style", "waltz", "--licence", "mine", "--threads", "1"]
    assert main([*words, "--updates", "60"]) == 0
    trained = open_pack(mood)
    assert trained.model != parent.model
    for style in styles:
        phrases = [composer.compose(style=style.name, bars=8, seed=seed, intensity=seed / 3) for seed in range(4)]
        music = _as_dataset(phrases, style.token, style.learned)
        bits = [score_session(Session(one.model), music, np.arange(4)).bits_per_note for one in (parent, trained)]
        assert bits[1] < 1.05 * bits[0], f"{style.name}: {bits}"
    before = gamemusic.compose("dungeon", style="early", bars=8, seed=1)
    after = gamemusic.compose("./haunted", style="early", bars=8, seed=1)
    assert (after.tempo_bpm, after.key, after.meter) == (before.tempo_bpm, before.key, before.meter)


def test_the_exported_model_of_a_start_is_the_parents(tiny_pack: Path, heard: OwnMusic) -> None:
    pack = open_pack(tiny_pack)
    start = choose_start(pack, heard, "waltz", "rock")
    session = Session(build_graph(quantise(begin_model(pack.model, start)), {}))
    few = heard.select("test")[:2]
    found = [
        score_session(one, heard.dataset, few, style=STYLE_NAMES.index(token)).bits_per_note
        for one, token in ((Session(pack.model), "rock"), (session, "rock"), (session, "custom_1"))
    ]
    assert found[1] == found[2]
    assert found[0] == pytest.approx(found[1], rel=1e-3)
