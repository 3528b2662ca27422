"""Mood packs: what a mood is on disk.

``schema`` defines presets, ``card`` the card, ``pack`` opens packs and ``library`` finds them.
"""
