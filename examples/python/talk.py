"""Asks a bot the question in a WAV file, prints both, and writes the spoken answer to reply.wav."""

import os
import sys
import wave
from pathlib import Path

from cozepy import (
    ConversationAudioDeltaEvent,
    ConversationAudioTranscriptCompletedEvent,
    ConversationMessageDeltaEvent,
    Coze,
    InputAudioBufferAppendEvent,
    TokenAuth,
    WebsocketsChatEventHandler,
    WebsocketsEventType,
)

ENDS = [
    WebsocketsEventType.CONVERSATION_CHAT_COMPLETED,
    WebsocketsEventType.CONVERSATION_CHAT_FAILED,
    WebsocketsEventType.ERROR,
]


class Handler(WebsocketsChatEventHandler):
    audio = b""

    # cozepy calls a method for the event that the annotation of `event` names: without one it is never called.
    def on_conversation_audio_transcript_completed(self, cli, event: ConversationAudioTranscriptCompletedEvent):
        print("You: ", event.data.content)

    def on_conversation_message_delta(self, cli, event: ConversationMessageDeltaEvent):
        print(event.data.content, end="", flush=True)

    def on_conversation_audio_delta(self, cli, event: ConversationAudioDeltaEvent):
        self.audio += event.data.get_audio()


coze = Coze(auth=TokenAuth(os.environ["KOUYU_TOKEN"]), base_url=os.environ.get("KOUYU_URL", "https://127.0.0.1:8443"))
handler = Handler()
with coze.websockets.chat.create(bot_id="kouyu", on_event=handler)() as chat:
    question = {"delta": Path(sys.argv[1]).read_bytes()}
    chat.input_audio_buffer_append(InputAudioBufferAppendEvent.Data.model_validate(question))
    chat.input_audio_buffer_complete()
    # Without wait_all=False it waits for all three; without the list it never returns after a failure.
    chat.wait(ENDS, wait_all=False)
print()
with wave.open("reply.wav", "wb") as reply:
    reply.setparams((1, 2, 24_000, 0, "NONE", ""))
    reply.writeframes(handler.audio)
