"""Where a mood of one's own starts from: its own model, and the kind of music that knows the files best.

What learns gets a style token that no other style has, so that it is told apart from what the others know: they go
on as before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from gamemusic.composer.session import Session
from gamemusic.errors import GameMusicError, InputError
from gamemusic.packs.library import find_pack, list_shipped
from gamemusic.packs.pack import Pack
from gamemusic.tokens.vocabulary import STYLE_NAMES
from gamemusic_export.dataset import Dataset
from gamemusic_export.dequantise import restore
from gamemusic_export.evaluate import score_session
from gamemusic_export.model import MoodLSTM
from gamemusic_export.own_music import OwnMusic
from gamemusic_export.own_request import CUSTOM
from gamemusic_export.prepared import COLUMNS

__all__ = ["Guess", "Start", "begin_model", "choose_start", "guess_parents"]

_EXCERPTS, _STEPS = 6, 200
"""How much of the held-out music a guess rests on: enough to tell rock from a choir."""
_STYLE = COLUMNS.index("style")


@dataclass(frozen=True, slots=True)
class Start:
    """What training begins with."""

    token: str
    """Style token that learns."""
    began_as: str
    """Style token whose place in the model it begins with: the same, for a style that the mood has already."""


@dataclass(frozen=True, slots=True)
class Guess:
    """How well a mood's model foretells the beginning of the held-out music."""

    mood: str
    token: str
    """With which it does so best."""
    bits: float
    """Bits a note."""


def choose_start(pack: Pack, music: OwnMusic, style: str, token: str, *, fill: bool = True) -> Start:
    """Return what a style of a mood starts from.

    Args:
        pack: The mood.
        music: Of somebody's own.
        style: That learns.
        token: That a new style begins as; empty: the one by which the mood's model foretells held-out music best.
        fill: Whether the preset may be written to; if not, a style that shares its token with others goes on sharing.

    Raises:
        InputError: All style tokens for new styles are taken.
    """
    known = pack.preset.styles.get(style)
    others = {one.token for name, one in pack.preset.styles.items() if name != style}
    if known is not None and (known.token not in others or not fill):
        return Start(known.token, known.token)
    taken = {one.token for one in pack.preset.styles.values()} | set(pack.card.styles)
    free = style if style in CUSTOM and style not in taken else next((one for one in CUSTOM if one not in taken), "")
    if not free:
        raise InputError(
            f"--style: this mood has learned {len(CUSTOM)} styles of its own, which is as many as a model can tell "
            f"apart; name one of them ({', '.join(pack.preset.styles)}), or begin another mood"
        )
    if known is not None:
        return Start(free, known.token)
    return Start(free, token or guess_token(pack, music).token)


def guess_token(pack: Pack, music: OwnMusic) -> Guess:
    """Return the style token, of those that a mood's model was trained with, that foretells held-out music best."""
    tokens = pack.card.styles or tuple(sorted({one.token for one in pack.preset.styles.values()}))
    scores = _score_tokens(Session(pack.model, file=f"{pack.name}/{pack.preset.model}"), music, tokens)
    best = min(tokens, key=lambda name: scores[name])
    return Guess(pack.name, best, scores[best])


def guess_parents(music: OwnMusic) -> list[Guess]:
    """Return how well each shipped mood foretells held-out music, the best first."""
    found = []
    for listing in list_shipped():
        try:
            found.append(guess_token(find_pack(listing.path), music))
        except GameMusicError:  # one that is broken is no good parent
            continue
    return sorted(found, key=lambda guess: guess.bits)


def begin_model(parent: bytes, start: Start, *, file: object = "model.onnx") -> MoodLSTM:
    """Return an exported model as trainable weights, in which the token that learns is what the one it began as is.

    Raises:
        PackError: The model is of another make than this release trains.
    """
    model = restore(parent, file=file)
    with torch.no_grad():
        table = model.get_parameter("embeddings.style.weight")
        table[STYLE_NAMES.index(start.token)] = table[STYLE_NAMES.index(start.began_as)]
    return model


def _score_tokens(session: Session, music: OwnMusic, tokens: Sequence[str]) -> Mapping[str, float]:
    """Return bits a note by style token; all of them are asked at once, each about the same bars."""
    whole = music.dataset
    held_out = np.concatenate([music.select("validation"), music.select("test")])[:_EXCERPTS]
    parts, edges = [], [0]
    for token in tokens:
        for index in held_out:
            part = whole.excerpt(int(index))[:_STEPS].copy()
            part[:, _STYLE] = STYLE_NAMES.index(token)
            parts.append(part)
            edges.append(edges[-1] + len(part))
    count = len(parts)
    dataset = Dataset(np.concatenate(parts), np.array(edges), np.zeros(count, np.int64), np.zeros((count, 0)), [], "")
    score = score_session(session, dataset, np.arange(count))
    found = {}
    for place, token in enumerate(tokens):
        rows = range(place * len(held_out), (place + 1) * len(held_out))
        found[token] = sum(score.bits[row] for row in rows) / max(1, sum(score.notes[row] for row in rows))
    return found
