"""Speaks texts that belong to no chat: the prologue, and those of Announce."""

from collections.abc import Iterator

from kouyu.conversation.announcement import Announcement
from kouyu.conversation.effects import Effect
from kouyu.conversation.identity import Identity
from kouyu.conversation.limits import Limits
from kouyu.conversation.opening_lines import OpeningLines
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.conversation.output_slot import OutputSlot
from kouyu.domain.configuration import Configuration


class Announcer:
    """Puts announcements into the output slot, and remembers which prologue the client has been played."""

    def __init__(self, *, orders: OrderNumbers, limits: Limits, output: OutputSlot, notice: str) -> None:
        """``notice`` is spoken once in each conversation, before the prologue; "": nothing is."""
        self._notice = notice
        self._noticed_in = ""
        self._orders = orders
        self._limits = limits
        self._output = output
        self._played = ""
        self._prologue: Announcement | None = None
        self.opening_lines = OpeningLines()
        """The prologues that were spoken."""

    def announce(self, text: str, configuration: Configuration, now: float) -> Iterator[Effect]:
        """Speak ``text``, interrupting the item that is being spoken."""
        yield from self._output.interrupt("content", now)
        self._begin(text, configuration)

    def play_prologue(self, configuration: Configuration, identity: Identity, now: float) -> Iterator[Effect]:
        """Speak the notice, if it was not spoken in this conversation, and the opening line, once per text, if nothing
        or only an earlier opening line is being spoken."""
        notice = self._notice if self.owes_notice(identity.conversation_id) else ""
        prologue = _prologue_of(configuration)
        new = "" if prologue == self._played else prologue
        if not notice and (not new or (self._output.audible(now) and not self._output.says(self._prologue))):
            return
        yield from self._output.interrupt("content", now)
        self._noticed_in = identity.conversation_id
        self._played = prologue
        self._prologue = self._begin(f"{notice} {new}".strip(), configuration)
        if new:
            self.opening_lines.add(new, identity, self._prologue, before=notice)

    def give_notice(self, configuration: Configuration, conversation_id: str, now: float) -> Iterator[Effect]:
        """Speak the notice, if it was not spoken in this conversation: its client requests no configuration."""
        if self.owes_notice(conversation_id):
            yield from self._output.interrupt("content", now)
            self._noticed_in = conversation_id
            self._begin(self._notice, configuration)

    def owes_notice(self, conversation_id: str) -> bool:
        """Whether the notice has not been spoken in this conversation."""
        return bool(self._notice) and self._noticed_in != conversation_id

    def skip_notice(self, conversation_id: str) -> None:
        """Count the notice as spoken: the conversation began on an earlier connection."""
        self._noticed_in = conversation_id

    def skip_prologue(self, configuration: Configuration, identity: Identity) -> None:
        """Count the opening line as played: the client heard it on an earlier connection."""
        self._played = _prologue_of(configuration)
        if self._played:
            self.opening_lines.add_earlier(self._played, identity)

    def _begin(self, text: str, configuration: Configuration) -> Announcement:
        item = Announcement(
            text,
            configuration=configuration,
            orders=self._orders,
            limits=self._limits,
            is_spoken=self._output.is_spoken,
        )
        self._output.begin(item, configuration.output_audio)
        return item


def _prologue_of(configuration: Configuration) -> str:
    """The opening line to speak, or ""."""
    return (configuration.prologue_content or "").strip() if configuration.need_play_prologue else ""
