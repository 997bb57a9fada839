"""What may reach the engine through the proxies, whatever they were asked: this is said here a second time, in
another language than the proxies'."""

import io
import json
import re
import tarfile

from tests.e2e.engine.requests import VERSION, World, base, create_body, files
from tests.e2e.stack import PROJECT

NAME = r"[a-z0-9]+(?:[._-][a-z0-9]+)*"
TAG = r"[a-z0-9_][a-z0-9_.-]{0,127}"
HEADERS = {"host: engine", "user-agent: go-http-client/1.1", "connection: close", "x-registry-auth: e30="}
BUILD = (
    "dockerfile=flows%2FDockerfile&forcerm=1"
    "&labels=%7B%22io.prefect.version%22%3A%22[0-9a-z.]{1,32}%22%7D"
    "&memory=1073741824&memswap=1073741824&networkmode=none&nocache=(?:true|false)&rm=1"
)


def allowed(world: World) -> re.Pattern[str]:
    """Method and target of everything that is allowed."""
    ours = re.escape(world.registry) + NAME
    encoded = re.escape(world.encoded_registry) + NAME
    flow = f"(?:{world.flow}|{world.ended})"
    filters = f"%7B%22label%22%3A%5B%22io.prefect.flow-run-id%22%5D%2C%22network%22%3A%5B%22{PROJECT}_flows%22%5D%7D"
    calls = [
        f"GET (?:{VERSION})?/_ping",
        f"GET (?:{VERSION})?/version",
        f"GET {VERSION}/images/(?:{ours}:{TAG}|{base()}|sha256:[0-9a-f]{{64}})/json",
        rf"POST {VERSION}/images/create\?fromImage={encoded}&tag={TAG}",
        rf"POST {VERSION}/containers/create(?:\?name=[A-Za-z0-9][A-Za-z0-9_.-]{{1,254}})?",
        f"GET {VERSION}/containers/[0-9a-f]{{64}}/json",
        rf"GET {VERSION}/containers/{flow}/logs(?:\?follow=[01]&stderr=[01]&stdout=[01]&tail=(?:all|\d{{1,6}})"
        r"&timestamps=[01])?",
        f"POST {VERSION}/containers/{flow}/(?:start|wait|stop|kill)",
        rf"POST {VERSION}/containers/{flow}/stop\?t=\d{{1,4}}",
        rf"POST {VERSION}/containers/{flow}/kill\?signal=SIG(?:KILL|TERM|INT)",
        rf"POST {VERSION}/build\?{BUILD}",
        rf"POST {VERSION}/images/{world.built}/tag\?repo={encoded}&tag={TAG}",
        rf"POST {VERSION}/images/{ours}/push\?tag={TAG}",
        rf"GET {VERSION}/containers/json\?all=1&filters={re.escape(filters)}",
        f"DELETE {VERSION}/containers/{world.ended}",
        rf"DELETE {VERSION}/images/{ours}:{TAG}\?noprune=1",
    ]
    return re.compile("|".join(calls))


def wrong(request: bytes, calls: re.Pattern[str], world: World) -> str:
    """Why the engine should not have got the request; nothing when it may."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *headers = head.decode().split("\r\n")
    call = first.removesuffix(" HTTP/1.1")
    if not calls.fullmatch(call):
        return first
    kinds = {f"content-length: {len(body)}"}
    if "/containers/create" in call:
        kinds.add("content-type: application/json")
        body = b"" if _is_locked_down(json.loads(body), world) else body
    if "/build?" in call:
        kinds.add("content-type: application/tar")
        body = b"" if _is_context(body) else body
    if strange := {header.lower() for header in headers} - HEADERS - kinds:
        return f"{first}: {strange}"
    return f"{first}: {body[:3000]!r}" if body else ""


def _is_locked_down(container: dict, world: World) -> bool:
    free = {name: container[name] for name in ("Env", "Cmd", "Image", "Labels")}
    host = container["HostConfig"]
    limits = {name: host[name] for name in ("Memory", "MemorySwap", "PidsLimit")}
    return (
        container == create_body(world.registry, HostConfig=limits, **free)
        and 2**26 <= host["Memory"] == host["MemorySwap"] < 2**40
        and 1 <= host["PidsLimit"] <= 4096
        and bool(re.fullmatch(f"{re.escape(world.registry)}{NAME}:{TAG}", free["Image"]))
        and all(name.startswith("io.prefect.") for name in free["Labels"])
        and all(re.match("[A-Za-z_][A-Za-z0-9_]*=", entry) for entry in free["Env"])
        and not any(entry.upper().startswith("PREFECT_API_AUTH_STRING") for entry in free["Env"])
    )


def _is_context(body: bytes) -> bool:
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        members = archive.getmembers()
        dockerfiles = [archive.extractfile(one).read() for one in members if "dockerfile" in one.name.lower()]
    names = [one.name for one in members]
    return (
        dockerfiles == [files()["flows/Dockerfile"]]
        and len(set(names)) == len(names)
        and all(one.type in (tarfile.REGTYPE, tarfile.DIRTYPE) and not one.pax_headers for one in members)
        and all(re.fullmatch(r"COMMIT|flows(?:/[a-z0-9_]+)*(?:/\w+\.py|/Dockerfile)?", name) for name in names)
    )
