"""The command's entry: one parser, one place where errors become exit statuses.

Exit status 0: done. 1: an error the user can mend, said in one message. 2: wrong usage.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Iterator, Sequence

from gamemusic.cli import bake, check, compose, doctor, evaluate, moods, packs, pick, play, schema, train
from gamemusic.errors import GameMusicError, MissingError

__all__ = ["main", "make_parser"]

_COMMANDS = (moods, compose, play, bake, pick, check, schema, train, evaluate, packs, doctor)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="gamemusic", description="Music for games, composed by small neural networks on your own machine."
    )
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in _COMMANDS:
        module.add_to(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Args:
        arguments: Words after the command's name; default those of the process.
    """
    with _streams():
        try:
            options = make_parser().parse_args(arguments)
            if isinstance(sys.stdout, io.TextIOWrapper):
                # a file's name may have letters that the terminal lacks: shown as escapes, as errors are by default
                sys.stdout.reconfigure(errors="backslashreplace")
            status: int = options.run(options)
            sys.stdout.flush()
        except GameMusicError as error:
            return _fail(error)
        except KeyboardInterrupt:
            print("gamemusic: stopped", file=sys.stderr)
            return 130
        except BrokenPipeError:
            # whoever read our output has enough of it; leave nothing for the interpreter to flush at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except OSError as error:
            # a name too long for the file system, a disk that fails: nothing that a traceback would help to mend
            return _fail(error)
        except MemoryError:
            return _fail(MissingError("there is not enough memory; close other programs, or ask for less"))
        return status


@contextlib.contextmanager
def _streams() -> Iterator[None]:
    """Give what is printed somewhere to go: a program without a console, or one that closed them, has no streams."""
    names = [name for name in ("stdout", "stderr") if getattr(getattr(sys, name), "closed", True)]
    before = [getattr(sys, name) for name in names]
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        for name in names:
            setattr(sys, name, nowhere)
        try:
            yield
        finally:
            for name, stream in zip(names, before, strict=True):
                setattr(sys, name, stream)


def _fail(error: Exception) -> int:
    """Print the message, as one line that every terminal can show whatever it quotes, and return the exit status."""
    message = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in str(error))
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    message = message.encode(encoding, "backslashreplace").decode(encoding)
    print(f"gamemusic: error: {message}", file=sys.stderr)
    return 1


class _Version(argparse.Action):
    """Prints the version, which is looked up only then."""

    def __init__(self, option_strings: Sequence[str], dest: str, **_: object) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and leave")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from gamemusic import __version__

        print(f"gamemusic {__version__}")
        parser.exit()
