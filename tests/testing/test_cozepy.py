"""The unmodified cozepy package runs against the recorded sessions of the service."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cozepy import (
    ChatUpdateEvent,
    ConversationMessageCreateEvent,
    Coze,
    InputAudio,
    InputAudioBufferAppendEvent,
    InputTextBufferAppendEvent,
    InputTextGenerateAudioEvent,
    MessageContentType,
    MessageRole,
    OutputAudio,
    SpeechUpdateEvent,
    TokenAuth,
    TranscriptionsUpdateEvent,
    WebsocketsAudioSpeechEventHandler,
    WebsocketsAudioTranscriptionsEventHandler,
    WebsocketsChatEventHandler,
    WebsocketsEventType,
)

from kouyu.testing import BackgroundPlayer, ClientDiffers, play

SERVICE = Path(__file__).parents[1] / "traces" / "cassette"
PATIENCE_S = 60
PCM = InputAudio(format="pcm", codec="pcm", sample_rate=24000, channel=1, bit_depth=16)


@pytest.fixture
def player(monkeypatch: pytest.MonkeyPatch) -> Iterator[BackgroundPlayer]:
    with play(SERVICE, once=False, tls=True) as started:
        monkeypatch.setenv("SSL_CERT_FILE", str(started.authority))
        yield started


@pytest.fixture
def coze(player: BackgroundPlayer) -> Coze:
    return Coze(auth=TokenAuth(player.token), base_url=player.url)


def kept_by(handler: type, last: WebsocketsEventType) -> Any:
    """One of cozepy's handlers that keeps every event, and sets ``over`` at the last one."""

    class Keeping(handler):  # type: ignore[misc]
        def __init__(self) -> None:
            self.events: list[Any] = []
            self.over = threading.Event()

        def to_dict(self, origin: dict[Any, Callable[..., Any]] | None = None) -> dict[Any, Callable[..., Any]]:
            return dict.fromkeys(WebsocketsEventType, self._keep)

        def _keep(self, _: Any, event: Any = None) -> None:
            if event is None:
                return
            if isinstance(event, Exception):  # cozepy gives its handler for errors the end of the connection too
                self.over.set()
                return
            self.events.append(event)
            if event.event_type in (last, WebsocketsEventType.ERROR):
                self.over.set()

        def of(self, kind: WebsocketsEventType) -> list[Any]:
            return [event for event in self.events if event.event_type == kind]

    return Keeping()


def question(text: str) -> ConversationMessageCreateEvent.Data:
    kind = MessageContentType.TEXT
    return ConversationMessageCreateEvent.Data(role=MessageRole.USER, content_type=kind, content=text)


def test_a_typed_question(coze: Coze) -> None:
    heard = kept_by(WebsocketsChatEventHandler, WebsocketsEventType.CONVERSATION_CHAT_COMPLETED)
    with coze.websockets.chat.create(bot_id="7496347519799787557", on_event=heard)() as chat:
        chat.chat_update(ChatUpdateEvent.Data(input_audio=PCM))
        chat.conversation_message_create(question("今天天气真不错"))
        assert heard.over.wait(PATIENCE_S)
    said = "".join(event.data.content for event in heard.of(WebsocketsEventType.CONVERSATION_MESSAGE_DELTA))
    assert said.startswith("是啊，好天气总能让人心情也跟着变好呢！")
    assert heard.of(WebsocketsEventType.CHAT_UPDATED)[0].data.input_audio.sample_rate == 24000
    assert heard.of(WebsocketsEventType.CONVERSATION_CHAT_COMPLETED)
    sound = b"".join(event.data.get_audio() for event in heard.of(WebsocketsEventType.CONVERSATION_AUDIO_DELTA))
    assert len(sound) == 466_504


def test_a_text_to_be_spoken(coze: Coze) -> None:
    heard = kept_by(WebsocketsChatEventHandler, WebsocketsEventType.CONVERSATION_AUDIO_COMPLETED)
    with coze.websockets.chat.create(bot_id="7496347519799787557", on_event=heard)() as chat:
        chat.chat_update(ChatUpdateEvent.Data(input_audio=PCM))
        spoken = InputTextGenerateAudioEvent.Data(
            mode=InputTextGenerateAudioEvent.Mode.TEXT, text="亲，你怎么不说话了。"
        )
        chat.input_text_generate_audio(spoken)
        assert heard.over.wait(PATIENCE_S)
    assert heard.events[-1].event_type == WebsocketsEventType.CONVERSATION_AUDIO_COMPLETED


def test_a_speech(coze: Coze) -> None:
    heard = kept_by(WebsocketsAudioSpeechEventHandler, WebsocketsEventType.SPEECH_AUDIO_COMPLETED)
    with coze.websockets.audio.speech.create(on_event=heard)() as speech:
        speech.speech_update(SpeechUpdateEvent(data=SpeechUpdateEvent.Data(output_audio=OutputAudio(codec="pcm"))))
        speech.input_text_buffer_append(InputTextBufferAppendEvent.Data(delta="今天天气不错"))
        speech.input_text_buffer_complete()
        assert heard.over.wait(PATIENCE_S)
    assert sum(len(event.data.delta) for event in heard.of(WebsocketsEventType.SPEECH_AUDIO_UPDATE)) == 82_964


def test_a_transcription_of_as_much_audio_in_other_pieces(coze: Coze) -> None:
    heard = kept_by(WebsocketsAudioTranscriptionsEventHandler, WebsocketsEventType.TRANSCRIPTIONS_MESSAGE_COMPLETED)
    with coze.websockets.audio.transcriptions.create(on_event=heard)() as hearing:
        hearing.transcriptions_update(TranscriptionsUpdateEvent.Data(input_audio=PCM))
        for _ in range(83):
            hearing.input_audio_buffer_append(InputAudioBufferAppendEvent.Data.model_validate({"delta": bytes(1000)}))
        hearing.input_audio_buffer_complete()
        assert heard.over.wait(PATIENCE_S)
    (transcript,) = heard.of(WebsocketsEventType.TRANSCRIPTIONS_MESSAGE_UPDATE)
    assert transcript.data.content == "今天天气不错。"


def test_another_question_is_an_error_event_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = kept_by(WebsocketsChatEventHandler, WebsocketsEventType.CONVERSATION_CHAT_COMPLETED)

    def ask() -> None:
        with play(SERVICE, once=False, tls=True) as player:
            monkeypatch.setenv("SSL_CERT_FILE", str(player.authority))
            coze = Coze(auth=TokenAuth(player.token), base_url=player.url)
            with coze.websockets.chat.create(bot_id="7", on_event=heard)() as chat:
                chat.conversation_message_create(question("Good evening"))
                assert heard.over.wait(PATIENCE_S)

    with pytest.raises(ClientDiffers, match=r"got conversation\.message\.create"):
        ask()
    (error,) = heard.of(WebsocketsEventType.ERROR)
    assert "the client does something else than the recorded one" in str(error.data)
