"""Facts of the agent's part of a turn: its answer, its tools and the synthesis of its speech."""

from kouyu.diagnostics.facts.fact import Fact


class ReplyAsked(Fact, frozen=True, tag="reply.asked"):
    """The agent was asked; more than once in a turn if a speculation was discarded or tools have run."""

    order: int
    question: str
    chat_id: str


class ReplyFirstToken(Fact, frozen=True, tag="reply.first_token"):
    """The agent gave the first characters of its answer."""

    order: int
    took_ms: float


class ClientToolsAsked(Fact, frozen=True, tag="reply.tool_calls"):
    """The agent waits for outputs of the client's tools."""

    order: int
    names: tuple[str, ...]


class ReplyCompleted(Fact, frozen=True, tag="reply.finished"):
    """The agent finished its answer."""

    order: int
    text: str
    took_ms: float
    input_tokens: int
    output_tokens: int


class SynthesisStarted(Fact, frozen=True, tag="synthesis.started"):
    """Synthesis of the next sentence was ordered."""

    order: int
    text: str


class SynthesisFirstAudio(Fact, frozen=True, tag="synthesis.first_audio"):
    """Synthesis gave the first packet of a sentence."""

    order: int
    took_ms: float


class SynthesisFinished(Fact, frozen=True, tag="synthesis.finished"):
    """Synthesis of a sentence finished: ``audio_ms`` of audio in ``took_ms``."""

    order: int
    took_ms: float
    audio_ms: float


class SynthesisCanceled(Fact, frozen=True, tag="synthesis.canceled"):
    """Synthesis of this sentence was canceled."""

    order: int


AgentFact = (
    ReplyAsked
    | ReplyFirstToken
    | ClientToolsAsked
    | ReplyCompleted
    | SynthesisStarted
    | SynthesisFirstAudio
    | SynthesisFinished
    | SynthesisCanceled
)
