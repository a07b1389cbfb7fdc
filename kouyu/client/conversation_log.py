"""Formats a turn's events as log lines with times."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from kouyu.client.voice_client import Event

_LONGEST_RESULT: Final = 200
"""Characters of a tool's result that are shown."""


@dataclass(slots=True)
class ConversationLog:
    """Formats events as lines, with seconds since the start, and collects the reply's audio.

    Each delta of an answer gets its own line, as it arrives.
    """

    started_at: float
    speech_ended_at: float | None = None
    """When the question's last sample was sent; the first audio is measured from here too."""
    audio: bytearray = field(default_factory=bytearray)

    def line(self, event: Event) -> str | None:
        """What to print for this event; None for nothing."""
        what = self._describe(event)
        return None if what is None else f"{event.at - self.started_at:7.2f} s  {what}"

    def _describe(self, event: Event) -> str | None:
        data: Any = event.data
        match event.type:
            case "input_audio_buffer.speech_started":
                return "speech started"
            case "input_audio_buffer.speech_stopped":
                return "speech stopped"
            case "conversation.audio_transcript.update":
                return f"hearing     {data['content']}"
            case "conversation.audio_transcript.completed":
                return f"heard       {data['content'] or 'nothing'}"
            case "conversation.audio.sentence_start":
                return f"speaking    {data['text']}"
            case "conversation.audio.delta":
                first = not self.audio
                self.audio += event.audio
                return self._first_audio(event.at) if first else None
            case "conversation.message.completed" if data["type"] == "answer":
                return f"reply       {data['content']}"
            case "conversation.message.completed" if data["type"] == "function_call":
                return f"calls       {_call(data['content'])}"
            case "conversation.message.completed" if data["type"] in ("tool_response", "tool_output"):
                return f"result      {_shortened(data['content'])}"
            case "conversation.chat.requires_action":
                calls = data["required_action"]["submit_tool_outputs"]["tool_calls"]
                return f"waits       for the result of {', '.join(call['function']['name'] for call in calls)}"
            case "conversation.chat.completed":
                unspoken = (data.get("last_error") or {}).get("msg")
                tokens = f"completed   {data['usage']['token_count']} tokens"
                return f"{tokens}; {unspoken}" if unspoken else tokens
            case "conversation.chat.failed":
                return f"failed      {data['last_error']['msg']}"
            case "conversation.chat.canceled":
                return f"interrupted {data['msg']}"
            case "error":
                return f"error {data['code']}  {data['msg']}"
            case _:
                return None

    def _first_audio(self, at: float) -> str:
        if self.speech_ended_at is None:
            return "first audio"
        return f"first audio, {(at - self.speech_ended_at) * 1000:.0f} ms after the end of the question"


def _call(content: str) -> str:
    """A tool call as programs write it; ``content``, of its message, is JSON with its name and its arguments."""
    try:
        call = json.loads(content)
        return f"{call['name']}({call['arguments']})"
    except (ValueError, KeyError, TypeError):
        return content


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_RESULT else f"{line[:_LONGEST_RESULT]}…"
