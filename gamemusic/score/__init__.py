"""The score: what music is made of, and MIDI files."""
