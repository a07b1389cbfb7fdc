"""How far a backup or a restore is."""

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is copied now, how much of it is done, and the whole of it (bytes, or files)."""
