"""The scripted model is spoken to by the same client that the bots use."""

import time

import pytest

from kouyu.agents.agent import TextDelta
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.openai_client import OpenAIClient
from kouyu.bench.scripted_model import ANSWERS, FIRST_TOKEN_S, MODEL, TOKEN_S, scripted_model, tokens
from kouyu.bench.spoken_question import Language


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_bot_gets_the_whole_answer_in_pieces(language: Language) -> None:
    async with scripted_model(language) as base_url:
        client = OpenAIClient(ModelEndpoint(base_url=base_url, model=MODEL))
        messages = [{"role": "user", "content": "?"}]
        events = [event async for event in client.complete(messages)]
        await client.close()
    pieces = [event.text for event in events if isinstance(event, TextDelta)]
    assert "".join(pieces) == ANSWERS[language]
    assert len(pieces) == len(tokens(language))


async def test_it_is_never_faster_than_it_says() -> None:
    async with scripted_model("en") as base_url:
        client = OpenAIClient(ModelEndpoint(base_url=base_url, model=MODEL))
        began = time.monotonic()
        events = client.complete([{"role": "user", "content": "?"}])
        times = [time.monotonic() - began async for event in events if isinstance(event, TextDelta)]
        await client.close()
    assert times[0] >= FIRST_TOKEN_S
    assert times[-1] >= FIRST_TOKEN_S + (len(times) - 1) * TOKEN_S
