"""Wakes a session at its earliest deadline."""

import asyncio


class DeadlineTimer:
    """Fires at a time on the event loop's clock (seconds).

    ``set`` keeps the earlier of two times, so the waiter must set it again after it fires.
    """

    def __init__(self) -> None:
        self._rang = asyncio.Event()
        # The time is stored here: uvloop's handle has none if it is past or less than half a ms away.
        self._set: tuple[float, asyncio.Handle] | None = None

    def set(self, when: float) -> None:
        """Fire at ``when``, unless an earlier time is set; a time in the past fires at once."""
        if self._set is not None:
            earlier, handle = self._set
            if earlier <= when:
                return
            handle.cancel()
        self._set = (when, asyncio.get_running_loop().call_at(when, self.ring))

    def ring(self) -> None:
        """Fire now."""
        self._rang.set()

    async def wait(self) -> None:
        """Return when it fires, which clears the time."""
        await self._rang.wait()
        self._rang.clear()
        self.cancel()

    def cancel(self) -> None:
        """Clear the time."""
        if self._set is not None:
            self._set[1].cancel()
            self._set = None
