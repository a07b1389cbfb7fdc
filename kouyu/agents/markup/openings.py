"""Words that thoughts typically begin with, to recognise thoughts of a model that is not known yet."""

from typing import Final

_OPENINGS: Final = tuple(
    opening.casefold()
    for opening in (
        "Okay, so",
        "Okay, the user",
        "Okay, I",
        "Okay, let",
        "OK, the user",
        "Alright, so",
        "Alright, the user",
        "Alright, I",
        "Alright, let",
        "So, the user",
        "So the user",
        "The user",
        "User ",
        "User's",
        "We need to",
        "We have to",
        "We should",
        "We are asked",
        "I need to",
        "I should",
        "I must",
        "I will answer",
        "I have to",
        "Let me think",
        "Let me see",
        "Let me analy",
        "Let me break",
        "Let's think",
        "Let's see",
        "Hmm",
        "First, I",
        "First, the user",
        "First, let",
        "Thinking Process",
        "Thinking:",
        "Thought",
        "My task",
        "Got it, the user",
        "Got it, let",
        "用户",
        "好的，用户",
        "好的，我",
        "好，用户",
        "好，我",
        "嗯，用户",
        "嗯，我",
        "首先，用户",
        "首先，我",
        "我需要",
        "我应该",
        "让我想",
        "让我分析",
        "这个用户",
        "现在用户",
    )
)


def is_opening_of_thought(text: str) -> bool | None:
    """Whether an answer that begins with ``text`` begins like a thought; None while its next characters decide."""
    begun = text.casefold()
    if any(begun.startswith(opening) for opening in _OPENINGS):
        return True
    return None if any(opening.startswith(begun) for opening in _OPENINGS) else False
