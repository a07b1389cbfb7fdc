"""The waveform of a session record, for the page."""

from collections.abc import Callable, Sequence

import numpy as np

from kouyu.audio.pcm import Samples
from kouyu.diagnostics.audio_clock import AudioClock
from kouyu.diagnostics.facts.record import AnyFact
from kouyu.diagnostics.waveform_track import WaveformTrack
from kouyu.recording.audio_coding import decoded
from kouyu.recording.frames import SILENCE, Audio
from kouyu.recording.timeline import Hear, OpenWaveform


def whole_audio(pieces: Sequence[Audio]) -> Samples:
    """The user's audio from the connection's start on; where none was recorded it is silent. Raises RecordError."""
    whole: Samples = np.zeros(max((piece.start + piece.count for piece in pieces), default=0), np.float32)
    for piece in pieces:
        if piece.coding == SILENCE:
            continue  # pages that are not written take no memory
        whole[piece.start : piece.start + piece.count] = decoded(piece)
    return whole


def waveform_of(pieces: Sequence[Audio]) -> OpenWaveform:
    """Makes the facts about a record's audio. Raises RecordError."""
    audio = whole_audio(pieces)

    def open_waveform(clock: AudioClock, say: Callable[[AnyFact], None]) -> Hear:
        track = WaveformTrack(clock, say)
        return lambda start, end, now: track.heard(audio[start:end], end, now)

    return open_waveform
