"""What must hold of the context of every request to the agent: nothing that the client was told is missing in it."""

from dataclasses import dataclass, field
from typing import get_args

from kouyu.agents.agent import ContextMessage
from kouyu.agents.context import chat_messages, with_own_ids
from kouyu.agents.tool_history import ToolMessage, as_message, with_tool_rounds
from kouyu.conversation.effects import EraseMessage, SaveChat, SaveMessage, StartReply, TrimMessage
from kouyu.conversation.inputs import ConfigurationUpdate
from kouyu.domain.messages import TOOL_TYPES, Message
from kouyu.domain.requests import ReportPlayback
from kouyu.protocol.coze.downlink import Cancellation, DownlinkEvent, DownlinkType
from tests.conversation.simulation import Item, Sent
from tests.standins.openai_server import fault_of

SILENT = [kind for kind in get_args(DownlinkType) if kind != "conversation.audio.delta"]
"""What a client subscribes to that wants all but sound."""


@dataclass
class Context:
    """A store with what was saved, asked as the session asks it."""

    saved: dict[str, SaveMessage] = field(default_factory=dict)
    heard: dict[str, str] = field(default_factory=dict)
    told: dict[str, Message] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    """Of chats that are kept."""
    cut: set[str] = field(default_factory=set)
    """Answers cut down to what was heard, until the client is told why."""
    hears: bool = True
    erased: set[str] = field(default_factory=set)
    reported: set[str] = field(default_factory=set)
    """Answers whose client has said what it has played."""

    def take(self, item: Item | Sent) -> None:
        match item:
            case ConfigurationUpdate(options=options):
                self.hears = options.takes_audio
            case SaveMessage():
                self.saved[item.message.id] = item
            case EraseMessage(_, message_id):
                self.saved.pop(message_id, None)
                self.told.pop(message_id, None)
                self.erased.add(message_id)
            case ReportPlayback(message_id):
                self.reported.add(message_id)
            case SaveChat(chat, user_id):
                assert self.users.setdefault(chat.id, user_id) == user_id, "a chat stays its user's"
            case TrimMessage(message_id, heard):
                self.heard[message_id] = heard
                if message_id not in self.reported:
                    assert self.hears, "a client without sound has heard all or nothing, unless it says what it has"
                    if self.saved[message_id].message.type == "answer":
                        self.cut.add(message_id)  # a question is taken back, not cut
            case Sent(DownlinkEvent("conversation.message.completed", Message() as message)):
                if message.id not in self.erased:
                    self.told[message.id] = message
            case Sent(DownlinkEvent("conversation.chat.canceled", Cancellation(code))):
                assert code != 3 or not self.cut & set(self.told), "who writes has read an answer that was told whole"
                self.cut.clear()
            case StartReply():
                self._check(item)
            case _:
                pass

    def _check(self, order: StartReply) -> None:
        context = self._context(order)
        question = ContextMessage(role="user", content="?")
        chat = with_own_ids(chat_messages([*context, question, *map(as_message, order.tool_rounds)]))
        assert fault_of({"model": "m", "messages": chat}) == ""
        known = [message.content for message in context if message.tool_round is None]
        outputs = [each.output for message in context if message.tool_round for each in message.tool_round.outputs]
        for message in self.told.values():
            if not self._is_of(message, order) or message.id in self.heard:
                continue
            if message.type in ("question", "answer"):
                assert message.content in known, "what the client was told is context"
                known.remove(message.content)
            elif message.type == "tool_response":
                assert message.content in outputs, "what tools gave is context"
                outputs.remove(message.content)

    def _context(self, order: StartReply) -> tuple[ContextMessage, ...]:
        return with_tool_rounds(
            ToolMessage(type=message.type, content=message.content, call_id=save.tool_call_id, chat_id=message.chat_id)
            if message.type in TOOL_TYPES
            else ContextMessage(role=message.role, content=self.heard.get(message.id, message.content))
            for save in self.saved.values()
            if self._is_of(message := save.message, order) and message.type in ("question", "answer", *TOOL_TYPES)
        )

    def _is_of(self, message: Message, order: StartReply) -> bool:
        """Whether a message is to be known to this request."""
        asked, user_id = order.question, order.configuration.chat_config.user_id or ""
        place = asked.conversation_id, asked.section_id
        if (message.conversation_id, message.section_id) != place or message.chat_id == asked.chat_id:
            return False
        of_user = self.users.get(message.chat_id)
        return of_user is not None and (not user_id or of_user in ("", user_id))
