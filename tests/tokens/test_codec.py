"""Score to tokens and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from scores import phrases

from gamemusic.errors import InputError
from gamemusic.score.phrase import Chord, Note, Phrase, Role, Track
from gamemusic.theory import Key
from gamemusic.tokens.bars import settle
from gamemusic.tokens.codec import decode, encode
from gamemusic.tokens.vocabulary import FEATURES, TOKEN_NAMES, VOCABULARY_HASH, VOCABULARY_SIZE
from gamemusic.units import METERS


@given(phrases())
def test_score_to_tokens_to_score_is_lossless(phrase: Phrase) -> None:
    tokens = encode(phrase)
    assert all(0 <= token < VOCABULARY_SIZE for token in tokens)
    assert decode(tokens, phrase.replace(tracks=(), chords=())) == phrase


def _tune(*, bars: int, notes: tuple[Note, ...]) -> Phrase:
    return Phrase(
        bars=bars,
        meter=METERS["3/4"],
        tempo_bpm=100,
        key=Key(2, "major"),
        tracks=(Track(Role.LEAD, notes),),
        chords=(Chord(0, 2, "maj"),),
    )


def test_tokens_read_as_a_musician_would_write_them() -> None:
    # two equal bars in D major: a quarter D5, a half A5
    bar = (Note(0, 74, 12), Note(12, 81, 24, 94))
    again = tuple(Note(note.start + 36, note.pitch, note.duration, note.velocity) for note in bar)
    names = [TOKEN_NAMES[token] for token in encode(_tune(bars=2, notes=bar + again))]
    assert names == [
        "Start",
        "Bar",
        "Position(0)",
        "Chord(C, maj)",
        "Note(lead, 72)",
        "Duration(12)",
        "Position(12)",
        "Velocity(94)",
        "Note(lead, 79)",
        "Duration(24)",
        "Bar",
        "Same(lead, 1)",
        "End",
    ]


def test_vocabulary_is_pinned() -> None:
    """Models are bound to this table: when this fails, VOCABULARY_VERSION must rise and every model be trained
    again."""
    assert VOCABULARY_SIZE == len(set(TOKEN_NAMES)) == 622
    assert sum(FEATURES.values()) == 933
    assert VOCABULARY_HASH.startswith("d9662a62da44")


@pytest.mark.parametrize(
    ("note", "words"),
    [(Note(0, 20, 12), "pitch 45 to 100"), (Note(0, 74, 97), "length 1 to 96")],
)
def test_what_no_token_can_say_is_refused(note: Note, words: str) -> None:
    with pytest.raises(InputError, match=words):
        encode(_tune(bars=3, notes=(note,)))


def test_settle_cuts_what_is_struck_again_and_what_is_too_much() -> None:
    held = [Note(0, 60, 48), Note(0, 64, 48), Note(12, 60, 12), Note(24, 67, 12)]
    assert settle(held, 2) == (Note(0, 60, 12), Note(0, 64, 48), Note(12, 60, 12), Note(24, 67, 12))
    assert settle(held, 1) == (Note(0, 64, 12), Note(12, 60, 12), Note(24, 67, 12))


@pytest.mark.parametrize("tokens", [[], [0, 2], [1, 2], [0, 1]])
def test_broken_token_lists_are_refused(tokens: list[int]) -> None:
    with pytest.raises(InputError):
        decode(tokens, _tune(bars=1, notes=()))
