"""A mood of one's own learns from one's own MIDI files: fine-tuned from the shipped base, judged, and written.

Nothing is kept that predicts the held-out music worse than what the mood had before.
"""

from __future__ import annotations

import dataclasses
import json
import platform
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gamemusic.composer.composer import Composer
from gamemusic.composer.session import Session
from gamemusic.errors import InputError
from gamemusic.files import read_file, write_files
from gamemusic.packs.card import Card, Source, Training, write_card
from gamemusic.packs.fingerprint import Fingerprint, load_fingerprint
from gamemusic.packs.pack import CARD_FILE, PRESET_FILE, Pack, describe_files, open_pack
from gamemusic.packs.schema import load_preset
from gamemusic.tokens.bars import cut_bars
from gamemusic.tokens.vocabulary import STYLE_NAMES
from gamemusic_export.batches import OctaveSampler
from gamemusic_export.evaluate import score_session
from gamemusic_export.fingerprint import make_fingerprint, read_passages
from gamemusic_export.model import MoodLSTM
from gamemusic_export.onnx_export import build_graph
from gamemusic_export.own_music import OwnMusic, Roles, study
from gamemusic_export.own_preset import fill_preset
from gamemusic_export.pipeline import BASE_WEIGHTS
from gamemusic_export.quantise import quantise
from gamemusic_export.train import TrainSettings, choose_device, train
from gamemusic_export.weights import load_model, read_tensors

__all__ = ["PERSONAL", "Verdict", "count_real", "train_own"]

PERSONAL = "personal"
"""Licence of music of which nobody said what may be done with it."""
_PHRASES = 40
"""Composed to see how much of the files comes back."""
_LONG_RUN = 8
"""Lead notes in a row, rhythm included, that different pieces seldom share."""
_DROPOUT = 0.2
_FIGURES = {"updates": "update", "tokens": "tokens", "seconds": "seconds", "bits_per_note": "best"}
"""Figures of a run, by their names in its checkpoint."""

