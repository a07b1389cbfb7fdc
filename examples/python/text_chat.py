"""A chat in writing, in one conversation: type a question, read the answer while it is written; an empty line ends."""

import os
import sys

from cozepy import ChatEventType, Coze, Message, TokenAuth

coze = Coze(auth=TokenAuth(os.environ["KOUYU_TOKEN"]), base_url=os.environ.get("KOUYU_URL", "https://127.0.0.1:8443"))
conversation = coze.conversations.create()
print("You: ", end="", flush=True)
for line in sys.stdin:
    if not (question := line.strip()):
        break
    print("Bot: ", end="", flush=True)
    for event in coze.chat.stream(
        bot_id="kouyu",
        user_id="ada",
        conversation_id=conversation.id,
        additional_messages=[Message.build_user_question_text(question)],
    ):
        if event.event == ChatEventType.CONVERSATION_MESSAGE_DELTA:
            print(event.message.content, end="", flush=True)
        elif event.event == ChatEventType.CONVERSATION_CHAT_FAILED:
            print(f"[{event.chat.last_error.msg}]", end="")
    print("\nYou: ", end="", flush=True)
