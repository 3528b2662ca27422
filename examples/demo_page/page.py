"""The page of loops: for each mood its styles, for each style pictures, facts, sound and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

from demo_page.loops import OUTPUT, SAMPLE_RATE, Mood, Take
from demo_page.shell import facts_list, paragraphs, play_button, player_data, shell

__all__ = ["write_page"]

_MEANINGS = (
    ("seam", "bits a token by which the step from the end to the beginning surprises the model more than one inside"),
    ("candidates", "how many phrases were composed to choose this one from"),
    ("(arranged)", "the arranger wrote these notes from the chords; all others were composed by the model"),
    ("intensity", "0 is calm, 1 is full; loops of one seed share their chords, so that a game can move between them"),
)


def write_page(moods: Sequence[Mood], takes: Sequence[Take], *, version: str, size: int, faults: Sequence[str]) -> str:
    """Return the page as HTML.

    Args:
        moods: In the order in which they are shown.
        takes: Their loops; those of one mood and style stand together, from calm to full.
        version: Of gamemusic.
        size: Of all files beside the page, in bytes.
        faults: What is wrong with moods that were left out.
    """
    missing = next((take.missing for take in takes if take.missing), "")
    groups = {key: list(some) for key, some in groupby(takes, lambda take: (take.mood, take.style))}
    sections = [_write_mood(mood, [some for (name, _), some in groups.items() if name == mood.name]) for mood in moods]
    labels = {mood.name: mood.title for mood in moods}
    data = player_data(
        (f"{take.mood}-{take.style}", f"{labels[take.mood]}, {take.style}, intensity {take.intensity:g}", take)
        for take in takes
    )
    links = "".join(f'<li><a href="#mood-{escape(mood.name)}">{escape(mood.title)}</a></li>' for mood in moods)
    body = f"""<header>
<h1>Loops composed by gamemusic {escape(version)}</h1>
<p>{len(moods)} moods, {len(takes)} loops. Each was composed by a small neural network on one CPU core; its line below
does it again. Press play; change the intensity while it plays; click into a picture to go there.</p>
{_write_notes(missing, faults)}
<noscript><p class="note">Playing needs JavaScript. Pictures, facts and MIDI files are here without it.</p></noscript>
<nav aria-label="Moods"><ul>{links}</ul></nav>
<details><summary>What the figures mean</summary><div class="figures">{_table(_MEANINGS)}</div></details>
</header>
<main>
{"".join(sections)}
</main>
<footer>
<p>{size / 1e6:.0f} MB in all; a sound is loaded when it is first played. WAV files are {SAMPLE_RATE / 1000:g} kHz,
16 bits, with loop points; the line beside them composes the same loop at any rate. With an arrow key on a button that
says Stop you move by a bar.</p>
</footer>"""
    return shell(title="gamemusic: a page of loops", body=body, data=data, sound=not missing)


def _write_notes(missing: str, faults: Sequence[str]) -> str:
    notes = [f"This page has no sound: {missing}. Then make it again."] if missing else []
    return "".join(paragraphs(note, "note") for note in [*notes, *faults])


def _write_mood(mood: Mood, loops: Sequence[Sequence[Take]]) -> str:
    name, licence = escape(mood.name), mood.licences[OUTPUT] or "licence not said"
    articles = "".join(_write_loop(mood, takes) for takes in loops)
    return f"""<section class="mood" id="mood-{name}" aria-labelledby="title-{name}">
<h2 id="title-{name}">{escape(mood.title)}<small>{name}</small></h2>
{paragraphs(mood.description)}
<p class="soft">Music you compose with it: {escape(licence)}.</p>
{articles}
{_write_card(mood)}
</section>
"""


def _write_loop(mood: Mood, takes: Sequence[Take]) -> str:
    """Return the article of one style: a button for all its takes, of which one is seen."""
    group = f"{mood.name}-{takes[0].style}"
    own = next((take for take in takes if take.intensity == mood.intensity), takes[0])
    button = play_button(group, f"{mood.title}, {own.style}") if own.sound else ""
    return f"""<article>
<header>{button}<div><h3>{escape(own.style)}</h3>{paragraphs(mood.styles[own.style], "soft")}</div>
{_write_levels(group, takes, own)}</header>
<div class="takes">
{"".join(_write_take(take, group, own) for take in takes)}
</div>
</article>
"""


def _write_levels(group: str, takes: Sequence[Take], own: Take) -> str:
    if len(takes) == 1:
        return ""
    choices = "".join(
        f'<label><input type="radio" name="{escape(group)}" value="{escape(take.name)}"'
        f"{' checked' if take is own else ''}><span>{take.intensity:g}</span></label>"
        for take in takes
    )
    return f'<fieldset class="levels"><legend>Intensity</legend>{choices}</fieldset>'


def _write_take(take: Take, group: str, own: Take) -> str:
    name = escape(take.name)
    sound = f'<button type="button" class="wav" data-name="{name}">WAV</button>' if take.sound else ""
    notes = [
        (f"{role} (arranged)" if role in take.arranged else role, f"{count:,}") for role, count in take.notes.items()
    ]
    return f"""<figure class="take{"" if take is own else " off"}" data-take="{name}" data-group="{escape(group)}">
<div class="scroll">{take.roll}</div>
<figcaption>
{facts_list(_facts(take))}
{facts_list(notes, kind="roles", colours=True)}
<div class="files">{sound}<a class="button" href="{escape(take.midi)}" download>MIDI</a>
<code>{escape(_command(take))}</code></div>
</figcaption>
</figure>
"""


def _facts(take: Take) -> Iterator[tuple[str, str]]:
    yield "key", take.key
    yield "tempo", f"{take.tempo_bpm:g} bpm"
    yield "meter", take.meter
    yield "bars", str(take.bars)
    yield "length", f"{take.seconds:.1f} s" + ("" if take.loops else ", plays once")
    if take.form:
        yield "form", " ".join(take.form)
    yield "intensity", f"{take.intensity:g}"
    yield "seed", str(take.seed)
    if take.seam_bits is not None and take.loops:
        yield "seam", f"{take.seam_bits:+.2f} bits"
    yield "candidates", str(take.candidates)


def _command(take: Take) -> str:
    suffix = "wav" if take.sound else "mid"
    return (
        f"gamemusic compose {take.mood} --style {take.style} --intensity {take.intensity:g} --seed {take.seed} "
        f"-o loop.{suffix}"
    )


def _write_card(mood: Mood) -> str:
    """Return what the mood's card says, folded away."""
    rows = [(f"licence of the {what}", licence or "not said") for what, licence in mood.licences.items()]
    rows += [*_flatten(mood.measures)]
    notes = "".join(f"<p>{escape(note)}</p>" for note in mood.notes)
    return (
        "<details><summary>Licences, what was learned, and what was measured</summary>"
        f'<div class="figures" role="group" tabindex="0" aria-label="Card of {escape(mood.title)}">{notes}'
        f"{_table(rows)}</div></details>"
    )


def _flatten(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield every figure of a card with the names that lead to it."""
    for name, value in values.items():
        words = f"{before}{str(name).replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{words}, ")
        elif isinstance(value, list | tuple):
            yield words, ", ".join(str(one) for one in value)
        elif isinstance(value, int) and not isinstance(value, bool):
            yield words, f"{value:,}"
        else:
            yield words, str(value)


def _table(rows: Sequence[tuple[str, str]]) -> str:
    lines = "".join(f'<tr><th scope="row">{escape(term)}</th><td>{escape(value)}</td></tr>' for term, value in rows)
    return f"<table>{lines}</table>"
