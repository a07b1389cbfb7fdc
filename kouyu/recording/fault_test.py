"""Writes a session record as a test: a small test file, and the record beside it."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final, get_args

import msgspec

from kouyu.protocol.coze.downlink import DownlinkType
from kouyu.recording.entries import Step
from kouyu.recording.frames import SUFFIX, Audio, Ending, Header, RecordError
from kouyu.recording.record_file import write_record
from kouyu.recording.replaying import Replayed

EVENTS: Final = get_args(DownlinkType)
_NAME: Final = re.compile(r"test_[a-z0-9_]+\.py")
_SAME: Final = '''"""A session that was recorded does the same again."""

from pathlib import Path

from kouyu.recording.first_difference import difference_shown
from kouyu.recording.record_file import read_record
from kouyu.recording.replaying import replay

RECORD = Path(__file__).with_name("{record}")


def {function}() -> None:
    replayed = replay(read_record(RECORD))
    assert replayed.difference is None, "\\n".join(difference_shown(replayed))
'''
_EXPECTED: Final = '''"""A session that was recorded: what should have happened in it."""

from pathlib import Path

from kouyu.recording.record_file import read_record
from kouyu.recording.replaying import replay

RECORD = Path(__file__).with_name("{record}")


def {function}() -> None:
    replayed = replay(read_record(RECORD))
{assertions}
'''


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What should have happened: these event types are sent, those never are, from ``from_s`` to ``to_s`` (in s since
    the connection began)."""

    sent: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    from_s: float = 0.0
    to_s: float = float("inf")

    def is_met(self, replayed: Replayed) -> bool:
        """Whether today's core does it."""
        within = {"from_s": self.from_s, "to_s": self.to_s}
        return all(replayed.sent(kind, **within) for kind in self.sent) and not any(
            replayed.sent(kind, **within) for kind in self.never
        )


def record_of_test(test: Path) -> Path:
    """The record of a test file: ``cut_off.kyrec`` of ``test_cut_off.py``. Raises RecordError for another name."""
    if not _NAME.fullmatch(test.name):
        raise RecordError(f"{test.name} is no name of a test file; allowed: test_NAME.py, of a-z, 0-9 and _")
    return test.with_name(test.stem.removeprefix("test_") + SUFFIX)


def write_expectation(
    test: Path, expected: Expected, header: Header, steps: Sequence[Step], audio: Sequence[Audio]
) -> None:
    """Write a test of what should have happened, and its record up to ``to_s``. Raises RecordError and OSError."""
    record = record_of_test(test)
    test.parent.mkdir(parents=True, exist_ok=True)
    write_record(record, header, [step for step in steps if step.now <= expected.to_s], audio, Ending(reason="closed"))
    assertions = "\n".join(_assertions(expected))
    test.write_text(_EXPECTED.format(record=record.name, function=test.stem, assertions=assertions), encoding="utf-8")


def write_comparison(test: Path, file: Path) -> None:
    """Write a test that the recorded session does the same again, with a copy of its record. Raises RecordError and
    OSError."""
    record = record_of_test(test)
    test.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, record)
    test.write_text(_SAME.format(record=record.name, function=test.stem), encoding="utf-8")


def _assertions(expected: Expected) -> list[str]:
    bounds = ""
    if expected.from_s:
        bounds += f", from_s={expected.from_s:g}"
    if expected.to_s != float("inf"):
        bounds += f", to_s={expected.to_s:g}"
    return [
        *(f'    assert replayed.sent("{kind}"{bounds}) != []' for kind in expected.sent),
        *(f'    assert replayed.sent("{kind}"{bounds}) == []' for kind in expected.never),
    ]
