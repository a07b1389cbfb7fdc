"""The agent's answers in a record, for questions that another recogniser may have heard otherwise."""

from collections.abc import Iterator, Sequence

import msgspec
from rapidfuzz import fuzz

from kouyu.conversation.inputs import Input, ReplyReport
from kouyu.recording.entries import RecordedStep

Reports = Sequence[tuple[float, Input]]
"""Each with the seconds after the question."""


class _Answer(msgspec.Struct, frozen=True):
    question: str
    asked_at: float
    after_tools: bool
    reports: list[tuple[float, Input]]


class RecordedAnswers:
    """Gives, for a question, what the agent answered to the most similar one. Agents are not asked anew: their tools
    would act a second time."""

    def __init__(self, steps: Sequence[RecordedStep]) -> None:
        found = {order: answer for step in steps for order, answer in _asked(step)}
        for step in steps:
            if isinstance(step.received, ReplyReport) and step.received.order in found:
                answer = found[step.received.order]
                answer.reports.append((step.now - answer.asked_at, step.received))
        self._answers = [answer for answer in found.values() if answer.reports]

    def to(self, question: str, order: int, now: float, *, after_tools: bool) -> Reports:
        """The reports of the answer, under the number of today's order; none if no answer was recorded."""

        def fits(answer: _Answer) -> tuple[bool, float, int, float]:
            similar = fuzz.ratio(question.casefold(), answer.question.casefold())
            return answer.after_tools == after_tools, similar, len(answer.reports), -abs(answer.asked_at - now)

        if not self._answers:
            return ()
        best = max(self._answers, key=fits)
        return [(delay, msgspec.structs.replace(report, order=order)) for delay, report in best.reports]


def _asked(step: RecordedStep) -> Iterator[tuple[int, _Answer]]:
    for name, fields in step.effects:
        if name == "StartReply":
            question = fields.get("question", {}).get("content", "")
            yield fields["order"], _Answer(question, step.now, bool(fields.get("tool_rounds")), [])
