"""``gamemusic train FOLDER --midi FOLDER``: a mood learns somebody's own music, and says plainly what came of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from gamemusic.errors import MissingError
from gamemusic.files import shown_name, write_file

__all__ = ["run_own"]


def run_own(words: Sequence[str]) -> int:
    """Run the command and return its exit status.

    Raises:
        GameMusicError: Whatever is wrong with mood, music or request.
    """
    options = _parser().parse_args(words)
    try:
        import torch

        from gamemusic.packs.pack import open_pack
        from gamemusic_export.own import PERSONAL, train_own
        from gamemusic_export.own_music import read_roles, study, write_roles
        from gamemusic_export.progress import StageProgress
    except ImportError as error:
        raise MissingError(f"training needs its extra ({error}); run: pip install 'gamemusic[train]'") from error
    if options.threads:
        torch.set_num_threads(options.threads)
    roles = read_roles(options.roles) if options.roles else None
    pack = open_pack(options.folder, edited_preset=True)
    style = options.style or pack.preset.default_style
    known = pack.preset.styles.get(style)
    token = options.token or (known.token if known else "")
    if not token:
        token = pack.preset.styles[pack.preset.default_style].token
    music = study(options.midi, token, roles)
    for one in music.files:
        name = shown_name(str(one.path.relative_to(options.midi)))
        if one.skipped:
            print(f"{name}: left out: {one.skipped}")
            continue
        who = ", ".join(f"{label} = {role.value if role else 'left out'}" for label, role in one.roles.items())
        print(f"{name}: {one.bars} bars, {one.notes:,} notes; {who}")
    if options.show_roles:
        write_file(options.show_roles, write_roles(music, options.midi))
        print(
            f"who plays what stands in {options.show_roles}; correct it, then train with --roles {options.show_roles}"
        )
        return 0
    low, high = music.tempo
    print(f"tempo {low} to {high}, keys {', '.join(music.keys)}, meters {', '.join(music.meters)}")
    if music.by_bars:
        print("there are few pieces, so some bars of them are held out to judge by, not whole pieces")
    licence = options.licence or _ask_licence(PERSONAL)
    with StageProgress(sys.stderr) as progress:
        verdict = train_own(
            options.folder,
            options.midi,
            style=style,
            token=options.token,
            licence=licence,
            author=options.author,
            roles=roles,
            fill=not options.keep_preset,
            updates=options.updates,
            seed=options.seed,
            progress=progress,
            music=music,
        )
    gain = 100 * (1 - verdict.after / verdict.before)
    if verdict.stopped:
        print("stopped; the best model so far is used")
    if verdict.kept:
        print(
            f"{options.folder} has learned: {gain:.0f} % fewer bits a note than before on what was held out "
            f"({verdict.held_out}; {verdict.before:.2f} before, {verdict.after:.2f} now), after {verdict.seconds:.0f} s"
        )
    else:
        print(
            f"{options.folder} keeps its model: training did not make it better on what was held out "
            f"({verdict.held_out}; {verdict.before:.2f} before, {verdict.after:.2f} after). More music helps"
        )
    print(
        f"of 40 composed phrases {verdict.copied:.0%} share more than 8 lead notes in a row with your files "
        f"(of the held-out music {verdict.copied_real:.0%}); the longest run has {verdict.longest} notes"
    )
    if verdict.copied > max(0.2, 2 * verdict.copied_real):
        print("that is a lot: it has learned parts of your files by heart. More files, or fewer --updates, help")
    if licence == PERSONAL:
        print("nobody said what may be done with the files, so this mood is personal: keep it to yourself")
    return 0


def _ask_licence(personal: str) -> str:
    """Return the files' licence, asked for where somebody can answer."""
    if not sys.stdin.isatty():
        return personal
    print("Under which licence is this music? For example CC0-1.0 or CC-BY-4.0; 'mine' if you wrote all of it;")
    answer = input("nothing if you do not know: ").strip()
    return {"": personal, "mine": "own work"}.get(answer.casefold(), answer[:100])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gamemusic train", description="Teach a mood your own music.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the mood's folder, as 'gamemusic new' made it")
    parser.add_argument("--midi", type=Path, required=True, metavar="DIR", help="folder of MIDI files")
    parser.add_argument("--style", default="", help="style that learns; a new name adds a style (default: the first)")
    parser.add_argument("--token", default="", help="kind of music that a new style begins as, such as chamber")
    parser.add_argument("--licence", default="", help="of the files, such as CC0-1.0; asked for when left out")
    parser.add_argument("--author", default="", help="who the card names")
    parser.add_argument("--show-roles", type=Path, metavar="FILE", help="only write who plays what, to be corrected")
    parser.add_argument("--roles", type=Path, metavar="FILE", help="who plays what, corrected")
    parser.add_argument("--keep-preset", action="store_true", help="leave tempo, keys, meters and styles as they are")
    parser.add_argument("--updates", type=int, default=240, metavar="N", help="most training steps (default: 240)")
    parser.add_argument("--seed", type=int, default=1, help="decides the order of the music (default: 1)")
    parser.add_argument("--threads", type=int, default=0, help="threads of torch (default: its own choice)")
    return parser
