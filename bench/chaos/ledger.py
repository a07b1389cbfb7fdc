"""What clients were told, and what became of their connections."""

import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal

_MARKER: Final = re.compile(r"turn (\d+) of (\w+)\b")


def marker(client: str, turn: int) -> str:
    """A text that says who sent it, and that is sent once."""
    return f"This is turn {turn} of {client}."


def clients_in(text: str) -> set[str]:
    """The clients whose markers are in a text."""
    return {name for _, name in _MARKER.findall(text)}


@dataclass(frozen=True)
class ToldMessage:
    """A message that a client was told is complete."""

    client: str
    conversation_id: str
    content: str


@dataclass(frozen=True)
class ToldChat:
    """A chat with the last status that a client was told."""

    client: str
    conversation_id: str
    status: str


@dataclass
class Outage:
    """From when a client was not served to its next answer. Seconds on the event loop's clock."""

    client: str
    kind: Literal["talks", "writes"]
    why: str
    began: float
    connected: float | None = None
    """When the connection was open again, or the first request was accepted."""
    answered: float | None = None


@dataclass(frozen=True)
class Answer:
    """A whole answer of a turn or request. Seconds on the event loop's clock."""

    at: float
    client: str
    took: float
    """From the end of the question."""


@dataclass
class Ledger:
    """The notes of all clients."""

    messages: dict[str, ToldMessage] = field(default_factory=dict)
    chats: dict[str, ToldChat] = field(default_factory=dict)
    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    """For each client the contents of its own messages that it was told of, in order."""
    outages: list[Outage] = field(default_factory=list)
    failures: list[tuple[float, str, str]] = field(default_factory=list)
    """Turns and requests that failed on a connection that held: when, whose, and why."""
    answers: list[Answer] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    """Clients that found themselves in another conversation than they asked for."""
    speaking: set[str] = field(default_factory=set)
    """Clients in the middle of an utterance."""

    def told(self, client: str, event_type: str, data: dict[str, Any]) -> None:
        """Note an event that says that something is saved."""
        match event_type, data:
            case "conversation.message.completed", {"type": "question" | "answer"}:
                self.told_message(client, data)
            case (
                (
                    "conversation.chat.created"
                    | "conversation.chat.completed"
                    | "conversation.chat.failed"
                    | "conversation.chat.canceled"
                    | "conversation.chat.in_progress"
                ),
                {"id": identity},
            ):
                self.chats[identity] = ToldChat(client, data["conversation_id"], data.get("status", ""))
            case _:
                pass

    def told_message(self, client: str, message: dict[str, Any]) -> None:
        """Note a message that was acknowledged."""
        self.messages[message["id"]] = ToldMessage(client, message["conversation_id"], message["content"])
        if message["role"] == "user" and _MARKER.search(message["content"]):
            self.acknowledged.setdefault(client, []).append(message["content"])
