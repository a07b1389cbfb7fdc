"""A client that writes over REST all the time, in one conversation: messages, and streamed chats."""

import asyncio
import itertools
from typing import Any, Final

import httpx
import msgspec

from bench.chaos.ledger import Answer, Ledger, Outage, marker

_PAUSE_S: Final = 0.4
_REQUEST_S: Final = 40.0
_CHAT_EVERY: Final = 4


class _Refused(Exception):
    """A request was not served; the text says why."""


class Writer:
    """Every fourth turn is a streamed chat, the others are messages; what is refused is tried again, in new words.

    ``stopping`` ends it after the running request.
    """

    def __init__(self, name: str, addresses: tuple[str, ...], token: str, bot: str, ledger: Ledger) -> None:
        self._name = name
        self._addresses = itertools.cycle(addresses)
        self._address = next(self._addresses)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._bot = bot
        self._ledger = ledger
        self._turn = 0
        self._served = 0
        self._conversation = ""
        self._outage: Outage | None = None
        self.stopping = False

    async def run(self) -> None:
        """Write until ``stopping``, and until the last outage is over."""
        clock = asyncio.get_running_loop().time
        async with httpx.AsyncClient(headers=self._headers, timeout=_REQUEST_S, trust_env=False) as http:
            while not (self.stopping and self._outage is None):
                began = clock()
                try:
                    await self._write(http)
                except (httpx.HTTPError, _Refused) as fault:
                    if self._outage is None:
                        why = str(fault) if isinstance(fault, _Refused) else type(fault).__name__
                        self._outage = Outage(self._name, "writes", why, clock())
                        self._ledger.outages.append(self._outage)
                    self._address = next(self._addresses)
                else:
                    self._ledger.answers.append(Answer(clock(), self._name, clock() - began))
                    self._answered(clock())
                await asyncio.sleep(_PAUSE_S)

    async def _write(self, http: httpx.AsyncClient) -> None:
        if not self._conversation:
            made = await self._post(http, "/v1/conversation/create", {"bot_id": self._bot})
            self._conversation = made["data"]["id"]
        self._turn += 1
        text = marker(self._name, self._turn)
        message = {"role": "user", "content_type": "text", "content": text}
        where = f"?conversation_id={self._conversation}"
        if self._served % _CHAT_EVERY == _CHAT_EVERY - 1:
            await self._chat(http, f"/v3/chat{where}", message)
        else:
            saved = await self._post(http, f"/v1/conversation/message/create{where}", message)
            self._ledger.told_message(self._name, saved["data"])

    async def _chat(self, http: httpx.AsyncClient, path: str, message: dict[str, str]) -> None:
        body = {"bot_id": self._bot, "user_id": self._name, "stream": True, "additional_messages": [message]}
        async with http.stream("POST", self._address + path, json=body) as answer:
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                _checked(answer.status_code, await answer.aread())
                raise _Refused("no stream came")
            event = ""
            async for line in answer.aiter_lines():
                name, _, value = line.partition(":")
                if name == "event":
                    event = value.strip()
                elif name == "data" and event.startswith("conversation."):
                    data = msgspec.json.decode(value.strip())
                    self._ledger.told(self._name, event, data)
                    if event == "conversation.chat.failed":
                        raise _Refused(f"chat failed: {(data.get('last_error') or {}).get('msg')}")
                    if event == "conversation.chat.completed":
                        return
        raise _Refused("the stream ended before the chat")

    async def _post(self, http: httpx.AsyncClient, path: str, body: dict[str, str]) -> dict[str, Any]:
        answer = await http.post(self._address + path, json=body)
        return _checked(answer.status_code, answer.content)

    def _answered(self, at: float) -> None:
        self._served += 1
        if self._outage is not None:
            self._outage.connected = self._outage.answered = at
            self._outage = None


def _checked(status: int, body: bytes) -> dict[str, Any]:
    """The answer, if it says that all went well. Raises _Refused."""
    try:
        answer: dict[str, Any] = msgspec.json.decode(body)
    except msgspec.DecodeError:
        answer = {"code": -1, "msg": "no JSON"}
    if status != httpx.codes.OK or answer.get("code"):
        raise _Refused(f"HTTP {status}, code {answer.get('code')}: {answer.get('msg')}")
    return answer
