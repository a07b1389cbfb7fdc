"""The runtime: what assembly builds and the server's routes use."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol

import msgspec

from kouyu.assembly.agents import Close
from kouyu.assembly.bot_directory import BotDirectory
from kouyu.engines.tts.engine import Voice
from kouyu.protocol.wire import Wire
from kouyu.serving.caller import Caller
from kouyu.serving.services import Services
from kouyu.serving.socket import Socket
from kouyu.settings import Settings
from kouyu.text_chats.text_chats import TextChats


class RunSession(Protocol):
    """``session.connection.run_session`` with its services filled in."""

    def __call__(
        self,
        socket: Socket,
        *,
        bot_id: str,
        workflow_id: str,
        log_id: str,
        caller: Caller,
        redials_as: str,
        wire: Wire[Any] | None = None,
    ) -> Coroutine[Any, Any, None]:
        """Run one session to its end. ``workflow_id`` is "" if the bot itself answers, ``caller`` the client's
        token, ``redials_as`` a key that stays the same when this client reconnects, or "" if it cannot; ``wire`` its
        protocol, None for that of ``/v1/chat``."""
        ...


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the routes serve clients with."""

    run_session: RunSession
    voices: Sequence[Voice] = ()
    """The default one first."""
    bots: BotDirectory | None = None
    """None if only the bots of the settings are served."""
    chats: TextChats | None = None
    """None if text chats are not served."""
    follow: Callable[[Settings], Awaitable[Close]] | None = None
    """Puts other settings into force for sessions that begin from now on. Returns what closes what was replaced, once
    no session that began before runs any more. Raises what ``open_sessions`` raises for settings that cannot be met;
    then nothing has changed. None: the settings stay."""
    services: Services | None = None
    """For everything but conversations; None if only conversations are served."""

    def language_model(self) -> int | None:
        """The id of the embedded language model's process; None if there is none."""
        embedded = self.bots.settled.embedded if self.bots is not None else None
        return embedded.process_id if embedded is not None else None
