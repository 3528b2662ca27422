"""``gamemusic train FOLDER --midi DIR``: a mood learns somebody's own music, and says plainly what came of it."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from gamemusic.errors import MissingError
from gamemusic.files import check_writable, shown_name, write_file

try:
    import torch

    from gamemusic.packs.pack import Pack, open_pack
    from gamemusic_export.own import Verdict, count_copies, count_real, train_own
    from gamemusic_export.own_music import OwnMusic, read_roles, study, write_roles
    from gamemusic_export.own_request import PERSONAL, Request, check_request, open_mood
    from gamemusic_export.own_run import Workplace, open_workplace, try_threads
    from gamemusic_export.own_start import Guess, begin_model, choose_start, guess_parents
    from gamemusic_export.progress import StageProgress
except ImportError as error:
    raise MissingError(f"training needs its extra ({error}); run: pip install 'gamemusic[train]'") from error

__all__ = ["run_own"]

_NEARER = 0.95
"""Share of the bits a note that another mood may need at most to be named as a nearer parent."""
_MUCH = 0.2


def run_own(options: argparse.Namespace) -> int:
    """Run the command, whose options `gamemusic.cli.train` declares, and return its exit status.

    Raises:
        GameMusicError: Whatever is wrong with mood, music or request.
    """
    if options.show_roles:
        check_writable(options.show_roles)
    pack = open_mood(options.folder)
    request = check_request(
        pack,
        Request(
            folder=options.folder,
            midi=options.midi,
            style=options.style,
            token=options.token,
            licence=options.licence or PERSONAL,
            author=options.author,
            fill=not options.keep_preset,
            updates=options.updates,
            seed=options.seed,
        ),
    )
    roles = read_roles(options.roles) if options.roles else None
    token = pack.preset.styles[pack.preset.default_style].token
    music = study(options.midi, token, roles, quantise=options.quantise)
    _tell_files(music, options.midi)
    if options.show_roles:
        write_file(options.show_roles, write_roles(music, options.midi))
        print(
            f"who plays what stands in {options.show_roles}; correct it, then train with --roles {options.show_roles}"
        )
        return 0
    _tell_music(music)
    if not options.licence:
        request = check_request(pack, dataclasses.replace(request, licence=_ask_licence()))
    start = choose_start(pack, music, request.style, request.token, fill=request.fill)
    music.dataset.retell(start.token)
    place = open_workplace(request, pack, music, start)
    _tell_start(pack, place, request)
    if not place.resumed:
        _tell_parents(pack, guess_parents(music))
    if options.threads:
        torch.set_num_threads(options.threads)
    else:
        try_threads(begin_model(place.parent, place.start), music)
    with StageProgress(sys.stderr) as progress:
        verdict = train_own(request, pack, music, place, progress=progress)
    _tell_verdict(request, place, verdict)
    if request.licence == PERSONAL and (verdict.kept or not verdict.stopped):
        print("nobody said what may be done with the files, so this mood is personal: keep it to yourself")
    if verdict.stopped:
        return 130
    _tell_copies(open_pack(options.folder), request.style, music, verdict)
    return 0


def _tell_files(music: OwnMusic, folder: Path) -> None:
    for one in music.files:
        name = shown_name(str(one.path.relative_to(folder)))
        if one.skipped:
            print(f"{name}: left out: {one.skipped}")
            continue
        who = ", ".join(f"{label} = {role.value if role else 'left out'}" for label, role in one.roles.items())
        print(f"{name}: {one.bars} bars, {one.notes:,} notes; {who}")
        if one.moved:
            print(f"{name}: {one.moved}")


def _tell_music(music: OwnMusic) -> None:
    low, high = music.tempo
    print(f"tempo {low} to {high}, keys {', '.join(music.keys)}, meters {', '.join(music.meters)}")
    if music.by_bars:
        print("there are few pieces, so some bars of them are held out to judge by, not whole pieces")


def _tell_start(pack: Pack, place: Workplace, request: Request) -> None:
    token, began_as = place.start.token, place.start.began_as
    if place.resumed:
        print(f"this training was stopped before; it goes on with what is in {place.folder}")
    elif token == began_as:
        print(f"{request.style} learns from where {pack.name}'s own model is, as {token!r}")
        shared = [name for name, one in pack.preset.styles.items() if one.token == token and name != request.style]
        if shared:
            print(f"{', '.join(shared)} will change with it, since --keep-preset leaves them one token")
    else:
        print(
            f"{request.style} learns from where {pack.name}'s own model is, as {token!r}, which begins as {began_as!r}"
        )


def _tell_parents(pack: Pack, guesses: list[Guess]) -> None:
    """Say which mood would have been the nearest to begin from, when it is another one."""
    family = {pack.name, pack.card.parent.name if pack.card.parent else pack.name}
    mine = next((guess for guess in guesses if guess.mood in family), None)
    if mine is None or not guesses or guesses[0].mood in family or guesses[0].bits > _NEARER * mine.bits:
        return
    best = guesses[0]
    print(
        f"of all moods {best.mood} knows such music best ({best.bits:.1f} bits a note, as {best.token!r}; {mine.mood} "
        f"takes {mine.bits:.1f}): begun with 'gamemusic new NAME --from {best.mood}' it would start nearer"
    )


def _tell_verdict(request: Request, place: Workplace, verdict: Verdict) -> None:
    about = f"({verdict.held_out}; {verdict.before:.2f} before, {verdict.after:.2f} after)"
    if verdict.kept:
        print(
            f"{request.folder} has learned: {verdict.gain:.0f} % fewer bits a note than before on what was held out "
            f"{about}, in {verdict.seconds:.0f} s of training"
        )
    elif verdict.stopped:
        print(f"{request.folder} stays as it was: so far nothing was better on what was held out {about}")
    else:
        print(
            f"{request.folder} keeps its model: training did not make it better on what was held out {about}. "
            "More music helps"
        )
    if verdict.stopped:
        more = "the same command goes on from there" if place.lasting else "it cannot be gone on with"
        print(f"stopped after {verdict.updates} of {request.updates} updates; {more}")


def _tell_copies(pack: Pack, style: str, music: OwnMusic, verdict: Verdict) -> None:
    copied, longest = count_copies(pack, style, verdict.fingerprint)
    real = count_real(music, verdict.fingerprint)
    print(
        f"of 40 composed phrases {copied:.0%} share more than 8 lead notes in a row with your files "
        f"(of the held-out music {real:.0%}); the longest run has {longest} notes"
    )
    if copied > max(_MUCH, 2 * real):
        print("that is a lot: it has learned parts of your files by heart. More files, or fewer --updates, help")


def _ask_licence() -> str:
    """Return the files' licence, asked for where somebody can answer."""
    if sys.stdin is None or not sys.stdin.isatty():
        return PERSONAL
    print("Under which licence is this music? For example CC0-1.0 or CC-BY-4.0; 'mine' if you wrote all of it;")
    answer = input("nothing if you do not know: ").strip()
    return {"": PERSONAL, "mine": "own work"}.get(answer.casefold(), answer)
