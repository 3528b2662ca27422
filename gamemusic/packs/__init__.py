"""Mood packs: what a mood is on disk."""
