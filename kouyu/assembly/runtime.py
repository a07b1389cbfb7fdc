"""What the server serves: built by assembly, handed to its routes."""

from collections.abc import Coroutine, Sequence
from typing import Any, Protocol

import msgspec

from kouyu.assembly.bot_directory import BotDirectory
from kouyu.engines.tts.engine import Voice
from kouyu.serving.services import Services
from kouyu.serving.socket import Socket
from kouyu.text_chats.text_chats import TextChats


class RunSession(Protocol):
    """What talks with the client: ``session.connection.run_session`` with its services filled in."""

    def __call__(
        self, socket: Socket, *, bot_id: str, workflow_id: str, log_id: str, owner: str, redials_as: str
    ) -> Coroutine[Any, Any, None]:
        """Run one session to its end. ``workflow_id`` is "" where the bot itself answers, ``owner`` a token's id,
        ``redials_as`` what is the same when this client dials again."""
        ...


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """What is ready for clients."""

    run_session: RunSession
    voices: Sequence[Voice] = ()
    """The default one first."""
    bots: BotDirectory | None = None
    """None where only the bots of the settings can be talked with."""
    chats: TextChats | None = None
    """None where nobody can write."""
    services: Services | None = None
    """For everything but conversations; None where there are conversations alone."""
