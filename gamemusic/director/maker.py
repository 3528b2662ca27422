"""Maker: specs -> takes and decks. Slow: seconds, so never called where sound is made."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gamemusic.audio.soundfont import find_soundfont
from gamemusic.composer.bridge import compose_bridge
from gamemusic.composer.stinger import compose_stinger
from gamemusic.director.deck import Deck
from gamemusic.director.program import Spec, derive_seed
from gamemusic.director.settings import Settings
from gamemusic.director.shelf import Shelf
from gamemusic.director.take import Take, make_take
from gamemusic.packs.schema import Preset
from gamemusic.score.orchestration import Orchestration
from gamemusic.score.phrase import Phrase, Role

__all__ = ["Maker", "rotate"]

_KEPT_PHRASES = 12


class Maker:
    """Composes and arranges.

    Args:
        shelf: Where composers come from.
        sample_rate: In hertz.
        soundfont: What the game asks for; None: the styles' own, or the system's.
        settings: The game's.
        check: Called between any two steps of what takes long; what it raises ends the work.
    """

    def __init__(
        self,
        shelf: Shelf,
        sample_rate: int,
        soundfont: str | Path | None,
        settings: Settings,
        check: Callable[[], object],
    ) -> None:
        self._shelf, self._sample_rate, self._soundfont, self._settings = shelf, sample_rate, soundfont, settings
        self._check = check
        self._phrases: OrderedDict[Spec, Phrase] = OrderedDict()
        self._lock = threading.RLock()

    def forget(self) -> None:
        """Compose everything anew, as after an edit of a preset."""
        with self._lock:
            self._phrases.clear()

    def phrase(self, spec: Spec) -> Take:
        """Compose a phrase and make it ready."""
        return make_take(self._compose(spec), self._sample_rate, origin=spec, check=self._check)

    def bridge(self, old: Take, bars_played: int, new: Take, bar: int) -> Take:
        """Compose what leads from a take, after some of its bars, to a bar of another one."""
        seed = derive_seed(old.phrase.seed, new.phrase.seed, bars_played)
        with self._shelf.composer(_source(new), self._settings.limits, self._check) as composer:
            phrase = compose_bridge(
                composer,
                old.phrase,
                rotate(new.phrase, bar),
                bars=self._settings.bridge_bars,
                seed=seed,
                at_bar=bars_played,
            )
        return make_take(
            phrase,
            self._sample_rate,
            kind="bridge",
            tempo_from=old.phrase.tempo_bpm,
            origin=new.origin,
            check=self._check,
        )

    def stinger(self, name: str, under: Take, tick: int, seed: int) -> Take:
        """Compose a stinger for what sounds at a tick of a take."""
        with self._shelf.composer(_source(under), self._settings.limits, self._check) as composer:
            phrase = compose_stinger(
                composer,
                name,
                key=under.phrase.key,
                chord=under.phrase.chord_at(tick),
                tempo_bpm=under.phrase.tempo_bpm,
                meter=under.phrase.meter,
                seed=seed,
                style=under.phrase.style,
            )
        return make_take(phrase, self._sample_rate, kind="stinger", origin=under.origin, check=self._check)

    def deck(self, orchestration: Orchestration | None) -> Deck:
        """Set up a style's players."""
        self._check()
        style = orchestration.soundfont if orchestration else ""
        return Deck(
            orchestration,
            find_soundfont(self._soundfont, style=style),
            self._sample_rate,
            hysteresis=self._settings.hysteresis,
            fade_beats=self._settings.fade_beats,
        )

    def _compose(self, spec: Spec) -> Phrase:
        with self._lock:
            if spec in self._phrases:
                self._phrases.move_to_end(spec)
                return self._phrases[spec]
        if spec.variation > 0:
            phrase = self._vary(spec)
        else:
            with self._shelf.composer(spec.mood, self._settings.limits, self._check) as composer:
                whoever = composer.hurried() if spec.variation < 0 else composer
                phrase = whoever.compose(
                    style=spec.style,
                    bars=_section_bars(composer.pack.preset) if spec.variation < 0 else None,
                    intensity=spec.intensity,
                    seed=spec.seed,
                    ending="loop",
                )
        with self._lock:
            self._phrases[spec] = phrase
            while len(self._phrases) > _KEPT_PHRASES:
                self._phrases.popitem(last=False)
        return phrase

    def _vary(self, spec: Spec) -> Phrase:
        """Compose over the chords of a theme's phrase, every other time with its melody."""
        # its chords do not depend on the intensity, so any phrase of the seed will do
        first = self._compose(replace(spec, variation=0))
        with self._shelf.composer(spec.mood, self._settings.limits, self._check) as composer:
            preset = composer.pack.preset
            sings = Role.LEAD in preset.style(spec.style).learned and bool(first.track(Role.LEAD).notes)
            theme = None
            if sings and spec.variation % 2 and not preset.theme:
                theme = _clip(first, _section_bars(preset))
            return composer.compose(
                style=spec.style,
                key=str(first.key),
                intensity=spec.intensity,
                seed=derive_seed(spec.seed, spec.variation),
                ending="loop",
                theme=theme,
                harmony=first,
            )


def _section_bars(preset: Preset) -> int:
    return preset.bars // len(preset.form) if preset.form else min(8, preset.bars)


def _source(take: Take) -> str:
    assert isinstance(take.origin, Spec)
    return take.origin.mood


def rotate(phrase: Phrase, bar: int) -> Phrase:
    """Return a loop as it is heard from one of its bars on; notes over the turn are cut."""
    if bar % phrase.bars == 0:
        return phrase
    turn = bar % phrase.bars * phrase.meter.bar_ticks
    total = phrase.ticks
    tracks = []
    for track in phrase.tracks:
        notes = []
        for note in track.notes:
            start = (note.start - turn) % total
            notes.append(type(note)(start, note.pitch, min(note.duration, total - start), note.velocity))
        tracks.append(type(track)(track.role, tuple(sorted(notes))))
    chords = sorted(type(chord)((chord.start - turn) % total, chord.root, chord.quality) for chord in phrase.chords)
    here = phrase.chord_at(turn)
    if here is not None and (not chords or chords[0].start > 0):
        chords.insert(0, type(here)(0, here.root, here.quality))
    return phrase.replace(tracks=tuple(tracks), chords=tuple(chords), form=())


def _clip(phrase: Phrase, bars: int) -> Phrase:
    """Return a phrase's first bars."""
    end = bars * phrase.meter.bar_ticks
    tracks = [
        type(track)(
            track.role,
            tuple(
                type(note)(note.start, note.pitch, min(note.duration, end - note.start), note.velocity)
                for note in track.notes
                if note.start < end
            ),
        )
        for track in phrase.tracks
    ]
    chords = tuple(chord for chord in phrase.chords if chord.start < end)
    return phrase.replace(bars=bars, tracks=tuple(tracks), chords=chords, form=())
