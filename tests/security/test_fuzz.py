"""Mutated files against every reader, a few in every run, ten thousand each with the slow tests."""

from __future__ import annotations

import random

import pytest
from fuzz import SURFACES, fuzz, mutate

from gamemusic.errors import GameMusicError
from gamemusic.score import midi


@pytest.mark.parametrize("surface", SURFACES)
def test_a_few_mutated_files(surface: str) -> None:
    found = fuzz(surface, 150, seed=2)
    assert found.failures == []
    assert found.refused > 10


@pytest.mark.slow
@pytest.mark.parametrize("surface", SURFACES)
def test_many_mutated_files(surface: str) -> None:
    found = fuzz(surface, 10_000, seed=1)
    assert found.failures == []
    assert found.refused > 1_000


def test_a_reader_that_breaks_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds, _ = SURFACES["midi"]

    seen: list[bytes] = []

    def careless(data: bytes) -> object:
        seen.append(data)
        if len(seen) == 30:
            raise IndexError("beyond the end")
        raise GameMusicError("no MIDI file")

    monkeypatch.setitem(SURFACES, "midi", (seeds, careless))
    (failure,) = fuzz("midi", 100, seed=1).failures
    assert "IndexError: beyond the end" in failure


def test_inputs_can_be_made_again() -> None:
    seeds = [b"abc" * 50, b"xyz" * 9]
    assert mutate(seeds, random.Random("a")) == mutate(seeds, random.Random("a"))
    assert mutate(seeds, random.Random("a")) != mutate(seeds, random.Random("b"))
    assert midi.read_midi is SURFACES["midi"][1]
