"""Any method from any thread, faults of all kinds, and a clean end."""

from __future__ import annotations

import gc
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recording import record

from gamemusic.director.deck import Deck
from gamemusic.director.director import Director
from gamemusic.director.maker import Maker
from gamemusic.errors import InputError, MissingError
from gamemusic.packs.library import find_pack

THREADED = {"patient": False}


@pytest.fixture(scope="module", autouse=True)
def _no_thread_outlives_its_director() -> Any:
    yield
    gc.collect()
    left = [thread.name for thread in threading.enumerate() if thread.name.startswith("gamemusic")]
    assert not left


def test_play_returns_at_once_and_music_comes(make_director: Any, tiny: str) -> None:
    director = make_director(settings=THREADED)
    director.play(tiny)
    assert director.wait_ready(20)
    assert np.any(record(director, 3))


def test_prepared_moods_begin_without_waiting(make_director: Any, tiny: str) -> None:
    director = make_director(settings=THREADED)
    director.prepare(tiny, "rock")
    director.prepare(tiny, "chamber")
    assert director.wait_ready(20)
    director.play(tiny, "chamber")
    assert director._conductor.coming is not None  # in the caller's own thread


def test_a_bridge_that_is_made_in_time_is_played(make_director: Any, tiny: str) -> None:
    director = make_director(settings=THREADED)
    director.prepare(tiny, "rock")
    director.play(tiny, "chamber")
    assert director.wait_ready(20)
    record(director, 0.5)
    director.play(tiny, "rock", at="phrase")
    for _ in range(1000):
        if director._conductor._coming is not None and director._conductor._coming.bridged:
            break
        time.sleep(0.01)
    told: list[str] = []
    director._notifier.tell = lambda moment, *, first: told.append(moment.kind)
    record(director, 15)
    assert "bridge" in told
    assert director.counters["bridges"] == 1


def test_a_better_bridge_or_a_change_of_mind_does_not_lose_the_place(make_director: Any, tiny: str) -> None:
    director = make_director(settings=THREADED)
    for style in ("rock", "chamber"):
        director.play(tiny, style, by="cut")
        assert director.wait_ready(20)
        record(director, 5)
    director._conductor.settle(wait=True)  # it is noted where rock was left
    rock = director._studio.programs["tiny", "rock"]
    bar, plays = rock.bar, rock.plays
    director.play(tiny, "rock", at="phrase")
    assert director.wait_ready(20)
    for _ in range(1000):  # first without a bridge, then with the one that is composed meanwhile
        if director._conductor._coming is not None and director._conductor._coming.bridged:
            break
        time.sleep(0.01)
    director.play(tiny, "chamber")
    assert (rock.bar, rock.plays) == (bar, plays)


def test_a_thousand_changes_of_mood_a_second_from_four_threads(make_director: Any, tiny: str) -> None:
    director = make_director(settings=THREADED)
    stop, failures, asked = threading.Event(), [], [0]

    def ask(number: int) -> None:
        random = np.random.default_rng(number)
        try:
            while not stop.is_set():
                style = ("chamber", "rock")[int(random.integers(2))]
                at = ("beat", "bar", "phrase")[int(random.integers(3))]
                director.play(tiny, style, float(random.random()), at=at, by=("bridge", "cut", "crossfade")[number % 3])
                director.intensity = float(random.random())
                director.set_stem("lead", float(random.random()))
                director.duck(-6.0 * float(random.random()))
                asked[0] += 1
                time.sleep(0.004)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    slowest, until = 0.0, time.monotonic() + 3.0
    while time.monotonic() < until:
        begin = time.monotonic()
        director.read(512)
        slowest = max(slowest, time.monotonic() - begin)
        time.sleep(0.002)
    stop.set()
    for thread in threads:
        thread.join(10)
    assert not failures
    assert asked[0] > 300
    assert slowest < 1.0  # not a measure of speed: it must not hang
    director.play(tiny, "rock", by="cut")
    assert director.wait_ready(20)
    record(director, 2)
    assert director.counters["failed"] == 0
    assert len(director._mixer.decks) < 12


def test_callbacks_come_outside_the_reading_thread_and_may_close(make_director: Any, tiny: str) -> None:
    director = make_director(settings=THREADED)
    told: list[tuple[str, int]] = []
    over = threading.Event()

    def close(moment: Any) -> None:
        told.append((threading.current_thread().name, moment.bar))
        director.close()
        over.set()

    director.on_bar(lambda moment: 1 / 0)  # one that fails takes nothing away from the others
    director.on_phrase(close)
    director.play(tiny)
    director.wait_ready(20)
    record(director, 1)
    assert over.wait(10)
    assert told[0][0] == "gamemusic callbacks"
    assert not np.any(director.read(100))


