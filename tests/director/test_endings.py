"""How a director ends: at once, wherever it is asked to, with nothing left behind."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from recording import record

from gamemusic.composer.composer import Composer
from gamemusic.composer.session import Session
from gamemusic.director.director import Director
from gamemusic.director.settings import Settings
from gamemusic.director.shelf import SHELF
from gamemusic.errors import GameMusicError, InputError
from gamemusic.packs.library import find_pack

THREADED = {"patient": False}


class Gate:
    """A model whose every step waits until it is let through, and is counted."""

    def __init__(self, model: Any) -> None:
        self._model, self.runs = model, 0
        self.inside, self.open = threading.Event(), threading.Event()

    def get_modelmeta(self) -> Any:
        return self._model.get_modelmeta()

    def run(self, *arguments: Any) -> Any:
        self.runs += 1
        self.inside.set()
        assert self.open.wait(60)
        return self._model.run(*arguments)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch, tiny: str) -> Iterator[Gate]:
    """The gate before the tiny mood's model, closed."""
    monkeypatch.setattr(SHELF, "_entries", type(SHELF._entries)())
    with SHELF.composer(tiny) as composer:
        made = Gate(composer.session._session)
        composer.session._session = made
    yield made
    made.open.set()


def threads_of(director: Director) -> list[threading.Thread]:
    engine = director._engine
    return [engine._sound, *engine.studio.threads, *engine.notifier.threads]


def join_all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        if thread.ident is not None:
            thread.join(30)
        assert not thread.is_alive(), thread.name


def in_thread(function: Callable[[], object]) -> bool:
    """Return whether a function returns while everything else stands still."""
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    thread.join(5)
    return not thread.is_alive()


def test_closing_does_not_wait_for_a_step_and_composing_ends_at_the_next(
    make_director: Any, tiny: str, gate: Gate
) -> None:
    director = make_director(settings=THREADED)
    director.play(tiny)
    assert gate.inside.wait(30)
    threads = threads_of(director)
    assert in_thread(director.close)
    assert any(thread.is_alive() for thread in threads)  # it is in the middle of a step, and was not waited for
    assert gate.runs == 1
    gate.open.set()
    join_all(threads)
    assert gate.runs == 1
    assert director.counters["failed"] == 0


def test_closing_ends_whoever_waits_for_anothers_composer(make_director: Any, tiny: str, gate: Gate) -> None:
    one, other = (make_director(settings=THREADED, seed=seed) for seed in (1, 2))
    one.play(tiny)
    assert gate.inside.wait(30)
    other.play(tiny)
    other.close()
    join_all(threads_of(other))
    assert gate.runs == 1
    gate.open.set()
    assert one.wait_ready(30)


@pytest.mark.parametrize("what", ["bridge", "stinger", "prepare"])
def test_all_kinds_of_composing_end_at_the_next_step(make_director: Any, tiny: str, gate: Gate, what: str) -> None:
    director = make_director(settings=THREADED)
    gate.open.set()
    director.play(tiny, "chamber")
    if what == "bridge":
        director.prepare(tiny, "rock")
    assert director.wait_ready(30)
    record(director, 0.5)
    gate.open.clear()
    gate.inside.clear()
    if what == "stinger":
        director.stinger("win")
    elif what == "bridge":
        director.play(tiny, "rock", at="phrase")
    else:
        director.prepare(tiny, "rock")
    assert gate.inside.wait(30)
    assert in_thread(director.close)
    runs = gate.runs
    gate.open.set()
    join_all(threads_of(director))
    assert gate.runs <= runs + 1  # two threads compose, of which one may just have begun its step


def test_a_check_before_each_step_changes_no_note_and_ends_composing(tiny: str) -> None:
    composer = Composer(find_pack(tiny))
    calls = [0]

    def count() -> None:
        calls[0] += 1

    plain = composer.compose(bars=2, seed=5)
    assert composer.checked(count).compose(bars=2, seed=5) == plain
    assert calls[0] > 50
    steps = [0]

    class Counting(Session):
        def step(self, *arguments: Any) -> Any:
            result = super().step(*arguments)
            steps[0] += 1
            return result

    composer.session.__class__ = Counting

    def stop() -> None:
        if steps[0] == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        composer.checked(stop).compose(bars=2, seed=5)
    assert steps[0] == 7
    assert composer.compose(bars=2, seed=5) == plain  # nothing of it is left