Progress = Callable[[str, dict[str, float]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of it."""

    kept: bool
    """Whether the new model predicts the held-out music better, and so was written."""
    before: float
    """Bits a note that the mood's model took on held-out music."""
    after: float
    """Bits a note that the new one takes."""
    held_out: str
    """What was held out, in words."""
    notes: int
    """Notes learned from."""
    seconds: float
    """Time taken by training."""
    stopped: bool
    """Whether it was stopped before its end."""
    copied: float
    """Share of composed phrases with a run of more than 8 lead notes of the files."""
    copied_real: float
    """The same of the held-out music, which the files' own composers wrote."""
    longest: int
    """Lead notes of the longest such run."""


def train_own(
    folder: Path,
    midi: Path,
    *,
    style: str = "",
    token: str = "",
    licence: str = PERSONAL,
    author: str = "",
    roles: Roles | None = None,
    fill: bool = True,
    updates: int = 240,
    seed: int = 1,
    progress: Progress,
    music: OwnMusic | None = None,
) -> Verdict:
    """Fine-tune the mood in ``folder`` on the MIDI files in ``midi``.

    Args:
        folder: A mood's folder, such as `gamemusic new` makes.
        midi: Folder of MIDI files.
        style: Style that learns; one that the mood does not have is added. Default: the mood's first one.
        token: Style token of a new style; default: the mood's first style's.
        licence: Of the files.
        author: For the card; empty: as it is.
        roles: Who plays what in the files, where somebody knows better.
        fill: Write tempo, keys, meters and instruments of the files into the preset.
        updates: Most optimiser steps.
        seed: Decides the order of the music.
        progress: Called with the stage and its figures.
        music: What `study` found, if it was asked already.

    Raises:
        InputError: The folder is no mood's, or the music is too little.
        PackError, FormatError: The mood is broken.
    """
    pack = open_pack(folder, edited_preset=True)
    if not folder.is_dir():
        raise InputError(f"{folder} is a zip; make a mood of your own from it: gamemusic new NAME --from {folder}")
    style = style or pack.preset.default_style
    token = _token(pack, style, token)
    found = study(midi, token, roles) if music is None else music
    model, figures, stopped = _fine_tune(found, updates, seed, progress)
    graph = build_graph(
        quantise(model),
        {"mood": pack.name, "styles": token, "data_hash": found.dataset.hash, "licence": licence},
    )
    test = found.select("test")
    before = score_session(Session(pack.model), found.dataset, test).bits_per_note
    after = score_session(Session(graph), found.dataset, test).bits_per_note
    kept = after < before
    preset = pack.members[PRESET_FILE]
    if fill:
        preset = fill_preset(preset, found, style, token)
    print_ = _fingerprint(pack, found)
    members = {**pack.members, PRESET_FILE: preset}
    if kept:
        members[pack.preset.model] = graph
    if pack.preset.fingerprint:
        members[pack.preset.fingerprint] = print_.to_bytes()
    card = _card(pack, found, members, licence, author, figures, before, after, midi, kept=kept, token=token)
    members[CARD_FILE] = write_card(card)
    write_files({folder / name: content for name, content in members.items()})
    copied, longest = _count_copies(open_pack(folder), style, print_)
    return Verdict(
        kept=kept,
        before=before,
        after=after,
        held_out=_held_out(found),
        notes=found.dataset.notes(found.select("train").tolist()),
        seconds=figures["seconds"],
        stopped=stopped,
        copied=copied,
        copied_real=count_real(found, print_),
        longest=longest,
    )


def _token(pack: Pack, style: str, token: str) -> str:
    styles = pack.preset.styles
    if style in styles:
        if token and token != styles[style].token:
            raise InputError(f"the style {style} has the token {styles[style].token}; leave --token out")
        return styles[style].token
    chosen = token or (style if style in STYLE_NAMES else styles[pack.preset.default_style].token)
    if chosen not in STYLE_NAMES:
        raise InputError(f"{chosen!r} is no style token; it is one of {', '.join(STYLE_NAMES)}")
    return chosen


def _fine_tune(music: OwnMusic, updates: int, seed: int, progress: Progress) -> tuple[MoodLSTM, dict[str, float], bool]:
    """Return the fine-tuned model, the run's figures, and whether somebody stopped it: then it is the best so far."""
    settings = TrainSettings(
        updates=updates, rows=16, steps=192, learning_rate=6e-4, warmup=20, validate_every=20, patience=4, seed=seed
    )
    model, _ = load_model(BASE_WEIGHTS)
    model.to(choose_device())
    model.set_dropout(_DROPOUT)
    excerpts = music.select("train")
    weights = np.ones(len(excerpts))
    sampler = OctaveSampler(
        music.dataset, excerpts, weights, rows=settings.rows, steps=settings.steps, seed=settings.seed
    )
    with tempfile.TemporaryDirectory() as place:
        try:
            figures = train(
                model,
                music.dataset,
                sampler,
                music.select("validation"),
                Path(place),
                settings,
                progress=lambda now: progress("training", now),
            )
        except KeyboardInterrupt:
            best = Path(place) / "best.safetensors"
            if not best.exists():
                raise
            model.load_state_dict(read_tensors(best))
            kept = json.loads(read_file(Path(place) / "checkpoint.json"))
            figures = {name: float(kept[key]) for name, key in _FIGURES.items()}
            return model, figures, True
    return model, figures, False


def _fingerprint(pack: Pack, music: OwnMusic) -> Fingerprint:
    """Return the fingerprint of the files, with the usual figures of the mood's other styles."""
    own = make_fingerprint(music.dataset, music.select("train").tolist())
    if not pack.preset.fingerprint:
        return own
    parent = load_fingerprint(pack.read(pack.preset.fingerprint), file=pack.preset.fingerprint)
    return dataclasses.replace(own, usual={**parent.usual, **_widest(parent, own)}, pace={**parent.pace, **own.pace})


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


def _count_copies(pack: Pack, style: str, own: Fingerprint) -> tuple[float, int]:
    """Return the share of composed phrases with a long run of the files, and the longest run's notes."""
    composer = Composer(pack)
    runs = []
    for seed in range(_PHRASES):
        phrase = composer.compose(style=style, bars=8, seed=seed)
        runs.append(own.longest_run(cut_bars(phrase), phrase.meter.bar_ticks))
    return sum(run > _LONG_RUN for run in runs) / len(runs), max(runs)


def count_real(music: OwnMusic, own: Fingerprint) -> float:
    """Return the share of held-out passages with a long run of the music that was learned from."""
    from gamemusic.units import METERS

    excerpts = music.select("test").tolist()
    runs = [own.longest_run(one.bars, METERS[one.meter].bar_ticks) for one in read_passages(music.dataset, excerpts)]
    return sum(run > _LONG_RUN for run in runs) / max(1, len(runs))


def _held_out(music: OwnMusic) -> str:
    pieces = len({int(music.dataset.piece_of[index]) for index in music.select("test")})
    what = "bars of" if music.by_bars else ""
    too_much = ", which come back elsewhere in them, so that it knows them" if music.repeated else ""
    return f"{what} {pieces} piece{'s' * (pieces != 1)}".strip() + too_much


def _card(
    pack: Pack,
    music: OwnMusic,
    members: dict[str, bytes],
    licence: str,
    author: str,
    figures: dict[str, float],
    before: float,
    after: float,
    midi: Path,
    *,
    kept: bool,
    token: str,
) -> Card:
    card = pack.card
    used = sum(not one.skipped for one in music.files)
    own = Source(name=f"MIDI files of {midi.name}", licence=licence, count=used, credit=author)
    terms = {term for term in card.licences.training_data.split(" AND ") if term} | {licence}
    data = PERSONAL if PERSONAL in terms else " AND ".join(sorted(terms))
    output = "" if data == PERSONAL else card.licences.output
    outcome = "its model learned them" if kept else "its model was kept, since it predicted held-out bars better"
    return dataclasses.replace(
        card,
        name=load_preset(members[PRESET_FILE]).name,
        author=author or card.author,
        licences=dataclasses.replace(card.licences, training_data=data, output=output),
        attribution=(*(one for one in card.attribution if one.name != own.name), own),
        styles=tuple(sorted({*card.styles, token})),
        training=Training(
            data_hash=music.dataset.hash,
            tokens=int(figures["tokens"]),
            steps=int(figures["updates"]),
            seconds=round(figures["seconds"]),
            device=f"{choose_device().type}, {platform.machine()}",
            extra={"token": token},
        ),
        measures={
            "held_out": _held_out(music),
            "bits_per_note_before": round(before, 3),
            "bits_per_note_exported": round(after, 3),
        },
        notes=(*card.notes, f"{used} MIDI files were brought in as '{token}' music: {outcome}."),
        files=describe_files(members),
    )
