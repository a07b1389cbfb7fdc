"""Makes the replies of one connection, with its conversation, user and configuration."""

from functools import partial

import msgspec

from kouyu.conversation.asking import Asking
from kouyu.conversation.chat_record import ChatRecord
from kouyu.conversation.configuration_state import ConfigurationState
from kouyu.conversation.identity import Identity
from kouyu.conversation.limits import Limits
from kouyu.conversation.opening_lines import OpeningLines
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.conversation.question import NOT_ASKED, Asked, Question
from kouyu.conversation.reply import Reply
from kouyu.conversation.spoken_item import Speech
from kouyu.conversation.turn import ReplyMaker
from kouyu.domain.configuration import Configuration
from kouyu.domain.options import SessionOptions


class ReplyFactory:
    """Makes replies in the conversation, for the user and under the configuration that are in force at that time."""

    def __init__(
        self,
        *,
        identity: Identity,
        configuration: ConfigurationState,
        orders: OrderNumbers,
        limits: Limits,
        opening_lines: OpeningLines,
    ) -> None:
        self._identity = identity
        self._configuration = configuration
        self._orders = orders
        self._limits = limits
        self._opening_lines = opening_lines

    def __call__(self, question: Question, now: float, asked: Asked = NOT_ASKED) -> Reply:
        """A ``ReplyMaker``."""
        state = self._configuration
        return self._make(question, now, asked, self._identity, state.in_force, state.options)

    def in_this_conversation(self) -> ReplyMaker:
        """Makes replies in the conversation and under the configuration of now, also after both changed."""
        identity, state = self._identity.as_it_is(), self._configuration
        configuration, options = state.in_force, state.options

        def reply(question: Question, now: float, asked: Asked = NOT_ASKED) -> Reply:
            return self._make(question, now, asked, identity, configuration, options)

        return reply

    def _make(
        self,
        question: Question,
        now: float,
        asked: Asked,
        identity: Identity,
        configuration: Configuration,
        options: SessionOptions,
    ) -> Reply:
        wanted = asked.options.before(options.answers)
        chat_config = configuration.chat_config
        if wanted.is_apart:
            chat_config = msgspec.structs.replace(chat_config, auto_save_history=False)
        record = ChatRecord(
            question.content,
            question.content_type,
            chat_config=chat_config,
            identity=identity,
            voice=question.voice,
            message_id=question.message_id,
        )
        asking = Asking(
            record.messages.question,
            configured=partial(self._configuration.for_answer, configuration),
            options=wanted,
            opening_lines=self._opening_lines.heard_in(identity) if wanted.context is None else (),
            orders=self._orders,
        )
        speech = Speech(
            envelope=record.messages.answer,
            configuration=asking.configuration,
            orders=self._orders,
            limits=self._limits,
        )
        return Reply(record, asking, speech, limits=self._limits, now=now, origin=asked.origin)
