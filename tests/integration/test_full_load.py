"""As many requests as one load generator can send, while models are swapped, workers killed, the registry is away.

Short here; LOAD_SECONDS=600 SWAPS=20 OUTAGE_SECONDS=60 for the long run. What is slow on a busy machine is waited for.
"""

import json
import os
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.integration.processes import free_port, mlflow_server, model_server, wait_for
from tests.integration.registry import register
from tests.integration.test_limits import NOBODY, Load, predict, release, swap, workers
from tests.load import wrk
from tests.unit.model_server.builders import TRIP, graph

pytestmark = wrk.needs_wrk
LOAD_SECONDS = float(os.environ.get("LOAD_SECONDS", "5"))
WARM_SECONDS = 3.0  # until every thread of a worker has answered
SWAPS = int(os.environ.get("SWAPS", "4"))
OUTAGE_SECONDS = float(os.environ.get("OUTAGE_SECONDS", "1"))
GROWTH = 1.05


class FullRate:
    """wrk until the block ends; then how many requests failed, and how many there were in a second."""

    def __init__(self, url: str, folder: Path) -> None:
        bodies = folder / "bodies"
        bodies.write_text(json.dumps(TRIP) + "\n")
        self._command = wrk.command(f"{url}/predict", bodies, seconds=3600)
        self.failed, self.rate = -1, 0.0

    def __enter__(self):
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, process_group=0
        )
        assert "started" in self._process.stderr.readline()
        return self

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGINT)
        rate, _, _, failed = self._process.communicate()[1].splitlines()[-1].split()
        self.rate, self.failed = float(rate), int(failed)


def ready(url: str) -> None:
    wait_for(lambda: predict(url).ok, what="prediction")


@pytest.fixture(name="folder")
def _folder(tmp_path):
    release(tmp_path, "1", 3.0)
    return tmp_path


def test_no_swap_fails_a_request_or_leaves_an_old_version_answering(folder):
    with model_server(folder, NOBODY, MODEL_SERVER_ACCESS_LOG="off") as (url, _):
        ready(url)
        with FullRate(url, folder) as full, Load(url, clients=2) as load:
            wait_for(lambda: load.versions)
            late = swap(folder, load, SWAPS)

    assert (full.failed, load.failures, set(load.statuses), late) == (0, [], {200}, [])
    assert {int(version) for _, version in load.versions} == set(range(1, SWAPS + 2))


def test_full_load_neither_fails_nor_restarts_nor_grows(folder):
    with model_server(folder, NOBODY, MODEL_SERVER_ACCESS_LOG="off") as (url, process):
        before = wait_for(lambda: len(found := workers(process)) == 2 and found, what="two workers")
        ready(url)
        with FullRate(url, folder) as full:
            time.sleep(WARM_SECONDS)
            memory = [worker.memory_info().rss for worker in before]
            time.sleep(LOAD_SECONDS)
            grown = [worker.memory_info().rss / was for worker, was in zip(before, memory, strict=True)]

        assert (full.failed, workers(process)) == (0, before)
        assert max(grown) <= GROWTH, f"from {memory} by {grown} at {full.rate:.0f} requests a second"


def test_a_worker_killed_under_full_load_is_replaced_and_all_is_well(folder):
    with model_server(folder, NOBODY, MODEL_SERVER_ACCESS_LOG="off") as (url, process):
        before = wait_for(lambda: len(found := workers(process)) == 2 and found, what="two workers")
        ready(url)
        with FullRate(url, folder):
            before[0].kill()
            wait_for(lambda: len(set(workers(process)) - set(before)) == 1, what="new worker")
            ready(url)
        with FullRate(url, folder) as after:
            time.sleep(1)

        assert after.failed == 0
        assert after.rate > 0


def test_a_registry_that_is_away_fails_no_request_and_a_start_without_it_serves_the_last_champion(tmp_path):
    with ExitStack() as rest, ExitStack() as first:
        registry = first.enter_context(mlflow_server(tmp_path / "mlflow", free_port()))
        version = register(registry, graph())
        url, _ = rest.enter_context(model_server(tmp_path / "models", registry, MODEL_SERVER_ACCESS_LOG="off"))
        ready(url)
        with FullRate(url, tmp_path) as full:
            first.close()
            told = f"{url}/health/ready"
            wait_for(lambda: requests.get(told, timeout=20).json()["registry"] != "ok", what="word of it")
            time.sleep(OUTAGE_SECONDS)

    assert full.failed == 0
    with model_server(tmp_path / "models", registry) as (url, _):
        ready(url)
        assert predict(url).json()["model_version"] == version
