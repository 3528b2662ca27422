"""The same files from a Dask cluster as from one process."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gamemusic.errors import InputError
from gamemusic.soundtrack.bake import bake
from gamemusic.soundtrack.cluster import make_here
from gamemusic.soundtrack.maker import Made
from gamemusic.soundtrack.order import Order, make_orders
from gamemusic.soundtrack.plan import read_plan
from gamemusic.soundtrack.workers import Failure

distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed (extra: cluster)")

YAML = """\
formats: [wav, midi]
sample_rate: 22050
soundfont: chip
defaults: {mood: tiny, bars: 2}
cues:
  day: {style: chamber, intensity: [0.3, 0.9]}
  night: {harmony_from: day}
  camp: {theme: camp.mid}
transitions:
  dusk: {start: day, end: night}
"""


@pytest.fixture
def track(game: Path) -> Path:
    from sources import midi_of

    (game / "camp.mid").write_bytes(midi_of({"lead": [(0, 60, 480), (480, 64, 480)]}))
    (game / "track.yaml").write_text(YAML, encoding="utf-8")
    return game / "track.yaml"


@pytest.fixture
def address(track: Path) -> Iterator[str]:
    """Start a scheduler and two processes; depends on ``track`` so that they find its mood."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dask's own
        cluster = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        )
    with cluster:
        yield cluster.scheduler_address


def _contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*.*") if file.is_file()}


@pytest.mark.filterwarnings("default")
def test_the_same_files_as_here(track: Path, address: str) -> None:
    bake(track, track.parent / "here")
    summary = bake(track, track.parent / "there", cluster=address)
    assert sorted(summary.made) == ["camp", "day", "dusk", "night"]
    assert _contents(track.parent / "there") == _contents(track.parent / "here")
    assert bake(track, track.parent / "there", cluster=address).made == []


@pytest.mark.filterwarnings("default")
def test_no_scheduler(track: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gamemusic.soundtrack.cluster._CONNECT_SECONDS", 0.5)
    with pytest.raises(InputError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        bake(track, track.parent / "out", cluster="tcp://127.0.0.1:9")


@pytest.fixture
def order(track: Path) -> Order:
    return next(one for one in make_orders(read_plan(track)) if one.name == "camp")


def test_packs_and_soundfonts_may_lie_elsewhere(order: Order) -> None:
    made = make_here(replace(order, origin=replace(order.origin, pack="/not/here"), soundfont="/nor/here/chip.sf2"))
    assert isinstance(made, Made)
    assert made.key == order.key


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda order: replace(order, soundfont="/no/font.sf2", soundfont_digest="0" * 64), "no soundfont font.sf2"),
        (lambda order: replace(order, origin=replace(order.origin, digest="0" * 64)), "mood tiny is another one"),
        (lambda order: replace(order, origin=replace(order.origin, theme="/no/camp.mid")), "cannot see /no/camp.mid"),
    ],
)
def test_a_worker_that_lacks_something_says_what(order: Order, change: Callable[[Order], Order], words: str) -> None:
    failed = make_here(change(order))
    assert isinstance(failed, Failure)
    assert failed.name == "camp"
    assert words in failed.reason
