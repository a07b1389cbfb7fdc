"""Decodes one window of audio with Whisper, again with a longer window if the result is doubtful. Blocking.

Whisper was trained on windows of 30 s, which cost most of a second on a small machine whatever they hold. It accepts
shorter ones, but then tends to repeat the text. Measured with ``base`` on 34 English utterances, half of them under
1.5 s: word error rate and looped results, without and with predicted timestamps:

    audio + 1 s of silence        0.25, 9     0.04, 1
    the same, 5 s at least        0.08, 4     0.03, 0
    the same, 8 s at least        0.02, 0     0.03, 0
    30 s                                      0.02, 0

(Measured with digital silence as padding; now a microphone's audio is padded with noise, see noise_padding.py.)
So timestamps are requested, although only the check that a segment lies within the audio uses them, and windows are 5 s
at least. For expected words see bias.py.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.asr import hallucination as doubt
from kouyu.engines.asr import mandarin
from kouyu.engines.asr.bias import Bias, with_expected_words
from kouyu.engines.asr.features import log_mel
from kouyu.engines.asr.noise_padding import with_pause
from kouyu.engines.asr.task import Heard, Task, WhisperOptions
from kouyu.engines.asr.vocabulary import PROMPT_TOKENS, Vocabulary
from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.engines.scheduler import CancelToken

FULL_WINDOW: Final = 30.0
"""Seconds."""

WINDOWS: Final = ((1.0, 5.0), (4.0, 12.0), (FULL_WINDOW, FULL_WINDOW))
"""For each attempt, the seconds of silence after the audio and the least length of the whole."""

LONGEST_ANSWER: Final = 448
"""Tokens of the model's text window, prompt included."""

TAIL: Final = 0.1
"""A segment that begins in the last seconds of the audio given here is a hallucination."""

TOKENS_PER_SECOND: Final = 12
TOKENS_SPARE: Final = 16
"""Tokens allowed on top of the fastest speech; a longer result is a loop."""

MODELS_OWN: Final = [-1]
"""Means the tokens that the model's own configuration suppresses."""

SAME_NGRAM: Final = 5
"""No sequence of this many tokens may repeat."""


LEAST_PROBABILITY: Final = 1e-9
"""Floor of a token's probability."""

LANGUAGE_IN_DOUBT: Final = 0.8
"""A language detected with a lower probability may be wrong: of 127 prompts by a native speaker of English, 2 were
taken for Mandarin, with 0.55. The speech is then decoded in the next likely language as well."""

SURE_OF_LANGUAGE: Final = 0.95
SURE_FROM_S: Final = 1.2
"""A language detected so confidently in this much audio (seconds) is not detected again. In 37 English utterances by
six voices and four Mandarin ones, cut off after 0.6 to 2 s, it never differed from that of the whole."""


class _Answer(msgspec.Struct, frozen=True):
    text: str
    score: float
    no_speech: float
    complete: bool


class Begun(msgspec.Struct, frozen=True):
    """The first decoding of a window."""

    encoded: Any
    guess: "_Guess | None"
    """None for a language that was told."""
    answer: _Answer


class _Guess(msgspec.Struct, frozen=True):
    """The most probable of the configured languages, its probability among them, and the next one."""

    language: str
    probability: float
    next_language: str


