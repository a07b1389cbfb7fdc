"""A bot that calls a tool of this program: the bot `weather` of examples/kouyu.toml has it, this program runs it."""

import json
import os
import sys

from cozepy import (
    ConversationChatRequiresActionEvent,
    ConversationChatSubmitToolOutputsEvent,
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


def weather(city="here"):
    return f"In {city}: sunny, 24 degrees."


class Handler(WebsocketsChatEventHandler):
    # Each `event` needs its annotation: cozepy never calls a method without one.
    def on_conversation_chat_requires_action(self, cli, event: ConversationChatRequiresActionEvent):
        outputs = []
        for call in event.data.required_action.submit_tool_outputs.tool_calls:
            print("Tool:", call.function.name, call.function.arguments)
            arguments = json.loads(call.function.arguments or "{}")
            outputs.append({"tool_call_id": call.id, "output": weather(**arguments)})
        answer = {"chat_id": event.data.id, "tool_outputs": outputs}
        cli.conversation_chat_submit_tool_outputs(ConversationChatSubmitToolOutputsEvent.Data.model_validate(answer))

    def on_conversation_message_completed(self, cli, event: ConversationMessageCompletedEvent):
        if event.data.type == "answer":
            print("Bot:", event.data.content)


coze = Coze(auth=TokenAuth(os.environ["KOUYU_TOKEN"]), base_url=os.environ.get("KOUYU_URL", "https://127.0.0.1:8443"))
with coze.websockets.chat.create(bot_id="weather", on_event=Handler())() as chat:
    message = {"role": "user", "content_type": "text", "content": sys.argv[1]}
    chat.conversation_message_create(ConversationMessageCreateEvent.Data.model_validate(message))
    chat.wait(ENDS, wait_all=False)
