"""What the users of the recorded turns do."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import numpy as np

from kouyu.audio.pcm import Samples
from kouyu.bench.question_files import spoken_questions
from kouyu.domain.speech_rate import SPEECH_RATE
from tests.end_to_end.conversing import AUDIO, Talk

SPEECH_STARTED: Final = "input_audio_buffer.speech_started"
CREATED: Final = "conversation.chat.created"
COMPLETED: Final = "conversation.chat.completed"
CANCELED: Final = "conversation.chat.canceled"
FREE: Final = {"type": "server_vad", "silence_duration_ms": 400}
PUSH: Final = {"type": "client_interrupt"}
LONG_TEXT: Final = (
    "This is a long announcement, which nobody needs to hear to its end. It goes on, until somebody speaks."
)


def question() -> Samples:
    """The first spoken question, from its first word to its last."""
    spoken = spoken_questions("en")[0]
    return spoken.samples[max(0, spoken.speech_start - 1600) : spoken.speech_end]


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SPEECH_RATE), np.float32)


async def ask(talk: Talk, pause_s: float = 0.8) -> None:
    """Say the question, and be silent."""
    await talk.speak(np.concatenate((question(), silence(pause_s))))


async def barge_in_before_the_transcript(talk: Talk) -> None:
    await talk.configure(turn_detection={**FREE, "silence_duration_ms": 0})
    await talk.speak(np.concatenate((question(), silence(0.1), question(), silence(0.8))))
    await talk.until(COMPLETED)


async def barge_in_while_the_agent_thinks(talk: Talk) -> None:
    await talk.configure(turn_detection=FREE)
    await talk.write("A slow question.")
    await talk.until(CREATED)
    await ask(talk)
    await talk.until(CANCELED)
    await talk.until(COMPLETED)


async def barge_in_while_the_answer_is_sent(talk: Talk) -> None:
    # One small packet is let out at a time, so the chat still runs when the user speaks.
    pcm = {"frame_size_ms": 100, "limit_config": {"period": 1, "max_frame_num": 10}}
    await talk.configure(turn_detection=FREE, output_audio={"codec": "pcm", "pcm_config": pcm})
    await talk.write("What is it?")
    await talk.until(AUDIO)
    await ask(talk)
    await talk.until(CANCELED)
    await talk.until(CREATED, count=2)


async def barge_in_while_the_answer_sounds(talk: Talk) -> None:
    await talk.configure(turn_detection=FREE)
    await talk.write("What is it?")
    await talk.until(COMPLETED)
    await ask(talk)
    await talk.until(CANCELED)
    await talk.until(COMPLETED, count=2)


async def barge_in_into_the_prologue(talk: Talk) -> None:
    await talk.configure(turn_detection=FREE, need_play_prologue=True, prologue_content=LONG_TEXT)
    await talk.until(AUDIO)
    await ask(talk)
    await talk.until(COMPLETED)


async def a_tool_is_waited_for_when_the_user_speaks(talk: Talk) -> None:
    await talk.configure(turn_detection=FREE)
    await talk.write("What is the weather?")
    await talk.until("conversation.chat.requires_action")
    await ask(talk)
    await talk.until(CANCELED)
    await talk.until(COMPLETED)


async def a_tool_is_run_by_the_client(talk: Talk) -> None:
    await talk.configure(turn_detection=PUSH)
    await talk.write("What is the weather?")
    asked = await talk.until("conversation.chat.requires_action")
    outputs = [{"tool_call_id": "call 1", "output": "sunny"}]
    wrong = {"chat_id": asked.data["id"], "tool_outputs": [{"tool_call_id": "call 2", "output": "?"}]}
    await talk.client.send("conversation.chat.submit_tool_outputs", wrong)
    await talk.until("error")
    right: dict[str, Any] = {"chat_id": asked.data["id"], "tool_outputs": outputs}
    await talk.client.send("conversation.chat.submit_tool_outputs", right)
    await talk.until(COMPLETED)


async def push_to_talk_with_a_late_voice_activity(talk: Talk) -> None:
    await talk.configure(turn_detection=PUSH)
    # Much more than real time: the button is released before voice activity has judged the half of it.
    await talk.speak(np.concatenate([question()] * 6), faster=1000)
    await talk.client.send("input_audio_buffer.complete")
    await talk.speak(question(), faster=1000)
    await talk.client.send("input_audio_buffer.clear")
    await talk.until(COMPLETED)


async def a_chat_update_in_mid_utterance(talk: Talk) -> None:
    await talk.configure(turn_detection=FREE)
    half = len(question()) // 2
    await talk.speak(question()[:half])
    await talk.until(SPEECH_STARTED)
    await talk.configure(turn_detection={"type": "semantic_vad"}, output_audio={"speech_rate": 20})
    await talk.speak(question()[half:])
    await talk.configure(turn_detection=PUSH)
    await talk.client.send("input_audio_buffer.complete")
    await talk.until(COMPLETED)
    await talk.configure(turn_detection={"silence_duration_ms": -5}, chat_config={"user_id": "ben"})
    await talk.ask("Another user asks?")


async def a_new_section_while_the_answer_sounds(talk: Talk) -> None:
    await talk.configure(turn_detection=FREE)
    await ask(talk)
    await talk.until(AUDIO)
    await talk.client.send("conversation.clear")
    await talk.until("conversation.cleared")
    await talk.client.send("input_text.generate_audio", {"mode": "text", "text": LONG_TEXT})
    await ask(talk)
    await talk.until(CANCELED)
    await talk.until(COMPLETED, count=2)


async def a_client_vanishes(talk: Talk) -> None:
    await talk.configure(turn_detection=FREE)
    await talk.write("A slow question.")
    await talk.until(CREATED)
    await talk.speak(question())
    talk.client._connection.transport.abort()  # the client is killed, it does not say goodbye


TURNS: Final[dict[str, Callable[[Talk], Awaitable[None]]]] = {
    turn.__name__: turn
    for turn in (
        barge_in_before_the_transcript,
        barge_in_while_the_agent_thinks,
        barge_in_while_the_answer_is_sent,
        barge_in_while_the_answer_sounds,
        barge_in_into_the_prologue,
        a_tool_is_waited_for_when_the_user_speaks,
        a_tool_is_run_by_the_client,
        push_to_talk_with_a_late_voice_activity,
        a_chat_update_in_mid_utterance,
        a_new_section_while_the_answer_sounds,
        a_client_vanishes,
    )
}
"""By the name of the record."""
