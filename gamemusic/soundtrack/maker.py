"""Maker: an order -> the bytes of its files and what the manifest says of them. A pure function, for any process."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gamemusic.arranger.arranger import arrange
from gamemusic.audio.loudness import db_to_amplitude
from gamemusic.audio.wavfile import encode_wav
from gamemusic.composer.bridge import compose_bridge
from gamemusic.composer.composer import Composer
from gamemusic.composer.stinger import compose_stinger
from gamemusic.errors import InputError, PackError
from gamemusic.files import read_file, shown_name
from gamemusic.limits import LIMITS
from gamemusic.packs.pack import open_pack
from gamemusic.score.midi import MidiSong, write_midi
from gamemusic.score.phrase import Phrase
from gamemusic.soundtrack.order import Order, Origin
from gamemusic.soundtrack.performance import Performance, Sound, perform, set_gain
from gamemusic.soundtrack.schema import file_stems
from gamemusic.soundtrack.sketch import draw_sketch
from gamemusic.soundtrack.source import arrange_source, read_source
from gamemusic.theory import chord_name
from gamemusic.units import TICKS_PER_BEAT, loop_frames

__all__ = ["Made", "make"]

Audio = npt.NDArray[np.float32]

SUFFIXES = {"midi": ".mid", "wav": ".wav", "ogg": ".ogg", "flac": ".flac"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What came of an order."""

    name: str
    key: str
    """`Order.key`."""
    files: Mapping[str, bytes] = field(repr=False)
    """By file name."""
    facts: Mapping[str, Any] = field(repr=False)
    """The manifest's entry."""
    sketch: Mapping[str, Any] = field(repr=False)
    """What the page draws: see `gamemusic.soundtrack.sketch.draw_sketch`."""


def make(order: Order) -> Made:
    """Compose, arrange, render, level and encode.

    Raises:
        GameMusicError: Whatever is wrong with the pack, the soundfont or the request.
    """
    phrases = _compose(order)
    performances = [_play(order, level, phrase) for level, phrase in zip(order.levels, phrases, strict=True)]
    gain_db, levelling, heard = set_gain(order, performances)
    files: dict[str, bytes] = {}
    described: list[dict[str, Any]] = []
    for one, lufs in zip(performances, heard, strict=True):
        _write(order, one, gain_db, lufs, files, described)
    first, played = phrases[0], order.kind == "cue" and bool(order.origin.source)
    facts = {
        "name": order.name,
        "kind": order.kind,
        **dict(order.around),
        **({"take_of": order.take_of, "take": order.take} if order.take_of else {}),
        "key_of_order": order.key,
        "mood": first.mood,
        "style": first.style,
        "seed": None if played else first.seed,
        "source": {"file": shown_name(Path(order.origin.source).name), "sha256": order.origin.source_digest}
        if played
        else None,
        "tempo_bpm": first.tempo_bpm,
        "meter": str(first.meter),
        "bars": first.bars,
        "key": str(first.key),
        "form": list(first.form),
        "chords": [[chord.start / TICKS_PER_BEAT, chord_name(chord.root, chord.quality)] for chord in first.chords],
        "ending": first.ending,
        "levels": list(order.levels),
        "layers": _layers(performances[-1]),
        "seam_bits": first.seam_bits,
        "pack": {"name": first.mood, "digest": order.origin.digest},
        "soundfont": {"file": shown_name(Path(order.soundfont).name), "sha256": order.soundfont_digest}
        if order.soundfont
        else None,
        **levelling,
        "files": described,
    }
    sketch = draw_sketch(performances[-1].arrangement, performances[-1].main.mix)
    return Made(name=order.name, key=order.key, files=files, facts=facts, sketch=sketch)


def _compose(order: Order) -> list[Phrase]:
    composer = _composer(order.origin.pack, order.origin.digest)
    if order.kind == "cue":
        return [_phrase(order.origin, level) for level in order.levels]
    over = _phrase(order.origin, order.levels[-1])
    if order.kind == "stinger":
        chord = over.chord_at(0)
        made = compose_stinger(
            composer,
            order.sting,
            key=over.key,
            chord=chord,
            tempo_bpm=over.tempo_bpm,
            meter=over.meter,
            seed=order.seed,
            style=over.style,
        )
        return [made]
    assert order.left is not None
    old = _phrase(order.left, order.left.intensity)
    # it is heard once, between two loops, so it rings out into the second one
    return [compose_bridge(composer, old, over, bars=order.bars, seed=order.seed).replace(ending="cadence")]


def _phrase(origin: Origin, intensity: float) -> Phrase:
    if origin.source:
        phrase, _ = _source(origin)
        return phrase.replace(intensity=intensity)
    donor = None if origin.harmony is None else _phrase(origin.harmony, origin.harmony.intensity)
    return _composer(origin.pack, origin.digest).compose(
        style=origin.style,
        bars=origin.bars,
        key=origin.key if origin.key is not None or donor is None else str(donor.key),
        tempo=origin.tempo,
        meter=origin.meter,
        intensity=intensity,
        seed=origin.seed,
        ending=origin.ending,
        theme=origin.theme or None,
        harmony=donor,
    )


