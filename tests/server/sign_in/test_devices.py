"""Device apps: cozepy shows a code, a user enters it, and the device gets its tokens."""

import time
from typing import Any

import httpx
import pytest
from cozepy import CozePKCEAuthError, DeviceOAuthApp
from cozepy.auth import DeviceAuthCode

from kouyu.server.access import failure_backoff
from kouyu.store import sign_ins
from kouyu.store.sign_ins import DEVICE_CODE_S, INTERVAL_S
from tests.server.sign_in.conftest import SignedUp, SignUp, called
from tests.store.clock import Clock


@pytest.fixture
async def device(sign_up: SignUp) -> SignedUp:
    return await sign_up("device")


@pytest.fixture
def clock(device: SignedUp, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the sign-ins."""
    clock = Clock()
    clock.now = float(int(time.time()))
    monkeypatch.setattr(device.server.store.sign_ins, "_clock", clock)
    return clock


def program(device: SignedUp) -> DeviceOAuthApp:
    return DeviceOAuthApp(device.app.id, base_url=device.base_url)


async def codes(device: SignedUp, workspace_id: Any = None) -> DeviceAuthCode:
    code: DeviceAuthCode = await called(program(device), "get_device_code", workspace_id)
    return code


async def answered(device: SignedUp, code: DeviceAuthCode) -> str:
    """What a poll gets: an error's name, or "issued"."""
    try:
        await called(program(device), "get_access_token", code.device_code)
    except CozePKCEAuthError as refused:
        return str(refused.error.value)
    return "issued"


async def decide(device: SignedUp, user_code: str, *, allow: bool = True) -> httpx.Response:
    path = f"/v1/kouyu/sign_ins/{user_code}"
    return await device.post(path, json={"allow": allow}, headers=await device.administrator())


@pytest.mark.parametrize("workspace_id", [None, "77"])
async def test_a_device_gets_its_tokens_when_its_user_has_entered_the_code(
    device: SignedUp, clock: Clock, workspace_id: Any
) -> None:
    code = await codes(device, workspace_id)
    assert code.verification_url == f"{device.base_url}/device?user_code={code.user_code}"
    assert (code.interval, code.expires_in) == (INTERVAL_S, DEVICE_CODE_S)
    assert await answered(device, code) == "authorization_pending"
    typed = f"{code.user_code[:4]}-{code.user_code[4:]}".lower()
    shown = await device.get(f"/v1/kouyu/sign_ins/{typed}", headers=await device.administrator())
    assert shown.json()["data"]["app"] == "device-app"
    assert (await decide(device, typed)).status_code == 200
    issued = await called(program(device), "get_access_token", code.device_code, True)
    assert await device.server.store.tokens.verify(issued.access_token) is not None
    again = await called(program(device), "refresh_access_token", issued.refresh_token)
    assert await device.server.store.tokens.verify(again.access_token) is not None
    assert (await decide(device, typed)).status_code == 404


async def test_the_page_that_the_device_names_is_there(device: SignedUp) -> None:
    code = await codes(device)
    page = await device.get(str(code.verification_url).removeprefix(device.base_url))
    assert page.status_code == 200
    assert code.user_code in page.text
    for part in ("consent.js", "consent.css"):
        assert (await device.get(f"/sign_in/{part}")).status_code == 200


async def test_a_user_may_deny_it(device: SignedUp) -> None:
    code = await codes(device)
    assert (await decide(device, code.user_code, allow=False)).status_code == 200
    assert await answered(device, code) == "access_denied"


async def test_a_code_expires(device: SignedUp, clock: Clock) -> None:
    code = await codes(device)
    clock.now += DEVICE_CODE_S
    assert (await decide(device, code.user_code)).status_code == 404
    assert await answered(device, code) == "expired_token"


async def test_a_device_that_asks_too_often_is_told_to_slow_down(device: SignedUp, clock: Clock) -> None:
    code = await codes(device)
    assert await answered(device, code) == "authorization_pending"
    clock.now += 1
    assert await answered(device, code) == "slow_down"
    clock.now += INTERVAL_S
    assert await answered(device, code) == "slow_down"  # the interval has grown
    clock.now += 3 * INTERVAL_S
    assert await answered(device, code) == "authorization_pending"
    assert (await decide(device, code.user_code)).status_code == 200
    assert await answered(device, code) == "issued"


async def test_codes_of_other_apps_and_kinds_are_unknown(device: SignedUp, sign_up: SignUp) -> None:
    await sign_up("pkce")
    body = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": device.app.id}
    answer = await device.post("/api/permission/oauth2/token", json={**body, "device_code": "guess"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    answer = await device.post("/api/permission/oauth2/device/code", json={"client_id": "7"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    answer = await device.post("/api/permission/oauth2/device/code", json={})
    assert "client_id" in answer.json()["error_message"]


async def test_only_so_many_devices_wait_at_once(device: SignedUp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_ins, "MOST_PENDING", 2)
    for _ in range(2):
        await codes(device)
    answer = await device.post("/api/permission/oauth2/device/code", json={"client_id": device.app.id})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")


@pytest.mark.usefixtures("failures_stay_counted")
async def test_an_address_begins_only_so_many_sign_ins(device: SignedUp) -> None:
    asked = {"client_id": device.app.id}
    answers = [
        await device.post("/api/permission/oauth2/device/code", json=asked)
        for _ in range(failure_backoff.FAILURES_AT_ONCE + 1)
    ]
    assert (answers[-2].status_code, answers[-1].status_code) == (200, 429)
