"""Ids look like the real service's."""

import re
import time
import uuid

import pytest

from kouyu.domain.ids import MOST_SERVERS, NO_SERVER, IdFactory, new_event_id, new_log_id, server_of


def test_ids_have_19_digits_and_fit_64_bits() -> None:
    factory = IdFactory()
    for _ in range(1000):
        made = factory.next_id()
        assert re.fullmatch(r"[1-9][0-9]{18}", made)
        assert int(made) < 2**63


def test_ids_of_one_factory_grow() -> None:
    factory = IdFactory()
    made = [int(factory.next_id()) for _ in range(5000)]
    assert made == sorted(set(made))


def test_a_later_factory_gives_larger_ids() -> None:
    before = int(IdFactory().next_id())
    time.sleep(0.002)
    assert int(IdFactory().next_id()) > before


def test_servers_of_different_numbers_never_make_the_same_id() -> None:
    factories = [IdFactory(server) for server in (1, 2, MOST_SERVERS)]
    made = [factory.next_id() for _ in range(5000) for factory in factories]
    assert len(set(made)) == len(made)


def test_an_id_says_which_server_made_it() -> None:
    assert [server_of(IdFactory(server).next_id()) for server in (NO_SERVER, 1, MOST_SERVERS)] == [0, 1, 1023]
    assert server_of("a conversation of an import") == NO_SERVER


def test_a_server_with_a_new_number_makes_ids_of_that_number() -> None:
    factory = IdFactory(5)
    factory.next_id()
    factory.server = 6
    assert server_of(factory.next_id()) == 6


def test_an_event_id_is_a_random_uuid() -> None:
    made = new_event_id()
    assert uuid.UUID(made).version == 4
    assert made != new_event_id()


def test_a_log_id_is_02_then_milliseconds_then_hex_53_characters_long() -> None:
    before = int(time.time() * 1000)
    made = new_log_id()
    found = re.fullmatch(r"02([0-9]{13})[0-9a-f]{38}", made)
    assert found is not None
    assert len(made) == 53
    assert before <= int(found[1]) <= int(time.time() * 1000)


def test_more_ids_than_fit_into_a_millisecond_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kouyu.domain.ids.time.time", lambda: 1_800_000_000.0)
    factory = IdFactory(7)
    made = [factory.next_id() for _ in range(3000)]
    assert made == sorted(set(made))
    assert {server_of(each) for each in made} == {7}
