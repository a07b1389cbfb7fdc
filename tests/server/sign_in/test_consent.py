"""Web and pkce apps: cozepy's link, the consent of a user, and the exchange of the code."""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cozepy import CozeAPIError, PKCEOAuthApp, WebOAuthApp

from kouyu.store.sign_ins import CODE_S
from tests.server.sign_in.conftest import REDIRECT_URI, SCRIPTABLE, SignedUp, SignUp, called
from tests.store.clock import Clock

VERIFIER = "random code verifier"


@pytest.fixture
async def pkce(sign_up: SignUp) -> SignedUp:
    return await sign_up("pkce", owner="shop")


@pytest.fixture
async def web(sign_up: SignUp) -> SignedUp:
    return await sign_up("web")


def asked(link: str) -> dict[str, str]:
    """The query of the link that an app opens."""
    return {name: value for name, (value,) in parse_qs(urlsplit(link).query).items()}


async def consent(app: SignedUp, link: str, *, allow: bool = True, header: Any = None) -> httpx.Response:
    """What the page does when its user has decided."""
    body = {**asked(link), "allow": allow}
    return await app.post("/v1/kouyu/sign_ins", json=body, headers=header or await app.administrator())


def said(redirect_to: str) -> dict[str, str]:
    """What the app's redirect URI gets."""
    return asked(redirect_to)


def link_of(app: SignedUp, redirect_uri: str = REDIRECT_URI, method: Any = "S256") -> str:
    link: str = PKCEOAuthApp(app.app.id, base_url=app.base_url).get_oauth_url(
        redirect_uri, VERIFIER, code_challenge_method=method, state="s&1"
    )
    return link


@pytest.mark.parametrize("method", ["S256", "plain"])
@pytest.mark.parametrize("redirect_uri", [REDIRECT_URI, SCRIPTABLE])
async def test_pkce(pkce: SignedUp, method: str, redirect_uri: str) -> None:
    program = PKCEOAuthApp(pkce.app.id, base_url=pkce.base_url)
    link = link_of(pkce, redirect_uri, method)
    page = await pkce.get(link.removeprefix(pkce.base_url))
    assert page.status_code == 200
    assert "pkce-app" in page.text
    goes_to = (await consent(pkce, link)).json()["data"]["redirect_to"]
    assert goes_to.startswith(redirect_uri)
    assert said(goes_to)["state"] == "s&1"
    code = said(goes_to)["code"]
    issued = await called(program, "get_access_token", redirect_uri, code, VERIFIER)
    token = await pkce.server.store.tokens.verify(issued.access_token)
    assert token is not None
    assert (token.owner, token.app_id) == ("shop", pkce.app.id)
    actions = [(entry.action, entry.subject) for entry in await pkce.server.store.audit.list()]
    assert actions == [("token.issued", "pkce-app"), ("app.allowed", "pkce-app")]
    with pytest.raises(CozeAPIError, match="used"):
        await called(program, "get_access_token", redirect_uri, code, VERIFIER)


async def test_a_web_app_needs_its_secret(web: SignedUp) -> None:
    program = WebOAuthApp(web.app.id, web.secret, base_url=web.base_url)
    code = said((await consent(web, program.get_oauth_url(REDIRECT_URI))).json()["data"]["redirect_to"])["code"]
    impostor = WebOAuthApp(web.app.id, "kouyu_app_guessed", base_url=web.base_url)
    with pytest.raises(CozeAPIError, match="secret is wrong"):
        await called(impostor, "get_access_token", REDIRECT_URI, code)
    issued = await called(program, "get_access_token", REDIRECT_URI, code)
    with pytest.raises(CozeAPIError, match="secret is wrong"):
        await called(impostor, "refresh_access_token", issued.refresh_token)
    again = await called(program, "refresh_access_token", issued.refresh_token)
    assert await web.server.store.tokens.verify(again.access_token) is not None


async def test_a_refresh_token_works_once_and_for_its_own_app(pkce: SignedUp, web: SignedUp) -> None:
    program = PKCEOAuthApp(pkce.app.id, base_url=pkce.base_url)
    code = said((await consent(pkce, link_of(pkce))).json()["data"]["redirect_to"])["code"]
    first = await called(program, "get_access_token", REDIRECT_URI, code, VERIFIER)
    other = WebOAuthApp(web.app.id, web.secret, base_url=web.base_url)
    with pytest.raises(CozeAPIError, match="never existed"):
        await called(other, "refresh_access_token", first.refresh_token)
    second = await called(program, "refresh_access_token", first.refresh_token)
    assert second.access_token != first.access_token
    with pytest.raises(CozeAPIError, match="never existed"):
        await called(program, "refresh_access_token", second.access_token)
    refused = await pkce.get("/v1/workspaces", headers={"Authorization": f"Bearer {second.refresh_token}"})
    assert refused.status_code == 403
    with pytest.raises(CozeAPIError, match="has been used"):
        await called(program, "refresh_access_token", first.refresh_token)


