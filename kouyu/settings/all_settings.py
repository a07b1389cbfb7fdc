"""Every setting there is, with its default. The names are those of kouyu.toml."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from kouyu.conversation.limits import Limits
from kouyu.engines import engine_registry
from kouyu.engines.declaration import Engine, Kind, Options
from kouyu.settings.bots import BotSettings, FlowSettings, McpServerSettings
from kouyu.settings.kinds import Count, Name, Port, Seconds
from kouyu.store.sounds import Bounds

DEFAULT_BOT_ID = "kouyu"
DEFAULT_URL = "http://127.0.0.1:8080"
"""Where a server with these settings is reached from its own machine."""


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
    certificate_key_type: Literal["ecdsa", "rsa"] = "ecdsa"
    """Of the certificate that the server makes itself: "rsa" is for devices whose TLS library knows nothing else."""
    proxies: tuple[Name, ...] = ("127.0.0.1", "::1")
    """Addresses of reverse proxies, which are believed when they say from where a client comes (X-Forwarded-For)."""
    lan: bool = False
    """Other machines of the local network are served: kouyu listens on all addresses of this one, and the certificate
    that it makes itself is for them too. ``--tls-self-signed`` sets it."""
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


class FileSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[files]: what clients upload for their messages."""

    max_bytes: Count = 20_000_000
    """Of one file."""


class FetchingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[fetching]: pictures and documents that messages name by address (``file_url``)."""

    allow_private: bool = False
    """Whether addresses of this machine and of private networks are fetched too."""
    max_bytes: Count = 20_000_000
    """Of one file."""
    timeout_s: Seconds = 8.0
    """For one file, redirects included."""


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[engines]: which speech engines run, and on how many threads."""

    workers: Annotated[int, Meta(ge=1, le=256)] = 2
    """Threads for model work. Voice activity needs none."""
    vad: Name = "silero"
    denoise: Name = "webrtc"
    """Noise suppression, for clients that ask for it."""
    asr: Name = "whisper"
    turn: Name = "smart-turn"
    """Whether a turn is over, for ``semantic_vad``."""
    voiceprint: Name = "resemblyzer"
    """Who speaks."""
    llm: Name = "embedded"
    """The language model of bots that name no endpoint."""
    emotion: str = ""
    """How a speaker feels, for clients that ask for it: "sense-voice"; empty: nothing is told of it."""
    tts: Annotated[tuple[Name, ...], Meta(min_length=1)] = ("piper", "kokoro")
    """Their voices are offered together; the first engine has the default voice."""
    default_voice: str = ""
    """The id of the voice of clients and bots that choose none; empty: the first voice there is."""
    default_voices: dict[str, str] = {}
    """Voice ids by language (ISO 639-1), for what the chosen voice does not speak."""
    unknown_voice_is_error: bool = False
    """A client that asks for a voice that is not here is refused, instead of getting the default voice."""
    options: dict[str, Any] = {}
    """Options of engines that differ from their defaults, by section: each is of the type that its engine declares."""

    @property
    def chosen(self) -> tuple[tuple[Kind, str], ...]:
        """Kind and name of every engine that is loaded."""
        one_of_each: tuple[tuple[Kind, str], ...] = (
            ("vad", self.vad),
            ("denoise", self.denoise),
            ("asr", self.asr),
            ("turn", self.turn),
            ("voiceprint", self.voiceprint),
            ("llm", self.llm),
        )
        emotions: tuple[tuple[Kind, str], ...] = (("emotion", self.emotion),) if self.emotion else ()
        voices: tuple[tuple[Kind, str], ...] = tuple(("tts", name) for name in self.tts)
        return (*one_of_each, *emotions, *voices)

    def options_of(self, engine: Engine[Options]) -> Options:
        """The options of an engine, as they were configured."""
        options: Options = self.options.get(engine_registry.section(engine.kind, engine.name)) or engine.options()
        return options


class TranscriptSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[transcripts]: what happens to a transcript before the client gets it."""

    sensitive_words: str = ""
    """A file of words, one a line, behind the client's ``system_reserved_filter``; empty: the list that comes with
    kouyu."""


class DiagnosticsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[diagnostics]: what can be seen of sessions."""

    always: bool = False
    """Every session is observed from its beginning, so that what happened can be looked at afterwards; otherwise a
    session is observed while somebody watches it."""


class AudioSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[audio]: the sound of conversations."""

    keep: bool = False
    """What users say and what they are answered is kept, to be heard again."""
    keep_days: Count = 30
    """Older sound is deleted."""
    keep_mb: Count = 1000
    """The oldest sound is deleted when all of it comes to more."""

    @property
    def bounds(self) -> Bounds:
        """How much may be kept; what was kept before ``keep`` was turned off ages too."""
        return Bounds(self.keep_days, self.keep_mb * 1_000_000)


class VoiceprintSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[voiceprints]: what is kept of speakers who are known by their voices."""

    keep_audio: bool = True
    """The speech a speaker is enrolled with is kept beside the voiceprint."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    server: ServerSettings = ServerSettings()
    data: DataSettings = DataSettings()
    engines: EngineSettings = EngineSettings()
    transcripts: TranscriptSettings = TranscriptSettings()
    limits: Limits = Limits()
    files: FileSettings = FileSettings()
    audio: AudioSettings = AudioSettings()
    voiceprints: VoiceprintSettings = VoiceprintSettings()
    diagnostics: DiagnosticsSettings = DiagnosticsSettings()
    fetching: FetchingSettings = FetchingSettings()
    bots: tuple[BotSettings, ...] = (BotSettings(id=DEFAULT_BOT_ID, name="Kouyu"),)
    mcp_servers: tuple[McpServerSettings, ...] = ()
    flows: tuple[FlowSettings, ...] = ()

    def __post_init__(self) -> None:
        ids = [bot.id for bot in self.bots]
        servers = [server.name for server in self.mcp_servers]
        _refuse_repeated("bots: the id", ids)
        _refuse_repeated("flows: the id", [flow.id for flow in self.flows])
        _refuse_repeated("mcp_servers: the name", servers)
        for bot in self.bots:
            if unknown := set(bot.mcp_servers) - set(servers):
                known = f"the name of an MCP server: {', '.join(servers) or 'there is none'}"
                raise ValueError(f"bots: {bot.id}: mcp_servers: {min(unknown)!r} is not allowed; allowed: {known}")
        if not ids:
            raise ValueError("bots: there is none; without the key there is a default one")
        if self.server.default_bot not in ("", *ids):
            raise ValueError(
                f"server.default_bot: {self.server.default_bot!r} is not allowed; allowed: the id of a bot: "
                + ", ".join(ids)
            )


def _refuse_repeated(what: str, names: list[str]) -> None:
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{what} {repeated[0]!r} is used more than once")


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
    flows = tuple(msgspec.structs.replace(flow, folder=absolute(flow.folder)) for flow in settings.flows)
    return msgspec.structs.replace(settings, server=server, data=data, transcripts=transcripts, flows=flows)
