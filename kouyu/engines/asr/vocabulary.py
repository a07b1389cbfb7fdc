"""Whisper's tokens: builds prompts, and reads text and timestamps from results."""

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec

from kouyu.engines.errors import EngineUnavailable
from kouyu.text.language import WORDLESS

PROMPT_TOKENS: Final = 223
"""Most tokens of a prompt: half of Whisper's text window, less its start token."""

SECONDS_PER_TIMESTAMP: Final = 0.02


_FIGURE: Final = re.compile(r"[0-9０-９%％$£€¥￥]")


class Segment(msgspec.Struct, frozen=True):
    """A segment of a result. Its times are seconds from the start of the audio."""

    start: float
    tokens: tuple[int, ...]


class Vocabulary:
    """Reads ``tokenizer.json`` of a Whisper model. Raises EngineUnavailable if it is missing or of another model."""

    def __init__(self, path: Path) -> None:
        try:
            from tokenizers import Tokenizer

            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # tokenizers raises bare Exception
            raise EngineUnavailable(
                f"{path} cannot be read ({error}); try: kouyu models fetch {path.parent.name}"
            ) from error
        self._start = self._required("<|startoftranscript|>")
        self._previous = self._required("<|startofprev|>")
        self._transcribe = self._required("<|transcribe|>")
        # Timestamp tokens are not in the file: their ids follow its last one.
        self._first_timestamp = self._required("<|notimestamps|>") + 1
        self._first_special = self._required("<|endoftext|>")

    @cached_property
    def figures(self) -> tuple[int, ...]:
        """The tokens that contain a digit, or a sign read with a number (%, $)."""
        return tuple(token for token in range(self._first_special) if _FIGURE.search(self._tokenizer.decode([token])))

    def _required(self, token: str) -> int:
        number: int | None = self._tokenizer.token_to_id(token)
        if number is None:
            raise EngineUnavailable(f"not a Whisper model: its tokens lack {token}")
        return number

    def knows(self, language: str) -> bool:
        """Whether the model was trained on this language (ISO 639-1 code)."""
        return self._tokenizer.token_to_id(f"<|{language}|>") is not None

    def request(self, language: str | None, previous: Sequence[int] = ()) -> list[int]:
        """The prompt tokens that request a transcript with timestamps. ``language``: None for an English-only model."""
        before = [self._previous, *previous] if previous else []
        task = [] if language is None else [self._required(f"<|{language}|>"), self._transcribe]
        return [*before, self._start, *task]

    def tokens_of(self, text: str) -> list[int]:
        """Tokens of ``text`` as it would follow other text, without special tokens."""
        ids: list[int] = self._tokenizer.encode(" " + text.strip(), add_special_tokens=False).ids
        return ids

    def tokens_alone(self, text: str, language: str) -> list[int]:
        """Tokens of ``text`` as a transcript in ``language``: after a space, if it has spaces between words."""
        text = text.strip() if language in WORDLESS else " " + text.strip()
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def text_of(self, tokens: Sequence[int]) -> str:
        """The text of a result's tokens, without incomplete characters at its end."""
        text: str = self._tokenizer.decode([token for token in tokens if token < self._first_special])
        return text.replace("\ufffd", "").strip()

    def segments(self, answer: Sequence[int]) -> list[Segment]:
        """Split a result at its timestamps."""
        segments: list[Segment] = []
        start, tokens = 0.0, list[int]()
        for token in answer:
            if token < self._first_timestamp:
                tokens.append(token)
                continue
            if tokens:
                segments.append(Segment(start, tuple(tokens)))
                tokens = []
            start = (token - self._first_timestamp) * SECONDS_PER_TIMESTAMP
        if tokens:
            segments.append(Segment(start, tuple(tokens)))
        return segments
