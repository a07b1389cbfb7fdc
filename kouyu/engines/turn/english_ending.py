"""How an English text ends."""

import re
from typing import Final

from kouyu.engines.turn.ending import Ending

_WORD: Final = re.compile(r"[a-z]+(?:'[a-z]+)*|\d+")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in text.split(","))


_HESITATIONS: Final = _set("um uh er erm hmm hm mm umm uhh ah")

_HOLDING_PHRASES: Final = (
    "you know", "i mean", "let me see", "let me think", "let's see", "how do i say", "how should i say", "sort of",
    "kind of", "for example", "for instance", "such as", "something like", "wait a", "hold on",
)  # fmt: skip

_NEVER_LAST: Final = _set("""
    a an the my your our their its whose every and or but nor because although though unless until whether if
    than as i we he she they i'm you're we're they're he's she's it's that's there's here's what's who's where's
    how's i'll you'll we'll they'll he'll she'll it'll i'd you'd we'd they'd i've you've we've they've let's
    very quite rather extremely while whereas during among between into onto upon towards toward without within
    since gonna wanna gotta
""")

_PREPOSITIONS: Final = _set("of to for with from about at by like against after before under near behind through")
"""They can stand last in a question: "who is it for"."""

_AUXILIARIES: Final = _set("""
    is are was were am be been being will would can could should shall must may might do does did have has had
    don't doesn't didn't can't couldn't won't wouldn't isn't aren't wasn't weren't haven't hasn't hadn't
    shouldn't
""")
"""They can stand last after a question word or in an elliptic answer: "I know where it is", "yes I do"."""

_MOSTLY_FOLLOWED: Final = _set("""
    in on some any another other more most less many several few which what when where who how why so then also
    just only even maybe perhaps probably not never always usually this these those going trying first second
    next last new
""")
_OPEN_VERBS: Final = _set("""
    want need wants needs like tell ask give put make let buy find book set get say says said think thought
    wonder prefer hope guess mean means called named bring take send show open start remember believe
""")
_MOSTLY_FOLLOWED_PHRASES: Final = _phrases("""
    can you, could you, would you, will you, do you, did you, have you, should we, can we, can i, could i,
    the fact that, so that, can you please, could you please, would you please, tell me, show me, give me,
    send me, remind me, ask him, ask her, i think you, if you, if it, when you, because it
""")
_OPEN_INVERSIONS: Final = _phrases("are you, is there, are there, is it, is that")
"""They begin a question, or end one that begins with a question word: "who are you", "what is that"."""

_PHRASAL: Final = _set("turn switch come go going keep log logged sign put try hold move carry")
"""With these, "on" and "in" need nothing more: "turn the lights on"."""

_CLOSING_WORDS: Final = _set("""
    today tomorrow tonight yesterday now again instead anymore either anyway already too me him them us myself
    yourself it there here home later soon ago yet thanks everyone everything anything something nothing someone
    anyone o'clock together alone though best better works please morning afternoon evening week month year
    minutes hours
""")
_CLOSING_PHRASES: Final = (
    "thank you", "how are you", "that's all", "that's it", "of course", "at all", "as well", "i think so", "never mind",
    "i don't know", "by now", "right now", "so far", "about that", "like that", "do that", "for you", "about you",
)  # fmt: skip

_ANSWERS: Final = _phrases("""
    yes, yeah, yep, yup, no, nope, nah, ok, okay, sure, right, correct, exactly, true, fine, great, good, cool,
    perfect, thanks, thank you, thank you very much, hello, hi, hey, goodbye, bye, bye bye, good morning,
    good night, stop, stop it, cancel, continue, go on, go ahead, next, please, yes please, no thanks,
    no thank you, of course, never mind, i don't know, i think so, i don't think so, not really, not yet,
    maybe, maybe later, that's it, that's all, that's right, i do, i don't, yes i do, no i don't, yes i am,
    yes it is, no it isn't, yes i can, i am, i agree, absolutely, definitely, all right, alright, what, why,
    really, help, sorry, excuse me, wait, me too, got it, i see, no problem, you're welcome, pardon, nothing,
    not now, sounds good, both, neither, why not, do you know, how do you know, mm hmm, mhm, uh huh,
    how are you, what's up, repeat that, say that again, sure thing
""")

