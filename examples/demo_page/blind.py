"""The page for judging by ear: per mood the same loop by several composers, without labels and in a random order.

Who composed what stands in key.json alone, beside the page.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path

from demo_page.loops import Mood, Take, describe_take, save_sound
from demo_page.shell import facts_list, paragraphs, play_button, player_data, shell
from gamemusic import Composer, InputError, MissingError, Phrase
from gamemusic.packs.library import find_pack
from gamemusic.packs.pack import Pack

__all__ = ["Clip", "Source", "find_sources", "make_clips", "write_blind_page", "write_key"]

Source = Callable[[Mood, str, int], Phrase]
"""Composes a phrase of a mood in a style, with a seed."""

_LETTERS = "ABCDEFGH"
_SECTION_BARS = 4
"""Bars of a section: the whole form can be heard in half a minute."""
_BARS = 16
"""Most bars of a mood without a form."""
_MARKS = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One loop without a label."""

    take: Take
    letter: str
    source: str
    """Who composed it; not shown."""


def find_sources() -> dict[str, Source]:
    """Return the composers that are compared: the trained model, a 5-gram in its place, and random weights.

    Raises:
        MissingError: The training tools are not installed.
    """
    try:
        from gamemusic_export.baselines import ngram_composer, random_composer
    except ImportError as error:
        raise MissingError(
            f"--blind compares with models that only the training tools can make ({error.name} is missing): "
            "pip install 'gamemusic[train]', or leave --blind out"
        ) from error
    return {
        "trained model": _source(Composer),
        "5-gram": _source(ngram_composer),
        "random weights": _source(random_composer),
    }


def _source(make: Callable[[Pack], Composer]) -> Source:
    """Return a source that composes what a mood's preset says, with a composer that is made once a mood."""
    composer = lru_cache(maxsize=1)(lambda path: make(find_pack(path)))

    def compose(mood: Mood, style: str, seed: int) -> Phrase:
        # of one seed key and tempo are the same, whoever composes: the preset chooses them by it
        it: Composer = composer(mood.path)
        preset = it.pack.preset
        bars = min(preset.bars, _SECTION_BARS * len(preset.form) or _BARS)
        return it.compose(style=style, seed=seed, bars=bars)

    return compose


def make_clips(
    moods: Sequence[Mood], sources: Mapping[str, Source], folder: Path, *, seed: int, tell: Callable[[int, str], None]
) -> list[Clip]:
    """Return each mood's clips in the order in which they are heard; their sounds lie in the page's folder then.

    Args:
        moods: What is composed for, in each mood's default style.
        sources: Who composes, by the name that key.json tells.
        folder: The page's.
        seed: Of the phrases and of the order.
        tell: Called with how many are done, and the name of the last.

    Raises:
        InputError: Sources that compose different keys, tempos or lengths, which would give them away.
        MissingError: FluidSynth, a soundfont or a source's model is missing.
    """
    (folder / "clips").mkdir(parents=True, exist_ok=True)
    clips: list[Clip] = []
    for mood in moods:
        style = next(iter(mood.styles))
        names = sorted(sources)
        random.Random(f"{seed} {mood.name}").shuffle(names)  # a text, so that moods do not share one order
        phrases = [sources[name](mood, style, seed) for name in names]
        frames = {(phrase.key, phrase.tempo_bpm, phrase.meter, phrase.bars, phrase.ending) for phrase in phrases}
        if len(frames) > 1:
            raise InputError(
                f"the composers of {mood.name!r} disagree on key, tempo, meter or bars, so they can be told"
            )
        for letter, source, phrase in zip(_LETTERS, names, phrases, strict=False):
            name = f"{mood.name}-{letter}"
            sound = f"clips/{name}.js"
            save_sound(phrase, name, folder / sound)
            clips.append(Clip(take=describe_take(phrase, name, sound=sound), letter=letter, source=source))
            tell(len(clips), name)
    return clips


def write_key(clips: Sequence[Clip], *, seed: int, version: str) -> bytes:
    """Return key.json: who composed which clip."""
    key = {
        "page": _page_name(clips, seed, version),
        "clips": {
            clip.take.name: {
                "source": clip.source,
                "mood": clip.take.mood,
                "style": clip.take.style,
                "seed": clip.take.seed,
                "intensity": clip.take.intensity,
            }
            for clip in clips
        },
    }
    return (json.dumps(key, indent=2) + "\n").encode("utf-8")


def write_blind_page(moods: Sequence[Mood], clips: Sequence[Clip], *, seed: int, version: str) -> str:
    """Return the page as HTML; it does not say who composed what."""
    sections = [_write_mood(mood, [clip for clip in clips if clip.take.mood == mood.name]) for mood in moods]
    titles = {mood.name: mood.title for mood in moods}
    data = player_data((clip.take.name, f"{titles[clip.take.mood]}, {clip.letter}", clip.take) for clip in clips)
    for take in data["takes"].values():
        take["chords"] = []  # harmony is part of what is judged
    body = f"""<header>
<h1>Judge by ear</h1>
<p>For each mood different composers wrote a loop in the same style, key, tempo and length, for the same players. Who
wrote what is not said here. How much would you like to hear each one in a game? 1: not at all, 5: very much.</p>
<p class="soft">Your marks stay in this browser. When you are done, save them, and open key.json, which lies beside this
page, to see who composed what.</p>
</header>
<main>
<form id="choices" data-page="{escape(_page_name(clips, seed, version))}">
{"".join(sections)}
<section class="mood" aria-labelledby="done">
<h2 id="done">When you are done</h2>
<p id="count" role="status"></p>
<p><button type="button" id="save">Save my marks</button></p>
<p><label>Open key.json <input type="file" id="key" accept=".json,application/json"></label></p>
<div id="result" role="status"></div>
</section>
</form>
</main>"""
    return shell(title="gamemusic: judge by ear", body=body, data=data, scripts=("blind.js",))


def _page_name(clips: Sequence[Clip], seed: int, version: str) -> str:
    """Return what ties marks and key to a page."""
    moods = dict.fromkeys(clip.take.mood for clip in clips)
    return f"gamemusic {version}, seed {seed}, {', '.join(moods)}"


def _write_mood(mood: Mood, clips: Sequence[Clip]) -> str:
    name, take = escape(mood.name), clips[0].take
    facts = [
        ("style", take.style),
        ("key", take.key),
        ("tempo", f"{take.tempo_bpm:g} bpm"),
        ("bars", str(take.bars)),
        ("length", f"{take.seconds:.1f} s"),
    ]
    return f"""<section class="mood" id="mood-{name}" aria-labelledby="title-{name}">
<h2 id="title-{name}">{escape(mood.title)}</h2>
{paragraphs(mood.description)}
{facts_list(facts)}
{"".join(_write_clip(mood, clip) for clip in clips)}
</section>
"""


def _write_clip(mood: Mood, clip: Clip) -> str:
    name = escape(clip.take.name)
    votes = "".join(
        f'<label><input type="radio" name="vote-{name}" value="{mark}"><span>{mark}</span></label>' for mark in _MARKS
    )
    return f"""<article data-clip="{name}">
<header>{play_button(clip.take.name, f"{mood.title}, {clip.letter}")}
<div><h3>{clip.letter} <span class="soft who"></span></h3></div>
<fieldset class="votes"><legend>Mark of {escape(mood.title)}, {clip.letter}</legend>{votes}</fieldset></header>
</article>
"""
