"""Counts and faults of the fuzzing clients."""

from collections import Counter
from typing import Final

_MOST_KEPT: Final = 50
_SHOWN: Final = 300


class Findings:
    """Keeps the first faults as text; counts everything else."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        """Messages and requests by their kind."""
        self.faults: list[str] = []
        self.fault_count = 0

    def fault(self, kind: str, what: str, message: str | bytes = "") -> None:
        """Record a fault of the server."""
        self.fault_count += 1
        if len(self.faults) < _MOST_KEPT:
            shown = message if isinstance(message, str) else message.decode(errors="replace")
            self.faults.append(
                f"{kind}: {what}" + (f"; sent {len(shown)} characters: {shown[:_SHOWN]!r}" if shown else "")
            )
