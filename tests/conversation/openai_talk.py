"""A simulation whose client asks for what only some protocols have, and looks at the domain's events."""

from typing import Any, TypeVar

from kouyu.conversation.effects import EraseMessage, SaveMessage, Send, StartReply, TrimMessage
from kouyu.conversation.inputs import ConfigurationUpdate
from kouyu.domain.configuration import Configuration, TurnDetection
from kouyu.domain.options import AnswerOptions, SessionOptions
from kouyu.domain.requests import AnswerNow, ReportPlayback, WriteMessage
from tests.conversation.simulation import Simulation

E = TypeVar("E")
PUSH_TO_TALK = TurnDetection()
FREE_TALK = TurnDetection(type="server_vad")


class Talk(Simulation):
    """Its user and its client, in the domain's terms."""

    def use(self, turn_detection: TurnDetection = FREE_TALK, **options: Any) -> None:
        """Request a configuration with these options of the session."""
        requested = Configuration(turn_detection=turn_detection)
        self.give(ConfigurationUpdate(requested=requested, options=SessionOptions(**options)))

    def answer_now(self, origin: str = "please", **options: Any) -> None:
        """Ask for an answer without a question."""
        self.give(AnswerNow(options=AnswerOptions(**options), origin=origin))

    def add(self, content: str, role: Any = "user", **fields: Any) -> None:
        """Write a message without an answer."""
        self.give(WriteMessage(role=role, content=content, answer=False, origin=content, **fields))

    def played(self, answer_id: str, ms: int) -> None:
        """Report what has been played."""
        self.give(ReportPlayback(answer_id, ms, "truncate"))

    def say(self, ms: int = 960) -> None:
        """Speak, and be silent until the turn is over."""
        self.speak(ms)
        self.silence(800)

    # What came of it

    def told(self, kind: type[E]) -> list[E]:
        """The events of one kind that were sent."""
        return [
            effect.event for _, effect in self.effects if isinstance(effect, Send) and isinstance(effect.event, kind)
        ]

    def told_names(self) -> list[str]:
        """The names of all events that were sent."""
        return [type(send.event).__name__ for send in self.all(Send)]

    @property
    def asked(self) -> list[StartReply]:
        """The requests to the agent."""
        return self.all(StartReply)

    def context(self) -> list[tuple[str, str]]:
        """The role and content of what the model gets of the section by now, in the order saved."""
        saved: dict[str, SaveMessage] = {}
        heard: dict[str, str] = {}
        for _, effect in self.effects:
            match effect:
                case SaveMessage(message):
                    saved[message.id] = effect
                case TrimMessage(message_id, part):
                    heard[message_id] = part
                case EraseMessage(_, message_id):
                    saved.pop(message_id, None)
        return [
            (save.message.role, text)
            for key, save in saved.items()
            if save.message.type in ("question", "answer", "") and (text := heard.get(key, save.message.content))
        ]
