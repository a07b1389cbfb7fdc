"""Service apps: cozepy's JWTAuth gets a token by an assertion, and every wrong assertion is refused by name."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cozepy import Coze, CozeAPIError, JWTAuth, JWTOAuthApp, SyncHTTPClient
from cozepy.auth import Scope
from websockets.asyncio.client import connect

from kouyu.cli.app_keys import new_key_pair
from kouyu.server.sign_in.requests import JWT_BEARER
from kouyu.store.issued_tokens import IssuedTokens
from kouyu.store.token_records import APP_TOKEN_OUTLIVES_S
from tests.server.conftest import Running
from tests.server.sign_in.conftest import KEY_ID, PRIVATE_KEY, PUBLIC_KEYS, SignedUp, SignUp, called

TOKEN = "/api/permission/oauth2/token"


@pytest.fixture
async def service(sign_up: SignUp) -> SignedUp:
    return await sign_up("service", owner="shop")


def claims_of(service: SignedUp, **other: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {"iss": service.app.id, "aud": f"127.0.0.1:{service.server.port}", "iat": now, "exp": now + 600}
    given = {**usual, "jti": str(time.perf_counter_ns()), **other}
    return {name: value for name, value in given.items() if value is not None}


def signed(claims: dict[str, Any], key: Any = PRIVATE_KEY, algorithm: str = "RS256", kid: str = KEY_ID) -> str:
    return jwt.encode(claims, key, algorithm, headers={"kid": kid})


async def ask(service: SignedUp, assertion: str, path: str = TOKEN, **body: Any) -> tuple[int, dict[str, Any]]:
    given = {"grant_type": JWT_BEARER, **body}
    answer = await service.post(path, json=given, headers={"Authorization": f"Bearer {assertion}"})
    return answer.status_code, answer.json()


def cozepy_app(service: SignedUp) -> JWTOAuthApp:
    return JWTOAuthApp(service.app.id, PRIVATE_KEY.decode(), KEY_ID, base_url=service.base_url)


async def test_cozepys_jwt_auth_signs_in_and_its_token_opens_what_the_app_may(service: SignedUp) -> None:
    def program() -> str:
        with SyncHTTPClient() as http:
            app = cozepy_app(service)
            app._requester._sync_client = http
            coze = Coze(auth=JWTAuth(oauth_app=app, ttl=1200), base_url=service.base_url, http_client=http)
            assert coze.workspaces.list().items
            return str(coze._auth.token)

    token = await service.server.store.tokens.verify(await asyncio.to_thread(program))
    assert token is not None
    assert (token.app_id, token.owner, token.permissions) == (service.app.id, "shop", service.app.permissions)
    assert token.expires_at == token.created_at + 1200
    assert token.name.startswith("service-app.")
    (entry,) = await service.server.store.audit.list()
    assert (entry.actor, entry.action, entry.owner) == ("app service-app", "token.issued", "shop")


async def test_a_scope_narrows_the_token_to_conversations_with_some_bots(service: SignedUp) -> None:
    scope = Scope.build_bot_chat(bot_id_list=["kouyu"])
    issued = await called(cozepy_app(service), "get_access_token", 900, scope)
    token = await service.server.store.tokens.verify(issued.access_token)
    assert token is not None
    assert (token.permissions, token.bots) == (("voice", "text"), ("kouyu",))
    assert token.refuses_bot("kouyu") == ""
    assert "kouyu alone" in token.refuses_bot("tutor")
    assert "kouyu alone" in token.refuses_bot("kouyu", "7")


async def test_a_session_name_gives_data_of_its_own_and_the_owners_bots(service: SignedUp) -> None:
    issued = await called(cozepy_app(service), "get_access_token", 900, None, "ada / 1")
    token = await service.server.store.tokens.verify(issued.access_token)
    assert token is not None
    assert token.owner == "shop/ada / 1"
    assert "bots" not in token.permissions


async def test_a_session_name_never_gives_what_reaches_beyond_the_session(sign_up: SignUp) -> None:
    service = await sign_up("service", permissions=("text", "bots", "administration"))
    _, issued = await ask(service, signed(claims_of(service, session_name="ada")))
    token = await service.server.store.tokens.verify(issued["access_token"])
    assert token is not None
    assert token.permissions == ("text",)
    scope = {"account_permission": {"permission_list": ["bots", "administration"]}}
    refused = await ask(service, signed(claims_of(service, session_name="ada")), scope=scope)
    assert (refused[0], refused[1]["error"]) == (400, "invalid_scope")


async def test_an_assertion_works_once(service: SignedUp) -> None:
    assertion = signed(claims_of(service))
    assert (await ask(service, assertion))[0] == 200
    status, refused = await ask(service, assertion)
    assert (status, refused["error"]) == (400, "invalid_grant")
    assert "jti" in refused["error_message"]
    assert len([token for token in await service.server.store.tokens.list() if token.app_id]) == 1


@pytest.mark.parametrize("path", ["/account/77/token", "/enterprise_id/e1/token"])
async def test_the_paths_of_an_account_are_the_same_door(service: SignedUp, path: str) -> None:
    assert (await ask(service, signed(claims_of(service)), TOKEN.replace("/token", path)))[0] == 200


@pytest.mark.parametrize("audience", ["127.0.0.1", "LOCALHOST:9999", ["elsewhere", "localhost"], "http://localhost/x"])
async def test_the_audience_may_be_any_name_of_the_server_with_or_without_a_port(
    service: SignedUp, audience: Any
) -> None:
    assert (await ask(service, signed(claims_of(service, aud=audience))))[0] == 200


async def test_an_app_may_be_registered_for_other_audiences(sign_up: SignUp) -> None:
    service = await sign_up("service", audiences=("api.coze.cn",))
    assert (await ask(service, signed(claims_of(service, aud="api.coze.cn"))))[0] == 200


WRONG: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "another audience": ({"aud": "api.coze.cn"}, 400, "invalid_grant", "names in [server]"),
    "an empty audience": ({"aud": ""}, 400, "invalid_grant", "aud"),
    "an expired one": ({"exp": int(time.time()) - 61, "iat": 1}, 400, "invalid_grant", "expired"),
    "one of the future": ({"iat": int(time.time()) + 3600}, 400, "invalid_grant", "future"),
    "without an end": ({"exp": None}, 400, "invalid_grant", "exp"),
    "without an id": ({"jti": None}, 400, "invalid_grant", "jti"),
    "one that is valid for days": ({"exp": int(time.time()) + 200_000}, 400, "invalid_grant", "86400"),
    "another app": ({"iss": "7"}, 401, "invalid_client", "'7'"),
    "a session name with a line break": ({"session_name": "a\nb"}, 400, "invalid_request", "session_name"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_wrong_claims_are_refused_by_name(service: SignedUp, name: str) -> None:
    claims, status, error, words = WRONG[name]
    answered, refused = await ask(service, signed(claims_of(service, **claims)))
    assert (answered, refused["error"], refused["error_code"]) == (status, error, error)
    assert words in refused["error_message"]
    assert not [token for token in await service.server.store.tokens.list() if token.app_id]


async def test_clocks_may_differ_by_a_minute(service: SignedUp) -> None:
    now = int(time.time())
    assert (await ask(service, signed(claims_of(service, iat=now + 50))))[0] == 200
    assert (await ask(service, signed(claims_of(service, iat=now - 600, exp=now - 50))))[0] == 200


async def test_only_the_registered_key_signs_and_only_with_its_own_algorithms(service: SignedUp) -> None:
    claims = claims_of(service)
    other, _ = new_key_pair()
    assert (await ask(service, signed(claims, other)))[1]["error"] == "invalid_client"
    assert (await ask(service, signed(claims, kid="key2")))[1]["error"] == "invalid_client"
    assert (await ask(service, jwt.encode(claims, "", "none", headers={"kid": KEY_ID})))[1]["error"] == "invalid_grant"
    # The public key is no secret: as the key of an HMAC it must prove nothing.
    parts = [json.dumps({"alg": "HS256", "kid": KEY_ID}).encode(), json.dumps(claims).encode()]
    text = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    mac = hmac.new(PUBLIC_KEYS[KEY_ID].encode(), text.encode(), hashlib.sha256).digest()
    forged = f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert (await ask(service, forged))[1]["error"] == "invalid_grant"
    assert (await ask(service, signed(claims)))[0] == 200


@pytest.mark.parametrize("text", ["x", "a.b.c", "e30.e30.", f"{'W1' * 2000}.e30.", "." * 9000, "é.é.é"])
async def test_what_is_no_jwt_is_refused(service: SignedUp, text: str) -> None:
    header = {"Authorization": b"Bearer " + text.encode("latin-1")}
    answer = await service.post(TOKEN, json={"grant_type": JWT_BEARER}, headers=header)
    assert (answer.status_code, answer.json()["error"]) in ((400, "invalid_request"), (401, "invalid_client"))


async def test_fields_out_of_range_are_refused_by_name(service: SignedUp) -> None:
    for body, words in (
        ({"duration_seconds": 86_400}, "duration_seconds"),
        ({"scope": {"account_permission": {"permission_list": ["Connector.unknown"]}}}, "Connector.unknown"),
        ({"grant_type": "password"}, "grant_type"),
        ({"scope": 7}, "scope"),
    ):
        status, refused = await ask(service, signed(claims_of(service)), **body)
        assert status == 400
        assert words in refused["error_message"]


async def test_cozepy_raises_with_the_text(service: SignedUp) -> None:
    app = JWTOAuthApp("7", PRIVATE_KEY.decode(), KEY_ID, base_url=service.base_url)
    with pytest.raises(CozeAPIError, match="no service app with the client id '7'"):
        await called(app, "get_access_token")


@pytest.mark.usefixtures("failures_stay_counted")
async def test_whoever_keeps_guessing_is_slowed_down_and_the_app_is_not(service: SignedUp) -> None:
    answers = [await ask(service, "a.b.c") for _ in range(40)]
    assert (answers[0][0], answers[-1][0]) == (400, 429)
    assert (await ask(service, signed(claims_of(service))))[0] == 200


async def test_deleting_the_app_revokes_its_tokens(service: SignedUp, server: Running) -> None:
    _, issued = await ask(service, signed(claims_of(service)))
    assert (await service.get("/v1/workspaces", headers=bearer(issued))).status_code == 200
    assert await server.store.apps.delete("service-app") is not None
    server.store.tokens._verified.clear()  # as after TRUSTED_SECONDS
    assert (await service.get("/v1/workspaces", headers=bearer(issued))).status_code == 401
    assert await server.store.tokens.verify(server.token) is not None


async def test_no_token_is_issued_to_an_app_that_was_deleted_meanwhile(
    service: SignedUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = service.server.store
    save = store.issuer.save_for_assertion

    async def save_late(issued: IssuedTokens, jti: str, expires_at: int) -> None:
        assert await store.apps.delete(service.app.id) is not None
        await save(issued, jti, expires_at)

    monkeypatch.setattr(store.issuer, "save_for_assertion", save_late)
    status, refused = await ask(service, signed(claims_of(service)))
    assert (status, refused["error"]) == (401, "invalid_client")
    assert not [token for token in await store.tokens.list() if token.app_id]


async def test_conversations_begin_with_the_bots_of_the_scope_alone(service: SignedUp) -> None:
    scope = {
        "account_permission": {"permission_list": ["Connector.botChat"]},
        "attribute_constraint": {"connector_bot_chat_attribute": {"bot_id_list": ["tutor"]}},
    }
    _, issued = await ask(service, signed(claims_of(service)), scope=scope)
    for query, begins in (("?bot_id=tutor", True), ("", False), ("?bot_id=tutor&workflow_id=7", False)):
        async with connect(service.server.url(f"/v1/chat{query}"), additional_headers=bearer(issued)) as socket:
            first = await socket.recv()
            assert str(first).startswith("tutor") == begins, first
            assert ("4101" in str(first)) != begins


async def test_a_connection_outlives_its_apps_token_and_not_its_revocation(service: SignedUp) -> None:
    _, issued = await ask(service, signed(claims_of(service)))
    tokens, sockets, limiter = service.server.store.tokens, service.server.sockets, service.server.limiter
    token = await tokens.verify(issued["access_token"])
    assert token is not None
    assert token.expires_at is not None
    async with connect(service.server.url(), additional_headers=bearer(issued)) as socket:
        await socket.recv()
        await sockets.close_refused(tokens, limiter, token.expires_at + APP_TOKEN_OUTLIVES_S - 1)
        await socket.send("still here")
        assert await socket.recv() == "still here"
        await tokens.revoke(token.id)
        await sockets.close_refused(tokens, limiter, token.created_at)
        assert "4100" in str(await socket.recv())


def bearer(issued: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {issued['access_token']}"}
