"""Removes thoughts, tool calls, special tokens and citations from streamed text."""

import logging
from collections.abc import Sequence
from enum import Enum
from typing import Any, Final

import regex

from kouyu.agents.markup.bare_calls import BracketScanner, head_pattern
from kouyu.agents.markup.calls import MarkupCalls
from kouyu.agents.markup.code_spans import CodeSpans
from kouyu.agents.markup.families import CHANNEL_ENDS, GLUED_CHANNELS, GLUED_FINAL, Does, Where
from kouyu.agents.markup.incoming import Incoming
from kouyu.agents.markup.marks import CANDIDATE, END, THOUGHT_ENDS, Found, Wait, compiled, mark_at
from kouyu.agents.markup.openings import is_opening_of_thought
from kouyu.agents.markup.output import Output
from kouyu.agents.markup.places import Before

log = logging.getLogger(__name__)

_LONGEST_BODY: Final = 32 * 1024
"""Most characters of one call; a longer body is not a call."""
_RECIPIENT: Final = regex.compile(r"to=([\w.]+)")
_OPENING_TAG: Final = regex.compile("<([a-z]+)")
_CLOSING_TAG: Final = regex.compile("</([a-z]+)")
_SPACE: Final = regex.compile(r"\s*")
_CALL_IN_THOUGHT: Final = regex.compile(
    r"(?=<tool_calls?(?::[\w.-]{1,24})?>\s{0,40}(?:[\[{<\]]|[A-Za-z_][\w.-]{0,64}(?:\n|<arg_key|</tool_call)))"
    r"|(?=<\|tool_calls_section_begin\|>)"
)
"""Some models write calls into an unclosed thought: Qwen3.5, Kimi K2, Hunyuan."""
_PIECE: Final = 512
"""Characters processed at a time, so that the work stays linear in the text."""


class _Mode(Enum):
    TEXT = "text"
    THOUGHT = "thought"
    CALL = "call"
    BARE_CALL = "bare call"
    AFTER_CALL = "after a bare call"


