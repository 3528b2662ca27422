"""From a phrase to parts that players can play."""
