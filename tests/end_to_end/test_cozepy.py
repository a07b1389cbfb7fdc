"""The unmodified cozepy package talks with a running server: only the base URL and the token are changed."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cozepy import (
    AsyncCoze,
    AsyncTokenAuth,
    AsyncWebsocketsChatClient,
    AsyncWebsocketsChatEventHandler,
    ChatUpdateEvent,
    ConversationMessageCreateEvent,
    Coze,
    InputAudio,
    InputAudioBufferAppendEvent,
    InputTextGenerateAudioEvent,
    MessageContentType,
    MessageRole,
    TokenAuth,
    WebsocketsChatClient,
    WebsocketsChatEventHandler,
    WebsocketsEventType,
)

from kouyu.audio.pcm import Samples, bytes_from_float
from kouyu.audio.wav import read_listening_audio
from tests.end_to_end.running_server import RunningServer

pytestmark = [pytest.mark.models, pytest.mark.usefixtures("trust")]

PCM_16K = InputAudio(format="pcm", codec="pcm", sample_rate=16000, channel=1, bit_depth=16)
COMPLETED = WebsocketsEventType.CONVERSATION_CHAT_COMPLETED
PATIENCE_S = 60


class Heard(WebsocketsChatEventHandler):
    """Keeps every event that comes."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def to_dict(self, origin: dict[Any, Callable[..., Any]] | None = None) -> dict[Any, Callable[..., Any]]:
        return dict.fromkeys(WebsocketsEventType, self._keep)

    def _keep(self, _: WebsocketsChatClient, event: Any = None) -> None:
        if event is not None:  # the client says by a call without one that it has closed
            self.events.append(event)

    def kinds(self) -> list[str]:
        return [event.event_type.value for event in self.events]

    def wait_for(self, kind: WebsocketsEventType, count: int = 1) -> None:
        until = time.monotonic() + PATIENCE_S
        while self.kinds().count(kind.value) < count:
            assert time.monotonic() < until, f"no {kind.value} in {self.kinds()}"
            time.sleep(0.02)


