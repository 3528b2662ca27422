"""Music for games, composed by small neural networks on the player's own machine."""
