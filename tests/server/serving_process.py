"""A server process for the tests: all of it but the engines. Its sessions say back what they hear.

    python serving_process.py FOLDER [--hang] [--conversing] [--database=URL] [KEY=VALUE ...]

With ``--hang``, closing takes for ever, and is given a second. With ``--conversing`` it has conversations, those of
``worker_sessions.conversing``. Prints a JSON line when ready, as ``kouyu serve
--print-json`` does.
"""

import asyncio
import contextlib
import functools
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import msgspec

from kouyu.assembly.runtime import Runtime
from kouyu.server.process import stopping
from kouyu.server.process.data_folder import DataFolderError, open_data_folder
from kouyu.server.process.opening import Ready
from kouyu.server.process.server_life import serve
from kouyu.server.process.tcp_listeners import ListenError
from kouyu.serving.background import in_background
from kouyu.settings import load
from kouyu.store.notices import Notice
from kouyu.store.store import Store
from tests.server.conftest import echo_session
from tests.server.worker_sessions import conversing

DATABASE: Final = "--database="


def announce(ready: Ready) -> None:
    print(msgspec.json.encode(ready).decode(), flush=True)


async def ignored(notice: Notice | None) -> None:
    """Notices that only subscribers take."""


def main() -> None:
    folder, *arguments = sys.argv[1:]
    hang = "--hang" in arguments
    options: dict[tuple[str, ...], tuple[str, Any]] = {("server", port): ("", 0) for port in ("port", "https_port")}
    url = next((argument.removeprefix(DATABASE) for argument in arguments if argument.startswith(DATABASE)), "")
    for key, _, value in (argument.partition("=") for argument in arguments if not argument.startswith("--")):
        options["server", key] = (key, value == "yes" if value in ("yes", "no") else int(value))

    @contextlib.asynccontextmanager
    async def open_sessions(store: Store) -> AsyncIterator[Runtime]:
        async with in_background(store.notices.listen(ignored), "notices of other servers"):
            yield Runtime(run_session=echo_session)
        if hang:
            print("hanging", flush=True)
            threading.Event().wait()

    if hang:
        stopping.DEADLINE_S = 1.0  # type: ignore[misc]
    settings = load(options=options)
    opening = functools.partial(conversing, settings) if "--conversing" in arguments else open_sessions
    try:
        with open_data_folder(Path(folder)) as data_folder:
            database = url or Path(folder) / "kouyu.db"
            asyncio.run(serve(settings, data_folder, database, open_sessions=opening, announce=announce))
    except (ListenError, DataFolderError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
