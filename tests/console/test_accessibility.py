"""What axe-core says of every view, in light and in dark: contrast, names, roles and the rest of WCAG 2.2 AA."""

import httpx
import pytest
from cozepy import PKCEOAuthApp

from tests.console.page import Page
from tests.console.sign_in import login_of
from tests.sdk.sdk_examples import REDIRECT_URI, register

pytestmark = pytest.mark.sdk


def problems_of(found: dict[str, list[str]]) -> list[str]:
    """What is wrong, each with its view."""
    return [f"{view}: {problem}" for view, problems in found.items() for problem in problems]


def test_axe_finds_nothing_on_the_page(page: Page) -> None:
    seen = page.does("accessibility", "page", login=login_of(page.server), bot="tools")
    assert len(seen["found"]) == 2 * 16
    assert not (problems := problems_of(seen["found"])), "\n".join(problems)


def test_axe_finds_nothing_on_the_pages_beside_it(page: Page) -> None:
    device = register(page.server, "accessible-tv", "device")["client id"]
    app = register(page.server, "accessible-app", "pkce", "--redirect-uri", REDIRECT_URI)["client id"]
    codes = httpx.post(
        f"{page.server.http}/api/permission/oauth2/device/code", json={"client_id": device}, trust_env=False
    ).json()
    seen = page.does(
        "accessibility",
        "others",
        login=login_of(page.server),
        device=f"{codes['verification_uri']}?user_code={codes['user_code']}",
        authorize=PKCEOAuthApp(app, page.server.http).get_oauth_url(REDIRECT_URI, "verifier", "S256", state="s1"),
    )
    assert len(seen["found"]) == 2 * 5
    assert not (problems := problems_of(seen["found"])), "\n".join(problems)
