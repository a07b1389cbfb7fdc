"""Runs hibari's network in parts, so that the first audio comes before the last, and at an exact length.

The published network goes from phonemes to the spectrum of each frame in one run. Here it is cut in three: phonemes to
their features and durations; features of the frames to pitch; features and pitch to spectrum. In between, the frames
are repeated where the speech is to be slower, so that its length is exact and its pitch stays. The last step takes most
of the time and depends on neighbouring frames alone, so it runs in parts. The silence before the speech is left out.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.tts.hibari_package import HOW_TO_GET, asset
from kouyu.engines.tts.model_session import ModelSession
from kouyu.engines.tts.onnx_parts import cut_out
from kouyu.model_files.onnx_messages import BadModel

FRAME: Final = 300
"""Samples of a frame: 12.5 ms."""

SURROUNDINGS: Final = 8
"""Frames on each side that a frame's spectrum depends on: more changes less than the rounding of the weights does."""

FIRST_FRAMES: Final = 32
"""0.4 s."""

GROWTH: Final = 2.0
MOST_FRAMES: Final = 240
"""3 s: more urgent work runs after each part."""

LEVEL: Final = np.float32(1.9)
"""Brings the voice to about -20 dB RMS: the network's is 6 dB quieter than other voices'."""

FASTEST: Final = 1.0
"""Speed from which on the speech is to be compressed in time instead. Most phonemes have one frame or two, which the
network itself cannot shorten: at double speed a recogniser misheard 73 of 360 words instead of 20."""

_BEFORE_SPEECH: Final = 6
"""Frames before the first phoneme from which on there is sound: speech was never earlier than 1 frame before."""

_FEATURES: Final = ("/Transpose_22_output_0", "/Transpose_55_output_0")
"""(1, channels, phonemes): for the spectrum, and for the pitch."""

_DURATIONS: Final = "/Sub_output_0"
"""Frames of each phoneme, not rounded."""

_FRAMES: Final = ("/Gather_32_output_0", "/Gather_33_output_0")
"""(1, channels, frames): both features of each frame, that is of its phoneme."""

_PITCH: Final = "f0"
"""(1, frames), in Hz; under 40 without voice."""

_VOICED: Final = "/Concat_43_output_0"
"""(1, channels, frames): the features of each frame with its pitch and energy."""

_SPECTRUM: Final = ("lh", "theta", "ln", "lr", "phi")
"""(1, 601, frames) each: level and phase of the harmonics, level of the noise, level and phase of the rest."""

_WINDOW_FRAMES: Final = 4
"""Length of the window of a spectrum, whose middle is the beginning of its frame."""

_HELD_FRAMES: Final = _WINDOW_FRAMES - 1
"""Spectra that reach into the next part."""

_SPECTRA_BEHIND: Final = 2
"""Later spectra that a frame's samples depend on."""


class HibariModel:
    """The loaded network, on one thread. Its methods block.

    Raises EngineUnavailable when hibari-tts is missing, or is another release than this module knows.
    """

    def __init__(self) -> None:
        try:
            model = asset("hibari.onnx")
            parts = (
                cut_out(model, (), (*_FEATURES, _DURATIONS)),
                cut_out(model, _FRAMES, (_VOICED, _PITCH)),
                cut_out(model, (_VOICED,), _SPECTRUM),
            )
        except BadModel as error:
            raise EngineUnavailable(f"the model of hibari-tts cannot be used ({error}); try: {HOW_TO_GET}") from error
        self._phonemes, self._pitch, self._spectrum = (
            ModelSession(part, threads=1, weight_set="hibari-tts") for part in parts
        )

    def speak(self, phonemes: Sequence[int], *, speed: float, whole: bool = False) -> Iterator[NDArray[np.float32]]:
        """Yield the samples of a sentence in consecutive parts, the first a short one; with ``whole`` in one.

        ``phonemes``: ids. ``speed``: up to FASTEST. The same arguments give the same samples. Raises EngineError.
        """
        *features, exact = self._phonemes.run_all({"ids": np.array([[0, *phonemes, 0]], np.int64)})
        durations = whole_frames(exact.reshape(-1))
        frames = [np.repeat(feature, durations, axis=2) for feature in features]
        voiced, pitch = self._pitch.run_all(dict(zip(_FRAMES, frames, strict=True)))
        count = round(len(pitch.reshape(-1)) / speed)
        # Longer phonemes would get another pitch, a sixth lower at half speed.
        slower = np.minimum((np.arange(count) * speed).astype(np.int64), voiced.shape[2] - 1)
        voiced = voiced[:, :, slower]
        source = _Source(pitch.reshape(-1)[slower])

        def spectra(begin: int, end: int) -> NDArray[np.complex64]:
            left, right = max(0, begin - SURROUNDINGS), min(count, end + SURROUNDINGS)
            values = self._spectrum.run_all({_VOICED: voiced[:, :, left:right]})
            return source.shaped([value[0, :, begin - left : end - left] for value in values], begin)

        begin = max(0, round((int(durations[0]) - _BEFORE_SPEECH) / speed))
        return _in_parts(spectra, begin, count, size=count if whole else FIRST_FRAMES)


