"""Composing for the page: each loop becomes a sound script, a MIDI file, a picture and the facts to print beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from demo_page.picture import draw_roll, short_chord
from demo_page.sound import pack_wav, sound_script
from gamemusic import Composer, GameMusicError, InputError, MissingError, Phrase
from gamemusic.arranger.arranger import arrange
from gamemusic.files import write_file
from gamemusic.packs.card import Card
from gamemusic.packs.library import find_pack, list_packs
from gamemusic.packs.schema import Preset
from gamemusic.processes import share_in_order
from gamemusic.score.parts import Arrangement

__all__ = [
    "OUTPUT",
    "SAMPLE_RATE",
    "Mood",
    "Order",
    "Take",
    "choose_intensities",
    "describe_take",
    "find_moods",
    "make_takes",
    "plan_orders",
    "save_sound",
]

SAMPLE_RATE = 32000
"""Of the page's sounds, in hertz: soundfonts have little above the 16 kHz that it holds."""
OUTPUT = "music you compose with it"
"""Name of the licence of a mood's output."""
_LEVELS = (0.2, 0.55, 0.9)
"""Intensities that a mood is shown at; its own takes the place of the nearest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """A mood that the page shows."""

    name: str
    path: Path
    """Its pack."""
    title: str
    description: str
    styles: Mapping[str, str]
    """What each style sounds like, by its name, the default one first."""
    intensity: float
    """The preset's own."""
    licences: Mapping[str, str]
    """Of the model, the training data and the output, as its card says."""
    measures: Mapping[str, Any]
    """Figures of its card."""
    notes: Sequence[str]
    """What its card says is learned, and what is arranged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One loop to be made."""

    mood: str
    path: Path
    """The mood's pack."""
    style: str
    intensity: float
    seed: int
    folder: Path
    """The page's."""
    wav: bool
    """Whether to leave a WAV file, too."""

    @property
    def name(self) -> str:
        """The loop's name on the page and in its files."""
        return f"{self.mood}-{self.style}-{round(100 * self.intensity):02d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One loop that was made, as the page shows it."""

    name: str
    mood: str
    style: str
    intensity: float
    key: str
    meter: str
    tempo_bpm: float
    """Quarter notes a minute."""
    bars: int
    seconds: float
    seed: int
    loops: bool
    """Whether its end leads back to its beginning."""
    form: tuple[str, ...]
    seam_bits: float | None
    candidates: int
    notes: Mapping[str, int]
    """How many notes each role plays."""
    arranged: frozenset[str]
    """Roles that the model did not compose."""
    chords: tuple[tuple[float, str], ...]
    """Where in the loop each chord begins, 0..1, and its name."""
    roll: str = field(repr=False)
    """Its picture, as SVG."""
    sound: str = ""
    """Path of its sound script below the page's folder; empty without sound."""
    midi: str = ""
    """Path of its MIDI file below the page's folder."""
    missing: str = ""
    """What has to be installed before there is sound."""


def find_moods(names: Sequence[str] = ()) -> tuple[list[Mood], list[str]]:
    """Return moods, and what is wrong with those that were left out.

    Args:
        names: Installed moods, or paths of packs (with a slash); empty: all that are installed.

    Raises:
        InputError: For a mood that is not installed, one that is named twice, or when there is none.
        PackError: For a broken pack that was named.
    """
    if names:
        packs = [find_pack(name) for name in names]
        moods = [_mood(pack.path, pack.preset, pack.card) for pack in packs]
        twice = sorted({mood.name for mood in moods if [each.name for each in moods].count(mood.name) > 1})
        if twice:
            raise InputError(f"the moods {', '.join(names)} hold {twice[0]!r} more than once; name each one once")
        return moods, []
    moods, faults = [], []
    for listing in list_packs():
        if listing.shadowed_by is not None:
            continue
        try:
            pack = find_pack(listing.path)
            moods.append(_mood(pack.path, pack.preset, pack.card))
        except GameMusicError as error:
            faults.append(f"{listing.name} was left out: {error}")
    if not moods:
        raise InputError("no mood is installed; reinstall gamemusic, or set GAMEMUSIC_PATH to a folder of mood packs")
    return moods, faults


def _mood(path: Path, preset: Preset, card: Card) -> Mood:
    return Mood(
        name=preset.name,
        path=path,
        title=preset.title or preset.name,
        description=preset.description,
        styles={name: style.description for name, style in preset.styles.items()},
        intensity=preset.intensity,
        licences={
            OUTPUT: card.licences.output,
            "model": card.licences.model,
            "music it learned from": card.licences.training_data,
        },
        measures=card.measures,
        notes=card.notes,
    )


