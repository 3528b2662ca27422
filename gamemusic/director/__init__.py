"""Live: music that a running game steers."""
