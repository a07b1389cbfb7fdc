"""Carries out the effects of the conversation core, in the order given."""

from collections.abc import Callable

from kouyu.conversation.effects import (
    CancelJudgement,
    CancelReply,
    CancelSpeech,
    CancelTranscribe,
    CommitReply,
    Effect,
    EraseMessage,
    FlushPlayback,
    ForgetAudio,
    Hint,
    JudgeTurn,
    ReadAhead,
    SaveChat,
    SaveMessage,
    SaveSection,
    Send,
    Speak,
    StartReply,
    Transcribe,
    TrimMessage,
    UseInputFormat,
)
from kouyu.serving.recorder import Recorder
from kouyu.serving.sections import Sections
from kouyu.session.order_runner import OrderRunner
from kouyu.session.outbox import Outbox
from kouyu.session.user_audio import UserAudio


class EffectRunner:
    """Passes each effect to the part of the session that it concerns."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        recorder: Recorder,
        order_runner: OrderRunner,
        user_audio: UserAudio,
        sections: Sections,
        hint: Callable[[str], None],
    ) -> None:
        """``hint`` is called with each hint for the client's developer."""
        self._outbox = outbox
        self._recorder = recorder
        self._order_runner = order_runner
        self._user_audio = user_audio
        self._sections = sections
        self._hint = hint

    def carry_out(self, effects: list[Effect]) -> None:
        """Carry out the effects of one input. Does not wait for orders, saves and sends."""
        for effect in effects:
            match effect:
                case FlushPlayback():
                    self._outbox.drop_waiting_audio()
                    self._user_audio.flushed()
                case Hint(message):
                    self._hint(message)
                case Send(sounding=sounding):
                    if sounding is not None:
                        self._user_audio.sounding(sounding)
                    self._outbox.put(effect)
                case SaveMessage() | TrimMessage() | EraseMessage() | SaveChat() | SaveSection():
                    self._save(effect)
                case Transcribe() | JudgeTurn() | ReadAhead() | StartReply() | CommitReply() | Speak():
                    self._order_runner.carry_out(effect)
                case CancelTranscribe(order) | CancelJudgement(order) | CancelReply(order) | CancelSpeech(order):
                    self._order_runner.cancel(order)
                case ForgetAudio(before):
                    self._user_audio.timeline.forget(before)
                case UseInputFormat(input_audio):
                    self._user_audio.use_format(input_audio)

    def _save(self, effect: SaveMessage | TrimMessage | EraseMessage | SaveChat | SaveSection) -> None:
        self._recorder.save(effect)
        self._outbox.saved()
        if isinstance(effect, SaveSection):
            self._sections.begin(effect.conversation_id, effect.section_id)
