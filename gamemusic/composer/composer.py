"""compose(): a mood's name becomes a phrase."""

from __future__ import annotations

import copy
import secrets
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from gamemusic.chordnames import choose_key, read_chart
from gamemusic.composer.accompaniment import choose_figures
from gamemusic.composer.candidates import Candidates, compose_candidates
from gamemusic.composer.choices import choose_key_of, choose_meter, choose_tempo, draw
from gamemusic.composer.form import sections_of
from gamemusic.composer.harmony import (
    ChordPlan,
    close_plan,
    fit_chart,
    plan_of_phrase,
    plan_of_preset,
    plan_of_progression,
    plan_of_sections,
    read_plan,
)
from gamemusic.composer.judge import count_faults, describe_faults, judge
from gamemusic.composer.order import Order, order_of
from gamemusic.composer.progressions import write_progressions
from gamemusic.composer.session import Session
from gamemusic.composer.theme import Theme
from gamemusic.composer.themefile import load_theme, read_theme
from gamemusic.composer.tune import ask_tune, idea_rules, reaches, write_tune
from gamemusic.errors import GameMusicWarning, InputError
from gamemusic.limits import LIMITS, Limits
from gamemusic.packs.fingerprint import Fingerprint, load_fingerprint
from gamemusic.packs.library import find_pack
from gamemusic.packs.pack import Pack
from gamemusic.packs.style import Style
from gamemusic.score.judgement import Judgement
from gamemusic.score.phrase import Phrase, Role
from gamemusic.theory import parse_key
from gamemusic.tokens.bars import join_bars
from gamemusic.tokens.grammar import Grammar, Rules, forced_chords
from gamemusic.units import check_bars, check_intensity, check_seed, check_tempo, parse_meter
from gamemusic.values import shown

__all__ = ["Composer", "Order", "compose"]

_IDEAS = 16
"""Openings from which a tune's ideas are chosen, at most."""
_HURRIED_CANDIDATES = 2
"""Phrases composed in a hurry, in one batch."""


def compose(
    mood: str | Path,
    *,
    style: str | None = None,
    bars: int | None = None,
    key: str | None = None,
    tempo: float | None = None,
    meter: str | None = None,
    intensity: float | None = None,
    seed: int | None = None,
    ending: str | None = None,
    theme: str | Path | Phrase | Theme | None = None,
    harmony: Phrase | None = None,
    chords: str | Sequence[str] | None = None,
    limits: Limits | None = None,
) -> Phrase:
    """Compose a phrase.

    What is not given comes from the mood's preset; key, tempo and meter are then chosen by the seed among those it
    allows.
    Phrases of one seed share their harmony at every intensity.

    Args:
        mood: Name of an installed mood, or path of a mood pack (folder or zip).
        style: One of the mood's styles; default its first.
        bars: 1 to 64.
        key: Such as ``'D minor'`` or ``'Bb'``.
        tempo: Quarter notes a minute, 20 to 400.
        meter: ``'4/4'``, ``'3/4'``, ``'6/8'`` or ``'2/4'``; the networks have learned no other. Without one, a theme's
            own where the mood has it.
        intensity: 0 to 1.
        seed: 0 to 2**64 - 1. The same seed, arguments and pack give the same notes on every machine. Without one a
            seed is drawn; `Phrase.seed` tells it.
        ending: ``'loop'`` or ``'cadence'``.
        theme: A melody that the first section has to play: a MIDI file, or a phrase, whose lead is taken.
        harmony: A phrase whose chords, key, tempo and meter are shared, such as another mood's. With a ``key`` the
            chords are moved there; without one they stay at the pitch they have.
        chords: To be composed over, repeated to the end: ``'Am F C G'``, a chord a bar; ``'Am | F G | C'``, with bar
            lines; or a list of bars. Names, roman numerals and steps of the key as in a preset. Chords by name stay
            what they are; without a ``key`` it is the one they are in. Without ``bars`` the phrase has as many as the
            preset says, or fewer, so that the chords come round.
        limits: How large the pack and its files may be.

    Raises:
        InputError: For a value that is not allowed.
        MidiError: When the theme is no MIDI file.
        PackError: When the mood's pack is damaged.

    Warns:
        GameMusicWarning: When every phrase that was composed to choose from had a fault, see `Phrase.faults`.
    """
    phrase = Composer(find_pack(mood, limits=LIMITS if limits is None else limits)).compose(
        style=style,
        bars=bars,
        key=key,
        tempo=tempo,
        meter=meter,
        intensity=intensity,
        seed=seed,
        ending=ending,
        theme=theme,
        harmony=harmony,
        chords=chords,
    )
    if phrase.faults:
        warnings.warn(describe_faults(phrase), GameMusicWarning, stacklevel=2)
    return phrase


