"""Extracts the text of PDF, Word (docx), HTML and text documents. Runs in a worker process (``document_text``)."""

import io
import re
import zipfile
from html.parser import HTMLParser
from typing import Final
from xml.etree import ElementTree

LONGEST_TEXT: Final = 200_000
"""Most characters read from a document."""
PRELOADED: Final = ("pypdf",)

_MAX_XML_BYTES: Final = 50_000_000
_WORD: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HIDDEN: Final = ("script", "style", "template", "noscript", "head")
_BLOCKS: Final = ("p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "table")
_FED_AT_ONCE: Final = 64 * 1024
"""Characters of a page fed to the parser between two checks of the text's length."""


class UnreadableDocument(Exception):
    """The document's text cannot be extracted. The exception's text says why."""


def parsed_document(content: bytes) -> bytes:
    """Return a document's text in UTF-8, at most LONGEST_TEXT characters. Its format is detected from its content.

    Raises UnreadableDocument, and whatever a parser raises on a damaged file.
    """
    if content.startswith(b"%PDF-"):
        text = _text_of_pdf(content)
    elif content.startswith(b"PK\x03\x04"):
        text = _text_of_docx(content)
    else:
        text = _decoded(content)
        if re.match(r"\s*<(!doctype html|html)", text[:1000], re.IGNORECASE):
            text = _text_of_html(text)
    return text.strip()[:LONGEST_TEXT].encode(errors="replace")


def _text_of_pdf(content: bytes) -> str:
    """Return the text of the first pages."""
    from pypdf import PdfReader

    pieces: list[str] = []
    length = 0
    for page in PdfReader(io.BytesIO(content)).pages:
        pieces.append(page.extract_text())
        length += len(pieces[-1])
        if length > LONGEST_TEXT:
            break
    return "\n\n".join(pieces)


def _text_of_docx(content: bytes) -> str:
    """Return the paragraphs of the main text, tables included."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        document = archive.getinfo("word/document.xml")
        if document.file_size > _MAX_XML_BYTES:
            raise UnreadableDocument("it is too large")
        xml = archive.read(document)
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise UnreadableDocument("it declares entities")
    return "\n".join(map(_paragraph, ElementTree.fromstring(xml).iter(f"{_WORD}p")))


def _paragraph(paragraph: ElementTree.Element) -> str:
    breaks = {f"{_WORD}tab": "\t", f"{_WORD}br": "\n"}
    return "".join(
        (node.text or "") if node.tag == f"{_WORD}t" else breaks.get(node.tag, "") for node in paragraph.iter()
    )


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
        self.length = 0
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
            self.length += len(self.pieces[-1])


def _text_of_html(html: str) -> str:
    """Return the text of a page, up to the limit."""
    parser = _HtmlText()
    for start in range(0, len(html), _FED_AT_ONCE):
        parser.feed(html[start : start + _FED_AT_ONCE])
        if parser.length > LONGEST_TEXT:
            break
    else:
        parser.close()
    lines = (line.strip() for line in "".join(parser.pieces).split("\n"))
    return "\n".join(line for line in lines if line)
