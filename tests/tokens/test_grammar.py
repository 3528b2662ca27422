"""Whatever a model says, the phrase is valid: 1,000 phrases from random weights, and models that mean harm."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from gamemusic.composer.candidates import Candidates, Conditions, compose_candidates
from gamemusic.composer.form import plan_repeats, sections_of
from gamemusic.composer.session import LOGIT_LIMIT, Memory, Session
from gamemusic.errors import InputError
from gamemusic.score.phrase import Phrase, Role
from gamemusic.theory import Key, chord_pitch_classes
from gamemusic.tokens.bars import DEFAULT_POLYPHONY, Bar, Event, join_bars, transposition
from gamemusic.tokens.grammar import TOKENS_PER_BAR, Grammar, Rules, forced_chords
from gamemusic.tokens.state import State
from gamemusic.tokens.vocabulary import (
    BAR,
    CHORD,
    CHORDS,
    DRUM_PITCHES,
    DURATION,
    END,
    FEATURES,
    MAX_DURATION,
    MODE_NAMES,
    NO_CHORD,
    NOTE,
    PITCH_RANGES,
    POSITION,
    QUALITY_NAMES,
    ROLES,
    SAME,
    START,
    VELOCITY,
    VOCABULARY_SIZE,
)
from gamemusic.units import METERS, Meter

TINY = Path(__file__).parents[1] / "data" / "tiny_pack" / "model.onnx"
FORMS = ((), ("A", "A", "B", "A"), ("A", "A'"), ("A", "B", "A'", "C"), ("A", "A", "A'"))
MOST_STEPS_PER_BAR = TOKENS_PER_BAR + 64

Ints = npt.NDArray[np.int32]
Logits = Callable[[int, int], Ints]


class StandIn(Session):
    """A session without a model: logits come from a function of (step, batch)."""

    def __init__(self, logits: Logits) -> None:
        self.logits = logits
        self.steps = 0

    def start(self, batch: int) -> Memory:
        return {"nothing": np.zeros((batch, 1), dtype=np.float32)}

    def step(self, features: npt.NDArray[np.int64], memory: Memory) -> tuple[Ints, Memory]:
        for column, values in enumerate(FEATURES.values()):
            assert ((features[:, column] >= 0) & (features[:, column] < values)).all()
        logits = self.logits(self.steps, len(features))
        self.steps += 1
        return logits, memory


def _random_rules(rng: np.random.Generator, bars: int, meter: Meter) -> Rules:
    key = Key(int(rng.integers(12)), str(rng.choice(MODE_NAMES)))
    roles = tuple(role for role in ROLES if rng.random() < 0.5) or (ROLES[int(rng.integers(len(ROLES)))],)
    heard = tuple(role for role in roles if rng.random() < 0.5)
    ranges: dict[Role, tuple[int, int]] = {}
    for role in roles:
        if role is not Role.DRUMS and rng.random() < 0.5:
            low, high = (end + transposition(key.tonic) for end in PITCH_RANGES[role])
            least = int(rng.integers(low, high + 1))
            ranges[role] = (least, min(127, least + int(rng.choice([0, 1, 5, 12, 30]))))
    plan = None
    if rng.random() < 0.5:
        ticks = rng.choice(bars * meter.bar_ticks, size=int(rng.integers(1, 2 * bars + 1)), replace=False)
        pairs = [(int(tick), int(rng.integers(CHORDS))) for tick in sorted(ticks)]
        plan = forced_chords(pairs, bars, meter.bar_ticks)
    return Rules(
        bars=bars,
        meter=meter,
        key=key,
        roles=roles,
        heard=heard,
        ranges=ranges,
        polyphony={**DEFAULT_POLYPHONY, **{role: int(rng.integers(1, 7)) for role in roles if rng.random() < 0.5}},
        density={role: int(rng.integers(1, 49)) for role in roles if rng.random() < 0.3},
        scale_strictness=float(rng.choice([0.0, 0.3, 1.0])),
        chords=plan,
        given=_random_lead(rng, bars, meter) if Role.LEAD in roles and rng.random() < 0.4 else {},
    )


def _random_lead(rng: np.random.Generator, bars: int, meter: Meter) -> dict[int, tuple[Event, ...]]:
    """Return a melody for some of the bars, with bars of rest and notes at the first and last tick among them."""
    given = {}
    for bar in range(bars):
        if rng.random() < 0.6:
            places = {int(tick) for tick in rng.integers(0, meter.bar_ticks, size=int(rng.integers(0, 7)))}
            places |= {0, meter.bar_ticks - 1} if rng.random() < 0.2 else set()
            given[bar] = tuple(Event(tick, int(rng.integers(50)), 1, int(rng.integers(8))) for tick in sorted(places))
    return given


def _random_sections(rng: np.random.Generator, bars: int) -> tuple[int, ...]:
    cuts = sorted({int(cut) for cut in rng.integers(0, bars, size=int(rng.integers(0, 4)))} - {0})
    return tuple(after - before for before, after in itertools.pairwise((0, *cuts, bars)))


def _random_conditions(rng: np.random.Generator, rules: Rules) -> Conditions:
    return Conditions(
        style=int(rng.integers(FEATURES["style"])),
        intensity=int(rng.integers(FEATURES["intensity"])),
        meter=tuple(METERS).index(str(rules.meter)),
        mode=MODE_NAMES.index(rules.key.mode),
        roles=sum(1 << ROLES.index(role) for role in rules.roles),
        ending=int(rng.integers(2)),
    )


def _compose(
    session: Session, rules: Rules, conditions: Conditions, *, seed: int, count: int = 8, form: tuple[str, ...] = ()
) -> Candidates:
    rng = np.random.default_rng(seed)
    return compose_candidates(
        session,
        Grammar(rules),
        conditions,
        sections=_random_sections(rng, rules.bars),
        count=count,
        seed=seed,
        temperature=float(rng.choice([0.2, 1.0, 2.0])),
        min_p=float(rng.choice([0.0, 0.02, 0.5])),
        repeats={
            bar: source
            for bar, source in plan_repeats(sections_of(form, rules.bars), rules.bars).items()
            if bar not in rules.given
        },
    )


def _check(composed: Candidates, rules: Rules) -> None:
    """Check every candidate against every rule."""
    assert composed.steps <= (rules.bars + 1) * MOST_STEPS_PER_BAR + 2  # and one bar more, for the seam
    frame = Phrase(bars=rules.bars, meter=rules.meter, tempo_bpm=100, key=rules.key, tracks=())
    for bars in composed.bars:
        assert len(bars) == rules.bars
        _check_bars(bars, rules)
        phrase = join_bars(bars, frame, rules.polyphony)  # refuses notes that do not lie inside the phrase
        assert set(phrase.roles) <= set(rules.roles)
        heard = {
            note.start // rules.meter.bar_ticks
            for role in rules.heard or rules.roles
            for note in phrase.track(role).notes
        }
        rests = {
            bar for bar, events in rules.given.items() if not events and set(rules.heard or rules.roles) == {Role.LEAD}
        }
        assert heard | rests == set(range(rules.bars))
        for bar, events in rules.given.items():
            lead = bars[bar][1 + ROLES.index(Role.LEAD)]
            assert [event[:3] for event in lead] == [event[:3] for event in events]
        for role, note in phrase.notes():
            free = role is Role.DRUMS or (role is Role.LEAD and rules.given)
            low, high = (0, 127) if free else rules.ranges.get(role, (0, 127))
            assert low <= note.pitch <= high
            assert role is not Role.DRUMS or note.pitch in DRUM_PITCHES
            assert note.duration <= MAX_DURATION
        for track in phrase.tracks:
            if track.role is not Role.DRUMS:
                for tick in {note.start for note in track.notes}:
                    sounding = [note for note in track.notes if note.start <= tick < note.end]
                    assert len(sounding) <= rules.polyphony[track.role]
                    assert len({note.pitch for note in sounding}) == len(sounding)
        if rules.chords is not None:
            planned = [
                (bar * rules.meter.bar_ticks + at, chord) for bar, plan in rules.chords.items() for at, chord in plan
            ]
            numbers = [
                (c.start, (c.root - rules.key.tonic) % 12 * len(QUALITY_NAMES) + QUALITY_NAMES.index(c.quality))
                for c in phrase.chords
            ]
            assert numbers == planned
        if rules.scale_strictness == 1 and not rules.ranges and not rules.given:
            chords = [set(chord_pitch_classes(c.root, c.quality)) for c in phrase.chords]
            allowed = set(rules.key.pitch_classes).union(*chords)
            assert all(note.pitch % 12 in allowed for role, note in phrase.notes() if role is not Role.DRUMS)


def _check_bars(bars: list[Bar], rules: Rules) -> None:
    """Check what `join_bars` would mend."""
    for bar in bars:
        for stream, content in enumerate(bar):
            positions = [event[0] for event in content]
            assert positions == sorted(positions)
            assert all(0 <= position < rules.meter.bar_ticks for position in positions)
            if stream:
                role = ROLES[stream - 1]
                assert not content or role in rules.roles
                assert len(content) <= rules.density.get(role, 10_000) or (role is Role.LEAD and rules.given)
                assert len(content) == len({event[:2] for event in content})
                struck = max((positions.count(position) for position in set(positions)), default=0)
                assert struck <= rules.polyphony[role]


def _draw_phrases(rng: np.random.Generator, meter: Meter, counts: list[int], *, candidates: int) -> int:
    """Compose and check one batch for each bar count, every other one by a model; return the number of phrases."""
    tiny = Session(TINY.read_bytes())
    phrases = 0
    for batch, bars in enumerate(counts):
        rules = _random_rules(rng, bars, meter)
        scale = (0.5, 2, 5, 20)[batch // 2 % 4]  # from nearly even to nearly certain, in nats
        weights = rng.normal(0, 256 * scale, (16, VOCABULARY_SIZE)).astype(np.int32)
        session = tiny if batch % 2 else StandIn(_shuffling(weights))
        form = FORMS[int(rng.integers(len(FORMS)))]
        conditions = _random_conditions(rng, rules)
        composed = _compose(session, rules, conditions, seed=batch, count=candidates, form=form)
        _check(composed, rules)
        phrases += len(composed.bars)
    return phrases


def _shuffling(weights: Ints) -> Logits:
    """Return logits that differ from step to step: rows of ``weights``, each step others, rolled along."""
    return lambda step, batch: np.roll(weights, (step, step * 37), axis=(0, 1))[:batch].copy()


@pytest.mark.parametrize("meter", METERS.values(), ids=str)
def test_a_thousand_phrases_from_random_weights_are_valid(meter: Meter) -> None:
    rng = np.random.default_rng(list(METERS.values()).index(meter))
    counts = [1 + batch % 8 for batch in range(28)] + [16, 24, 33, 64]
    assert _draw_phrases(rng, meter, counts, candidates=8) == 256  # in each of four meters


@pytest.mark.slow
@pytest.mark.parametrize("meter", METERS.values(), ids=str)
def test_every_bar_count_is_kept(meter: Meter) -> None:
    rng = np.random.default_rng(100 + list(METERS.values()).index(meter))
    assert _draw_phrases(rng, meter, list(range(1, 65)), candidates=4) == 256


def _rules(**changes: object) -> Rules:
    values: dict[str, object] = {"bars": 4, "meter": METERS["4/4"], "key": Key(2, "minor"), "roles": tuple(ROLES)}
    return Rules(**{**values, **changes})  # type: ignore[arg-type]  # a test's shorthand


def _even(_: int, batch: int) -> Ints:
    return np.zeros((batch, VOCABULARY_SIZE), dtype=np.int32)


@pytest.mark.parametrize(
    "broken",
    [
        {"bars": 3},
        {"roles": (Role.LEAD, Role.BASS)},
        {"ranges": {Role.LEAD: (72, 76)}},
        {"polyphony": {**DEFAULT_POLYPHONY, Role.HARMONY: 1}},
        {"density": {Role.DRUMS: 1}},
        {"heard": (Role.TEXTURE,)},
        {"chords": {0: ((0, 3),), 1: (), 2: (), 3: ()}},
        {"scale_strictness": 1.0},
        {"given": {2: (Event(7, 30, 1, 4),)}},
        {"meter": METERS["3/4"]},
    ],
    ids=lambda broken: next(iter(broken)),
)
def test_the_check_sees_each_rule_broken(broken: dict[str, object]) -> None:
    """Control: phrases composed by one set of rules and checked by another."""
    noise = np.random.default_rng(1).normal(0, 512, (16, VOCABULARY_SIZE)).astype(np.int32)
    rules = _rules()
    composed = _compose(StandIn(_shuffling(noise)), rules, _random_conditions(np.random.default_rng(2), rules), seed=5)
    _check(composed, rules)
    with pytest.raises((AssertionError, InputError)):
        _check(composed, _rules(**broken))


def _always(token: int, height: int) -> Logits:
    def logits(_: int, batch: int) -> Ints:
        values = np.full((batch, VOCABULARY_SIZE), -height, dtype=np.int32)
        values[:, token] = height
        return values

    return logits


STUBBORN = (
    START,
    BAR,
    END,
    SAME,
    SAME + 1,
    POSITION,
    POSITION + 47,
    CHORD,
    VELOCITY,
    VELOCITY + 7,
    DURATION,
    DURATION + MAX_DURATION - 1,
    *(NOTE[role] for role in ROLES),
    VOCABULARY_SIZE - 1,
)


@pytest.mark.parametrize("height", [LOGIT_LIMIT, (1 << 31) - 1], ids=["most", "int32"])
@pytest.mark.parametrize("token", STUBBORN)
def test_a_model_that_only_wants_one_token_composes_a_valid_phrase(token: int, height: int) -> None:
    """The second height is beyond what an exported graph gives: one made to do harm must not reach past the masks."""
    rng = np.random.default_rng(token)
    for meter in METERS.values():
        rules = _random_rules(rng, 3, meter)
        session = StandIn(_always(token, height))
        _check(_compose(session, rules, _random_conditions(rng, rules), seed=token, count=2), rules)


@pytest.mark.parametrize("low", [-LOGIT_LIMIT, -(1 << 31)], ids=["most", "int32"])
@pytest.mark.parametrize("kind", ["even", "lowest", "highest", "ends", "alternating"])
def test_models_without_sense_compose_valid_phrases(kind: str, low: int) -> None:
    rng = np.random.default_rng(9)
    high = -low - 1

    def logits(step: int, batch: int) -> Ints:
        shape = (batch, VOCABULARY_SIZE)
        if kind == "even":
            return _even(step, batch)
        if kind == "ends":
            return rng.choice(np.array([low, high], dtype=np.int32), size=shape)
        return np.full(
            shape, {"lowest": low, "highest": high, "alternating": (low, high)[step % 2]}[kind], dtype=np.int32
        )

    for bars in (1, 2, 5):
        for meter in METERS.values():
            rules = _random_rules(rng, bars, meter)
            form = FORMS[bars % len(FORMS)]
            _check(
                _compose(StandIn(logits), rules, _random_conditions(rng, rules), seed=bars, count=4, form=form), rules
            )


def test_fixed_chords_stand_where_a_form_repeats_other_bars() -> None:
    """Three chords do not divide the form's sections of two bars: the chords are kept, bar by bar."""
    meter = METERS["4/4"]
    plan = forced_chords([(bar * meter.bar_ticks, (5, 60, 90)[bar % 3]) for bar in range(8)], 8, meter.bar_ticks)
    rules = _rules(bars=8, roles=(Role.LEAD, Role.BASS), chords=plan)
    conditions = _random_conditions(np.random.default_rng(3), rules)
    for seed in range(4):
        _check(_compose(Session(TINY.read_bytes()), rules, conditions, seed=seed, form=("A", "A", "B", "A")), rules)


