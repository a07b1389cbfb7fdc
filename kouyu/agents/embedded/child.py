"""The child process of the embedded model: ``python -m kouyu.agents.embedded.child``.

Reads its options as one line of JSON from standard input. When standard input ends, the parent is gone and this process
exits. Prints ``{"port": n}`` on standard output once it can answer. Errors go to standard error.
"""

import ctypes
import os
import signal
import sys
import threading
from typing import Any, Final

import msgspec

_PR_SET_PDEATHSIG: Final = 1
_ERRORS_ONLY: Final = 1


class ProcessOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the parent tells."""

    model_path: str
    chat_template: str = ""
    """A Jinja template instead of the one in the model's file; empty for that one."""
    port: int = 0
    """0 takes a free one."""
    api_key: str = ""
    slots: int
    threads: int
    context_tokens: int
    """Of one slot."""
    cache_mib: int
    prompts_folder: str
    """Folder in which slots may be saved."""


class Ready(msgspec.Struct, frozen=True):
    """The message to the parent: the model can answer."""

    port: int


def main() -> None:
    """Serve until the parent exits."""
    _die_with_parent()
    # Standard output carries one message; the library's output goes to standard error.
    answer_to = os.dup(1)
    os.dup2(2, 1)
    options = msgspec.json.decode(sys.stdin.buffer.readline(), type=ProcessOptions)
    threading.Thread(target=_exit_at_end_of_input, daemon=True).start()
    server = _serve(options)
    port = int(server.listening_address.rpartition(":")[2])
    os.write(answer_to, msgspec.json.encode(Ready(port)) + b"\n")
    threading.Event().wait()


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _exit_at_end_of_input() -> None:
    # Read the descriptor directly: sys.stdin's lock would block the interpreter's exit.
    while os.read(0, 1024):
        pass
    os._exit(0)


def _serve(options: ProcessOptions) -> Any:
    """Load the model and open the HTTP server, which lives as long as the returned value."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = options.model_path
    params.chat_template = options.chat_template
    params.hostnames = ["127.0.0.1"]
    params.port = options.port
    params.api_keys = [options.api_key]
    params.offline = True
    params.ui = False
    params.verbosity = _ERRORS_ONLY
    params.fit_params = False
    params.n_parallel = options.slots
    params.n_ctx = options.context_tokens * options.slots
    params.cache_ram_mib = options.cache_mib
    params.slot_save_path = options.prompts_folder + os.sep
    # Spinning threads would take CPU time from the engines.
    params.cpuparams.poll = 0
    params.cpuparams.n_threads = options.threads
    params.cpuparams_batch.poll = 0
    params.cpuparams_batch.n_threads = options.threads
    # One HTTP thread for each answer in progress, each request that waits for a slot, and health checks.
    params.n_threads_http = 4 * options.slots + 4
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
