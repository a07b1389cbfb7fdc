"""The server's log: on standard error, as lines of text or of JSON (`[log]` of the settings)."""

import logging
import logging.handlers
import re
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final

import msgspec

from kouyu.serving.log_context import LogMessage, log_context
from kouyu.settings.telemetry import LogSettings
from kouyu.text.visible import visible

TEXT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
TEXT_OF_WORKER: Final = "%(asctime)s %(levelname)s worker %(worker)d %(name)s: %(message)s"
_NEXT_LINE: Final = re.compile(r"\n(?!  )")
_HELD_BACK: Final = 1000
"""Lines that wait for the settings, which say how they are to be written."""

log = logging.getLogger(__name__)


class JsonLines(logging.Formatter):
    """Writes each record as one JSON object on one line.

    ``time`` (UTC), ``level``, ``logger`` and ``message`` are always there. Records that belong to a request or a
    connection have ``log_id``, ``client`` and, if there is one, ``conversation_id``; those of an exception
    ``exception``, the traceback. a LogMessage adds its fields. Those of a worker process have ``worker``, its number.
    """

    def __init__(self, worker: int = 0) -> None:
        super().__init__()
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if self._worker:
            line["worker"] = self._worker
        if (context := log_context()) is not None:
            line |= {"log_id": context.log_id, "client": context.client}
            if conversation_id := context.conversation_id():
                line["conversation_id"] = conversation_id
        if isinstance(record.msg, LogMessage):
            line |= msgspec.structs.asdict(record.msg)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        return msgspec.json.encode(line, enc_hook=str).decode()


class TextLines(logging.Formatter):
    """Writes each record as text.

    What it quotes of clients and of other servers cannot control a terminal, or pretend to be a line of its own.
    """

    def __init__(self, worker: int = 0) -> None:
        super().__init__(TEXT_OF_WORKER if worker else TEXT, defaults={"worker": worker})

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - of the base class
        """Return the line without a traceback. Only indented lines may follow it."""
        return _NEXT_LINE.sub(r"\\n", super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback below it."""
        return visible(super().format(record))


class ServerLog:
    """Writes to standard error. Lines are held back until ``follow`` says how they are to be written.

    Does nothing in a process that has set up its logging before.
    """

    def __init__(self, worker: int = 0) -> None:
        """``worker``: the number of this worker process, from 1; 0: it is none."""
        self._worker = worker
        self._text = TextLines(worker)
        self._written = logging.StreamHandler(sys.stderr)
        self._held_back = logging.handlers.MemoryHandler(_HELD_BACK, flushLevel=logging.CRITICAL, target=self._written)
        self._written.setFormatter(self._text)
        self._root = logging.getLogger()
        self.is_json = False
        """Whether lines of JSON are written."""
        self._is_ours = not self._root.handlers
        if self._is_ours:
            self._root.addHandler(self._held_back)
        # Of libraries only warnings, since their other messages may hold users' text.
        self._root.setLevel(logging.WARNING)
        logging.getLogger("kouyu").setLevel(logging.INFO)

    def follow(self, chosen: LogSettings) -> None:
        """Write what was held back, and what comes from now on, as the settings say."""
        logging.getLogger("kouyu").setLevel(chosen.level.upper())
        if not self._is_ours:
            return
        self.is_json = chosen.format == "json"
        self._written.setFormatter(JsonLines(self._worker) if self.is_json else self._text)
        logging.captureWarnings(self.is_json)
        sys.excepthook = _log_uncaught if self.is_json else sys.__excepthook__
        threading.excepthook = _log_uncaught_of_thread if self.is_json else threading.__excepthook__
        if self._held_back in self._root.handlers:
            self._root.handlers[:] = [self._written]
            for record in self._held_back.buffer:
                if logging.getLogger(record.name).isEnabledFor(record.levelno):
                    self._written.handle(record)
            self._held_back.buffer.clear()

    def close(self) -> None:
        """Write what is still held back, as text: the settings could not be read."""
        self._held_back.flush()


def _log_uncaught(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    log.critical("the process ends by an exception", exc_info=(kind, fault, trace))


def _log_uncaught_of_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_type is SystemExit or told.exc_value is None:
        return
    name = told.thread.name if told.thread is not None else "?"
    log.critical("thread %s ended by an exception", name, exc_info=(told.exc_type, told.exc_value, told.exc_traceback))