class Whisper:
    """A loaded model. ``weights`` is the folder of a weight set such as ``whisper-base``.

    Raises EngineUnavailable when it cannot be loaded. Its methods may be called on several threads at once.
    """

    def __init__(self, weights: Path, options: WhisperOptions) -> None:
        import ctranslate2

        self._vocabulary = Vocabulary(weights / "tokenizer.json")
        try:
            self._model = ctranslate2.models.Whisper(
                str(weights),
                device=options.device,
                compute_type=options.compute_type,
                intra_threads=options.threads,
                inter_threads=options.replicas,
            )
        except (RuntimeError, ValueError) as error:
            raise EngineUnavailable(
                f"the speech recognition model in {weights} cannot be loaded ({error}); "
                f"try: kouyu models fetch {weights.name}"
            ) from error
        self._storage = ctranslate2.StorageView
        self._float32 = ctranslate2.DataType.float32
        self._languages = [code for code in options.languages if self._vocabulary.knows(code)] or ["en"]

    def knows(self, language: str) -> bool:
        """Whether the model supports ``language`` (ISO 639-1)."""
        return self._vocabulary.knows(language)

    def listen(
        self, window: NDArray[np.float32], task: Task, token: CancelToken, begun: "Begun | None" = None
    ) -> Heard:
        """Transcribe at most 29 s of mono 16 kHz audio. ``begun``: its first decoding, if it was made with that of
        others. Raises EngineError and WorkCancelled."""
        sure = False
        language, answer = task.language, None
        encoded: Any = None
        for seconds in self._attempts(window, task):
            if begun is None or answer is not None:
                begun = self.begin([window], [task.language or language], seconds, task.numbers_in_words, token)[0]
            encoded, answer = begun.encoded, begun.answer
            token.check()
            if language is None and begun.guess is not None:
                sure = begun.guess.probability >= SURE_OF_LANGUAGE and len(window) >= SURE_FROM_S * SPEECH_RATE
                language, answer = self._in_likely_language(begun, window, begun.guess, task, token)
            if doubt.is_noise(answer.score, answer.no_speech):
                return Heard("", language or "", score=answer.score)
            if answer.complete and not doubt.loops(answer.text):
                answer = self._reconsidered(answer, encoded, window, language or "", task, token)
                break
        if answer is None or language is None:
            raise EngineError("Whisper: no decoding attempt was made")
        # The model was trained on full windows: a repetition there was spoken.
        trusted = answer.complete and task.attempts == len(WINDOWS)
        text = _written(answer.text if trusted else doubt.without_loops(answer.text), language)
        bias = task.bias.within(language)
        if text and bias.prompt:
            token.check()
            text = with_expected_words(text, bias, _Speech(self, encoded, window, language))
        return Heard(text, language, sure, answer.score)

    def begin(
        self,
        windows: Sequence[NDArray[np.float32]],
        languages: Sequence[str | None],
        seconds: float,
        numbers_in_words: bool,
        token: CancelToken,
    ) -> list[Begun]:
        """Decode windows together, each padded to ``seconds``, in the languages that are told or else guessed."""
        token.check()
        encoded = self._encode(windows, seconds)
        token.check()
        guesses: list[_Guess | None] = [None] * len(windows)
        if None in languages:
            found = zip(languages, self._guesses(encoded), strict=True)
            guesses = [None if told else guess for told, guess in found]
        token.check()
        spoken = [told or (guess.language if guess else "") for told, guess in zip(languages, guesses, strict=True)]
        answers = self._decode(encoded, windows, spoken, "", 1, numbers_in_words)
        return [Begun(*each) for each in zip(self._apart(encoded, len(windows)), guesses, answers, strict=True)]

    def _in_likely_language(
        self, begun: Begun, window: NDArray[np.float32], guess: _Guess, task: Task, token: CancelToken
    ) -> tuple[str, _Answer]:
        """The language and its transcript; where the guess is in doubt, those of the more probable transcript."""
        if task.beam == 1 or guess.probability >= LANGUAGE_IN_DOUBT:
            return guess.language, begun.answer
        token.check()
        other = self._decode(begun.encoded, [window], [guess.next_language], "", 1, task.numbers_in_words)[0]
        return (guess.next_language, other) if other.score > begun.answer.score else (guess.language, begun.answer)

    def _reconsidered(
        self, answer: _Answer, encoded: Any, window: NDArray[np.float32], language: str, task: Task, token: CancelToken
    ) -> _Answer:
        """``answer``, or that of a beam search if the first one is in doubt and the other more probable."""
        if task.beam == 1 or answer.score >= doubt.DOUBTFUL:
            return answer
        token.check()
        other = self._decode(encoded, [window], [language], "", task.beam, task.numbers_in_words)[0]
        better = other.score > answer.score and other.complete and not doubt.loops(other.text)
        return other if better else answer

    def _attempts(self, window: NDArray[np.float32], task: Task) -> list[float]:
        """Window lengths in seconds, from the fastest attempt to the most reliable."""
        spoken = len(window) / SPEECH_RATE
        return [min(FULL_WINDOW, max(spoken + silence, least)) for silence, least in WINDOWS][: task.attempts]

    def _encode(self, windows: Sequence[NDArray[np.float32]], seconds: float) -> Any:
        features = np.stack([log_mel(with_pause(window, seconds)) for window in windows])
        try:
            return self._model.encode(self._storage.from_array(features))
        except RuntimeError as error:
            raise EngineError(f"Whisper: {error}") from error

    def _apart(self, encoded: Any, windows: int) -> list[Any]:
        if windows == 1:
            return [encoded]
        return [self._storage.from_array(each[None]) for each in np.array(encoded.to(self._float32))]

    def _guesses(self, encoded: Any) -> list[_Guess]:
        if len(self._languages) == 1 or not self._model.is_multilingual:
            return [_Guess(self._languages[0], 1.0, self._languages[0])] * encoded.shape[0]
        return [self._guess(detected) for detected in self._model.detect_language(encoded)]

    def _guess(self, detected: Sequence[tuple[str, float]]) -> _Guess:
        probabilities = {code.strip("<|>"): value for code, value in detected}
        spoken = {code: probabilities.get(code, 0.0) for code in self._languages}
        likeliest, next_likely, *_ = sorted(spoken, key=lambda code: -spoken[code])
        return _Guess(likeliest, spoken[likeliest] / (sum(spoken.values()) or 1.0), next_likely)

    def decoded_after(self, prompt: str, encoded: Any, window: NDArray[np.float32], language: str) -> str:
        """The transcript of ``encoded`` with ``prompt`` as preceding text."""
        return _written(self._decode(encoded, [window], [language], prompt, 1)[0].text, language)

    def scores(self, texts: Sequence[str], encoded: Any, language: str) -> list[float]:
        """The log probabilities (natural) of ``texts`` as transcripts of ``encoded``. Raises EngineError."""
        start = self._vocabulary.request(language if self._model.is_multilingual else None)
        tokens = [self._vocabulary.tokens_alone(text, language) for text in texts]
        # The alignment, the other half of the result, is not needed: only one frame of it is computed.
        copies = self._storage.from_array(np.repeat(np.array(encoded.to(self._float32)), len(texts), 0))
        try:
            results = self._model.align(copies, start, tokens, 1)
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"Whisper: {error}") from error
        return [float(np.log(np.maximum(result.text_token_probs, LEAST_PROBABILITY)).sum()) for result in results]

    def spells_in_pieces(self, word: str) -> bool:
        """Whether ``word`` is more than one token."""
        return len(self._vocabulary.tokens_of(word)) > 1

    def _decode(
        self,
        encoded: Any,
        windows: Sequence[NDArray[np.float32]],
        languages: Sequence[str],
        prompt: str,
        beam: int,
        numbers_in_words: bool = False,
    ) -> list[_Answer]:
        """Decode each window in its language. A prompt is the same for all."""
        most = [TOKENS_SPARE + int(TOKENS_PER_SECOND * len(window) / SPEECH_RATE) for window in windows]
        # A long prompt is cut at its front: its end has the most effect.
        previous = self._vocabulary.tokens_of(prompt)[-PROMPT_TOKENS:] if prompt else []
        known = languages if self._model.is_multilingual else [None] * len(windows)
        requests = [self._vocabulary.request(language, previous) for language in known]
        try:
            results = self._model.generate(
                encoded,
                requests,
                beam_size=beam,
                max_length=min(LONGEST_ANSWER, max(map(len, requests)) + max(most)),
                no_repeat_ngram_size=SAME_NGRAM,
                suppress_tokens=[*MODELS_OWN, *self._vocabulary.figures] if numbers_in_words else MODELS_OWN,
                return_scores=True,
                return_no_speech_prob=True,
            )
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"Whisper: {error}") from error
        return [self._answer(*each) for each in zip(results, windows, most, strict=True)]

    def _answer(self, result: Any, window: NDArray[np.float32], most: int) -> _Answer:
        spoken = len(window) / SPEECH_RATE
        tokens = result.sequences_ids[0]
        segments = [part for part in self._vocabulary.segments(tokens) if part.start < max(TAIL, spoken - TAIL)]
        text = self._vocabulary.text_of([token for segment in segments for token in segment.tokens])
        return _Answer(text, result.scores[0], result.no_speech_prob, len(tokens) < most)


class _Speech(msgspec.Struct, frozen=True):
    """One encoded window in a known language."""

    whisper: Whisper
    encoded: Any
    window: NDArray[np.float32]
    language: str

    def scores(self, texts: Sequence[str]) -> Sequence[float]:
        return self.whisper.scores(texts, self.encoded, self.language)

    def in_pieces(self, word: str) -> bool:
        return self.whisper.spells_in_pieces(word)

    def heard_again(self, bias: Bias) -> str:
        return self.whisper.decoded_after(bias.prompt, self.encoded, self.window, self.language)


def _written(text: str, language: str) -> str:
    return mandarin.written(text) if language == "zh" else text
