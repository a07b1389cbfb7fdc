"""Which transcripts are backchannels."""

import pytest

from kouyu.text.backchannels import is_backchannel


@pytest.mark.parametrize(
    "said",
    [
        "Mm-hm.",
        "Mhm",
        "Uh-huh.",
        "Mm.",
        "Hmm.",
        "Yeah.",
        "Yeah, okay.",
        "I see.",
        "Oh, right.",
        "Ah!",
        "Got it.",
        "嗯。",
        "嗯嗯",
        "对。",
        "对，对。",
        "是的。",
        "好的。",
        "哦",
        "没错",
        "嗯哼。",
    ],
)
def test_listening_sounds_are_backchannels(said: str) -> None:
    assert is_backchannel(said)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "...",
        "Stop.",
        "No.",
        "Wait!",
        "Yeah, but why?",
        "Okay, stop.",
        "What?",
        "Right now",
        "Hamster",
        "Umbrella",
        "停。",
        "不对。",
        "等一下",
        "对了，我想问",
        "好热",
        "是吗？为什么",
    ],
)
def test_whoever_says_something_is_heard(said: str) -> None:
    assert not is_backchannel(said)
