"""Money: $1,000, $0.99, -$50, $5-10, $3.2B, a $20 ticket, $5/month, 20 €, 50¢, HK$80, 100 USD."""

import re
from typing import Final

import msgspec

from kouyu.text.spoken.english.numbers import AMOUNT, cardinal, number
from kouyu.text.spoken.kinds import kind, rule


class _Currency(msgspec.Struct, frozen=True):
    one: str
    many: str
    cent: str = ""
    cents: str = ""


_DOLLAR: Final = _Currency("dollar", "dollars", "cent", "cents")
_CURRENCIES: Final = {
    "$": _DOLLAR,
    "€": _Currency("euro", "euros", "cent", "cents"),
    "£": _Currency("pound", "pounds", "penny", "pence"),
    "¥": _Currency("yen", "yen"),
    "₹": _Currency("rupee", "rupees", "paisa", "paise"),
    "₩": _Currency("won", "won"),
    "₽": _Currency("ruble", "rubles"),
    "₺": _Currency("lira", "lira"),
    "₫": _Currency("dong", "dong"),
    "฿": _Currency("baht", "baht"),
    "₪": _Currency("shekel", "shekels"),
    "₿": _Currency("bitcoin", "bitcoins"),
}
_COUNTRIES: Final = {
    "US": "US",
    "HK": "Hong Kong",
    "A": "Australian",
    "AU": "Australian",
    "C": "Canadian",
    "CA": "Canadian",
    "NZ": "New Zealand",
    "NT": "Taiwan",
    "S": "Singapore",
}
_CODES: Final = {
    "USD": ("US dollar", "US dollars"),
    "EUR": ("euro", "euros"),
    "GBP": ("pound", "pounds"),
    "JPY": ("yen", "yen"),
    "CNY": ("yuan", "yuan"),
    "RMB": ("yuan", "yuan"),
    "HKD": ("Hong Kong dollar", "Hong Kong dollars"),
    "AUD": ("Australian dollar", "Australian dollars"),
    "CAD": ("Canadian dollar", "Canadian dollars"),
    "CHF": ("Swiss franc", "Swiss francs"),
    "INR": ("rupee", "rupees"),
    "KRW": ("won", "won"),
}
_SCALES: Final = {
    "k": "thousand",
    "m": "million",
    "mn": "million",
    "mm": "million",
    "b": "billion",
    "bn": "billion",
    "t": "trillion",
    "tn": "trillion",
}
_SIGN: Final = "[" + "".join(_CURRENCIES) + "]"
_COUNTRY: Final = r"(?<![A-Za-z])(?:US|HK|AU|CA|NZ|NT|A|C|S)(?=\$)"
_NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_SCALE: Final = (
    r"(?:(?P<short>[kKmMbBtT]|[mMbB][nN]|MM|[tT][nN])\b| (?P<long>hundred|thousand|million|billion|trillion)\b)"
)
_NO_NOUN: Final = (
    "or|and|to|for|per|in|on|at|off|of|from|by|with|if|when|is|was|each|more|less|extra|than|that|as|a|an|the|it|we|you"
    "|he|she|they|but|so|because|over|until|before|after|every|out|back|not|now"
)
_NOUN: Final = rf"(?P<noun>(?=[ -](?!(?:{_NO_NOUN})\b)[a-z]))"
_PER: Final = r"(?P<per> ?/ ?(?=[A-Za-z]))"


def _money(match: re.Match[str]) -> str:
    currency = _CURRENCIES[match["sign"]]
    scale, until = _scale(match), match["until"]
    country = f"{_COUNTRIES[match['country']]} " if match["country"] else ""
    article = match["article"] or ""
    # "a $20 ticket" has one dollar, not dollars.
    single = bool(article) and match["noun"] is not None
    if until or scale or country or single:
        amount = number(match["amount"]) + (f" to {number(until)}" if until else "") + scale
        one = single or amount == "one"
        said = f"{amount} {country}{currency.one if one else currency.many}"
    else:
        said = _amount(match["amount"], currency)
    return f"{article}{'minus ' if match['minus'] else ''}{said}{' per ' if match['per'] else ''}"


def _scale(match: re.Match[str]) -> str:
    if match["short"]:
        return f" {_SCALES[match['short'].lower()]}"
    return f" {match['long']}" if match["long"] else ""


def _amount(text: str, currency: _Currency) -> str:
    whole, _, cents = text.partition(".")
    if len(cents) != 2 or not currency.cents:
        return f"{number(text)} {currency.one if text == '1' else currency.many}"
    of_cents = f"{cardinal(int(cents))} {currency.cent if cents == '01' else currency.cents}"
    if not whole.strip("0"):
        return of_cents if int(cents) else f"zero {currency.many}"
    words = f"{number(whole)} {currency.one if whole == '1' else currency.many}"
    return f"{words} and {of_cents}" if int(cents) else words


def _with_code(match: re.Match[str]) -> str:
    one, many = _CODES[match["code"]]
    return f"{number(match['amount'])}{_scale(match)} {one if match['amount'] == '1' and not _scale(match) else many}"


def _sign_behind(match: re.Match[str]) -> str:
    return _amount(match[1], _CURRENCIES[match[2]])


MONEY: Final = kind(
    rf"{_SIGN}|¢|[A-Z]{{3}}|Rs|\d ?p\b",
    rule(
        rf"(?P<article>\b[Aa]n? )?(?P<minus>(?<!\w)[-–])?(?P<country>{_COUNTRY})?(?P<sign>{_SIGN}) ?"
        rf"(?P<amount>{_NUMBER})"
        rf"(?:[kKmMbBtT]? ?[-–—~] ?{_SIGN}?(?P<until>{_NUMBER}))?{_SCALE}?(?:{_PER}|{_NOUN})?",
        _money,
    ),
    rule(rf"\bRs\.? ?({_NUMBER})", lambda match: _amount(match[1], _CURRENCIES["₹"])),
    rule(rf"({AMOUNT}) ?({_SIGN})", _sign_behind),
    rule(rf"(?P<amount>{AMOUNT}){_SCALE}? ?(?P<code>{'|'.join(_CODES)})\b", _with_code),
    rule(r"(?<![\w.,])(\d{1,3}) ?¢", lambda match: f"{cardinal(int(match[1]))} cent{'' if match[1] == '1' else 's'}"),
)
