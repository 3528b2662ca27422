"""Candidates side by side: none changes another, and the best seam is the one that counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from gamemusic.composer.candidates import Candidates, Conditions, compose_candidates
from gamemusic.composer.form import plan_repeats, plan_sections, sections_of
from gamemusic.composer.session import Memory, Session
from gamemusic.errors import GameMusicError
from gamemusic.score.phrase import Role
from gamemusic.theory import Key
from gamemusic.tokens.bars import Event
from gamemusic.tokens.codec import encode_bar
from gamemusic.tokens.grammar import Grammar, Rules
from gamemusic.tokens.state import State
from gamemusic.tokens.vocabulary import BAR, END, FEATURES, NOTE, START, STREAMS, VOCABULARY_SIZE
from gamemusic.units import METERS

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "presets").glob("*/model.onnx"))
MODEL = SHIPPED[0] if SHIPPED else ROOT / "tests" / "data" / "tiny_pack" / "model.onnx"
CONDITIONS = Conditions(style=0, intensity=4, meter=1, mode=1, roles=0b110001, ending=0)

Ints = npt.NDArray[np.int32]


class StandIn(Session):
    """A session without a model: logits come from a function of the tokens shown, (B,)."""

    def __init__(self, logits: Callable[[npt.NDArray[np.int64]], Ints]) -> None:
        self.logits = logits
        self.steps = 0

    def start(self, batch: int) -> Memory:
        return {"nothing": np.zeros((batch, 1), dtype=np.float32)}

    def step(self, features: npt.NDArray[np.int64], memory: Memory) -> tuple[Ints, Memory]:
        self.steps += 1
        return self.logits(features[:, 0]), memory


def _compose(
    session: Session,
    *,
    count: int = 4,
    seed: int = 3,
    bars: int = 4,
    min_p: float = 0.02,
    sections: tuple[int, ...] = (),
    first: int = 0,
) -> Candidates:
    roles = (Role.BASS, Role.LEAD, Role.DRUMS)
    rules = Rules(bars=bars, meter=METERS["3/4"], key=Key(9, "minor"), roles=roles, heard=(Role.LEAD,))
    return compose_candidates(
        session,
        Grammar(rules),
        CONDITIONS,
        sections=sections or (bars,),
        count=count,
        seed=seed,
        temperature=1.0,
        min_p=min_p,
        repeats={},
        first=first,
    )


@pytest.fixture(scope="module")
def session() -> Session:
    return Session(MODEL.read_bytes())


def test_the_same_seed_composes_the_same(session: Session) -> None:
    first, second = _compose(session), _compose(session)
    assert first == second
    assert first.bars != _compose(session, seed=4).bars


def test_candidates_differ(session: Session) -> None:
    bars = _compose(session, count=8).bars
    assert all(bars[a] != bars[b] for a in range(8) for b in range(a))


def test_a_candidate_is_the_same_in_any_company(session: Session) -> None:
    """The batch is for speed alone: others beside it, longer or shorter, change neither notes nor seam."""
    alone, eight = _compose(session, count=1), _compose(session, count=8)
    assert eight.bars[:1] == alone.bars
    assert eight.seam_bits[:1] == alone.seam_bits
    three = _compose(session, count=3)
    assert (eight.bars[:3], eight.seam_bits[:3], eight.token_bits[:3]) == (
        three.bars,
        three.seam_bits,
        three.token_bits,
    )


def test_a_second_batch_goes_on_where_the_first_ended(session: Session) -> None:
    eight, later = _compose(session, count=8), _compose(session, count=3, first=5)
    assert (later.bars, later.seam_bits, later.token_bits) == (
        eight.bars[5:],
        eight.seam_bits[5:],
        eight.token_bits[5:],
    )


def test_the_model_hears_sections_as_phrases_that_follow_each_other() -> None:
    """As in training: an End between them, bars left count down in each, and only the last one may be a cadence."""
    shown: list[npt.NDArray[np.int64]] = []

    class Watching(StandIn):
        def step(self, features: npt.NDArray[np.int64], memory: Memory) -> tuple[Ints, Memory]:
            shown.append(features[0].copy())
            return super().step(features, memory)

    session = Watching(lambda tokens: np.zeros((len(tokens), VOCABULARY_SIZE), dtype=np.int32))
    roles = (Role.BASS, Role.LEAD, Role.DRUMS)
    rules = Rules(bars=5, meter=METERS["3/4"], key=Key(9, "minor"), roles=roles)
    composed = compose_candidates(
        session,
        Grammar(rules),
        replace(CONDITIONS, ending=1),
        sections=(2, 3),
        count=1,
        seed=1,
        temperature=1.0,
        min_p=0.0,
        repeats={},
    )
    assert len(composed.bars[0]) == 5
    columns = {name: index for index, name in enumerate(FEATURES)}
    steps = np.stack(shown)
    left = steps[steps[:, columns["token"]] == BAR, columns["bars_left"]].tolist()
    assert left[:5] == [1, 0, 2, 1, 0]
    ends = np.flatnonzero(steps[:, columns["token"]] == END)
    assert len(ends) >= 2 and steps[ends[0], columns["bars_left"]] == 3
    assert steps[: ends[0], columns["ending"]].max() == 0
    assert steps[ends[0] : ends[1], columns["ending"]].min() == 1
    assert steps[ends[1] :, columns["ending"]].max() == 0  # the seam: what a loop's end leads to is no ending


@pytest.mark.parametrize("height", [0, 3, 8])
@pytest.mark.parametrize("bars", [1, 4])
def test_seam_is_the_surprise_after_the_end_less_that_inside(bars: int, height: int) -> None:
    """A model that finds all tokens alike, and from the end on expects a Start, which never comes, by e**height."""
    ended = False

    def logits(tokens: npt.NDArray[np.int64]) -> Ints:
        nonlocal ended
        ended = ended or bool((tokens == END).all())
        values = np.zeros((len(tokens), VOCABULARY_SIZE), dtype=np.int32)
        values[:, START] = 256 * height if ended else 0
        return values

    composed = _compose(StandIn(logits), bars=bars, count=1)
    expected = np.log2(VOCABULARY_SIZE - 1 + np.exp(height)) - np.log2(VOCABULARY_SIZE)
    assert composed.seam_bits == [pytest.approx(expected, abs=0.015)]


def test_the_seam_is_that_to_what_follows() -> None:
    """Which is the first bar, unless another bar is said to come after the last one."""
    shown: list[int] = []

    class Watching(StandIn):
        def step(self, features: npt.NDArray[np.int64], memory: Memory) -> tuple[Ints, Memory]:
            shown.append(int(features[0, 0]))
            return super().step(features, memory)

    lead: list[tuple[Event, ...]] = [()] * len(STREAMS)
    lead[STREAMS.index("lead")] = (Event(12, 20, 12, 4),)
    for after in (tuple(lead), None):
        shown.clear()
        composed = compose_candidates(
            Watching(lambda tokens: np.zeros((len(tokens), VOCABULARY_SIZE), dtype=np.int32)),
            Grammar(Rules(bars=1, meter=METERS["3/4"], key=Key(9, "minor"), roles=(Role.LEAD,))),
            CONDITIONS,
            sections=(1,),
            count=1,
            seed=1,
            temperature=1.0,
            min_p=0.0,
            repeats={},
            after=after,
        )
        follows = [BAR, *encode_bar(after or composed.bars[0][0], (), list(State(1).velocities))]
        seam = shown[shown.index(END) + 1 :]
        assert seam[0] == BAR
        assert [token for token in seam if NOTE[Role.LEAD] <= token] == [
            token for token in follows[:-1] if NOTE[Role.LEAD] <= token
        ]


def test_steps_are_counted(session: Session) -> None:
    stand_in = StandIn(lambda tokens: np.zeros((len(tokens), VOCABULARY_SIZE), dtype=np.int32))
    assert _compose(stand_in).steps == stand_in.steps


def test_composing_that_does_not_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a fault of ours could cause it; it is an error even then, and never an endless loop."""
    monkeypatch.setattr("gamemusic.composer.candidates.TOKENS_PER_BAR", -62)
    with pytest.raises(GameMusicError, match="did not end within 10 steps"):
        _compose(StandIn(lambda tokens: np.zeros((len(tokens), VOCABULARY_SIZE), dtype=np.int32)))


