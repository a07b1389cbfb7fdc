"""`kouyu talk`: talk with a bot from the terminal, with a sound file, a text or the microphone."""

import asyncio
import contextlib
import sys
from pathlib import Path
from ssl import SSLCertVerificationError
from typing import Any, Final

import click
import msgspec
from websockets.exceptions import ConnectionClosed

from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.wav_of_pcm import wav_of_pcm
from kouyu.cli.local_server import address_of, data_dir_option, data_folder, token_of
from kouyu.cli.output_file import OutputFile
from kouyu.cli.saying import say
from kouyu.client.conversation_log import ConversationLog
from kouyu.client.sound_devices import DOWNLINK_RATE, Loudspeaker, NoSoundDevice, microphone
from kouyu.client.uplink_audio import SPEECH, UplinkAudio, read_uplink_audio
from kouyu.client.voice_client import Event, RefusedByServer, VoiceClient, open_client
from kouyu.client.voices import voice_ids
from kouyu.text.similar_names import nearest

_TOOL_CALLED: Final = "conversation.chat.requires_action"
_ENDS: Final = ("conversation.chat.completed", "conversation.chat.failed", "error", _TOOL_CALLED)
_PATIENCE_S: Final = 30.0
_LAST_WORDS_S: Final = 2.0
"""Time in seconds to wait for the close that follows an ``error`` event."""


class _Place(msgspec.Struct, frozen=True):
    """The server's URL, access token and certificate authority."""

    url: str
    token: str
    authority: Path | None
    """The local authority of a server on this machine, which the system does not trust."""


class _Wish(msgspec.Struct, frozen=True):
    """The user's question, and the options for asking it."""

    speech: UplinkAudio | None
    text: str | None
    push: bool
    bot_id: str | None
    workflow_id: str | None
    voice_id: str | None


