"""``python -m gamemusic``: the command."""

import sys

from gamemusic.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
