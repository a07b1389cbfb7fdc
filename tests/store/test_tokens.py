import re
from pathlib import Path

import pytest

from kouyu.store.errors import NameTaken
from kouyu.store.store import Store
from kouyu.store.token_records import CLIENT_PERMISSIONS, TokenLimits
from kouyu.store.tokens import TRUSTED_SECONDS
from tests.store.clock import Clock


async def test_a_secret_is_valid_and_similar_ones_are_not(store: Store) -> None:
    record, secret = await store.tokens.create("phone")
    assert re.fullmatch(r"kouyu_[A-Za-z0-9_-]{43}", secret)
    verified = await store.tokens.verify(secret)
    assert verified is not None
    assert (verified.id, verified.name, verified.permissions) == (record.id, "phone", CLIENT_PERMISSIONS)
    for wrong in ("", "undefined", secret[:-1], secret + "A", secret.swapcase(), record.digest, record.id):
        assert await store.tokens.verify(wrong) is None


async def test_the_secret_is_not_in_the_database(store: Store, location: str | Path) -> None:
    if not isinstance(location, Path):
        pytest.skip("looks into the files of SQLite")
    _, secret = await store.tokens.create("phone")
    written = b"".join(location.with_name(location.name + end).read_bytes() for end in ("", "-wal"))
    assert b"phone" in written
    assert secret.removeprefix("kouyu_").encode() not in written


async def test_a_token_has_only_the_permissions_it_was_given(store: Store) -> None:
    _, secret = await store.tokens.create("bench", permissions=("diagnostics",))
    verified = await store.tokens.verify(secret)
    assert verified is not None
    assert verified.permissions == ("diagnostics",)


async def test_a_token_ends_at_its_time_even_while_it_is_in_memory(store: Store, clock: Clock) -> None:
    _, secret = await store.tokens.create("guest", expires_at=int(clock.now) + 1)
    clock.now += 0.5
    assert await store.tokens.verify(secret) is not None
    clock.now += 0.5
    assert await store.tokens.verify(secret) is None


async def test_a_revoked_token_is_refused_at_once(store: Store) -> None:
    record, secret = await store.tokens.create("phone")
    _, other = await store.tokens.create("laptop")
    assert await store.tokens.verify(secret) is not None
    assert await store.tokens.revoke("phone")
    assert await store.tokens.verify(secret) is None
    assert not await store.tokens.revoke(record.id)
    assert await store.tokens.verify(other) is not None


async def test_a_revocation_by_another_process_is_seen_after_a_second(
    store: Store, location: str | Path, clock: Clock
) -> None:
    record, secret = await store.tokens.create("phone")
    assert await store.tokens.verify(secret) is not None
    async with await Store.open(location, recover=False) as beside:
        assert await beside.tokens.revoke(record.id)
    clock.now += TRUSTED_SECONDS
    assert await store.tokens.verify(secret) is None


async def test_a_name_is_taken_until_its_token_is_revoked(store: Store) -> None:
    await store.tokens.create("phone")
    with pytest.raises(NameTaken, match="phone"):
        await store.tokens.create("phone")
    await store.tokens.revoke("phone")
    await store.tokens.create("phone")


@pytest.mark.parametrize("name", ["", "a b", "123", "x" * 65, "电话"])
async def test_a_name_is_plain_and_never_reads_as_an_id(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        await store.tokens.create(name)


async def test_the_last_use_is_noted_at_most_once_a_minute(store: Store, clock: Clock) -> None:
    async def last_use() -> int | None:
        await store.tokens.revoke("nobody")  # what was queued before is on disk once this is
        return (await store.tokens.list())[0].last_used_at

    _, secret = await store.tokens.create("phone")
    assert await last_use() is None
    started = int(clock.now)
    for _ in range(5):
        await store.tokens.verify(secret)
        clock.now += 11
    assert await last_use() == started
    clock.now = started + 60
    await store.tokens.verify(secret)
    assert await last_use() == started + 60


async def test_more_tokens_than_are_kept_in_memory_are_all_valid(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kouyu.store.tokens._CACHED_TOKENS", 2)
    secrets = [(await store.tokens.create(f"t{number}"))[1] for number in range(5)]
    for _ in range(2):
        verified = [await store.tokens.verify(secret) for secret in secrets]
        assert [each.name for each in verified if each] == ["t0", "t1", "t2", "t3", "t4"]


async def test_what_is_changed_changes_and_the_rest_stays(store: Store) -> None:
    _, secret = await store.tokens.create("phone", owner="acme", limits=TokenLimits(conversations=2))
    assert await store.tokens.verify(secret) is not None
    await store.tokens.change("phone", limits={"requests_a_minute": 60, "conversations": None})
    verified = await store.tokens.verify(secret)
    assert verified is not None
    assert (verified.owner, verified.permissions) == ("acme", CLIENT_PERMISSIONS)
    assert verified.limits == TokenLimits(requests_a_minute=60)
    await store.tokens.change(verified.id, permissions=("text",))
    verified = await store.tokens.verify(secret)
    assert verified is not None
    assert (verified.permissions, verified.limits) == (("text",), TokenLimits(requests_a_minute=60))
    assert await store.tokens.change("nobody", limits={"conversations": 1}) is None


@pytest.mark.parametrize("owner", ["a b", "x" * 65, "电话"])
async def test_an_owner_is_plain(store: Store, owner: str) -> None:
    with pytest.raises(ValueError, match="owner"):
        await store.tokens.create("phone", owner=owner)


async def test_a_page_of_a_named_owner_does_not_administer(store: Store) -> None:
    exchanged = await store.tokens.exchange_login(await store.tokens.create_login("acme"))
    assert exchanged is not None
    assert (exchanged[0].owner, exchanged[0].permissions) == ("acme", CLIENT_PERMISSIONS)


async def test_audio_is_counted_by_day_and_goes_with_its_token(store: Store, clock: Clock) -> None:
    record, _ = await store.tokens.create("phone")
    assert await store.tokens.count_audio(record.id, 1500) == 1500
    assert await store.tokens.count_audio(record.id, 500) == 2000
    clock.now += 86_400
    assert await store.tokens.audio_today_ms(record.id) == 0
    assert await store.tokens.count_audio(record.id, 1) == 1
    await store.tokens.revoke(record.id)
    assert await store.tokens.audio_today_ms(record.id) == 0
    assert await store.tokens.count_audio(record.id, 1) == 0
