"""Waking a thread, and keeping the interpreter for a while."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from gamemusic.director.bell import Bell
from gamemusic.director.deck import Block
from gamemusic.director.interpreter import hold, keep, release, uncollected
from gamemusic.director.mixer import STEP_FRAMES, Mixer


def test_rung_before_or_while_somebody_waits() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()
    bell.wait(10.0)  # at once
    began = time.monotonic()
    bell.wait(0.05)  # the second ring was the same as the first
    assert time.monotonic() - began >= 0.04
    woken = threading.Event()

    def sleep() -> None:
        bell.wait()
        woken.set()

    thread = threading.Thread(target=sleep)
    thread.start()
    bell.ring()
    assert woken.wait(10)
    thread.join()


def test_keeping_changes_nothing_afterwards() -> None:
    before = sys.getswitchinterval()
    with keep():
        assert sys.getswitchinterval() == before  # only while a director is open
    hold(0.0005)
    try:
        with keep():
            assert sys.getswitchinterval() > 0.001
            hold(0.0002)
        assert abs(sys.getswitchinterval() - 0.0002) < 1e-6
        release(0.0002)
        assert abs(sys.getswitchinterval() - 0.0005) < 1e-6
    finally:
        release(0.0005)
    assert sys.getswitchinterval() == before


def test_reading_never_collects_garbage_and_leaves_collecting_as_it_was() -> None:
    mixer = Mixer(48000, 4800, lambda mark: None)
    seen: list[bool] = []
    mixer._mix = lambda sound: seen.append(gc.isenabled())  # type: ignore[method-assign]
    mixer.read(STEP_FRAMES)
    assert seen == [False]
    assert gc.isenabled()
    gc.disable()
    try:
        mixer.read(STEP_FRAMES)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_reading_never_hands_the_interpreter_over() -> None:
    # a thread that wants it all the time: whoever gives it up gets it back after 20 ms
    mixer = Mixer(48000, 4800, lambda mark: None)
    sound = np.ones((1 << 18, 2), np.float32)
    deck = SimpleNamespace(start=0, head=1 << 40, done=False, over=False, marks=deque(), take_gain=lambda *_: 0.9)
    deck.blocks = deque([Block(0, sound, 0.1 * sound)])
    mixer.add(deck)  # type: ignore[arg-type]
    mixer.volume.go(0.5, 8192)
    stop, turns = threading.Event(), [0]

    def count() -> None:
        while not stop.is_set():
            turns[0] += 1

    def others_turns(work: Callable[[], object]) -> int:
        changed = 0
        for _ in range(20):
            time.sleep(0.0001)  # gets the interpreter anew, so that nobody has waited for long
            seen = turns[0]
            work()
            changed += turns[0] != seen
        return changed

    thread = threading.Thread(target=count)
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.02)
    thread.start()
    try:
        # a machine whose cores are all busy takes them away in the middle of a read, too: then look again
        assert min(others_turns(lambda: mixer.read(2048)) for _ in range(5)) == 0
        assert max(others_turns(lambda: time.sleep(0.0)) for _ in range(5)) > 0  # the control: it is given up
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(before)
    assert np.any(mixer.read(512))


def test_collecting_is_on_again_whoever_leaves_last() -> None:
    def go_in_and_out() -> None:
        for _ in range(3000):
            with uncollected, uncollected:
                assert uncollected._inside

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=go_in_and_out) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert gc.isenabled()
