"""Requests that are made from good ones by one to three changes, the same for the same seed."""

import io
import json
import random
import tarfile
from collections.abc import Iterator

from tests.e2e.engine.requests import World, good

PIECES = [
    *(b"%26 %2f %00 %0d%0a ; & ? # = / // .. ../ : @ , + \0 \t \r \n \r\n".split(b" ")),
    *(b"attack", b"host", b"true", b"null", b"-1", b"0", b"9" * 400, b"a" * 9_000, b"\xff\xfe", "\u212a".encode()),
    *(
        b"networkmode=host&",
        b"&t=attack",
        b"&repo=attack",
        b"&fromSrc=-",
        b"/v1.24",
        b"?force=1",
        b"\r\nContent-Length: 1",
    ),
]
HEADERS = [
    b"Transfer-Encoding: chunked",
    b"Content-Type: application/x-www-form-urlencoded",
    b"Content-Length: 0",
    b"Upgrade: h2c",
    b"Expect: 100-continue",
    b"X-Registry-Auth: e30=",
    b"Accept: */*",
    b"Host: other",
    b" folded",
    b"User-Agent : x",
]
VALUES = [None, True, 0, -1, 1.5, 2**63, "", "host", "ALL", [], ["ALL", "x"], {}, {"Privileged": True}, "\ud800", "\0"]


def mutations(world: World, seed: int) -> Iterator[tuple[str, bytes]]:
    """Endless roles and requests, all good ones in turn."""
    chance = random.Random(seed)
    every = [(role, request) for role, requests in good(world).items() for request in requests]
    while True:
        for role, request in every:
            for _ in range(chance.randint(1, 3)):
                request = chance.choice((_bytes, _head, _target, _body, _body, _splice))(chance, request, every)
            yield role, request


def _bytes(chance: random.Random, request: bytes, _: object) -> bytes:
    """A bit, a byte or a piece somewhere."""
    at, until = sorted(chance.choices(range(len(request)), k=2))
    return chance.choice(
        (
            request[:at] + bytes([request[at] ^ 1 << chance.randrange(8)]) + request[at + 1 :],
            request[:at] + chance.choice(PIECES) + request[at:],
            request[:at] + request[at + 1 :],
            request[:at] + request[at:until][:200] + request[at:],
            request[:at] + request[at : at + 1].swapcase() + request[at + 1 :],
        )
    )


def _head(chance: random.Random, request: bytes, _: object) -> bytes:
    """Another header, one twice, or none."""
    head, end, body = request.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    at = chance.randint(1, len(lines))
    chance.choice((lambda: lines.insert(at, chance.choice(HEADERS)), lambda: lines.insert(at, lines[-1]), lines.pop))()
    return b"\r\n".join(lines) + end + body


def _target(chance: random.Random, request: bytes, _: object) -> bytes:
    """Something in the path or the query: a piece, a letter, two pairs swapped, one twice."""
    method, _space, rest = request.partition(b" ")
    target, space, rest = rest.partition(b" ")
    at = chance.randint(0, len(target))
    path, mark, query = target.partition(b"?")
    pairs = query.split(b"&")
    chance.shuffle(pairs)
    changed = chance.choice(
        (
            target[:at] + chance.choice(PIECES) + target[at:],
            target[:at] + target[at : at + 1].swapcase() + target[at + 1 :],
            target[:at] + b"%%%02x" % (target[at : at + 1] or b"/")[0] + target[at + 1 :],
            path + mark + b"&".join(pairs),
            path + mark + b"&".join([*pairs, pairs[0]]),
        )
    )
    return method + b" " + changed + space + rest


def _body(chance: random.Random, request: bytes, _: object) -> bytes:
    """A field of the JSON, or an entry of the tar; the length is told right."""
    head, end, body = request.partition(b"\r\n\r\n")
    if body[:1] == b"{" and len(body) > 2:
        body = _json(chance, body)
    elif b"ustar" in body[:512]:
        body = _tar(chance, body)
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body)]) + end + body


def _json(chance: random.Random, body: bytes) -> bytes:
    try:
        fields = json.loads(body)
    except ValueError:
        return body
    inner = chance.choice([fields, fields.get("HostConfig"), fields.get("Labels")])
    if not isinstance(inner, dict) or not inner:
        return body
    name = chance.choice(sorted(inner))
    name = chance.choice((name, name, name.lower(), name + "x"))
    inner[name] = chance.choice(VALUES)
    return json.dumps(fields).encode()


def _tar(chance: random.Random, body: bytes) -> bytes:
    try:
        with tarfile.open(fileobj=io.BytesIO(body)) as sent:
            members = [(info, (sent.extractfile(info) or io.BytesIO()).read()) for info in sent]
    except (tarfile.TarError, EOFError, KeyError, UnicodeError, ValueError, RecursionError):
        return body
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for info, content in members:
            if chance.random() < 0.4:
                info.name = chance.choice((info.name, "./" + info.name, "Dockerfile", "../a.py", "flows/b.py", "flows"))
                info.type = chance.choice((tarfile.REGTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, b"Z"))
                info.pax_headers = chance.choice(({}, {}, {"path": "Dockerfile"}, {"mtime": "1.5"}, {"uid": "0"}))
                content = chance.choice((content, content, b"ADD http://127.0.0.1/ /\n"))
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def _splice(chance: random.Random, request: bytes, every: list[tuple[str, bytes]]) -> bytes:
    """Another request behind this one, or another's body under this head."""
    _, other = chance.choice(every)
    head, end, _ = request.partition(b"\r\n\r\n")
    return chance.choice((request + other, head + end + other.partition(b"\r\n\r\n")[2]))
