"""An app that shows pictures with openai-agents: one message with a text and a picture, and one with a recording.

Prints what it has seen, as JSON.
"""

import asyncio
import base64
import json
import os
import sys
from typing import Any

from agents.realtime import RealtimeAgent, RealtimeModelSendRawMessage, RealtimeRunner
from questions import question

seen: dict[str, Any] = {"errors": [], "history": []}


async def listen(session: Any) -> None:
    async for event in session:
        match event.type:
            case "error":
                seen["errors"].append(str(event.error))
            case "history_updated":
                seen["history"] = [item.model_dump() for item in event.history]


async def until(text: str) -> None:
    """Wait until the history has a completed answer with this text."""
    while not any(
        item["type"] == "message" and item["role"] == "assistant" and text in json.dumps(item)
        for item in seen["history"]
    ):
        await asyncio.sleep(0.05)


async def main() -> None:
    url = os.environ["KOUYU_HTTP"].replace("http", "ws") + "/openai/v1/realtime?model=seeing"
    session = await RealtimeRunner(RealtimeAgent(name="Assistant")).run(
        model_config={"url": url, "api_key": os.environ["KOUYU_TOKEN"]}
    )
    async with session, asyncio.timeout(float(os.environ["PATIENCE_S"])):
        listening = asyncio.create_task(listen(session))
        text = {"type": "input_text", "text": "What is it?"}
        picture = {"type": "input_image", "image_url": os.environ["PICTURE"], "detail": "high"}
        await session.send_message({"type": "message", "role": "user", "content": [text, picture]})
        await until("red")
        speech = {"type": "input_audio", "audio": base64.b64encode(question("en-capital")).decode()}
        item = {"type": "message", "role": "user", "content": [speech]}
        for message in (
            {"type": "conversation.item.create", "other_data": {"item": item}},
            {"type": "response.create"},
        ):
            await session.model.send_event(RealtimeModelSendRawMessage(message=message))
        await until("Paris")
        listening.cancel()


try:
    asyncio.run(main())
except TimeoutError:
    seen["errors"].append("timeout")
json.dump(seen, sys.stdout)
