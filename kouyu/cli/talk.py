"""`kouyu talk`: talk with a bot from the terminal, with a sound file, a text or the microphone."""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import numpy as np

from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.pcm import Samples, float_from_int16
from kouyu.audio.wav import read_listening_audio, write_wav
from kouyu.client.conversation_log import ConversationLog
from kouyu.client.sound_devices import DOWNLINK_RATE, Loudspeaker, NoSoundDevice, microphone
from kouyu.client.voice_client import UPLINK_RATE, Event, RefusedByServer, VoiceClient, open_client
from kouyu.store.location import data_dir

_ENDS: Final = ("conversation.chat.completed", "conversation.chat.failed", "error")
_PATIENCE_S: Final = 30.0


@dataclass(frozen=True)
class _Wish:
    """What the user wants to say, and how."""

    samples: Samples | None
    text: str | None
    push: bool
    voice_id: str | None


@click.command()
@click.argument("question", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--text", help="Type this instead of speaking.")
@click.option("--reply", type=click.Path(dir_okay=False, path_type=Path), help="Write the reply to this WAV file.")
@click.option("--push", is_flag=True, help="Push to talk: the question ends with the file, not with a silence.")
@click.option("--bot", "bot_id", help="The bot to talk with; the server's default bot if left out.")
@click.option("--voice", "voice_id", help="The voice to answer with.")
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="The server's address.")
@click.option("--token", help="The access token; that of a server on this machine if left out.")
@click.option("--data-dir", "folder", type=click.Path(path_type=Path), help="That server's data folder.")
def talk(
    question: Path | None,
    text: str | None,
    reply: Path | None,
    push: bool,
    bot_id: str | None,
    voice_id: str | None,
    url: str,
    token: str | None,
    folder: Path | None,
) -> None:
    """Talk with a bot of a running server.

    QUESTION is a sound file (WAV, or whatever FFmpeg reads). It is played to the server in real time, and the
    conversation is printed as it happens. Without a file and a text, the microphone and the loudspeaker are used;
    Ctrl-C ends the conversation.
    """
    try:
        samples = read_listening_audio(question) if question else None
    except UndecodableAudio as fault:
        raise click.ClickException(f"{question}: {fault}") from None
    wish = _Wish(samples, text, push, voice_id)
    secret = token or _local_token(folder)
    audio = bytearray()
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_talk(url, secret, bot_id, wish, audio))
    except (RefusedByServer, NoSoundDevice) as fault:
        raise click.ClickException(str(fault)) from None
    except OSError as fault:
        raise click.ClickException(f"no server answers at {url} ({fault}); start one with: kouyu serve") from None
    if reply is not None:
        write_wav(reply, float_from_int16(np.frombuffer(audio, "<i2")), DOWNLINK_RATE)
        click.echo(f"the reply's audio is in {reply}")


def _local_token(folder: Path | None) -> str:
    path = data_dir(folder) / "token"
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        raise click.ClickException(f"give the access token with --token: there is none at {path}") from None


async def _talk(url: str, token: str, bot_id: str | None, wish: _Wish, audio: bytearray) -> None:
    log = ConversationLog(asyncio.get_running_loop().time(), audio=audio)
    async with open_client(url, token, bot_id=bot_id) as client:
        output: dict[str, Any] = {"codec": "pcm", "pcm_config": {"sample_rate": DOWNLINK_RATE}}
        if wish.voice_id:
            output["voice_id"] = wish.voice_id
        configuration = {
            "input_audio": {"format": "pcm", "codec": "pcm", "sample_rate": UPLINK_RATE, "channel": 1, "bit_depth": 16},
            "output_audio": output,
            "turn_detection": {"type": "client_interrupt" if wish.push else "server_vad"},
        }
        await client.send("chat.update", configuration)
        if wish.text is None and wish.samples is None:
            await _with_microphone(client, log)
        else:
            await _with_question(client, log, wish)


async def _with_question(client: VoiceClient, log: ConversationLog, wish: _Wish) -> None:
    """Ask once, and listen until the answer is complete."""
    try:
        async with asyncio.timeout(_PATIENCE_S) as patience, asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(_ask(client, log, wish))
            async for event in client.events():
                patience.reschedule(event.at + _PATIENCE_S)
                _print(log, event)
                if event.type in _ENDS:
                    break
            asking.cancel()
    except TimeoutError:
        click.echo(f"nothing came for {_PATIENCE_S:g} s; was there speech in the file?", err=True)


async def _ask(client: VoiceClient, log: ConversationLog, wish: _Wish) -> None:
    if wish.text is not None:
        log.speech_ended_at = asyncio.get_running_loop().time()
        message = {"role": "user", "content_type": "text", "content": wish.text}
        await client.send("conversation.message.create", message)
    elif wish.samples is not None:
        log.speech_ended_at = await client.stream(wish.samples)
        if wish.push:
            await client.send("input_audio_buffer.complete")
        else:
            await client.stream_silence()


async def _with_microphone(client: VoiceClient, log: ConversationLog) -> None:
    loudspeaker = Loudspeaker()
    click.echo("speak; Ctrl-C ends the conversation")
    try:
        async with asyncio.TaskGroup() as tasks:
            sending: asyncio.Task[None] = tasks.create_task(_send_microphone(client))
            async for event in client.events():
                _print(log, event)
                match event.type:
                    case "conversation.audio.delta":
                        loudspeaker.play(event.audio)
                    case "input_audio_buffer.speech_started" | "conversation.chat.canceled":
                        loudspeaker.silence()
            sending.cancel()
    except* NoSoundDevice as faults:
        raise faults.exceptions[0] from None
    finally:
        loudspeaker.close()


async def _send_microphone(client: VoiceClient) -> None:
    async with contextlib.aclosing(microphone()) as frames:
        async for frame in frames:
            await client.send_audio(frame)


def _print(log: ConversationLog, event: Event) -> None:
    if (line := log.line(event)) is not None:
        click.echo(line)
