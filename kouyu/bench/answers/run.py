"""Asks embedded language models the questions, as the default bot asks them, and marks the answers."""

import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from kouyu.agents.agent import AgentRequest, ContextMessage, TextDelta, TextWithdrawn
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import BotDefinition
from kouyu.agents.current_model import AskedModel, CurrentModel
from kouyu.agents.embedded.model import EmbeddedModel
from kouyu.agents.embedded.tiers import ModelFile
from kouyu.bench.answers.marking import Half, Mark, Question, mark
from kouyu.bench.machine import Machine, this_machine
from kouyu.bench.spoken_question import Language
from kouyu.text.growing_text import GrowingText


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A model's answer to a question."""

    language: Language
    half: Half
    question: str
    answer: str
    mark: Mark
    seconds: float
    """From the question to the end of the answer."""


class ModelAnswers(msgspec.Struct, frozen=True):
    """All answers of one model."""

    model: str
    answers: Sequence[Answer]


class AnswersReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kouyu eval answers`` measured."""

    machine: Machine
    models: Sequence[ModelAnswers]


class AnswersOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which models are asked which questions."""

    models: Sequence[ModelFile]
    questions: Mapping[Language, Sequence[Question]]

    @property
    def count(self) -> int:
        """The number of answers."""
        return len(self.models) * sum(map(len, self.questions.values()))


async def run_answers(options: AnswersOptions, *, on_answer: Callable[[], None]) -> AnswersReport:
    """Ask the models one after the other; ``on_answer`` is called after each answer. Raises AgentError."""
    return AnswersReport(
        machine=this_machine(), models=[await _of_model(file, options, on_answer) for file in options.models]
    )


async def _of_model(file: ModelFile, options: AnswersOptions, on_answer: Callable[[], None]) -> ModelAnswers:
    model = EmbeddedModel(file)
    answers = []
    try:
        await model.start()
        asked = CurrentModel(AskedModel(model.endpoint, file.prompts.guidance))
        bot = LanguageModelBot(BotDefinition(id="", name=""), asked)
        try:
            for language, questions in options.questions.items():
                for question in questions:
                    answers.append(await _answer(bot, question, language))
                    on_answer()
        finally:
            await bot.close()
            await asked.close()
    finally:
        await model.close()
    return ModelAnswers(model.name, answers)


async def _answer(bot: LanguageModelBot, question: Question, language: Language) -> Answer:
    asked = time.monotonic()
    text = GrowingText()
    async for event in bot.reply(AgentRequest(messages=(ContextMessage(role="user", content=question.ask),))):
        match event:
            case TextDelta(more):
                text.add(more)
            case TextWithdrawn(characters):
                text.withdraw(characters)
    answer = str(text).strip()
    return Answer(
        language=language,
        half=question.half,
        question=question.ask,
        answer=answer,
        mark=mark(question, answer, language),
        seconds=round(time.monotonic() - asked, 2),
    )
