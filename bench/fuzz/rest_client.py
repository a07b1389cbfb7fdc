"""A fuzzing client of REST: every operation of the server's OpenAPI document, with allowed and invalid bodies."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx

from bench.fuzz.findings import Findings
from bench.fuzz.sounds import Sounds
from bench.fuzz.values import Values

_ANSWER_S: Final = 60.0
_LEFT_OUT: Final = ("/v1/kouyu/log",)
"""Failed logins are rate-limited for all clients of an address together."""
_MOST_READ: Final = 30_000_000
_NOT_MADE: Final = 501
_PROMPTS: Final = (
    "{{ 'a' * 100000000 }}",
    "{% for a in range(999) %}{% for b in range(999) %}{% for c in range(999) %}x{% endfor %}{% endfor %}{% endfor %}",
    "{{ [0] * 10 ** 8 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{{ ''.__class__.__mro__ }}",
    "{{ 'x' | center(10 ** 9) }}",
    "{{ (range(100000) | list | string) * 1000 }}",
    "{% set ns = namespace(s='aa') %}{% for i in range(40) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}",
)


class RestClient:
    """``goes_on`` is asked before each request."""

    def __init__(
        self, url: str, token: str, values: Values, sounds: Sounds, findings: Findings, goes_on: Callable[[], bool]
    ) -> None:
        self._values = values
        self._random = values.random
        self._sounds = sounds
        self._findings = findings
        self._goes_on = goes_on
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=_ANSWER_S,
            # A connection that has waited may just be closed by the server.
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=False,
        )
        self._ids: dict[str, list[str]] = {}
        """What the server made, by the name under which it is asked for."""

    async def run(self) -> None:
        """Ask one operation after the other."""
        async with self._http:
            document = (await self._http.get("/docs/openapi.json")).json()
            operations = [
                (method, path, operation)
                for path, methods in document["paths"].items()
                for method, operation in methods.items()
                if not path.startswith(_LEFT_OUT)
            ]
            while self._goes_on():
                if self._random.random() < 0.1:
                    await self._use_a_hard_prompt()
                else:
                    await self._ask(*self._random.choice(operations), document["components"])

    async def _ask(self, method: str, path: str, operation: Mapping[str, Any], components: Mapping[str, Any]) -> None:
        query: dict[str, str] = {}
        for parameter in operation.get("parameters", ()):
            value = str(self._parameter(parameter["name"], parameter.get("schema", {}), components))[:4000]
            if parameter["in"] == "path":
                path = path.replace("{" + parameter["name"] + "}", quote(value or "x", safe=""))
            elif parameter.get("required") or self._random.random() < 0.5:
                query[parameter["name"]] = value
        await self._send(method, path, operation["operationId"], params=query, **self._body(operation, components))

    def _parameter(self, name: str, schema: Mapping[str, Any], components: Mapping[str, Any]) -> Any:
        if (known := self._ids.get(name)) and self._random.random() < 0.7:
            return self._random.choice(known)
        return self._values.allowed(schema, components) if self._random.random() < 0.7 else self._values.text(200)

    def _body(self, operation: Mapping[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
        content = operation.get("requestBody", {}).get("content", {})
        if form := content.get("multipart/form-data"):
            fields = self._values.allowed(form["schema"], components)
            return {
                "files": {"file": self._file()},
                "data": {name: str(value)[:1000] for name, value in dict(fields).items() if name != "file"},
            }
        if not content:
            return {}
        body = self._values.allowed(content["application/json"]["schema"], components)
        if isinstance(body, dict) and body and self._random.random() < 0.5:
            body[self._random.choice(list(body))] = self._random.choice((self._values.wrong(), self._values.text()))
        if isinstance(body, dict):
            body |= {name: self._random.choice(known) for name, known in self._ids.items() if name in body}
        encoded = json.dumps(body).encode()
        if self._random.random() < 0.1:
            encoded = self._random.choice((b"", b"{", b"\xff", b"[" * 100_000, encoded[:-1], b"null", b"5"))
        return {"content": encoded, "headers": {"Content-Type": "application/json"}}

    def _file(self) -> tuple[str, bytes, str]:
        """An upload's name, content and type, which go together or do not."""
        wav, pdf = ("a.wav", self._sounds.wav(), "audio/wav"), ("a.pdf", self._pdf(), "application/pdf")
        if self._random.random() < 0.5:
            return self._random.choice((wav, pdf))
        name = self._random.choice(("a.wav", "a.ogg", "a.html", "", "x" * 300, "a/../b", 'a"b', "你好.txt"))
        kind = self._random.choice(("audio/wav", "text/html", "", "x"))
        return name, self._random.choice((self._sounds.any(), pdf[1])), kind

    def _pdf(self) -> bytes:
        """The shape of a PDF: many objects, or one that is large, nested or refers to itself."""
        size = self._values.size(self._values.largest // 4)
        body = self._random.choice(
            (
                b"1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj 2 0 obj <</Type /Pages /Kids [2 0 R]>> endobj\n",
                b"[" * size,
                b"<</A " * (size // 5),
                b"1 0 obj <</Length %d>> stream\n" % (10 * size) + self._random.randbytes(size),
                b"1 0 obj null endobj\n" * (size // 20),
            )
        )
        end = self._random.choice((b"trailer <</Root 1 0 R /Prev 9>>\nstartxref\n9\n%%EOF", b""))
        return b"%PDF-1.7\n" + body + end

    async def _use_a_hard_prompt(self) -> None:
        """A bot that is made, published and asked."""
        prompt = self._random.choice((*_PROMPTS, self._values.text()))
        made = await self._send(
            "post",
            "/v1/bot/create",
            "a hard prompt",
            json={"space_id": "1", "name": "f", "prompt_info": {"prompt": prompt}},
        )
        bot = (made or {}).get("data", {}).get("bot_id") if isinstance(made, dict) else None
        if not bot:
            return
        await self._send("post", "/v1/bot/publish", "a hard prompt", json={"bot_id": bot, "connector_ids": ["1024"]})
        question = {"role": "user", "type": "question", "content": "Hi", "content_type": "text"}
        chat = {"bot_id": bot, "user_id": "f", "stream": True, "additional_messages": [question]}
        await self._send("post", "/v3/chat", "a hard prompt", json=chat)

    async def _send(self, method: str, path: str, kind: str, **request: Any) -> Any:
        """Send a request, record a server error as a fault, and return the answer's JSON, if any."""
        self._findings.sent[kind] += 1
        try:
            async with self._http.stream(method.upper(), path, **request) as response:
                content = b""
                async for piece in response.aiter_raw():
                    content += piece
                    if len(content) > _MOST_READ:
                        break
        except httpx.HTTPError as fault:
            self._findings.fault(kind, f"{method} {path[:80]}: {type(fault).__name__} {fault}", repr(request)[:400])
            return None
        if response.status_code >= 500 and response.status_code != _NOT_MADE:
            self._findings.fault(
                kind, f"{method} {path[:80]}: {response.status_code} {content[:200]!r}", repr(request)[:400]
            )
        try:
            told = json.loads(content)
        except ValueError:
            return None
        self._remember(told)
        return told

    def _remember(self, told: Any) -> None:
        data = told.get("data") if isinstance(told, dict) else None
        for name, value in data.items() if isinstance(data, dict) else ():
            if name in (
                "id",
                "bot_id",
                "chat_id",
                "conversation_id",
                "file_id",
                "group_id",
                "message_id",
            ) and isinstance(value, str):
                self._ids.setdefault("conversation_id" if name == "id" else name, []).append(value)
                del self._ids["conversation_id" if name == "id" else name][:-20]
