"""What the card and the fingerprint of a mood say once it has learned somebody's own music."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Mapping

from gamemusic.packs.card import Card, Training
from gamemusic.packs.fingerprint import Fingerprint, find_grams, load_fingerprint
from gamemusic.packs.pack import PRESET_FILE, Pack, describe_files
from gamemusic.packs.schema import load_preset
from gamemusic.units import METERS
from gamemusic_export.fingerprint import make_fingerprint, read_passages
from gamemusic_export.own_music import OwnMusic
from gamemusic_export.own_request import PERSONAL, Request, own_source, training_licence
from gamemusic_export.own_start import Start
from gamemusic_export.train import choose_device

__all__ = ["describe_held_out", "join_fingerprints", "own_card", "own_fingerprint"]


def own_fingerprint(music: OwnMusic) -> Fingerprint:
    """Return the fingerprint of the files that are learned from."""
    return make_fingerprint(music.dataset, music.select("train").tolist())


def join_fingerprints(pack: Pack, music: OwnMusic, own: Fingerprint) -> Fingerprint:
    """Return the mood's fingerprint with that of the files in it: what its other styles are held against stays."""
    if not pack.preset.fingerprint:
        return own
    parent = load_fingerprint(pack.read(pack.preset.fingerprint), file=pack.preset.fingerprint)
    grams = {
        gram
        for one in read_passages(music.dataset, music.select("train").tolist())
        for gram in find_grams(one.bars, METERS[one.meter].bar_ticks)
    }
    return dataclasses.replace(
        parent.extended(grams),
        usual={**parent.usual, **_widest(parent, own)},
        pace={**parent.pace, **own.pace},
    )


def _widest(parent: Fingerprint, own: Fingerprint) -> dict[str, dict[str, tuple[int, int]]]:
    """Return the files' usual figures, widened by the parent's: few pieces show little of what is usual."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for style, figures in own.usual.items():
        other = parent.usual.get(style, {})
        found[style] = {
            name: (min(low, other.get(name, (low, high))[0]), max(high, other.get(name, (low, high))[1]))
            for name, (low, high) in figures.items()
        }
    return found


def describe_held_out(music: OwnMusic) -> str:
    """Return in words what was held out."""
    pieces = len({int(music.dataset.piece_of[index]) for index in music.select("test")})
    what = "bars of" if music.by_bars else ""
    too_much = ", which come back elsewhere in them, so that it knows them" if music.repeated else ""
    return f"{what} {pieces} piece{'s' * (pieces != 1)}".strip() + too_much


def own_card(
    pack: Pack,
    request: Request,
    music: OwnMusic,
    members: Mapping[str, bytes],
    figures: Mapping[str, float],
    measures: Mapping[str, float],
    *,
    start: Start,
    kept: bool,
) -> Card:
    """Return the card of a mood that has learned.

    Args:
        pack: The mood before.
        request: What was asked.
        music: What was found in the files.
        members: The mood's files as they are to be written.
        figures: Of the training.
        measures: What it was measured at.
        start: What it began with.
        kept: Whether the new model is better, and so among ``members``.
    """
    card = pack.card
    used = sum(not one.skipped for one in music.files)
    own = own_source(request, used)
    data = training_licence(card, request.licence)
    note = f"MIDI files were brought in as '{start.token}' music: "
    outcome = (
        f"its model, which began as the one before with '{start.token}' as a copy of '{start.began_as}', learned them"
        if kept
        else "its model was kept, since it predicted held-out bars better"
    )
    changed = dataclasses.replace(
        card,
        name=load_preset(members[PRESET_FILE]).name,
        author=request.author or card.author,
        licences=dataclasses.replace(
            card.licences, training_data=data, output="" if data == PERSONAL else card.licences.output
        ),
        attribution=(*(one for one in card.attribution if one.name != own.name), own),
        notes=(*(one for one in card.notes if note not in one), f"{used} {note}{outcome}."),
        files=describe_files(members),
    )
    if not kept:
        return changed
    return dataclasses.replace(
        changed,
        styles=tuple(sorted({*card.styles, start.token})) if card.styles else (),  # none: it is not known which
        training=Training(
            data_hash=music.dataset.hash,
            tokens=int(figures["tokens"]),
            steps=int(figures["updates"]),
            seconds=round(figures["seconds"]),
            device=f"{choose_device().type}, {platform.machine()}",
            extra={"token": start.token, "began_as": start.began_as},
        ),
        measures={"held_out": describe_held_out(music), **{name: round(value, 3) for name, value in measures.items()}},
    )
