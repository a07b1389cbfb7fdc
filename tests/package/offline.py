"""Run in a network namespace of its own: starts a server and asks it one question; there is no way to the outside."""

import fcntl
import json
import signal
import socket
import struct
import subprocess
import sys

_SIOCSIFFLAGS = 0x8914
_UP_AND_RUNNING = 0x41


def bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        fcntl.ioctl(asking, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _UP_AND_RUNNING))


def main(kouyu: str) -> None:
    bring_up_loopback()
    serve = [kouyu, "serve", "--print-json", "--port", "0", "--https-port", "0", "--data-dir", "data"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            ready = json.loads(server.stdout.readline())
            talk = [kouyu, "talk", "--url", ready["http"], "--token", ready["token"], "--text", "Say hello."]
            subprocess.run(talk, check=True)
        finally:
            server.send_signal(signal.SIGINT)


if __name__ == "__main__":
    main(sys.argv[1])
