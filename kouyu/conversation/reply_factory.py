"""Makes the replies of one connection, with its conversation, user and configuration."""

from kouyu.conversation.configuration_state import ConfigurationState
from kouyu.conversation.identity import Identity
from kouyu.conversation.limits import Limits
from kouyu.conversation.opening_lines import OpeningLines
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.conversation.reply import Reply
from kouyu.conversation.turn import ReplyMaker
from kouyu.domain.configuration import Configuration
from kouyu.domain.messages import ContentType
from kouyu.domain.user_voice import UNKNOWN_VOICE, UserVoice


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

    def to_speech(self, transcript: str, now: float, voice: UserVoice = UNKNOWN_VOICE) -> Reply:
        """The reply to what the user said; a ``ReplyMaker``."""
        return self._make(transcript, "text", now, self._identity, self._configuration.in_force, voice)

    def to_message(self, content: str, content_type: ContentType, now: float) -> Reply:
        """The reply to what the user typed."""
        return self._make(content, content_type, now, self._identity, self._configuration.in_force, UNKNOWN_VOICE)

    def in_this_conversation(self) -> ReplyMaker:
        """Makes replies to speech in the conversation and under the configuration of now, also after both changed."""
        identity, configuration = self._identity.as_it_is(), self._configuration.in_force

        def to_speech(transcript: str, now: float, voice: UserVoice = UNKNOWN_VOICE) -> Reply:
            return self._make(transcript, "text", now, identity, configuration, voice)

        return to_speech

    def _make(
        self,
        question: str,
        content_type: ContentType,
        now: float,
        identity: Identity,
        configuration: Configuration,
        voice: UserVoice,
    ) -> Reply:
        return Reply(
            question=question,
            content_type=content_type,
            voice=voice,
            configuration=configuration,
            identity=identity,
            orders=self._orders,
            limits=self._limits,
            now=now,
            opening_lines=self._opening_lines.heard_in(identity),
        )
