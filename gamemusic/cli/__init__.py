"""The ``gamemusic`` command, one file a command."""
