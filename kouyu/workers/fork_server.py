"""The fork server: imports a module once, then forks a worker process for each call.

A fork takes a few milliseconds, a new interpreter half a second for its imports. No call sees state of an earlier one.
Its standard input is a Unix socket: each message is a module's name with the socket for the call. It ends when the
socket is closed. Modules that a module lists as ``PRELOADED`` are imported with it.
"""

import gc
import importlib
import os
import resource
import signal
import socket
import sys
from typing import Any, Final, NoReturn

import msgspec

from kouyu.workers.messages import ANSWER, NAME_BYTES, PID, SIZE, Limits, Raised, Request

_LONGEST_TEXT: Final = 500


def main() -> None:
    """Fork for each call until the server closes the socket."""
    control = socket.socket(fileno=0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system reaps the children
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server handles ^C in a terminal
    while True:
        message, sockets, _, _ = socket.recv_fds(control, NAME_BYTES, 1)
        if not message:
            return
        module = _imported(message.decode().strip())
        if os.fork() == 0:
            control.close()
            _answer(socket.socket(fileno=sockets[0]), module)
        for each in sockets:
            os.close(each)


def _imported(name: str) -> Any:
    if name not in sys.modules:
        for each in getattr(importlib.import_module(name), "PRELOADED", ()):
            importlib.import_module(each)
        gc.collect()
        gc.freeze()  # so that the children's collector does not touch, and thereby copy, these pages
    return sys.modules[name]


def _answer(server: socket.socket, module: Any) -> NoReturn:
    """Run one call, then exit."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
        server.sendall(PID.pack(os.getpid()))
        request = msgspec.msgpack.decode(_read(server, SIZE.unpack(_read(server, SIZE.size))[0]), type=Request)
        _limit(request.limits)
        is_result, answer = _call(module, request)
        server.sendall(ANSWER.pack(is_result, len(answer)))
        server.sendall(answer)
        code = 0
    except (OSError, EOFError, MemoryError):
        pass  # the server has ended, or will see that there is no answer
    finally:
        os._exit(code)


def _call(module: Any, request: Request) -> tuple[bool, bytes]:
    try:
        result: bytes = getattr(module, request.function)(*request.arguments)
        if len(result) <= request.limits.output_bytes:
            return True, result
        raised = Raised("OutputTooLong", f"{len(result)} bytes")
    except MemoryError:
        raise
    except Exception as fault:  # a parser may raise anything on its input
        raised = Raised(type(fault).__name__, str(fault)[:_LONGEST_TEXT])
    return False, msgspec.msgpack.encode(raised)


def _limit(limits: Limits) -> None:
    signal.setitimer(signal.ITIMER_REAL, limits.wall_s)
    os.nice(limits.niceness)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s))
    memory = _address_space() + limits.memory_bytes
    if sys.platform != "darwin":  # macOS accepts the limit but does not enforce it
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _address_space() -> int:
    """The process's present address space in bytes; 0 if the system does not report it."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _read(server: socket.socket, size: int) -> bytes:
    content = bytearray(size)
    view, at = memoryview(content), 0
    while at < size:
        count = server.recv_into(view[at:])
        if count == 0:
            raise EOFError
        at += count
    return bytes(content)


if __name__ == "__main__":
    main()
