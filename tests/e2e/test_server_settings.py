"""What .env says of the model server reaches it: keys, processes; and its metrics are there for Prometheus."""

import contextlib
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.stack import compose, container, edit, run, setting, until
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
    """The server with keys and one process; open again afterwards, without them."""
    lines = "MODEL_SERVER_WORKERS=2\nMODEL_SERVER_KEYS_FILE=", f"MODEL_SERVER_WORKERS=1\nMODEL_SERVER_KEYS_FILE={KEYS}"
    edit(".env", *lines)
    try:
        run("make", "up")
        yield
    finally:
        compose("exec", "-T", "model-server", "rm", "-f", KEYS, check=False)
        edit(".env", *reversed(lines))
        run("make", "up")


@pytest.mark.usefixtures("locked")
def test_keys_are_asked_for_made_in_the_container_and_not_needed_by_smoke():
    until(lambda: predict().status_code == 401, 60, "a server that asks for keys")
    key = compose("exec", "-T", "model-server", "python", "-m", "services.model_server.keys", KEYS, "test").strip()

    until(lambda: predict(Authorization=f"Bearer {key}").status_code == 200, 30, "the key to be known")
    claim = "from infra.smoke import claims; claims.predictions_equal_batch_scores()"
    compose("run", "--rm", "-T", "smoke", "python", "-c", claim)
    assert len(workers()) == 1


def test_metrics_are_there_for_prometheus_on_this_machine(champion: str):
    assert predict().status_code == 200

    series = f'rows_total{{version="{champion}"}}'
    until(lambda: series in metrics(), 30, "the request to be counted")


def test_five_hundred_slow_clients_end_no_worker_in_the_container(champion: str):
    before = workers()
    with contextlib.ExitStack() as stack:
        begin(stack, f"http://127.0.0.1:{setting('MODEL_SERVER_PORT')}", 500)
        answered = predict().status_code

    assert answered == 200
    assert workers() == before
