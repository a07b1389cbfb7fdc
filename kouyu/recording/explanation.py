"""Words a turn's facts as the page does (console/src/timeline): why it was slow, why it ended, what cut it off."""

from collections.abc import Iterator
from typing import Any, Final, TypeVar

import msgspec

from kouyu.diagnostics.facts.agent import ReplyAsked
from kouyu.diagnostics.facts.client import SentenceStarted, TurnInterrupted
from kouyu.diagnostics.facts.record import AnyFact, TurnRecord
from kouyu.diagnostics.facts.session import Configured, Failure
from kouyu.diagnostics.facts.turn import Stages, TurnEnded, TurnStarted
from kouyu.diagnostics.facts.user import (
    EndOfTurnJudged,
    SpeculationDiscarded,
    SpeechEnded,
    SpeechProbabilities,
    TranscriptReceived,
    Waveform,
)
from kouyu.text.visible import on_one_line

TEXTS: Final = {
    "stage.silence": "Silence",
    "stage.recognition": "Recognition",
    "stage.first_token": "First token",
    "stage.first_sentence": "First sentence",
    "stage.synthesis": "Synthesis",
    "stage.sending": "Sending",
    "why.slowSpoken": "{total} from your last word to the first sound, most of it: {stage}, {length}.",
    "why.slow": "{total} to the first sound, most of it: {stage}, {length}.",
    "why.ended.silence": "Your turn ended after {silence} of silence (silence_duration_ms is {limit})."
    " Speech probability meanwhile: {average} on average, {most} at most.",
    "why.ended.unfinished": "It sounded unfinished ({completeness}, needed {threshold}), so {silence} of silence were"
    " waited for.",
    "why.ended.judged_complete": "It sounded finished ({completeness}, needed {threshold}), so {silence} of silence"
    " were enough.",
    "why.ended.audio_stopped": "Your turn ended because no more audio came.",
    "why.ended.longest_utterance": "Your turn ended because it had reached the longest length allowed.",
    "why.ended.client": "Your turn ended when you released the button.",
    "why.ended.discarded": "What was heard was thrown away.",
    "why.discarded": "Prepared {times}× in vain, because you spoke on.",
    "why.cut.speech": "The answer was cut off by {speech} of your speech ({needed} are enough).",
    "why.cut.keyword": "The answer was cut off by the keyword “{keyword}”.",
    "why.cut.client": "The answer was cut off because this page asked for it.",
    "why.cut.content": "The answer was cut off by a new message.",
    "why.cut.unheard": "{length} of it were not heard.",
    "failed.recognition": "Recognition failed",
    "failed.reply": "The agent failed",
    "failed.synthesis": "Synthesis failed",
    "failed.chat": "The chat failed",
    "failed.client": "The client's fault",
}
"""The page's texts, by its names for them."""
_STAGES: Final = ("silence", "recognition", "first_token", "first_sentence", "synthesis", "sending")
_SHOWN_APART: Final = (Waveform, SpeechProbabilities, Configured)
F = TypeVar("F", bound=AnyFact)


def duration(ms: float) -> str:
    """ "640 ms", "1.24 s", as the page writes it."""
    if abs(ms) < 1000:
        return f"{ms:.0f} ms"
    return f"{ms / 1000:.{2 if ms < 10_000 else 1}f} s"


def explained(record: TurnRecord) -> Iterator[str]:
    """The lines of one turn: its title, the reasons, its stages, and all facts with their times. Control characters of
    what was said are shown as escape sequences, so that each fact is one line."""
    return map(on_one_line, _lines(record))


def _lines(record: TurnRecord) -> Iterator[str]:
    zero = _zero_of(record)
    yield f"Turn {record.turn}, times from {zero / 1000:.2f} s on: {_title(record)}"
    for reason in _reasons(record):
        yield f"  {reason}"
    if (stages := _stages_of(record)) is not None:
        shown = (f"{TEXTS[f'stage.{name}']} {duration(getattr(stages, name))}" for name in _STAGES)
        yield f"  {' · '.join(shown)} · Total {duration(stages.total)}"
    for fact in record.facts:
        if not isinstance(fact, _SHOWN_APART):
            sign = "−" if fact.at_ms < zero else "+"
            kind = str(fact.__struct_config__.tag)
            yield f"  {sign}{duration(abs(fact.at_ms - zero)):>9}  {kind:<22} {_details(fact)}".rstrip()


def _reasons(record: TurnRecord) -> Iterator[str]:
    yield from filter(None, (_why_slow(record), _why_ended(record), _why_discarded(record), _why_cut_off(record)))
    for failure in _all(record, Failure):
        yield f"{TEXTS[f'failed.{failure.stage}']}: {failure.message}"