def test_a_director_that_is_dropped_ends_by_itself(tiny: str, gate: Gate) -> None:
    director = Director(sample_rate=32000, seed=1, soundfont="chip")
    director.play(tiny)
    assert gate.inside.wait(30)
    threads, gone = threads_of(director), weakref.ref(director)
    before = sys.getswitchinterval()
    del director
    assert gone() is None  # without the collector
    assert sys.getswitchinterval() > before
    gate.open.set()
    join_all(threads)
    assert gate.runs == 1


def test_callbacks_that_hold_the_director_do_not_keep_it_alive(tiny: str) -> None:
    director = Director(sample_rate=32000, seed=1, soundfont="chip")
    told = threading.Event()

    class Scene:
        def __init__(self, music: Director) -> None:
            self.music = music
            music.on_bar(self.look)

        def look(self, moment: Any) -> None:
            assert self.music.now is not None
            told.set()

    Scene(director)
    director.on_phrase(lambda moment, bound=director.duck: None)  # type: ignore[misc]
    director.play(tiny)
    assert director.wait_ready(30)
    record(director, 1)
    assert told.wait(10)
    threads, gone = threads_of(director), weakref.ref(director)
    del director
    for _ in range(100):  # the last call may be under way
        gc.collect()
        if gone() is None:
            break
        threading.Event().wait(0.05)
    assert gone() is None
    join_all(threads)


def test_a_patient_director_that_is_dropped_frees_its_synthesizers(tiny: str) -> None:
    director = Director(sample_rate=32000, seed=1, soundfont="chip", settings=Settings(patient=True))
    director.play(tiny)
    record(director, 1)
    synth = weakref.ref(director._mixer.decks[0]._synth)
    del director
    assert synth() is None


def test_closed_while_a_card_is_fed_everything_ends(
    make_director: Any, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow:
        """A device that takes sound when it is told to."""

        write_available = 0
        taking, go_on, closed = threading.Event(), threading.Event(), threading.Event()

        def start(self) -> None: ...

        def write(self, data: Any) -> None:
            self.taking.set()
            self.go_on.wait(60)

        def close(self) -> None:
            self.closed.set()

    sink = Slow()
    monkeypatch.setattr("gamemusic.director.output.open_device", lambda *_: sink)
    director = make_director(settings=THREADED)
    director.start()
    assert sink.taking.wait(10)
    assert in_thread(director.close)
    sink.go_on.set()
    assert sink.closed.wait(10)
    with pytest.raises(InputError, match="closed"):
        director.start()


def test_a_dropped_director_lets_go_of_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sink:
        write_available = 0
        taking, closed = threading.Event(), threading.Event()

        def start(self) -> None: ...

        def write(self, data: Any) -> None:
            self.taking.set()

        def close(self) -> None:
            self.closed.set()

    sink = Sink()
    monkeypatch.setattr("gamemusic.director.output.open_device", lambda *_: sink)
    director = Director(sample_rate=32000, seed=1, soundfont="chip")
    director.start()
    assert sink.taking.wait(10)
    gone = weakref.ref(director)
    del director
    assert gone() is None
    assert sink.closed.wait(10)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit(3), GeneratorExit, ZeroDivisionError("one")])
def test_whatever_a_callback_raises_the_next_bars_are_told(make_director: Any, tiny: str, error: Any) -> None:
    director = make_director()
    told: list[int] = []
    enough = threading.Event()

    def fail(moment: Any) -> None:
        raise error

    def count(moment: Any) -> None:
        told.append(moment.bar)
        if len(told) == 4:
            enough.set()

    director.on_bar(fail)
    director.on_bar(count)
    director.play(tiny)
    record(director, 20)
    assert enough.wait(10)
    name = error.__name__ if isinstance(error, type) else type(error).__name__
    assert [one for one in director.errors if name in one] == list(director.errors)
    assert len(director.errors) == 1


