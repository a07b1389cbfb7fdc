"""Carries out the client's requests about the context: messages without an answer, their removal, and answers without a
message."""

from collections.abc import Iterator
from typing import Final

from kouyu.conversation.answers_apart import AnswersApart
from kouyu.conversation.configuration_state import ConfigurationState
from kouyu.conversation.effects import Effect, EraseMessage, SaveMessage, Send, TrimMessage
from kouyu.conversation.identity import Identity
from kouyu.conversation.output_slot import OutputSlot
from kouyu.conversation.question import NOT_ASKED, Asked, Question, asked_by
from kouyu.conversation.turn import ReplyMaker
from kouyu.domain.events import MessageRemoved, MessageWritten
from kouyu.domain.ids import NO_ID
from kouyu.domain.messages import Message, MessageType, Role
from kouyu.domain.requests import AnswerNow, RemoveMessage, WriteMessage

_TYPES: Final[dict[Role, MessageType]] = {"user": "question", "assistant": "answer", "system": ""}
_MOST_REMOVED: Final = 64
"""Removed messages that are remembered, since they may not have been saved yet."""


class ContextRequests:
    """What it saves is saved at once: the caller sees to the order."""

    def __init__(
        self,
        *,
        identity: Identity,
        configuration: ConfigurationState,
        output: OutputSlot,
        apart: AnswersApart,
        make_reply: ReplyMaker,
    ) -> None:
        self._identity = identity
        self._configuration = configuration
        self._output = output
        self._apart = apart
        self._make_reply = make_reply
        self._removed: dict[str, None] = {}

    def carry_out(self, request: AnswerNow | WriteMessage, now: float) -> Iterator[Effect]:
        """Begin an answer to the section as it is, or add a message to it."""
        if isinstance(request, WriteMessage):
            yield from self._write(request, now)
            return
        asked = asked_by(request, self._configuration.options)
        if request.options.is_apart:
            yield from self._apart.begin(asked, now)
        else:
            # No chat is running; what is still played is not interrupted.
            yield from self._begin(Question(), now, asked)

    def answer_message(self, written: WriteMessage, now: float) -> Iterator[Effect]:
        """Interrupt the output and answer a message. No turn may wait to be answered."""
        yield from self._output.interrupt("content", now)
        yield from self._begin(Question(content=written.content, content_type=written.content_type), now, NOT_ASKED)

    def _begin(self, question: Question, now: float, asked: Asked) -> Iterator[Effect]:
        reply = self._make_reply(question, now, asked)
        yield from reply.start(now)
        yield from reply.commit(now)
        self._output.begin(reply, self._configuration.in_force.output_audio)

    def _write(self, request: WriteMessage, now: float) -> Iterator[Effect]:
        """Add the message, unless ``auto_save_history`` is off."""
        identity = self._identity
        message = Message(
            id=identity.new_id(),
            conversation_id=identity.conversation_id,
            bot_id=identity.bot_id,
            role=request.role,
            type=_TYPES[request.role],
            content=request.content,
            content_type=request.content_type,
            chat_id=NO_ID,
            section_id=identity.section_id,
        )
        if self._configuration.in_force.chat_config.auto_save_history:
            if request.after is None:
                yield from self._output.hold_place(now)
            saved_at, user_id = identity.unix_seconds(now), self._configuration.user_id
            yield SaveMessage(message, saved_at, user_id, after=request.after)
        yield Send(MessageWritten(message, request.origin))

    def remove(self, request: RemoveMessage) -> Iterator[Effect]:
        """Remove a message, also one that is saved later."""
        self._removed[request.message_id] = None
        while len(self._removed) > _MOST_REMOVED:
            del self._removed[next(iter(self._removed))]
        yield EraseMessage(self._identity.conversation_id, request.message_id)
        yield Send(MessageRemoved(request.message_id, request.origin))

    def without_removed(self, effects: list[Effect]) -> list[Effect]:
        """The effects without what would save a removed message."""
        if not self._removed:
            return effects
        return [effect for effect in effects if not self._saves_removed(effect)]

    def _saves_removed(self, effect: Effect) -> bool:
        match effect:
            case SaveMessage(message):
                return message.id in self._removed
            case TrimMessage(message_id):
                return message_id in self._removed
            case _:
                return False
