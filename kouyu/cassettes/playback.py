"""Plays one connection: messages of the client and the time in, messages to the client out. No clock, no socket.

Several recorded connections may fit a client that has just connected. All are followed as long as they fit; the first
one is played. When the client sends what another one expects and the first does not, and what was sent so far is the
same but for ids and times, that other one is played on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from kouyu.cassettes.comparison import Carried, FieldDifference, Scalar, carry_over, carry_over_in_text, compare
from kouyu.cassettes.differences import Difference, compare_message, difference_at, expects, unexpected
from kouyu.cassettes.events import APPEND, message_of
from kouyu.cassettes.format import Close
from kouyu.cassettes.script import Cue, Script, least
from kouyu.cassettes.updates import RuleAnswers

STALL_S: Final = 0.5
"""Audio that has stopped for so long, nearly at the amount at which an event came, counts as that amount."""


@dataclass(slots=True, eq=False)
class _Candidate:
    """A script that fits so far, and what was carried over to it."""

    script: Script
    carried: Carried


_Fitting = list[tuple[_Candidate, Carried]]
"""Candidates that fit, with what the present message carries over to each."""


@dataclass(slots=True, eq=False)
class Playback:
    """The state of one connection. All times are in seconds on one clock."""

    candidates: list[_Candidate]
    fast: bool
    take_script: Callable[[Script], bool]
    """Called for the script that fits what the client sends; False if another client has it."""
    rest_ids: frozenset[Scalar]
    """Ids that the server sent outside this connection: in its answers to requests."""
    message_at: float
    last_append_at: float
    cue_at: float
    rules: RuleAnswers = field(default_factory=RuleAnswers)
    messages: int = 0
    """Messages of the client that were matched."""
    audio: int = 0
    """Bytes of audio since the last of them."""
    sent: int = 0
    """Cues that were sent."""
    reached: dict[int, float] = field(default_factory=dict)
    """When the audio reached the amount for which a cue waits, by the cue's entry."""
    difference: Difference | None = None
    closed: bool = False

    @property
    def script(self) -> Script:
        """The script that is played."""
        return self.candidates[0].script

    def receive(self, value: Any, audio: int | None, now: float) -> list[str]:
        """Take a message of the client: its JSON value, or the number of bytes that it appends.

        Returns what answers it by rule. The first difference from the recording is then in ``difference``.
        """
        if self.closed or self.difference is not None:
            return []
        if audio is None:
            return self._message(value, now)
        self._append(audio, now)
        return []

    def client_closed(self, code: int) -> None:
        """The client has ended the connection: a difference if the recorded one went on."""
        if self.closed or self.difference is not None:
            return
        self.closed = True
        script, got = self.script, f"the end of the connection by the client (code {code})"
        if self.messages < len(script.expected):
            self.difference = unexpected(script, self.messages, got)
        elif self.audio < least(script.heard):
            heard = f"{script.heard} bytes of audio"
            self.difference = difference_at(script, script.last_index, heard, f"{self.audio} bytes, then {got}")

    def due_at(self) -> float | None:
        """When the next cue is to be sent; None if nothing is, before the client sends something."""
        if self.sent == len(self.script.cues) or self.closed or self.difference is not None:
            return None
        cue = self.script.cues[self.sent]
        if cue.messages > self.messages:
            return None
        if cue.messages < self.messages:
            return self.cue_at  # the client is ahead: what came before its last message goes out at once
        if cue.audio is not None:
            return self._due_after_audio(cue, cue.audio)
        delay = 0.0 if self.fast else cue.delay_s
        return max(self.cue_at, (self.message_at if cue.first else self.cue_at) + delay)

    def take(self, now: float) -> str | bytes | Close | None:
        """The next message to send, or the close of the connection; None if nothing is due."""
        due = self.due_at()
        if due is None or due > now:
            return None
        cue = self.script.cues[self.sent]
        self.sent += 1
        self.cue_at = due if cue.messages == self.messages else now
        entry, carried = cue.entry, self.candidates[0].carried
        if entry.close is not None:
            self.closed = True
            return entry.close
        if carried:
            event = None if entry.event is None else carry_over(entry.event, carried)
            text = None if entry.text is None else carry_over_in_text(entry.text, carried)
            entry = msgspec.structs.replace(entry, event=event, text=text)
        return message_of(entry, self.script.connection.audio)

    def _due_after_audio(self, cue: Cue, amount: int) -> float | None:
        delay = 0.0 if self.fast else cue.delay_s
        if self.audio >= amount:
            return max(self.cue_at, self.reached.get(cue.index, self.last_append_at) + delay)
        if self.audio >= least(amount):
            return max(self.cue_at, self.last_append_at + STALL_S)
        return None

    def _append(self, amount: int, now: float) -> None:
        with_audio = self._playable([(each, {}) for each in self.candidates if each.script.has_audio])
        if not with_audio:
            self.difference = unexpected(self.script, self.messages, f"{APPEND} of {amount} bytes")
            return
        self.candidates = [candidate for candidate, _ in with_audio]
        self.audio += amount
        self.last_append_at = now
        for cue in self.script.cues[self.sent :]:
            if cue.messages > self.messages or (cue.audio or 0) > self.audio:
                break
            if cue.audio is not None:
                self.reached.setdefault(cue.index, now)

    def _message(self, value: Any, now: float) -> list[str]:
        fitting: _Fitting = []
        first: Difference | None = None
        for each in self.candidates:
            found = compare_message(each.script, self.messages, self.audio, value, each.carried, self.rest_ids)
            if isinstance(found, Difference):
                first = first or found
            else:
                fitting.append((each, found))
        if not (fitting := self._playable(fitting)):
            expected = expects(self.script, self.messages, value)
            answers = None if expected else self.rules.answer(value)
            if answers is None:
                self.difference = first or self._played_already()
            return answers or []
        for candidate, found in fitting:
            candidate.carried.update(found)
        self.rules.note(value)
        self.candidates = [candidate for candidate, _ in fitting]
        self.messages += 1
        self.audio = 0
        self.message_at = now
        return []

    def _playable(self, fitting: _Fitting) -> _Fitting:
        """Those from the first that can be played from here: the present one, or one that has begun alike."""
        for place, (candidate, _) in enumerate(fitting):
            already = {} if candidate is self.candidates[0] else self._sent_alike(candidate.script)
            if already is not None and self.take_script(candidate.script):
                candidate.carried.update(already)
                if candidate is not self.candidates[0]:
                    self.reached.clear()
                return fitting[place:]
        return []

    def _played_already(self) -> Difference:
        return difference_at(self.script, 0, "no more client that sends the same", "one more")

    def _sent_alike(self, other: Script) -> Carried | None:
        """What the other script would have sent so far, by what was sent in its place; None if that is not the same."""
        mapping: Carried = {}
        if len(other.cues) < self.sent:
            return None
        for played, cue in zip(self.script.cues[: self.sent], other.cues[: self.sent], strict=True):
            pair = cue.entry.event, played.entry.event
            if None in pair or cue.messages != played.messages:
                return None
            found = compare(*pair, {})
            if isinstance(found, FieldDifference):
                return None
            mapping |= found
        return mapping


def begin(
    fitting: Sequence[tuple[Script, Carried]],
    now: float,
    *,
    fast: bool,
    take_script: Callable[[Script], bool] = lambda _: True,
    carried: Carried | None = None,
    rest_ids: frozenset[Scalar] = frozenset(),
) -> Playback:
    """Begin to play the first of ``fitting`` (at least one), each with what the handshake carried over to it."""
    return Playback(
        candidates=[_Candidate(script, {**(carried or {}), **own}) for script, own in fitting],
        fast=fast,
        take_script=take_script,
        rest_ids=rest_ids,
        message_at=now,
        last_append_at=now,
        cue_at=now,
    )
