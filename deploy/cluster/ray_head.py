"""A Ray head on this machine with kouyu's engines on it, in an environment of its own (``.venv-ray``)."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.cluster.members import DidNotStart

ENVIRONMENT: Final = Path(__file__).parents[2] / ".venv-ray" / "bin"
NEEDED: Final = "Ray is not there: make .venv-ray/ray.stamp"
TOKEN: Final = "0123456789abcdef0123456789abcdef"
START_S: Final = 240
MIB: Final = 1024 * 1024
_CORES: Final = 6
"""What Ray takes the machine to have: a core for each thread of two replicas, of those that replace them, and more."""
_SERVED: Final = """
[engine_server]
port = {port}
token = "{token}"
"""


def is_installed() -> bool:
    """Whether there is a Ray to start."""
    return (ENVIRONMENT / "ray").exists()


@dataclass
class RunningRay:
    """A head, and the engines on it: two replicas that recognise, and two that speak."""

    folder: Path
    environment: dict[str, str]
    address: str
    http_port: int
    options: tuple[str, ...]
    head: subprocess.Popen[bytes] | None = None

    @property
    def urls(self) -> list[str]:
        """Of the two applications."""
        return [f"http://127.0.0.1:{self.http_port}/{place}" for place in ("recognition", "speech")]

    def start(self) -> None:
        """Start the head, and put the engines on it. Raises DidNotStart."""
        with (self.folder / "head.log").open("a") as log:
            head = subprocess.Popen(
                [ENVIRONMENT / "ray", "start", "--head", "--block", *self.options],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.head = head
        host, _, port = self.address.rpartition(":")
        until = time.monotonic() + START_S
        while not _listens(host, int(port)):
            if head.poll() is not None or time.monotonic() > until:
                raise DidNotStart(f"Ray did not start:\n{self.logs()}")
            time.sleep(0.1)
        self.deploy()

    def deploy(self, *options: str) -> None:
        """Put the engines on it, or replace the replicas one after the other; return when that is done.

        ``options``: of ray_serve.py. Raises DidNotStart.
        """
        program = Path(__file__).parents[1] / "ray_serve.py"
        done = subprocess.run(
            [ENVIRONMENT / "python", program, "--max-replicas=2", "--config", "kouyu.toml", *options],
            cwd=self.folder,
            env={**self.environment, "RAY_ADDRESS": self.address},
            capture_output=True,
            text=True,
            timeout=START_S,
        )
        with (self.folder / "deploy.log").open("a") as log:
            log.write(done.stdout + done.stderr)
        if done.returncode != 0 or done.stdout.split()[-2:] != self.urls:
            raise DidNotStart(f"the engines did not start on Ray:\n{self.logs()}")

    def replicas(self, place: str) -> list[int]:
        """The process ids of an application's replicas."""
        return [pid for pid in self._pids() if f"ServeReplica:{place}:" in _read(pid, "cmdline")]

    def kill(self) -> None:
        """Kill the head and all that it started, as when its machine fails."""
        while pids := self._pids():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        if self.head is not None:
            self.head.wait(START_S)

    def logs(self) -> str:
        """What the head and the deployment wrote."""
        return "\n".join(each.read_text() for each in self.folder.glob("*.log"))

    def _pids(self) -> list[int]:
        """All processes of this head: they have its environment."""
        mark = f"RAY_SERVE_HAPROXY_CONFIG_FILE_LOC={self.folder}/"
        every = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return [pid for pid in every if mark in _read(pid, "environ")]


@contextmanager
def running_ray(engine_settings: str) -> Iterator[RunningRay]:
    """Ray with replicas for the length of a block. ``engine_settings``: TOML, [engines]. Raises DidNotStart."""
    if not is_installed():
        raise DidNotStart(NEEDED)
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # the paths of its sockets must be short
    head, client, http, fallback, metrics, stats = _free_ports(6)
    (folder / "kouyu.toml").write_text(engine_settings + _SERVED.format(port=http, token=TOKEN))
    ray = RunningRay(
        folder,
        environment={
            **os.environ,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": TOKEN * 2,
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_SERVE_ENABLE_HA_PROXY": "1",
            "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(folder / "haproxy.cfg"),
            "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "haproxy.sock"),
            "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
            "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(folder / "server-state"),
            "RAY_SERVE_HAPROXY_METRICS_PORT": str(metrics),
            "RAY_SERVE_HAPROXY_STATS_PORT": str(stats),
            "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(fallback),
            "RAY_SERVE_HAPROXY_NBTHREAD": "1",
            "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "2",
        },
        address=f"127.0.0.1:{head}",
        http_port=http,
        options=(
            "--node-ip-address=127.0.0.1",
            f"--port={head}",
            f"--temp-dir={folder}",
            f"--ray-client-server-port={client}",
            f"--num-cpus={_CORES}",
            f"--object-store-memory={128 * MIB}",
            "--include-dashboard=false",
            "--include-log-monitor=false",
            "--min-worker-port=23000",
            "--max-worker-port=23499",
            "--disable-usage-stats",
        ),
    )
    try:
        ray.start()
        yield ray
    finally:
        ray.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _listens(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), 1):
        return True
    return False


def _read(pid: int, name: str) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    return ""
