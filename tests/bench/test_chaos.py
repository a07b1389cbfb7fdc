"""The verdict of a chaos run sees what it is for; a short piece of `make chaos`."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.chaos import disturbances
from bench.chaos.ledger import Ledger, Outage, marker
from bench.chaos.report import answered_late, never_again
from bench.chaos.run import run
from bench.chaos.verdict import Saved, SavedChat, SavedMessage, faults
from tests.standins.postgres import NEEDED, is_installed


def question(identity: str, turn: int, client: str = "ann", conversation: str = "c1") -> SavedMessage:
    return SavedMessage(identity, conversation, "user", marker(client, turn))


def told() -> Ledger:
    """Two messages of Ann in this order, and a chat that has completed."""
    ledger = Ledger()
    for message in (question("m1", 1), question("m2", 2)):
        data = {"id": message.id, "conversation_id": "c1", "role": "user", "content": message.content}
        ledger.told("ann", "conversation.message.completed", {**data, "type": "question"})
    chat = {"id": "h1", "conversation_id": "c1"}
    ledger.told("ann", "conversation.chat.created", {**chat, "status": "created"})
    ledger.told("ann", "conversation.chat.completed", {**chat, "status": "completed"})
    return ledger


AS_TOLD = Saved([question("m1", 1), question("m2", 2)], [SavedChat("h1", "c1", "completed")], {"c1": "ann"})


def test_a_database_that_has_what_was_told_is_right_also_with_what_was_not_told_yet() -> None:
    more = replace(AS_TOLD, messages=[*AS_TOLD.messages, question("m3", 3)])
    assert faults(told(), AS_TOLD) == faults(told(), more) == []


@pytest.mark.parametrize(
    ("saved", "fault"),
    [
        (replace(AS_TOLD, messages=AS_TOLD.messages[:1]), "message m2 of ann is missing"),
        (replace(AS_TOLD, messages=[question("m1", 1), replace(question("m2", 2), content="cut")]), "told was"),
        (replace(AS_TOLD, messages=[question("m1", 1), question("m2", 2, conversation="c2")]), "another conversation"),
        (replace(AS_TOLD, messages=[*AS_TOLD.messages, question("m3", 1)]), "is saved 2 times"),
        (replace(AS_TOLD, messages=[question("m2", 2), question("m1", 1)]), "not in the order"),
        (replace(AS_TOLD, messages=[*AS_TOLD.messages, question("m3", 1, "bob")]), "has words of ann, bob"),
        (replace(AS_TOLD, messages=[*AS_TOLD.messages, question("m3", 3, conversation="c2")]), "ann has 2 conv"),
        (replace(AS_TOLD, conversations={"c1": "talker1", "c2": "talker1"}), "talker1 has begun 2 conversations"),
        (replace(AS_TOLD, chats=[]), "chat h1 of ann is missing"),
        (replace(AS_TOLD, chats=[SavedChat("h1", "c1", "failed")]), "is failed, told was completed"),
        (replace(AS_TOLD, chats=[*AS_TOLD.chats, SavedChat("h2", "c1", "in_progress")]), "is left in_progress"),
    ],
)
def test_what_differs_is_found(saved: Saved, fault: str) -> None:
    found = faults(told(), saved)
    assert any(fault in line for line in found), found


def test_a_client_that_is_not_served_again_is_found() -> None:
    ledger = Ledger()
    ledger.outages = [Outage("ann", "talks", "closed", 1.0, 2.0, 3.0), Outage("bob", "talks", "closed", 1.0, 2.0)]
    assert never_again(ledger) == ["bob was not served again after: closed"]


def test_a_client_that_is_answered_late_is_named() -> None:
    ledger = Ledger()
    ledger.outages = [
        Outage("ann", "talks", "closed", began=1.0, connected=20.0, answered=21.0),
        Outage("bob", "talks", "closed", began=1.0, connected=2.0, answered=9.0),
        Outage("cy", "writes", "code 4016", began=1.0, connected=18.0, answered=18.0),
    ]
    assert answered_late(ledger) == [
        "bob was answered 7.0 s later, after: closed",
        "cy was answered 17.0 s later, after: code 4016",
    ]


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.skipif(not is_installed(), reason=NEEDED)
async def test_all_is_as_told_after_a_server_was_killed_that_was_in_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = [disturbances.ALL["kill-server"]]
    code = await run(tmp_path, talkers=2, writers=2, pause=4, chosen=chosen, balanced=False, on_ray=False)
    said = capsys.readouterr().out
    assert code == 0, said
    assert "all as told" in said
