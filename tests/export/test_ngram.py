"""The n-gram that the network is held against: its sums by hand, its place in the composer, and masks for both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from midifiles import midi_bytes, quartet

from gamemusic.composer.candidates import Candidates, Conditions, compose_candidates
from gamemusic.composer.session import Memory, Session
from gamemusic.errors import FormatError, InputError
from gamemusic.score.phrase import Phrase, Role
from gamemusic.theory import Key
from gamemusic.tokens.bars import join_bars
from gamemusic.tokens.codec import decode, encode
from gamemusic.tokens.grammar import Grammar, Rules
from gamemusic.tokens.vocabulary import (
    BAR,
    DURATION,
    END,
    FEATURES,
    NOTE,
    POSITION,
    ROLES,
    START,
    STYLE_NAMES,
    VOCABULARY_SIZE,
)
from gamemusic.units import METERS
from gamemusic_export.dataset import Dataset, PieceRow, build_dataset, prepare_all
from gamemusic_export.kneser_ney import PAD, PAST, Chains, Rung, build_chain, find_discounts, join_chains
from gamemusic_export.ngram import (
    NGram,
    NGramSession,
    build_ngram,
    load_ngram,
    plan_chains,
    read_factors,
    save_ngram,
)
from gamemusic_export.prediction import find_legal, score_masked

A, B, C, X = 40, 41, 42, 43

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def _chance(chains: Chains, token: int, **factors: int) -> float:
    """Return the chance of one token from chains of equal weight."""
    columns = {name: np.array([value]) for name, value in factors.items()}
    places, known = chains.find(columns, 1)
    count = len(chains.chains)
    return float(chains.mix(places, known, np.full((count, 1), 1 / count))[0, token])


def _rungs(*names: str) -> tuple[Rung, ...]:
    return tuple(names[first:] for first in range(len(names) + 1))


def _column(*values: int) -> Ints:
    return np.array(values, dtype=np.int64)


def _made(tokens: list[list[int]], style: list[int] | None = None) -> Dataset:
    """Return a dataset of one excerpt a list; all but tokens and styles is 0."""
    steps = np.zeros((sum(len(part) for part in tokens), len(FEATURES)), dtype=np.uint16)
    steps[:, 0] = np.concatenate(tokens)
    if style:
        steps[:, 1] = np.repeat(style, [len(part) for part in tokens])
    edges = np.cumsum([0, *(len(part) for part in tokens)])
    rows = [PieceRow(f"p{i}", "made", "chamber", "train", f"p{i}", 1, "", "CC0-1.0") for i in range(len(tokens))]
    return Dataset(steps, edges, np.arange(len(tokens)), np.zeros((len(tokens), 1)), rows, "0" * 64)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("corpus")
    for seed in range(12):
        (folder / f"piece{seed}.mid").write_bytes(midi_bytes(quartet(bars=16, seed=seed, transpose=seed % 5)))
    paths = sorted(folder.glob("*.mid"))
    pieces = prepare_all(paths, folder / "cache", jobs=1, progress=lambda *_: None)
    return build_dataset(pieces, [("made", "chamber", "CC0-1.0", "")] * len(paths), folder / "dataset")


@pytest.fixture(scope="module")
def ngram(dataset: Dataset) -> NGram:
    return build_ngram(dataset, np.arange(9), np.array([9, 10]), own=np.arange(4))


def test_discounts_by_hand() -> None:
    # six counts of 1, three of 2, two of 3, one of 4: Y = 6 / (6 + 2 * 3) = 1/2
    # D1 = 1 - 2 Y 3/6 = 1/2; D2 = 2 - 3 Y 2/3 = 1; D3+ = 3 - 4 Y 1/2 = 2
    counts = _column(1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 9)
    assert find_discounts(counts) == pytest.approx((0.5, 1.0, 2.0))
    assert find_discounts(_column(1, 2, 2)) == (0.5, 1.0, 1.5)
    # Y = 1/3; 2 - 3 Y 4/1 = -2 would add to counts of two
    assert find_discounts(_column(1, 2, 3, 3, 3, 3, 4)) == (0.5, 1.0, 1.5)


def test_a_bigram_by_hand() -> None:
    """Seen: A B, A B, A C, B C. Too few for estimates, so the discounts are 1/2, 1, 3/2."""
    chain = build_chain({"t1": _column(A, A, A, B)}, _column(B, B, C, C), _rungs("t1"))
    # below, B followed one token (A) and C two (A, B): (1 - 1/2) / 3 = 1/6 and (2 - 1) / 3 = 1/3; the rest, 3/2 of 3,
    # is spread over all tokens
    spread = 0.5 / VOCABULARY_SIZE
    assert _chance(chain, B, t1=X) == pytest.approx(1 / 6 + spread)
    assert _chance(chain, C, t1=X) == pytest.approx(1 / 3 + spread)
    assert _chance(chain, X, t1=X) == pytest.approx(spread)
    # after A: B (2 - 1) / 3, C (1 - 1/2) / 3, and (1 + 1/2) / 3 = 1/2 for the rung below
    assert _chance(chain, B, t1=A) == pytest.approx(1 / 3 + (1 / 6 + spread) / 2)
    assert _chance(chain, C, t1=A) == pytest.approx(1 / 6 + (1 / 3 + spread) / 2)
    # after B: C (1 - 1/2) / 1, and 1/2 for the rung below
    assert _chance(chain, C, t1=B) == pytest.approx(1 / 2 + (1 / 3 + spread) / 2)


def test_a_lost_condition_passes_its_counts_on() -> None:
    chain = build_chain({"style": _column(0, 0, 0, 1)}, _column(B, B, C, C), _rungs("style"))
    # below stand occurrences, B 2 and C 2: (2 - 1) / 4 each, 2/4 spread
    assert _chance(chain, B, style=5) == pytest.approx(1 / 4 + 0.5 / VOCABULARY_SIZE)
    assert _chance(chain, C, style=5) == pytest.approx(1 / 4 + 0.5 / VOCABULARY_SIZE)


def test_what_begins_an_excerpt_passes_its_counts_on() -> None:
    factors = {"t1": _column(A, A, A, A), "t2": _column(PAD, PAD, PAD, X)}
    chain = build_chain(factors, _column(B, B, B, C), _rungs("t2", "t1"))
    # after A on its own: B three times from the beginning, C after one context: (3 - 3/2) / 4 and (1 - 1/2) / 4, and
    # 2/4 for the rung below, where each of B and C followed one token: (1 - 1/2) / 2 and 1/2 spread
    below = 1 / 4 + 0.5 / VOCABULARY_SIZE
    assert _chance(chain, B, t1=A, t2=B) == pytest.approx(3 / 8 + below / 2)
    assert _chance(chain, C, t1=A, t2=B) == pytest.approx(1 / 8 + below / 2)


@st.composite
def _chains(draw: st.DrawFn) -> tuple[Chains, dict[str, Ints], Floats, Ints]:
    """Draw chains of what random music holds, contexts to ask about, their chains' weights, and tokens."""
    rng = np.random.Generator(np.random.Philox(draw(st.integers(0, 1 << 32))))
    values = draw(st.integers(1, 5))
    count, asked = draw(st.integers(1, 60)), draw(st.integers(1, 9))
    names = [*PAST[: draw(st.integers(1, 4))], "chord", "style"]

    def factors(size: int, spread: int) -> dict[str, Ints]:
        return {name: rng.integers(0, spread, size) for name in names}

    targets = rng.integers(0, values, count)
    known = factors(count, values)
    parts = [
        build_chain(known, targets, _rungs(*rng.permutation(names).tolist())) for _ in range(draw(st.integers(1, 3)))
    ]
    weights = rng.random((len(parts), asked)) + 0.01
    return (
        join_chains(parts),
        factors(asked, values + 1),
        weights / weights.sum(axis=0),
        rng.integers(0, values + 1, asked),
    )


