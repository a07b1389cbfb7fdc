"""Tells those who wait for a chat when it has begun or resumed, or why it cannot."""

import asyncio

from kouyu.domain.chats import Chat
from kouyu.domain.errors import CHAT_RUNS, ProtocolError


def already_runs() -> ProtocolError:
    """The refusal of a chat in a conversation in which one runs."""
    return ProtocolError(CHAT_RUNS, "a chat is already running in this conversation; wait, or cancel it")


class Beginning:
    """One begin of a chat: at its start, or after its client's tools have run. Create it on a running event loop."""

    def __init__(self) -> None:
        self._chat: asyncio.Future[Chat] = asyncio.get_running_loop().create_future()

    async def wait(self) -> Chat:
        """The chat as saved, once it is on disk. Raises ProtocolError where that fails."""
        return await asyncio.shield(self._chat)

    def done(self, chat: Chat | None) -> None:
        """Tell that this is on disk."""
        assert chat is not None
        self._chat.set_result(chat)

    def refuse(self, why: ProtocolError) -> None:
        """Release who waits, if the chat has not begun. A second call does nothing."""
        if not self._chat.done():
            self._chat.set_exception(why)
            self._chat.exception()  # retrieved: no warning if no caller waits