class AsyncHeard(AsyncWebsocketsChatEventHandler):
    """The same for the asynchronous client."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.first_audio = asyncio.Event()

    def to_dict(self, origin: dict[Any, Callable[..., Any]] | None = None) -> dict[Any, Callable[..., Any]]:
        return dict.fromkeys(WebsocketsEventType, self._keep)

    async def _keep(self, _: AsyncWebsocketsChatClient, event: Any = None) -> None:
        if event is None:  # the client says by such a call that it has closed
            return
        self.events.append(event)
        if event.event_type == WebsocketsEventType.CONVERSATION_AUDIO_DELTA:
            self.first_audio.set()

    def kinds(self) -> list[str]:
        return [event.event_type.value for event in self.events]


def append(samples: Samples) -> InputAudioBufferAppendEvent.Data:
    return InputAudioBufferAppendEvent.Data.model_validate({"delta": bytes_from_float(samples)})


def transcript(events: list[Any]) -> str:
    kind = WebsocketsEventType.CONVERSATION_AUDIO_TRANSCRIPT_COMPLETED
    return next(str(event.data.content) for event in events if event.event_type == kind)


def answer(events: list[Any]) -> str:
    kind = WebsocketsEventType.CONVERSATION_MESSAGE_COMPLETED
    return next(
        str(event.data.content) for event in events if event.event_type == kind and event.data.type.value == "answer"
    )


def audio_bytes(events: list[Any]) -> int:
    kind = WebsocketsEventType.CONVERSATION_AUDIO_DELTA
    return sum(len(event.data.get_audio()) for event in events if event.event_type == kind)


def test_push_to_talk_with_the_synchronous_client(server: RunningServer, questions: Path) -> None:
    coze = Coze(auth=TokenAuth(server.token), base_url=server.https)
    heard = Heard()
    samples = read_listening_audio(questions / "en-capital.wav")
    with coze.websockets.chat.create(bot_id=server.bots[0], on_event=heard)() as chat:
        chat.chat_update(ChatUpdateEvent.Data(input_audio=PCM_16K))
        for start in range(0, len(samples), 320):
            chat.input_audio_buffer_append(append(samples[start : start + 320]))
        chat.input_audio_buffer_complete()
        heard.wait_for(COMPLETED)
    assert "capital of france" in transcript(heard.events).lower()
    assert "Paris" in answer(heard.events)
    assert audio_bytes(heard.events) > 24_000


def test_free_talk_with_the_asynchronous_client(server: RunningServer, questions: Path) -> None:
    asyncio.run(_free_talk(server, questions))


async def _free_talk(server: RunningServer, questions: Path) -> None:
    coze = AsyncCoze(auth=AsyncTokenAuth(server.token), base_url=server.https)
    heard = AsyncHeard()
    samples = read_listening_audio(questions / "en-capital.wav")
    async with coze.websockets.chat.create(bot_id=server.bots[0], on_event=heard)() as chat:
        turn_detection = ChatUpdateEvent.TurnDetection(type=ChatUpdateEvent.TurnDetectionType.SERVER_VAD)
        await chat.chat_update(ChatUpdateEvent.Data(input_audio=PCM_16K, turn_detection=turn_detection))
        for start in range(0, len(samples), 320):
            await chat.input_audio_buffer_append(append(samples[start : start + 320]))
            await asyncio.sleep(0.02)
        async with asyncio.timeout(PATIENCE_S):
            await chat.wait()
    kinds = heard.kinds()
    assert kinds.index("input_audio_buffer.speech_started") < kinds.index("input_audio_buffer.speech_stopped")
    assert "capital of france" in transcript(heard.events).lower()
    assert "Paris" in answer(heard.events)


def test_a_voice_interrupts_the_agent(server: RunningServer, questions: Path) -> None:
    asyncio.run(_barge_in(server, questions))


async def _barge_in(server: RunningServer, questions: Path) -> None:
    coze = AsyncCoze(auth=AsyncTokenAuth(server.token), base_url=server.https)
    heard = AsyncHeard()
    samples = read_listening_audio(questions / "en-capital.wav")
    async with coze.websockets.chat.create(bot_id=server.bots[0], on_event=heard)() as chat:
        turn_detection = ChatUpdateEvent.TurnDetection(type=ChatUpdateEvent.TurnDetectionType.SERVER_VAD)
        await chat.chat_update(ChatUpdateEvent.Data(input_audio=PCM_16K, turn_detection=turn_detection))
        text = "This is a long announcement, " * 8 + "and here it ends."
        await chat.input_text_generate_audio(
            InputTextGenerateAudioEvent.Data(mode=InputTextGenerateAudioEvent.Mode.TEXT, text=text)
        )
        async with asyncio.timeout(PATIENCE_S):
            await heard.first_audio.wait()
            for start in range(0, len(samples), 320):
                await chat.input_audio_buffer_append(append(samples[start : start + 320]))
                await asyncio.sleep(0.02)
            await chat.wait()
    kinds = heard.kinds()
    started = kinds.index("input_audio_buffer.speech_started")
    assert kinds[started + 1] == "conversation.chat.canceled"
    assert heard.events[started + 1].data.code == 1
    assert "conversation.audio.delta" not in kinds[started : kinds.index("conversation.chat.created")]


def test_a_typed_question_is_answered_with_speech(server: RunningServer) -> None:
    coze = Coze(auth=TokenAuth(server.token), base_url=server.https)
    heard = Heard()
    with coze.websockets.chat.create(bot_id=server.bots[0], on_event=heard)() as chat:
        chat.conversation_message_create(
            ConversationMessageCreateEvent.Data(
                role=MessageRole.USER, content_type=MessageContentType.TEXT, content="What is the capital of France?"
            )
        )
        heard.wait_for(COMPLETED)
    assert "Paris" in answer(heard.events)
    assert audio_bytes(heard.events) > 24_000


def test_a_wrong_token_is_refused_with_a_log_id(server: RunningServer) -> None:
    from cozepy import CozeAPIError

    coze = Coze(auth=TokenAuth("wrong"), base_url=server.https)
    with pytest.raises(CozeAPIError) as refused, coze.websockets.chat.create(bot_id=server.bots[0], on_event=Heard())():
        pass
    assert refused.value.logid
