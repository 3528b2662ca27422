"""The command: ``gamemusic``, or ``python -m gamemusic``."""

import sys

__all__ = ["main"]


def main() -> int:
    """Run the command, and be stopped quietly also while modules are still being imported."""
    try:
        from gamemusic.cli.main import main as run

        return run()
    except KeyboardInterrupt:
        if sys.stderr is not None:
            sys.stderr.write("gamemusic: stopped\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
