"""Talks with a flow: examples/orders.py answers, which the server runs (examples/kouyu.toml)."""

import os
import sys

from cozepy import (
    ConversationAudioDeltaEvent,
    ConversationMessageCompletedEvent,
    ConversationMessageCreateEvent,
    Coze,
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

    # Each `event` needs its annotation: cozepy never calls a method without one.
    def on_conversation_message_completed(self, cli, event: ConversationMessageCompletedEvent):
        if event.data.type == "answer":
            print("Flow:", event.data.content)

    def on_conversation_audio_delta(self, cli, event: ConversationAudioDeltaEvent):
        self.audio += event.data.get_audio()


coze = Coze(auth=TokenAuth(os.environ["KOUYU_TOKEN"]), base_url=os.environ.get("KOUYU_URL", "https://127.0.0.1:8443"))
handler = Handler()
with coze.websockets.chat.create(bot_id="kouyu", workflow_id="orders", on_event=handler)() as chat:
    message = {"role": "user", "content_type": "text", "content": sys.argv[1]}
    chat.conversation_message_create(ConversationMessageCreateEvent.Data.model_validate(message))
    chat.wait(ENDS, wait_all=False)
print(f"spoken in {len(handler.audio) / 48_000:.1f} s")