async def test_a_used_refresh_token_revokes_all_that_its_sign_in_gave(pkce: SignedUp) -> None:
    """RFC 9700, 4.14.2: who renews with a used one, or who has the next one, has stolen it."""
    program = PKCEOAuthApp(pkce.app.id, base_url=pkce.base_url)
    first, other = [
        await called(
            program, "get_access_token", REDIRECT_URI, said(answer.json()["data"]["redirect_to"])["code"], VERIFIER
        )
        for answer in (await consent(pkce, link_of(pkce)), await consent(pkce, link_of(pkce)))
    ]
    second = await called(program, "refresh_access_token", first.refresh_token)
    third = await called(program, "refresh_access_token", second.refresh_token)
    tokens, audit = pkce.server.store.tokens, pkce.server.store.audit
    assert await tokens.verify(third.access_token) is not None
    for _ in range(2):
        with pytest.raises(CozeAPIError, match="has been used"):
            await called(program, "refresh_access_token", first.refresh_token)
    assert [await tokens.verify(each.access_token) for each in (first, second, third)] == [None] * 3
    with pytest.raises(CozeAPIError, match="has been used"):
        await called(program, "refresh_access_token", third.refresh_token)
    revoked = [entry for entry in await audit.list() if entry.action == "token.revoked"]
    assert [(entry.subject, entry.detail) for entry in revoked] == [
        ("pkce-app", "all of a sign-in: a refresh token was presented again")
    ]
    assert await tokens.verify(other.access_token) is not None
    await called(program, "refresh_access_token", other.refresh_token)


async def test_of_two_renewals_at_once_none_leaves_a_token(pkce: SignedUp) -> None:
    program = PKCEOAuthApp(pkce.app.id, base_url=pkce.base_url)
    code = said((await consent(pkce, link_of(pkce))).json()["data"]["redirect_to"])["code"]
    first = await called(program, "get_access_token", REDIRECT_URI, code, VERIFIER)
    answers = await asyncio.gather(
        *(called(program, "refresh_access_token", first.refresh_token) for _ in range(2)), return_exceptions=True
    )
    assert sorted(isinstance(answer, CozeAPIError) for answer in answers) == [False, True]
    assert [token for token in await pkce.server.store.tokens.list() if token.app_id] == []


async def test_a_code_that_is_presented_again_revokes_what_it_gave(pkce: SignedUp) -> None:
    """RFC 6749, 4.1.2."""
    program = PKCEOAuthApp(pkce.app.id, base_url=pkce.base_url)
    code = said((await consent(pkce, link_of(pkce))).json()["data"]["redirect_to"])["code"]
    issued = await called(program, "get_access_token", REDIRECT_URI, code, VERIFIER)
    tokens = pkce.server.store.tokens
    assert await tokens.verify(issued.access_token) is not None
    with pytest.raises(CozeAPIError, match="has been used"):
        await called(program, "get_access_token", REDIRECT_URI, code, VERIFIER)
    assert await tokens.verify(issued.access_token) is None
    with pytest.raises(CozeAPIError, match="has been used"):
        await called(program, "refresh_access_token", issued.refresh_token)


async def test_revoking_one_token_of_a_grant_revokes_all(pkce: SignedUp) -> None:
    program = PKCEOAuthApp(pkce.app.id, base_url=pkce.base_url)
    code = said((await consent(pkce, link_of(pkce))).json()["data"]["redirect_to"])["code"]
    issued = await called(program, "get_access_token", REDIRECT_URI, code, VERIFIER)
    tokens = pkce.server.store.tokens
    record = await tokens.verify(issued.access_token)
    assert record is not None
    await tokens.revoke(record.name)
    assert await tokens.verify(issued.access_token) is None
    with pytest.raises(CozeAPIError, match="has been used"):
        await called(program, "refresh_access_token", issued.refresh_token)


async def test_a_code_is_of_no_use_without_its_verifier_or_with_another_redirect_uri(pkce: SignedUp) -> None:
    program = PKCEOAuthApp(pkce.app.id, base_url=pkce.base_url)
    for redirect_uri, verifier, words in (
        (REDIRECT_URI, "another", "code_verifier"),
        (REDIRECT_URI, "", "code_verifier"),
        (SCRIPTABLE, VERIFIER, "redirect_uri"),
    ):
        code = said((await consent(pkce, link_of(pkce))).json()["data"]["redirect_to"])["code"]
        with pytest.raises(CozeAPIError, match=words):
            await called(program, "get_access_token", redirect_uri, code, verifier)
        with pytest.raises(CozeAPIError, match="has been used"):  # whoever guesses has one try
            await called(program, "get_access_token", REDIRECT_URI, code, VERIFIER)


