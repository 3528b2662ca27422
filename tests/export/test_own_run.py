"""Training that is stopped: nothing good is lost, and the same command goes on with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

import gamemusic

pytest.importorskip("torch")

import torch

from gamemusic.cli.main import main
from gamemusic.composer.session import Session
from gamemusic.packs.pack import open_pack
from gamemusic_export import own, own_run
from gamemusic_export.own import Verdict, train_own
from gamemusic_export.own_music import OwnMusic, study
from gamemusic_export.own_request import Request, check_request, open_mood
from gamemusic_export.own_run import Outcome, Workplace, open_workplace, runs_dir, try_threads
from gamemusic_export.own_start import begin_model, choose_start
from gamemusic_export.threads import choose_threads

Progress = Callable[[str, dict[str, float]], None]


@pytest.fixture(scope="module")
def heard(tunes: Path) -> OwnMusic:
    return study(tunes, "chamber")


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small batches, and a look at how good it is every 10 updates."""
    torch.set_num_threads(1)
    quick = dataclasses.replace(own_run._SETTINGS, rows=4, steps=32, validate_every=10, learning_rate=3e-3, warmup=4)
    monkeypatch.setattr(own_run, "_SETTINGS", quick)


def _learn(
    folder: Path, tunes: Path, music: OwnMusic, progress: Progress, *, style: str = "waltz", updates: int = 40
) -> tuple[Verdict, Workplace]:
    pack = open_mood(folder)
    request = check_request(pack, Request(folder=folder, midi=tunes, style=style, updates=updates))
    start = choose_start(pack, music, request.style, "chamber" if style not in pack.preset.styles else "")
    music.dataset.retell(start.token)
    place = open_workplace(request, pack, music, start)
    return train_own(request, pack, music, place, progress=progress), place


def _stop_at(update: int) -> Progress:
    def stop(stage: str, figures: dict[str, float]) -> None:
        if stage == "training" and figures["update"] >= update:
            raise KeyboardInterrupt

    return stop


def _go_on(stage: str, figures: dict[str, float]) -> None:
    pass


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_stopped_early_it_changes_nothing(small: Path, tunes: Path, heard: OwnMusic) -> None:
    """Before the first validation there is nothing better: model, preset, card and fingerprint stay."""
    before = _files(small)
    verdict, place = _learn(small, tunes, heard, _stop_at(10))
    assert verdict.stopped and not verdict.kept
    assert verdict.updates == 0
    assert verdict.before == verdict.after
    assert _files(small) == before
    assert (place.folder / "checkpoint.json").exists()


def test_stopped_later_it_keeps_what_is_better_and_goes_on(small: Path, tunes: Path, heard: OwnMusic) -> None:
    other = small.with_name("other")
    assert main(["new", "other", "--from", str(small)]) == 0
    whole, _ = _learn(other, tunes, heard, _go_on)
    assert whole.kept and not whole.stopped and whole.updates == 40

    before = open_pack(small).model
    verdict, place = _learn(small, tunes, heard, _stop_at(30))
    assert verdict.stopped and verdict.kept and not place.resumed
    assert verdict.updates == 20
    pack = open_pack(small)
    assert pack.model != before
    assert pack.card.training.steps == 20
    assert pack.preset.default_style == "waltz"
    assert gamemusic.compose("./small", bars=4, seed=1).style == "waltz"

    again, place = _learn(small, tunes, heard, _go_on)
    assert place.resumed
    assert again.updates == 40 and not again.stopped
    assert again.before == verdict.before == whole.before, "held against another model than the one it began from"
    assert again.after == whole.after
    weights = [Session(open_pack(folder).model).metadata["data_hash"] for folder in (small, other)]
    assert weights[0] == weights[1]
    assert open_pack(small).card.measures == open_pack(other).card.measures
    assert not list(runs_dir().iterdir()), "a training that has come to its end leaves something"


def test_a_mood_that_was_changed_since_is_begun_anew(small: Path, tunes: Path, heard: OwnMusic) -> None:
    _, first = _learn(small, tunes, heard, _stop_at(30))
    assert (first.folder / "checkpoint.json").exists()
    assert main(["new", "fresh", "--from", "dungeon"]) == 0
    model = Path("fresh/model.onnx").read_bytes()
    pack = open_mood(small)
    request = Request(folder=small, midi=tunes, style=first.start.token, updates=40)
    changed = open_mood(Path("fresh"))
    place = open_workplace(request, changed, heard, first.start)
    assert not place.resumed
    assert place.parent == model != pack.model


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"settings": 1}'])
def test_a_damaged_checkpoint_is_no_end(damage: bytes, small: Path, tunes: Path, heard: OwnMusic) -> None:
    _, place = _learn(small, tunes, heard, _stop_at(30))
    for path in place.folder.glob("*.safetensors"):
        path.write_bytes(damage)
    (place.folder / "checkpoint.json").write_bytes(damage)
    verdict, place = _learn(small, tunes, heard, _go_on, updates=40)
    assert not verdict.stopped and verdict.updates == 40


