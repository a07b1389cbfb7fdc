"""Whether what the user says while the agent speaks takes the turn."""

from kouyu.conversation.limits import Limits
from kouyu.protocol.configuration import InterruptConfig


class BargeIn:
    """The decision about one utterance that began while the agent was speaking.

    Without ``interrupt_config`` a run of speech of ``barge_in_ms`` is enough. With keywords only a transcript that
    contains one, or starts with one, interrupts (uplink.md, data.turn_detection).
    """

    def __init__(self, limits: Limits, interrupt_config: InterruptConfig | None) -> None:
        self._limits = limits
        self._interrupt_config = interrupt_config

    @property
    def onset_ms(self) -> int:
        """Speech needed before an utterance is taken up at all while the agent speaks."""
        return self._limits.speech_start_ms if self.needs_keyword else self._limits.barge_in_ms

    @property
    def needs_keyword(self) -> bool:
        """Speech alone does not interrupt."""
        return self._interrupt_config is not None and bool(self._interrupt_config.keywords)

    def interrupts(self, transcript: str) -> bool:
        """Whether an utterance that reads so far as ``transcript`` interrupts the agent."""
        config = self._interrupt_config
        if config is None or not config.keywords:
            return True
        said = _normalised(transcript)
        keywords = [_normalised(keyword) for keyword in config.keywords]
        if config.mode == "keyword_prefix":
            return any(said.startswith(keyword) for keyword in keywords)
        return any(keyword in said for keyword in keywords)


def _normalised(text: str) -> str:
    """Letters and digits alone, in lower case: punctuation and spacing are the recogniser's taste."""
    return "".join(character for character in text.casefold() if character.isalnum())
