"""Decides which tier of the embedded language model runs on this machine (docs/decisions.md)."""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from kouyu.agents.embedded.model import Speed
from kouyu.agents.embedded.tiers import TIERS, Tier, TierName

ANSWER_LIMIT_MS: Final = 620
"""Median time from the end of a question in free talk to the answer's first audio that a tier may take."""

READ_TOKENS: Final = 12
"""Tokens of a question that are still to be read when the user pauses; the ones before are in the KV cache."""
WRITTEN_TOKENS: Final = 6
"""Tokens of an answer's first clause that are still to be written then: in many turns it was begun as a draft."""
OTHER_WORK_MS: Final = 290
"""From the end of speech: the pause that is waited for, recognition, and the first sound of the voice."""
SILENCE_MS: Final = 530
"""The least there can be: ``silence_duration_ms``, a frame and a chunk of voice activity."""
OTHER_MEMORY_MIB: Final = 1200
"""Memory that is left to the other engines."""


class Choice(msgspec.Struct, frozen=True):
    """The tier to run, and why."""

    tier: Tier
    reason: str
    """A clause that follows "because"."""


def estimated_answer_ms(tier: Tier, speeds: Mapping[TierName, Speed]) -> float | None:
    """The median time of an answer in free talk with this tier on an idle machine.

    From the tier's own speed, or else from the speed of another tier, nearest first, and what the two cost. None if
    none was measured.
    """
    speed = _speed(tier, speeds)
    if speed is None:
        return None
    own = READ_TOKENS * speed.reading_ms + WRITTEN_TOKENS * speed.writing_ms
    return max(SILENCE_MS, OTHER_WORK_MS + own)


def choose(among: Collection[TierName], *, speeds: Mapping[TierName, Speed], free_memory_mib: int) -> Choice:
    """Choose the largest of the tiers ``among`` that answers in time and fits into the memory; else the smallest.

    A tier of which nothing is known is tried: it must be measured, and chosen again.
    """
    against: list[str] = []
    candidates = [tier for tier in reversed(TIERS) if tier.name in among] or [TIERS[0]]
    for tier in candidates:
        answer_ms = estimated_answer_ms(tier, speeds)
        needed = tier.memory_mib + OTHER_MEMORY_MIB
        if needed > free_memory_mib:
            against.append(f"{tier.name} needs {needed} MiB of memory, and {free_memory_mib} are free")
        elif answer_ms is not None and answer_ms > ANSWER_LIMIT_MS:
            against.append(f"{tier.name} would answer after {answer_ms:.0f} ms")
        else:
            return Choice(tier, "; ".join((_in_favour(answer_ms, candidates), *against)))
    return Choice(candidates[-1], "; ".join(("it is the smallest", *against)))


def _in_favour(answer_ms: float | None, candidates: list[Tier]) -> str:
    if answer_ms is None:
        return "its speed here is not known yet"
    if len(candidates) == 1:
        return f"it is the only one here; it answers after about {answer_ms:.0f} ms"
    names = ", ".join(tier.name for tier in reversed(candidates))
    return f"of {names} it is the largest that answers within {ANSWER_LIMIT_MS} ms here, after about {answer_ms:.0f} ms"


def _speed(tier: Tier, speeds: Mapping[TierName, Speed]) -> Speed | None:
    nearest = sorted(
        (each for each in TIERS if each.name in speeds), key=lambda each: abs(TIERS.index(each) - TIERS.index(tier))
    )
    if not nearest:
        return None
    known = nearest[0]
    speed = speeds[known.name]
    return Speed(
        reading_ms=speed.reading_ms * tier.reading_cost / known.reading_cost,
        writing_ms=speed.writing_ms * tier.writing_cost / known.writing_cost,
    )