class _Source:
    """The hum of a sentence at its pitch, and noise: what the spectra shape."""

    def __init__(self, pitch: NDArray[np.float32]) -> None:
        from hibari import dsp

        self._dsp = dsp
        hum = np.pad(dsp.pulses(pitch), _WINDOW_FRAMES // 2 * FRAME, mode="reflect")
        self._windows = np.lib.stride_tricks.sliding_window_view(hum, _WINDOW_FRAMES * FRAME)[::FRAME]
        self._noise = np.random.default_rng(0)

    def shaped(self, values: Sequence[NDArray[np.float32]], begin: int) -> NDArray[np.complex64]:
        """The spectra (601, frames) of consecutive frames from ``begin`` on. ``values`` are those of _SPECTRUM."""
        level, phase, noise_level, rest_level, rest_phase = values
        frames = level.shape[1]
        hum = self._dsp.rfft(self._windows[begin : begin + frames] * self._dsp.WIN_SRC, 1).T
        noise = self._noise.standard_normal((len(level), 2 * frames), dtype=np.float32).view(np.complex64)
        spectra = hum * _polar(self._dsp.ex(level), np.float32(np.pi) * np.tanh(phase))
        spectra += noise * self._dsp.ex(noise_level)
        spectra += _polar(self._dsp.ex(rest_level), rest_phase)
        return np.asarray(spectra, np.complex64)


def whole_frames(durations: NDArray[np.float32]) -> NDArray[np.int64]:
    """Round durations where each phoneme ends, so that their sum stays; each has one frame at least."""
    ends = np.round(np.cumsum(np.maximum(1.0, durations.astype(np.float64))))
    return np.diff(ends, prepend=0).astype(np.int64)


def _in_parts(
    spectra: Callable[[int, int], NDArray[np.complex64]], begin: int, count: int, *, size: int
) -> Iterator[NDArray[np.float32]]:
    """The samples of the frames from ``begin`` to ``count``, in parts that grow from ``size`` frames on."""
    from hibari import dsp

    held = np.zeros((_WINDOW_FRAMES * FRAME // 2 + 1, 0), np.complex64)
    while begin < count:
        # A short last part would need its surrounding frames once more.
        end = count if count - begin < size + FIRST_FRAMES // 2 else begin + size
        known = np.concatenate((held, spectra(begin, end)), axis=1)
        frames = slice(1 if held.size else 0, known.shape[1] - (0 if end == count else _SPECTRA_BEHIND))
        yield dsp.ola(known)[frames.start * FRAME : frames.stop * FRAME] * LEVEL
        held = known[:, -_HELD_FRAMES:]
        begin, size = end, min(int(size * GROWTH), MOST_FRAMES)


def _polar(radius: NDArray[np.float32], angle: NDArray[np.float32]) -> NDArray[np.complex64]:
    made = np.empty(radius.shape, np.complex64)
    np.cos(angle, out=made.real)
    np.sin(angle, out=made.imag)
    made *= radius
    return made
