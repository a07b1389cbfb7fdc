"""The program that makes worker processes: it imports a module once, then forks for each call.

A fork takes a few milliseconds where a new interpreter takes half a second for its imports. No call sees what an
earlier one left behind. Its standard input is a Unix socket: each message is a module's name with the socket that the
call comes through. It ends when the socket is closed. What a module lists as ``PRELOADED`` is imported with it.
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
    """Fork until the server is gone."""
    control = socket.socket(fileno=0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system collects the children
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C in a terminal is the server's to act on
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
        gc.freeze()  # so that the children's collector does not write to, and thereby copy, all of it
    return sys.modules[name]


def _answer(server: socket.socket, module: Any) -> NoReturn:
    """Take one call and end."""
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
        pass  # the server is gone, or will see that there is no answer
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
    except Exception as fault:  # a parser may raise anything on what it is given
        raised = Raised(type(fault).__name__, str(fault)[:_LONGEST_TEXT])
    return False, msgspec.msgpack.encode(raised)


def _limit(limits: Limits) -> None:
    signal.setitimer(signal.ITIMER_REAL, limits.wall_s)
    os.nice(limits.niceness)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s))
    memory = _address_space() + limits.memory_bytes
    if sys.platform != "darwin":  # which knows the limit and does not keep to it
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _address_space() -> int:
    """Bytes of it that the process has now; 0 where the system does not say."""
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
