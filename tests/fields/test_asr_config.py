"""data.asr_config: what is asked of the recogniser, and what becomes of its transcripts."""

import json

import numpy as np
import pytest

from kouyu.audio.pcm import Samples
from tests.end_to_end.conversing import Talk, talking
from tests.end_to_end.running_server import RunningServer
from tests.fields import japanese, uploads
from tests.fields.spoken import MESSAGE, TRANSCRIPT, push, question, read_aloud, recording, refusal, silence
from tests.standins.recognition_endpoint import RecognitionStandIn

pytestmark = pytest.mark.models

UPDATE = "conversation.audio_transcript.update"
LANGUAGES = {
    "common": None,
    "en-US": "en",
    "ja-JP": "ja",
    "id-ID": "id",
    "es-MX": "es",
    "pt-BR": "pt",
    "de-DE": "de",
    "fr-FR": "fr",
    "ko-KR": "ko",
    "fil-PH": "tl",
    "ms-MY": "ms",
    "th-TH": "th",
    "ar-SA": "ar",
}
OLDER_SPELLINGS = {
    "zh": "zh",
    "cant": "yue",
    "sc": "zh",
    "en": "en",
    "ja": "ja",
    "ko": "ko",
    "fr": "fr",
    "id": "id",
    "es": "es",
    "pt": "pt",
    "ms": "ms",
    "ru": "ru",
}


async def heard(talk: Talk, samples: Samples, **asr_config: object) -> str:
    """The transcript of somebody's speech."""
    await talk.configure(asr_config=asr_config)
    return await push(talk, uploads.pcm(samples))


async def shown(talk: Talk, recogniser: RecognitionStandIn, says: str, **asr_config: object) -> str:
    """What a client gets of what the recogniser heard."""
    recogniser.text = says
    return await heard(talk, question(), **asr_config)


def prompts(recogniser: RecognitionStandIn) -> set[str]:
    """What the recogniser was asked to expect, where it was asked so."""
    return {heard.form["prompt"] for heard in recogniser.heard if "prompt" in heard.form}


