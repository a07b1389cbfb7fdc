"""Which bots are models for a token."""

import pytest

from kouyu.agents.bot_definition import BotDefinition
from kouyu.server.openai_api.errors import OpenAIError
from kouyu.server.openai_api.models import known_bot
from kouyu.store.token_records import TokenRecord

BOTS = {name: BotDefinition(id=name, name=name.title()) for name in ("tutor", "chef")}


def token(*bots: str, owner: str = "") -> TokenRecord:
    return TokenRecord(id="1", name="app", digest="", permissions=("text",), created_at=0, owner=owner, bots=bots)


def bots_of(owner: str) -> dict[str, BotDefinition]:
    return BOTS if not owner else {}


def test_a_model_is_a_bot_that_the_token_may_talk_to() -> None:
    assert known_bot(bots_of, token(), "chef") is BOTS["chef"]
    assert known_bot(bots_of, token("tutor"), "tutor") is BOTS["tutor"]


@pytest.mark.parametrize(("asks", "wanted"), [(token("tutor"), "chef"), (token(owner="bob"), "chef"), (token(), "gpt")])
def test_another_one_is_as_if_it_did_not_exist(asks: TokenRecord, wanted: str) -> None:
    with pytest.raises(OpenAIError, match=f"there is no bot '{wanted}'") as told:
        known_bot(bots_of, asks, wanted)
    assert (told.value.name, told.value.param) == ("model_not_found", "model")
    assert "chef" not in told.value.msg.partition("known bots:")[2] or wanted == "gpt"
