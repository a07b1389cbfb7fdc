"""The body of ``POST chat/completions``: its fields, and the options of the answer that they ask for."""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from kouyu.domain.errors import InvalidField
from kouyu.domain.options import AnswerOptions, ToolDefinition
from kouyu.server.openai_api.errors import not_supported
from kouyu.server.rest.ids import Id, OptionalId

_MOST_STOPS: Final = 4
_LONGEST_STOP: Final = 1_024
_MOST_TOKENS: Final = 1_000_000
_WHOLE: Final = 2**53
_FORMATS: Final = ("text", "json_object", "json_schema")
Modality = Literal["text", "audio"]


class ToolFunction(Struct, frozen=True, kw_only=True):
    """A function that the client runs."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    description: Annotated[str, Meta(max_length=16_384)] = ""
    parameters: Annotated[dict[str, Any], Meta(description="A JSON schema of its arguments.")] = {}


class Tool(Struct, frozen=True, kw_only=True):
    """A tool of the client."""

    function: ToolFunction
    type: Literal["function"] = "function"


class SpokenAs(Struct, frozen=True, kw_only=True):
    """How an answer is spoken."""

    voice: Annotated[OptionalId, Meta(description="As for audio/speech; without one, the bot's.")] = ""
    format: Annotated[
        Literal["wav", "aac", "mp3", "flac", "opus", "pcm16"], Meta(description="With stream usually `pcm16`: 24 kHz.")
    ] = "wav"


class StreamOptions(Struct, frozen=True, kw_only=True):
    """What a stream has besides."""

    include_usage: bool = False


class CompletionBody(Struct, frozen=True, kw_only=True):
    """The body. Further fields are ignored: nothing is stored, whatever ``store`` says."""

    model: Annotated[Id, Meta(description="The id of a bot.")]
    messages: Annotated[
        tuple[dict[str, Any], ...],
        Meta(
            min_length=1,
            max_length=1_000,
            description="As OpenAI's. System messages at the beginning take the place of the bot's prompt.",
        ),
    ]
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    modalities: Annotated[tuple[Modality, ...], Meta(max_length=2, description="`audio`: the answer is spoken.")] = ()
    audio: SpokenAs = SpokenAs()
    tools: Annotated[tuple[Tool, ...], Meta(max_length=128)] = ()
    tool_choice: Annotated[Any, Meta(description="none, auto, required, or the function that must be called.")] = None
    n: Annotated[int, Meta(ge=1, le=128, description="1: one answer is given.")] = 1
    max_completion_tokens: Annotated[int, Meta(ge=1, le=_MOST_TOKENS)] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=_MOST_TOKENS)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    presence_penalty: Annotated[float, Meta(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Meta(ge=-2, le=2)] | None = None
    seed: Annotated[int, Meta(ge=-_WHOLE, le=_WHOLE)] | None = None
    stop: Annotated[Any, Meta(description="A text, or up to 4.")] = None
    response_format: Annotated[Any, Meta(description="text, json_object or json_schema, as far as the model can.")] = (
        None
    )
    logprobs: bool = False
    user: Annotated[OptionalId, Meta(description="Whose variables of the bot count.")] = ""

    @property
    def is_spoken(self) -> bool:
        """Whether the answer is to be spoken."""
        return "audio" in self.modalities


def options_of(body: CompletionBody, instructions: str) -> AnswerOptions:
    """The options of the answer. Without tools in the body, none of the client's is called.

    Raises InvalidField, OpenAIError.
    """
    if body.n != 1:
        raise not_supported("n", f"n: {body.n} is not allowed; allowed: 1, since one answer is given")
    if body.logprobs:
        raise not_supported("logprobs", "logprobs: true is not allowed; allowed: false, since none are known here")
    return AnswerOptions(
        instructions=instructions or None,
        tools=tuple(
            ToolDefinition(
                name=tool.function.name, description=tool.function.description, parameters=tool.function.parameters
            )
            for tool in body.tools
        ),
        tool_choice=_choice(body),
        max_output_tokens=body.max_completion_tokens or body.max_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        presence_penalty=body.presence_penalty,
        frequency_penalty=body.frequency_penalty,
        seed=body.seed,
        stop=_stops(body.stop),
        response_format=_response_format(body.response_format),
    )


def _choice(body: CompletionBody) -> str | None:
    names = [tool.function.name for tool in body.tools]
    match body.tool_choice:
        case None | "none" | "auto" | "required" as choice:
            return choice
        case {"type": "function", "function": {"name": str(name)}} if name in names:
            return name
        case other:
            raise InvalidField("tool_choice", other, "none, auto, required, or a function of tools")


def _stops(given: Any) -> tuple[str, ...] | None:
    stops = [given] if isinstance(given, str) else given
    match stops:
        case None:
            return None
        case list() if len(stops) <= _MOST_STOPS and all(
            isinstance(stop, str) and len(stop) <= _LONGEST_STOP for stop in stops
        ):
            return tuple(stop for stop in stops if stop) or None
        case _:
            raise InvalidField("stop", given, f"a text, or up to {_MOST_STOPS}, of at most {_LONGEST_STOP} characters")


def _response_format(given: Any) -> dict[str, Any] | None:
    match given:
        case None | {"type": "text"}:
            return None
        case {"type": str(kind)} if kind in _FORMATS:
            return dict(given)
        case _:
            raise InvalidField("response_format", given, f"an object whose type is one of: {', '.join(_FORMATS)}")