def _all(record: TurnRecord, kind: type[F]) -> list[F]:
    return [fact for fact in record.facts if isinstance(fact, kind)]


def _last(record: TurnRecord, kind: type[F]) -> F | None:
    return next(iter(reversed(_all(record, kind))), None)


def _title(record: TurnRecord) -> str:
    finals = [fact.text for fact in _all(record, TranscriptReceived) if fact.final]
    asked, heard = _last(record, ReplyAsked), _last(record, TranscriptReceived)
    announced = next(iter(_all(record, SentenceStarted)), None)
    candidates = (
        asked.question if asked else "",
        finals[-1] if finals else "",
        heard.text if heard else "",
        announced.text if announced else "",
    )
    return next(filter(None, candidates), "…")


def _stages_of(record: TurnRecord) -> Stages | None:
    ended = _last(record, TurnEnded)
    return ended.stages if ended is not None else None


def _zero_of(record: TurnRecord) -> float:
    """The end of the user's speech, from which the stages are counted, or the turn's beginning; in ms."""
    ended, started = _last(record, SpeechEnded), _last(record, TurnStarted)
    if ended is not None:
        return ended.to_ms
    return started.at_ms if started is not None else 0.0


def _why_slow(record: TurnRecord) -> str:
    stages = _stages_of(record)
    if stages is None:
        return ""
    longest = max(_STAGES, key=lambda name: float(getattr(stages, name)))
    text = TEXTS["why.slowSpoken" if stages.silence > 0 else "why.slow"]
    length = duration(getattr(stages, longest))
    return text.format(total=duration(stages.total), stage=TEXTS[f"stage.{longest}"], length=length)


def _why_ended(record: TurnRecord) -> str:
    end = _last(record, SpeechEnded)
    if end is None:
        return ""
    judged = _last(record, EndOfTurnJudged)
    places: dict[str, str] = {"silence": duration(end.silence_ms), "limit": _silence_limit(record)}
    places["average"], places["most"] = _voice_between(record, end.to_ms, end.at_ms)
    if judged is not None:
        places["completeness"], places["threshold"] = f"{judged.completeness:.2f}", f"{judged.threshold:.2f}"
    unfinished = judged is not None and end.reason == "silence" and judged.completeness < judged.threshold
    return TEXTS[f"why.ended.{'unfinished' if unfinished else end.reason}"].format(**places)


def _why_discarded(record: TurnRecord) -> str:
    times = sum(fact.reason == "spoke_on" for fact in _all(record, SpeculationDiscarded))
    return TEXTS["why.discarded"].format(times=times) if times else ""


def _why_cut_off(record: TurnRecord) -> str:
    cut = next(iter(_all(record, TurnInterrupted)), None)
    if cut is None:
        return ""
    by_speech = "keyword" if cut.keyword else "speech"
    name = {1: by_speech, 2: "client", 3: "content"}[cut.code]
    places = {"speech": duration(cut.speech_ms), "needed": duration(cut.needed_ms), "keyword": cut.keyword}
    how = TEXTS[f"why.cut.{name}"].format(**places)
    unheard = TEXTS["why.cut.unheard"].format(length=duration(cut.unheard_ms))
    return f"{how} {unheard}" if cut.unheard_ms > 0 else how


def _silence_limit(record: TurnRecord) -> str:
    configured = _last(record, Configured)
    if configured is None:
        return "?"
    turn_detection = msgspec.json.decode(configured.configuration).get("turn_detection", {})
    limit = turn_detection.get("silence_duration_ms")
    return "?" if limit is None else duration(limit)


def _voice_between(record: TurnRecord, from_ms: float, to_ms: float) -> tuple[str, str]:
    """The average and the maximum speech probability between two times."""
    inside = [
        probability
        for fact in _all(record, SpeechProbabilities)
        for index, probability in enumerate(fact.probabilities)
        if fact.from_ms + index * fact.chunk_ms >= from_ms and fact.from_ms + (index + 1) * fact.chunk_ms <= to_ms
    ]
    return f"{sum(inside) / max(len(inside), 1):.2f}", f"{max((0.0, *inside)):.2f}"


def _details(fact: AnyFact) -> str:
    """The fields of a fact besides its type and time."""
    fields: dict[str, Any] = msgspec.to_builtins(fact)
    shown = ((name, value) for name, value in fields.items() if name not in ("type", "at_ms", "turn"))
    return " · ".join(f"{name} {_worded(value)}" for name, value in shown if value not in ("", None))


def _worded(value: Any) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list | tuple) else f"{value:g}"