def choose_intensities(own: float) -> tuple[float, ...]:
    """Return three intensities from calm to full, one of which is the mood's own."""
    nearest = min(_LEVELS, key=lambda level: abs(level - own))
    return tuple(own if level == nearest else level for level in _LEVELS)


def plan_orders(moods: Sequence[Mood], folder: Path, *, seed: int, all_styles: bool, wav: bool) -> list[Order]:
    """Return the loops to be made: each mood's default style at three intensities, its other styles at its own."""
    wanted = [
        (mood, style, intensity)
        for mood in moods
        for place, style in enumerate(mood.styles if all_styles else list(mood.styles)[:1])
        for intensity in (choose_intensities(mood.intensity) if place == 0 else (mood.intensity,))
    ]
    return [
        Order(mood=mood.name, path=mood.path, style=style, intensity=intensity, seed=seed, folder=folder, wav=wav)
        for mood, style, intensity in wanted
    ]


def make_takes(orders: Sequence[Order], *, jobs: int, tell: Callable[[int, str], None]) -> list[Take]:
    """Return the loops in the order they were asked for; their files lie in the page's folder then.

    Args:
        orders: What to make.
        jobs: Processes that work at once.
        tell: Called with how many are done, and the name of the last.

    Raises:
        OutputError: A file could not be written.
    """
    for folder in {order.folder for order in orders}:
        for name in ("sounds", "midi", "wav") if any(order.wav for order in orders) else ("sounds", "midi"):
            (folder / name).mkdir(parents=True, exist_ok=True)
    takes: list[Take] = []
    for take in _work(orders, jobs):
        takes.append(take)
        tell(len(takes), take.name)
    return takes


def _work(orders: Sequence[Order], jobs: int) -> Iterator[Take]:
    if jobs == 1:
        yield from map(_make_take, orders)
        return
    yield from share_in_order(_make_take, orders, min(jobs, len(orders)))


@lru_cache(maxsize=1)
def _composer(path: Path) -> Composer:
    """Return a mood's composer; orders come mood by mood, so one is enough to remember."""
    return Composer(find_pack(path))


def _make_take(order: Order) -> Take:
    phrase = _composer(order.path).compose(style=order.style, intensity=order.intensity, seed=order.seed)
    midi = f"midi/{order.name}.mid"
    phrase.save(order.folder / midi)
    sound, missing = f"sounds/{order.name}.js", ""
    try:
        save_sound(phrase, order.name, order.folder / sound, wav=order.folder / "wav" if order.wav else None)
    except MissingError as error:
        sound, missing = "", str(error)
    return describe_take(phrase, order.name, sound=sound, midi=midi, missing=missing)


def save_sound(phrase: Phrase, name: str, path: Path, *, wav: Path | None = None) -> None:
    """Render a phrase, and write the script that brings its sound to the page.

    Args:
        phrase: What to render.
        name: What the page calls it.
        path: The script's.
        wav: Folder for the WAV file that the script was packed from; None leaves none.

    Raises:
        MissingError: FluidSynth or a soundfont has to be installed.
        OutputError: A file could not be written.
    """
    with tempfile.TemporaryDirectory() as scratch:
        file = phrase.save((wav or Path(scratch)) / f"{name}.wav", sample_rate=SAMPLE_RATE)
        write_file(path, sound_script(name, pack_wav(file.read_bytes())))


def describe_take(phrase: Phrase, name: str, *, sound: str, midi: str = "", missing: str = "") -> Take:
    """Return what the page shows of a phrase; see `Take` for the arguments."""
    arrangement = arrange(phrase)
    composed = {str(role) for role in phrase.roles}
    notes = {str(part.role): len(part.notes) for part in arrangement.parts}
    return Take(
        name=name,
        mood=phrase.mood,
        style=phrase.style,
        intensity=phrase.intensity,
        key=str(phrase.key),
        meter=str(phrase.meter),
        tempo_bpm=phrase.tempo_bpm,
        bars=phrase.bars,
        seconds=phrase.seconds,
        seed=phrase.seed,
        loops=phrase.ending == "loop",
        form=phrase.form,
        seam_bits=phrase.seam_bits,
        candidates=phrase.candidates,
        notes=notes,
        arranged=frozenset(notes) - composed,
        chords=tuple((chord.start / phrase.ticks, short_chord(chord.root, chord.quality)) for chord in phrase.chords),
        roll=draw_roll(phrase, arrangement, name=_describe_picture(phrase, arrangement)),
        sound=sound,
        midi=midi,
        missing=missing,
    )


def _describe_picture(phrase: Phrase, arrangement: Arrangement) -> str:
    roles = ", ".join(str(part.role) for part in arrangement.parts)
    form = f" in the form {' '.join(phrase.form)}" if phrase.form else ""
    return f"Piano roll of {phrase.bars} bars{form}: {roles}"
