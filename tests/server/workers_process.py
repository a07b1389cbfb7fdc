"""A server in several processes for the tests: all of it but the engines. Its conversations run on stub engines.

    python -m tests.server.workers_process FOLDER [--sessions NAME] [--database=URL] [KEY=VALUE ...]

``NAME`` is a function of ``tests.server.worker_sessions``. Prints a JSON line when ready. SIGHUP reads the settings of
``FOLDER/kouyu.toml``.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from kouyu.server.process.data_folder import DataFolderError, open_data_folder
from kouyu.server.process.log_lines import ServerLog
from kouyu.server.process.reloading import Rereading
from kouyu.server.process.tcp_listeners import ListenError
from kouyu.server.process.workers.parent import serve_in_workers
from kouyu.server.process.workers.restarts import WorkerFailed
from kouyu.settings import Settings, load
from kouyu.store import location
from tests.server import worker_sessions
from tests.server.serving_process import DATABASE, announce


def main() -> None:
    folder, *arguments = sys.argv[1:]
    name = "conversing"
    if "--sessions" in arguments:
        at = arguments.index("--sessions")
        name = arguments[at + 1]
        del arguments[at : at + 2]
    os.environ[worker_sessions.FOLDER_VARIABLE] = folder
    url = next((argument.removeprefix(DATABASE) for argument in arguments if argument.startswith(DATABASE)), "")
    options: dict[tuple[str, ...], tuple[str, Any]] = {("server", port): ("", 0) for port in ("port", "https_port")}
    options["server", "workers"] = ("workers", 2)
    for key, _, value in (argument.partition("=") for argument in arguments if not argument.startswith("--")):
        options["server", key] = (key, int(value))
    config = Path(folder) / "kouyu.toml"

    def read() -> Settings:
        return load(config if config.exists() else None, options=options)

    settings = read()
    ServerLog().follow(settings.log)
    try:
        with open_data_folder(Path(folder)) as data_folder:
            work = serve_in_workers(
                settings,
                data_folder,
                location.database(folder, url),
                open_sessions=getattr(worker_sessions, name),
                announce=announce,
                rereading=Rereading(read, lambda changed: None),
            )
            asyncio.run(work)
    except (ListenError, DataFolderError, WorkerFailed) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
