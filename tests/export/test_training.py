"""Dataset, training and export on a handful of made pieces, quick enough for every run."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from midifiles import midi_bytes, quartet

torch = pytest.importorskip("torch")

from gamemusic.composer.composer import Composer  # noqa: E402  # the training extra may be missing
from gamemusic.composer.session import Session  # noqa: E402
from gamemusic.errors import FormatError, InputError  # noqa: E402
from gamemusic.packs.fingerprint import load_fingerprint  # noqa: E402
from gamemusic.packs.pack import open_pack  # noqa: E402
from gamemusic.score.phrase import Note, Phrase, Role, Track  # noqa: E402
from gamemusic.theory import Key  # noqa: E402
from gamemusic.tokens.bars import join_bars  # noqa: E402
from gamemusic.units import METERS  # noqa: E402
from gamemusic_export.baselines import random_composer  # noqa: E402
from gamemusic_export.batches import PADDING, RowSampler  # noqa: E402
from gamemusic_export.dataset import Dataset, build_dataset, load_dataset, prepare_all  # noqa: E402
from gamemusic_export.evaluate import compare_style_tokens, score_session  # noqa: E402
from gamemusic_export.evaluation.asks import Ask, asks_of, compose_asks  # noqa: E402
from gamemusic_export.evaluation.seams import measure_seams  # noqa: E402
from gamemusic_export.fingerprint import make_fingerprint, read_passages  # noqa: E402
from gamemusic_export.model import ModelSize, MoodLSTM  # noqa: E402
from gamemusic_export.onnx_export import build_graph  # noqa: E402
from gamemusic_export.quantise import quantise  # noqa: E402
from gamemusic_export.recipe import BaseRecipe, CorpusRecipe, MoodRecipe, TrialsRecipe, read_recipe  # noqa: E402
from gamemusic_export.train import TrainSettings, score_excerpts, train  # noqa: E402
from gamemusic_export.weights import load_model, read_tensors, save_model  # noqa: E402

RECIPES = Path(__file__).parents[2] / "export" / "recipes"
PRESETS = Path(__file__).parents[2] / "presets"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("corpus")
    for seed in range(24):
        (folder / f"piece{seed}.mid").write_bytes(midi_bytes(quartet(bars=12, seed=seed, transpose=seed % 5)))
    (folder / "broken.mid").write_bytes(b"MThd")
    paths = sorted(folder.glob("*.mid"))
    pieces = prepare_all(paths, folder / "cache", jobs=1, progress=lambda *_: None)
    again = prepare_all(paths, folder / "cache", jobs=1, progress=lambda *_: None)
    assert all(np.array_equal(a.steps, b.steps) and a.meta == b.meta for a, b in zip(pieces, again, strict=True))
    rows = [("made", "chamber", "CC0-1.0", "") for _ in paths]
    return build_dataset(pieces, rows, folder / "dataset")


def test_dataset_reports_what_was_skipped_and_loses_nothing(dataset: Dataset) -> None:
    assert len(dataset.pieces) == 24
    assert dataset.steps[:, 0].max() < 622
    assert len(dataset.hash) == 64


def test_near_duplicates_lie_on_one_side(tmp_path: Path) -> None:
    for name, transpose, seed in (("a", 0, 1), ("b", 5, 1), ("c", 0, 2)):
        (tmp_path / f"{name}.mid").write_bytes(midi_bytes(quartet(bars=16, seed=seed, transpose=transpose)))
    paths = sorted(tmp_path.glob("*.mid"))
    pieces = prepare_all(paths, tmp_path / "cache", jobs=1, progress=lambda *_: None)
    built = build_dataset(pieces, [("x", "chamber", "", "")] * 3, tmp_path / "dataset")
    groups = {row.name: row.group for row in built.pieces}
    assert groups["x/a"] == groups["x/b"] != groups["x/c"]
    loaded = load_dataset(tmp_path / "dataset")
    assert loaded.hash == built.hash and loaded.pieces == built.pieces
    assert len({row.split for row in built.pieces if row.group == "x/a"}) == 1


def _sampler(dataset: Dataset, seed: int = 3) -> RowSampler:
    excerpts = np.arange(len(dataset.piece_of))
    return RowSampler(dataset, excerpts, np.ones(len(excerpts)), rows=4, steps=32, seed=seed)


def test_rows_go_on_where_they_stopped(dataset: Dataset) -> None:
    sampler = _sampler(dataset)
    for _ in range(3):
        sampler.draw()
    place = sampler.position()
    expected = [sampler.draw() for _ in range(3)]
    other = _sampler(dataset, seed=9)
    other.restore(place)
    for want in expected:
        for a, b in zip(want, other.draw(), strict=True):
            assert np.array_equal(a, b)
    features, targets, _ = expected[0]
    counts = targets[:, :-1] != PADDING
    assert np.array_equal(features[:, 1:, 0][counts], targets[:, :-1][counts])


SETTINGS = TrainSettings(updates=12, rows=4, steps=32, validate_every=4, warmup=2, seed=5)


def _train(dataset: Dataset, folder: Path, *, stop_after: int | None = None) -> MoodLSTM:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = MoodLSTM(ModelSize(hidden=24, dropout=0.2))

    class Killed(Exception):
        pass

    seen = 0

    def progress(_: dict[str, float]) -> None:
        nonlocal seen
        seen += 1
        if stop_after is not None and seen == stop_after:
            raise Killed

    try:
        train(model, dataset, _sampler(dataset), np.arange(6), folder, SETTINGS, progress=progress)
    except Killed:
        assert stop_after is not None
    return model


def test_a_killed_run_ends_where_an_undisturbed_one_does(dataset: Dataset, tmp_path: Path) -> None:
    whole = _train(dataset, tmp_path / "whole")
    _train(dataset, tmp_path / "killed", stop_after=1)  # progress comes at update 10, after the validation at 8
    resumed = _train(dataset, tmp_path / "killed")
    for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    with (tmp_path / "whole" / "log.csv").open() as file:
        log = list(csv.DictReader(file))
    assert [int(row["update"]) for row in log] == [0, 4, 8, 12]
    assert float(log[-1]["validation_bits_per_note"]) < float(log[0]["validation_bits_per_note"])


def test_exported_model_predicts_like_the_trained_one(dataset: Dataset, tmp_path: Path) -> None:
    model = _train(dataset, tmp_path / "run")
    excerpts = np.arange(8)
    score = score_excerpts(model, model, dataset, excerpts)
    exported = score_session(Session(build_graph(quantise(model), {})), dataset, excerpts).bits_per_note
    assert exported == pytest.approx(score.bits_per_note, rel=0.02)
    worse = MoodLSTM(model.size)
    control = score_session(Session(build_graph(quantise(worse), {})), dataset, excerpts).bits_per_note
    assert control > 1.05 * exported


def test_weights_survive_half_precision(dataset: Dataset, tmp_path: Path) -> None:
    model = _train(dataset, tmp_path / "run")
    save_model(tmp_path / "model.safetensors", model, {"data_hash": dataset.hash})
    loaded, metadata = load_model(tmp_path / "model.safetensors")
    assert metadata["data_hash"] == dataset.hash
    assert loaded.size == model.size
    for name, value in model.state_dict().items():
        assert torch.allclose(loaded.state_dict()[name], value, atol=2e-3)
    (tmp_path / "damaged.safetensors").write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{}")
    with pytest.raises(FormatError, match="safetensors"):
        read_tensors(tmp_path / "damaged.safetensors")


def test_weights_that_are_not_finite_are_not_exported() -> None:
    model = MoodLSTM(ModelSize(hidden=8))
    with torch.no_grad():
        model.head.bias[0] = float("nan")
    with pytest.raises(InputError, match="not finite"):
        build_graph(quantise(model), {})


def test_shipped_recipes_are_valid() -> None:
    read_recipe(RECIPES / "corpus.yaml", CorpusRecipe)
    base, judge = (read_recipe(RECIPES / f"{name}.yaml", BaseRecipe) for name in ("base", "judge"))
    assert base.size != judge.size and base.training.seed != judge.training.seed  # else it would judge itself
    assert {trial.name for trial in read_recipe(RECIPES / "trials.yaml", TrialsRecipe).trials}
    others = ("corpus", "base", "judge", "trials")
    moods = [path.stem for path in RECIPES.glob("*.yaml") if path.stem not in others]
    assert sorted(moods) == sorted(path.parent.name for path in PRESETS.glob("*/preset.yaml"))
    assert len(moods) >= 10
    for name in moods:
        assert read_recipe(RECIPES / f"{name}.yaml", MoodRecipe).mood == name


def test_a_misspelt_recipe_says_where(tmp_path: Path) -> None:
    path = tmp_path / "base.yaml"
    path.write_text("hiden: 3\nshares: {folk: 1}\ntraining: {updates: 1}\n")
    with pytest.raises(FormatError, match=r"base\.yaml:1:1: .*hidden"):
        read_recipe(path, BaseRecipe)


def test_fingerprints_know_their_training_music(dataset: Dataset) -> None:
    every = range(len(dataset.piece_of))
    half = [index for index in every if dataset.piece_of[index] % 2]
    made = make_fingerprint(dataset, half)
    passages = list(read_passages(dataset, every))
    assert sum(len(passage.bars) for passage in passages) == 24 * 12
    runs = {known: [made.longest_run(p.bars, 48) for p in passages if p.piece % 2 == known] for known in (0, 1)}
    assert min(runs[1]) >= 16 and np.mean(runs[1]) > 1.5 * np.mean(runs[0])  # the other half is new to it
    assert set(made.usual) == {"chamber"} and made.usual["chamber"]["lead_notes"][0] > 0
    assert all(list(bins) == sorted(bins) for bins in made.pace["chamber"].values())
    assert load_fingerprint(made.to_bytes()) == made


def test_notes_are_counted_by_style_and_role(dataset: Dataset) -> None:
    counts = dataset.notes_by_cell(range(len(dataset.piece_of)))
    assert set(counts) == {"chamber"} and set(counts["chamber"]) == {"lead", "counter", "harmony", "bass"}
    assert sum(counts["chamber"].values()) == dataset.notes(range(len(dataset.piece_of)))


def test_the_right_style_token_is_told_from_a_wrong_one(dataset: Dataset, tmp_path: Path) -> None:
    """All pieces are chamber music: a model that was trained says so of most, one that was not of about half."""
    trained = Session(build_graph(quantise(_train(dataset, tmp_path / "run")), {}))
    excerpts = np.arange(len(dataset.piece_of))
    won, count = compare_style_tokens(trained, dataset, excerpts, ("chamber", "rock"))["chamber"]
    assert count == 24 and won >= 20
    assert compare_style_tokens(trained, dataset, excerpts, ("rock", "chamber"))["chamber"] == (won, count)


def test_seams_are_judged_by_any_model(dataset: Dataset, tmp_path: Path) -> None:
    """A phrase that is one bar over and over has a smooth seam; one whose first bar is strange has none."""
    session = Session(build_graph(quantise(_train(dataset, tmp_path / "run")), {}))
    passage = next(p for p in read_passages(dataset, range(4)) if len(p.bars) >= 4)
    frame = Phrase(bars=4, meter=METERS["4/4"], tempo_bpm=100, key=Key(0, "major"), tracks=(), style="chamber")
    smooth = join_bars([passage.bars[1]] * 4, frame)
    strange = [Note(tick, 98 - tick % 7, 1, 20) for tick in range(0, 48, 2)]
    rough = smooth.replace(
        tracks=tuple(
            Track(track.role, tuple(sorted([n for n in track.notes if n.start >= 48] + strange)))
            if track.role is Role.LEAD
            else track
            for track in smooth.tracks
        )
    )
    figures = measure_seams(session, [smooth, rough])
    assert figures.over[0] - figures.inside[0] < figures.over[1] - figures.inside[1] - 0.3


def test_asks_are_answered_note_for_note_in_kind() -> None:
    pack = open_pack(Path(__file__).parents[1] / "data" / "tiny_pack")
    asks = [
        Ask("chamber", ("bass", "lead"), "3/4", "dorian", 2),
        Ask("rock", ("bass", "lead", "drums"), "4/4", "minor", 7),
    ]
    phrases = list(compose_asks(Composer(pack), asks, bars=4, seed=5))
    assert [set(a.roles) for a in asks_of(phrases)] == [set(a.roles) for a in asks]
    assert [(a.style, a.meter, a.mode, a.intensity) for a in asks_of(phrases)] == [
        (a.style, a.meter, a.mode, a.intensity) for a in asks
    ]
    untrained = list(compose_asks(random_composer(pack), asks, bars=4, seed=5))
    assert [p.tracks for p in untrained] != [p.tracks for p in phrases]
