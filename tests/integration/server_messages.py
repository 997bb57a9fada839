"""Messages that are odd as HTTP: methods, targets, hosts, origins, heads, lengths. Bodies are in server_attacks.py."""

from collections.abc import Iterator

from tests.integration.server_attacks import GONE, INFER, INVOKE, JSON, PREDICT, Attack, head, post, tensor, trip

ODD_HEAD = (GONE, 400, 413, 415, 431)
CHUNKED = "Transfer-Encoding: chunked"


def messages() -> Iterator[Attack]:
    """All of them."""
    yield from _methods_and_targets()
    yield from _hosts()
    yield from _origins()
    yield from _heads()
    yield from _lengths()


def _methods_and_targets() -> Iterator[Attack]:
    methods = ("BREW", "TRACE", "post", "P" * 10_000, "PROPFIND", *(f"M{n}" for n in range(40)))
    for method in methods:
        yield Attack(f"method {method[:9]}", head(method, PREDICT), (400, 404, 405))
        yield Attack(f"method {method[:9]} on the page", head(method, "/"), (400, 404, 405))
    yield Attack(
        "CONNECT",
        b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        (GONE, 400, 404, 405),
    )
    yield Attack("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", (GONE, 400))
    yield Attack("HTTP/3.0", b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", (GONE, 400, 505))
    upgrade = ("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
    yield Attack("an upgrade to HTTP/2", head("GET", "/health/live", *upgrade), (200, 400))
    yield Attack(
        "an upgrade to WebSocket", head("GET", "/ping", "Upgrade: websocket", "Sec-WebSocket-Key: x"), (200, 400, 426)
    )
    for target in (
        "/static/../settings.py",
        "/static/%2e%2e/settings.py",
        "/static/..%2fsettings.py",
        "/static/%00",
        "/static//etc/passwd",
        "/static/" + "a" * 5000,
        "/%00",
        "/%ff%fe",
        "/%",
        "//",
        "//evil.example/predict",
        "/v2/models/%00/versions/%ff",
        "/v2/models/" + "%2f" * 1000,
        "*",
        "/" + "a" * 60_000,
        "/nowhere?a=%ff&b=%00&" + "c&" * 20_000,
        "/predict/",
        "http://evil.example/nowhere",
        "/model;x=../",
    ):
        yield Attack(
            f"target {target[:30]}",
            head("GET", target),
            (*(200,) * (target == "//"), GONE, 400, 404, 405, 414, 421, 431, 308),
        )
        yield Attack(f"POST to {target[:30]}", post(target, trip()), (GONE, 400, 404, 405, 414, 421, 431, 308))


def _hosts() -> Iterator[Attack]:
    for host in (
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "localhost@evil.example",
        "evil.example@localhost",
        "localhost:80:80",
        "127.0.0.1.evil.example",
        "[::1].evil.example",
        "2130706433",
        "localhost,evil.example",
        "local host",
        "\xe9vil",
        "[::1",
        "x" * 5000,
        "",
    ):
        for path, raw in (("/model", head("GET", "/model", host=host)), (PREDICT, post(PREDICT, trip()))):
            raw = raw.replace(b"Host: localhost", b"Host: " + host.encode("latin-1"))
            yield Attack(f"{path} of host {host[:30]!r}", raw, (400, 421))
    yield Attack("no host", b"GET /model HTTP/1.1\r\nConnection: close\r\n\r\n", (400, 421))
    yield Attack("two hosts", head("GET", "/model", "Host: evil.example"), (400, 421))
    for host in ("localhost", "LocalHost:1", "127.0.0.1:8080", "[::1]:80", "10.0.0.7"):
        yield Attack(f"the allowed host {host}", head("GET", "/health/live", host=host), (200,))


def _origins() -> Iterator[Attack]:
    evil = (
        "Origin: http://evil.example",
        "Origin: null",
        "Origin: http://8.8.8.8",
        "Origin: x",
        "Sec-Fetch-Site: cross-site",
    )
    for page in (*evil, "Origin: http://localhost.evil.example", "Sec-Fetch-Site: same-site"):
        for path, body in ((PREDICT, trip()), (INFER, tensor()), (INVOKE, "a\n1"), ("/model/reload", "")):
            told = f"Content-Length: {len(body)}"  # and no Content-Type, which asks for no permission
            yield Attack(f"{path} for {page}", head("POST", path, told, page) + body.encode(), (403,))
    yield Attack(
        "its own page", post(PREDICT, trip(), JSON, "Origin: http://localhost", "Sec-Fetch-Site: same-origin"), (200,)
    )


def _heads() -> Iterator[Attack]:
    for name, line in (
        ("two hundred headers", "\r\n".join(f"X-{n}: {n}" for n in range(200))),
        ("a header of 300 KB", "X-Long: " + "a" * 300_000),
        ("a folded header", "X-Fold: a\r\n b"),
        ("a header without a colon", "X-Nothing"),
        ("a space before the colon", "Content-Type : application/json"),
        ("NUL in a header", "X-Nul: a\0b"),
        ("a bare CR", "X-Cr: a\rb"),
    ):
        yield Attack(name, head("GET", "/model", line), (*ODD_HEAD, 200))
    for name in (
        "Authorization",
        "X-Api-Key",
        "X-Request-Id",
        "Content-Type",
        "Accept",
        "Cookie",
        "Expect",
        "Origin",
        "Range",
    ):
        for value in (
            "\xff\xfe",
            "Bearer \x80",
            "a" * 50_000,
            "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("latin-1"),
        ):
            line = f"{name}: {value}".replace("\r", "").replace("\n", "").replace("\0", "")
            yield Attack(
                f"{name} of {value[:9]!r}", head("POST", PREDICT, "Content-Length: 0", line), (*ODD_HEAD, 403, 417, 422)
            )


def _lengths() -> Iterator[Attack]:
    for name, headers, body in (
        ("a negative length", ("Content-Length: -1",), ""),
        ("a length in words", ("Content-Length: ten",), ""),
        ("two lengths", ("Content-Length: 2", "Content-Length: 3"), "{} "),
        ("a list of lengths", ("Content-Length: 2, 3",), "{} "),
        ("a length and chunks", ("Content-Length: 2", CHUNKED), "0\r\n\r\n"),
        ("an unknown coding", ("Transfer-Encoding: xchunked",), "0\r\n\r\n"),
        ("two codings", ("Transfer-Encoding: gzip, chunked",), "0\r\n\r\n"),
        ("chunks twice", (CHUNKED, CHUNKED), "0\r\n\r\n"),
        ("a coding spelt oddly", ("Transfer-Encoding : chunked",), "0\r\n\r\n"),
        ("a chunk of 2**64", (CHUNKED,), "10000000000000000\r\n{}\r\n0\r\n\r\n"),
        ("a negative chunk", (CHUNKED,), "-1\r\n{}\r\n0\r\n\r\n"),
        ("a chunk in words", (CHUNKED,), "zz\r\n{}\r\n0\r\n\r\n"),
        ("a chunk with a long extension", (CHUNKED,), "2;" + "a" * 100_000 + "\r\n{}\r\n0\r\n\r\n"),
        ("a chunk shorter than it says", (CHUNKED,), "2\r\n{}x\r\n0\r\n\r\n"),
        ("long trailers", (CHUNKED,), "2\r\n{}\r\n0\r\n" + "X: y\r\n" * 20_000 + "\r\n"),
        ("a hundred thousand chunks", (CHUNKED,), "1\r\n[\r\n" * 100_000 + "0\r\n\r\n"),
        ("a second request behind", ("Content-Length: 2",), "{}GET /model HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
    ):
        raw = head("POST", PREDICT, f"Content-Type: {JSON}", *headers) + body.encode()
        yield Attack(name, raw, (GONE, 400, 413, 422, 431))
