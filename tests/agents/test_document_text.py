import asyncio
import io
import zipfile
from contextlib import suppress

import pytest

from kouyu.agents.document_parsing import LONGEST_TEXT, UnreadableDocument
from kouyu.agents.document_text import document_text
from kouyu.workers.limited import LimitedWorkers

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def docx(body: str, before: str = "") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f'{before}<w:document xmlns:w="{WORD}">{body}</w:document>')
    return file.getvalue()


def pdf(text: str) -> bytes:
    """One page with a line of text, written by hand."""
    stream = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
    ]
    out, places = b"%PDF-1.4\n", []
    for number, item in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(places) + 1, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1) + table + trailer


@pytest.mark.parametrize("content", [b"one,two\n1,2\n", b'{"a": 1}', "# 标题\n".encode(), b""])
async def test_text_is_itself(content: bytes, workers: LimitedWorkers) -> None:
    assert await document_text(content, workers) == content.decode().strip()


async def test_texts_in_older_encodings_are_read(workers: LimitedWorkers) -> None:
    assert await document_text("你好，世界".encode("gb18030"), workers) == "你好，世界"
    assert await document_text("\ufeffHello".encode("utf-16-le"), workers) == "Hello"


async def test_of_html_the_words_are_read(workers: LimitedWorkers) -> None:
    page = b"<!DOCTYPE html><html><head><title>T</title></head><script>x()</script><p>One &amp; two</p><p>Three</p>"
    assert await document_text(page, workers) == "One & two\nThree"


async def test_a_word_file_is_read_paragraph_by_paragraph(workers: LimitedWorkers) -> None:
    body = "<w:p><w:r><w:t>One</w:t><w:tab/><w:t>two</w:t></w:r></w:p><w:p><w:r><w:t>Three</w:t></w:r></w:p>"
    assert await document_text(docx(body), workers) == "One\ttwo\nThree"


async def test_a_pdf_is_read(workers: LimitedWorkers) -> None:
    assert await document_text(pdf("Invoice 42"), workers) == "Invoice 42"


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7 nonsense",
        b"PK\x03\x04 nonsense",
        b"\x00\x01\x02\x03",
        docx("&a;", before='<!DOCTYPE d [<!ENTITY a "aaaa">]>'),
    ],
)
async def test_what_cannot_be_read_is_reported(content: bytes, workers: LimitedWorkers) -> None:
    with pytest.raises(UnreadableDocument):
        await document_text(content, workers)


async def test_a_file_that_grows_a_thousandfold_is_refused(workers: LimitedWorkers) -> None:
    with pytest.raises(UnreadableDocument):
        await document_text(docx("<w:p>" + " " * 60_000_000 + "</w:p>"), workers)


async def test_long_texts_are_cut(workers: LimitedWorkers) -> None:
    assert len(await document_text(b"x" * (LONGEST_TEXT + 1), workers)) == LONGEST_TEXT


@pytest.mark.parametrize("shape", ["<!", "<a ", "&#", "<![", "<p>"])
async def test_a_page_of_any_shape_is_read_or_given_up(shape: str, workers: LimitedWorkers) -> None:
    text = ""
    with suppress(UnreadableDocument):
        text = await document_text(f"<html>{shape * 3_000}".encode(), workers)
    assert len(text) <= LONGEST_TEXT


async def test_the_event_loop_continues_while_a_page_is_read(workers: LimitedWorkers) -> None:
    page = b"<html>" + b"<b></b>" * 200_000
    reading = asyncio.create_task(document_text(page, workers))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert await reading == ""
    assert turns > 20
