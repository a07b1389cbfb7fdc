"""A server in a namespace is reached as on another machine, and its bytes are counted apart."""

import socket
import subprocess
import sys

import pytest

from bench.scaling.namespaces import CannotIsolate, Network, namespaces, one_machine

_ECHO = """
import socket, sys
near = socket.create_connection((sys.argv[1], int(sys.argv[2])))
while data := near.recv(65536):
    near.sendall(data)
"""


def test_bytes_are_counted_for_each_thing_that_a_server_talks_with() -> None:
    try:
        with namespaces(2) as network:
            counted(network)
    except CannotIsolate as fault:
        pytest.skip(str(fault))


def counted(network: Network) -> None:
    first, second = network.places
    with socket.create_server((network.addresses["database"], 0)) as database:
        port = str(database.getsockname()[1])
        command = ["nsenter", f"--net=/run/netns/{first.namespace}", sys.executable, "-c", _ECHO]
        with subprocess.Popen([*command, network.addresses["database"], port]) as server:
            near, (address, _) = database.accept()
            with near:
                before = {link: first.bytes_of(link) for link in first.interfaces}, second.bytes_of("database")
                sent = b"x" * 50_000
                near.sendall(sent)
                near.shutdown(socket.SHUT_WR)
                received = b""
                while data := near.recv(65536):
                    received += data
            assert server.wait() == 0
    assert received == sent
    assert address.startswith("10.213.")
    assert address != first.address
    used = {link: first.bytes_of(link) - before[0][link] for link in first.interfaces}
    assert used["database"] > 2 * len(sent)
    assert max(used["clients"], used["engines"], second.bytes_of("database") - before[1]) < 10_000


def test_without_namespaces_servers_are_plain_processes_of_this_machine() -> None:
    network = one_machine(2)
    assert not network.is_isolated
    assert network.places[0].command("kouyu", "serve") == ("kouyu", "serve")
    assert network.places[0].bytes_of("clients") == 0
    assert set(network.addresses.values()) == {"127.0.0.1"}
