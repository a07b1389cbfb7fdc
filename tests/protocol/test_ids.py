"""Ids look like the real service's."""

import re
import time
import uuid

from kouyu.protocol.ids import IdFactory, new_event_id, new_log_id


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


def test_factories_of_one_moment_hardly_ever_agree() -> None:
    assert len({IdFactory().next_id() for _ in range(100)}) == 100


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
