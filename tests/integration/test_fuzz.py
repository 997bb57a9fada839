"""Nothing that is sent makes the server fail, restart or grow: mutations of what every route takes, by a fixed seed.

FUZZ_REQUESTS=50000 for the long run.
"""

import json
import os
import random
import time

import pytest
import requests

from tests.integration.attacked import Server
from tests.integration.processes import model_server, wait_for
from tests.integration.test_limits import NOBODY, release, workers
from tests.unit.model_server.builders import TRIP

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "2000"))
GROWTH = 20_000_000  # bytes of a worker's memory after the first tenth
SPLIT = {"dataframe_split": {"columns": list(TRIP), "data": [list(TRIP.values())]}}
TENSORS = [{"name": name, "shape": [1], "datatype": "FP32", "data": [value]} for name, value in TRIP.items()]
SEEDS = [
    ("/predict", json.dumps(TRIP)),
    ("/predict", json.dumps([TRIP, TRIP])),
    ("/invocations", json.dumps(SPLIT)),
    ("/invocations", json.dumps({"inputs": TRIP})),
    ("/v2/models/trip-duration/infer", json.dumps({"id": "1", "inputs": TENSORS})),
    ("/v2/models/trip-duration/versions/1/infer", json.dumps({"inputs": TENSORS})),
    ("/model/reload", ""),
    ("/nowhere", "{}"),
]
NASTY = ["null", "-1", "1e999", "NaN", '""', "[]", "{}", "true", "9" * 40, '"\\ud800"', "\x00", "[[", '":', "\u2028"]
NASTY += ["9" * 309, "-" + "9" * 5000, "[" * 2000, '{"a":' * 9000, "\U0001f600", "2026-11-21T07:34:00+23:59", "\ufeff"]
HEAVY = ["1,", "[],", "{},", '{"a":1},', '"x",', "[[", "\n", ",", "\u00e9"]
KINDS = ["application/json"] * 8 + ["text/csv", "application/octet-stream", "", "application/json; charset=utf-16"]
METHODS = ["POST"] * 18 + ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "post", "BREW", "TRACE"]
HEADERS = [
    "X-Request-Id",
    "Inference-Header-Content-Length",
    "Authorization",
    "Accept",
    "Host",
    "Origin",
    "Content-Length",
]
VALUES = ["0", "7", "99999999999", "Bearer x", "a" * 500, "*/*", "localhost", "evil.example", "9" * 5000, "-1", "\xff"]


def mutated(chance: random.Random, text: str) -> bytes:
    """*text* with up to four pieces cut, doubled or replaced by something nasty."""
    for _ in range(chance.randint(0, 4)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.randint(0, 12))
        piece = chance.choice([chance.choice(NASTY), text[start:end] * 2, ""])
        text = text[:start] + piece + text[end:]
    if chance.random() < 0.02:
        at = chance.randrange(len(text) + 1)
        piece = chance.choice(HEAVY)
        text = text[:at] + piece * (chance.randrange(7_000_000) // len(piece.encode())) + text[at:]
    raw = text.encode("utf-8", "surrogatepass")
    return raw[: chance.randrange(len(raw) + 1)] + b"\xff" if chance.random() < 0.05 else raw


def message(chance: random.Random) -> bytes:
    """A random request, a third of them with a head that is odd, too."""
    path, text = chance.choice(SEEDS)
    body = mutated(chance, text)
    headers = {"Host": "localhost", "Content-Type": chance.choice(KINDS), "Content-Length": str(len(body))}
    if chance.random() < 0.2:
        headers[chance.choice(HEADERS)] = chance.choice(VALUES)
    if chance.random() < 0.1:
        del headers["Content-Length"]
        headers["Transfer-Encoding"] = chance.choice(["chunked", "chunked", "Chunked", "gzip, chunked", "identity"])
        size = chance.choice([f"{len(body):x}", f"{len(body):X};a=b", "0", "-1", "ffffffffffffffff", ""])
        body = f"{size}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    lines = [
        f"{chance.choice(METHODS)} {path} HTTP/1.1",
        *(f"{n}: {v}" for n, v in headers.items()),
        "Connection: close",
    ]
    head = "\r\n".join(lines).encode("latin-1")
    if chance.random() < 0.1:
        at = chance.randrange(len(head))
        head = head[:at] + chance.choice([b"\0", b"\r", b"\n", b" ", b"\xff", b"%00", b"//", b":"]) + head[at:]
    return head + b"\r\n\r\n" + body


def ask(chance: random.Random, server: Server) -> int:
    """The status of one random request; GONE when it was no HTTP."""
    return server.send(message(chance), seconds=30)[0]


@pytest.mark.parametrize("seed", [7])
def test_nothing_that_is_sent_makes_the_server_fail_restart_or_grow(tmp_path, seed):
    release(tmp_path, "1", 3.0)
    chance = random.Random(seed)
    with model_server(tmp_path, NOBODY, MODEL_SERVER_ACCESS_LOG="off", MODEL_SERVER_BODY_SECONDS="1") as (url, process):
        wait_for(lambda: len(workers(process)) == 2)
        for _ in range(100):  # each over a connection of its own, so that both workers are warm
            requests.post(f"{url}/predict", json=[TRIP] * 10, timeout=20)
        server = Server(url, process)
        statuses = [ask(chance, server) for _ in range(REQUESTS // 10)]
        memory = server.memory()
        statuses += [ask(chance, server) for _ in range(REQUESTS - len(statuses))]

        assert max(statuses) < 500
        assert statuses.count(200) > REQUESTS // 50  # the mutations leave some requests good
        assert server.unharmed(), server.most_memory()
        time.sleep(1)  # until what large bodies took is given back
        assert max(now - was for now, was in zip(server.memory(), memory, strict=True)) < GROWTH