def test_two_directors_share_models_and_both_play(make_director: Any, tiny: str) -> None:
    one, other = (make_director(settings=THREADED, seed=seed) for seed in (1, 2))
    for director in (one, other):
        director.play(tiny)
    assert one.wait_ready(20)
    assert other.wait_ready(20)
    with one._studio._maker._shelf.composer(tiny) as first:
        pass
    with other._studio._maker._shelf.composer(tiny) as second:
        pass
    assert first is second
    one.close()
    assert np.any(record(other, 3))


def test_closing_is_final_quick_and_allowed_twice(make_director: Any, tiny: str) -> None:
    director = make_director(settings=THREADED)
    director.play(tiny)
    director.close()
    director.close()
    assert not np.any(director.read(512))
    with pytest.raises(InputError, match="closed"):
        director.play(tiny)
    with pytest.raises(InputError, match="closed"):
        director.pause()


def test_the_interpreter_ends_cleanly_with_music_playing(tiny: str) -> None:
    program = (
        "import gamemusic, time\n"
        "music = gamemusic.Director(soundfont='chip', seed=1)\n"
        f"music.play({tiny!r})\n"
        "music.wait_ready()\n"
        "music.on_bar(print)\n"
        "music.read(4096)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert not done.stderr


def test_the_switch_interval_is_put_back(make_director: Any) -> None:
    before = sys.getswitchinterval()
    one, other = make_director(), make_director()
    assert sys.getswitchinterval() == pytest.approx(0.0005)
    one.close()
    assert sys.getswitchinterval() == pytest.approx(0.0005)
    other.close()
    assert sys.getswitchinterval() == pytest.approx(before)


def test_music_goes_on_when_the_composer_fails(make_director: Any, tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    director = make_director()
    director.play(tiny)
    record(director, 1)

    def fail(*_: object) -> None:
        raise RuntimeError("the model gave NaN")

    monkeypatch.setattr(Maker, "phrase", fail)
    heard = record(director, 40)
    loud = np.sqrt(np.mean(heard[: len(heard) // 32000 * 32000].reshape(-1, 32000, 2) ** 2, axis=(1, 2)))
    assert np.min(loud[2:]) > 1e-5
    assert director.counters["late_repeats"] > 0
    assert director.counters["failed"] > 0
    assert "NaN" in director.errors[-1]
    director.play(tiny, "rock")
    record(director, 1)
    assert director.now is not None
    assert director.now.style != "rock"  # it is not there, so what plays goes on


def test_a_pack_that_is_deleted_goes_on_playing(make_director: Any, tiny_pack: Path, tmp_path: Path) -> None:
    pack = tmp_path / "gone"
    shutil.copytree(tiny_pack, pack)
    director = make_director()
    director.play(pack)
    record(director, 1)
    shutil.rmtree(pack)
    assert np.any(record(director, 30))
    assert director.counters["failed"] == 0
    with pytest.raises(InputError):
        find_pack(pack)


def test_a_deck_that_breaks_ends_and_others_can_play(
    make_director: Any, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    director = make_director(settings=THREADED)
    director.play(tiny, "chamber")
    assert director.wait_ready(20)
    record(director, 1)
    with monkeypatch.context() as patch:
        patch.setattr(Deck, "_act", lambda *_: 1 / 0)
        record(director, 2)
    director.play(tiny, "rock")
    assert director.wait_ready(20)
    assert np.any(record(director, 8))


def test_a_missing_soundfont_is_told_when_the_director_is_made(make_director: Any, tmp_path: Path) -> None:
    with pytest.raises((InputError, MissingError)):
        make_director(soundfont=tmp_path / "none.sf2")


def test_a_hitch_of_ten_seconds_costs_nothing(make_director: Any, tiny: str) -> None:
    # time passes by reading alone, so a game that stands still finds the music where it left it
    director = make_director(settings=THREADED)
    director.play(tiny)
    assert director.wait_ready(20)
    record(director, 1)
    before = director._mixer.position
    time.sleep(0.5)
    assert director._mixer.position == before
    big = director.read(1 << 19)  # sixteen seconds at once, to catch up
    assert np.any(big[-32000:])


def test_forgotten_moods_are_freed(make_director: Any, tiny_pack: Path, tmp_path: Path) -> None:
    director: Director = make_director(settings={"moods_kept": 2})
    text = (tiny_pack / "preset.yaml").read_text("utf-8")
    from gamemusic.packs.install import seal_folder

    for number in range(5):
        pack = tmp_path / f"mood{number}"
        shutil.copytree(tiny_pack, pack)
        (pack / "preset.yaml").write_text(text.replace("name: tiny", f"name: mood{number}"), "utf-8")
        seal_folder(pack)
        director.play(pack, by="cut")
        record(director, 4)
    assert len(director._studio.programs) <= 3
    assert len(director._mixer.decks) <= 3
