"""The text of a document, for models that read nothing but text.

PDF and Word files are taken apart in a process of their own, which has little time and memory: a file made to take for
ever, or all memory, takes nothing with it.
"""

import asyncio
import re
import sys
from html.parser import HTMLParser
from typing import Final

from kouyu.agents.document_program import LONGEST_TEXT, Form

_PROGRAM_S: Final = 8.0
_HIDDEN: Final = ("script", "style", "template", "noscript", "head")
_BLOCKS: Final = ("p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "table")


class UnreadableDocument(Exception):
    """There is no text to be had. The text says why."""


async def document_text(content: bytes) -> str:
    """The text of a PDF, Word (docx), HTML, or text file (txt, md, csv, json): the form is told by its content.

    At most LONGEST_TEXT characters. Raises UnreadableDocument.
    """
    if content.startswith(b"%PDF-"):
        return await _in_a_program(content, "pdf")
    if content.startswith(b"PK\x03\x04"):
        return await _in_a_program(content, "docx")
    text = _decoded(content)
    if re.match(r"\s*<(!doctype html|html)", text[:1000], re.IGNORECASE):
        text = _text_of_html(text)
    return text.strip()[:LONGEST_TEXT]


async def _in_a_program(content: bytes, form: Form) -> str:
    command = (sys.executable, "-m", "kouyu.agents.document_program", form)
    pipe = asyncio.subprocess.PIPE
    program = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(_PROGRAM_S):
            text, _ = await program.communicate(content)
    except TimeoutError as fault:
        raise UnreadableDocument("reading it took too long") from fault
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    if program.returncode != 0:
        raise UnreadableDocument("it is damaged, protected, or of an unknown form")
    return text.decode().strip()


def _decoded(content: bytes) -> str:
    for start, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(start):
            return content.decode(encoding, errors="replace")
    if b"\0" in content[:4096]:
        raise UnreadableDocument("it is of an unknown form")
    for encoding in ("utf-8", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


class _HtmlText(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _HIDDEN
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in _HIDDEN))
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(re.sub(r"\s+", " ", data))


def _text_of_html(html: str) -> str:
    parser = _HtmlText()
    parser.feed(html)
    parser.close()
    lines = (line.strip() for line in "".join(parser.pieces).split("\n"))
    return "\n".join(line for line in lines if line)
