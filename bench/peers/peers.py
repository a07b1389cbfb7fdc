"""Everything that can be compared, by name; and what cannot, with the reason."""

from collections.abc import Mapping
from typing import Final

from bench.peers.kouyu_side import Kouyu
from bench.peers.livekit_side import LiveKit
from bench.peers.peer import Peer
from bench.peers.pipecat_side import Pipecat
from bench.peers.speech_to_speech_side import SpeechToSpeech

PEERS: Final[Mapping[str, Peer]] = {
    "kouyu": Kouyu("coze"),
    "kouyu-openai": Kouyu("openai"),
    "pipecat": Pipecat("silence"),
    "pipecat-smart": Pipecat("smart"),
    "livekit": LiveKit("silence"),
    "livekit-detector": LiveKit("detector"),
    "speech-to-speech": SpeechToSpeech("silence"),
    "speech-to-speech-smart": SpeechToSpeech("smart"),
}
