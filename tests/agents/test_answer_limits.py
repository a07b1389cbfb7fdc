"""Limits of an answer's length: the text up to the limit counts, and the limit is reported."""

from collections.abc import AsyncGenerator

from kouyu.agents.agent import AgentEvent, AnswerCut, TextDelta, TextWithdrawn, ThoughtDelta, TokenUsage
from kouyu.agents.answer_limits import MOST_ANSWER, MOST_THOUGHTS, PORTION, portions, within_limits
from kouyu.agents.chat_completion import Choice, Chunk, Delta, UsageCount, in_portions


class Agent:
    """Says the same without end; knows whether it was stopped."""

    def __init__(self, *first: AgentEvent, then: AgentEvent) -> None:
        self._first = first
        self._then = then
        self.given = 0
        self.stopped = False

    async def reply(self) -> AsyncGenerator[AgentEvent, None]:
        try:
            for event in self._first:
                yield event
            while True:
                self.given += 1
                yield self._then
        finally:
            self.stopped = True


async def answer_of(agent: Agent) -> list[AgentEvent]:
    return [event async for event in within_limits(agent.reply())]


async def test_an_endless_answer_is_cut_off_at_its_limit_and_the_agent_is_stopped() -> None:
    agent = Agent(then=TextDelta("word " * 20))
    *texts, cut, usage = await answer_of(agent)
    assert "".join(text.text for text in texts if isinstance(text, TextDelta)) == ("word " * MOST_ANSWER)[:MOST_ANSWER]
    assert isinstance(cut, AnswerCut)
    assert str(MOST_ANSWER) in cut.reason
    assert isinstance(usage, TokenUsage)
    assert usage.output_tokens > MOST_ANSWER / 5
    assert agent.stopped
    assert agent.given == MOST_ANSWER // 100 + 1


async def test_of_one_huge_piece_the_beginning_counts() -> None:
    text, cut, _ = await answer_of(Agent(then=TextDelta("x" * 3_000_000)))
    assert text == TextDelta("x" * MOST_ANSWER)
    assert isinstance(cut, AnswerCut)


async def test_an_agent_that_never_stops_thinking_is_stopped() -> None:
    agent = Agent(TextDelta("Well."), then=ThoughtDelta("hm " * 1000))
    said, *thoughts, cut, _ = await answer_of(agent)
    assert said == TextDelta("Well.")
    assert sum(len(thought.text) for thought in thoughts if isinstance(thought, ThoughtDelta)) == MOST_THOUGHTS
    assert isinstance(cut, AnswerCut)
    assert str(MOST_THOUGHTS) in cut.reason
    assert agent.stopped


async def test_what_was_withdrawn_does_not_count() -> None:
    half = MOST_ANSWER // 2
    agent = Agent(TextDelta("x" * MOST_ANSWER), TextWithdrawn(half), then=TextDelta("y" * half))
    events = await answer_of(agent)
    assert [event for event in events if isinstance(event, TextDelta)][1:] == [TextDelta("y" * half), TextDelta("")]


def test_a_long_text_is_dealt_with_in_portions() -> None:
    text = "0123456789" * PORTION
    assert "".join(portions(text)) == text
    assert max(map(len, portions(text))) == PORTION
    assert list(portions("")) == [""]


def test_a_chunk_with_a_long_text_becomes_several_that_add_up_to_it() -> None:
    delta = Delta(content="x" * (3 * PORTION + 1), reasoning_content="hm")
    chunk = Chunk(choices=[Choice(delta=delta, finish_reason="stop")], usage=UsageCount(1, 2))
    parts = list(in_portions(chunk))
    deltas = [part.choices[0].delta for part in parts if part.choices]
    assert "".join(part.text for part in deltas if part) == delta.text
    assert [part.thought for part in deltas if part] == ["hm", "", "", ""]
    assert [part.choices[0].finish_reason for part in parts if part.choices] == [None, None, None, "stop"]
    assert [part.usage for part in parts] == [None, None, None, chunk.usage]
    short = Chunk(choices=[Choice(delta=Delta(content="x"))])
    assert list(in_portions(short)) == [short]
