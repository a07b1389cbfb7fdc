"""Removes thoughts, tool calls, special tokens and citations from streamed text."""

from collections.abc import Sequence
from typing import Any, Final

import regex

from kouyu.agents.markup.bare_calls import BareCalls
from kouyu.agents.markup.blocks import Blocks
from kouyu.agents.markup.calls import MarkupCalls
from kouyu.agents.markup.code_spans import CodeSpans
from kouyu.agents.markup.families import CHANNEL_ENDS, GLUED_CHANNELS, GLUED_FINAL, Does, Where
from kouyu.agents.markup.incoming import Incoming
from kouyu.agents.markup.marks import CANDIDATE, END, THOUGHT_ENDS, Found, Wait, compiled, mark_at
from kouyu.agents.markup.openings import is_opening_of_thought
from kouyu.agents.markup.output import Output
from kouyu.agents.markup.places import Before

_RECIPIENT: Final = regex.compile(r"to=([\w.]+)")
_OPENING_TAG: Final = regex.compile("<([a-z]+)")
_CLOSING_TAG: Final = regex.compile("</([a-z]+)")
_SPACE: Final = regex.compile(r"\s*")
_PIECE: Final = 512
"""Characters processed at a time, so that the work stays linear in the text."""


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
        self._before = Before()
        self._output = Output(self._before, held=held)
        self._incoming = Incoming()
        self._code = CodeSpans(self._incoming, self._output)
        self._blocks = Blocks(self._incoming, self._output, self._calls)
        self._bare_calls = BareCalls(self._incoming, self._output, self._code, self._calls)
        if inside:
            self._blocks.begin_thought(THOUGHT_ENDS)
        self._watchful = watchful
        self._skips_space = False
        self._plain_tags: set[str] = set()
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
        if self._blocks.are_open:
            self._blocks.finish()
        if self._bare_calls.are_open:
            self._bare_calls.finish()
        self._output.release()
        return self._output.take_text(all_of_it=True)

    def thoughts_come_apart(self) -> None:
        """Note that the server sends thoughts in a field of their own: the text does not begin inside one."""
        self._watchful = False
        self._output.release()

    def thoughts(self) -> str:
        """Return the thoughts since the last call."""
        if self._blocks.may_be_text:
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
        if self._blocks.are_open:
            return self._block()
        if self._bare_calls.are_open:
            return self._bare_calls.step(final=final)
        return self._text(final=final)

    def _block(self) -> bool:
        has_more = self._blocks.step()
        if not self._blocks.are_open:
            self._leave_out()
        return has_more

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
        if self._bare_calls.are_possible and (line := self._incoming.text.find("\n", 0, stop)) >= 0:
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
        if (begun := self._bare_calls.begin(final=final)) is not False:
            return bool(begun)
        if self._before.started:
            return None
        glued = compiled(GLUED_CHANNELS).match(self._incoming.text, partial=True)
        if glued is not None and not final:
            if glued.partial:
                return False
            self._incoming.take(glued.end())
            self._blocks.begin_thought(GLUED_FINAL, unclosed_is_text=True)
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
                self._blocks.begin_thought(found.mark.until)
            case Does.CALL:
                self._blocks.begin_call(found.mark.until)

    def _channel(self, header: str) -> None:
        found = _RECIPIENT.search(header)
        recipient = found[1] if found else ""
        if recipient in ("", "user", "all", "assistant"):
            if "analysis" in header:
                self._blocks.begin_thought(CHANNEL_ENDS)
            else:
                self._leave_out()
        elif recipient == "self":
            self._blocks.begin_thought(CHANNEL_ENDS)
        else:
            self._blocks.begin_call(CHANNEL_ENDS, recipient=recipient)

    def _leave_out(self) -> None:
        self._skips_space = self._before.ends_in_space
        self._before.mark()

    def _end_of_thought(self) -> None:
        """Handle a lone closing mark: any text before it was a thought."""
        if self._output.is_held or self._before.started:
            self.began_inside = True
            self._output.all_was_thought()
        self._before.restart()
        self._leave_out()
