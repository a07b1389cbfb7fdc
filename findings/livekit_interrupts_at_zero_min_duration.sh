#!/bin/sh
# LiveKit Agents with `min_duration` 0, "minimum speech length (s) to register as an interruption", and a silent user.
#
# Expected: 0 interrupts as soon as there is speech; a user who says nothing interrupts nothing.
# Seen with livekit-agents 1.8.9 and its own voice activity detection: digital silence interrupts. Each result of voice
# activity is compared with `speech_duration >= min_duration`, and the duration of no speech is 0. So the agent is cut off
# as soon as it speaks. With 0.05 it says all of it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "livekit-agents==1.8.9"
cat >"$folder/silence.py" <<'PYTHON'
import asyncio
import time

from livekit import rtc
from livekit.agents import Agent, AgentSession, inference, tts
from livekit.agents.voice import io

RATE, SECONDS = 24000, 2


class Silence(io.AudioInput):
    def __init__(self):
        super().__init__(label="silence")

    async def __anext__(self):
        await asyncio.sleep(0.02)
        return rtc.AudioFrame(bytes(640), 16000, 1, 320)


class Loudspeaker(io.AudioOutput):
    def __init__(self):
        super().__init__(label="loudspeaker", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=RATE)
        self.seconds, self.playing = 0.0, None

    async def capture_frame(self, frame):
        await super().capture_frame(frame)
        if not self.seconds:
            self.on_playback_started(created_at=time.time())
        self.seconds += frame.duration

    def flush(self):
        super().flush()
        if self.seconds and self.playing is None:
            self.playing = asyncio.create_task(self.play())

    def clear_buffer(self):
        if self.seconds:
            if self.playing is not None:
                self.playing.cancel()
            self.end(interrupted=True)

    async def play(self):
        await asyncio.sleep(self.seconds)
        self.end(interrupted=False)

    def end(self, interrupted):
        played, self.seconds, self.playing = self.seconds, 0.0, None
        self.on_playback_finished(playback_position=played, interrupted=interrupted)


class Hum(tts.TTS):
    def __init__(self):
        super().__init__(capabilities=tts.TTSCapabilities(streaming=False), sample_rate=RATE, num_channels=1)

    def synthesize(self, text, *, conn_options):
        return Piece(tts=self, input_text=text, conn_options=conn_options)


class Piece(tts.ChunkedStream):
    async def _run(self, output_emitter):
        output_emitter.initialize(request_id="1", sample_rate=RATE, num_channels=1, mime_type="audio/pcm")
        output_emitter.push(b"\x00\x10" * (RATE * SECONDS))
        output_emitter.flush()


async def interrupted(min_duration):
    session = AgentSession(
        tts=Hum(),
        vad=inference.VAD(),
        aec_warmup_duration=None,
        turn_handling={"turn_detection": "vad", "interruption": {"mode": "vad", "min_duration": min_duration}},
    )
    session.input.audio, session.output.audio = Silence(), Loudspeaker()
    await session.start(Agent(instructions=""), record=False)
    try:
        speech = session.say("Hello.")
        await speech
        return speech.interrupted
    finally:
        await session.aclose()


async def main():
    found = {seconds: await interrupted(seconds) for seconds in (0.0, 0.05)}
    print("interrupted by silence, by min_duration:", found)
    assert found == {0.0: True, 0.05: False}, found


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" "$folder/silence.py"
