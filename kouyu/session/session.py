"""One session: reads what the client sends, feeds the conversation core, and has its effects carried out."""

import asyncio
import logging
from typing import Any

from kouyu.audio.pcm import Samples
from kouyu.conversation.inputs import ClientJoined, ClientLeft, Input, SectionBegan, TimePassed
from kouyu.diagnostics.live_session import LiveSession
from kouyu.protocol.wire import Wire
from kouyu.serving.caller import Caller
from kouyu.serving.recorder import LAST_SAVES_S, Recorder
from kouyu.serving.services import Services
from kouyu.serving.socket import Socket
from kouyu.session.deadline_timer import DeadlineTimer
from kouyu.session.effect_runner import EffectRunner
from kouyu.session.media_preparation import MediaPreparation
from kouyu.session.order_runner import OrderRunner
from kouyu.session.outbox import Outbox
from kouyu.session.reading import Reading
from kouyu.session.recorded_core import about_session, new_core
from kouyu.session.redialing import Redialing
from kouyu.session.references import References
from kouyu.session.sound_keeper import keeper_of
from kouyu.session.turn_voice import TurnVoice
from kouyu.session.user_audio import UserAudio

log = logging.getLogger(__name__)


class Session:
    """The state of one connection apart from its conversation."""

    def __init__(
        self,
        socket: Socket,
        *,
        wire: Wire[Any],
        services: Services,
        caller: Caller,
        bot_id: str,
        workflow_id: str,
        log_id: str,
        redials_as: str,
    ) -> None:
        self._socket = socket
        self._wire = wire
        self._services = services
        self._caller = caller
        self._store = services.store.of(caller.owner)
        self._agent = services.flows[workflow_id] if workflow_id else services.agents[bot_id]
        self._log_id = log_id
        self._loop_time = asyncio.get_running_loop().time
        self._started_at = self._loop_time()
        self.about = about_session(services, log_id=log_id, bot_id=bot_id, workflow_id=workflow_id)
        self.conversation, self._session_recorder = new_core(services, self.about, caller, self.clock)
        self._recorder = Recorder(self._store, bot_id=bot_id)
        self._outbox = Outbox(
            socket, self._recorder, wire=wire, report=self._receive, count_audio=caller.use.count_audio
        )
        self._user_audio = self._new_user_audio()
        failed = services.failures.noting(caller.owner, log_id=log_id, bot_id=bot_id)
        self._turn_times = services.turn_times(self._agent, failed)
        self._keeper = keeper_of(
            self._store.sounds, services.keep_audio, timeline=self._user_audio.timeline, recorder=self._recorder
        )
        self._order_runner: OrderRunner
        self._effect_runner: EffectRunner
        self._live: LiveSession
        self._deadline_timer = DeadlineTimer()
        self._sections_begun: list[SectionBegan] = []
        self.redialing = Redialing(
            services.redials,
            services.store.lost_connections,
            redials_as,
            socket=socket,
            conversation=self.conversation,
            clock=self.clock,
        )
        self._reading = self._new_reading()

    async def run(self, live: LiveSession) -> None:
        """Serve until the client disconnects. Raises any other cause of the end as an exception group."""
        self._live = live
        self._services.sections.watch(self._on_section)
        try:
            async with asyncio.TaskGroup() as tasks:
                self._order_runner = self._new_order_runner(tasks)
                self._effect_runner = EffectRunner(
                    outbox=self._outbox,
                    recorder=self._recorder,
                    order_runner=self._order_runner,
                    user_audio=self._user_audio,
                    sections=self._services.sections,
                    hint=self._hint,
                )
                self._receive(ClientJoined(self._wire.words))
                helpers = [
                    tasks.create_task(self._outbox.run(), name="outbox"),
                    tasks.create_task(self._user_audio.run(), name="hearing"),
                    tasks.create_task(self._keep_time(), name="time"),
                ]
                await self._reading.run()
                await self._hang_up()
                for helper in helpers:
                    helper.cancel()
                self._order_runner.cancel_all()
        finally:
            self._services.sections.unwatch(self._on_section)
            self._deadline_timer.cancel()
            self._order_runner.close()
            self._recorder.abandon()
            self._user_audio.close()
            if self._session_recorder is not None:
                self._session_recorder.close()
            if self._keeper is not None:
                self._keeper.close()

    def in_turn(self) -> bool:
        """Whether a turn is in progress."""
        return self.conversation.in_turn(self.clock())

    def _new_user_audio(self) -> UserAudio:
        return UserAudio(
            voice_activity=self._services.voice_activity,
            noise_suppressor=self._services.noise_suppressor,
            speaker_encoder=self._services.speaker_encoder,
            voiceprints=self._store.voiceprints,
            pressure=self._services.pressure,
            limits=self._services.limits,
            configuration=lambda: self.conversation.configuration,
            clock=self.clock,
            report=self._receive,
            heard=self._observe_sound,
            count_audio=self._caller.use.count_audio,
            record=self._session_recorder.heard if self._session_recorder is not None else None,
        )

    def _new_reading(self) -> Reading:
        references = References(
            self._store,
            wire=self._wire,
            conversation=self.conversation,
            recorder=self._recorder,
            user_audio=self._user_audio,
        )
        media = MediaPreparation(
            self._store.files,
            most_file_bytes=self._services.most_file_bytes,
            recordings=self._services.recordings,
            configuration=lambda: self.conversation.configuration,
            count_audio=self._caller.use.count_audio,
            keep_sound=self._keeper.wrote if self._keeper is not None else None,
        )
        return Reading(
            self._socket,
            wire=self._wire,
            user_audio=self._user_audio,
            references=references,
            media=media,
            recorder=self._recorder,
            redialing=self.redialing,
            receive=self._receive,
            answer=self._outbox.answer,
            configured=self._follow_configuration,
        )

    def _new_order_runner(self, tasks: asyncio.TaskGroup) -> OrderRunner:
        services = self._services
        return OrderRunner(
            store=self._store,
            agent=self._agent,
            caller=self._caller,
            recordings=services.recordings,
            transcriber=services.transcriber,
            turn_voice=TurnVoice(
                speaker_encoder=services.speaker_encoder,
                voiceprints=self._store.voiceprints,
                gender_recognizer=services.gender_recognizer,
                emotion_recognizer=services.emotion_recognizer,
                latest_s=services.limits.user_voice_s,
            ),
            turn_judge=services.turn_judge,
            synthesizer=services.synthesizer,
            timeline=self._user_audio.timeline,
            recorder=self._recorder,
            tasks=tasks,
            report=self._receive,
            echo_guard=self._user_audio.echo_guard,
        )

    def clock(self) -> float:
        """Seconds since the connection began."""
        return self._loop_time() - self._started_at

    # Input

    def _observe_sound(self, samples: Samples, end: int) -> None:
        if self._live.observer is not None:
            self._live.heard(samples, end)

    def _follow_configuration(self) -> None:
        self._user_audio.follow_target()
        self._services.watcher_hub.changed(self._live)

    # Through the core

    def _receive(self, received: Input) -> None:
        if (audio := self._user_audio.untold()) is not None:
            self._follow(*audio)
        now = self.clock()
        self._follow(received, now)
        self._arm(self._deadline(now))

    def _follow(self, received: Input, now: float) -> None:
        effects = self.conversation.receive(received, now)
        if self._session_recorder is not None:
            self._session_recorder.follow(received, effects, now)
        self._turn_times.follow(received, effects, now)
        if self._live.observer is not None:
            self._live.observe(received, effects, now)
        if self._keeper is not None:
            self._keeper.follow(received, effects)
        self._effect_runner.carry_out(effects)

    def _hint(self, message: str) -> None:
        log.warning("%s: %s", self._log_id, message)
        self._live.hint(message)

    # Time

    def _deadline(self, now: float) -> float | None:
        deadline = self.conversation.deadline(now)
        if self._live.observer is None:
            return deadline
        observed = self._live.deadline(now)
        return observed if deadline is None or (observed is not None and observed < deadline) else deadline

    def _arm(self, deadline: float | None) -> None:
        """Send TimePassed at the deadline. A timer that is due earlier is kept: it is armed again after it fires."""
        if deadline is None:
            return
        self._deadline_timer.set(self._started_at + deadline)

    async def _keep_time(self) -> None:
        while True:
            await self._deadline_timer.wait()
            begun, self._sections_begun = self._sections_begun, []
            for section in begun:
                self._receive(section)
            self._receive(TimePassed())

    def _on_section(self, conversation_id: str, section_id: str) -> None:
        """Take in a new section. Called on the task that began it; the session processes it on its own task."""
        if conversation_id == self.conversation.conversation_id:
            self._sections_begun.append(SectionBegan(conversation_id, section_id))
            self._deadline_timer.ring()

    async def _hang_up(self) -> None:
        """End the running chat as canceled and save it: the client disconnected."""
        self._receive(ClientLeft())
        if self._keeper is not None:
            await self._keeper.finish()
        try:
            async with asyncio.timeout(LAST_SAVES_S):
                await self._recorder.written(self._recorder.ticket)
        except TimeoutError:
            log.warning("%s: the last messages were not saved within %g s of the end", self._log_id, LAST_SAVES_S)
