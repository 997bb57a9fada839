"""What .env says of the model server reaches it: keys, processes; and its metrics are there for Prometheus."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest

from tests.e2e.stack import compose, container, edit, inspect, run, setting, until
from tests.integration.server_attacks import heavy
from tests.integration.test_limits import begin
from tests.unit.model_server.builders import TRIP

KEYS = "/var/lib/models/keys"


def predict(**headers: str) -> httpx.Response:
    return httpx.post(
        f"http://127.0.0.1:{setting('MODEL_SERVER_PORT')}/predict", json=TRIP, headers=headers, timeout=60
    )


def metrics() -> str:
    return httpx.get(f"http://127.0.0.1:{setting('MODEL_SERVER_METRICS_PORT')}/metrics").raise_for_status().text


def workers() -> set[str]:
    """Process ids on this machine."""
    lines = run("docker", "top", container("model-server"), "-o", "pid,args").stdout.splitlines()
    return {line.split()[0] for line in lines if "import spawn_main" in line}


@pytest.fixture
def locked(champion: str) -> Iterator[None]:
    """The server with keys and three processes; open again afterwards, without them."""
    changes = ("MODEL_SERVER_WORKERS=", "2", "3"), ("MODEL_SERVER_KEYS_FILE=", "\n", f"{KEYS}\n")
    memory = setting("MODEL_SERVER_MEMORY")
    for name, usual, other in changes:
        edit(".env", name + usual, name + other)
    try:
        run("make", "up")
        yield
    finally:
        compose("exec", "-T", "model-server", "rm", "-f", KEYS, check=False)
        for name, usual, other in changes:
            edit(".env", name + other, name + usual)
        edit(".env", setting("MODEL_SERVER_MEMORY"), memory)
        run("make", "up")


@pytest.mark.usefixtures("locked")
def test_keys_are_asked_for_made_in_the_container_and_not_needed_by_smoke():
    until(lambda: predict().status_code == 401, 60, "a server that asks for keys")
    key = compose("exec", "-T", "model-server", "python", "-m", "services.model_server.keys", KEYS, "test").strip()

    until(lambda: predict(Authorization=f"Bearer {key}").status_code == 200, 30, "the key to be known")
    claim = "from infra.smoke import claims; claims.predictions_equal_batch_scores()"
    compose("run", "--rm", "-T", "smoke", "python", "-c", claim)
    assert len(workers()) == 3
    assert inspect(container("model-server"))["HostConfig"]["Memory"] == (400 + 3 * 240) << 20


def test_metrics_are_there_for_prometheus_on_this_machine(champion: str):
    assert predict().status_code == 200

    series = f'rows_total{{version="{champion}"}}'
    until(lambda: series in metrics(), 30, "the request to be counted")


@pytest.mark.parametrize("name", ["a long wide string", "inputs of one long column", "a list of objects", "many lines"])
def test_heavy_requests_at_once_end_no_worker_in_the_container(champion: str, name: str):
    before, url = workers(), f"http://127.0.0.1:{setting('MODEL_SERVER_PORT')}"
    path, body, kind = next((path, body, kind) for said, path, body, kind in heavy() if said == name)
    with ThreadPoolExecutor(64) as pool:
        send = partial(httpx.post, url + path, content=body, headers={"Content-Type": kind}, timeout=120)
        statuses = {answer.status_code for answer in pool.map(lambda _: send(), range(64))}

    assert statuses <= {413, 422, 503}
    assert workers() == before


def test_json_that_is_nested_deeper_than_a_thread_has_stack_is_refused(champion: str):
    before, url = workers(), f"http://127.0.0.1:{setting('MODEL_SERVER_PORT')}"
    for deep in (900, 9_000, 1_000_000):
        kind = {"Content-Type": "application/json"}
        bodies = ("/predict", "[" * deep), ("/invocations", '{"inputs":' + "[" * deep + "]" * deep + "}")
        for path, body in bodies:
            assert httpx.post(url + path, content=body, headers=kind, timeout=60).status_code in (400, 413, 422)

    assert workers() == before


def test_a_name_that_points_here_from_elsewhere_is_not_answered_for(champion: str):
    assert predict(Host="evil.example").status_code == 421
    assert predict(Host="model-server:8080").status_code == 200
    assert predict(Origin="http://evil.example").status_code == 403


def test_five_hundred_slow_clients_end_no_worker_in_the_container(champion: str):
    before = workers()
    with contextlib.ExitStack() as stack:
        begin(stack, f"http://127.0.0.1:{setting('MODEL_SERVER_PORT')}", 500)
        answered = predict().status_code

    assert answered == 200
    assert workers() == before
