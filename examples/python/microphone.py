"""Talks with a bot through microphone and loudspeaker, until Ctrl-C. Whoever speaks interrupts the bot.
Needs: pip install cozepy sounddevice (on Debian and Ubuntu also libportaudio2)."""

import contextlib
import os
import threading

import sounddevice
from cozepy import (
    ChatUpdateEvent,
    ConversationAudioDeltaEvent,
    ConversationAudioTranscriptCompletedEvent,
    ConversationChatCanceledEvent,
    ConversationMessageCompletedEvent,
    Coze,
    InputAudioBufferAppendEvent,
    InputAudioBufferSpeechStartedEvent,
    TokenAuth,
    WebsocketsChatEventHandler,
)

MICROPHONE_HZ, LOUDSPEAKER_HZ = 16_000, 24_000


class Loudspeaker:
    """Plays what comes, and forgets at once what it has not played yet."""

    def __init__(self):
        self.waiting = bytearray()
        self.lock = threading.Lock()
        self.stream = sounddevice.RawOutputStream(
            samplerate=LOUDSPEAKER_HZ, channels=1, dtype="int16", callback=self.fill
        )
        self.stream.start()

    def fill(self, out, frames, time, status):
        with self.lock:
            sound = bytes(self.waiting[: len(out)])
            del self.waiting[: len(out)]
        out[:] = sound.ljust(len(out), b"\0")

    def play(self, pcm):
        with self.lock:
            self.waiting += pcm

    def silence(self):
        with self.lock:
            self.waiting.clear()


class Handler(WebsocketsChatEventHandler):
    def __init__(self):
        self.loudspeaker = Loudspeaker()

    # Each `event` needs its annotation: cozepy never calls a method without one.
    def on_conversation_audio_transcript_completed(self, cli, event: ConversationAudioTranscriptCompletedEvent):
        print("You:", event.data.content, flush=True)

    def on_conversation_message_completed(self, cli, event: ConversationMessageCompletedEvent):
        if event.data.type == "answer":
            print("Bot:", event.data.content, flush=True)

    def on_conversation_audio_delta(self, cli, event: ConversationAudioDeltaEvent):
        self.loudspeaker.play(event.data.get_audio())

    # The server sends faster than real time: what waits here must go when the user speaks.
    def on_input_audio_buffer_speech_started(self, cli, event: InputAudioBufferSpeechStartedEvent):
        self.loudspeaker.silence()

    def on_conversation_chat_canceled(self, cli, event: ConversationChatCanceledEvent):
        self.loudspeaker.silence()


coze = Coze(auth=TokenAuth(os.environ["KOUYU_TOKEN"]), base_url=os.environ.get("KOUYU_URL", "https://127.0.0.1:8443"))
with coze.websockets.chat.create(bot_id="kouyu", on_event=Handler())() as chat:
    update = {
        "input_audio": {
            "format": "pcm",
            "codec": "pcm",
            "sample_rate": MICROPHONE_HZ,
            "channel": 1,
            "bit_depth": 16,
        },
        "output_audio": {"codec": "pcm", "pcm_config": {"sample_rate": LOUDSPEAKER_HZ}},
        "turn_detection": {"type": "server_vad"},
        "need_play_prologue": True,
    }
    chat.chat_update(ChatUpdateEvent.Data.model_validate(update))

    def heard(frame, frames, time, status):
        chat.input_audio_buffer_append(InputAudioBufferAppendEvent.Data.model_validate({"delta": bytes(frame)}))

    with sounddevice.RawInputStream(
        samplerate=MICROPHONE_HZ, channels=1, dtype="int16", blocksize=MICROPHONE_HZ // 50, callback=heard
    ):
        print("Speak; Ctrl-C ends.", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
