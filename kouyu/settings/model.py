"""Every setting there is, with its default. The names are those of kouyu.toml."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from kouyu.agents.bot import DEFAULT_PROMPT
from kouyu.conversation.limits import Limits

DEFAULT_BOT_ID = "kouyu"

Port = Annotated[int, Meta(ge=0, le=65_535)]
Name = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[server]: where it listens, and how many it serves."""

    host: Name = "127.0.0.1"
    port: Port = 8080
    """Plain HTTP; 0 takes any free port."""
    https_port: Port = 8443
    """TLS; 0 takes any free port."""
    certificate: str = ""
    """A PEM file with a certificate (chain) of the user's own; empty: one is made by the local authority. Relative
    paths in settings start from the folder of the settings file."""
    certificate_key: str = ""
    """The PEM file of its private key, without a password."""
    names: tuple[Name, ...] = ()
    """Further host names and addresses for the certificate that the server makes itself."""
    max_sessions: Count = 100
    """Conversations at once; more are refused at the door."""
    ping_interval_s: Seconds = 20.0
    ping_timeout_s: Seconds = 20.0
    """A client that does not answer a ping for so long is gone."""
    default_bot: str = ""
    """The id of the bot of a client that names none; empty: the first one."""

    def __post_init__(self) -> None:
        if bool(self.certificate) != bool(self.certificate_key):
            raise ValueError("certificate and certificate_key belong together: set both or none")


class DataSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[data]: what is kept."""

    dir: str = ""
    """Database, certificates and token; empty: the user's own data folder, or ``KOUYU_DATA_DIR``."""


class ModelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[bots.model]: the LLM behind a bot. Without a base_url it is the embedded one."""

    base_url: str = ""
    """Of an OpenAI-compatible endpoint, with its version: ``http://127.0.0.1:11434/v1``."""
    api_key: str = ""
    api_key_env: str = ""
    """The environment variable that holds the key, so that it need not be in the file."""
    model: str = ""
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    max_tokens: Count | None = None
    """Tokens of one answer at most. What is None is left to the endpoint."""
    context_tokens: Annotated[int, Meta(ge=512)] = 8192
    """What the model takes in, question, history and answer together."""
    headers: dict[str, str] = {}
    """Added to every request."""
    body: dict[str, Any] = {}
    """Added to every request body."""

    def __post_init__(self) -> None:
        if self.base_url and not self.base_url.startswith(("http://", "https://")):
            raise ValueError(f"base_url: {self.base_url!r} is not allowed; allowed: an http:// or https:// address")
        if self.base_url and not self.model:
            raise ValueError("model is missing: an endpoint must be told which model to use")


class ExampleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[[bots.examples]]: small models learn the tone from a few of these."""

    question: str
    answer: str


class BotSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[[bots]]: one who answers."""

    id: Name
    name: str = ""
    description: str = ""
    prompt: str = DEFAULT_PROMPT
    """A Jinja2 template over the client's ``custom_variables``."""
    variables: dict[str, str] = {}
    """Values for variables that the client does not set."""
    examples: tuple[ExampleSettings, ...] = ()
    prologue: str = ""
    """What it says first, where the client asks for that."""
    suggested_questions: tuple[str, ...] = ()
    voice_id: str = ""
    """Empty: ``engines.default_voice``."""
    tools: tuple[dict[str, Any], ...] = ()
    """OpenAI tool definitions; the client runs them."""
    model: ModelSettings = ModelSettings()


class WhisperSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[engines.whisper]: recognition on this machine."""

    weights: Literal["whisper-base", "whisper-tiny-en"] = "whisper-base"
    languages: Annotated[tuple[Name, ...], Meta(min_length=1)] = ("en", "zh")
    """What people here may speak (ISO 639-1): the language of a short utterance is guessed among these alone."""
    device: Literal["cpu", "cuda", "auto"] = "cpu"
    compute_type: Name = "int8"
    threads: Count = 1
    """Threads of one recognition."""


class PiperSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[engines.piper]: English speech on this machine."""

    threads: Count = 1
    """Threads of one sentence."""


class KokoroSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[engines.kokoro]: Mandarin and English speech on this machine."""

    threads: Count = 2


class RecognitionEndpointSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[engines.openai_asr]: an OpenAI-compatible ``/audio/transcriptions``."""

    base_url: str = ""
    api_key: str = ""
    api_key_env: str = ""
    model: str = ""


class EndpointVoiceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A voice of a speech endpoint."""

    name: Name
    """As the endpoint calls it; clients see it with ``openai-`` in front."""
    languages: Annotated[tuple[Name, ...], Meta(min_length=1)] = ("en", "zh")
    gender: Literal["male", "female", "unknown"] = "unknown"


class SpeechEndpointSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[engines.openai_tts]: an OpenAI-compatible ``/audio/speech``."""

    base_url: str = ""
    api_key: str = ""
    api_key_env: str = ""
    model: str = ""
    voices: tuple[EndpointVoiceSettings, ...] = ()
    """What the endpoint has, the default first."""
    takes_instructions: bool = True
    """Whether the model can be told how to speak."""


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[engines]: which speech engines run, and on how many threads."""

    workers: Annotated[int, Meta(ge=1, le=256)] = 2
    """Threads for model work, besides one for voice activity."""
    vad: Name = "silero"
    asr: Name = "whisper"
    tts: Annotated[tuple[Name, ...], Meta(min_length=1)] = ("piper", "kokoro")
    """Their voices are offered together; the first engine has the default voice."""
    default_voice: str = ""
    """The id of the voice of clients and bots that choose none; empty: the first voice there is."""
    default_voices: dict[str, str] = {}
    """Voice ids by language (ISO 639-1), for what the chosen voice does not speak."""
    whisper: WhisperSettings = WhisperSettings()
    piper: PiperSettings = PiperSettings()
    kokoro: KokoroSettings = KokoroSettings()
    openai_asr: RecognitionEndpointSettings = RecognitionEndpointSettings()
    openai_tts: SpeechEndpointSettings = SpeechEndpointSettings()

    def __post_init__(self) -> None:
        if self.asr == "openai" and not (self.openai_asr.base_url and self.openai_asr.model):
            raise ValueError('engines.asr is "openai": engines.openai_asr needs base_url and model')
        endpoint = self.openai_tts
        if "openai" in self.tts and not (endpoint.base_url and endpoint.model and endpoint.voices):
            raise ValueError('engines.tts has "openai": engines.openai_tts needs base_url, model and voices')


class TranscriptSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[transcripts]: what happens to a transcript before the client gets it."""

    sensitive_words: str = ""
    """A file of words, one a line, behind the client's ``system_reserved_filter``; empty: the list that comes with
    kouyu."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    server: ServerSettings = ServerSettings()
    data: DataSettings = DataSettings()
    engines: EngineSettings = EngineSettings()
    transcripts: TranscriptSettings = TranscriptSettings()
    limits: Limits = Limits()
    bots: tuple[BotSettings, ...] = (BotSettings(id=DEFAULT_BOT_ID, name="Kouyu"),)

    def __post_init__(self) -> None:
        ids = [bot.id for bot in self.bots]
        if repeated := sorted({bot_id for bot_id in ids if ids.count(bot_id) > 1}):
            raise ValueError(f"bots: the id {repeated[0]!r} is used more than once")
        if not ids:
            raise ValueError("bots: there is none; without the key there is a default one")
        if self.server.default_bot not in ("", *ids):
            raise ValueError(
                f"server.default_bot: {self.server.default_bot!r} is not allowed; allowed: the id of a bot: "
                + ", ".join(ids)
            )


def anchored(settings: Settings, folder: Path) -> Settings:
    """The settings with relative paths made absolute, starting from ``folder``: where the settings file is."""

    def absolute(path: str) -> str:
        return str((folder / Path(path).expanduser()).absolute()) if path else ""

    server = msgspec.structs.replace(
        settings.server,
        certificate=absolute(settings.server.certificate),
        certificate_key=absolute(settings.server.certificate_key),
    )
    data = msgspec.structs.replace(settings.data, dir=absolute(settings.data.dir))
    transcripts = msgspec.structs.replace(
        settings.transcripts, sensitive_words=absolute(settings.transcripts.sensitive_words)
    )
    return msgspec.structs.replace(settings, server=server, data=data, transcripts=transcripts)