@settings(max_examples=60, deadline=None)
@given(_chains())
def test_chances_add_up_to_one(drawn: tuple[Chains, dict[str, Ints], Floats, Ints]) -> None:
    chains, factors, weights, tokens = drawn
    places, known = chains.find(factors, len(tokens))
    mixed = chains.mix(places, known, weights)
    assert mixed.sum(axis=1) == pytest.approx(1, abs=1e-6)
    assert mixed.min() > 0
    one_by_one = (weights * chains.chances(places, known, tokens)).sum(axis=0)
    assert mixed[np.arange(len(tokens)), tokens] == pytest.approx(one_by_one, rel=1e-5)


@settings(max_examples=40, deadline=None)
@given(_chains())
def test_a_row_does_not_depend_on_the_others(drawn: tuple[Chains, dict[str, Ints], Floats, Ints]) -> None:
    chains, factors, weights, tokens = drawn
    together = chains.mix(*chains.find(factors, len(tokens)), weights)
    for row in range(len(tokens)):
        one = slice(row, row + 1)
        alone = chains.mix(*chains.find({name: column[one] for name, column in factors.items()}, 1), weights[:, one])
        assert np.array_equal(alone[0], together[row])


def _bits_per_token(order: int, excerpts: list[list[int]]) -> float:
    """Return how an n-gram of tokens alone foretells the last excerpt; it learns from all before the last two."""
    made = _made(excerpts)
    last = len(excerpts) - 1
    ngram = build_ngram(made, np.arange(last - 1), np.array([last - 1]), order=order, plain=True)
    factors, targets = read_factors(made, np.array([last]), order)
    return float(-np.log2(ngram.predict(factors)[np.arange(len(targets)), targets]).mean())


