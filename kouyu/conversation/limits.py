"""The limits of a conversation (`[limits]` in the settings): time-outs, and the thresholds of its decisions."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Time-outs and thresholds of one conversation. Seconds of wall clock (``_s``), or ms of the user's audio."""

    transcription_s: float = 10.0
    """Time-out of a final transcript, not counting the length of the speech: ``transcript_within_s`` adds that."""
    reply_start_s: float = 20.0
    """Maximum time to the agent's first characters; then the chat fails."""
    reply_stall_s: float = 20.0
    """Maximum gap in the agent's answer; then the chat fails."""
    synthesis_s: float = 20.0
    """Maximum time without audio from speech synthesis; then the rest of the sentence is left out."""
    tool_outputs_s: float = 120.0
    """Maximum time until the client submits its tools' outputs; then the chat fails."""
    stopped_sending_grace_ms: int = 700
    """A client that stops sending in the middle of an utterance counts as silent after the silence limit plus this."""
    voice_activity_s: float = 2.0
    """Push to talk: maximum wait for VAD's last result of a completed buffer."""
    longest_utterance_ms: int = 120_000
    """Maximum length of an utterance; it is ended there."""
    speech_start_ms: int = 96
    """Length of speech that starts a turn while the agent is silent."""
    barge_in_ms: int = 112
    """Length of speech that interrupts the agent."""
    ignore_echo: bool = True
    """Do not count the agent's own voice, sent back by a device without echo cancellation, as speech."""
    ignore_backchannels: bool = False
    """Backchannels ("mm-hm") do not interrupt the agent. Other speech then interrupts a few hundred ms later, once its
    transcript shows that it is no backchannel."""
    longest_backchannel_ms: int = 800
    """Speech longer than this is no backchannel, whatever its transcript."""
    interim_interval_ms: int = 320
    """New audio needed before the next interim transcript, at least: more in a long utterance, and under load."""
    turn_complete_probability: float = 0.5
    """semantic_vad: a turn whose probability of being complete is at least this is over."""
    turn_judgement_s: float = 0.3
    """semantic_vad: time-out of the end-of-turn judgement."""
    user_voice_s: float = 0.3
    """Time that a finished transcript waits at most for the speaker, the gender and the emotion."""
    unjudged_silence_ms: int = 800
    """semantic_vad: silence that ends a turn whose judgement is late, if an unfinished turn would wait longer."""
    speculation: bool = True
    """Prepare the reply at the first short pause, before the end of the turn is certain."""
    speculation_pause_ms: int = 64
    """Length of the pause at which the reply is prepared."""
    synthesis_ahead_ms: int = 20_000
    """Speech is synthesised at most this far ahead of playout."""

    def transcript_within_s(self, speech_s: float) -> float:
        """Time-out in s of the transcript of ``speech_s`` seconds of speech: the length of the speech plus
        ``transcription_s``, in which other speech may be recognised first."""
        return self.transcription_s + speech_s

    def judged_within_s(self, audio_s: float) -> float:
        """Time-out in s of VAD for ``audio_s`` seconds of audio that arrived at once."""
        return self.voice_activity_s + audio_s / 10
