"""What one parser takes for another request than the next one does."""

from collections.abc import Iterator

from tests.e2e.engine.attacks_on_calls import PRIVILEGED
from tests.e2e.engine.requests import ENTRIES, JSON, VERSION, Attack, World, http

CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(PRIVILEGED), PRIVILEGED)
EXTENDED = CHUNKED.replace(b"\r\n", b";a=b\r\n", 1)


def heads(w: World) -> Iterator[Attack]:
    """Request lines and headers."""
    hidden = http("GET", f"{VERSION}/containers/json")
    h2_settings = b"\0\0\0\x04\0\0\0\0\0"
    for entry in ENTRIES:
        yield f"{entry}: HTTP/2", entry, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + h2_settings
        yield (
            f"{entry}: HTTP/2 in clear",
            entry,
            http(
                "GET",
                "/_ping",
                b"",
                "Connection: Upgrade, HTTP2-Settings",
                "Upgrade: h2c",
                "HTTP2-Settings: AAMAAABkAAQAAP__",
            ),
        )
        for line in ("HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/3", "HTTP/1.1 ", "http/1.1", "HTTP/1.2"):
            yield f"{entry}: GET /_ping {line}", entry, http("GET", "/_ping", line=line)
        for method in ("HEAD", "OPTIONS", "CONNECT", "TRACE", "get", "PATCH", "P\x00ST"):
            yield f"{entry}: {method} /_ping", entry, http(method, "/_ping")
        for target in (
            "http://engine/_ping",
            "engine:80",
            "*",
            "/_ping#x",
            "/_ping?",
            "/_ping?x=1",
            "/_PING",
            "/_ping/",
        ):
            yield f"{entry}: GET {target}", entry, http("GET", target)
        for header in (
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding:\tchunked",
            "Transfer-Encoding : chunked",
            "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
            "X: y\r\n Transfer-Encoding: chunked",
            "X: y\nTransfer-Encoding: chunked",
            "Upgrade: websocket\r\nConnection: Upgrade",
            "Expect: 100-continue",
            "Trailer: X",
            "TE: trailers",
            "Host: another",
            "X-HTTP-Method-Override: DELETE",
        ):
            yield f"{entry}: /_ping, {header!r}", entry, http("GET", "/_ping", b"", header) + CHUNKED
    yield "no Host", "worker", b"GET /_ping HTTP/1.1\r\n\r\n"
    yield "line feeds only", "worker", b"GET /_ping HTTP/1.1\nHost: engine\n\n" + b"\r\n\r\n" + hidden
    yield "an empty line first", "worker", b"\r\n" + http("GET", "/_ping")
    yield "a NUL in a header", "worker", http("GET", "/_ping", b"", "User-Agent: a\0b")
    yield "not HTTP at all", "worker", bytes(range(256)) * 40


def lengths(w: World) -> Iterator[Attack]:
    """Bodies where there may be none, announced in many ways."""
    start = f"{VERSION}/containers/{w.flow}/start"
    size = len(PRIVILEGED)
    for header, body in (
        ("Transfer-Encoding: chunked", CHUNKED),
        ("Transfer-Encoding: chunked", EXTENDED),
        (f"Content-Length: {size}\r\nContent-Length: 0", PRIVILEGED),
        (f"Content-Length: 0\r\nContent-Length: {size}", PRIVILEGED),
        (f"Content-Length: {size}\r\nTransfer-Encoding: chunked", CHUNKED),
        (f"Content-Length: +{size}", PRIVILEGED),
        (f"Content-Length: {size}, {size}", PRIVILEGED),
        ("Content-Length: -1", PRIVILEGED),
        ("Content-Length: 0x10", PRIVILEGED),
        ("Content-Length:0", PRIVILEGED),
        (f"content-length: {size}", PRIVILEGED),
        (f"Content-Length: {size}\r\nX-Fill: {'a' * 130_000}", PRIVILEGED),
        (f"Content-Length: {size}\r\nUser-Agent: {'a' * 8_000}", PRIVILEGED),
        (f"Content-Length: {2**63}", PRIVILEGED),
    ):
        yield f"start, {header[:60]!r}", "worker", http("POST", start, body, *JSON, header, sized=False)
    yield (
        "a body that is left out",
        "worker",
        http("POST", f"{VERSION}/containers/create", b"", "Content-Length: 0", *JSON),
    )
