"""Compares what clients were told with the database."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import asyncpg

from bench.chaos.ledger import Ledger, clients_in

RUNNING = ("created", "in_progress")


@dataclass(frozen=True)
class SavedMessage:
    """A row of ``messages``, in the order in which they were first saved."""

    id: str
    conversation_id: str
    role: str
    content: str


@dataclass(frozen=True)
class SavedChat:
    """A row of ``chats``."""

    id: str
    conversation_id: str
    status: str


@dataclass(frozen=True)
class Saved:
    """What is in the database. ``conversations``: the user of each, by id."""

    messages: Sequence[SavedMessage]
    chats: Sequence[SavedChat]
    conversations: dict[str, str]


async def read(url: str) -> Saved:
    """Read it."""
    connection = await asyncpg.connect(url)
    try:
        messages = await connection.fetch("SELECT id, conversation_id, role, content FROM messages ORDER BY seq")
        chats = await connection.fetch("SELECT id, conversation_id, status FROM chats")
        conversations = await connection.fetch("SELECT id, user_id FROM conversations")
    finally:
        await connection.close()
    return Saved(
        [SavedMessage(*row) for row in messages],
        [SavedChat(*row) for row in chats],
        {row["id"]: row["user_id"] for row in conversations},
    )


async def running_chats(url: str) -> int:
    """How many chats have not ended."""
    return sum(chat.status in RUNNING for chat in (await read(url)).chats)


def faults(ledger: Ledger, saved: Saved) -> list[str]:
    """All that is not as clients were told, a line each; none if all is well."""
    return [*_messages(ledger, saved), *_chats(ledger, saved), *_mixed_up(saved), *_order(ledger, saved)]


def _messages(ledger: Ledger, saved: Saved) -> Iterable[str]:
    found = {message.id: message for message in saved.messages}
    for identity, told in ledger.messages.items():
        message = found.get(identity)
        if message is None:
            yield f"message {identity} of {told.client} is missing: {told.content!r}"
        elif message.conversation_id != told.conversation_id:
            yield f"message {identity} of {told.client} is in another conversation"
        elif message.content != told.content:
            yield f"message {identity} of {told.client} is {message.content!r}, told was {told.content!r}"


def _chats(ledger: Ledger, saved: Saved) -> Iterable[str]:
    found = {chat.id: chat for chat in saved.chats}
    for identity, told in ledger.chats.items():
        chat = found.get(identity)
        if chat is None:
            yield f"chat {identity} of {told.client} is missing; told was {told.status}"
        elif told.status not in (*RUNNING, chat.status):
            yield f"chat {identity} of {told.client} is {chat.status}, told was {told.status}"
    for chat in saved.chats:
        if chat.status in RUNNING:
            yield f"chat {chat.id} is left {chat.status}"


def _mixed_up(saved: Saved) -> Iterable[str]:
    of_conversation: dict[str, set[str]] = {}
    for message in saved.messages:
        of_conversation.setdefault(message.conversation_id, set()).update(clients_in(message.content))
    for conversation, clients in of_conversation.items():
        if len(clients) > 1:
            yield f"conversation {conversation} has words of {', '.join(sorted(clients))}"
    conversations = Counter(client for clients in of_conversation.values() for client in clients)
    for client, count in conversations.items():
        if count > 1:
            yield f"{client} has {count} conversations"
    users = Counter(user for user in saved.conversations.values() if user.startswith("talker"))
    for user, count in users.items():
        if count > 1:
            yield f"{user} has begun {count} conversations"


def _order(ledger: Ledger, saved: Saved) -> Iterable[str]:
    place: dict[str, list[int]] = {}
    for number, message in enumerate(saved.messages):
        if message.role == "user" and clients_in(message.content):
            place.setdefault(message.content, []).append(number)
    for text, places in place.items():
        if len(places) > 1:
            yield f"{text!r} is saved {len(places)} times"
    for client, texts in ledger.acknowledged.items():
        places = [place[text][0] for text in texts if text in place]
        if places != sorted(places):
            yield f"the messages of {client} are not in the order in which it was told of them"
