"""Extracts a document's text in a worker process, for models that read only text."""

from typing import Final

from kouyu.agents.document_parsing import LONGEST_TEXT, UnreadableDocument, parsed_document
from kouyu.workers.limited import LimitedWorkers, WorkFailed
from kouyu.workers.messages import Limits

_LIMITS: Final = Limits(cpu_s=8, wall_s=16.0, memory_bytes=1024 * 1024 * 1024, output_bytes=4 * LONGEST_TEXT)


async def document_text(content: bytes, workers: LimitedWorkers) -> str:
    """Return the text of a PDF, Word (docx), HTML or text file (txt, md, csv, json), detected from its content.

    At most LONGEST_TEXT characters. Raises UnreadableDocument.
    """
    try:
        return (await workers.run(parsed_document, content, limits=_LIMITS)).decode()
    except WorkFailed as fault:
        # Other exceptions of a parser mean nothing to the user.
        known = fault.kind in ("", UnreadableDocument.__name__)
        why = f"reading {fault}" if not fault.kind else str(fault)
        raise UnreadableDocument(why if known else "it is damaged, protected, or of an unknown form") from fault
