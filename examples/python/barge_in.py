"""Interrupts a bot: asks the question in one WAV file, and as soon as the answer sounds, speaks the other one over it.
Both files: 16 bit, mono, at the same rate."""

import os
import sys
import threading
import time
import wave

from cozepy import (
    ChatUpdateEvent,
    ConversationAudioDeltaEvent,
    ConversationAudioTranscriptCompletedEvent,
    ConversationChatCanceledEvent,
    ConversationChatCompletedEvent,
    ConversationMessageCompletedEvent,
    Coze,
    InputAudioBufferAppendEvent,
    TokenAuth,
    WebsocketsChatEventHandler,
)


class Handler(WebsocketsChatEventHandler):
    def __init__(self):
        self.sounds, self.interrupted, self.answered = threading.Event(), threading.Event(), threading.Event()

    # Each `event` needs its annotation: cozepy never calls a method without one.
    def on_conversation_audio_transcript_completed(self, cli, event: ConversationAudioTranscriptCompletedEvent):
        print("You:", event.data.content, flush=True)

    def on_conversation_message_completed(self, cli, event: ConversationMessageCompletedEvent):
        if event.data.type == "answer":
            print("Bot:", event.data.content, flush=True)

    def on_conversation_audio_delta(self, cli, event: ConversationAudioDeltaEvent):
        self.sounds.set()

    # Code 1: interrupted by the user's speech. A player drops what it has not played yet.
    def on_conversation_chat_canceled(self, cli, event: ConversationChatCanceledEvent):
        print("-- interrupted:", event.data.msg, flush=True)
        self.interrupted.set()

    def on_conversation_chat_completed(self, cli, event: ConversationChatCompletedEvent):
        if self.interrupted.is_set():
            self.answered.set()


def speak(chat, pcm, rate, until):
    """Send in real time, as a microphone does, and then silence, until the event is set."""
    frame = rate // 50 * 2
    start, sent = time.monotonic(), 0
    while sent < len(pcm) or not until.is_set():
        delta = pcm[sent : sent + frame].ljust(frame, b"\0")
        chat.input_audio_buffer_append(InputAudioBufferAppendEvent.Data.model_validate({"delta": delta}))
        sent += frame
        time.sleep(max(0, start + sent / rate / 2 - time.monotonic()))


def samples(path):
    with wave.open(path) as file:
        return file.readframes(file.getnframes()), file.getframerate()


coze = Coze(auth=TokenAuth(os.environ["KOUYU_TOKEN"]), base_url=os.environ.get("KOUYU_URL", "https://127.0.0.1:8443"))
(question, rate), (second, _) = map(samples, sys.argv[1:3])
handler = Handler()
with coze.websockets.chat.create(bot_id="kouyu", on_event=handler)() as chat:
    microphone = {"format": "pcm", "codec": "pcm", "sample_rate": rate, "channel": 1, "bit_depth": 16}
    update = {"input_audio": microphone, "turn_detection": {"type": "server_vad"}}
    chat.chat_update(ChatUpdateEvent.Data.model_validate(update))
    speak(chat, question, rate, handler.sounds)
    speak(chat, second, rate, handler.answered)
