"""Makes the records of hard turns anew, with real sessions over real sockets.

    python -m tests.recording.hard_turns.make [NAME...]

Do so when the core is meant to act otherwise than they say, and look at what changed: kouyu replay --explain.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from kouyu.bench.children import own_server
from kouyu.client.voice_client import open_client
from kouyu.recording.frames import SILENCE, SUFFIX, Audio
from kouyu.recording.record_file import read_record, write_record
from kouyu.recording.replaying import replay
from tests.end_to_end.conversing import Talk
from tests.recording.hard_turns.turns import TURNS

FOLDER = Path(__file__).parent


async def made(name: str, folder: Path) -> None:
    """Record one of the turns, over a real socket."""
    server = own_server(folder, "tests.recording.hard_turns.server", str(folder))
    # The record is finished when the server has ended.
    async with server as (address, _), open_client(address.http, address.token) as client:
        talk = Talk(client)
        async with talk.listening(client.events()):
            await TURNS[name](talk)


def copied(name: str, folder: Path) -> None:
    """Copy the only record of a data folder without the voice."""
    (file,) = folder.glob(f"data/sessions/*/*{SUFFIX}")
    record = read_record(file)
    assert record.ending is not None
    replayed = replay(record)
    assert replayed.difference is None, f"{name}: {replayed.difference}"
    silent = [Audio(piece.start, piece.count, SILENCE) for piece in record.audio]
    write_record(FOLDER / f"{name}{SUFFIX}", record.header, replayed.steps, silent, record.ending)


def main() -> None:
    """Make the records named on the command line, or all."""
    for name in sys.argv[1:] or TURNS:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(made(name, Path(folder)))
            copied(name, Path(folder))
        print(f"{name}: {(FOLDER / f'{name}{SUFFIX}').stat().st_size} bytes")


if __name__ == "__main__":
    main()
