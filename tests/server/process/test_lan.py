"""By what names other machines find this one."""

import socket
from ipaddress import ip_address

import pytest

from kouyu.server.process.lan import lan_names


def test_nothing_that_other_machines_cannot_reach_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ["127.0.0.1", "127.0.1.1", "192.168.1.7", "0.0.0.0", "10.0.0.7", "192.168.1.7"]
    answers = [(None, None, 0, "", (address, 0)) for address in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    monkeypatch.setattr(socket, "gethostname", lambda: "Box.home")
    names = lan_names()
    assert {"192.168.1.7", "10.0.0.7"} <= {*names}
    assert not any(name in names for name in ("127.0.0.1", "127.0.1.1", "0.0.0.0"))
    assert names[-1] == "box.local"
    assert len(names) == len({*names})


def test_every_address_can_stand_in_a_certificate() -> None:
    for name in lan_names():
        if not name.endswith(".local"):
            assert not ip_address(name).is_loopback