@functools.lru_cache(maxsize=1)
def _source(origin: Origin) -> tuple[Phrase, MidiSong]:
    style = _composer(origin.pack, origin.digest).pack.preset.style(origin.style)
    data = read_file(origin.source, "the source", most=LIMITS.midi_bytes)
    if hashlib.sha256(data).hexdigest() != origin.source_digest:
        raise InputError(f"the source {origin.source} changed while the soundtrack was baked; bake again")
    phrase, song = read_source(data, style.orchestration(), file=Path(origin.source).name)
    return phrase.replace(mood=origin.mood, style=origin.style, ending=origin.ending or "loop"), song


@functools.lru_cache(maxsize=4)
def _composer(path: str, digest: str) -> Composer:
    pack = open_pack(path)
    if pack.digest != digest:
        raise PackError("the pack changed while the soundtrack was baked; bake again", file=path)
    return Composer(pack)


def _play(order: Order, level: float, phrase: Phrase) -> Performance:
    if order.origin.source and order.kind == "cue":
        arrangement = arrange_source(phrase, _source(order.origin)[1], everything=level == order.levels[-1])
    else:
        arrangement = arrange(phrase)
    intro = None
    if order.intro:
        composer = _composer(order.origin.pack, order.origin.digest)
        # from its own end to its beginning, but heard before it
        intro = compose_bridge(composer, phrase, phrase, bars=order.intro, seed=order.seed).replace(ending="cadence")
    return perform(order, level, arrangement, intro)


def _write(
    order: Order,
    performance: Performance,
    gain_db: float,
    lufs: float | None,
    files: dict[str, bytes],
    described: list[dict[str, Any]],
) -> None:
    level = performance.level
    base = file_stems(order.name, order.levels)[order.levels.index(level)]
    shared: dict[str, Any] = {"level": level} if len(order.levels) > 1 else {}
    for sound in performance.sounds:
        stem = base
        if sound is performance.intro:
            ticks = sound.arrangement.ticks
            after = loop_frames(ticks, sound.arrangement.tempo_bpm, order.sample_rate)
            stem = f"{base}-intro"
            shared = {**shared, "part": "intro", "next": after, "next_seconds": after / order.sample_rate}
        for kind in order.formats:
            if kind == "midi":
                content = write_midi(sound.arrangement)
                facts: dict[str, Any] = {"ticks": sound.arrangement.ticks, "loops": sound.arrangement.ending == "loop"}
                if sound.loop_bar:
                    facts["loop_start_ticks"] = sound.loop_bar * sound.arrangement.meter.bar_ticks
                _add(files, described, f"{stem}.mid", content, {"format": kind, "role": None, **shared, **facts})
                continue
            for role, audio in sound.audio.items():
                loud = audio * np.float32(db_to_amplitude(gain_db))
                name = f"{stem}{'.' + role if role else ''}{SUFFIXES[kind]}"
                heard = {"format": kind, "role": role or None, **shared, **_describe(order, loud, sound.loop)}
                if sound.loop_bar:
                    ticks = sound.loop_bar * sound.arrangement.meter.bar_ticks
                    heard["intro"] = loop_frames(ticks, sound.arrangement.tempo_bpm, order.sample_rate)
                if not role and sound is performance.main:
                    heard["loudness_lufs"] = lufs
                _add(files, described, name, _encode(order, kind, loud, sound), heard)


def _layers(performance: Performance) -> dict[str, float]:
    """Return who plays at the highest level, each with the intensity from which its layer is heard."""
    parts = performance.arrangement.parts
    return {str(part.role): part.instrument.from_intensity for part in parts}


def _describe(order: Order, sound: Audio, loop: tuple[int, int] | None) -> dict[str, Any]:
    rate = order.sample_rate
    start, end = loop or (0, 0)
    return {
        "sample_rate": rate,
        "frames": len(sound),
        "seconds": len(sound) / rate,
        "loop": None
        if loop is None
        else {"start": start, "end": end, "start_seconds": start / rate, "end_seconds": end / rate},
    }


def _encode(order: Order, kind: str, audio: Audio, sound: Sound) -> bytes:
    rate, comment = order.sample_rate, sound.arrangement.comment
    if kind == "wav":
        return encode_wav(audio, rate, bit_depth=order.bit_depth, loop=sound.loop, title=order.title, comment=comment)
    from gamemusic.audio.compressed import encode

    return encode(
        audio,
        rate,
        SUFFIXES[kind],
        loop=sound.loop,
        title=order.title,
        comment=comment,
        bit_depth=order.bit_depth,
        quality=order.quality,
    )


def _add(
    files: dict[str, bytes], described: list[dict[str, Any]], name: str, content: bytes, facts: dict[str, Any]
) -> None:
    files[name] = content
    described.append({"file": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), **facts})
