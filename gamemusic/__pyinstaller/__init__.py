"""What PyInstaller needs to know, found by it through the entry point ``pyinstaller40``: nobody has to write a hook.

``hooks`` is no package: PyInstaller's names for hooks are not Python's.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["hook_dirs"]


def hook_dirs() -> list[str]:
    """Return the folder of hooks."""
    return [str(Path(__file__).with_name("hooks"))]
