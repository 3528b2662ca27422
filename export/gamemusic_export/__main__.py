"""Run the stages: ``python -m gamemusic_export``."""

import sys

from gamemusic_export.command import main

if __name__ == "__main__":  # worker processes import this module again
    sys.exit(main())
