"""Nothing that is sent makes the server fail, restart or grow: mutations of what every route takes, by a fixed seed.

FUZZ_REQUESTS=50000 for the long run.
"""

import json
import os
import random

import pytest
import requests

from tests.integration.processes import model_server, wait_for
from tests.integration.test_limits import NOBODY, release, workers
from tests.unit.model_server.builders import TRIP

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "2000"))
GROWTH = 1.05  # of a worker's memory after the first tenth
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
KINDS = ["application/json"] * 8 + ["text/csv", "application/octet-stream", "", "application/json; charset=utf-16"]
METHODS = ["POST"] * 12 + ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]
HEADERS = ["X-Request-Id", "Inference-Header-Content-Length", "Authorization", "Accept"]


def mutated(chance: random.Random, text: str) -> bytes:
    """*text* with up to four pieces cut, doubled or replaced by something nasty."""
    for _ in range(chance.randint(0, 4)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.randint(0, 12))
        piece = chance.choice([chance.choice(NASTY), text[start:end] * 2, ""])
        text = text[:start] + piece + text[end:]
    raw = text.encode("utf-8", "surrogatepass")
    return raw[: chance.randrange(len(raw) + 1)] + b"\xff" if chance.random() < 0.05 else raw


def ask(chance: random.Random, url: str, session: requests.Session) -> int:
    """The status of one random request."""
    path, body = chance.choice(SEEDS)
    headers = {"Content-Type": chance.choice(KINDS)}
    if chance.random() < 0.2:
        headers[chance.choice(HEADERS)] = chance.choice(["0", "7", "99999999999", "Bearer x", "a" * 500, "*/*"])
    method = chance.choice(METHODS)
    return session.request(method, url + path, data=mutated(chance, body), headers=headers, timeout=20).status_code


@pytest.mark.parametrize("seed", [7])
def test_nothing_that_is_sent_makes_the_server_fail_restart_or_grow(tmp_path, seed):
    release(tmp_path, "1", 3.0)
    chance = random.Random(seed)
    with model_server(tmp_path, NOBODY, MODEL_SERVER_ACCESS_LOG="off") as (url, process), requests.Session() as session:
        before = wait_for(lambda: len(found := workers(process)) == 2 and found)
        for _ in range(100):  # each over a connection of its own, so that both workers are warm
            requests.post(f"{url}/predict", json=[TRIP] * 10, timeout=20)
        statuses = [ask(chance, url, session) for _ in range(REQUESTS // 10)]
        memory = [worker.memory_info().rss for worker in before]
        statuses += [ask(chance, url, session) for _ in range(REQUESTS - len(statuses))]

        assert max(statuses) < 500
        assert statuses.count(200) > REQUESTS // 50  # the mutations leave some requests good
        assert workers(process) == before
        grown = [worker.memory_info().rss / was for worker, was in zip(before, memory, strict=True)]
        assert max(grown) < GROWTH