def test_longer_contexts_foretell_what_needs_them() -> None:
    """Nine tokens in ten are decided by the three before them, and by no fewer; else long contexts gain nothing."""
    rng = np.random.Generator(np.random.Philox(3))
    structured, loose = [], []
    for _ in range(40):
        line = rng.integers(0, 5, 3).tolist()
        while len(line) < 120:
            follows = (line[-1] + line[-2] + line[-3] + 1) % 5
            line.append(int(rng.integers(0, 5)) if rng.random() < 0.1 else follows)
        structured.append([START, *(A + token for token in line)])
        loose.append([START, *(A + rng.integers(0, 5, 120)).tolist()])
    bits = [_bits_per_token(order, structured) for order in (2, 3, 4, 5)]
    assert max(bits[2:]) < 0.6 * min(bits[:2])
    control = [_bits_per_token(order, loose) for order in (2, 5)]
    assert control[1] > 0.98 * control[0]


def test_conditions_foretell_what_needs_them() -> None:
    """The style alone says whether B or C follows A."""
    styles = [index % 2 for index in range(12)]
    made = _made([[START, *([A, (B, C)[style]] * 8)] for style in styles], styles)
    given_all, plain = (build_ngram(made, np.arange(8), np.arange(8, 10), plain=plain) for plain in (False, True))
    factors, targets = read_factors(made, np.array([10, 11]))
    first = np.flatnonzero(factors["t2"] == START)  # the first choice of each excerpt, before its past gives it away
    right = [float(one.predict(factors)[first, targets[first]].min()) for one in (given_all, plain)]
    assert right[0] > 0.65
    assert right[1] < 0.55


def test_factors_stay_inside_their_excerpt() -> None:
    made = _made([[START, A, B], [START, C, X, A]])
    factors, targets = read_factors(made, np.array([1]))
    assert targets.tolist() == [C, X, A]
    assert [factors[name].tolist() for name in PAST[:4]] == [
        [START, C, X],
        [PAD, START, C],
        [PAD, PAD, START],
        [PAD, PAD, PAD],
    ]


def test_orders_decide_the_longest_context() -> None:
    for order in range(2, 9):
        past = {name for chain in plan_chains(order) for rung in chain for name in rung if name in PAST}
        assert past == set(PAST[: order - 1])
    assert plan_chains(3, plain=True) == ((("t2", "t1"), ("t1",), ()),)
    for order in (1, 9):
        with pytest.raises(InputError, match="2 to 8"):
            plan_chains(order)


def test_useless_input_is_named() -> None:
    made = _made([[START, A], [START]])
    with pytest.raises(InputError, match="at least one token"):
        build_ngram(made, np.array([1]), np.array([0]))
    with pytest.raises(InputError, match="held-out"):
        build_ngram(made, np.array([0]), np.array([1]))
    with pytest.raises(InputError, match="none is left"):
        build_chain({"t1": _column(A)}, _column(B), [("t1",)])
    with pytest.raises(InputError, match="none is left"):
        build_chain({"t1": _column(A), "t2": _column(A)}, _column(B), [("t1",), ("t2",), ()])


def test_the_session_remembers_as_the_dataset_tells(ngram: NGram, dataset: Dataset) -> None:
    session, steps = NGramSession(ngram), dataset.excerpt(11).astype(np.int64)
    factors, _ = read_factors(dataset, np.array([11]))
    expected = ngram.predict(factors)
    memory = session.start(2)
    for index in range(len(steps) - 1):
        logits, memory = session.step(np.stack((steps[index], steps[index])), memory)
        assert np.array_equal(logits[0], logits[1])
        assert logits[0] == pytest.approx(256 * np.log(expected[index]), abs=0.51)
    assert logits.dtype == np.int32


