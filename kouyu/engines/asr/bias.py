"""Hot-word biasing: puts expected words into a transcript in place of misheard ones.

Whisper takes a prompt as the preceding transcript, and continues in its language and style whatever the audio holds. So
the first pass gets no prompt. Where a part of its transcript sounds like an expected word, the model scores the
transcript with that word in its place: a word that was misheard lowers the log probability a little, a different word
that sounds alike lowers it much.

Where the boundary of a word was misheard too, no whole words can be replaced. Only then the speech is recognised once
more, with the word in the prompt; of that result only parts that sound like the first transcript are taken.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final, Protocol

import msgspec

from kouyu.text.language import LANGUAGE_OF_LETTERS
from kouyu.text.sound import has_han, similarity, skeleton, syllables, units
from kouyu.text.units import Replacement, UnitText


class Model(Protocol):
    """The recogniser's answers about one piece of speech."""

    def scores(self, texts: Sequence[str]) -> Sequence[float]:
        """The log probabilities (natural) of texts."""
        ...

    def in_pieces(self, word: str) -> bool:
        """Whether ``word`` is more than one token."""
        ...

    def heard_again(self, bias: "Bias") -> str:
        """The transcript with ``bias`` as the prompt."""
        ...


LIKE: Final = 0.63
"""The least similarity of a word to the part that it replaces."""
VERY_LIKE: Final = 0.75
"""The least similarity for results of the second pass, and for Han characters of which more than half differ."""
ALLOWANCE: Final = 2.0
"""The log probability that a word with no distinctive spelling or sound may cost."""
NEAR_ALLOWANCE: Final = 3.5
"""The same for a hot word in Han characters that sounds very like those it replaces."""
LATIN_ALLOWANCE: Final = 8.5
"""The same for a Latin word of several tokens, like most names, which the model seldom predicts."""
HOMOPHONE_ALLOWANCES: Final = {2: 4.5, 3: 20.0}
"""The same for homophones in Han characters, by their number of characters; the last value also for more, which have
hardly any other homophones.

Measured on 206 utterances by six synthetic voices, with some 40 hot words each: of 81 words that were said and misheard
these values accept 55, and 13 that were not said, all of them in place of a homophone or of garbled words.
"""

FAR_OFF_ALLOWANCE: Final = 16.0
"""The same for a result of the second pass that replaces more than one word."""

FAR_OFF_LIKE: Final = 0.7
"""The similarity from which on a word that the model scores too low is worth a second pass."""

MOST_TRIED: Final = 5
"""Most words scored in one transcript: those that sound most like a part of it. Each takes a tenth of the time of
recognition."""
SHORTER_OR_LONGER: Final = 2
"""Most units by which a misheard part may be longer or shorter than the word."""

_OWN_LETTERS: Final = {"yue": ("zh",), "ja": ("ja", "zh")}
"""Languages whose letters LANGUAGE_OF_LETTERS lists under other languages too."""

_SHORTEST_OF_CONTEXT: Final = 4
"""Least letters of a context's Latin word that is searched for: shorter ones are mostly function words."""


class Bias(msgspec.Struct, frozen=True):
    """Hot words, and a context: a text of the expected kind."""

    hot_words: tuple[str, ...] = ()
    context: str = ""

    @property
    def prompt(self) -> str:
        """Both as one text, for recognisers that take a prompt alone; may be empty."""
        return " ".join(part for part in (self.context.strip(), ", ".join(self.hot_words)) if part)

    def within(self, language: str) -> "Bias":
        """The words written in letters of ``language`` (ISO 639-1). Latin letters count for every language."""
        codes = [code for code in _OWN_LETTERS.get(language, (language,)) if code in LANGUAGE_OF_LETTERS]
        letters = "".join(LANGUAGE_OF_LETTERS[code] for code in [*codes, "en"])
        foreign = re.compile(rf"[^\W\d_{letters}]")
        foreign_words = re.compile(rf"[^\W\d_{letters}]+")
        words = tuple(word for word in self.hot_words if not foreign.search(word))
        return Bias(words, " ".join(foreign_words.sub(" ", self.context).split()))

    def words(self) -> list[str]:
        """All words to search for, each once: the hot words, then the context's longer words, and each pair of adjacent
        Han characters in it."""
        return list(dict.fromkeys([*self.hot_words, *_words_of(self.context)]))


