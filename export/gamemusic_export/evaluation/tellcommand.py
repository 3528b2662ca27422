"""What ``gamemusic evaluate --tells`` does: moods compose as shipped, and the table of all of them is measured."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gamemusic.composer.composer import Composer
from gamemusic.composer.session import Session
from gamemusic.errors import InputError
from gamemusic.files import write_file
from gamemusic.packs.card import write_card
from gamemusic.packs.library import find_packs, list_shipped
from gamemusic.packs.pack import CARD_FILE, Pack
from gamemusic_export.command import shipped_recipes
from gamemusic_export.evaluation.takes import Take, compose_takes, read_takes, write_takes
from gamemusic_export.evaluation.tellpage import print_tells, scopes_to_dict, tells_to_dict, write_tells_page
from gamemusic_export.evaluation.tells import CONTROLS, TOKENS, hear_real, hear_takes, save_tells
from gamemusic_export.evaluation.telltale import measure_tells
from gamemusic_export.pipeline import Workshop
from gamemusic_export.progress import StageProgress

__all__ = ["tell_moods"]


def tell_moods(
    moods: Sequence[str | Path],
    *,
    phrases: int,
    seed: int,
    takes: Path | None,
    save: Path | None,
    corpus: Path | None,
    work: Path,
    output: Path | None,
    write_cards: bool,
    as_json: bool,
) -> str:
    """Measure what gives moods away and return the table, or JSON.

    Args:
        moods: Names or paths; none means all that are shipped, or all of ``takes``.
        phrases: Phrases of every style.
        seed: The first one's.
        takes: A file of phrases that are measured; None composes.
        save: File that the phrases are written to.
        corpus: The training music; renews what is kept of it and of the controls first. None measures against that.
        work: Where the prepared dataset lies.
        output: Folder of the page; None writes none.
        write_cards: Write the figures into the packs' cards.
        as_json: Return JSON.

    Raises:
        InputError: For a mood that is not there, or no phrases.
        FormatError: When ``takes`` is no file of takes.
    """
    if phrases < 1:
        raise InputError(f"at least 1 phrase a style is needed (received {phrases})")
    if write_cards and takes is not None:
        raise InputError("--write-cards is for what this version composes; leave out --takes")
    packs = [] if takes is not None else find_packs(moods)
    with StageProgress(sys.stderr) as progress:
        if corpus is not None:
            _renew(Workshop(shipped_recipes(), work, Path("presets"), progress), corpus, phrases=phrases, seed=seed)
        if takes is not None:
            found = [take for take in read_takes(takes) if not moods or take.mood in moods]
        else:
            found = _compose(packs, Composer, phrases=phrases, seed=seed, label="", progress=progress)
    if not found:
        raise InputError(f"there is no phrase of {', '.join(map(str, moods)) or 'any mood'} in {takes}")
    if save is not None:
        write_takes(save, found)
    scopes = measure_tells(hear_takes(found))
    for pack in packs if write_cards else ():
        about = {"phrases a style": phrases, "first seed": seed}
        measures = {**pack.card.measures, "tells": {**about, "figures": tells_to_dict(scopes[pack.name])}}
        write_file(pack.path / CARD_FILE, write_card(dataclasses.replace(pack.card, measures=measures)))
    if output is not None:
        count = len(found) / len({(take.mood, take.style) for take in found})
        write_tells_page(scopes, output, about=f"{count:.0f} phrases of every style, as they are composed and played.")
    if as_json:
        return json.dumps(scopes_to_dict(scopes), indent=2)
    return print_tells(scopes)


def _compose(
    packs: Sequence[Pack], make: Callable[[Pack], Composer], *, phrases: int, seed: int, label: str, progress: Any
) -> list[Take]:
    found: list[Take] = []
    for pack in packs:
        total = phrases * len(pack.preset.styles)
        for number, take in enumerate(compose_takes(make(pack), phrases=phrases, seed=seed), start=1):
            found.append(take)
            progress(f"{pack.name}{label}", {"update": number, "updates": total})
    return found


def _renew(workshop: Workshop, corpus: Path, *, phrases: int, seed: int) -> None:
    """Write anew what is kept of the corpus' held-out music and of the controls, in all shipped moods."""
    from gamemusic_export.baselines import random_session  # loads torch
    from gamemusic_export.ngram import NGramSession, load_ngram

    if not (workshop.work / "dataset" / "dataset.json").exists():
        workshop.prepare(corpus, jobs=2)
    dataset = workshop.dataset()
    for token in TOKENS:
        save_tells(hear_real(dataset, token), token)
    packs = find_packs([listing.name for listing in list_shipped()])
    sessions: dict[str, Session] = {
        "random": random_session(),
        "5-gram": NGramSession(load_ngram(workshop.build_ngram(plain=False))),
    }
    for name in CONTROLS:
        takes = _compose(
            packs,
            lambda pack, session=sessions[name]: Composer(pack, session),  # type: ignore[misc]
            phrases=phrases,
            seed=seed,
            label=f", {name}",
            progress=workshop.progress,
        )
        save_tells(hear_takes(takes), name)