def test_files_give_the_same_ngram_back(ngram: NGram, dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ngram.npz"
    save_ngram(path, ngram)
    again = load_ngram(path)
    factors, _ = read_factors(dataset, np.array([11]))
    assert np.array_equal(again.predict(factors), ngram.predict(factors))
    assert (again.order, again.chains.chains, again.metadata) == (ngram.order, ngram.chains.chains, ngram.metadata)
    assert [file.name for file in path.parent.iterdir()] == ["ngram.npz"]
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(path.read_bytes()[:5000])
    for name in (damaged, tmp_path / "missing.npz"):
        with pytest.raises(FormatError, match="build it again"):
            load_ngram(name)


def _compose(session: Session, count: int) -> tuple[Candidates, Grammar]:
    roles = (Role.BASS, Role.HARMONY, Role.LEAD)
    grammar = Grammar(Rules(bars=4, meter=METERS["4/4"], key=Key(0, "major"), roles=roles))
    conditions = Conditions(
        style=STYLE_NAMES.index("chamber"),
        intensity=4,
        meter=0,
        mode=0,
        roles=sum(1 << ROLES.index(role) for role in roles),
        ending=0,
    )
    found = compose_candidates(
        session, grammar, conditions, sections=(4,), count=count, seed=5, temperature=1.0, min_p=0.02, repeats={}
    )
    return found, grammar


def test_it_composes_in_the_networks_place(ngram: NGram) -> None:
    session = NGramSession(ngram)
    three, _ = _compose(session, 3)
    alone, grammar = _compose(session, 1)
    assert three.bars[0] == alone.bars[0]
    assert three.bars[0] != three.bars[1]
    frame = Phrase(bars=4, meter=METERS["4/4"], tempo_bpm=100, key=Key(0, "major"), tracks=())
    for bars in three.bars:
        assert len(bars) == 4
        assert all(any(bar[stream] for stream in grammar.heard) for bar in bars)
        phrase = join_bars(bars, frame)
        assert {track.role for track in phrase.tracks} <= set(grammar.rules.roles)
        assert decode(encode(phrase), frame) == phrase


class _Even:
    """A predictor that finds every token as likely as any other, or draws its logits."""

    def __init__(self, seed: int | None = None) -> None:
        self._generator = None if seed is None else np.random.Generator(np.random.Philox(seed))

    def start(self, batch: int) -> Memory:
        return {}

    def step(self, features: Ints, memory: Memory) -> tuple[npt.NDArray[np.int32], Memory]:
        shape = (len(features), VOCABULARY_SIZE)
        if self._generator is None:
            return np.zeros(shape, dtype=np.int32), memory
        return self._generator.integers(-900, 900, shape).astype(np.int32), memory


def test_masks_renormalise(dataset: Dataset) -> None:
    """Who knows nothing but the rules pays the logarithm of the number of legal tokens."""
    excerpts = np.array([9, 10, 11])
    score = score_masked(_Even(), dataset, excerpts, rows=2, steps=50)
    legal = [find_legal(dataset.excerpt(index)) for index in excerpts.tolist()]
    for index, rows in zip(excerpts.tolist(), legal, strict=True):
        targets = dataset.excerpt(index)[1:, 0].astype(np.int64)
        assert rows[np.arange(len(targets)), targets].all()
        assert score.bits[index] == pytest.approx(np.log2(rows.sum(axis=1)).sum())
    notes = dataset.notes(excerpts.tolist())
    assert (score.forbidden, score.tokens) == (0, sum(len(rows) for rows in legal))
    assert sum(score.notes.values()) == notes
    assert score.bits_per_note == pytest.approx(sum(score.bits.values()) / notes)
    assert score.bits_per_note_unmasked == pytest.approx(score.tokens * np.log2(VOCABULARY_SIZE) / notes)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_masks_make_no_one_worse(dataset: Dataset, seed: int) -> None:
    score = score_masked(_Even(seed), dataset, np.array([3]))
    assert score.bits_per_note < score.bits_per_note_unmasked


def test_legal_tokens_end_a_phrase_where_it_ends(dataset: Dataset) -> None:
    steps = dataset.excerpt(0)
    legal, tokens = find_legal(steps), steps[:, 0].tolist()
    assert np.flatnonzero(legal[0]).tolist() == [BAR]
    last = len(tokens) - 1 - tokens[::-1].index(BAR)
    assert not legal[last:, BAR].any()
    assert legal[-1, END]
    assert not legal[:last, END][legal[:last, BAR]].any()
    silent = [role for index, role in enumerate(ROLES) if not steps[0, 5] >> index & 1]
    assert silent
    assert not any(legal[:, NOTE[role]].any() for role in silent)


def test_forbidden_tokens_are_counted_and_scored_without_the_mask() -> None:
    """No grammar lets a bar pass in silence; a corpus may hold one."""
    lead = NOTE[Role.LEAD] + 20
    made = _made([[START, BAR, POSITION, lead, DURATION + 5, BAR, END]])
    made.steps[:, list(FEATURES).index("roles")] = 1 << ROLES.index(Role.LEAD)
    score = score_masked(_Even(), made, np.array([0]))
    legal = find_legal(made.excerpt(0))
    assert score.forbidden == 1
    assert not legal[-1, END]
    expected = np.log2(legal[:-1].sum(axis=1)).sum() + np.log2(VOCABULARY_SIZE)
    assert score.bits_per_note == pytest.approx(expected)


def test_it_foretells_music_better_than_rules_alone(ngram: NGram, dataset: Dataset) -> None:
    even, learnt = (score_masked(one, dataset, np.array([11])) for one in (_Even(), NGramSession(ngram)))
    assert learnt.bits_per_note < 0.5 * even.bits_per_note