class Candidate(msgspec.Struct, frozen=True, order=True):
    """A word, with all places in the transcript that sound like it."""

    similarity: float
    replacements: tuple[Replacement, ...]
    allowance: float
    far_off: bool
    """It may have been misheard together with its neighbours, so a second pass is worth it."""


def with_expected_words(transcript: str, bias: Bias, model: Model) -> str:
    """Return ``transcript`` with misheard words of ``bias`` put right. ``bias`` is in the transcript's language."""
    said = UnitText.of(transcript)
    found = sorted(_candidates(said, bias, model), reverse=True)[:MOST_TRIED]
    taken = _likely(said, found, model)
    missed = [
        one for one in found if one.far_off and not any(new.overlaps(old) for new in one.replacements for old in taken)
    ]
    if missed:
        words = tuple(dict.fromkeys(candidate.replacements[0].text for candidate in missed))
        again = UnitText.of(model.heard_again(Bias(words)))
        instead = [
            Candidate(like, (new,), FAR_OFF_ALLOWANCE if new.behind - new.first > 1 else LATIN_ALLOWANCE, False)
            for like, new in _heard_instead(said, again, words)
            if like >= VERY_LIKE and not any(new.overlaps(old) for old in taken)
        ]
        taken += _likely(said, instead, model)
    return said.with_replaced([*taken, *_spelled_otherwise(said, bias.hot_words)])


def _likely(said: UnitText, found: Sequence[Candidate], model: Model) -> list[Replacement]:
    """The candidates whose cost in log probability is within their allowance."""
    if not found:
        return []
    before, *after = model.scores([said.text, *(said.with_replaced(one.replacements) for one in found)])
    gains = [score - before + candidate.allowance for score, candidate in zip(after, found, strict=True)]
    taken: list[Replacement] = []
    for gain, candidate in sorted(zip(gains, found, strict=True), reverse=True):
        if gain >= 0 and not any(new.overlaps(old) for new in candidate.replacements for old in taken):
            taken += candidate.replacements
    return taken


def with_words_heard_again(transcript: str, again: str, bias: Bias) -> str:
    """Return ``transcript`` with the words of ``bias`` that ``again``, the transcript of a second pass with a prompt,
    has, where they sound like what they replace. For recognisers without probabilities."""
    said = UnitText.of(transcript)
    found = [replacement for _, replacement in _heard_instead(said, UnitText.of(again), bias.words())]
    return said.with_replaced([*found, *_spelled_otherwise(said, bias.hot_words)])


def may_be_misheard(transcript: str, bias: Bias) -> bool:
    """Whether a part of ``transcript`` sounds like a different word of ``bias``."""
    said, expected = UnitText.of(transcript), bias.words()
    right = _standing(said, expected)
    return any(True for word in expected for _ in _places_like(word, said, right))


def _heard_instead(said: UnitText, again: UnitText, words: Sequence[str]) -> Iterator[tuple[float, Replacement]]:
    """Places where ``again`` differs, has one of ``words`` and sounds like ``said``, with their similarity."""
    keys = [UnitText.of(word).keys for word in words]
    for kind, *place in SequenceMatcher(None, said.keys, again.keys, autojunk=False).get_opcodes():
        if kind != "replace":
            continue
        first, behind, first_again, behind_again = _narrowed(
            said, again, (place[0], place[1], place[2], place[3]), keys
        )
        new = again.part(first_again, behind_again)
        lengths = [len(word) for word in keys if UnitText.of(new).places(word)]
        like = similarity(said.part(first, behind), new)
        if lengths and like >= (LIKE if max(lengths) == behind_again - first_again else VERY_LIKE):
            yield like, Replacement(first, behind, new)


def _narrowed(
    said: UnitText, again: UnitText, place: tuple[int, int, int, int], keys: Sequence[tuple[str, ...]]
) -> tuple[int, int, int, int]:
    """``place``, in units of both texts, without differences at its ends that are not part of an expected word."""
    first, behind, first_again, behind_again = place
    ends = ((first + 1, behind, first_again + 1, behind_again), (first, behind - 1, first_again, behind_again - 1))
    like = similarity(said.part(first, behind), again.part(first_again, behind_again))
    for narrower in ends:
        part, part_again = said.part(*narrower[:2]), again.part(*narrower[2:])
        if any(UnitText.of(part_again).places(word) for word in keys) and similarity(part, part_again) >= like:
            return _narrowed(said, again, narrower, keys)
    return place


