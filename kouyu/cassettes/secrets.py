"""Keeps secrets out of a cassette: tokens, cookies, keys, and everything at the OAuth endpoints.

Headers and query parameters are written only if they are known to hold no secret. What stood in the others is learnt,
and replaced wherever it comes again, in a body or an event. Fields with the names of secrets, and texts in the form of
one, are replaced without being known.
"""

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from kouyu.cassettes.format import REDACTED, Query

REQUEST_HEADERS: Final = frozenset({"accept", "content-type", "user-agent", "x-coze-client-user-agent"})
"""Headers of a request that are written; nothing is compared with them."""
ANSWER_HEADERS: Final = frozenset(
    {
        *("content-type", "content-disposition", "cache-control", "etag", "retry-after", "x-tt-logid", "vary"),
        *("access-control-allow-origin", "access-control-allow-headers", "access-control-allow-methods"),
        *("access-control-allow-credentials", "access-control-expose-headers", "access-control-max-age"),
    }
)
"""Headers of an answer that are written, and sent again by a player."""
_SECRET_NAMES: Final = frozenset(
    {
        *("authorization", "token", "accesstoken", "refreshtoken", "idtoken", "xtoken", "jwt", "bearer"),
        *("secret", "clientsecret", "password", "passwd", "apikey", "xapikey", "accesskey", "secretkey", "privatekey"),
        *("assertion", "clientassertion", "codeverifier", "devicecode", "usercode", "credential", "credentials"),
        *("signature", "xsignature", "cookie", "sessionid", "sessionkey", "ticket"),
    }
)
"""Names of fields and parameters, in small letters without ``-`` and ``_``."""
_OAUTH_PATHS: Final = re.compile(r"/oauth2?/|/device/code$|/permission/")
_OAUTH_KEPT: Final = frozenset(
    {
        *("grant_type", "token_type", "response_type", "code_challenge_method", "scope"),
        *("error", "error_code", "error_message", "msg", "message", "logid"),
    }
)
"""Fields of the OAuth endpoints that are no secrets, beside numbers and truth values."""
_FORMS: Final = re.compile(
    r"(?P<bearer>\bBearer(?:\s|%20|\+)+)[^\s\"',;&]+"
    r"|\b(?:(?:pat|sat|czs|czu|cztei|sk)_|sk-)[A-Za-z0-9_\-]{16,}"
    r"|\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*"
)
"""A bearer's token, tokens of Coze and others by their prefix, JSON Web Tokens."""
_IN_JSON: Final = re.compile(r'(?P<quote>\\{0,3}")(?P<name>[A-Za-z0-9_\-]{1,40})(?P=quote)(?P<colon>\s?:\s?)(?P=quote)')
"""The name of a field in a text that holds JSON, or JSON in a text of JSON, and the quote before its value."""
_IN_URL: Final = re.compile(r"(?P<name>[?&][A-Za-z0-9_\-]+=)(?P<value>[^&#\s\"'<>]+)")
_SHORTEST: Final = 6
"""Characters of the shortest learnt secret that is looked for elsewhere: a shorter one stands in ordinary text."""
_SHORTEST_UNNAMED: Final = 16
"""The same for cookies and subprotocols, which are often ordinary words."""