def test_what_cannot_be_called_or_waited_for_is_refused(make_director: Any) -> None:
    director = make_director()
    for listen in (director.on_bar, director.on_phrase):
        with pytest.raises(InputError, match="takes a Moment"):
            listen(None)
    for timeout in (-1, float("nan"), "1", None, True):
        with pytest.raises(InputError, match="timeout"):
            director.wait_ready(timeout)


def test_every_method_of_a_closed_director_returns_or_refuses(make_director: Any, tiny: str) -> None:
    director = make_director(settings=THREADED)
    state = director.save_state()
    director.close()
    for call in (
        lambda: director.play(tiny),
        lambda: director.prepare(tiny),
        lambda: director.stinger("win"),
        lambda: director.on_bar(print),
        lambda: director.on_phrase(print),
        lambda: director.set_stem("lead", 0.5),
        lambda: director.duck(-3),
        lambda: director.load_state(state),
        director.start,
        director.stop,
        director.pause,
        director.resume,
    ):
        with pytest.raises(InputError, match="closed"):
            call()
    assert not director.wait_ready(5)
    assert director.save_state()["format"] == state["format"]
    assert not np.any(director.read(64))
    assert director.errors == ()
    director.intensity = 0.7
    assert director.intensity == 0.7
    assert director.now is None
    assert not director.paused


def test_a_state_that_is_refused_changes_nothing(make_director: Any, tiny: str) -> None:
    director = make_director()
    director.play(tiny, intensity=0.3)
    record(director, 1)
    state = director.save_state()
    for wrong in ({"playing": ["nowhere", "rock"]}, {"playing": [tiny, "nothing"]}, {"intensity": 2}):
        with pytest.raises(InputError):
            director.load_state({**state, "seed": 77, **wrong})
        assert director.save_state() == state


def test_stingers_in_a_pause_do_not_pile_up(make_director: Any, tiny: str) -> None:
    director = make_director()
    director.play(tiny)
    record(director, 1)
    director.pause()
    record(director, 0.1)
    for _ in range(12):
        director.stinger("found")
    assert sum(deck.over for deck in director._mixer.decks) == 8
    assert "stingers at once" in director.errors[0]
    director.resume()
    record(director, 20)
    director.stinger("found")
    assert sum(deck.over for deck in director._mixer.decks) == 1


def test_closing_in_del_and_while_locks_are_held_does_not_wait(make_director: Any, tiny: str) -> None:
    director = make_director(settings=THREADED)

    class Scene:
        def __init__(self) -> None:
            self.me = self  # only the collector frees it

        def __del__(self) -> None:
            director.stop(0.1)
            director.close()

    held = threading.Event()
    leave = threading.Event()

    def hold() -> None:
        with director._studio.lock, director._mixer.lock:
            held.set()
            leave.wait(30)

    holder = threading.Thread(target=hold, daemon=True)
    holder.start()
    assert held.wait(10)
    assert in_thread(director.close)  # whatever other threads are doing
    leave.set()
    holder.join(10)

    director = make_director(settings=THREADED)
    Scene()
    with director._studio.lock, director._mixer.lock:
        pass
    gc.collect()
    with pytest.raises(InputError, match="closed"):
        director.pause()


def test_no_garbage_is_collected_while_the_lock_is_held_that_sound_waits_for(make_director: Any) -> None:
    director = make_director()
    with director._mixer.lock:
        assert not gc.isenabled()
        with director._mixer.lock:
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


RUNS = """
import gamemusic, os, sys, threading, time
from gamemusic.director.settings import Settings
music = gamemusic.Director(soundfont='chip', seed=1)
music.play({mood!r})
"""