def test_a_form_repeats_its_bars() -> None:
    rules = _rules(bars=8, roles=(Role.LEAD, Role.BASS))
    conditions = _random_conditions(np.random.default_rng(3), rules)
    composed = _compose(Session(TINY.read_bytes()), rules, conditions, seed=1, form=("A", "A", "B", "A"))
    for bars in composed.bars:
        assert bars[2:4] == bars[0:2] and bars[6] == bars[0]
        assert bars[4:6] != bars[0:2]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"roles": ()}, "no role is left"),
        ({"roles": (Role.LEAD,), "heard": (Role.BASS,)}, "heard must be among"),
        ({"ranges": {Role.LEAD: (20, 30)}}, "range 20 to 30 of lead leaves no note in D minor"),
    ],
)
def test_rules_that_leave_nothing_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Grammar(_rules(**changes))


def _weight(rules: Rules, step: int, chord: int = NO_CHORD) -> int:
    """Return what is added to a lead note so many semitones above the tonic."""
    low = PITCH_RANGES[Role.LEAD][0]
    return int(Grammar(rules).pitch_rows[chord, NOTE[Role.LEAD] + (step - low) % 12])


@pytest.mark.parametrize("strictness", [0.1, 0.5, 1.0])
def test_the_raised_leading_note_of_minor_is_not_held_back(strictness: float) -> None:
    minor = _rules(key=Key(2, "minor"), scale_strictness=strictness)
    assert _weight(minor, 11) == _weight(minor, 10) == 0
    assert _weight(minor, 9) < 0 and _weight(minor, 1) < 0
    dominant = CHORD + 7 * len(QUALITY_NAMES) + QUALITY_NAMES.index("maj")
    assert Grammar(minor).pitch_rows[NO_CHORD, dominant] == 0
    for mode in ("dorian", "phrygian"):  # theirs is flat
        assert _weight(_rules(key=Key(2, mode), scale_strictness=strictness), 11) < 0