_STRANDING: Final = _set("what who whom which where whatever what's who's where's")
"""Question words that can leave a preposition or a verb last: "who is it for", "what do you want"."""

_QUESTION_WORDS: Final = _STRANDING | _set("when why how")

_DIGITS: Final = _set("zero oh one two three four five six seven eight nine double triple")
_NUMBER_CUE: Final = re.compile(r"\b(number|phone|call me (?:at|on)|code|card|pin|zip|postcode|account|digits)\b")
_WHOLE_NUMBER: Final = 10
_LOCAL_NUMBER: Final = 7
"""Digits of a telephone number in North America, with and without its area code."""

_CONDITIONS: Final = _set("if although though unless once")
"""At the beginning they promise a main clause."""
_MAIN_CLAUSE: Final = re.compile(r",\s*\w|\bthen\b")
_REPORTING: Final = _set("say says said think thought know knew hope believe mean told feel sure")


def english_ending(text: str) -> Ending:
    """How ``text`` ends. Marks and capitals do not matter."""
    words = _WORD.findall(text.lower().replace("\u2019", "'"))
    spoken = [word for word in words if word not in _HESITATIONS]
    if not words:
        return Ending.UNKNOWN
    said = " ".join(spoken)
    if " ".join(words) in _ANSWERS or (said in _ANSWERS and words[-1] == spoken[-1]):
        return Ending.ANSWER
    if words[-1] in _HESITATIONS or _ends_with(said, _HOLDING_PHRASES):
        return Ending.HESITATING
    if _dictating(spoken):
        return Ending.DICTATING
    if spoken[0] in _CONDITIONS and not _MAIN_CLAUSE.search(text):
        return Ending.DANGLING
    return _by_last_words(spoken, said)


def _by_last_words(words: list[str], said: str) -> Ending:
    last = words[-1]
    before = frozenset(words[:-1])
    if last in _NEVER_LAST or (last == "that" and _REPORTING.intersection(words[-3:-1])):
        return Ending.DANGLING
    if _ends_with(said, _CLOSING_PHRASES):
        return Ending.CLOSED
    if _ends_with(said, _MOSTLY_FOLLOWED_PHRASES):
        return Ending.DANGLING if len(words) <= 3 else Ending.LOOSE
    if said in _OPEN_INVERSIONS:
        return Ending.DANGLING
    if last in _CLOSING_WORDS:
        return Ending.CLOSED if len(words) > 2 else Ending.UNKNOWN
    if last in _AUXILIARIES:
        return Ending.UNKNOWN if before & _QUESTION_WORDS else Ending.DANGLING
    if last in _PREPOSITIONS:
        return Ending.UNKNOWN if before & _STRANDING else Ending.DANGLING
    if last in _OPEN_VERBS:
        return Ending.UNKNOWN if before & _STRANDING else Ending.LOOSE
    return Ending.LOOSE if last in _MOSTLY_FOLLOWED and not before & _PHRASAL else Ending.UNKNOWN


def _ends_with(said: str, phrases: tuple[str, ...] | frozenset[str]) -> bool:
    return any(said == phrase or said.endswith(f" {phrase}") for phrase in phrases)


def _dictating(words: list[str]) -> bool:
    """Whether the text ends in single digits or groups of them, too few for a whole number."""
    digits = 0
    groups = 0
    for word in reversed(words):
        if word.isdigit():
            digits += len(word)
        elif word in _DIGITS:
            digits += 1
        else:
            break
        groups += 1
    if not 1 <= digits < _WHOLE_NUMBER or digits == _LOCAL_NUMBER:
        return False
    return groups >= 3 or (_NUMBER_CUE.search(" ".join(words)) is not None and (groups >= 2 or digits <= 3))