@pytest.mark.parametrize(
    ("form", "bars", "copies"),
    [
        ((), 8, {}),
        (("A", "A", "B", "A"), 8, {2: 0, 3: 1, 6: 0}),  # the last bar is always composed
        (("A", "A'"), 8, {4: 0, 5: 1, 6: 2}),
        (("A", "B"), 8, {}),
        (("A", "A", "B", "A"), 6, {}),  # does not divide
        (("A", "A", "B", "A"), 4, {}),  # sections of one bar
    ],
)
def test_forms_become_copies(form: tuple[str, ...], bars: int, copies: dict[int, int]) -> None:
    assert plan_repeats(sections_of(form, bars), bars) == copies


@pytest.mark.parametrize(
    ("form", "bars", "periods", "copies"),
    [
        ((), 8, ("",), {4: 0, 5: 1}),
        ((), 16, ("",), {4: 0, 5: 1, 12: 8, 13: 9}),
        ((), 7, ("",), {}),
        ((), 8, (), {}),
        (("A", "B"), 16, ("B",), {12: 8, 13: 9}),
        (("A", "A'"), 16, ("A",), {4: 0, 5: 1, 8: 0, 9: 1, 10: 2, 11: 3, 12: 4, 13: 5}),
        (("A", "B"), 8, ("A", "B"), {}),  # sections of four bars are too short
    ],
)
def test_periods_begin_their_second_half_like_their_first(
    form: tuple[str, ...], bars: int, periods: tuple[str, ...], copies: dict[int, int]
) -> None:
    assert plan_repeats(form, bars, periods) == copies


@pytest.mark.parametrize(
    ("form", "bars", "sections"),
    [
        ((), 4, (4,)),
        ((), 12, (12,)),
        ((), 13, (13,)),
        ((), 16, (8, 8)),
        ((), 31, (8, 8, 15)),
        (("A", "A'", "B", "A"), 32, (8, 8, 8, 8)),
        (("A", "A'", "B", "A"), 8, (2, 2, 2, 2)),
        (("A", "A'", "B", "A"), 6, (6,)),
    ],
)
def test_phrases_are_cut_into_sections(form: tuple[str, ...], bars: int, sections: tuple[int, ...]) -> None:
    assert plan_sections(sections_of(form, bars), bars) == sections


def test_the_seam_is_scored_without_its_bar_line() -> None:
    """A model that never expects a bar after an End, as after a piece, says nothing of how the music goes on."""

    def logits(tokens: npt.NDArray[np.int64]) -> Ints:
        values = np.zeros((len(tokens), VOCABULARY_SIZE), dtype=np.int32)
        values[tokens == END, START] = 256 * 12
        return values

    assert _compose(StandIn(logits), bars=2, count=2).seam_bits == [pytest.approx(0, abs=0.015)] * 2
