#!/bin/sh
# cozepy 0.20.0, CPython 3.11: a method of an event handler is called for the event type that its parameter is annotated
# with; its name plays no part.
#
# Expected: a subclass of WebsocketsAudioSpeechEventHandler that overrides on_speech_audio_completed is called when
# speech.audio.completed comes, as it is when Python overrides a method.
# Seen: it is only if the override repeats the annotation of the base class. Without one, or with Any, the event reaches
# nobody, and neither an error nor a line in the log says so: a client that waits for it in its handler waits for ever.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check cozepy==0.20.0
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from cozepy import SpeechAudioCompletedEvent, WebsocketsAudioSpeechEventHandler, WebsocketsEventType


class Annotated(WebsocketsAudioSpeechEventHandler):
    def on_speech_audio_completed(self, cli, event: SpeechAudioCompletedEvent):
        pass


class Bare(WebsocketsAudioSpeechEventHandler):
    def on_speech_audio_completed(self, cli, event):
        pass


def is_bound(handler):
    return WebsocketsEventType.SPEECH_AUDIO_COMPLETED in handler().to_dict()


print("annotated:", is_bound(Annotated), " bare:", is_bound(Bare))
assert is_bound(Annotated) and not is_bound(Bare), "the behaviour has changed"
PYTHON
