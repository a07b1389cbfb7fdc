"""Which address the next request goes to."""

from kouyu.engines.remote.addresses import Address, Addresses
from kouyu.engines.remote.options import RemoteOptions

URLS = ("http://one:1", "http://two:2", "unix:/three.sock")


async def test_the_one_with_the_least_to_do_and_others_in_turn() -> None:
    addresses = Addresses(RemoteOptions(urls=URLS), "")
    chosen = [each.url for _ in range(6) if (each := addresses.next_for("asr"))]
    assert sorted(chosen) == sorted([*URLS, *URLS])
    addresses.all[0].in_flight = addresses.all[1].in_flight = 1
    assert addresses.next_for("asr") is addresses.all[2]
    await addresses.close()


async def test_those_that_fail_come_last_and_the_first_to_fail_before_others() -> None:
    now = 1.0
    addresses = Addresses(RemoteOptions(urls=URLS), "", clock=lambda: now)
    one, two, three = addresses.all
    assert addresses.failed(two)
    assert {addresses.next_for("asr") for _ in range(4)} == {one, three}
    for failing in (one, three):
        now += 1
        addresses.failed(failing)
    assert (addresses.next_for("asr"), addresses.next_for("asr", (two,))) == (two, one)
    assert not addresses.failed(two)
    assert addresses.answered(three)
    assert not addresses.answered(three)
    assert addresses.next_for("asr") is three
    await addresses.close()


async def test_only_those_that_serve_the_kind() -> None:
    addresses = Addresses(RemoteOptions(urls=URLS), "")
    tts: Address = addresses.all[1]
    for each in addresses.all:
        each.kinds = ("tts",) if each is tts else ("asr",)
    assert addresses.next_for("tts") is tts
    assert addresses.next_for("tts", (tts,)) is None
    assert addresses.next_for("emotion") is None
    await addresses.close()
