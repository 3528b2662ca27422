"""From a pack to a phrase."""
