"""The limits of a conversation (`[limits]` in the settings): time-outs, and the thresholds of its decisions."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Time-outs and thresholds of one conversation. Seconds of wall clock (``_s``), or ms of the user's audio."""

    transcription_s: float = 10.0
    """A transcript that takes longer fails the turn, where nothing was said; see ``transcript_within_s``."""
    reply_start_s: float = 20.0
    """An agent that says nothing for so long fails the chat."""
    reply_stall_s: float = 20.0
    """An agent that falls silent in the middle of its answer for so long fails the chat."""
    synthesis_s: float = 20.0
    """A sentence that yields no audio for so long is left out."""
    tool_outputs_s: float = 120.0
    """A client that does not submit its tools' outputs for so long fails the chat."""
    stopped_sending_grace_ms: int = 700
    """A client that stops sending in the middle of an utterance is silent after the silence limit plus this."""
    voice_activity_s: float = 2.0
    """Push-to-talk waits so long for voice activity's last judgement of a completed buffer."""
    longest_utterance_ms: int = 120_000
    """An utterance is ended by force at this length."""
    speech_start_ms: int = 96
    """Speech that starts a turn while the agent is silent."""
    barge_in_ms: int = 160
    """Speech that interrupts the agent."""
    ignore_echo: bool = True
    """The agent's own voice, where a device sends it back, is no speech."""
    ignore_backchannels: bool = False
    """An "mm-hm" does not interrupt the agent. Speech then interrupts when a transcript shows that it is more, a few
    hundred ms later."""
    longest_backchannel_ms: int = 800
    """Speech longer than this is no backchannel, whatever its transcript."""
    partial_interval_ms: int = 320
    """New audio needed before the next interim transcript."""
    turn_complete_probability: float = 0.5
    """semantic_vad: a turn judged complete with at least this probability is over."""
    turn_judgement_s: float = 0.3
    """semantic_vad: a judgement that takes longer is late."""
    unjudged_silence_ms: int = 800
    """semantic_vad: silence that ends a turn whose judgement is late, where an unfinished one would wait longer."""
    speculation: bool = True
    """Prepare the reply at the first short pause, before the end of the turn is certain."""
    speculation_pause_ms: int = 64
    """The pause at which the reply is prepared."""
    synthesis_ahead_ms: int = 20_000
    """Speech is synthesised at most so far ahead of what the user hears."""

    def transcript_within_s(self, speech_s: float) -> float:
        """How long the transcript of so many seconds of speech may take: as long again as the speech itself, and
        ``transcription_s``, in which other speech may be recognised first."""
        return self.transcription_s + speech_s

    def judged_within_s(self, audio_s: float) -> float:
        """How long voice activity may take for so many seconds of audio that came at once."""
        return self.voice_activity_s + audio_s / 10