def _spelled_otherwise(said: UnitText, words: Sequence[str]) -> Iterator[Replacement]:
    """Words that were recognised correctly but need capitals."""
    for word in words:
        keys = UnitText.of(word).keys
        for at in said.places(keys):
            if word != word.casefold() and said.part(at, at + len(keys)).casefold() == word.casefold():
                yield Replacement(at, at + len(keys), word)


def _candidates(said: UnitText, bias: Bias, model: Model) -> Iterator[Candidate]:
    expected = bias.words()
    right = _standing(said, expected)
    for word in expected:
        places = list(_places_like(word, said, right))
        if not places:
            continue
        best = max(like for like, _ in places)
        replacements = _apart(place for like, place in places if like == best)
        first = replacements[0]
        allowance = _allowance(word, said.part(first.first, first.behind), word in bias.hot_words, model)
        far_off = allowance == LATIN_ALLOWANCE and best >= FAR_OFF_LIKE
        yield Candidate(best, replacements, allowance * len(replacements), far_off)


def _standing(said: UnitText, expected: Sequence[str]) -> list[Replacement]:
    """Places where an expected word is in the transcript already."""
    found = []
    for word in expected:
        keys = UnitText.of(word).keys
        found += [Replacement(at, at + len(keys), word) for at in said.places(keys)]
    return found


def _places_like(word: str, said: UnitText, right: Sequence[Replacement]) -> Iterator[tuple[float, Replacement]]:
    """Other places that sound like ``word``, with their similarity, outside of ``right``."""
    keys = UnitText.of(word).keys
    if not keys or said.places(keys):
        return
    lengths = range(max(1, len(keys) - SHORTER_OR_LONGER), len(keys) + SHORTER_OR_LONGER + 1)
    for length in lengths:
        for first in range(len(said.keys) - length + 1):
            place = Replacement(first, first + length, word)
            if not said.joined(first, first + length) or any(place.overlaps(one) for one in right):
                continue
            like = _similarity(word, said.part(first, first + length))
            if like >= LIKE:
                yield like, place


def _similarity(word: str, part: str) -> float:
    """The similarity of the differing parts of two texts: equal parts say nothing about the rest."""
    if has_han(word):
        wanted, heard = _differing(syllables(word), syllables(part))
        if wanted == heard:
            return 1.0
        like = similarity(" ".join(wanted), " ".join(heard)) if wanted and heard else 0.0
        return like if like >= VERY_LIKE or 2 * len(wanted) <= len(syllables(word)) else 0.0
    consonants = len(skeleton(word))
    lost = abs(consonants - len(skeleton(part))) > max(1, consonants // 3)
    return 0.0 if lost else similarity(word, part)


def _differing(one: Sequence[str], other: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return one, other


def _allowance(word: str, part: str, is_hot: bool, model: Model) -> float:
    if not has_han(word):
        return LATIN_ALLOWANCE if model.in_pieces(word) else ALLOWANCE
    if not is_hot:
        return ALLOWANCE
    sounds = syllables(word)
    if sounds != syllables(part):
        return NEAR_ALLOWANCE if _similarity(word, part) >= VERY_LIKE else ALLOWANCE
    return HOMOPHONE_ALLOWANCES.get(min(len(sounds), max(HOMOPHONE_ALLOWANCES)), ALLOWANCE)


def _apart(places: Iterator[Replacement]) -> tuple[Replacement, ...]:
    """Those that do not overlap an earlier one."""
    kept: list[Replacement] = []
    for place in sorted(places):
        if not any(place.overlaps(one) for one in kept):
            kept.append(place)
    return tuple(kept)


def _words_of(context: str) -> Iterator[str]:
    found = units(context)
    yield from (match[0] for match in found if len(match[0]) >= _SHORTEST_OF_CONTEXT)
    for one, other in pairwise(found):
        if has_han(one[0]) and has_han(other[0]) and one.end() == other.start():
            yield one[0] + other[0]
