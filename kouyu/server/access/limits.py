"""Enforces the limits of access tokens: requests a minute, conversations at once, minutes of audio a day.

Requests and conversations are counted in this process, and anew after a restart; those of other servers on the same
database count from when these tell of them (``shared_use.py``). Audio is counted in the store, for tokens that have a
limit on it.
"""

import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec

from kouyu.domain import errors
from kouyu.serving.caller import TRY_AGAIN_S, Caller, TokenUse
from kouyu.store.token_records import TokenRecord
from kouyu.store.tokens import Tokens

TOKENS_KEPT: Final = 10_000
"""Most tokens whose use is remembered; beyond it the one that was used longest ago is dropped."""
_MINUTE_S: Final = 60.0
_MINUTE_MS: Final = 60_000


class Refusal(msgspec.Struct, frozen=True):
    """Why a client is refused. ``code`` is a protocol error code; ``retry_after_s`` 0 allows a retry at once."""

    code: int
    msg: str
    retry_after_s: int = 0


class _Bucket:
    """Requests of one token: up to the limit at once, then as many as a minute's rate allows."""

    def __init__(self, now: float) -> None:
        self.level = 0.0
        self.since = now
        self.most: int | None = None
        """The limit when it was last used; None: not used here yet."""

    def wait_s(self, most: int, now: float) -> float:
        """Count a request and return 0, or return how many seconds it comes too early."""
        self.most = most
        self._leak(most, now)
        if self.level > most - 1:
            return (self.level - most + 1) * _MINUTE_S / most
        self.level += 1
        return 0.0

    def add(self, count: int, now: float) -> None:
        """Count requests that other servers have admitted."""
        if self.most is not None:
            self._leak(self.most, now)
        self.level = min(self.level + count, self.most or math.inf)

    def _leak(self, most: int, now: float) -> None:
        self.level = max(0.0, self.level - (now - self.since) * most / _MINUTE_S)
        self.since = now


class TokenLimiter:
    """Counts what the clients of each token use, and says when that is enough."""

    def __init__(self, tokens: Tokens, clock: Callable[[], float] = time.monotonic) -> None:
        self._tokens = tokens
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._uses: OrderedDict[str, TokenUse] = OrderedDict()
        self.conversations_elsewhere: Callable[[str], int] = lambda token_id: 0
        """Returns how many conversations of a token run on other servers."""
        self.admitted: Counter[str] | None = None
        """Requests of tokens with a limit, by the token's id, for who takes them out; None: nobody does."""

    def caller(self, token: TokenRecord) -> Caller:
        """The token for sessions and chats, with its present limits."""
        use = self._uses.setdefault(token.id, TokenUse())
        self._uses.move_to_end(token.id)
        if len(self._uses) > TOKENS_KEPT:
            self._forget_idle()
        use.most_conversations = token.limits.conversations
        use.elsewhere = self.conversations_elsewhere(token.id)
        return Caller(token_id=token.id, owner=token.owner, token_name=token.name, use=use)

    def request(self, token: TokenRecord) -> Refusal | None:
        """Count a request; return why it is refused, if it is."""
        most = token.limits.requests_a_minute
        if most is None:
            return None
        now = self._clock()
        wait_s = math.ceil(self._bucket(token.id, now).wait_s(most, now))
        if not wait_s:
            if self.admitted is not None:
                self.admitted[token.id] += 1
            return None
        msg = f"the access token's limit of requests a minute, {most}, is reached; try again in {wait_s} s"
        return Refusal(errors.RATE_LIMITED, msg, wait_s)

    def add_requests(self, token_id: str, count: int) -> None:
        """Count requests that other servers have admitted."""
        now = self._clock()
        self._bucket(token_id, now).add(count, now)

    def conversations(self) -> dict[str, int]:
        """The conversations that run here of tokens with a limit on them, by the token's id."""
        limited = ((token_id, use) for token_id, use in self._uses.items() if use.most_conversations is not None)
        return {token_id: use.conversations for token_id, use in limited if use.conversations}

    def _bucket(self, token_id: str, now: float) -> _Bucket:
        bucket = self._buckets.setdefault(token_id, _Bucket(now))
        self._buckets.move_to_end(token_id)
        if len(self._buckets) > TOKENS_KEPT:
            self._buckets.popitem(last=False)
        return bucket

    def conversation(self, token: TokenRecord) -> Refusal | None:
        """Why a conversation of this token may not begin now, because as many run as may."""
        msg = self.caller(token).use.refusal
        return Refusal(errors.RATE_LIMITED, msg, TRY_AGAIN_S) if msg else None

    async def audio(self, token: TokenRecord) -> Refusal | None:
        """Why nothing more may be heard or said for this token today. Raises StoreError."""
        most = token.limits.audio_minutes_a_day
        if most is None or await self._tokens.audio_today_ms(token.id) < most * _MINUTE_MS:
            return None
        return self._no_audio_left(most)

    async def count_audio(self, token: TokenRecord) -> Refusal | None:
        """Save what has been heard and said since the last call; return why that is enough for today, if it is.

        Raises StoreError.
        """
        use = self._uses.get(token.id)
        milliseconds = use.take_audio_ms() if use else 0
        most = token.limits.audio_minutes_a_day
        if most is None or not milliseconds:
            return None
        used = await self._tokens.count_audio(token.id, milliseconds)
        return self._no_audio_left(most) if used >= most * _MINUTE_MS else None

    def with_audio(self) -> set[str]:
        """The ids of the tokens whose clients sent or got audio since ``count_audio``."""
        return {token_id for token_id, use in self._uses.items() if use.has_audio}

    def forget(self, token_id: str) -> None:
        """The token was revoked: its use is counted no more."""
        self._uses.pop(token_id, None)

    def _forget_idle(self) -> None:
        """Forget the one of the tokens without anything to count that was used longest ago."""
        idle = next((token_id for token_id, use in self._uses.items() if use.is_idle), None)
        if idle is not None:
            del self._uses[idle]

    def _no_audio_left(self, most: int) -> Refusal:
        left_s = self._tokens.seconds_left_today()
        msg = f"the access token's minutes of audio a day, {most}, are used up; the next day (UTC) begins in {left_s} s"
        return Refusal(errors.RATE_LIMITED, msg, left_s)
