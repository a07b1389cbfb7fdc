"""Counts the work that a function does on text, so that a test can say how it grows: in steps, not in seconds.

Counted are lines of Python that were run, bytes that were copied (a slice, a concatenation, a split), and characters
that the regular expressions of kouyu's modules went over. What goes over text in C without copying it (``in``,
``find``) is not seen, nor what a regular expression tries and gives up within one match.
"""

import re
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from types import FrameType, ModuleType
from typing import Any

_LEAST_COPY = 2048
"""Bytes. What allocates less is no copy of a text that grows."""
_MOST_GROWTH = 2.6
"""Twice the text may take so many times the work: 2, and a little for lists that grow by leaps."""
_SLACK = 20_000
"""Steps that say nothing about growth."""


@dataclass
class Work:
    """What was done."""

    lines: int = 0
    copied: int = 0
    searched: int = 0


def assert_grows_with_the_text(work_on: Callable[[int], Callable[[], object]], size: int) -> None:
    """``work_on(size)`` gives the work to be counted, with all that comes before it done. Twice the size must not take
    much more than twice the work."""
    work_on(64)()  # imports and caches
    once, twice = work_done(work_on(size)), work_done(work_on(2 * size))
    for kind, steps in asdict(twice).items():
        allowed = _MOST_GROWTH * asdict(once)[kind] + _SLACK
        assert steps <= allowed, f"{kind}: {steps} for a text of {2 * size}, {asdict(once)[kind]} for one of {size}"


def work_done(work: Callable[[], object]) -> Work:
    """Run it and count."""
    done = Work()
    with _patterns_counted(done):
        _traced(work, done)
    return done


def _traced(work: Callable[[], object], done: Work) -> None:
    last = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal last
        done.lines += 1
        copied = tracemalloc.get_traced_memory()[1] - last
        if copied > _LEAST_COPY:
            done.copied += copied
        tracemalloc.reset_peak()
        last = tracemalloc.get_traced_memory()[0]
        return trace

    before = sys.gettrace()
    tracemalloc.start(1)
    last = tracemalloc.get_traced_memory()[0]
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
        tracemalloc.stop()


@contextmanager
def _patterns_counted(done: Work) -> Iterator[None]:
    """Each compiled pattern that a module of kouyu's holds counts what it goes over."""
    held = [
        (module, name, value)
        for module in list(sys.modules.values())
        if isinstance(module, ModuleType) and module.__name__.startswith("kouyu.")
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern)
    ]
    for module, name, pattern in held:
        setattr(module, name, _CountedPattern(pattern, done))
    try:
        yield
    finally:
        for module, name, pattern in held:
            setattr(module, name, pattern)


class _CountedPattern:
    def __init__(self, pattern: "re.Pattern[Any]", done: Work) -> None:
        self._pattern = pattern
        self._done = done

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._pattern, name)
        if name not in ("fullmatch", "search", "finditer", "findall", "sub", "subn", "split"):
            return method

        def counted(*arguments: Any) -> Any:
            if name == "finditer":
                return self._found(*arguments)
            found = method(*arguments)
            text, start = (arguments[1], 0) if name.startswith("sub") else (arguments[0], (*arguments, 0)[1])
            self._done.searched += (len(text) if found is None or not hasattr(found, "end") else found.end()) - start
            return found

        return counted

    def match(self, text: Any, start: int = 0) -> "re.Match[Any] | None":
        found = self._pattern.match(text, start)
        self._done.searched += found.end() - start if found else 1
        return found

    def _found(self, text: Any, start: int = 0) -> "Iterator[re.Match[Any]]":
        for match in self._pattern.finditer(text, start):
            self._done.searched += match.end() - start
            start = match.end()
            yield match
        self._done.searched += len(text) - start
