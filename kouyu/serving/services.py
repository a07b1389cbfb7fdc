"""The shared services that sessions use and do not own. The server builds and closes them.

Who opens a session, an audio session or the routes has all of them, and gives each part what it uses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kouyu.agents.agent import Agent, runs_here
from kouyu.agents.bot_definition import BotDefinition
from kouyu.conversation.capabilities import Capabilities
from kouyu.conversation.limits import Limits
from kouyu.diagnostics.watcher_hub import WatcherHub
from kouyu.domain.ids import IdFactory
from kouyu.engines.asr.engine import SpeechRecognizer
from kouyu.engines.denoise.engine import NoiseSuppressor
from kouyu.engines.paralinguistics.engine import EmotionRecognizer, GenderRecognizer
from kouyu.engines.paralinguistics.pitch_gender import PitchGender
from kouyu.engines.pressure import EnginesElsewhere, Pressure
from kouyu.engines.scheduler import Scheduler
from kouyu.engines.tts.engine import SpeechSynthesizer
from kouyu.engines.turn.engine import TurnJudge
from kouyu.engines.vad.detector import VoiceActivityDetector
from kouyu.engines.voiceprint.engine import SpeakerEncoder
from kouyu.metrics.recent_failures import NoteFailure, RecentFailures
from kouyu.metrics.server_metrics import ServerMetrics
from kouyu.metrics.turn_times import TurnTimes
from kouyu.recording.session_recorder import SessionRecorders, SessionRecording
from kouyu.serving.overload import Overload
from kouyu.serving.recordings import Recordings
from kouyu.serving.redials import Redials
from kouyu.serving.sections import Sections
from kouyu.serving.transcribing import Transcriber
from kouyu.serving.turns_in_progress import TurnsInProgress
from kouyu.store.sound_bounds import Bounds
from kouyu.store.store import Store
from kouyu.text.transcript import TranscriptFinisher
from kouyu.workers.limited import LimitedWorkers


@dataclass(slots=True, kw_only=True, eq=False)
class Services:
    """The store, the engines and the agents that all sessions share. Nothing is replaced but by ``follow``."""

    store: Store
    scheduler: Scheduler
    pressure: Pressure
    """The load of the scheduler, and of engines elsewhere."""
    voice_activity: VoiceActivityDetector
    recognizer: SpeechRecognizer
    synthesizer: SpeechSynthesizer
    bots: Mapping[str, BotDefinition]
    agents: Mapping[str, Agent]
    """By bot id, one for each of ``bots``."""
    limits: Limits
    ids: IdFactory
    default_voice_id: str
    workers: LimitedWorkers = field(default_factory=LimitedWorkers)
    """Decode uploads. Closed by their creator."""
    watcher_hub: WatcherHub = field(default_factory=WatcherHub)
    """Passes sessions' events to watchers."""
    keep_audio: Bounds | None = None
    """Limits on kept recordings of conversations; None: none are kept."""
    session_recorders: SessionRecorders | None = None
    """Record sessions so that they can be run again; None: none are recorded. Closed by their creator."""
    recording_notice: str = ""
    """Spoken at the beginning of a conversation of which recordings or session records are kept."""
    flows: Mapping[str, Agent] = field(default_factory=dict)
    """By workflow id."""
    voice_aliases: Mapping[str, str] = field(default_factory=dict)
    """Ids of voices by further ids that the synthesizer takes for them, and does not list."""
    unknown_voice_is_error: bool = False
    transcripts: TranscriptFinisher = field(default_factory=TranscriptFinisher)
    noise_suppressor: NoiseSuppressor | None = None
    """For ``enable_ans``. Without one the user's audio stays as it is."""
    speaker_encoder: SpeakerEncoder | None = None
    """Computes voiceprints. Without one there is neither a speaker gate nor speaker identification."""
    gender_recognizer: GenderRecognizer = field(default_factory=PitchGender)
    """For ``enable_gender``."""
    emotion_recognizer: EmotionRecognizer | None = None
    """For ``enable_emotion``, which has no effect without one."""
    keep_enrolment_audio: bool = True
    """Whether the enrolled speech is kept beside its voiceprint."""
    sections: Sections = field(default_factory=Sections)
    redials: Redials = field(default_factory=Redials)
    metrics: ServerMetrics = field(default_factory=ServerMetrics)
    failures: RecentFailures = field(default_factory=RecentFailures)
    overload: Overload = field(default_factory=Overload)
    """Decides whether new conversations are refused."""
    turns_in_progress: TurnsInProgress = field(default_factory=TurnsInProgress)
    recordings: Recordings | None = None
    """None: recordings in messages are not transcribed."""
    most_file_bytes: int = 20_000_000
    """Of an uploaded file."""
    turn_judge: TurnJudge | None = None
    """Predicts whether the user has finished, for ``semantic_vad``. Without one no turn gets such a prediction."""
    elsewhere: EnginesElsewhere = field(default_factory=EnginesElsewhere)
    """The load of engines in other processes."""

    def voice_of(self, bot: BotDefinition | None) -> str:
        """The id of a bot's voice; the default voice if the bot names none, or one that is not available."""
        wanted = bot.voice_id if bot else ""
        wanted = self.voice_aliases.get(wanted, wanted)
        return wanted if any(voice.voice_id == wanted for voice in self.synthesizer.voices()) else self.default_voice_id

    @property
    def voice_ids(self) -> tuple[str, ...]:
        """All ids that clients may name voices by, the listed ones first."""
        return (*(voice.voice_id for voice in self.synthesizer.voices()), *self.voice_aliases)

    def turn_times(self, agent: Agent, failed: NoteFailure) -> TurnTimes:
        """What measures the turns of one conversation with ``agent``; ``failed`` gets its failures."""
        return TurnTimes(self.metrics, answered=self.overload.answered, is_agent_here=runs_here(agent), failed=failed)

    def capabilities_of(self, bot: BotDefinition | None, *, is_recorded: bool = False) -> Capabilities:
        """What a client of ``bot`` is offered: all voices, the bot's own first. None: a client of no bot.
        ``is_recorded``: a session record is made of it."""
        return Capabilities(
            voice_ids=self.voice_ids,
            default_voice_id=self.voice_of(bot),
            prologue=bot.prologue if bot is not None else "",
            notice=self.recording_notice if is_recorded or self.keep_audio is not None else "",
            unknown_voice_is_error=self.unknown_voice_is_error,
            recognizes_emotion=self.emotion_recognizer is not None,
        )

    def follow(
        self,
        *,
        limits: Limits,
        keep_audio: Bounds | None,
        recording_notice: str,
        keep_enrolment_audio: bool,
        session_recording: SessionRecording,
    ) -> None:
        """Let sessions that begin from now on have these, after the settings were read anew."""
        self.limits = limits
        self.keep_audio = keep_audio
        self.recording_notice = recording_notice
        self.keep_enrolment_audio = keep_enrolment_audio
        if self.session_recorders is not None:
            self.session_recorders.settings = session_recording

    @property
    def transcriber(self) -> Transcriber:
        """The recogniser with what finishes its texts."""
        return Transcriber(self.recognizer, self.transcripts)