async def test_asr_config(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """Merged key by key; a bad value changes nothing."""
    async with talking(measuring_server) as talk:
        await talk.configure(asr_config={"enable_itn": False, "hot_words": ["Kouyu"]})
        assert "stream_mode" in await refusal(talk, asr_config={"enable_itn": True, "stream_mode": "fast"})
        updated = await talk.configure(asr_config={"enable_ddc": False})
        asr_config = updated.data["asr_config"]
        assert (asr_config["enable_itn"], asr_config["enable_ddc"]) == (False, False)
        assert await shown(talk, recogniser, "Um, Couyou costs $5.") == "Um, Couyou costs five dollars."
        assert prompts(recogniser) == {"Kouyu"}


async def test_hot_words(
    scripted_server: RunningServer, measuring_server: RunningServer, recogniser: RecognitionStandIn
) -> None:
    """A name that is heard wrong is heard right; more than the mode's limit of tokens does not reach the recogniser."""
    async with talking(scripted_server) as talk:
        name = await read_aloud(talk, "My name is Siobhan Kaczynski.")
        assert "Kaczynski" not in await heard(talk, name)
        assert await heard(talk, name, hot_words=["Siobhan", "Kaczynski"]) == "My name is Siobhan Kaczynski."
        assert "Kaczynski" not in await heard(talk, name, hot_words=[])
    words = [f"Kaczynski{number}" for number in range(400)]
    recogniser.text = "It was Kaczinsky7."
    async with talking(measuring_server) as talk:
        await heard(talk, question(), hot_words=words)
        (of_stream,) = (prompt.split(", ") for prompt in prompts(recogniser))
        await heard(talk, question(), stream_mode="output_no_stream")
        of_whole_utterances = max(prompts(recogniser), key=len).split(", ")
    assert 5 < len(of_stream) < 50
    assert of_stream == words[: len(of_stream)]
    assert of_whole_utterances == words


async def test_context(
    scripted_server: RunningServer, measuring_server: RunningServer, recogniser: RecognitionStandIn
) -> None:
    """What the talk is about helps in the same way; beyond 800 tokens it is cut off."""
    async with talking(scripted_server) as talk:
        name = await read_aloud(talk, "My name is Siobhan Kaczynski.")
        assert "Kaczynski" in await heard(talk, name, context="A call with Siobhan Kaczynski.")
        assert "Kaczynski" not in await heard(talk, name, context="")
    recogniser.text = "In other worts."
    async with talking(measuring_server) as talk:
        await heard(talk, question(), context="words " * 2000)
        assert all(400 <= len(prompt.split()) <= 800 for prompt in prompts(recogniser))


async def test_user_language(
    scripted_server: RunningServer, measuring_server: RunningServer, recogniser: RecognitionStandIn
) -> None:
    """All thirteen and the older spellings reach the recogniser; Japanese is Japanese; only in output_no_stream."""
    async with talking(measuring_server) as talk:
        for user_language, code in (LANGUAGES | OLDER_SPELLINGS).items():
            transcript = await heard(talk, question(), stream_mode="output_no_stream", user_language=user_language)
            assert recogniser.behind(transcript).form.get("language") == code, user_language
        told = await refusal(talk, asr_config={"user_language": "tlh"})
        assert all(language in told for language in LANGUAGES)
        transcript = await heard(talk, question(), stream_mode="output_no_stream", user_language="zh-CN")
        assert recogniser.behind(transcript).form.get("language") == "zh"
        updated = await talk.configure(asr_config={"stream_mode": "bidirectional_stream", "user_language": "de-DE"})
        assert updated.data["asr_config"]["user_language"] == "common"
        updated = await talk.configure(asr_config={"stream_mode": "output_no_stream"})
        assert updated.data["asr_config"]["user_language"] == "de-DE"
    weather = japanese.fine_weather()
    async with talking(scripted_server) as talk:
        in_japanese = await heard(talk, weather, stream_mode="output_no_stream", user_language="ja-JP")
        assert in_japanese.rstrip("。") == japanese.TEXT
        assert (await heard(talk, weather, user_language="en-US")).isascii()
        assert japanese.TEXT not in await heard(talk, weather, stream_mode="bidirectional_stream")


async def test_enable_ddc(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """Fillers are dropped, or left."""
    async with talking(measuring_server) as talk:
        assert await shown(talk, recogniser, "Um, I would like, uh, some tea.") == "I would like some tea."
        assert await shown(talk, recogniser, "嗯，我想喝茶。") == "我想喝茶。"
        assert await shown(talk, recogniser, "今天天气怎么样啊？") == "今天天气怎么样？"
        left = await shown(talk, recogniser, "Um, I would like some tea.", enable_ddc=False)
        assert left == "Um, I would like some tea."


async def test_enable_itn(
    scripted_server: RunningServer, measuring_server: RunningServer, recogniser: RecognitionStandIn
) -> None:
    """Numbers in figures, or in words: in speech, and in the document's own example."""
    async with talking(scripted_server) as talk:
        price = await read_aloud(talk, "It costs one hundred dollars.")
        assert "$100" in await heard(talk, price)
        assert "one hundred dollars" in await heard(talk, price, enable_itn=False)
        time = await read_aloud(talk, "Let's meet at two fifteen.")
        assert "two fifteen" in await heard(talk, time)
        assert "at 2:15" in await heard(talk, time, enable_itn=True)
        number = await read_aloud(talk, "Call five five five one two three four.")
        told = await heard(talk, number, enable_itn=False, enable_punc=False)
        assert told == "Call five five five one two three four"
        await talk.configure(asr_config={"enable_punc": True})
    async with talking(measuring_server) as talk:
        assert await shown(talk, recogniser, "我有一百美元") == "我有$100。"
        assert await shown(talk, recogniser, "我有一百美元", enable_itn=False) == "我有一百美元。"
        assert await shown(talk, recogniser, "我们下午两点十五分见", enable_itn=True) == "我们14:15见。"
        assert await shown(talk, recogniser, "下午2点15分", enable_itn=False) == "下午两点十五分。"


async def test_enable_punc(scripted_server: RunningServer) -> None:
    """Marks in the transcript, or none."""
    async with talking(scripted_server) as talk:
        assert (await heard(talk, question())).endswith("?")
        bare = await heard(talk, question(), enable_punc=False)
    assert bare.lower() == "what is the capital of france"


async def test_stream_mode(scripted_server: RunningServer) -> None:
    """Partial results while the user speaks, or one result after the whole utterance."""

    async def partial_results(talk: Talk) -> list[str]:
        before = len(talk.events)
        await talk.speak(np.concatenate((question(), silence(1.2))))
        final = await talk.until(TRANSCRIPT, count=talk.types[:before].count(TRANSCRIPT) + 1)
        assert "capital of france" in final.data["content"].lower()
        await talk.client.send("conversation.chat.cancel")
        types = talk.types[before:]
        assert UPDATE not in types[types.index(TRANSCRIPT) :]
        return [event.data["content"] for event in talk.events[before:] if event.type == UPDATE]

    async with talking(scripted_server) as talk:
        await talk.configure(turn_detection={"type": "server_vad"}, asr_config={"stream_mode": "bidirectional_stream"})
        # A busy server leaves some out.
        asked = [await partial_results(talk)]
        while not asked[-1] and len(asked) < 5:
            asked.append(await partial_results(talk))
        assert "what" in asked[-1][0].lower()
        await talk.configure(asr_config={"stream_mode": "output_no_stream"})
        for _ in asked:
            assert await partial_results(talk) == []


async def test_enable_nostream(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """Two passes: interim transcripts live, then the utterance again. Here every utterance gets both, set or not."""
    async with talking(measuring_server) as talk:
        for enabled in (False, True):
            before = talk.types.count(UPDATE)
            free_talk = {"type": "server_vad", "silence_duration_ms": 1000}
            await talk.configure(asr_config={"enable_nostream": enabled}, turn_detection=free_talk)
            await talk.speak(question(), faster=2)
            interim = await talk.until(UPDATE, count=before + 1)
            count = talk.types.count(TRANSCRIPT) + 1
            await talk.speak(np.concatenate((question(), silence(2))), faster=4)
            final = await talk.until(TRANSCRIPT, count=count)
            first, last = (recogniser.behind(event.data["content"]).audio for event in (interim, final))
            assert len(last) > 2 * len(first)
            await talk.client.send("conversation.chat.cancel")


async def test_enable_emotion(measuring_server: RunningServer) -> None:
    """Never in force on a server without an engine for it, and shown so."""
    async with talking(measuring_server) as talk:
        for mode in ("bidirectional_stream", "output_no_stream"):
            updated = await talk.configure(asr_config={"stream_mode": mode, "enable_emotion": True})
            assert updated.data["asr_config"]["enable_emotion"] is False
        assert "data.asr_config.enable_emotion" in await refusal(talk, asr_config={"enable_emotion": "yes"})
        await push(talk, uploads.pcm(question()))
        assert "emotion" not in (await talk.until(TRANSCRIPT)).data


async def test_enable_gender(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """The client, the flow and the record are told; only in output_no_stream."""
    man, woman = uploads.pcm(recording("en-story")), uploads.pcm(recording("zh-story"))
    async with talking(measuring_server) as talk:
        updated = await talk.configure(asr_config={"enable_gender": True})
        assert updated.data["asr_config"]["enable_gender"] is False
        await push(talk, man)
        updated = await talk.configure(asr_config={"stream_mode": "output_no_stream"})
        assert updated.data["asr_config"]["enable_gender"] is True
        await push(talk, man)
        await push(talk, woman)
        await talk.configure(asr_config={"enable_gender": False})
        await push(talk, woman)
        assert "data.asr_config.enable_gender" in await refusal(talk, asr_config={"enable_gender": "yes"})
        told = [event.data.get("gender") for event in talk.events if event.type == TRANSCRIPT]
    assert told == [None, "male", "female", None]
    async with talking(measuring_server, workflow_id="told") as talk:
        await talk.configure(asr_config={"stream_mode": "output_no_stream", "enable_gender": True})
        for piece in man:
            await talk.client.send_audio(piece)
        await talk.client.send("input_audio_buffer.complete")
        asked = await talk.until(MESSAGE)
        await talk.until(MESSAGE, count=2)
    assert asked.data["meta_data"] == {"user_gender": "male"}
    assert json.loads(talk.answers()[0])["_voice_gender"] == "male"
