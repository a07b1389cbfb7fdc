"""The other worker processes of this server: what is known of them, and the parent process, which knows them all."""

import msgspec

from kouyu.server.siblings.channel import Channel
from kouyu.server.siblings.processes import ServerProcess
from kouyu.server.siblings.shared_counts import Count, SharedCounts


class Siblings:
    """The other workers of the server of which this process is one. Alone, there are none."""

    def __init__(self, counts: SharedCounts | None = None, worker: int = 0, channel: Channel | None = None) -> None:
        """``worker``: the row of ``counts`` that is this process's. ``channel`` leads to the parent process."""
        self._counts = counts or SharedCounts(1)
        self.worker = worker
        self._channel = channel

    @property
    def is_alone(self) -> bool:
        """Whether this process is the whole server."""
        return self._channel is None

    def running_elsewhere(self, count: Count) -> int:
        """The sum of a count over the other workers."""
        return self._counts.total(count) - self._counts.get(self.worker, count)

    def note(self, count: Count, value: int) -> None:
        """Let the others see a count of this worker."""
        self._counts.set(self.worker, count, value)

    @property
    def engines_down(self) -> bool:
        """Whether the process of the engines that all workers share does not run at present."""
        return self._counts.engines_down

    async def processes(self) -> tuple[ServerProcess, ...]:
        """All processes of the server; none if this one is alone. Raises ChannelClosed."""
        if self.is_alone:
            return ()
        return msgspec.msgpack.decode(await self.ask_parent("processes"), type=tuple[ServerProcess, ...])

    async def ask_parent(self, what: str) -> bytes:
        """Ask the parent process. Raises ChannelClosed."""
        if self._channel is None:
            raise RuntimeError("this process has no parent")
        return await self._channel.ask(what)
