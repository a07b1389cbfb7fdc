"""A cassette while it is played: what all connections to a player share."""

import asyncio
import sys
from collections.abc import Callable

from kouyu.cassettes.differences import Difference
from kouyu.cassettes.format import Cassette
from kouyu.cassettes.selection import Answers, Recordings


class PlayedCassette:
    """The state of a cassette that is played to any number of clients."""

    def __init__(
        self,
        cassette: Cassette,
        *,
        fast: bool = False,
        once: bool = False,
        report: Callable[[Difference], None] | None = None,
    ) -> None:
        """``fast``: without the recorded waits. ``once``: each recorded connection is played once.

        ``report`` is called with each difference; without one it is written to stderr.
        """
        self.cassette = cassette
        self.fast = fast
        self.recordings = Recordings(cassette, once=once)
        self.answers = Answers(cassette)
        self.differences: list[Difference] = []
        self.open_connections = 0
        """WebSockets that are open now."""
        self.changed = asyncio.Event()
        """Set at each difference, and whenever a WebSocket has ended."""
        self._report = report or report_on_stderr

    def differs(self, difference: Difference) -> None:
        """Note and report a difference."""
        self.differences.append(difference)
        self._report(difference)
        self.changed.set()

    @property
    def played(self) -> bool:
        """Whether every recorded connection was played, and the last client has left."""
        return not self.open_connections and not self.recordings.unplayed()

    async def wait_until_over(self) -> None:
        """Wait for the first difference, or until ``played``."""
        while not self.differences and not self.played:
            self.changed.clear()
            await self.changed.wait()


def report_on_stderr(difference: Difference) -> None:
    """Write a difference in three lines."""
    sys.stderr.write(
        f"the client does something else than the recorded one: {difference.place}\n"
        f"  expected: {difference.expected}\n"
        f"  got:      {difference.got}\n"
    )
    sys.stderr.flush()
