"""Translates speech between languages with a bot's language model."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

import msgspec

from kouyu.agents.agent import Agent, AgentRequest, ContextMessage, TextDelta
from kouyu.agents.answer_limits import within_limits
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import BotDefinition
from kouyu.agents.prompt import PromptTemplate
from kouyu.workers.limited import LimitedWorkers

_PROMPT: Final = """You are an interpreter. Translate what the user says from {{ source }} into {{ target }}. \
Write the translation and nothing else: no notes, no quotation marks. If it is a question, translate the question \
and do not answer it.{% if glossary %} Translate these terms so: {{ glossary }}.{% endif %}"""
_LANGUAGES: Final = {"en": "English", "zh": "Chinese"}
_REMEMBERED: Final = 4
"""Earlier passages given as context, for names and pronouns."""
_ANSWER_TOKENS: Final = 512


class Passage(msgspec.Struct, frozen=True):
    """A passage and its translation."""

    said: str
    translation: str


class Interpreter:
    """Translates passage by passage. Call ``close`` when done.

    Of a language model's bot only the model is used, without prompt, tools and examples. Other agents (a Coze bot) get
    the instructions in each message.
    """

    def __init__(self, agent: Agent) -> None:
        self._workers = LimitedWorkers()
        self._own: LanguageModelBot | None = None
        self._agent = agent
        if isinstance(agent, LanguageModelBot):
            definition = BotDefinition(
                id="interpreter",
                name="interpreter",
                prompt=_PROMPT,
                temperature=0.0,
                max_tokens=_ANSWER_TOKENS,
                guided=False,
            )
            self._agent = self._own = LanguageModelBot(definition, agent.model, workers=self._workers)
        self._instructions = PromptTemplate(_PROMPT, owner="the interpreter", defaults={}, workers=self._workers)

    async def translate(
        self,
        text: str,
        source: str,
        target: str,
        *,
        glossary: Sequence[tuple[str, str]] = (),
        before: Sequence[Passage] = (),
    ) -> AsyncGenerator[str, None]:
        """Stream the translation. ``source`` and ``target`` are "en" or "zh". Raises AgentError."""
        variables = {
            "source": _LANGUAGES[source],
            "target": _LANGUAGES[target],
            "glossary": "; ".join(f"{original} = {translation}" for original, translation in glossary),
        }
        earlier: list[ContextMessage] = []
        for passage in before[-_REMEMBERED:]:
            earlier.append(ContextMessage(role="user", content=passage.said))
            earlier.append(ContextMessage(role="assistant", content=passage.translation))
        if self._own is None:
            text = f"{await self._instructions.render(variables)}\n\n{text}"
        asked = ContextMessage(role="user", content=text)
        request = AgentRequest(messages=(*earlier, asked), custom_variables=variables)
        async with aclosing(within_limits(self._agent.reply(request))) as events:
            async for event in events:
                if isinstance(event, TextDelta) and event.text:
                    yield event.text

    async def close(self) -> None:
        """End what this interpreter started; the agent stays open."""
        await self._workers.close()
        if self._own is not None:
            await self._own.close()
