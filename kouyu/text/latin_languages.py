"""Detects the language of a text in Latin letters by its function words: enough to tell English from its neighbours.

The words are articles, pronouns, prepositions, forms of "to be" and the like. A word that English shares with another
language counts for none; one that only the others share counts half for each of them.
"""

import re
from collections import Counter
from typing import Final

_WORDS: Final = {
    "en": (
        "the a an and or but of to in on at for with from by is are was were be been i you he she it we"
        " they my your his her its our their this that these those there here not no yes what who where when"
        " why how can could will would should do does did have has had please hello thanks thank if then"
        " than as so about into out up down just me him them us one two three some any all more it's i'm"
        " don't that's let's isn't you're we're can't there's"
    ),
    "de": (
        "der die das den dem des ein eine einen einem einer und oder aber ist sind war waren bin bist ich"
        " du er sie es wir ihr mein dein nicht kein keine ja nein was wer wo wann warum wie kann können wird"
        " werden haben hat habe mit von für auf bei nach aus zu zum zur im am über unter auch noch nur schon"
        " sehr hier heute morgen guten bitte danke uhr wenn dass als ob mich mir dich dir uns beträgt geht"
        " gibt in an so"
    ),
    "fr": (
        "le la les l un une des du de et ou mais est sont était suis es je tu il elle nous vous ils elles"
        " mon ma mes ton ta son sa ses ce cet cette ces ne pas plus oui non que qui où quand pourquoi"
        " comment avec pour dans sur par chez au aux en il y a c'est j'ai bonjour merci très bien"
        " aujourd'hui fait être avoir leur leurs on me"
    ),
    "es": (
        "el la los las un una unos unas y o pero es son era soy eres está están estoy yo tú él ella"
        " nosotros ustedes mi tu su sus este esta estos no sí que qué quién dónde cuándo cómo por para con"
        " de del al en hola gracias muy bien hoy hay tengo tiene más también me no he"
    ),
    "it": (
        "il lo la i gli le un uno una e o ma è sono era sei io tu lui lei noi voi loro mio tuo suo questo"
        " questa non sì che chi dove quando perché come con per di del della dei nel nella al alla da su"
        " ciao grazie molto bene oggi anche più ho ha abbiamo in me"
    ),
    "pt": (
        "o a os as um uma e ou mas é são era sou está estão eu você ele ela nós meu minha seu sua este esta"
        " não sim que quem onde quando como por para com de do da dos das no na nos nas ao em olá obrigado"
        " obrigada muito bem hoje também mais tem tenho me"
    ),
    "nl": (
        "de het een en of maar is zijn was waren ben ik jij je hij zij wij jullie mijn jouw niet geen ja"
        " nee wat wie waar wanneer waarom hoe kan kunnen zal met van voor op bij naar uit te ook nog heel"
        " hier vandaag dank goed als dat dit deze er in"
    ),
}
_LANGUAGES_OF: Final = {
    word: tuple(language for language, words in _WORDS.items() if word in words.split())
    for word in {word for words in _WORDS.values() for word in words.split()}
}
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_ONE_WORD: Final = 2
_FEW: Final = 4
_LONGEST_LOOK: Final = 1000
_FOREIGN: Final = re.compile(r"[ßäöüàâçèêëîïôûœñãõáéíóúåøæąćęłńśźżğşčěřůžőűăâșț]")
FOREIGN: Final = "und"
"""Text with letters that English lacks, in none of the languages known here (a code of ISO 639-2)."""


def latin_language_of(text: str) -> str:
    """Return an ISO 639-1 code, FOREIGN, or "" if undecided. Looks at the first 1000 characters."""
    words = [word.replace("’", "'").lower() for word in _WORD.findall(text[:_LONGEST_LOOK])]
    scores: Counter[str] = Counter()
    for word in words:
        languages = _LANGUAGES_OF.get(word, ())
        if len(languages) == 1 or "en" not in languages:
            scores.update(dict.fromkeys(languages, 2 if len(languages) == 1 else 1))
    foreign = sum(_FOREIGN.search(word) is not None for word in words)
    ranked = scores.most_common(2)
    if ranked and (len(ranked) == 1 or ranked[0][1] > ranked[1][1]):
        language, count = ranked[0]
        if language == "en":
            return language if count >= 2 * foreign else FOREIGN
        # "Die Hard was released in 1990." has one German word.
        return language if count > _ONE_WORD or foreign or len(words) <= _FEW else ""
    return FOREIGN if foreign and not scores else ""