@click.command()
@click.argument("question", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--text", help="Send this text instead of speech.")
@click.option("--reply", type=OutputFile(), help="Write the reply to this WAV file.")
@click.option("--push", is_flag=True, help="Push to talk: the question ends with the file, not with a silence.")
@click.option("--bot", "bot_id", help="The bot to talk with. [default: the server's default bot]")
@click.option("--flow", "workflow_id", help="The flow to talk with, by the id in the server's settings.")
@click.option("--voice", "voice_id", help="The voice to answer with.")
@click.option("--url", help="The server's URL. [default: that of the last server on this machine]")
@click.option("--token", help="The access token. [default: that of the server on this machine]")
@data_dir_option
def talk(
    question: Path | None,
    text: str | None,
    reply: Path | None,
    push: bool,
    bot_id: str | None,
    workflow_id: str | None,
    voice_id: str | None,
    url: str,
    token: str | None,
    data_dir: Path | None,
) -> None:
    """Talk with a bot of a running server.

    QUESTION is an audio file (WAV, or any format that FFmpeg reads). It is played to the server in real time, and the
    conversation is printed as it happens. Without a file or a text, the microphone and the loudspeaker are used; Ctrl-C
    ends the conversation.
    """
    wish = _Wish(_speech(question), text, push, bot_id, workflow_id, voice_id)
    if question is not None and text is not None:
        raise click.UsageError("a sound file and --text are two questions: give one of them")
    if text is not None and not text.strip():
        raise click.BadParameter("there is nothing to say", param_hint="--text")
    folder = data_folder(data_dir)
    place = _Place(url or address_of(folder).http, token or token_of(folder), _authority(folder))
    audio = bytearray()
    answered = True
    try:
        with contextlib.suppress(KeyboardInterrupt):
            answered = asyncio.run(_talk(place, wish, audio))
    except (RefusedByServer, NoSoundDevice) as fault:
        raise click.ClickException(str(fault)) from None
    except SSLCertVerificationError as fault:
        raise click.ClickException(
            f"the certificate of {place.url} is not trusted here ({fault.verify_message}); "
            "give its authority with: export SSL_CERT_FILE=…/tls/ca-bundle.pem"
        ) from None
    except OSError as fault:
        raise click.ClickException(f"no server answers at {place.url} ({fault}); start one with: kouyu serve") from None
    if reply is not None:
        reply.write_bytes(wav_of_pcm(bytes(audio), DOWNLINK_RATE))
        say(f"the reply's audio is in {reply}")
    if not answered:
        sys.exit(1)


def _speech(question: Path | None) -> UplinkAudio | None:
    try:
        return read_uplink_audio(question) if question else None
    except UndecodableAudio as fault:
        raise click.ClickException(f"{question}: {fault}") from None


def _authority(folder: Path) -> Path | None:
    file = folder / "tls" / "ca.pem"
    return file if file.is_file() else None


async def _talk(place: _Place, wish: _Wish, audio: bytearray) -> bool:
    """Run the conversation, and append the reply's audio to ``audio``. Returns False if there was no answer."""
    log = ConversationLog(asyncio.get_running_loop().time(), audio=audio)
    async with open_client(
        place.url, place.token, bot_id=wish.bot_id, workflow_id=wish.workflow_id, authority=place.authority
    ) as client:
        try:
            await client.send("chat.update", _configuration(wish))
            if wish.voice_id:
                await _require_voice(client, place, wish.voice_id)
            if wish.text is None and wish.speech is None:
                await _with_microphone(client, log)
                answered = True
            else:
                answered = await _with_question(client, log, wish)
                if not answered:
                    await _last_words(client)
        except ConnectionClosed:
            answered = False
        if client.closed:
            raise RefusedByServer(f"the server ended the connection: {client.close_reason or 'no reason given'}")
        return answered


async def _require_voice(client: VoiceClient, place: _Place, wanted: str) -> None:
    """Wait until the server says which voice it took. Raises RefusedByServer if that is another one."""
    async with contextlib.aclosing(client.events()) as events:
        async for event in events:
            if event.type == "error":
                raise RefusedByServer(event.data["msg"])
            if event.type == "chat.updated":
                break
        else:
            return
    if event.data["output_audio"].get("voice_id") != wanted:
        known = await voice_ids(place.url, place.token, place.authority)
        raise RefusedByServer(
            f"there is no voice {wanted!r}" + (f"; there are: {nearest(wanted, known)}" if known else "")
        )


def _configuration(wish: _Wish) -> dict[str, Any]:
    output: dict[str, Any] = {"codec": "pcm", "pcm_config": {"sample_rate": DOWNLINK_RATE}}
    if wish.voice_id:
        output["voice_id"] = wish.voice_id
    return {
        "input_audio": (wish.speech.format if wish.speech else SPEECH).configuration,
        "output_audio": output,
        "turn_detection": {"type": "client_interrupt" if wish.push else "server_vad"},
    }


async def _with_question(client: VoiceClient, log: ConversationLog, wish: _Wish) -> bool:
    """Ask one question, and wait for the answer. Returns False if there is none."""
    answered = False
    try:
        async with asyncio.timeout(_PATIENCE_S) as patience, asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(_ask(client, log, wish))
            async for event in client.events():
                patience.reschedule(event.at + _PATIENCE_S)
                _print(log, event)
                if event.type in _ENDS:
                    answered = event.type == "conversation.chat.completed"
                    if event.type == _TOOL_CALLED:
                        say("the bot waits for a tool that the client runs, and kouyu talk runs none", err=True)
                    break
            asking.cancel()
    except TimeoutError:
        say(f"nothing came for {_PATIENCE_S:g} s; was there speech in the file?", err=True)
    return answered


async def _last_words(client: VoiceClient) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LAST_WORDS_S):
            await client.ended()


async def _ask(client: VoiceClient, log: ConversationLog, wish: _Wish) -> None:
    with contextlib.suppress(ConnectionClosed):
        await _say(client, log, wish)


async def _say(client: VoiceClient, log: ConversationLog, wish: _Wish) -> None:
    if wish.text is not None:
        log.speech_ended_at = asyncio.get_running_loop().time()
        message = {"role": "user", "content_type": "text", "content": wish.text}
        await client.send("conversation.message.create", message)
    elif wish.speech is not None:
        log.speech_ended_at = await client.stream(wish.speech.pcm, audio_format=wish.speech.format)
        if wish.push:
            await client.send("input_audio_buffer.complete")
        else:
            await client.stream_silence(wish.speech.format)


async def _with_microphone(client: VoiceClient, log: ConversationLog) -> None:
    loudspeaker = Loudspeaker()
    say("speak; Ctrl-C ends the conversation")
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
    with contextlib.suppress(ConnectionClosed):
        async with contextlib.aclosing(microphone()) as frames:
            async for frame in frames:
                await client.send_audio(frame)


def _print(log: ConversationLog, event: Event) -> None:
    if (line := log.line(event)) is not None:
        say(line)
