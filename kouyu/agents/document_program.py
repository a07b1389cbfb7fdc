"""The program that takes a PDF or Word file from its standard input and writes the text to its standard output.

Run by ``document_text``, with ``pdf`` or ``docx`` as its argument.
"""

import io
import resource
import sys
import zipfile
from typing import Final, Literal
from xml.etree import ElementTree

Form = Literal["pdf", "docx"]

LONGEST_TEXT: Final = 200_000
"""Characters of a document that are read."""

_MEMORY_BYTES: Final = 1024 * 1024 * 1024
_CPU_S: Final = 8
_MAX_XML_BYTES: Final = 50_000_000
_WORD: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def text_of_pdf(content: bytes) -> str:
    """The text of the first pages."""
    from pypdf import PdfReader

    pieces: list[str] = []
    for page in PdfReader(io.BytesIO(content)).pages:
        pieces.append(page.extract_text())
        if sum(map(len, pieces)) > LONGEST_TEXT:
            break
    return "\n\n".join(pieces)


def text_of_docx(content: bytes) -> str:
    """The paragraphs of the main text, tables included. Raises ValueError for what is no Word file, or a trap."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        document = archive.getinfo("word/document.xml")
        if document.file_size > _MAX_XML_BYTES:
            raise ValueError("too large")
        xml = archive.read(document)
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise ValueError("declares entities")
    return "\n".join(map(_paragraph, ElementTree.fromstring(xml).iter(f"{_WORD}p")))


def _paragraph(paragraph: ElementTree.Element) -> str:
    breaks = {f"{_WORD}tab": "\t", f"{_WORD}br": "\n"}
    return "".join(
        (node.text or "") if node.tag == f"{_WORD}t" else breaks.get(node.tag, "") for node in paragraph.iter()
    )


def main() -> None:
    """Read, and write; an exception ends the program with an exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    read = {"pdf": text_of_pdf, "docx": text_of_docx}[sys.argv[1]]
    text = read(sys.stdin.buffer.read())[:LONGEST_TEXT]
    sys.stdout.buffer.write(text.encode(errors="replace"))


if __name__ == "__main__":
    main()
