"""Which voice of an endpoint is asked for a text, and in which words: over real HTTP."""

from collections.abc import AsyncIterator, Iterator

import pytest

from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.tts.engine import SynthesisOptions
from kouyu.engines.tts.openai import EndpointVoice, OpenAISpeech, OpenAISpeechOptions
from kouyu.engines.tts.router import VoiceRouter
from tests.standins.speech_endpoint import SpeechStandIn, speech_stand_in

VOICES = (
    EndpointVoice(name="joe", languages=("en",)),
    EndpointVoice(name="anna", languages=("de",)),
    EndpointVoice(name="poly", languages=("en", "zh", "de")),
    EndpointVoice(name="mei", languages=("zh",)),
    EndpointVoice(name="olena", languages=("uk",)),
    EndpointVoice(name="hina", languages=("ja",)),
)


@pytest.fixture
def endpoint() -> Iterator[SpeechStandIn]:
    with speech_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
async def router(endpoint: SpeechStandIn) -> AsyncIterator[VoiceRouter]:
    scheduler = Scheduler(1)
    router = VoiceRouter([OpenAISpeech(OpenAISpeechOptions(base_url=endpoint.base_url, voices=VOICES))], scheduler)
    yield router
    await router.close()
    await scheduler.close()


@pytest.mark.parametrize(
    ("chosen", "text", "asked"),
    [
        ("anna", "Ich wohne in Zimmer 12.", [("anna", "Ich wohne in Zimmer 12.")]),
        ("anna", "Zimmer 12", [("anna", "Zimmer 12")]),
        ("anna", "Hello.", [("anna", "Hello.")]),
        (
            "poly",
            "Die Temperatur beträgt 22,1 °C bei 45 %.",
            [("poly", "Die Temperatur beträgt 22,1 °C bei 45 %.")],
        ),
        ("poly", "It is 45%.", [("poly", "It is forty five percent.")]),
        ("poly", "大约45%。", [("poly", "大约百分之四十五。")]),
        ("joe", "Room 12.", [("joe", "Room twelve.")]),
        ("joe", "Ich wohne in Zimmer 12.", [("anna", "Ich wohne in Zimmer 12.")]),
        ("joe", "Bonjour, il est 5 heures.", [("joe", "Bonjour, il est 5 heures.")]),
        ("mei", "Hello.", [("joe", "Hello.")]),
        ("olena", "Мені 12 років.", [("olena", "Мені 12 років.")]),
        ("hina", "東京", [("hina", "東京")]),
    ],
)
async def test_the_chosen_voice_is_asked_for_text_in_its_languages(
    endpoint: SpeechStandIn, router: VoiceRouter, chosen: str, text: str, asked: list[tuple[str, str]]
) -> None:
    async for _ in router.synthesize(text, SynthesisOptions(voice_id=f"openai-{chosen}"), Priority.SENTENCE):
        pass
    assert [(body["voice"], body["input"]) for body in endpoint.asked] == asked
