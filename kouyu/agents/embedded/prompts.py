"""How each family of embedded models is asked: sampling, and guidance in the user's language."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from kouyu.agents.bot_definition import Example, Guidance


class PromptFamily(msgspec.Struct, frozen=True, kw_only=True):
    """What models of one family need."""

    body: dict[str, Any]
    """Added to each request: sampling and limits."""
    body_ahead: dict[str, Any]
    """Added to the requests of drafts and prefill, overriding ``body``."""
    guidance: Mapping[str, Guidance]
    """By language (ISO 639-1), the first one for all others; for bots without examples of their own."""


_BODY: Final[dict[str, Any]] = {
    "temperature": 0,
    "dry_multiplier": 0.8,
    "dry_allowed_length": 3,
    # The usual four cost 9 ms more before each first token.
    "dry_sequence_breakers": ["\n"],
    "max_tokens": 120,
    "cache_prompt": True,
}
"""Chosen on everyday questions: from temperature 0.2 on so small a model invents facts, and the usual repetition
penalty corrupts names and numbers; the penalty on repeated sequences (DRY) only ends loops."""

_BODY_AHEAD: Final[dict[str, Any]] = {"dry_multiplier": 0}
"""A dozen tokens cannot loop, and setting up the DRY sampler takes 7 ms for each request."""

PREFILL_BODY: Final[dict[str, Any]] = {"add_generation_prompt": False}
"""The tokens that begin an answer are not read: the question goes on before them. That saves a quarter of a prefill."""

SMOLLM2: Final = PromptFamily(
    # No breaker at all: llama.cpp compares each one with its whole vocabulary for every request, which takes 4 ms. It
    # skips an empty one, and refuses an empty list.
    body={**_BODY, "dry_sequence_breakers": [""]},
    body_ahead=_BODY_AHEAD,
    guidance={
        "en": Guidance(
            examples=(
                Example("Hello! How are you?", "I'm fine, thank you! How can I help you today?"),
                Example("What is the largest ocean?", "The largest ocean is the Pacific Ocean."),
                Example("Count to three.", "One, two, three."),
                Example("My name is Tom.", "Nice to meet you, Tom!"),
                Example("Thanks, bye!", "You're welcome. Goodbye!"),
            )
        )
    },
)
"""Without examples half of its answers miss the question. Cached, they cost no time."""

QWEN2_5: Final = PromptFamily(
    body=_BODY,
    body_ahead=_BODY_AHEAD,
    guidance={
        "en": Guidance(
            examples=(
                Example("Hello! How are you?", "I'm fine, thank you! How can I help you today?"),
                Example("What is the largest ocean?", "The largest ocean is the Pacific Ocean."),
                Example("My name is Tom.", "Nice to meet you, Tom!"),
            ),
            with_tools="You know nothing of the present, of the user's home or of devices: call a function for these. "
            "Answer everything else yourself.",
        ),
        "zh": Guidance(
            instruction="请用中文简短地回答。",
            examples=(
                Example("你好！最近怎么样？", "我很好，谢谢！今天有什么可以帮你的吗？"),
                Example("最大的海洋是哪个？", "最大的海洋是太平洋。"),
                Example("我叫小王。", "很高兴认识你，小王！"),
            ),
            with_tools="你不知道现在的情况，也不知道用户家里和设备的情况：这些请调用函数。其他问题直接回答。",
        ),
    },
)
"""Examples in the language of the question alone: with both languages in one prompt, the 1.5B answers English questions
in Mandarin. With tools there are none, because the model imitates them: it makes the weather up instead of calling."""
