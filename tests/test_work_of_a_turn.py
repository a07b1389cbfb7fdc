"""A scripted conversation takes as much work as it did: a change that doubles a kind of work, or loses one, fails."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from kouyu.bench.question_files import spoken_questions
from tests.counted_conversation import VirtualLoop, Work, counted_engines, counted_talk

WORK: Final = Work(
    {
        "messages that woke a task": 11,
        "pieces decoded": 354,
        "VAD runs": 699,
        "chunks with rules": 212,
        "encoder runs": 6,
        "decoder steps": 51,
        "small encoder runs": 8,
        "small decoder steps": 69,
        "language model requests": 11,
        "tokens read": 76,
        "tokens written": 60,
        "voice runs": 42,
        "commits": 8,
        "events sent": 166,
        "bytes sent": 670_000,
    }
)
"""Of three spoken questions and a typed one. Answers are short: what models write, and where they end, may differ
between processors."""
MOST: Final = 1.4
LEAST: Final = 0.6


async def converse(folder: Path) -> dict[str, Work]:
    """Ask four questions; the work of each one."""
    questions = {question.text: question.samples[: question.speech_end] for question in spoken_questions("en")}
    work = Work()
    done: dict[str, Work] = {}

    def is_done(question: str) -> None:
        done[question] = Work(work)
        work.clear()

    with counted_engines(work):
        async with counted_talk(folder, work) as talk:
            await talk.configure("server_vad")
            for question in ("What is the capital of France?", "Tell me a short story about a dog."):
                await talk.say(questions[question])
                await talk.hear_out(silence=True)
                is_done(question)
            typed = {"role": "user", "content_type": "text", "content": "Hello!"}
            await talk.tell("conversation.message.create", typed)
            await talk.hear_out(silence=True)
            is_done("Hello!")
            await talk.configure("client_interrupt")
            await talk.say(questions["Can you help me learn English?"])
            await talk.tell("input_audio_buffer.complete", {})
            await talk.hear_out(silence=False)
            is_done("Can you help me learn English?")
    return done


@pytest.mark.models
def test_a_conversation_takes_no_more_work_than_it_did(tmp_path: Path) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        by_question = runner.run(converse(tmp_path))
    work = sum(by_question.values(), Work())
    shares = {kind: round(work[kind] / WORK[kind], 2) for kind in WORK}
    assert {kind: share for kind, share in shares.items() if not LEAST <= share <= MOST} == {}, by_question
    assert work["searches for an echo"] == 0, "nobody speaks while an answer is played"
