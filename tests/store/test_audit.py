"""The audit log: what was done stays listed, the latest first, until it is too old."""

from kouyu.store.audit import Actor
from kouyu.store.store import Store
from tests.store.clock import Clock

ROOT, SHOP = Actor("command line: root"), Actor("app", "shop")


async def test_entries_are_listed_the_latest_first(store: Store, clock: Clock) -> None:
    await store.audit.note(ROOT, "token.created", "app", owner="shop", detail="opens text; limits: none")
    clock.now += 60
    await store.audit.note(SHOP, "bot.changed", "7", owner="shop")
    changed, created = await store.audit.list()
    assert (changed.actor, changed.actor_owner, changed.action, changed.subject) == ("app", "shop", "bot.changed", "7")
    assert (created.actor, created.at, created.detail) == (ROOT.name, int(clock.now) - 60, "opens text; limits: none")
    assert await store.audit.list(limit=1) == (changed,)
    assert await store.audit.list(since=changed.at) == (changed,)


async def test_what_is_too_old_goes(store: Store, clock: Clock) -> None:
    await store.audit.note(ROOT, "backup.made", "old")
    clock.now += 1
    await store.audit.note(ROOT, "backup.made", "new")
    assert await store.audit.forget_before(int(clock.now)) == 1
    assert [entry.subject for entry in await store.audit.list()] == ["new"]
