"""Which recorded connection a client gets, and which answer a request."""

from typing import Any

from kouyu.cassettes.differences import Difference
from kouyu.cassettes.format import Body, Cassette, Connection, Exchange, Header, Opening
from kouyu.cassettes.selection import Answers, Recordings, body_of


def connection(number: int, path: str = "/v1/chat", **query: str) -> Connection:
    name = f"connection-{number:04}.jsonl"
    return Connection(name=name, opening=Opening(path=path, query=tuple(query.items())), entries=())


def recordings(*connections: Connection, once: bool = False) -> Recordings:
    return Recordings(Cassette(header=Header(), connections=connections), once=once)


def names(found: Any) -> list[str]:
    assert not isinstance(found, Difference), found
    return [script.connection.name[-7:-6] for script, _ in found]


def exchange(method: str, path: str, answer: Any, *, query: Any = (), body: Any = None, status: int = 200) -> Exchange:
    given = Body() if body is None else Body(json=body)
    return Exchange(
        at=0.0, method=method, path=path, query=query, body=given, status=status, answer_body=Body(json=answer)
    )


def answers(*exchanges: Exchange) -> Answers:
    return Answers(Cassette(header=Header(), exchanges=exchanges))


def answer(of: Answers, method: str, target: str, body: bytes = b"") -> Any:
    found = of.answer(method, target, {"content-type": "application/json"}, body)
    return found if isinstance(found, Difference) else found.answer_body.json


def test_connections_to_one_address_are_played_in_their_order_then_again() -> None:
    chosen = recordings(connection(1, bot_id="a"), connection(2, bot_id="b"), connection(3, bot_id="a"))
    assert names(chosen.for_client(object(), "/v1/chat", (("bot_id", "a"),))) == ["1", "3"]
    assert names(chosen.for_client(object(), "/v1/chat", (("bot_id", "a"),))) == ["3", "1"]
    assert chosen.unplayed() == ["connection-0002.jsonl"]
    assert names(chosen.for_client(object(), "/v1/chat/", (("bot_id", "a"),))) == ["1", "3"]


def test_each_connection_is_played_once_where_that_is_asked_for() -> None:
    chosen = recordings(connection(1), once=True)
    assert names(chosen.for_client(object(), "/v1/chat", ())) == ["1"]
    assert chosen.for_client(object(), "/v1/chat", ()) == Difference(
        "connection-0001.jsonl", "no more connection to /v1/chat", "one more"
    )


def test_clients_may_take_what_another_one_was_given_and_has_not_begun() -> None:
    chosen = recordings(connection(1), connection(2), once=True)
    one, other = object(), object()
    found = chosen.for_client(one, "/v1/chat", ())
    assert not isinstance(found, Difference)
    first, second = (script for script, _ in found)
    assert names(chosen.for_client(other, "/v1/chat", ())) == ["2", "1"]
    assert chosen.take(other, first)
    assert not chosen.take(one, first)
    assert chosen.take(one, second)
    assert chosen.unplayed() == []


def test_another_address_bot_or_endpoint_is_a_difference() -> None:
    chosen = recordings(connection(1, bot_id="a"))
    assert str(chosen.for_client(object(), "/v1/audio/speech", ())) == (
        "connection-*.jsonl: expected a connection to /v1/chat; got one to /v1/audio/speech"
    )
    assert str(chosen.for_client(object(), "/v1/chat", (("bot_id", "b"),))) == (
        'connection-0001.jsonl, line 1: expected the query parameter bot_id "a"; got "b"'
    )


def test_answers_come_in_their_order_and_the_last_one_again() -> None:
    polled = answers(exchange("GET", "/v3/chat/retrieve", 1), exchange("GET", "/v3/chat/retrieve", 2))
    assert [answer(polled, "GET", "/v3/chat/retrieve") for _ in range(3)] == [1, 2, 2]


def test_a_request_gets_the_answer_of_the_one_with_the_same_query_and_body() -> None:
    made = answers(
        exchange("POST", "/v1/conversation/create", "a", body={"name": "a"}),
        exchange("POST", "/v1/conversation/create", "b", body={"name": "b"}),
        exchange("GET", "/v1/bots", "page 2", query=(("page", "2"),)),
    )
    assert answer(made, "POST", "/v1/conversation/create", b'{"name":"b"}') == "b"
    assert answer(made, "GET", "/v1/bots?page=2&access_token=secret") == "page 2"
    assert str(answer(made, "POST", "/v1/conversation/create", b'{"name":"c"}')) == (
        'requests.jsonl, line 1: expected POST /v1/conversation/create with body.name "a"; got "c"'
    )
    assert str(answer(made, "DELETE", "/v1/bots")) == (
        "requests.jsonl: expected POST /v1/conversation/create; got DELETE /v1/bots"
    )


def test_ids_of_the_client_are_carried_over_to_later_requests_and_ids_of_the_server_are_not() -> None:
    made = answers(
        exchange("POST", "/v1/a", {"id": "servers"}, body={"user_id": "recorded-user"}),
        exchange("GET", "/v1/users/recorded-user", "known"),
        exchange("POST", "/v1/b", "yes", body={"conversation_id": "servers"}),
    )
    answer(made, "POST", "/v1/a", b'{"user_id":"another-user"}')
    assert made.carried == {"recorded-user": "another-user"}
    assert answer(made, "GET", "/v1/users/another-user") == "known"
    assert 'expected POST /v1/b with body.conversation_id "servers"; got "mine"' in str(
        answer(made, "POST", "/v1/b", b'{"conversation_id":"mine"}')
    )


def test_uploads_are_compared_by_their_amount() -> None:
    upload = Exchange(at=0.0, method="POST", path="/v1/files/upload", body=Body(bytes=1000), status=200)
    headers = {"content-type": "multipart/form-data; boundary=x"}
    assert answers(upload).answer("POST", "/v1/files/upload", headers, bytes(1150)) == upload
    assert "of about 1000 bytes; got of about 2000 bytes" in str(
        answers(upload).answer("POST", "/v1/files/upload", headers, bytes(2000))
    )


def test_bodies_are_read_by_their_type() -> None:
    assert body_of("application/json", b'{"a":1}') == Body(json={"a": 1})
    assert body_of("application/x-www-form-urlencoded", b"a=1&b=") == Body(json={"a": "1", "b": ""})
    assert body_of("text/plain", b"a") == Body(text="a")
    assert body_of("multipart/form-data", b"a") is None
    assert body_of("audio/mpeg", b"\xff\xfb") is None
