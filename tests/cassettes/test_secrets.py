"""No secret reaches a cassette."""

import json
from pathlib import Path
from typing import Any

import pytest

from kouyu.cassettes.format import Body, Exchange, Header, Opening
from kouyu.cassettes.secrets import Secrets
from kouyu.cassettes.writing import CassetteWriter

TOKEN = "pat_AbCdEfGhIjKlMnOpQrStUvWx"
PLAIN = "a-token-without-a-form"


@pytest.mark.parametrize(
    "headers",
    [
        [("Authorization", f"Bearer {PLAIN}")],
        [("authorization", PLAIN)],
        [("Cookie", f"theme=dark; session={PLAIN}")],
        [("Set-Cookie", f"session={PLAIN}; Path=/")],
        [("Sec-WebSocket-Protocol", f"coze-protocol, {PLAIN}")],
        [("X-Api-Key", PLAIN)],
    ],
    ids=str,
)
def test_what_a_header_holds_is_replaced_everywhere(headers: list[tuple[str, str]]) -> None:
    secrets = Secrets()
    secrets.learn_headers(headers)
    assert secrets.scrub({"data": {"content": f"I am {PLAIN}!", "theme": "dark"}}) == {
        "data": {"content": "I am [redacted]!", "theme": "dark"}
    }


@pytest.mark.parametrize("query", [f"authorization=Bearer%20{PLAIN}&bot_id=7", f"access_token={PLAIN}&bot_id=7"])
def test_tokens_of_a_query_are_neither_kept_nor_written_elsewhere(query: str) -> None:
    secrets = Secrets()
    assert secrets.query(query) == (("bot_id", "7"),)
    assert secrets.scrub_text(f"as {PLAIN}") == "as [redacted]"


@pytest.mark.parametrize(
    ("value", "scrubbed"),
    [
        ({"access_token": "abc", "token_count": 3}, {"access_token": "[redacted]", "token_count": 3}),
        ({"parameters": {"api-key": "abc"}}, {"parameters": {"api-key": "[redacted]"}}),
        (f"Bearer {PLAIN} and {TOKEN}", "Bearer [redacted] and [redacted]"),
        ("https://a.example/f?x-signature=abc%3D&size=3", "https://a.example/f?x-signature=[redacted]&size=3"),
        ("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln", "[redacted]"),
        ("Signatures and tokens are words.", "Signatures and tokens are words."),
    ],
    ids=str,
)
def test_fields_and_forms_of_secrets_are_replaced_without_being_known(value: Any, scrubbed: Any) -> None:
    assert Secrets().scrub(value) == scrubbed


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ('data: {"access_token":"abc","token_count":"3"}\n', 'data: {"access_token":"[redacted]","token_count":"3"}\n'),
        ('{"api_key" : "a\\"b", "x": "y"}', '{"api_key" : "[redacted]", "x": "y"}'),
        ('{"content":"{\\"password\\": \\"abc\\"}"}', '{"content":"{\\"password\\": \\"[redacted]\\"}"}'),
        ('{"secret":""}', '{"secret":""}'),
        ('{"secret":"cut o', '{"secret":"[redacted]'),
    ],
)
def test_fields_of_json_in_a_text_are_replaced_too(text: str, scrubbed: str) -> None:
    assert Secrets().scrub_json_text(text) == scrubbed


def test_oauth_endpoints_give_nothing_away() -> None:
    secrets = Secrets()
    path = "/api/permission/oauth2/token"
    asked = secrets.oauth(path, {"grant_type": "authorization_code", "code": "code-of-a-user", "client_id": "client-1"})
    assert asked == {"grant_type": "authorization_code", "code": "[redacted]", "client_id": "[redacted]"}
    given = secrets.oauth(path, {"access_token": PLAIN, "expires_in": 900, "token_type": "Bearer"})
    assert given == {"access_token": "[redacted]", "expires_in": 900, "token_type": "Bearer"}
    assert secrets.scrub(PLAIN) == "[redacted]"
    assert secrets.oauth("/v1/bots", {"name": PLAIN}) == {"name": PLAIN}


def test_no_file_of_a_cassette_has_the_token_in_any_place_that_could_hold_it(tmp_path: Path) -> None:
    secrets = Secrets()
    secrets.learn_headers([("Authorization", f"Bearer {PLAIN}")])
    writer = CassetteWriter(tmp_path / "made", Header(), secrets)
    connection = writer.connection(Opening(path="/v1/chat", query=(("note", PLAIN),), headers={"User-Agent": PLAIN}))
    event = {"event_type": "chat.update", "data": {"parameters": {PLAIN: PLAIN}, "password": "short"}}
    connection.message(0.0, "client", json.dumps(event))
    connection.message(0.0, "server", json.dumps(event))  # with white space: spelt in another way
    connection.message(0.0, "server", f"no JSON, but {PLAIN}")
    connection.close()
    writer.exchange(
        Exchange(
            at=0.0,
            method="GET",
            path=f"/v1/{PLAIN}",
            status=200,
            body=Body(text=PLAIN),
            answer_headers={"X-Tt-Logid": PLAIN},
            answer_body=Body(pieces=((0.0, f"data: {PLAIN}\n\n"),)),
        )
    )
    writer.close()
    written = [file.read_text() for file in (tmp_path / "made").iterdir()]
    assert len(written) == 3
    assert [text for text in written if PLAIN in text or "short" in text] == []
