"""Every setting there is, with its default. The names are those of kouyu.toml."""

import typing
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from kouyu.conversation.limits import Limits
from kouyu.engines import engine_registry
from kouyu.engines.declaration import Engine, FilePath, Kind, Options
from kouyu.serving.overload import OverloadLimits
from kouyu.settings.bots import BotSettings, FlowSettings, McpServerSettings
from kouyu.settings.engine_server import EngineServerSettings
from kouyu.settings.kinds import Count, Name, Port, Seconds, SecondsOrZero
from kouyu.settings.recording import RecordingSettings
from kouyu.settings.telemetry import LogSettings, TracingSettings
from kouyu.store.options import StoreOptions
from kouyu.store.sound_bounds import Bounds

DEFAULT_BOT_ID = "kouyu"
DEFAULT_URL = "http://127.0.0.1:8080"
"""URL of a server with default settings on its own machine."""


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[server]: addresses, certificates and session limit."""

    host: Name = "127.0.0.1"
    port: Port = 8080
    """Plain HTTP; 0 takes any free port."""
    https_port: Port = 8443
    """TLS; 0 takes any free port."""
    certificate: str = ""
    """A PEM file with the user's own certificate (chain); empty: the local authority issues one. Relative paths in
    settings start from the folder of the settings file."""
    certificate_key: str = ""
    """The PEM file of its private key, without a password."""
    names: tuple[Name, ...] = ()
    """Further host names and addresses for the certificate that the server issues itself."""
    certificate_key_type: Literal["ecdsa", "rsa"] = "ecdsa"
    """Key type of the certificate that the server issues itself: "rsa" for devices whose TLS library lacks ECDSA."""
    proxies: tuple[Name, ...] = ("127.0.0.1", "::1")
    """Addresses of trusted reverse proxies, whose X-Forwarded-For is used as the client's address."""
    lan: bool = False
    """Serve other machines of the local network: listen on all addresses of this machine, and include them in the
    certificate that the server issues itself. ``--tls-self-signed`` sets it."""
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    """Processes that serve clients, so that sessions use as many cores; 1: one process does everything."""
    max_sessions: Count = 100
    """Most simultaneous sessions; more are refused."""
    ping_interval_s: Seconds = 20.0
    ping_timeout_s: Seconds = 20.0
    """A client that does not answer a ping within this time is disconnected."""
    drain_s: SecondsOrZero = 30.0
    """After SIGTERM, time for turns in progress to end; 0: connections are closed at once. Nothing new begins."""
    open_metrics: bool = False
    """Whether ``/metrics`` needs no token. It shows how much the server is used, and nothing that was said."""
    peer_url: str = ""
    """The base URL by which other servers on the same PostgreSQL database reach this one; empty: plain HTTP at the
    address where it listens, or from which the database sees it."""
    default_bot: str = ""
    """The id of the bot for clients that name none; empty: the first one."""

    def __post_init__(self) -> None:
        if bool(self.certificate) != bool(self.certificate_key):
            raise ValueError("certificate and certificate_key belong together: set both or none")


class DataSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[data]: where data is saved."""

    dir: str = ""
    """Folder of database, certificates and token; empty: the user's own data folder, or ``KOUYU_DATA_DIR``."""


class FileSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[files]: what clients upload for their messages."""

    max_bytes: Count = 20_000_000
    """Of one file."""


class FetchingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[fetching]: images and documents that messages refer to by URL (``file_url``)."""

    allow_private: bool = False
    """Whether URLs of this machine and of private networks are fetched too."""
    max_bytes: Count = 20_000_000
    """Of one file."""
    timeout_s: Seconds = 8.0
    """Timeout of one file, redirects included."""


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[engines]: which speech engines run, and on how many threads."""

    workers: Annotated[int, Meta(ge=1, le=256)] = 2
    """Threads for model work. VAD needs none."""
    vad: Name = "silero"
    denoise: Name = "webrtc"
    """Noise suppression, for clients that enable it."""
    asr: Name = "whisper"
    turn: Name = "smart-turn"
    """End-of-turn detection, for ``semantic_vad``."""
    voiceprint: Name = "campplus"
    """Speaker identification."""
    llm: Name = "embedded"
    """The language model of bots that name no endpoint."""
    emotion: str = ""
    """Emotion recognition, for clients that enable it: "sense-voice"; empty: none."""
    tts: Annotated[tuple[Name, ...], Meta(min_length=1)] = ("hibari", "kokoro")
    """All of their voices are offered; the first engine has the default voice."""
    default_voice: str = ""
    """The id of the voice for clients and bots that choose none; empty: the first voice."""
    default_voices: dict[str, str] = {}
    """Voice ids by language (ISO 639-1), for text that the chosen voice does not speak."""
    voice_aliases: dict[Name, Name] = {}
    """Voice ids by further ids that clients may name them by, such as those of the cloud's voices."""
    unknown_voice_is_error: bool = False
    """Refuse a client that requests an unknown voice, instead of using the default voice."""
    options: dict[str, Any] = {}
    """Options of engines that differ from their defaults, by section, each of the type that its engine declares."""

    @property
    def chosen(self) -> tuple[tuple[Kind, str], ...]:
        """Kind and name of every engine to load."""
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
        """The configured options of an engine."""
        options: Options = self.options.get(engine_registry.section(engine.kind, engine.name)) or engine.options()
        return options


class WeightSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[weights]: how model weights are fetched."""

    fetch_in_background: bool = True
    """Whether a running server fetches the language model that it should run, if that is not on this machine."""
    mirror: str = ""
    """Base URL of a mirror of Hugging Face, which is asked before other sources; empty: that in HF_ENDPOINT, if any."""

    def __post_init__(self) -> None:
        if self.mirror and not self.mirror.startswith(("http://", "https://")):
            raise ValueError(
                f"mirror: {self.mirror!r} is not allowed; allowed: a URL that begins with http:// or https://"
            )


class TranscriptSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[transcripts]: post-processing of transcripts."""

    sensitive_words: str = ""
    """A file of words, one per line, for the client's ``system_reserved_filter``; empty: kouyu's built-in list."""


class DiagnosticsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[diagnostics]: observation of sessions."""

    always: bool = False
    """Observe every session from its beginning, so that it can be inspected afterwards; otherwise a session is observed
    while a watcher is connected."""


class AudioSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[audio]: recordings of conversations."""

    keep: bool = False
    """Record users' speech and the spoken answers, for later playback."""
    keep_days: Count = 30
    """Days after which recordings are deleted."""
    keep_mb: Count = 1000
    """Most megabytes of all recordings; beyond it the oldest are deleted."""
    notice: str = ""
    """With ``keep``, or where ``[recording]`` applies: a text that is spoken once, at the beginning of a conversation,
    before anything is recorded."""

    @property
    def bounds(self) -> Bounds:
        """The limits on recordings; earlier ones expire also after ``keep`` was turned off."""
        return Bounds(self.keep_days, self.keep_mb * 1_000_000)


class RetentionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[retention]: how long data is kept."""

    conversations_days: Annotated[int, Meta(ge=0)] = 0
    """Days after the last message after which a conversation is deleted with its messages, recordings and files; 0:
    never."""
    audit_days: Annotated[int, Meta(ge=1)] = 365
    """Days after which entries of the audit log are deleted."""


class VoiceprintSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[voiceprints]: data kept of enrolled speakers."""

    keep_audio: bool = True
    """Keep the enrolled speech beside the voiceprint."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    server: ServerSettings = ServerSettings()
    log: LogSettings = LogSettings()
    data: DataSettings = DataSettings()
    store: StoreOptions = StoreOptions()
    engines: EngineSettings = EngineSettings()
    engine_server: EngineServerSettings = EngineServerSettings()
    weights: WeightSettings = WeightSettings()
    transcripts: TranscriptSettings = TranscriptSettings()
    limits: Limits = Limits()
    overload: OverloadLimits = OverloadLimits()
    files: FileSettings = FileSettings()
    audio: AudioSettings = AudioSettings()
    recording: RecordingSettings = RecordingSettings()
    retention: RetentionSettings = RetentionSettings()
    voiceprints: VoiceprintSettings = VoiceprintSettings()
    diagnostics: DiagnosticsSettings = DiagnosticsSettings()
    tracing: TracingSettings = TracingSettings()
    fetching: FetchingSettings = FetchingSettings()
    bots: tuple[BotSettings, ...] = (BotSettings(id=DEFAULT_BOT_ID, name="Kouyu"),)
    mcp_servers: tuple[McpServerSettings, ...] = ()
    flows: tuple[FlowSettings, ...] = ()

    def __post_init__(self) -> None:
        ids = [bot.id for bot in self.bots]
        servers = [server.name for server in self.mcp_servers]
        _refuse_repeated("bots: the id", [*ids, *(alias for bot in self.bots for alias in bot.aliases)])
        flow_ids = [name for flow in self.flows for name in (flow.id, *flow.aliases)]
        _refuse_repeated("flows: the id", flow_ids)
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

    @property
    def bot_ids(self) -> tuple[str, ...]:
        """The ids of the bots, the default one first."""
        default = self.server.default_bot or self.bots[0].id
        return (default, *(bot.id for bot in self.bots if bot.id != default))


def _refuse_repeated(what: str, names: list[str]) -> None:
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{what} {repeated[0]!r} is used more than once")


def anchored(settings: Settings, folder: Path) -> Settings:
    """Make relative paths absolute, starting from ``folder``, that of the settings file."""

    def absolute(path: str) -> str:
        return str((folder / Path(path).expanduser()).absolute()) if path else ""

    server = msgspec.structs.replace(
        settings.server,
        certificate=absolute(settings.server.certificate),
        certificate_key=absolute(settings.server.certificate_key),
    )
    data = msgspec.structs.replace(settings.data, dir=absolute(settings.data.dir))
    engine_server = msgspec.structs.replace(settings.engine_server, unix=absolute(settings.engine_server.unix))
    transcripts = msgspec.structs.replace(
        settings.transcripts, sensitive_words=absolute(settings.transcripts.sensitive_words)
    )
    flows = tuple(msgspec.structs.replace(flow, folder=absolute(flow.folder)) for flow in settings.flows)
    options = {
        section: msgspec.structs.replace(given, **{key: absolute(getattr(given, key)) for key in _paths(type(given))})
        for section, given in settings.engines.options.items()
    }
    engines = msgspec.structs.replace(settings.engines, options=options)
    return msgspec.structs.replace(
        settings, server=server, data=data, transcripts=transcripts, flows=flows, engines=engines,
        engine_server=engine_server,
    )  # fmt: skip


def _paths(options: type[msgspec.Struct]) -> list[str]:
    """The names of the options of an engine that are paths."""
    hints = typing.get_type_hints(options, include_extras=True)
    return [name for name, hint in hints.items() if hint == FilePath]
