"""Cards: what a model was made from, how, by whose music, and how good it is."""

from __future__ import annotations

import platform
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gamemusic import __version__
from gamemusic.files import read_file
from gamemusic.packs.card import Card, Licences, Source, Training, Vocabulary, write_card
from gamemusic.packs.pack import describe_files
from gamemusic.packs.schema import Preset
from gamemusic.tokens.vocabulary import VOCABULARY_HASH, VOCABULARY_VERSION
from gamemusic_export.dataset import Dataset
from gamemusic_export.recipe import BaseRecipe, CorpusRecipe, MoodRecipe
from gamemusic_export.train import choose_device

__all__ = ["base_card", "mood_card", "write_notice"]

_OUTPUT_LICENCE = "CC0-1.0"
_ENOUGH_NOTES = 50_000
"""Notes of a style below which a card says that there is little to learn from."""


def base_card(
    name: str,
    what: str,
    dataset: Dataset,
    corpus: CorpusRecipe,
    figures: Mapping[str, float],
    measures: Mapping[str, float],
    recipe: BaseRecipe,
) -> dict[str, Any]:
    """Return the card of a model that was trained from nothing, as JSON takes it."""
    return {
        "name": name,
        "what": f"{what}, half precision",
        "licence": "MIT",
        "size": recipe.size.to_dict(),
        "vocabulary": {"version": VOCABULARY_VERSION, "hash": VOCABULARY_HASH},
        "training": {**_training(dataset, figures), "pieces": len(dataset.pieces)},
        "measures": dict(measures),
        "attribution": [
            {"name": source.name, "licence": source.licence, "count": source.count, "credit": source.credit}
            for source in _attribution(dataset, corpus, range(len(dataset.pieces)))
        ],
    }


def mood_card(
    dataset: Dataset,
    corpus: CorpusRecipe,
    recipe: MoodRecipe,
    preset: Preset,
    excerpts: Iterable[int],
    figures: Mapping[str, float],
    measures: Mapping[str, float],
    folder: Path,
) -> bytes:
    """Return the card of a mood whose preset and model lie in ``folder``.

    Args:
        dataset: What it was trained on.
        corpus: Where that came from.
        recipe: The mood's recipe.
        preset: The mood's preset.
        excerpts: Excerpts it was trained on.
        figures: What `gamemusic_export.train.train` returned.
        measures: Figures on held-out pieces.
        folder: The pack.
    """
    used = sorted({int(dataset.piece_of[index]) for index in excerpts})
    names = [name for name in ("preset.yaml", preset.model, preset.fingerprint, preset.theme) if name]
    files = {name: read_file(folder / name) for name in names}
    sources = _attribution(dataset, corpus, range(len(dataset.pieces)))
    notes = dataset.notes_by_cell(excerpts)
    card = Card(
        name=recipe.mood,
        title=preset.title,
        author="gamemusic contributors",
        min_sdk=__version__,
        licences=Licences(
            model="MIT",
            training_data=" AND ".join(sorted({row.licence for row in dataset.pieces})),
            output=_OUTPUT_LICENCE,
        ),
        attribution=sources,
        vocabulary=Vocabulary(version=VOCABULARY_VERSION, hash=VOCABULARY_HASH),
        styles=tuple(sorted({choice.style for choice in recipe.music})),
        training=Training(**_training(dataset, figures)),
        measures={**measures, "training_pieces": len(used), "training_notes": notes},
        notes=tuple(_notes(recipe, preset, notes)),
        files=describe_files(files),
    )
    return write_card(card)


def _training(dataset: Dataset, figures: Mapping[str, float]) -> dict[str, Any]:
    return {
        "data_hash": dataset.hash,
        "tokens": int(figures["tokens"]),
        "steps": int(figures["updates"]),
        "seconds": round(figures["seconds"]),
        "device": f"{choose_device().type}, {platform.machine()}",
    }


def _attribution(dataset: Dataset, corpus: CorpusRecipe, pieces: Iterable[int]) -> tuple[Source, ...]:
    """Return one entry for each source and licence among the pieces."""
    groups: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for index in pieces:
        row = dataset.pieces[index]
        groups[row.source, row.licence][row.credit] += 1
    titles = {source.folder: source for source in corpus.sources}
    found = []
    for (folder, licence), thanks in sorted(groups.items()):
        source = titles[folder]
        named = licence.startswith("CC-BY")
        credit = "each piece and its encoder are named in NOTICE" if named else source.credit
        found.append(
            Source(name=source.title, licence=licence, count=sum(thanks.values()), credit=credit, url=source.url)
        )
    return tuple(found)


def _notes(recipe: MoodRecipe, preset: Preset, notes: Mapping[str, Mapping[str, int]]) -> Iterable[str]:
    yield recipe.why
    for style in preset.styles.values():
        cells = notes.get(style.token, {})
        learned = ", ".join(f"{role.value} ({cells.get(role.value, 0):,} notes)" for role in style.learned)
        arranged = ", ".join(f"{role.value} ({figure})" for role, figure in style.figures.items())
        tail = f"; arranged from the chords: {arranged}" if arranged else "; nothing is arranged"
        yield f"style {style.name}: the model composes {learned} with the token '{style.token}'{tail}"
    for name, cells in sorted(notes.items()):
        if sum(cells.values()) < _ENOUGH_NOTES:
            total = sum(cells.values())
            yield f"thin: only {total:,} notes of '{name}' music were there to fine-tune this mood on"


def write_notice(dataset: Dataset, corpus: CorpusRecipe, path: Path) -> None:
    """Write who is to be named for the music that the shipped models learned from."""
    lines = [
        "The models in this package learned from the following music. No piece of it is part of the package.",
        "",
    ]
    lines += [
        f"{source.name}: {source.count} pieces, {source.licence}. {source.credit} {source.url}".strip()
        for source in _attribution(dataset, corpus, range(len(dataset.pieces)))
    ]
    lines += ["", "Pieces under CC BY licences:", ""]
    lines += sorted(
        f"{row.name}: {row.credit} ({row.licence})" for row in dataset.pieces if row.licence.startswith("CC-BY")
    )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
