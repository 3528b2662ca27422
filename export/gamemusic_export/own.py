"""A mood of one's own learns from one's own MIDI files: fine-tuned from what it is, judged, and written.

Nothing is kept that predicts the held-out music worse than what the mood had before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gamemusic.composer.composer import Composer
from gamemusic.composer.session import Session
from gamemusic.files import write_files
from gamemusic.packs.card import write_card
from gamemusic.packs.fingerprint import Fingerprint
from gamemusic.packs.pack import CARD_FILE, PRESET_FILE, Pack
from gamemusic.tokens.bars import cut_bars
from gamemusic.tokens.vocabulary import STYLE_NAMES
from gamemusic.units import METERS
from gamemusic_export.evaluate import score_session
from gamemusic_export.fingerprint import read_passages
from gamemusic_export.onnx_export import build_graph
from gamemusic_export.own_card import describe_held_out, join_fingerprints, own_card, own_fingerprint
from gamemusic_export.own_music import OwnMusic
from gamemusic_export.own_preset import Found, fill_preset
from gamemusic_export.own_request import Request
from gamemusic_export.own_run import Workplace, fine_tune
from gamemusic_export.own_start import begin_model
from gamemusic_export.quantise import quantise

__all__ = ["Verdict", "count_copies", "count_real", "train_own"]

_PHRASES = 40
"""Composed to see how much of the files comes back."""
_LONG_RUN = 8
"""Lead notes in a row, rhythm included, that different pieces seldom share."""

Progress = Callable[[str, dict[str, float]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of it."""

    kept: bool
    """Whether the new model predicts the held-out music better, and so was written."""
    before: float
    """Bits a note that the mood's model took on held-out music when the training was begun."""
    after: float
    """Bits a note that the best new one takes; the same as before when no validation was better."""
    held_out: str
    """What was held out, in words."""
    notes: int
    """Notes learned from."""
    seconds: float
    """Time taken by training."""
    updates: int
    """Training steps until the last validation."""
    stopped: bool
    """Whether it was stopped before its end."""
    fingerprint: Fingerprint
    """Of the files."""

    @property
    def gain(self) -> float:
        """How many per cent fewer bits the new one takes."""
        return 100 * (1 - self.after / self.before)


def train_own(request: Request, pack: Pack, music: OwnMusic, place: Workplace, *, progress: Progress) -> Verdict:
    """Fine-tune a mood, judge it, and write it when it has become better.

    A stopped training leaves its place as it is, so that the same request goes on with it. One that comes to its end
    without a better model adds a new style none the less, with the files' tempo and players, which plays what the mood
    knew before; a stopped one changes nothing then.

    Args:
        request: What `check_request` returned.
        pack: The mood as it is.
        music: What `study` found in the files, learned by the place's token.
        place: Of this training.
        progress: Called with the stage and its figures.

    Raises:
        PackError: The model is of another make than this release trains.
        OutputError: The mood cannot be written.
        KeyboardInterrupt: It was stopped before anything was known.
    """
    start = place.start
    outcome = fine_tune(
        begin_model(place.parent, start, file=pack.preset.model),
        music,
        place.folder,
        updates=request.updates,
        seed=request.seed,
        progress=progress,
    )
    progress("judging", {"update": 0, "updates": 2})
    before = score_session(
        Session(place.parent), music.dataset, music.select("test"), style=STYLE_NAMES.index(start.began_as)
    ).bits_per_note
    progress("judging", {"update": 1, "updates": 2})
    graph, after = place.parent, before
    if outcome.better:
        graph = build_graph(
            quantise(outcome.model),
            {"mood": pack.name, "styles": start.token, "data_hash": music.dataset.hash, "licence": request.licence},
        )
        after = score_session(Session(graph), music.dataset, music.select("test")).bits_per_note
    progress("judging", {"update": 2, "updates": 2})
    kept = after < before
    own = own_fingerprint(music)
    if kept or not outcome.stopped:
        members = dict(pack.members)
        if request.fill:
            token = start.token if kept else start.began_as
            members[PRESET_FILE] = fill_preset(members[PRESET_FILE], Found.of(music), request.style, token)
        if kept:
            members[pack.preset.model] = graph
            if pack.preset.fingerprint:
                members[pack.preset.fingerprint] = join_fingerprints(pack, music, own).to_bytes()
        measures = {"bits_per_note_before": before, "bits_per_note_exported": after}
        card = own_card(pack, request, music, members, outcome.figures, measures, start=start, kept=kept)
        place.note_written(members[pack.preset.model])
        write_files({request.folder / name: data for name, data in {**members, CARD_FILE: write_card(card)}.items()})
    if not (outcome.stopped and place.lasting):
        place.clear()
    return Verdict(
        kept=kept,
        before=before,
        after=after,
        held_out=describe_held_out(music),
        notes=music.dataset.notes(music.select("train").tolist()),
        seconds=outcome.figures["seconds"],
        updates=int(outcome.figures["updates"]),
        stopped=outcome.stopped,
        fingerprint=own,
    )


def count_copies(pack: Pack, style: str, own: Fingerprint) -> tuple[float, int]:
    """Return the share of composed phrases with a long run of the files, and the longest run's notes."""
    composer = Composer(pack)
    runs = []
    for seed in range(_PHRASES):
        phrase = composer.compose(style=style, bars=8, seed=seed)
        runs.append(own.longest_run(cut_bars(phrase), phrase.meter.bar_ticks))
    return sum(run > _LONG_RUN for run in runs) / len(runs), max(runs)


def count_real(music: OwnMusic, own: Fingerprint) -> float:
    """Return the share of held-out passages with a long run of the music that was learned from."""
    excerpts = music.select("test").tolist()
    runs = [own.longest_run(one.bars, METERS[one.meter].bar_ticks) for one in read_passages(music.dataset, excerpts)]
    return sum(run > _LONG_RUN for run in runs) / max(1, len(runs))
