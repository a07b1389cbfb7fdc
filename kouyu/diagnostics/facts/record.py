"""All facts, and a turn as it is exported."""

from typing import Literal

import msgspec

from kouyu.diagnostics.facts.agent import AgentFact
from kouyu.diagnostics.facts.client import ClientFact
from kouyu.diagnostics.facts.session import SessionFact, SessionSeen
from kouyu.diagnostics.facts.turn import TurnFact
from kouyu.diagnostics.facts.user import UserFact

AnyFact = SessionFact | UserFact | AgentFact | ClientFact | TurnFact


class TurnRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A turn as it is exported: its facts, in the order in which they were made."""

    format: Literal["kouyu.turn"] = "kouyu.turn"
    version: Literal[1] = 1
    session: SessionSeen
    turn: int
    chat_id: str
    """Id of the chat that answered it; "" if none did."""
    ended: bool
    """Whether the turn is finished; otherwise more facts may come."""
    facts: tuple[AnyFact, ...]
