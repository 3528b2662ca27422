"""What somebody's own mood is measured on: the files it was taught with, its parent, and what is asked of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gamemusic.composer.session import Session
from gamemusic.errors import GameMusicError, InputError
from gamemusic.packs.fingerprint import Fingerprint, load_fingerprint
from gamemusic.packs.library import find_pack
from gamemusic.packs.pack import Pack
from gamemusic.tokens.vocabulary import STYLE_NAMES
from gamemusic_export.evaluation.asks import Ask, asks_of
from gamemusic_export.evaluation.features import FeatureSet, featurise
from gamemusic_export.evaluation.measurement import Composed, compose_set
from gamemusic_export.evaluation.references import load_reference, read_real
from gamemusic_export.fingerprint import make_fingerprint
from gamemusic_export.own_music import OwnMusic, study

__all__ = ["Bench", "compose_on", "parents_token", "prepare_bench"]

_LEAST_PIECES = 2
_BINS = (1, 3, 6)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Bench:
    """What all measurements need."""

    pack: Pack
    parent: Pack | None
    """None when it is not installed, or when the mood still has its parent's model."""
    same_model: bool
    music: OwnMusic | None
    real: FeatureSet | None
    asks: Sequence[Ask]
    fingerprint: Fingerprint | None
    """Of the music it learned from; None: not known."""


def prepare_bench(folder: str | Path, midi: Path | None) -> tuple[Bench, list[str]]:
    """Return what a mood is measured on, and notes on what cannot be measured.

    Args:
        folder: The mood's folder or zip, or the name of an installed one.
        midi: The files it was taught with; None: it is held against its parent's music.

    Raises:
        InputError: There is no such mood or folder, or nothing in it that a model composed.
        PackError, FormatError: The mood is broken.
    """
    notes: list[str] = []
    pack = _with_learned_styles(find_pack(folder), notes)
    parent = _find_parent(pack, notes)
    same = parent is not None and parent.model == pack.model
    music = real = None
    asks: list[Ask] = []
    if midi is not None:
        music = _study_as_taught(pack, midi)
        if pack.card.training.data_hash != music.dataset.hash:
            notes.append(
                "these are not the files, or not the roles, that it was taught with last, so it may know some of what "
                "it is judged by"
            )
        found = read_real(music.dataset, range(len(music.dataset.piece_of)), pack)
        asks = asks_of(found.phrases)
        real = featurise(found)
        if real.pieces < _LEAST_PIECES:
            notes.append("one piece alone cannot tell how alike pieces are: likeness was not measured")
            real = None
    elif parent is not None:
        asks, real = _parents_music(pack, parent, notes)
    if midi is None:
        notes.append("it was not held against your music; add --midi and the folder of your files")
    fingerprint = _find_fingerprint(pack, music, notes)
    return Bench(pack, None if same else parent, same, music, real, asks or _usual_asks(pack), fingerprint), notes


def _study_as_taught(pack: Pack, midi: Path) -> OwnMusic:
    """Return the music, with or without what was played freely, as the mood was taught it."""
    taught = pack.card.training.data_hash
    try:
        music = study(midi, _token(pack))
        if music.dataset.hash == taught:
            return music
    except InputError:  # too little without what was played freely
        return study(midi, _token(pack), quantise=True)
    played = study(midi, _token(pack), quantise=True)
    return played if played.dataset.hash == taught else music


def _with_learned_styles(pack: Pack, notes: list[str]) -> Pack:
    """Return the mood without styles in which the model composes nothing.

    Raises:
        InputError: It has no others.
    """
    styles = {name: style for name, style in pack.preset.styles.items() if style.learned}
    left = [name for name in pack.preset.styles if name not in styles]
    if not styles:
        raise InputError(f"{pack.name}: no style has a role in 'learned', so there is nothing that a model composed")
    if not left:
        return pack
    notes.append(f"the model composes nothing in {', '.join(left)}, so that was not measured")
    return replace(pack, preset=replace(pack.preset, styles=styles))


def _token(pack: Pack) -> str:
    """Return the style token that learned last, or the default style's."""
    tokens = {style.token for style in pack.preset.styles.values()}
    learned = pack.card.training.extra.get("token")
    return learned if learned in tokens else pack.preset.styles[pack.preset.default_style].token


def parents_token(pack: Pack, token: str) -> str:
    """Return the style token by which a mood's parent knows what the mood has learned by ``token``."""
    extra = pack.card.training.extra
    began_as = extra.get("began_as")
    return began_as if token == extra.get("token") and began_as in STYLE_NAMES else token


def _find_parent(pack: Pack, notes: list[str]) -> Pack | None:
    known = pack.card.parent
    if known is None:
        notes.append("its card names no parent, so there is none to compare it with")
        return None
    try:
        return find_pack(known.name)
    except GameMusicError:
        notes.append(f"its parent {known.name} is not installed, so it was not compared with it")
        return None


def _parents_music(pack: Pack, parent: Pack, notes: list[str]) -> tuple[list[Ask], FeatureSet | None]:
    """Return what the parent's reference asks for and holds, as far as the mood has styles for it."""
    try:
        reference = load_reference(parent.name)
    except InputError:
        return [], None
    tokens = {style.token for style in pack.preset.styles.values()}
    real = reference.real.select([style in tokens for style in reference.real.styles])
    if real.pieces < _LEAST_PIECES:
        return [], None
    notes.append(f"it was held against held-out pieces of {parent.name}'s music")
    return [ask for ask in reference.asks if ask.style in tokens], real


def _find_fingerprint(pack: Pack, music: OwnMusic | None, notes: list[str]) -> Fingerprint | None:
    if not pack.preset.fingerprint:
        if music is not None:
            return make_fingerprint(music.dataset, music.select("train").tolist())
        notes.append("it has no fingerprint of the music it learned from, so copies were not looked for")
        return None
    return load_fingerprint(pack.read(pack.preset.fingerprint), file=f"{pack.name}/{pack.preset.fingerprint}")


def _usual_asks(pack: Pack) -> list[Ask]:
    """Return an ask for each style, meter, mode and some intensities, where there is no music to take them from."""
    preset = pack.preset
    return [
        Ask(style.token, tuple(role.value for role in style.learned), str(meter), key.mode, intensity)
        for intensity in _BINS
        for style in preset.styles.values()
        for meter in preset.meters_of(style)
        for key in preset.keys_of(style)
    ]


def compose_on(
    bench: Bench, session: Session, asks: Sequence[Ask], label: str, progress: Progress, *, as_parent: bool = False
) -> Composed:
    """Compose what the bench asks for with a session in the mood's place.

    Args:
        bench: What is measured on.
        session: Composes.
        asks: What for.
        label: Handed to ``progress``.
        progress: Called with what is done, how much, and of how much.
        as_parent: Tell the session the style tokens that the mood's parent knows, in place of those learned since.
    """
    pack = bench.pack
    if as_parent:
        styles = {
            name: replace(style, token=parents_token(pack, style.token)) for name, style in pack.preset.styles.items()
        }
        pack = replace(pack, preset=replace(pack.preset, styles=styles))
        asks = [replace(ask, style=parents_token(bench.pack, ask.style)) for ask in asks]
    return compose_set(pack, session, asks, bench.fingerprint, label=label, progress=progress)
