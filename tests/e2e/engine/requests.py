"""Requests to the engine proxies as raw bytes, and the good ones of every entry: what our clients really send."""

import io
import json
import re
import tarfile
from dataclasses import dataclass
from urllib.parse import quote

from tests.e2e.stack import PROJECT, ROOT, setting

ENTRIES = {"worker": "engine-worker", "deploy": "engine-deploy"}  # role: the volume that holds its socket
VERSION = "/v1.41"
JSON = ("Content-Type: application/json",)
TAR = ("Content-Type: application/tar",)
FORM = ("Content-Type: application/x-www-form-urlencoded",)
Attack = tuple[str, str, bytes]  # what it tries, the role whose socket gets it, the bytes
BUILD = {
    "q": "False",
    "nocache": "False",
    "rm": "True",
    "forcerm": "True",
    "pull": "False",
    "dockerfile": "flows%2FDockerfile",
    "labels": "%7B%22io.prefect.version%22%3A+%223.8.8%22%7D",
}


def http(method: str, target: str, body: bytes = b"", *headers: str, line: str = "HTTP/1.1", sized=True) -> bytes:
    """One request; Content-Length is written if there is a body, unless it is told otherwise."""
    sizes = [f"Content-Length: {len(body)}"] if body and sized else []
    head = [f"{method} {target} {line}", "Host: engine", *headers, *sizes]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def query(pairs: dict[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs.items())


@dataclass(frozen=True)
class World:
    """What there is on the engine that requests are about."""

    flow: str  # id of a flow container that runs
    ended: str  # of one that exited
    foreign: str  # of a service of the stack
    built: str  # id of a flow image
    foreign_image: str

    @property
    def registry(self) -> str:
        return f"localhost:{setting('REGISTRY_PORT')}/trainyard/"

    @property
    def encoded_registry(self) -> str:
        return quote(self.registry, safe="")


def create_body(registry: str, **changes: object) -> dict[str, object]:
    """What the worker sends to create a container, with changes; the image of this name is not there."""
    host = {
        "Memory": 2**30,
        "MemorySwap": 2**30,
        "NetworkMode": f"{PROJECT}_flows",
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "Binds": [f"{PROJECT}_flow-secrets:/run/secrets:ro"],
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
        "Tmpfs": {"/tmp": "size=512m"},
        "PidsLimit": 512,
    } | changes.pop("HostConfig", {})
    return {
        "Tty": False,
        "OpenStdin": False,
        "StdinOnce": False,
        "AttachStdin": False,
        "AttachStdout": True,
        "AttachStderr": True,
        "Env": ["A=b"],
        "Cmd": ["true"],
        "Image": f"{registry}none:none",
        "Volumes": {"/run/secrets": {}},
        "NetworkDisabled": False,
        "HostConfig": host,
        "NetworkingConfig": {f"{PROJECT}_flows": None},
        "Labels": {"io.prefect.flow-run-id": "3a6f2c40-de17-4b7e-b4f5-4c0bd3010aec"},
    } | changes


def create(body: object, name: str = "attack") -> bytes:
    text = body if isinstance(body, str) else json.dumps(body)
    return http("POST", f"{VERSION}/containers/create?name={name}", text.encode(), *JSON)


def base() -> str:
    """The image that the project's Dockerfile starts from."""
    return re.search(r"^FROM (\S+)$", (ROOT / "flows/Dockerfile").read_text(), re.MULTILINE)[1]


def files() -> dict[str, bytes]:
    """A build context such as deploy makes it."""
    return {"COMMIT": b"none", "flows/Dockerfile": (ROOT / "flows/Dockerfile").read_bytes(), "flows/__init__.py": b""}


def context(*more: tuple[tarfile.TarInfo, bytes], without: str = "", **changes: object) -> bytes:
    """A tar of the files, without one of them, and then of more."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", **changes) as archive:
        for name, content in files().items():
            if name != without:
                archive.addfile(*member(name, content))
        for info, content in more:
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def member(name: str, content: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, io.BytesIO]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, io.BytesIO(content)


def build(body: bytes, *headers: str, **changes: str) -> bytes:
    return http("POST", f"{VERSION}/build?{query(BUILD | changes)}", body, *(headers or TAR))


def good(w: World) -> dict[str, list[bytes]]:
    """The requests of every entry as our clients send them."""
    ours = f"{w.registry}none:none"
    named = f"repo={w.encoded_registry}none"
    filters = {"label": ["io.prefect.flow-run-id"], "network": [f"{PROJECT}_flows"]}
    listed = quote(json.dumps(filters, separators=(",", ":")))
    logs = "stderr=1&stdout=1&timestamps=0&follow=0&tail=all"
    probes = [http("GET", path) for path in ("/_ping", "/version", f"{VERSION}/version")]
    worker = [
        ("GET", f"/images/{ours}/json"),
        ("POST", f"/images/create?tag=none&fromImage={w.encoded_registry}none"),
        ("GET", f"/containers/{w.ended}/json"),
        ("GET", f"/containers/{w.ended}/logs?{logs}"),
        ("POST", f"/containers/{w.flow}/start"),
        ("POST", f"/containers/{w.ended}/wait"),
        ("POST", f"/containers/{w.ended}/stop?t=30"),
        ("POST", f"/containers/{w.ended}/kill?signal=SIGTERM"),
    ]
    deploy = [
        ("GET", f"/images/{base()}/json"),
        ("GET", f"/images/{w.built}/json"),
        ("POST", f"/images/{w.built}/tag?tag=none&{named}-tagged&force=0"),
        ("POST", f"/images/{w.registry}none/push?tag=none"),
        ("GET", f"/containers/json?all=1&filters={listed}"),
        ("DELETE", f"/containers/{'0' * 64}"),
        ("DELETE", f"/images/{ours}?force=False&noprune=True"),
    ]
    return {
        "worker": [*probes, *(http(m, VERSION + t) for m, t in worker), create(create_body(w.registry), "none")],
        "deploy": [*probes, *(http(m, VERSION + t) for m, t in deploy), build(context())],
    }
