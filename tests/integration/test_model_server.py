"""The real process against a real MLflow registry."""

import os
import signal
from contextlib import ExitStack

import psutil
import pytest
import requests

from tests.integration.processes import free_port, mlflow_server, model_server, wait_for
from tests.integration.registry import register
from tests.integration.test_limits import Load, workers
from tests.unit.model_server.builders import FIELDS, TRIP, graph


@pytest.fixture(name="registry", scope="module")
def _registry(tmp_path_factory):
    with mlflow_server(tmp_path_factory.mktemp("mlflow"), free_port()) as url:
        yield url


@pytest.fixture(name="server")
def _server(tmp_path, registry):
    """A server of the champion: minutes = 1 + 3 * trip_distance."""
    register(registry, graph(3.0))
    with model_server(tmp_path, registry) as (url, _):
        wait_for(lambda: requests.get(f"{url}/health/ready", timeout=30).ok, what="ready server")
        yield url


def predict(url: str, **changes: object) -> requests.Response:
    return requests.post(f"{url}/predict", json=TRIP | changes, timeout=30)


def test_a_server_without_a_champion_is_live_and_takes_the_first_one_by_itself(tmp_path, registry):
    with model_server(tmp_path, registry, MODEL_NAME="trip-duration") as (url, _):
        (answer,) = wait_for(lambda: [r for r in [predict(url)] if "make demo" in r.text], what="remedy")

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert requests.get(f"{url}/health/ready", timeout=30).status_code == 503
        version = register(registry, graph())
        assert wait_for(lambda: (r := predict(url)).ok and r).json()["model_version"] == version


def test_a_promoted_version_is_served_within_a_poll_and_the_answer_says_which(server, registry):
    version = register(registry, graph(5.0))

    answer = wait_for(lambda: (r := predict(server)).json().get("model_version") == version and r)

    assert answer.json()["minutes"] == pytest.approx(1 + 5 * 3.66, abs=1e-4)
    assert answer.headers["X-Model-Version"] == version


def test_a_model_that_would_break_clients_is_refused_while_the_old_one_serves(server, registry):
    before = predict(server).json()["model_version"]
    version = register(registry, graph(fields=[*FIELDS, {"name": "fare", "dtype": "float32"}]))

    ready = f"{server}/health/ready"
    refused = wait_for(lambda: requests.get(ready, timeout=30).json()["refused"])

    assert refused[-1]["version"] == version
    assert "requires the new field fare" in refused[-1]["reason"]
    assert predict(server).json()["model_version"] == before


def test_a_body_of_100_megabytes_is_refused_in_words(server):
    answer = requests.post(
        f"{server}/predict", data=b" " * 100_000_000, headers={"Content-Type": "application/json"}, timeout=60
    )

    assert (answer.status_code, answer.json()["type"]) == (413, "/docs#too-large")


def test_a_stopped_registry_fails_no_request_and_is_told(tmp_path):
    with ExitStack() as rest, ExitStack() as first:
        registry = first.enter_context(mlflow_server(tmp_path / "mlflow", free_port()))
        register(registry, graph())
        url, _ = rest.enter_context(model_server(tmp_path / "models", registry))
        wait_for(lambda: predict(url).ok)
        load = rest.enter_context(Load(url))
        first.close()
        ready = f"{url}/health/ready"
        wait_for(lambda: requests.get(ready, timeout=30).json()["registry"] != "ok", what="word of it")

    assert (load.failures, set(load.statuses)) == ([], {200})


def test_the_candidate_of_the_registry_is_shadowed_and_counted(tmp_path, registry):
    register(registry, graph(3.0))
    register(registry, graph(4.0), alias="candidate")
    metrics = str(free_port())
    with model_server(tmp_path, registry, MODEL_SHADOW_PERCENT="100", MODEL_SERVER_METRICS_PORT=metrics) as (url, _):
        wait_for(lambda: predict(url).ok)

        def shadowed() -> bool:
            predict(url)
            return "shadow_rows_total{" in requests.get(f"http://127.0.0.1:{metrics}/metrics", timeout=30).text

        wait_for(shadowed, what="row of the shadow")


def test_a_reload_is_served_long_before_the_next_poll(tmp_path, registry):
    register(registry, graph())
    with model_server(tmp_path, registry, MODEL_POLL_SECONDS="600", MODEL_RELOAD_TOKEN="t") as (url, _):
        wait_for(lambda: predict(url).ok)
        version = register(registry, graph(5.0))

        asked = requests.post(f"{url}/model/reload", headers={"Authorization": "Bearer t"}, timeout=30)

        assert asked.status_code == 202
        wait_for(lambda: predict(url).json().get("model_version") == version)


def test_a_server_restarted_without_its_registry_serves_the_last_champion(tmp_path):
    port = free_port()
    with mlflow_server(tmp_path / "mlflow", port) as registry:
        version = register(registry, graph())
        with model_server(tmp_path / "models", registry) as (url, _):
            wait_for(lambda: predict(url).ok)

    with model_server(tmp_path / "models", registry) as (url, _):
        assert wait_for(lambda: (r := predict(url)).ok and r).json()["model_version"] == version


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_whole_family_ends_with_the_first_process(tmp_path, registry, sign):
    with model_server(tmp_path, registry) as (_, process):
        wait_for(lambda: len(workers(process)) == 2, what="two workers")
        family = psutil.Process(process.pid).children(recursive=True)

        os.kill(process.pid, sign)

        assert len(family) >= 3
        assert psutil.wait_procs(family, timeout=60)[1] == []
        assert process.wait(60) == (-9 if sign == signal.SIGKILL else 0)
