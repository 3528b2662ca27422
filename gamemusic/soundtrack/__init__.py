"""A whole soundtrack, composed and rendered when a game is built."""
