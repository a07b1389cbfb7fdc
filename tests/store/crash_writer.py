"""Run as a program by test_crash.py: writes messages from several tasks at once and prints each id once it is saved."""

import asyncio
import sys
from itertools import count

from kouyu.store.chats import PutChat
from kouyu.store.conversations import CreateConversation
from kouyu.store.message_writes import AddMessage
from kouyu.store.store import Store
from tests.store.said import chat, message

WRITERS = 5


async def write_for_ever(store: Store, writer: int) -> None:
    for number in count():
        message_id = f"{writer}-{number}"
        await store.of("").write(
            PutChat(chat(f"chat-{writer}", "in_progress")), AddMessage(message(message_id), number)
        )
        print(message_id, flush=True)


async def main(path: str) -> None:
    store = await Store.open(path)
    await store.of("").write(CreateConversation(id="c", bot_id="bot", created_at=1))
    await asyncio.gather(*(write_for_ever(store, writer) for writer in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