class Composer:
    """A mood pack with its model loaded: cheap to call again and again, by one thread at a time.

    Args:
        pack: The mood.
        session: What takes the place of the pack's model; for measurements.

    Raises:
        PackError: When the model is damaged or of another version.
    """

    def __init__(self, pack: Pack, session: Session | None = None) -> None:
        self.pack = pack
        preset = pack.preset
        self.session = session or Session(pack.model, file=f"{pack.name}/{preset.model}", limits=pack.limits)
        self.fingerprint: Fingerprint | None = None
        if preset.fingerprint:
            self.fingerprint = load_fingerprint(pack.read(preset.fingerprint), file=f"{pack.name}/{preset.fingerprint}")
        self._grammars: dict[str, Grammar] = {}
        self._theme: Theme | None = None
        self._hurries = False

    def hurried(self) -> Composer:
        """Return a composer with the same model that chooses among two candidates, faults or not.

        It takes a quarter of the time, for music that is waited for. Not to be used by another thread meanwhile.
        """
        twin = copy.copy(self)
        twin._hurries = True
        return twin

    def checked(self, check: Callable[[], object]) -> Composer:
        """Return a composer with the same model that calls ``check`` before each of its steps, hundreds a second.

        What it raises ends the composing; the notes do not depend on it. Not to be used by another thread meanwhile.
        """
        twin = copy.copy(self)
        twin.session = self.session.checked(check)
        return twin

    def compose(
        self,
        *,
        style: str | None = None,
        bars: int | None = None,
        key: str | None = None,
        tempo: float | None = None,
        meter: str | None = None,
        intensity: float | None = None,
        seed: int | None = None,
        ending: str | None = None,
        theme: str | Path | Phrase | Theme | None = None,
        harmony: Phrase | None = None,
        chords: str | Sequence[str] | None = None,
    ) -> Phrase:
        """Compose a phrase; see `gamemusic.compose`."""
        if harmony is not None and not isinstance(harmony, Phrase):
            raise InputError(f"harmony must be a gamemusic.Phrase (received {shown(harmony)})")
        preset = self.pack.preset
        seed = check_seed(secrets.randbits(32) if seed is None else seed)
        playing = preset.style(style)
        if chords is not None and harmony is not None:
            raise InputError("both chords and harmony were given, and each says what the chords are; leave one out")
        chart = () if chords is None else read_chart(chords)
        length = fit_chart(len(chart), preset.bars, None if bars is None else check_bars(bars))
        if tempo is None:
            tempo = choose_tempo(preset, playing, seed) if harmony is None else harmony.tempo_bpm
        if meter is None and harmony is not None:
            meter = str(harmony.meter)
        melody = self._read_theme(theme)
        keys = preset.keys_of(playing)
        home = harmony.key if harmony is not None else choose_key(chart, keys)
        frame = Phrase(
            bars=length,
            meter=choose_meter(preset.meters_of(playing), seed, melody.meter if melody else None)
            if meter is None
            else parse_meter(meter),
            tempo_bpm=check_tempo(tempo),
            key=parse_key(key) if key is not None else home or choose_key_of(keys, seed),
            tracks=(),
            ending=preset.ending if ending is None else ending,
            mood=self.pack.name,
            style=playing.name,
            form=sections_of(preset.form, length),
            intensity=check_intensity(preset.intensity if intensity is None else intensity),
            seed=seed,
            orchestration=preset.orchestration_of(playing),
        )
        order = self.order(frame, playing, melody)
        if self._hurries:
            order = replace(order, candidates=min(order.candidates, _HURRIED_CANDIDATES), batches=1)
        if harmony is not None:
            plan = plan_of_phrase(harmony, frame)
        elif chart:
            plan = plan_of_progression(chart, frame)
        else:
            drawn = draw(seed, 3, len(playing.progressions) or 1)
            plan = plan_of_preset(preset, playing, frame, drawn)
            if not plan:
                written = write_progressions(frame, partial(draw, seed), order.periods)
                plan = close_plan(plan_of_sections(written, frame), frame)
        if not playing.learned:
            return frame.replace(chords=read_plan(plan, frame))
        if melody is None and Role.LEAD in order.rules.roles:
            order = self._write_tune(order, plan)
        return self._compose(order, plan)

    def _write_tune(self, order: Order, plan: ChordPlan) -> Order:
        """Return the order with a tune that the network and the plans have found, see `gamemusic.composer.tune`."""
        ask = ask_tune(order, plan, self.fingerprint)
        rules, sections = idea_rules(ask, order.rules)
        thinking = replace(order, rules=rules, sections=sections, repeats={})
        found = self._draw(thinking, min(_IDEAS, 4 * order.candidates), 0)
        given = write_tune(ask, found, partial(draw, order.frame.seed))
        ranges = {**order.rules.ranges, **reaches(given, ask, order.rules.ranges)}
        return replace(order, rules=replace(order.rules, given=given, ranges=ranges), tune=True)

    def _read_theme(self, theme: str | Path | Phrase | Theme | None) -> Theme | None:
        """Return the theme that was asked for, or else the preset's."""
        if isinstance(theme, Theme):
            return theme
        if isinstance(theme, Phrase):
            return Theme.of_phrase(theme)
        if theme is not None:
            return read_theme(theme, limits=self.pack.limits)
        if not self.pack.preset.theme:
            return None
        if self._theme is None:  # once, and not for every phrase
            file = f"{self.pack.name}/{self.pack.preset.theme}"
            self._theme = load_theme(self.pack.read(self.pack.preset.theme), file=file, limits=self.pack.limits)
        return self._theme

    def order(self, frame: Phrase, playing: Style, theme: Theme | None = None) -> Order:
        """Return what a frame, a phrase without notes, means for grammar and model."""
        return order_of(self.pack.preset, frame, playing, theme)

    def _compose(self, order: Order, plan: ChordPlan) -> Phrase:
        """Return the best of the candidates that are composed over ``plan``; more are drawn while all have faults."""
        frame, count = order.frame, order.candidates
        bar_ticks = frame.meter.bar_ticks
        order = replace(order, rules=replace(order.rules, chords=forced_chords(plan, frame.bars, bar_ticks)))
        found: list[tuple[Candidates, list[Judgement], int]] = []
        for batch in range(order.batches):
            candidates = self._draw(order, count, batch * count)
            judged = judge(order, candidates, self.fingerprint)
            best = min(range(len(judged)), key=lambda index: judged[index].place)
            found.append((candidates, judged, best))
            if not judged[best].faults:
                break
        candidates, judged, best = min(found, key=lambda one: len(one[1][one[2]].faults))
        phrase = join_bars(candidates.bars[best], frame, order.rules.polyphony)
        figures = choose_figures(
            candidates.bars[best],
            frame,
            order.token,
            order.rules.roles,
            partial(draw, frame.seed),
        )
        playing = frame.orchestration
        return phrase.replace(
            orchestration=None if playing is None else replace(playing, figures=figures),
            seam_bits=candidates.seam_bits[best],
            faults=judged[best].faults,
            candidates=count * len(found),
            rejected=count_faults([one.faults for _, some, _ in found for one in some]),
            judgement=tuple(judged),
        )

    def _draw(self, order: Order, count: int, first: int) -> Candidates:
        preset = self.pack.preset
        self._check_work(order.frame.bars, count)
        return compose_candidates(
            self.session,
            self._grammar(order.rules),
            order.conditions,
            sections=order.sections,
            count=count,
            seed=order.frame.seed,
            temperature=order.temperature,
            min_p=preset.min_p,
            repeats=order.repeats,
            first=first,
        )

    def _check_work(self, bars: int, count: int) -> None:
        """Refuse what would take minutes: a large model times many bars times many phrases."""
        size, most = len(self.pack.model), self.pack.limits.model_work
        if (work := size * bars * count) > most:
            raise InputError(
                f"{bars} bars of {count} phrases at once by a model of {size:,} bytes are {work:,} bytes of work, "
                f"allowed are {most:,} (Limits.model_work); ask for fewer bars, or set fewer 'candidates' in the preset"
            )

    def _grammar(self, rules: Rules) -> Grammar:
        """Return the grammar of ``rules``: kept while they stay the same, since its masks are found again."""
        name = repr(rules)
        if name not in self._grammars:
            self._grammars.clear()
            self._grammars[name] = Grammar(rules)
        return self._grammars[name]
