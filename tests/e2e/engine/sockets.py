"""Sends raw requests to the proxies' sockets from a container that mounts them, and keeps what reaches an engine."""

import base64
import json
import socket
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.engine.requests import ENTRIES, http
from tests.e2e.stack import PROJECT, ROOT, container, inspect, run, setting, until

PINGS = [(entry, http("GET", "/_ping")) for entry in ENTRIES]

# reads [patience, [[entry, request], …]] and prints [[status, answer], …]; 0 is no answer
SENDER = """
import base64, json, socket, sys, time
from concurrent.futures import ThreadPoolExecutor
patience, requests = json.load(sys.stdin)
def ask(entry, request):
    got, deadline = b"", time.monotonic() + patience
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(patience)
        try:
            s.connect(f"/sockets/{entry}/engine.sock")
            s.sendall(base64.b64decode(request))
        except OSError:
            pass  # nobody listens, or it was refused before all was sent
        try:
            while len(got) < 100_000 and (part := s.recv(65536)):
                got += part
                s.settimeout(max(0.01, deadline - time.monotonic()))
        except OSError:
            pass
    words = got.split(b" ", 2)
    status = int(words[1][:3]) if words[0] == b"HTTP/1.1" and words[1][:3].isdigit() else 0
    return status, got.partition(b"\\r\\n\\r\\n")[2][:300].decode(errors="replace")
with ThreadPoolExecutor(16) as pool:
    print(json.dumps(list(pool.map(lambda one: ask(*one), requests))))
"""


def send(
    requests: list[tuple[str, bytes]], volumes: dict[str, str] | None = None, *, patience: float = 5
) -> list[tuple[int, str]]:
    """Status and beginning of the answer to each request, in order, one connection each; *patience* is in seconds."""
    mounted = volumes or {entry: f"{PROJECT}_{volume}" for entry, volume in ENTRIES.items()}
    mounts = [word for entry, volume in mounted.items() for word in ("-v", f"{volume}:/sockets/{entry}:ro")]
    command = ["docker", "run", "--rm", "-i", "--network", "none", "--user", "10001", *mounts, "trainyard/base"]
    text = json.dumps([patience, [(entry, base64.b64encode(request).decode()) for entry, request in requests]])
    return [tuple(one) for one in json.loads(run(*command, "python3", "-c", SENDER, input=text).stdout)]


@dataclass
class Arrival:
    """One request that reached the engine, and whether its connection has ended."""

    request: bytes = b""
    ended: bool = False


class Recorder:
    """The engine's socket, and what was asked of it."""

    def __init__(self, path: Path, engine: str) -> None:
        self.arrivals: list[Arrival] = []
        self._engine = engine
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        path.chmod(0o666)
        self._socket.listen(100)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def requests(self) -> list[bytes]:
        """What arrived since it was forgotten last."""
        return [one.request for one in self.arrivals]

    def _accept(self) -> None:
        while True:
            client, _ = self._socket.accept()
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        engine = socket.socket(socket.AF_UNIX)
        engine.connect(self._engine)
        threading.Thread(target=_copy, args=(engine, client), daemon=True).start()
        arrival = Arrival()
        self.arrivals.append(arrival)
        while part := client.recv(65536):
            arrival.request += part
            engine.sendall(part)
        arrival.ended = True
        engine.close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # whoever asked is gone


@contextmanager
def recorded_proxies() -> Iterator[tuple[dict[str, str], Recorder]]:
    """One more proxy of each role, limited as Compose limits them, in front of a recorder; volume and container of
    each have the one name that is told."""
    names = {role: f"{PROJECT}-recorded-{role}-{uuid.uuid4().hex[:8]}" for role in ENTRIES}
    with tempfile.TemporaryDirectory() as folder:
        engine = Path(folder) / "docker.sock"
        recorder = Recorder(engine, setting("DOCKER_SOCKET"))
        try:
            for role, service in (("worker", "engine-proxy"), ("deploy", "engine-proxy-deploy")):
                found = inspect(container(service))
                settings = [word for pair in found["Config"]["Env"] for word in ("--env", pair)]
                limits = ["--network", "none", "--read-only", "--memory", str(found["HostConfig"]["Memory"])]
                mounts = ["-v", f"{engine}:/var/run/docker.sock", "-v", f"{names[role]}:/run/engine"]
                mounts += ["-v", f"{ROOT}/flows:/etc/trainyard/flows:ro"]
                run("docker", "run", "--detach", "--name", names[role], *limits, *settings, *mounts, found["Image"])
            until(lambda: all(status == 200 for status, _ in send(PINGS, names)), 30, "the proxies answer")
            yield names, recorder
        finally:
            run("docker", "rm", "--force", "--volumes", *names.values(), check=False)
            run("docker", "volume", "rm", *names.values(), check=False)