async def test_a_user_who_denies_sends_the_app_away_without_a_code(pkce: SignedUp) -> None:
    goes_to = (await consent(pkce, link_of(pkce), allow=False)).json()["data"]["redirect_to"]
    assert said(goes_to) == {"error": "access_denied", "state": "s&1"}
    assert [entry.action for entry in await pkce.server.store.audit.list()] == ["app.denied"]


WRONG = {
    "an unknown app": ({"client_id": "7"}, "client id"),
    "another redirect URI": ({"redirect_uri": REDIRECT_URI + "/"}, "redirect_uri"),
    "a redirect URI that begins like one": ({"redirect_uri": REDIRECT_URI + ".evil.example"}, "redirect_uri"),
    "no redirect URI": ({"redirect_uri": ""}, "redirect_uri"),
    "a token at once": ({"response_type": "token"}, "response_type"),
    "no challenge": ({"code_challenge": ""}, "code_challenge"),
    "another method": ({"code_challenge_method": "S512"}, "code_challenge_method"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_link_sends_nobody_anywhere(pkce: SignedUp, name: str) -> None:
    changes, words = WRONG[name]
    query = {**asked(link_of(pkce)), **changes}
    page = await pkce.get("/api/permission/oauth2/authorize", params=query)
    assert page.status_code == 400
    assert words in page.text
    assert "location" not in page.headers
    answer = await pkce.post("/v1/kouyu/sign_ins", json={**query, "allow": True}, headers=await pkce.administrator())
    assert answer.status_code == 400
    assert words in answer.json()["msg"]


async def test_the_page_shows_what_it_was_given_as_text_and_no_other_site_may_frame_it(sign_up: SignUp) -> None:
    pkce = await sign_up("pkce", owner='"><script>alert(1)</script>')
    query = {**asked(link_of(pkce)), "redirect_uri": "<script>alert(1)</script>"}
    for page in (
        await pkce.get("/api/permission/oauth2/authorize", params=query),
        await pkce.get(link_of(pkce).removeprefix(pkce.base_url)),
        await pkce.get("/device", params={"user_code": '"><script>x'}),
        await pkce.get(link_of(pkce).removeprefix(pkce.base_url).replace("oauth2/", "oauth2/workspace_id/1/")),
    ):
        assert "<script>" not in page.text
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert "'unsafe-inline'" not in page.headers["content-security-policy"]


async def test_consent_is_an_administrators_or_that_of_the_page_of_the_apps_owner(
    pkce: SignedUp, web: SignedUp, sign_up: SignUp
) -> None:
    tokens = pkce.server.store.tokens

    async def page_of(owner: str) -> dict[str, str]:
        exchanged = await tokens.exchange_login(await tokens.create_login(owner))
        assert exchanged is not None
        return {"Authorization": f"Bearer {exchanged[1]}"}

    for header in ({}, pkce.server.header, await page_of("clinic")):
        refused = await consent(pkce, link_of(pkce), header=header or {"Authorization": "Bearer x"})
        assert refused.status_code in (401, 403)
    assert (await consent(pkce, link_of(pkce), header=await page_of("shop"))).status_code == 200
    refused = await consent(pkce, link_of(web) + "&x=1", header=await page_of("shop"))
    assert refused.status_code == 403


async def test_nobody_gives_an_app_the_administration_without_having_it(sign_up: SignUp) -> None:
    pkce = await sign_up("pkce", owner="shop", permissions=("administration",))
    tokens = pkce.server.store.tokens
    exchanged = await tokens.exchange_login(await tokens.create_login("shop"))
    assert exchanged is not None
    refused = await consent(pkce, link_of(pkce), header={"Authorization": f"Bearer {exchanged[1]}"})
    assert refused.status_code == 403
    assert (await consent(pkce, link_of(pkce))).status_code == 200


async def test_a_code_that_is_exchanged_late_has_expired(pkce: SignedUp, monkeypatch: pytest.MonkeyPatch) -> None:
    code = said((await consent(pkce, link_of(pkce))).json()["data"]["redirect_to"])["code"]
    clock = Clock()
    clock.now = pkce.server.store.sign_ins._clock() + CODE_S + 1
    monkeypatch.setattr(pkce.server.store.sign_ins, "_clock", clock)
    program = PKCEOAuthApp(pkce.app.id, base_url=pkce.base_url)
    with pytest.raises(Exception, match="expired_token"):
        await called(program, "get_access_token", REDIRECT_URI, code, VERIFIER)


async def test_a_form_is_read_as_json_is(pkce: SignedUp) -> None:
    code = said((await consent(pkce, link_of(pkce))).json()["data"]["redirect_to"])["code"]
    form = {
        "grant_type": "authorization_code",
        "client_id": pkce.app.id,
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
        "scope": "openid",
    }
    answer = await pkce.post("/api/permission/oauth2/token", data=form)
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "Bearer"
    assert answer.headers["cache-control"] == "no-store"
