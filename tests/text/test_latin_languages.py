import pytest

from kouyu.text.latin_languages import FOREIGN, latin_language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("It is 20%.", "en"),
        ("The café is at 5 pm.", "en"),
        ("Room 12, please.", "en"),
        ("Ich wohne in Zimmer 12.", "de"),
        ("Die Temperatur beträgt 22,1 °C bei 45 %.", "de"),
        ("Bonjour, il est 5 heures.", "fr"),
        ("Hay 3 gatos en la casa.", "es"),
        ("Oggi ci sono 3 gatti nella casa.", "it"),
        ("Hoje não tenho 3 gatos.", "pt"),
        ("Het is 5 uur.", "nl"),
        ("Twój pokój to 12.", FOREIGN),
        ("Die Hard 2 was released in 1990.", ""),
        ("Python 3.11", ""),
        ("42", ""),
    ],
)
def test_small_words_tell_the_language(text: str, language: str) -> None:
    assert latin_language_of(text) == language
