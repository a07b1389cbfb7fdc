"""data.asr_config.sensitive_words_filter: words that do not come back in the transcript, interim or final."""

import pytest

from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer
from tests.fields import uploads
from tests.fields.spoken import push, question, refusal
from tests.standins.recognition_endpoint import RecognitionStandIn

pytestmark = pytest.mark.models


async def shown(server: RunningServer, recogniser: RecognitionStandIn, says: str, **words: object) -> str:
    """What a client gets of it; interim transcripts must not hold more."""
    recogniser.text = says
    async with talking(server) as talk:
        await talk.configure(asr_config={"sensitive_words_filter": words})
        transcript = await push(talk, uploads.pcm(question()))
        interim = [event.data["content"] for event in talk.events if event.type.endswith("transcript.update")]
        assert {text.rstrip(".?") for text in interim} <= {transcript.rstrip(".?")}
        return transcript


async def test_sensitive_words_filter(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """Nothing is filtered unless asked for; the three work together, and the model gets what the client sees."""
    says = "Shit, the nasty secret is out."
    assert await shown(measuring_server, recogniser, says) == says
    both = {"filter_with_empty": ["nasty"], "filter_with_signed": ["secret"], "system_reserved_filter": True}
    assert await shown(measuring_server, recogniser, says, **both) == "****, the ****** is out."
    async with talking(measuring_server) as talk:
        await talk.configure(asr_config={"sensitive_words_filter": both})
        await push(talk, uploads.pcm(question()))
        asked = await talk.until("conversation.message.completed")
    assert asked.data["content"] == "****, the ****** is out."


async def test_system_reserved_filter(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """The server's own list, starred."""
    assert await shown(measuring_server, recogniser, "Oh shit.", system_reserved_filter=True) == "Oh ****."
    assert await shown(measuring_server, recogniser, "Oh shit.", system_reserved_filter=False) == "Oh shit."


async def test_filter_with_empty(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """Own words, taken out."""
    assert await shown(measuring_server, recogniser, "The red apple.", filter_with_empty=["red"]) == "The apple."
    assert await shown(measuring_server, recogniser, "我喜欢苹果。", filter_with_empty=["喜欢"]) == "我苹果。"
    async with talking(measuring_server) as talk:
        told = await refusal(talk, asr_config={"sensitive_words_filter": {"filter_with_empty": "red"}})
        assert "filter_with_empty" in told


async def test_filter_with_signed(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """Own words, starred."""
    assert await shown(measuring_server, recogniser, "The red apple.", filter_with_signed=["red"]) == "The *** apple."
    assert await shown(measuring_server, recogniser, "我喜欢苹果。", filter_with_signed=["喜欢"]) == "我**苹果。"
