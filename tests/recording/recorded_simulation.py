"""A conversation in virtual time that is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kouyu.conversation.conversation import Conversation
from kouyu.conversation.identity import Identity
from kouyu.conversation.inputs import ClientJoined, Input
from kouyu.domain.ids import IdFactory
from kouyu.protocol.coze.chat_wire import WORDS
from kouyu.recording.entries import Step
from kouyu.recording.frames import Audio, Ending, Header
from kouyu.recording.noted_ids import NotedIds
from kouyu.recording.record_file import Record, read_record, write_record
from tests.conversation.simulation import EPOCH, Simulation


@dataclass
class RecordedSimulation(Simulation):
    """A simulation whose steps are in ``steps``."""

    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._ids = NotedIds(IdFactory())
        identity = Identity(ids=self._ids, bot_id="kouyu", epoch=EPOCH)
        self.conversation = Conversation(identity=identity, capabilities=self.capabilities, limits=self.limits)
        self.first_id = self.conversation.conversation_id
        self._ids.taken()
        self.history.clear()
        self.give(ClientJoined(WORDS))

    def give(self, received: Input) -> None:
        """Hand an input to the core, as a session does."""
        self.history.append((self.now, received))
        effects = self.conversation.receive(received, self.now)
        self.steps.append(Step(self.now, received, self._ids.taken(), effects))
        self._take(effects)

    @property
    def header(self) -> Header:
        """What the core was made with."""
        return Header(
            kouyu="0.0",
            log_id="02log",
            bot_id="kouyu",
            epoch=EPOCH,
            conversation_id=self.first_id,
            capabilities=self.capabilities,
            limits=self.limits,
        )

    def written(self, path: Path, audio: Sequence[Audio] = ()) -> Record:
        """Write the record, and read it again."""
        write_record(path, self.header, self.steps, audio, Ending(reason="closed"))
        return read_record(path)


def interrupted(path: Path) -> Record:
    """The record of a question, and of a second one that cuts the answer off."""
    talk = RecordedSimulation()
    talk.free_talk()
    talk.speak(1200)
    talk.silence(800)
    talk.speak(1000)
    talk.silence(3000)
    return talk.written(path)
