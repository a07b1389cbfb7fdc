"""Interprets instructions for a voice (``context_texts``): 语速快一点, 低沉沙哑, "speak slowly, in a deep voice".

For voices whose model takes no instructions, but whose speed, pitch and volume can be changed. Knows the Mandarin and
English words for these, and for moods and manners of speaking that mostly consist of them.
"""

import re
from functools import lru_cache
from typing import Final

import msgspec

SLOWEST: Final = 0.5
FASTEST: Final = 2.0
HIGHEST: Final = 5.0
LOUDEST: Final = 6.0
SOFTEST: Final = -12.0


class Directions(msgspec.Struct, frozen=True):
    """The requested speed (factor), pitch (semitones) and volume (dB). ``rest``: some words are not known."""

    speed: float = 1.0
    semitones: float = 0.0
    decibels: float = 0.0
    rest: bool = False


_WAYS: Final[tuple[tuple[float, float, float, str], ...]] = (
    (
        1.25,
        0.0,
        0.0,
        r"快(?!乐|活|要)速?|加速|赶|急促"
        r"|\b(?:fast|faster|quick|quickly|quicker|rapid|rapidly|brisk|hurried)\b",
    ),
    (
        1.25,
        0.0,
        0.0,
        r"\b(?:speed up|high speed|high pace)\b",
    ),
    (
        0.8,
        0.0,
        0.0,
        r"缓?慢|减速|从容|不紧不慢"
        r"|\b(?:slow down|slower|slowly|slow|unhurried|leisurely|low speed)\b",
    ),
    (
        1.0,
        0.0,
        4.0,
        r"大点?声|高声|响亮|洪亮|大嗓门|(?:声音|音量|声)(?:再)?(?:大|高|响)"
        r"|\b(?:loud|louder|loudly|speak up|booming)\b",
    ),
    (
        1.05,
        1.0,
        5.0,
        r"喊|吼"
        r"|\b(?:shout|shouting|shouts|yell|yelling)\b",
    ),
    (
        1.0,
        0.0,
        -4.0,
        r"小点?声|低声|轻声|轻一?点|(?:声音|音量|声)(?:再)?(?:小|轻|低)(?!沉)"
        r"|\b(?:quiet|quieter|quietly|softer|softly|low volume)\b",
    ),
    (
        0.95,
        0.0,
        -9.0,
        r"耳语|悄悄话?|窃窃私语|气声"
        r"|\b(?:whisper|whispers|whispering|whispered)\b",
    ),
    (
        0.95,
        0.0,
        -2.0,
        r"温柔|轻柔|柔和|柔软"
        r"|\b(?:gentle|gently|soft|tender|tenderly|soothing|mild)\b",
    ),
    (
        1.0,
        -3.0,
        0.0,
        r"低沉|深沉|浑厚|磁性|低音|粗犷?|(?:音调|声调|音高|语调)(?:再)?低"
        r"|\b(?:deep|deeper|bass|baritone|low[- ]pitched|low(?:er)? (?:pitch|voice|tone))\b",
    ),
    (
        0.97,
        -2.0,
        -1.0,
        r"沙哑|嘶哑|沙沙的|烟嗓"
        r"|\b(?:hoarse|hoarsely|husky|raspy|gravelly|rough)\b",
    ),
    (
        1.0,
        3.0,
        0.0,
        r"尖(?:细|锐|声)?|高音|清脆|(?:音调|声调|音高|语调)(?:再)?高"
        r"|\b(?:high[- ]pitched|high(?:er)? (?:pitch|voice|tone)|squeaky|shrill|bright)\b",
    ),
    (
        1.03,
        3.5,
        0.0,
        r"童声|孩子|小朋友|可爱|萌|奶声奶气"
        r"|\b(?:child|childlike|kid|cute|little (?:girl|boy))\b",
    ),
    (
        0.86,
        -2.0,
        -1.0,
        r"老人|老爷爷|老奶奶|爷爷|苍老|年迈"
        r"|\b(?:old (?:man|woman)|elderly|grandfather|grandpa|grandmother|grandma)\b",
    ),
    (
        0.88,
        -1.0,
        -2.5,
        r"疲惫|疲倦|困倦|有气无力|无精打采|慵懒|懒洋洋"
        r"|\b(?:tired|sleepy|weary|exhausted|lazy|drowsy)\b",
    ),
    (
        0.94,
        -0.5,
        -1.0,
        r"平静|冷静|沉稳|稳重|安静|舒缓"
        r"|\b(?:calm|calmly|relaxed|steady|composed)\b",
    ),
    (
        1.08,
        1.2,
        1.5,
        r"开心|高兴|欢快|快乐|愉快|活泼|喜悦"
        r"|\b(?:happy|happily|cheerful|cheerfully|joyful|lively|bubbly)\b",
    ),
    (
        0.86,
        -1.2,
        -3.0,
        r"悲伤|难过|伤心|忧伤|哀伤|低落|哭腔"
        r"|\b(?:sad|sadly|sorrowful|mournful|melancholy|gloomy)\b",
    ),
    (
        1.1,
        0.5,
        3.0,
        r"生气|愤怒|发火|恼火|暴躁"
        r"|\b(?:angry|angrily|furious|annoyed)\b",
    ),
    (
        1.15,
        1.8,
        2.5,
        r"激动|兴奋|热情|激昂"
        r"|\b(?:excited|excitedly|enthusiastic|energetic|passionate)\b",
    ),
    (
        1.03,
        2.0,
        1.0,
        r"惊讶|吃惊|惊喜"
        r"|\b(?:surprised|astonished|amazed)\b",
    ),
    (
        1.12,
        1.4,
        -2.0,
        r"害怕|恐惧|紧张|慌张"
        r"|\b(?:afraid|scared|fearful|nervous|nervously|anxious)\b",
    ),
    (
        0.95,
        -0.7,
        -1.0,
        r"冷漠|冷淡|冷冰冰|严肃|庄重"
        r"|\b(?:cold|coldly|serious|seriously|stern|solemn|indifferent)\b",
    ),
)
"""Speed, semitones and decibels of each way of speaking, and the words for it."""

