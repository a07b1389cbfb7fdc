"""Which recorded connection a client gets, and which recorded answer a request."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from kouyu.cassettes.comparison import Carried, FieldDifference, Scalar, carry_over_in_text, compare, ids_in
from kouyu.cassettes.differences import Difference
from kouyu.cassettes.format import REQUESTS_FILE, Body, Cassette, Exchange, Query
from kouyu.cassettes.script import TOLERANCE, Script, json_or_text, script_of
from kouyu.cassettes.secrets import Secrets


class Recordings:
    """The connections of a cassette.

    A client gets the one that was played least often, of these the first. Once it has sent something, it may get
    another one that fits better (``take``), also one that was given to a client which has not sent anything yet.
    """

    def __init__(self, cassette: Cassette, *, once: bool) -> None:
        """``once``: each connection is played once; else all are played again and again."""
        self._scripts = [script_of(connection) for connection in cassette.connections]
        self._once = once
        self._plays = {script.connection.name: 0 for script in self._scripts}
        self._given: dict[object, str] = {}
        self._taken: dict[str, object] = {}

    def for_client(self, client: object, path: str, query: Query) -> list[tuple[Script, Carried]] | Difference:
        """The scripts that a client at this address may get, the one that is played at first in front.

        Returns a difference if there is none. ``client`` stands for the connection.
        """
        fitting = self._fitting(path, query)
        if isinstance(fitting, Difference):
            return fitting
        if self._once:
            if all(self._plays[script.connection.name] for script, _ in fitting):
                last = fitting[-1][0].connection.name
                return Difference(last, f"no more connection to {path}", "one more")
            fitting = [each for each in fitting if each[0].connection.name not in self._taken]
        fitting.sort(key=lambda each: self._plays[each[0].connection.name])
        self._give(client, fitting[0][0].connection.name)
        return fitting

    def take(self, client: object, script: Script) -> bool:
        """Let a client have this script, because it fits what it sends; False if another one has it."""
        name = script.connection.name
        if self._once and self._taken.get(name, client) is not client:
            return False
        if (before := self._given[client]) != name:
            self._plays[before] -= 1
            if self._taken.get(before) is client:
                del self._taken[before]
            self._give(client, name)
        self._taken[name] = client
        return True

    def unplayed(self) -> list[str]:
        """The files of the connections that no client has."""
        return [name for name, plays in self._plays.items() if not plays]

    def _give(self, client: object, name: str) -> None:
        self._plays[name] += 1
        self._given[client] = name

    def _fitting(self, path: str, query: Query) -> list[tuple[Script, Carried]] | Difference:
        at_path = [each for each in self._scripts if _same_path(each.connection.opening.path, path)]
        if not at_path:
            paths = sorted({each.connection.opening.path for each in self._scripts})
            expected = f"a connection to {' or '.join(paths)}" if paths else "no connection"
            return Difference("connection-*.jsonl", expected, f"one to {path}")
        found: list[tuple[Script, Carried]] = []
        first: Difference | None = None
        for script in at_path:
            recorded = script.connection.opening.query
            compared = {} if recorded is None else compare(_given(recorded), _given(query), {})
            if isinstance(compared, FieldDifference):
                name = f"the query parameter {compared.path}"
                place = f"{script.connection.name}, line 1"
                first = first or Difference(place, f"{name} {compared.expected}", compared.got)
            else:
                found.append((script, compared))
        return found or first or []


class Answers:
    """The answers of a cassette to requests: each once, in the recorded order; then the last one that fits again."""

    def __init__(self, cassette: Cassette) -> None:
        self._exchanges = list(cassette.exchanges)
        self._unused = set(range(len(self._exchanges)))
        self.carried: Carried = {}
        self.rest_ids: Final[frozenset[Scalar]] = frozenset(
            each for exchange in cassette.exchanges for each in ids_in(_value_of(exchange.answer_body))
        )

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Exchange | Difference:
        """The recorded exchange of a request. ``headers`` have names in small letters."""
        path, _, query = target.partition("?")
        given = {"query": _given(readable_query(query)), "body": _given_body(headers.get("content-type", ""), body)}
        first: Difference | None = None
        reused: int | None = None
        for number, exchange in enumerate(self._exchanges):
            if exchange.method != method or not _same_path(carry_over_in_text(exchange.path, self.carried), path):
                continue
            compared = self._compare(exchange, given)
            if isinstance(compared, FieldDifference):
                place = f"{REQUESTS_FILE}, line {number + 1}"
                what = f"{method} {path} with {compared.path} {compared.expected}"
                first = first or Difference(place, what, compared.got)
            elif number in self._unused:
                self._unused.discard(number)
                self.carried.update(compared)
                return exchange
            else:
                reused = number
        if reused is not None:
            return self._exchanges[reused]
        return first or self._unknown(method, path)

    def _compare(self, exchange: Exchange, given: dict[str, Any]) -> Carried | FieldDifference:
        body = _value_of(exchange.body)
        expected = {"query": _given(exchange.query), "body": body}
        if isinstance(body, _Amount) and isinstance(given["body"], _Amount):
            if not body.fits(given["body"]):
                return FieldDifference("body", str(body), str(given["body"]))
            expected, given = {"query": expected["query"]}, {"query": given["query"]}
        return compare(expected, given, self.carried, self.rest_ids.__contains__)

    def _unknown(self, method: str, path: str) -> Difference:
        unused = [self._exchanges[number] for number in sorted(self._unused)]
        known = ", ".join(dict.fromkeys(f"{each.method} {each.path}" for each in unused)) or "no more request"
        return Difference(REQUESTS_FILE, known, f"{method} {path}")


def readable_query(text: str) -> Query:
    """The parameters of a query that are compared: those that a cassette holds."""
    return Secrets().query(text)


class _Amount:
    """A body that is no text: compared by its length."""

    def __init__(self, length: int) -> None:
        self.length = length

    def fits(self, other: "_Amount") -> bool:
        return abs(self.length - other.length) <= self.length * TOLERANCE

    def __str__(self) -> str:
        return f"of about {self.length} bytes"


def _given_body(content_type: str, body: bytes) -> Any:
    media_type = content_type.partition(";")[0].strip().lower()
    if not body:
        return None
    return _value_of(body_of(media_type, body) or Body(bytes=len(body)))


def body_of(media_type: str, content: bytes) -> Body | None:
    """A body that is JSON, a form or another text; None for every other one."""
    if media_type.startswith("multipart/"):
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    if media_type == "application/x-www-form-urlencoded":
        return Body(json=dict(parse_qsl(text, keep_blank_values=True)))
    if media_type.endswith("json") or not media_type:
        value = json_or_text(text)
        return Body(text=text) if isinstance(value, str) else Body(json=value)
    return Body(text=text) if media_type.startswith("text/") else None


def _value_of(body: Body) -> Any:
    if body.text is not None:
        return body.text
    if body.pieces:
        return [json_or_text(line[5:]) for _, text in body.pieces for line in text.splitlines() if line[:5] == "data:"]
    if body.bytes:
        return _Amount(body.bytes)
    return None if not isinstance(body.json, dict | list | str | int | float) else body.json


def _given(query: Query) -> dict[str, str]:
    """The parameters that have a value: SDKs send ``bot_id=`` for none."""
    return {name: value for name, value in query if value}


def _same_path(one: str, other: str) -> bool:
    return one.rstrip("/") == other.rstrip("/")
