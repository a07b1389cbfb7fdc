"""Which connections have a turn in progress, and how many."""

from kouyu.serving.turns_in_progress import TurnsInProgress
from tests.server.process.test_draining import Client


def test_connections_count_while_they_have_a_turn() -> None:
    turns, ada, bob = TurnsInProgress(), Client(), Client()
    with turns.reported(ada, lambda: ada.in_turn):
        with turns.reported(bob, lambda: bob.in_turn):
            assert turns.count == 0
            ada.in_turn = bob.in_turn = True
            assert turns.count == 2
            assert turns.on(bob)
        assert turns.count == 1
        assert not turns.on(bob)
        ada.in_turn = False
        assert turns.count == 0