class Secrets:
    """The secrets that one recording has seen."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, *values: str) -> None:
        """Have these texts replaced from now on, and as they are written in a URL."""
        for value in values:
            for form in {value, unquote(value)}:
                if len(form) >= _SHORTEST and form != REDACTED and form not in self._known:
                    self._known.add(form)
                    self._pattern = None

    def learn_headers(self, headers: Iterable[tuple[str, str]]) -> None:
        """Learn what authorises a request or an answer: Authorization, cookies, subprotocols that carry a token."""
        for name, value in headers:
            match name.lower():
                case "authorization" | "proxy-authorization":
                    self.learn(value, value.partition(" ")[2].strip())
                case "cookie" | "set-cookie":
                    pairs = value.split(";") if name.lower() == "cookie" else value.split(";")[:1]
                    self.learn(*_long(pair.partition("=")[2] for pair in pairs))
                case "sec-websocket-protocol":
                    self.learn(*_long(value.split(",")))
                case other if _is_secret(other):
                    self.learn(value)

    def query(self, text: str) -> Query:
        """The parameters of a URL's query that are written; the values of the others are learnt."""
        parameters = parse_qsl(text, keep_blank_values=True)
        for name, value in parameters:
            if _is_secret(name):
                self.learn(value, value.removeprefix("Bearer").strip())
        return tuple((name, value) for name, value in parameters if not _is_secret(name))

    def oauth(self, path: str, value: Any) -> Any:
        """A body of an OAuth endpoint: every text in it is a secret, and learnt. Other paths: ``value`` as it is."""
        return self._all_secret(value, "") if is_oauth(path) else value

    def scrub(self, value: Any) -> Any:
        """A copy of a JSON value without secrets."""
        match value:
            case str():
                return self.scrub_text(value)
            case dict():
                return {self.scrub_text(name): self._field(name, item) for name, item in value.items()}
            case list() | tuple():
                return [self.scrub(item) for item in value]
            case _:
                return value

    def scrub_text(self, text: str) -> str:
        """The text without what is known, or looks, like a secret."""
        if len(text) < _SHORTEST:
            return text
        text = _FORMS.sub(lambda found: f"{found['bearer'] or ''}{REDACTED}", text)
        if "=" in text:
            text = _IN_URL.sub(self._parameter, text)
        if self._known:
            if self._pattern is None:
                longest_first = sorted(self._known, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first)))
            text = self._pattern.sub(REDACTED, text)
        return text

    def scrub_json_text(self, text: str) -> str:
        """A text that holds JSON, such as lines of an event stream, without the values of fields that are named as
        secrets. The values are learnt."""
        kept: list[str] = []
        at = 0
        for found in _IN_JSON.finditer(text):
            if found.start() < at or not _is_secret(found["name"]):
                continue
            end = _end_of_value(text, found.end(), found["quote"])
            self.learn(text[found.end() : end])
            kept += (text[at : found.end()], REDACTED if end > found.end() else "")
            at = end
        return "".join((*kept, text[at:]))

    def _field(self, name: str, value: Any) -> Any:
        if isinstance(value, str) and value and _is_secret(name):
            self.learn(value)
            return REDACTED
        return self.scrub(value)

    def _parameter(self, found: re.Match[str]) -> str:
        if not _is_secret(found["name"][1:-1]):
            return found[0]
        self.learn(found["value"])
        return f"{found['name']}{REDACTED}"

    def _all_secret(self, value: Any, name: str) -> Any:
        match value:
            case str() if value and name not in _OAUTH_KEPT:
                self.learn(value)
                return REDACTED
            case dict():
                return {key: self._all_secret(item, key) for key, item in value.items()}
            case list():
                return [self._all_secret(item, name) for item in value]
            case _:
                return value


def _end_of_value(text: str, start: int, quote: str) -> int:
    """Where the value ends that begins at ``start`` behind this quote: at the next one that is not escaped."""
    end = text.find(quote, start)
    while end > start and text[end - 1] == "\\":
        end = text.find(quote, end + len(quote))
    return end if end >= 0 else len(text)


def _long(values: Iterable[str]) -> list[str]:
    return [value for value in map(str.strip, values) if len(value) >= _SHORTEST_UNNAMED]


def kept_headers(headers: Iterable[tuple[str, str]], kept: frozenset[str]) -> dict[str, str]:
    """The headers that are written, spelt as they came."""
    return {name: value for name, value in headers if name.lower() in kept}


def is_oauth(path: str) -> bool:
    """Whether the path is one at which tokens are asked for."""
    return _OAUTH_PATHS.search(path) is not None


def _is_secret(name: str) -> bool:
    return name.lower().replace("-", "").replace("_", "") in _SECRET_NAMES