class MarkupFilter:
    """Filters one answer: takes text in pieces cut anywhere, and returns it as soon as it cannot be part of a mark.

    Holds back about 300 characters at most for an incomplete mark, and a space that may precede a citation. A block
    that is never closed swallows the rest. The work is linear in the text.
    """

    def __init__(
        self, *, inside: bool = False, held: bool = False, watchful: bool = False, tools: Sequence[dict[str, Any]] = ()
    ) -> None:
        """``inside``: the answer begins inside a thought. ``held``: it may, so that all text is held until its end or a
        closing mark; ``watchful``: the same only if its first words are typical of a thought. ``tools`` are the tools
        that may be called, as OpenAI defines them."""
        self._calls = MarkupCalls(tools)
        self._bare_head = head_pattern(self._calls.names) if tools else None
        self._before = Before()
        self._output = Output(self._before, held=held)
        self._incoming = Incoming()
        self._code = CodeSpans(self._incoming, self._output)
        self._mode = _Mode.THOUGHT if inside else _Mode.TEXT
        self._until = THOUGHT_ENDS if inside else ""
        self._unclosed_is_text = False
        self._thought_goes_on_until = ""
        self._watchful = watchful
        self._skips_space = False
        self._plain_tags: set[str] = set()
        self._body: list[str] = []
        self._body_size = 0
        self._recipient = ""
        self._scanner = BracketScanner()
        self.began_inside = inside
        """Whether the answer began inside a thought."""

    def feed(self, text: str) -> str:
        """Add text, and return what may be shown and spoken now."""
        text = text.replace(END, "")
        for start in range(0, len(text), _PIECE):
            self._incoming.text += text[start : start + _PIECE]
            self._run(final=False)
        return self._output.take_text(all_of_it=False)

    def finish(self) -> str:
        """End the answer, and return the text held back."""
        self._incoming.text += END
        self._run(final=True)
        self._incoming.text = ""
        if self._mode in (_Mode.CALL, _Mode.BARE_CALL, _Mode.AFTER_CALL):
            self._end_body()
        if self._mode is _Mode.THOUGHT and self._unclosed_is_text:
            self._output.thoughts_are_text()
        self._output.release()
        return self._output.take_text(all_of_it=True)

    def thoughts_come_apart(self) -> None:
        """Note that the server sends thoughts in a field of their own: the text does not begin inside one."""
        self._watchful = False
        self._output.release()

    def thoughts(self) -> str:
        """Return the thoughts since the last call."""
        if self._unclosed_is_text and self._mode is _Mode.THOUGHT:
            return ""
        return self._output.take_thoughts()

    def withdrawn(self) -> bool:
        """Whether a closing mark since the last call has shown that all text returned earlier was a thought."""
        return self._output.take_withdrawal()

    @property
    def calls(self) -> MarkupCalls:
        """The tool calls, once the text is complete."""
        return self._calls

    def _run(self, *, final: bool) -> None:
        while self._incoming.text and self._step(final=final):
            pass

    def _step(self, *, final: bool) -> bool:
        """Process the beginning of the rest; False if more text is needed first."""
        if self._code.are_open:
            return self._code.step(final=final)
        match self._mode:
            case _Mode.TEXT:
                return self._text(final=final)
            case _Mode.THOUGHT | _Mode.CALL:
                return self._block()
            case _Mode.BARE_CALL:
                return self._bare_call(final=final)
            case _Mode.AFTER_CALL:
                return self._take_body(len(self._incoming.text))

    # Text

    def _text(self, *, final: bool) -> bool:
        if self._skips_space:
            self._incoming.text = self._incoming.text[_SPACE.match(self._incoming.text).end() :]
            if not self._incoming.text:
                return False
            self._skips_space = False
        if self._before.at_line_start and (dealt := self._line_start(final=final)) is not None:
            return dealt
        candidate = CANDIDATE.search(self._incoming.text)
        stop = candidate.start() if candidate else len(self._incoming.text)
        if self._bare_head is not None and (line := self._incoming.text.find("\n", 0, stop)) >= 0:
            stop = line + 1  # a call without marks may begin on the next line
        if stop:
            self._output.say(self._incoming.text[:stop])
            self._incoming.text = self._incoming.text[stop:]
            return True
        return self._mark(final=final)

    def _line_start(self, *, final: bool) -> bool | None:
        """Handle forms that only a line or the answer can begin with; None if it is none of them."""
        if self._incoming.text[0].isspace():
            self._output.say(self._incoming.take(_SPACE.match(self._incoming.text).end()))
            return True
        if self._bare_head is not None:
            head = self._bare_head.match(self._incoming.text, partial=True)
            if head is not None and not head.partial:
                self._mode, self._scanner = _Mode.BARE_CALL, BracketScanner()
                return True
            if head is not None and head.end() > 0 and not final:
                return False
        if self._before.started:
            return None
        glued = compiled(GLUED_CHANNELS).match(self._incoming.text, partial=True)
        if glued is not None and not final:
            if glued.partial:
                return False
            self._incoming.take(glued.end())
            self._begin(_Mode.THOUGHT, GLUED_FINAL)
            self._unclosed_is_text = True
            return True
        if self._watchful and not self._output.is_held:
            opening = is_opening_of_thought(self._incoming.text)
            if opening is None and not final:
                return False
            self._watchful = False
            if opening:
                self._output.hold()
        if CANDIDATE.match(self._incoming.text):
            return None
        match found := mark_at(self._incoming.text, 0):
            case Wait() if not final:
                return False
            case Found():
                self._found(found)
                return True
        return None

    def _mark(self, *, final: bool) -> bool:
        """Handle a rest that begins with a character that may begin a mark."""
        if self._incoming.text[0] == "`":
            return self._code.open(final=final)
        found = mark_at(self._incoming.text, 0)
        if found is Wait.FOR_MORE and not final:
            return False
        if isinstance(found, Found):
            following = self._incoming.text[found.length : found.length + 1]
            where = found.mark.where if found.mark is not None else Where.ANYWHERE
            if not following and where in (Where.BLOCK, Where.GLUED):
                return False
            if self._admits(found, following):
                self._found(found)
                return True
            self._output.say(self._incoming.take(found.length))
            return True
        self._before_index()
        self._output.say(self._incoming.take(1))
        return True

    def _admits(self, found: Found, following: str) -> bool:
        mark = found.mark
        if mark is None:
            return not found.text.lstrip().startswith("to=") or not self._before.started
        if (closing := _CLOSING_TAG.match(found.text)) is not None and closing[1] in self._plain_tags:
            return False
        admitted = self._before.admits(mark.where, following)
        if not admitted and (opening := _OPENING_TAG.match(found.text)) is not None:
            self._plain_tags.add(opening[1])
        return admitted

    def _before_index(self) -> None:
        if self._incoming.text.startswith("[0"):
            self._before.index()

    # Marks

    def _found(self, found: Found) -> None:
        """Remove a mark that counts, and apply its effect."""
        self._incoming.take(found.length)
        if found.mark is None:
            self._channel(found.text)
            return
        match found.mark.does:
            case Does.CITE:
                self._output.drop_space()
                self._leave_out()
            case Does.VANISH:
                self._leave_out()
            case Does.END_THOUGHT:
                self._end_of_thought()
            case Does.THINK:
                self._begin(_Mode.THOUGHT, found.mark.until)
            case Does.CALL:
                self._begin(_Mode.CALL, found.mark.until)

    def _channel(self, header: str) -> None:
        recipient = _RECIPIENT.search(header)
        self._recipient = recipient[1] if recipient else ""
        if self._recipient in ("", "user", "all", "assistant"):
            self._recipient = ""
            if "analysis" in header:
                self._begin(_Mode.THOUGHT, CHANNEL_ENDS)
            else:
                self._leave_out()
        else:
            self._begin(_Mode.THOUGHT if self._recipient == "self" else _Mode.CALL, CHANNEL_ENDS)

    def _leave_out(self) -> None:
        self._skips_space = self._before.ends_in_space
        self._before.mark()

    def _begin(self, mode: _Mode, until: str) -> None:
        self._mode, self._until = mode, until
        self._body, self._body_size = [], 0

    def _end_of_thought(self) -> None:
        """Handle a lone closing mark: any text before it was a thought."""
        if self._output.is_held or self._before.started:
            self.began_inside = True
            self._output.all_was_thought()
        self._before.restart()
        self._leave_out()

    # Blocks

    def _block(self) -> bool:
        """Inside a thought or a call, remove everything up to the closing mark."""
        closing = compiled(self._until).search(self._incoming.text, partial=True) if self._until else None
        if self._mode is _Mode.THOUGHT and not self._unclosed_is_text:
            call = _CALL_IN_THOUGHT.search(self._incoming.text, partial=True)
            if call is not None and (closing is None or call.start() <= closing.start()):
                if not call.partial:
                    self._take_body(call.start())
                    found = mark_at(self._incoming.text, 0)
                    if isinstance(found, Found):
                        self._incoming.take(found.length)
                        self._thought_goes_on_until = self._until
                        self._begin(_Mode.CALL, found.mark.until if found.mark else "")
                        return True
                elif closing is None or closing.partial:
                    closing = call
        if closing is None:
            return self._take_body(len(self._incoming.text))
        self._take_body(closing.start())
        if closing.partial:
            if self._incoming.text == END:
                self._incoming.text = ""
            return False
        self._incoming.take(closing.end() - closing.start())
        self._close_block()
        return True

    def _close_block(self) -> None:
        if self._mode is _Mode.CALL:
            self._end_body()
        if self._unclosed_is_text:
            self._unclosed_is_text = False
        if self._thought_goes_on_until:
            self._mode, self._until = _Mode.THOUGHT, self._thought_goes_on_until
            self._thought_goes_on_until = ""
            return
        self._mode, self._recipient = _Mode.TEXT, ""
        self._leave_out()

    def _take_body(self, size: int) -> bool:
        text = self._incoming.take(size).replace(END, "")
        if self._mode is _Mode.THOUGHT:
            self._output.think(text)
        elif self._body_size <= _LONGEST_BODY:
            self._body.append(text)
            self._body_size += len(text)
        return False

    def _end_body(self) -> None:
        body = "".join(self._body)
        self._body = []
        self._calls.add(body if self._body_size <= _LONGEST_BODY else "", recipient=self._recipient)

    # Calls without marks

    def _bare_call(self, *, final: bool) -> bool:
        end = self._scanner.end(self._incoming.text)
        if end is None:
            if final and self._calls.is_none("".join(self._body) + self._incoming.text):
                end = len(self._incoming.text)
            else:
                return self._take_body(len(self._incoming.text))
        self._take_body(end)
        body = "".join(self._body)
        if self._calls.is_none(body):
            self._mode, self._body = _Mode.TEXT, []
            self._output.say(body)
            if body.startswith("```"):
                self._code.open_fence()
        elif (text := self._calls.text_in(body)) is not None:
            self._body = []
            self._mode = _Mode.AFTER_CALL
            self._output.say(text)
        else:
            self._mode = _Mode.AFTER_CALL
        return True
