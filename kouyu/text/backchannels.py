"""Recognises backchannels: transcripts that only signal listening and claim no turn."""

import re
from typing import Final

_SOUNDS: Final = re.compile(
    r"(?:m++(?:h++m*+)?+|(?:u++h++){1,2}+|h++m+|a++h+|o++h+|嗯+|哦+|噢+|啊+|呃+|唔+|对+|是+|好+|行+)"
)
_ENGLISH: Final = (
    "yeah yep yup yes ok okay right sure really wow exactly indeed hmm huh mhm uhhuh mmhmm alright fine good great true"
)
_MANDARIN: Final = (
    "是的 是啊 对的 对啊 对对 好的 好吧 好啊 没错 明白 明白了 知道了 了解 嗯哼 这样啊 真的吗 真的 可以 行吧"
)
_WORDS: Final = frozenset(f"{_ENGLISH} {_MANDARIN}".split())
_PHRASES: Final = ("i see", "i know", "got it", "uh huh", "mm hm", "mm hmm", "of course", "all right", "oh really")
_LONGEST: Final = 4
"""Most words of a backchannel; a longer transcript is a turn."""


def is_backchannel(transcript: str) -> bool:
    """Whether ``transcript`` is only a backchannel: "mm-hm", "yeah, okay", 嗯, 对对. False for an empty one."""
    said = re.sub(r"[^\w\s]+", " ", transcript.casefold())
    for phrase in _PHRASES:
        said = re.sub(rf"\b{phrase}\b", "mhm", said)
    words = said.split()
    return 0 < len(words) <= _LONGEST and all(word in _WORDS or _SOUNDS.fullmatch(word) for word in words)