def run_program(mood: str, text: str) -> subprocess.CompletedProcess[str]:
    program = RUNS.format(mood=mood) + text
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 0),  # in the middle of composing
        (
            "music.on_bar(lambda _: threading.Event().wait())\nmusic.wait_ready(); music.read(200000); sys.exit(3)",
            3,
        ),
        ("music.wait_ready(); del music", 0),
        ("music.wait_ready()\nclass A:\n def __del__(self): music.close()\na = A(); a.a = a", 0),
    ],
    ids=["composing", "a callback that never returns", "dropped", "closed by __del__ at the end"],
)
def test_the_interpreter_ends_without_a_word(tiny: str, text: str, code: int) -> None:
    done = run_program(tiny, text)
    assert done.returncode == code, done.stderr
    assert not done.stderr


FORKED = """
music.wait_ready()
music.read(4096)
def call(name):
    child = os.fork()
    if not child:
        try:
            {{
                'read': lambda: music.read(64), 'play': lambda: music.play({mood!r}), 'prepare': lambda:
                music.prepare({mood!r}), 'stinger': lambda: music.stinger('win'), 'pause': music.pause,
                'resume': music.resume, 'stop': music.stop, 'duck': lambda: music.duck(-3),
                'set_stem': lambda: music.set_stem('lead', 0.5), 'on_bar': lambda: music.on_bar(print),
                'save_state': music.save_state, 'load_state': lambda: music.load_state({{}}),
                'start': music.start, 'wait_ready': music.wait_ready, 'counters': lambda: music.counters,
                'intensity': lambda: setattr(music, 'intensity', 0.5),
            }}[name]()
            os._exit(1)
        except gamemusic.GameMusicError as error:
            os._exit(0 if 'forked' in str(error) else 2)
        finally:
            os._exit(3)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
with music._mixer.lock, music._studio.lock:  # as if another thread had been in the middle of something
    print([name for name in ('read play prepare stinger pause resume stop duck set_stem on_bar save_state load_state '
        'start wait_ready counters intensity').split() if call(name)])
child = os.fork()
if not child:
    music.close()  # nothing to be done here, so that 'with' may end
    del music
    again = gamemusic.Director(soundfont='chip', seed=1, settings=Settings(patient=True))
    again.play({mood!r})
    os._exit(0 if abs(again.read(240000)).max() > 0 else 4)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(code, sys.getswitchinterval() < 0.001, abs(music.read(240000)).max() > 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_is_told_and_its_parent_plays_on(tiny: str) -> None:
    done = run_program(tiny, FORKED.format(mood=tiny))
    assert done.stdout.splitlines() == ["[]", "0 True True"], done.stdout + done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_fork_in_the_middle_of_composing_leaves_no_lock_behind(tiny: str) -> None:
    done = run_program(
        tiny,
        "import gamemusic.director.shelf as shelf, gamemusic.director.interpreter as interpreter\n"
        "from gamemusic.audio import balance\n"
        "entry = shelf.SHELF._entry(" + repr(tiny) + ", Settings().limits)\n"
        "stop, ready = threading.Event(), threading.Event()\n"
        "def hold():\n"
        "    with entry.lock, shelf.SHELF._lock, interpreter._lock, balance._measured_lock:\n"
        "        ready.set(); stop.wait(60)\n"
        "thread = threading.Thread(target=hold); thread.start(); ready.wait(60)\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    again = gamemusic.Director(soundfont='chip', seed=1, settings=Settings(patient=True))\n"
        "    again.play(" + repr(tiny) + ")\n"
        "    os._exit(0 if abs(again.read(240000)).max() > 0 else 4)\n"
        "for _ in range(600):\n"
        "    done, code = os.waitpid(child, os.WNOHANG)\n"
        "    if done: break\n"
        "    time.sleep(0.05)\n"
        "else:\n"
        "    os.kill(child, 9); code = 'hangs'\n"
        "stop.set(); print(code)\n",
    )
    assert done.stdout.strip() == "0", done.stdout + done.stderr


def test_what_a_child_may_not_do_is_said() -> None:
    from gamemusic.director.forks import check_process, count_forks

    check_process(count_forks())
    with pytest.raises(GameMusicError, match="spawn"):
        check_process(count_forks() - 1)