_ANY: Final = re.compile("|".join(f"(?P<w{index}>{words})" for index, (*_, words) in enumerate(_WAYS)), re.IGNORECASE)
_NOT_BEFORE: Final = re.compile(
    r"(?:不要|不用|不必|别|不太|不|勿)(?:说|讲|读|太|那么|这么|过于|得|语速|声音|音量)*$"
    r"|\b(?:not|don['’]t|do not|never|without|less|no)(?: (?:speak|talk|be|too|so|very|read|that|sound|it))*\s*$",
    re.IGNORECASE,
)
_MUCH_BEFORE: Final = re.compile(
    r"(?:很|非常|特别|十分|极其?|超|更加?)$|\b(?:very|really|extremely|much|super|so)\s*$", re.IGNORECASE
)
_LITTLE_BEFORE: Final = re.compile(
    r"(?:稍微?|略微?|有点儿?|有些|比较)$|\b(?:a (?:little|bit)|slightly|somewhat|a little bit)\s*$", re.IGNORECASE
)
_LITTLE_BEHIND: Final = re.compile(r"^(?:一?点|一?些|一下)|^\s*a (?:little|bit)\b", re.IGNORECASE)
_MUCH: Final = 1.5
_REVERSED: Final = -0.5
_LITTLE: Final = 0.75
_BEFORE: Final = 24
_FILLING: Final = re.compile(
    r"请|你|您|用|以|把|要|的|地|得|着|了|语速|语气|语调|声音|声线|嗓音|音量|音调|口吻|情绪|感觉|速度|说话|讲话|朗读"
    r"|回答|回复|说|讲|读|念|话|再|稍微?|略微?|一?点儿?|一?些|有|很|非常|特别|十分|极|更加?|比较|太|不|别|放|提高"
    r"|降低|调|到|带|和|又|并|且|而|像|一样|一个|一位|一种|那样|模仿|风格|可以|吗|吧|能|让|样子|起来|大|小|低"
    r"|\b(?:please|can|could|would|you|speak|speaking|talk|talking|say|read"
    r"|sound|sounding|answer|use|using|make|be|it|this|your|with|in|a|an"
    r"|the|and|or|but|of|to|at|like|as|if|voice|tone|pitch|pace|rate|speed"
    r"|volume|down|style|manner|way|more|less|much|very|really|so|too|bit"
    r"|little|slightly|somewhat|not|don['’]t|do|never|quite|rather|person"
    r"|man|woman|someone|volume)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=256)
def directions_in(context_texts: str) -> Directions:
    """Parse the known instructions in ``context_texts``. "A little" weakens one, "very" adds half as much again, and
    "not too fast" is a little slower."""
    speed, semitones, decibels = 1.0, 0.0, 0.0
    left: list[str] = []
    end = 0
    for match in _ANY.finditer(context_texts):
        left.append(context_texts[end : match.start()])
        end = match.end()
        factor, tone, level, _ = _WAYS[int((match.lastgroup or "w0")[1:])]
        strength = _strength(context_texts[max(0, match.start() - _BEFORE) : match.start()], context_texts[end:][:12])
        speed *= factor**strength
        semitones += tone * strength
        decibels += level * strength
    left.append(context_texts[end:])
    rest = any(letter.isalnum() for letter in _FILLING.sub("", " ".join(left)))
    return Directions(
        min(max(speed, SLOWEST), FASTEST),
        min(max(semitones, -HIGHEST), HIGHEST),
        min(max(decibels, SOFTEST), LOUDEST),
        rest,
    )


def _strength(before: str, behind: str) -> float:
    if _NOT_BEFORE.search(before):
        return _REVERSED
    if _MUCH_BEFORE.search(before):
        return _MUCH
    return _LITTLE if _LITTLE_BEFORE.search(before) or _LITTLE_BEHIND.match(behind) else 1.0
