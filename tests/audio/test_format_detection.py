"""Against real encoded audio of every kind, and against what must not be taken for it."""

from pathlib import Path

import numpy as np
import pytest

import kouyu.bench.questions
from kouyu.audio.downlink_encoding import open_encoder
from kouyu.audio.format_detection import LONGEST_START, FormatWatch, file_kind, looks_like_pcm
from kouyu.audio.g711 import encode_alaw
from kouyu.audio.pcm import int16_from_float
from kouyu.audio.wav import read_listening_audio
from kouyu.domain.configuration import InputAudio, OpusConfig, OutputAudio
from tests.audio.encoded_files import FILES, encoded_file
from tests.audio.signals import cut, packed, speech_like

KINDS = {"aac": "AAC", "flac": "FLAC", "m4a": "M4A", "mp3": "MP3", "ogg": "Ogg with Opus", "wav": "WAV", "webm": "WebM"}


@pytest.mark.parametrize("kind", sorted(FILES))
def test_a_file_is_known_by_its_first_bytes(kind: str) -> None:
    assert file_kind(FILES[kind][:LONGEST_START]) == KINDS[kind]


@pytest.mark.parametrize("rate", [8_000, 12_000, 16_000, 22_050, 32_000, 44_100, 48_000])
def test_mp3_without_a_tag_is_known_by_two_frames(rate: int) -> None:
    tagged = encoded_file("mp3", speech_like(1, rate), rate)
    frames = tagged[tagged.index(b"\xff") :]
    assert file_kind(frames[:LONGEST_START]) == "MP3"
    assert file_kind(frames[:100]) == ""


def test_ogg_says_what_it_holds() -> None:
    assert file_kind(encoded_file("ogg", speech_like(0.2, 48_000), 48_000, codec="flac")) == "Ogg with FLAC"
    assert file_kind(FILES["ogg"][FILES["ogg"].rindex(b"OggS") :]) == "Ogg"


def test_samples_are_no_file() -> None:
    drawn = np.random.default_rng(0)
    for sound in (speech_like(1, 16_000), drawn.normal(0, 0.0002, 50_000), drawn.uniform(-1, 1, 50_000)):
        for depth in (8, 16, 24):
            data = packed(np.asarray(sound, np.float32), depth)
            for start in range(0, 40_000, 7):
                assert file_kind(data[start : start + 600]) == ""
    assert file_kind(b"") == file_kind(b"\xff") == file_kind(bytes(4_000)) == file_kind(b"\xff" * 4_000) == ""


def opus_packets(bitrate: int = 24_000, *, cbr: bool = False) -> list[bytes]:
    """Speech in packets of 20 ms, behind a pause."""
    config = OpusConfig(sample_rate=16_000, frame_size_ms=20, bitrate=bitrate, use_cbr=cbr)
    encoder = open_encoder(OutputAudio(codec="opus", opus_config=config))
    return [packet.data for packet in encoder.encode(SPEECH, 16_000) + encoder.flush()]


def seen(announced: InputAudio, pieces: list[bytes]) -> str:
    watch = FormatWatch(announced)
    return next((kind for piece in pieces if (kind := watch.other_than_announced(piece))), "")


QUESTION = read_listening_audio(Path(kouyu.bench.questions.__file__).parent / "en-story.wav")
SPEECH = np.concatenate((np.zeros(16_000, np.float32), QUESTION))
PCM = InputAudio(format="pcm")
OPUS = InputAudio(format="pcm", codec="opus")
OGG = InputAudio(format="ogg")
G711 = InputAudio(format="pcm", codec="g711a", sample_rate=8_000)
OPUS_KINDS = [(16_000, False), (16_000, True), (24_000, False), (64_000, False), (64_000, True)]


@pytest.mark.parametrize("announced", [PCM, InputAudio(), G711, OPUS])
@pytest.mark.parametrize("kind", sorted(FILES))
def test_files_are_seen_where_something_else_is_announced(kind: str, announced: InputAudio) -> None:
    welcome = kind == "wav" and announced is not OPUS  # its header says what it is
    for size in (100, 1_000, 100_000):
        assert seen(announced, cut(FILES[kind], [size])) == ("" if welcome else KINDS[kind])


@pytest.mark.parametrize("kind", sorted(FILES))
def test_where_ogg_is_announced_other_files_are_seen(kind: str) -> None:
    assert seen(OGG, cut(FILES[kind], [1_000])) == ("" if kind == "ogg" else KINDS[kind])


@pytest.mark.parametrize("announced", [PCM, InputAudio(), G711])
@pytest.mark.parametrize(("bitrate", "cbr"), OPUS_KINDS)
def test_opus_packets_are_seen_where_samples_are_announced(bitrate: int, cbr: bool, announced: InputAudio) -> None:
    assert seen(announced, opus_packets(bitrate, cbr=cbr)) == "Opus packets"


@pytest.mark.parametrize(("bitrate", "cbr"), OPUS_KINDS[:-2])
@pytest.mark.parametrize("count", [3, 5])
def test_several_opus_packets_in_a_piece_are_seen(count: int, bitrate: int, cbr: bool) -> None:
    packets = opus_packets(bitrate, cbr=cbr)
    pieces = [b"".join(packets[at : at + count]) for at in range(0, len(packets), count)]
    assert seen(OPUS, pieces) == "several Opus packets in one append"


@pytest.mark.parametrize(("bitrate", "cbr"), OPUS_KINDS)
def test_opus_packets_are_what_they_are(bitrate: int, cbr: bool) -> None:
    packets = opus_packets(bitrate, cbr=cbr)
    assert seen(OPUS, packets) == ""
    unpadded = [packet for packet in packets if not packet.endswith(bytes(4))]
    assert not any(map(looks_like_pcm, unpadded))
    assert len(unpadded) > len(packets) / 3


@pytest.mark.parametrize("size", [20, 160, 640, 1_024, 4_096])
def test_samples_are_what_they_are(size: int) -> None:
    drawn = np.random.default_rng(0)
    for sound in (SPEECH, drawn.normal(0, 0.0002, 100_000), drawn.uniform(-1, 1, 100_000)):
        samples = np.asarray(sound, np.float32)
        for depth in (8, 16, 24):
            announced = InputAudio(format="pcm", bit_depth=depth)
            assert seen(announced, cut(packed(samples, depth), [size])) == ""
        assert seen(G711, cut(encode_alaw(int16_from_float(samples)), [size])) == ""
    tone = 0.7 * np.sin(np.arange(160_000) * 2 * np.pi / 16)
    for sound in (tone, np.tile(speech_like(0.02, 16_000), 100), np.tile(drawn.uniform(-1, 1, 320), 100)):
        for depth in (8, 16, 24):
            data = packed(np.asarray(sound, np.float32), depth)
            assert seen(InputAudio(format="pcm", bit_depth=depth), cut(data, [40 * depth])) == ""
    speech = packed(SPEECH, 16)
    assert all(map(looks_like_pcm, cut(speech[: len(speech) // size * size], [max(size, 64)])[:-1]))
