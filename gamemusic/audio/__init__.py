"""From parts to sound."""
