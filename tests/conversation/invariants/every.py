"""What must hold of every conversation, whatever comes in and however the engines behave.

Each rule reads the history of a simulation from its beginning.
"""

from tests.conversation.invariants.apart import Apart
from tests.conversation.invariants.audio import Audio, Pacing
from tests.conversation.invariants.chats import Chats, UserSpeech
from tests.conversation.invariants.context import Context
from tests.conversation.invariants.orders import Orders
from tests.conversation.invariants.records import Records
from tests.conversation.invariants.requests import Requests, SpeechIds
from tests.conversation.simulation import Simulation, as_sent


class _Rules:
    """All rules, after a whole history."""

    def __init__(self, talk: Simulation) -> None:
        self.orders, self.audio, self.chats = Orders(), Audio(), Chats()
        self.records, self.speech, self.pacing = Records(), UserSpeech(), Pacing()
        self.context = Context()
        self.requests, self.speech_ids, self.apart = Requests(), SpeechIds(), Apart()
        for at, item in talk.history:
            if (seen := as_sent(item)) is not None:
                for rule in (self.orders, self.audio, self.chats, self.records, self.speech, self.context):
                    rule.take(seen)
            self.pacing.take(at, item)
            self.requests.take(item)
            self.speech_ids.take(item)
            self.apart.take(item)
        self.records.check_rolled_back()


def check_idle(talk: Simulation) -> None:
    """After enough waiting: all invariants hold, and everything begun has ended."""
    rules = _Rules(talk)
    assert talk.conversation.deadline(talk.now) is None, "an idle conversation waits for nothing"
    assert not rules.orders.under_way, "every order has been answered or cancelled"
    assert rules.chats.running is None, "every chat has ended"
    assert not rules.audio.announcing, "every announcement has been completed or interrupted"
    assert not rules.apart.running, "every answer apart has ended"
    assert not rules.requests.unanswered, "every request has been answered"
    assert not rules.speech_ids.open, "of every utterance the client knows what came of it"


def check_cancelled(talk: Simulation) -> None:
    """Right after the client has left: all invariants hold, and nothing is spoken any more."""
    rules = _Rules(talk)
    assert not rules.apart.running, "the answers apart have ended"
    assert rules.chats.running is None, "the chat has ended"
    assert not rules.audio.announcing, "the announcement has been interrupted"
