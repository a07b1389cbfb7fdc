"""Whisper's tokens: the prompt it is given, and the text and times in what it answers."""

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

from kouyu.engines.errors import EngineUnavailable
from kouyu.text.language import WORDLESS

PROMPT_TOKENS: Final = 223
"""What Whisper can be told beforehand: half its text window, less the token that starts it."""

SECONDS_PER_TIMESTAMP: Final = 0.02


_FIGURE: Final = re.compile(r"[0-9０-９%％$£€¥￥]")


class Segment(NamedTuple):
    """A piece of the answer. Its times are seconds from the start of the audio."""

    start: float
    tokens: tuple[int, ...]


class Vocabulary:
    """Reads ``tokenizer.json`` of a Whisper model. Raises EngineUnavailable when it is missing or another model's."""

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
        # The times themselves are no tokens of the file: they follow the last one that is.
        self._first_timestamp = self._required("<|notimestamps|>") + 1
        self._first_special = self._required("<|endoftext|>")

    @cached_property
    def figures(self) -> tuple[int, ...]:
        """The tokens that have a digit in them, or a sign that is read with a number (%, $)."""
        return tuple(token for token in range(self._first_special) if _FIGURE.search(self._tokenizer.decode([token])))

    def _required(self, token: str) -> int:
        number: int | None = self._tokenizer.token_to_id(token)
        if number is None:
            raise EngineUnavailable(f"not a Whisper model: its tokens lack {token}")
        return number

    def knows(self, language: str) -> bool:
        """Whether the model was taught this ISO 639-1 code."""
        return self._tokenizer.token_to_id(f"<|{language}|>") is not None

    def request(self, language: str | None, previous: Sequence[int] = ()) -> list[int]:
        """What makes the model transcribe, with times. ``language`` is None for a model that knows only one."""
        before = [self._previous, *previous] if previous else []
        task = [] if language is None else [self._required(f"<|{language}|>"), self._transcribe]
        return [*before, self._start, *task]

    def tokens_of(self, text: str) -> list[int]:
        """``text`` as it would follow other text, without special tokens."""
        ids: list[int] = self._tokenizer.encode(" " + text.strip(), add_special_tokens=False).ids
        return ids

    def tokens_alone(self, text: str, language: str) -> list[int]:
        """``text`` as a transcript in ``language``: behind a space, where words have spaces between them."""
        text = text.strip() if language in WORDLESS else " " + text.strip()
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def text_of(self, tokens: Sequence[int]) -> str:
        """The text of an answer's tokens; half characters at the end are dropped."""
        text: str = self._tokenizer.decode([token for token in tokens if token < self._first_special])
        return text.replace("\ufffd", "").strip()

    def segments(self, answer: Sequence[int]) -> list[Segment]:
        """An answer cut at its times."""
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