MODAL = [("lydian", 6, 5), ("dorian", 9, 8), ("phrygian", 1, 2), ("mixolydian", 10, 11), ("harmonic_minor", 11, 10)]


@pytest.mark.parametrize(("mode", "own", "rival"), MODAL)
def test_a_modes_own_tone_goes_before_the_one_it_replaces(mode: str, own: int, rival: int) -> None:
    slight = _rules(key=Key(2, mode), scale_strictness=0.05)
    assert _weight(slight, own) > 0 > -1000 > _weight(slight, rival)
    assert _weight(_rules(key=Key(2, mode)), rival) == 0  # strictness 0 is left to the model
    chords = Grammar(slight).pitch_rows[NO_CHORD, CHORD : CHORD + CHORDS]
    for chord, weight in enumerate(chords):
        root, quality = divmod(chord, len(QUALITY_NAMES))
        tones = set(chord_pitch_classes(root, QUALITY_NAMES[quality]))
        if rival in tones:
            assert weight < -1000
            assert _weight(slight, rival, chord) == 0  # where somebody wrote that chord, its notes are played
        elif tones <= set(Key(0, mode).pitch_classes):
            assert (weight > 0) == (own in tones)


@pytest.mark.parametrize("mode", ["major", "minor"])
def test_major_and_minor_are_left_as_they_are(mode: str) -> None:
    rows = Grammar(_rules(key=Key(2, mode), scale_strictness=0.1)).pitch_rows
    assert rows.max() == 0 and set(np.unique(rows[NO_CHORD, NOTE[Role.BASS] :])) == {-205, 0}


