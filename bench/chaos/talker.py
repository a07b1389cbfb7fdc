"""A client that talks all the time, in one conversation, and dials again when its connection is lost."""

import asyncio
import itertools
from typing import Any, Final

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from bench.chaos.ledger import Answer, Ledger, Outage, marker
from kouyu.client.voice_client import UPLINK_AUDIO, Event, RefusedByServer, VoiceClient, open_client

_DIAL_AGAIN_S: Final = 0.3
TURN_S: Final = 40.0
"""What is to be saved may wait for 30 s for the database."""
_ENDS: Final = ("conversation.chat.completed", "conversation.chat.failed")
"""chat.canceled is of the answer before, which would still be played when the next question comes."""
_PAUSE_S: Final = 0.5
_CONNECTED_S: Final = 10.0


class _Unanswered(Exception):
    """A turn has not ended in time; the text says which one."""


class Talker:
    """Asks in writing and aloud in turn, with push to talk. ``stopping`` ends it after the running turn."""

    def __init__(
        self, name: str, addresses: tuple[str, ...], token: str, bot: str, question: bytes, ledger: Ledger
    ) -> None:
        self._name = name
        self._addresses = itertools.cycle(addresses)
        self._token = token
        self._bot = bot
        self._question = question
        self._ledger = ledger
        self._turn = 0
        self._conversation = ""
        self._outage: Outage | None = None
        self.stopping = False

    async def run(self) -> None:
        """Talk until ``stopping``, and until the last outage is over."""
        clock = asyncio.get_running_loop().time
        address = next(self._addresses)
        while not (self.stopping and self._outage is None):
            why = ""
            try:
                async with asyncio.timeout(None) as dialling:
                    dialling.reschedule(clock() + _CONNECTED_S)
                    async with open_client(address, self._token, bot_id=self._bot) as client:
                        dialling.reschedule(None)
                        why = await self._converse(client)
            except (OSError, RefusedByServer, ConnectionClosed, InvalidHandshake) as fault:
                why = why or f"{type(fault).__name__}: {fault}"
            if self.stopping and self._outage is None:
                break
            if self._outage is None:
                self._outage = Outage(self._name, "talks", why, clock())
                self._ledger.outages.append(self._outage)
            self._outage.connected = None
            address = next(self._addresses)
            await asyncio.sleep(_DIAL_AGAIN_S)

    async def _converse(self, client: VoiceClient) -> str:
        """Talk on a connection; gives why it ended."""
        if self._outage is not None:
            self._outage.connected = asyncio.get_running_loop().time()
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        listening = asyncio.create_task(self._listen(client, events))
        try:
            await self._configure(client, events)
            while not (self.stopping and self._outage is None):
                await self._ask(client, events)
        except (ConnectionClosed, _Unanswered) as fault:
            if isinstance(fault, _Unanswered):
                return str(fault)
        finally:
            listening.cancel()
            await asyncio.wait({listening})
        return f"closed with {client.close_code}: {client.close_reason}"

    async def _listen(self, client: VoiceClient, events: asyncio.Queue[Event | None]) -> None:
        async for event in client.events():
            if isinstance(event.data, dict):
                self._ledger.told(self._name, event.type, event.data)
            if event.type == "error":
                self._ledger.failures.append((event.at, self._name, f"error {event.data.get('code')}"))
            events.put_nowait(event)
        events.put_nowait(None)

    async def _configure(self, client: VoiceClient, events: asyncio.Queue[Event | None]) -> None:
        chat = {"user_id": self._name} | ({"conversation_id": self._conversation} if self._conversation else {})
        turns = {"type": "client_interrupt"}
        await client.send("chat.update", {"input_audio": UPLINK_AUDIO, "turn_detection": turns, "chat_config": chat})
        updated = await self._until(events, ("chat.updated",), "chat.update")
        found = updated.data["chat_config"]["conversation_id"]
        if self._conversation not in ("", found):
            self._ledger.changed.append(f"{self._name}: {self._conversation} became {found}")
        self._conversation = found

    async def _ask(self, client: VoiceClient, events: asyncio.Queue[Event | None]) -> None:
        self._turn += 1
        while not events.empty():
            if events.get_nowait() is None:
                raise ConnectionClosed(None, None)
        aloud = self._turn % 2 == 0 and self._outage is None
        if aloud:
            self._ledger.speaking.add(self._name)
            try:
                await client.stream(self._question)
                await client.send("input_audio_buffer.complete")
            finally:
                self._ledger.speaking.discard(self._name)
        else:
            text = marker(self._name, self._turn)
            question: dict[str, Any] = {"role": "user", "content_type": "text", "content": text}
            await client.send("conversation.message.create", question)
        asked = asyncio.get_running_loop().time()
        kind = "spoken" if aloud else "typed"
        end = await self._until(events, _ENDS, f"turn {self._turn} ({kind})")
        if end.type != "conversation.chat.completed":
            error = end.data.get("last_error") or {}
            self._ledger.failures.append((end.at, self._name, f"{end.type} {error.get('msg', '')}"))
        else:
            self._ledger.answers.append(Answer(end.at, self._name, end.at - asked))
        await asyncio.sleep(_PAUSE_S)

    async def _until(self, events: asyncio.Queue[Event | None], types: tuple[str, ...], what: str) -> Event:
        """Wait for an event of these types; the first sound on the way ends an outage."""
        try:
            async with asyncio.timeout(TURN_S):
                while (event := await events.get()) is not None:
                    if event.type == "conversation.audio.delta":
                        self._answered(event.at)
                    if event.type in types:
                        return event
        except TimeoutError:
            raise _Unanswered(f"{what} was not answered within {TURN_S:.0f} s") from None
        raise ConnectionClosed(None, None)

    def _answered(self, at: float) -> None:
        if self._outage is not None and self._outage.connected is not None:
            self._outage.answered = at
            self._outage = None
