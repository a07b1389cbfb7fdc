"""Waking a session at the earliest moment that anything in it waits for."""

import asyncio


class DeadlineTimer:
    """Rings at a moment on the event loop's clock.

    Before it rings it can only be set earlier: who is woken asks anew.
    """

    def __init__(self) -> None:
        self._rang = asyncio.Event()
        # The moment is kept here: uvloop gives a handle without one where it is less than half a ms away, or past.
        self._set: tuple[float, asyncio.Handle] | None = None

    def set(self, when: float) -> None:
        """Ring at ``when``, unless it rings earlier already. A moment that is past is now."""
        if self._set is not None:
            earlier, handle = self._set
            if earlier <= when:
                return
            handle.cancel()
        self._set = (when, asyncio.get_running_loop().call_at(when, self.ring))

    def ring(self) -> None:
        """Ring now."""
        self._rang.set()

    async def wait(self) -> None:
        """Return when it rings. It is not set any more then."""
        await self._rang.wait()
        self._rang.clear()
        self.cancel()

    def cancel(self) -> None:
        """Do not ring at the moment that was set."""
        if self._set is not None:
            self._set[1].cancel()
            self._set = None