def test_a_thin_scale_has_its_melody_and_borrows_chords() -> None:
    thin = _rules(key=Key(2, "pentatonic_minor"), scale_strictness=0.1)
    weights = [_weight(thin, step) for step in range(12)]
    assert [step for step, weight in enumerate(weights) if weight == 0] == [0, 3, 5, 7, 10]
    assert weights[2] == weights[8] == -1024 and weights[1] == -205
    chords = Grammar(thin).pitch_rows[NO_CHORD, CHORD : CHORD + CHORDS]
    assert chords[8 * len(QUALITY_NAMES)] == 0 > chords[9 * len(QUALITY_NAMES)]  # VI of minor, and none of its


@pytest.mark.parametrize(("position", "most"), [(0, 48), (30, 18), (47, 1)])
def test_a_note_lasts_no_longer_than_the_phrase(position: int, most: int) -> None:
    grammar, state = Grammar(_rules(bars=1, meter=METERS["4/4"])), State(1)
    for token in (BAR, POSITION + position, NOTE[Role.LEAD] + 5):
        state.advance(token)
    allowed = np.flatnonzero(grammar.rows[grammar.row(state)] == 0)
    assert allowed.tolist() == list(range(DURATION, DURATION + most))


def test_a_bar_that_has_grown_long_may_only_be_closed() -> None:
    grammar, state = Grammar(_rules(bars=2, meter=METERS["4/4"])), State(2)
    for token in (BAR, POSITION, NOTE[Role.LEAD] + 5, DURATION):
        state.advance(token)
    for tokens, closed in ((TOKENS_PER_BAR - 1, False), (TOKENS_PER_BAR, True)):
        state.tokens_in_bar = tokens
        allowed = np.flatnonzero(grammar.rows[grammar.row(state)] == 0).tolist()
        assert BAR in allowed
        assert (allowed == [BAR]) == closed


def test_parts_agree_where_a_chord_begins() -> None:
    """A bass off its chord at the bar line is heard as a wrong note; elsewhere it may pass through."""
    rules = _rules(scale_strictness=0.2, chords={0: ((0, 0), (24, 70))})
    grammar = Grammar(rules)
    foreign = NOTE[Role.BASS] + (5 - PITCH_RANGES[Role.BASS][0]) % 12
    own = NOTE[Role.BASS] + (7 - PITCH_RANGES[Role.BASS][0]) % 12
    state = State(rules.bars)
    state.advance(BAR)
    state.chord, state.position = 0, 0
    begins = grammar.pitch_rows[grammar.pitch_row(state)]
    state.position = 12
    later = grammar.pitch_rows[grammar.pitch_row(state)]
    assert later[foreign] - begins[foreign] == 1536
    assert later[own] == begins[own]
    state.position = 24
    assert grammar.pitch_row(state) != state.chord
    lead = NOTE[Role.LEAD]
    assert (later[lead : lead + 40] == begins[lead : lead + 40]).all()
    loose = Grammar(_rules(scale_strictness=0.0, chords={0: ((0, 0),)}))
    assert not loose.pitch_rows.any()