@pytest.mark.parametrize("cache", ["{}/file", "~/.cache/gamemusic"], ids=["a file there", "no home"])
def test_without_a_cache_it_trains_all_the_same(
    cache: str, small: Path, tunes: Path, heard: OwnMusic, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: cache.format(tmp_path))
    verdict, place = _learn(small, tunes, heard, _go_on, updates=20)
    assert not place.lasting and not place.folder.exists()
    assert verdict.updates == 20


def test_old_trainings_are_swept(small: Path, tunes: Path, heard: OwnMusic) -> None:
    _, place = _learn(small, tunes, heard, _stop_at(10))
    pack = open_mood(small)
    request = Request(folder=small, midi=tunes, style="rock")
    start = choose_start(pack, heard, "rock", "")
    later = place.folder.stat().st_mtime + 31 * 86400
    new = open_workplace(request, pack, heard, start, now=lambda: later)
    assert not place.folder.exists()
    assert new.folder.exists()


def test_progress_and_verdict_speak_of_one_thing(small: Path, tunes: Path, heard: OwnMusic) -> None:
    """Bits a note on the music that was held out to judge by, before and now; rounding to integers costs little."""
    told: list[dict[str, float]] = []
    verdict, _ = _learn(small, tunes, heard, lambda stage, figures: told.append(figures))
    last = [figures for figures in told if "now" in figures][-1]
    assert last["before"] == pytest.approx(verdict.before, rel=0.03)
    assert last["now"] == pytest.approx(verdict.after, rel=0.03)
    assert verdict.after < verdict.before


def test_nothing_better_adds_the_style_and_keeps_the_model(
    small: Path, tunes: Path, heard: OwnMusic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(model: torch.nn.Module, *_: object, **__: object) -> Outcome:
        figures = {"bits_per_note": 5.0, "first": 5.0, "updates": 60.0, "tokens": 1.0, "seconds": 1.0}
        return Outcome(model, figures, stopped=False)  # type: ignore[arg-type]  # its model is not asked for

    before = open_pack(small)
    monkeypatch.setattr(own, "fine_tune", fail)
    verdict, _ = _learn(small, tunes, heard, _go_on)
    assert not verdict.kept
    pack = open_pack(small)
    assert pack.model == before.model
    assert pack.read(pack.preset.fingerprint) if pack.preset.fingerprint else True
    assert pack.card.styles == before.card.styles
    assert pack.preset.styles["waltz"].token == "chamber"  # what the model knows
    assert "its model was kept" in pack.card.notes[-1]
    assert pack.card.training == before.card.training


def test_the_command_says_that_it_was_stopped(
    small: Path, tunes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = own_run.fine_tune

    def stop(*given: object, **named: object) -> Outcome:
        return real(*given, **{**named, "progress": _stop_at(10)})  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(own, "fine_tune", stop)
    monkeypatch.setattr("gamemusic_export.own_command.guess_parents", lambda music: [])  # it takes ten models
    words = ["train", "small", "--midi", str(tunes), "--style", "waltz", "--token", "rock", "--threads", "1"]
    assert main(words) == 130
    said = capsys.readouterr().out
    assert "small stays as it was" in said
    assert "stopped after 0 of 240 updates; the same command goes on from there" in said
    monkeypatch.setattr(own, "fine_tune", real)
    assert main([*words, "--updates", "20"]) == 0  # another command: another training
    assert "goes on with" not in capsys.readouterr().out


class _Machine:
    """Does so many tokens a second by number of threads; time passes with what is done."""

    def __init__(self, speed: dict[int, float]) -> None:
        self.speed, self.now, self.threads = speed, 0.0, 0
        self.used: list[int] = []

    def use(self, count: int) -> None:
        self.threads = count
        self.used.append(count)

    def step(self) -> int:
        self.now += 192 / self.speed[self.threads]
        return 192


@pytest.mark.parametrize(
    ("speed", "best"), [({1: 1500, 8: 130}, 1), ({1: 1500, 8: 6000}, 8), ({1: 1500, 8: 1500}, 1), ({1: 20, 8: 1}, 1)]
)
def test_a_trial_chooses_the_threads(speed: dict[int, float], best: int) -> None:
    machine = _Machine(speed)
    chosen = choose_threads(machine.step, machine.use, cores=8, clock=lambda: machine.now)
    assert chosen == best == machine.threads
    assert machine.used[:2] == [1, 8]


def test_one_core_needs_no_trial() -> None:
    machine = _Machine({1: 1.0})
    assert choose_threads(machine.step, machine.use, cores=1, clock=lambda: machine.now) == 1
    assert machine.now == 0


def test_a_trial_leaves_the_model_as_it_is(small: Path, heard: OwnMusic) -> None:
    pack = open_pack(small)
    start = choose_start(pack, heard, "rock", "")
    model = begin_model(pack.model, start)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert try_threads(model, heard, cores=2) in (1, 2)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
