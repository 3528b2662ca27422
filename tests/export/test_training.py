"""Dataset, training and export on a handful of made pieces, quick enough for every run."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from midifiles import midi_bytes, quartet

torch = pytest.importorskip("torch")

from gamemusic.composer.session import Session  # noqa: E402  # the training extra may be missing
from gamemusic.errors import FormatError, InputError  # noqa: E402
from gamemusic_export.batches import PADDING, RowSampler  # noqa: E402
from gamemusic_export.dataset import Dataset, build_dataset, load_dataset, prepare_all  # noqa: E402
from gamemusic_export.evaluate import score_session  # noqa: E402
from gamemusic_export.model import ModelSize, MoodLSTM  # noqa: E402
from gamemusic_export.onnx_export import build_graph  # noqa: E402
from gamemusic_export.quantise import quantise  # noqa: E402
from gamemusic_export.recipe import BaseRecipe, CorpusRecipe, MoodRecipe, read_recipe  # noqa: E402
from gamemusic_export.train import TrainSettings, score_excerpts, train  # noqa: E402
from gamemusic_export.weights import load_model, read_tensors, save_model  # noqa: E402

RECIPES = Path(__file__).parents[2] / "export" / "recipes"


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
    exported = score_session(Session(build_graph(quantise(model), {})), dataset, excerpts)
    assert exported == pytest.approx(score.bits_per_note, rel=0.02)
    worse = MoodLSTM(model.size)
    control = score_session(Session(build_graph(quantise(worse), {})), dataset, excerpts)
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
    read_recipe(RECIPES / "base.yaml", BaseRecipe)
    moods = [path.stem for path in RECIPES.glob("*.yaml") if path.stem not in ("corpus", "base")]
    assert {"explore", "tavern", "dungeon", "combat"} <= set(moods)
    for name in moods:
        assert read_recipe(RECIPES / f"{name}.yaml", MoodRecipe).mood == name


def test_a_misspelt_recipe_says_where(tmp_path: Path) -> None:
    path = tmp_path / "base.yaml"
    path.write_text("hiden: 3\nshares: {folk: 1}\ntraining: {updates: 1}\n")
    with pytest.raises(FormatError, match=r"base\.yaml:1:1: .*hidden"):
        read_recipe(path, BaseRecipe)
