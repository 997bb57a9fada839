"""What flows keep as results: planted objects run no code, kept ones are used again if they are what they should be."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, PREFECT_LOCAL_STORAGE_PATH, temporary_settings

from flows.ingest import ingest
from flows.pipeline import pipeline
from flows.results import ForeignResultError
from flows.train import train
from flows.trips import lake
from tests import planted
from tests.integration.conftest import Yard
from tests.integration.months import cut

ROOT = Path(__file__).parents[2]
STRANGER = """
from pathlib import Path

from prefect import flow, task

@task(persist_result=True, result_storage_key="known")
def cached():
    return 1

@flow(persist_result=True)
def stranger():
    return cached()
"""  # a flow that knows nothing of flows.results


@pytest.fixture(name="results")
def _results(yard: Yard, tmp_path: Path) -> Iterator[Path]:
    """The folder of this test's results."""
    with temporary_settings({PREFECT_LOCAL_STORAGE_PATH: tmp_path / "results"}):
        yield tmp_path / "results"


@pytest.fixture(name="months")
def _months(tmp_path: Path) -> str:
    return str(cut(tmp_path / "months"))


@pytest.fixture(name="marker")
def _marker(tmp_path: Path) -> Path:
    """The file that planted objects make where they are believed."""
    return tmp_path / "marker"


def files(results: Path) -> list[Path]:
    return [path for path in results.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", ["pickle", "a decoder that runs commands"])
def test_an_object_planted_for_a_cached_task_runs_no_code_and_the_task_runs_again(
    name: str, results: Path, months: str, marker: Path
) -> None:
    ingest("2023-01", source=months)
    for path in files(results):
        path.write_bytes(planted.objects(marker)[name])
    again = ingest("2023-01", source=months)

    assert not marker.exists()
    assert (again["rows"], again["cached"]) == (3000, False)
    assert ingest("2023-01", source=months)["cached"] is True


def test_an_object_planted_as_the_result_of_a_flow_runs_no_code(results: Path, months: str, marker: Path) -> None:
    ingest("2023-01", source=months)
    with get_client(sync_client=True) as client:
        state = client.read_flow_runs(sort="END_TIME_DESC", limit=1)[0].state
    assert state is not None
    assert state.result(_sync=True)["rows"] == 3000
    for path in files(results):
        path.write_bytes(planted.objects(marker)["a bare pickle"])

    with pytest.raises(ForeignResultError, match="for a flow start a new run"):
        state.result(retry_result_failure=False, _sync=True)
    assert not marker.exists()


def test_a_record_that_is_json_but_not_what_the_task_returns_is_made_again(results: Path, months: str) -> None:
    first = ingest("2023-01", source=months)
    for path in (path for path in files(results) if b'"sha256' in path.read_bytes()):
        record = json.loads(path.read_text())
        stored = json.loads(record["result"]) | {"month": "2023_01; DROP TABLE trips"}
        path.write_text(json.dumps(record | {"result": json.dumps(stored)}))
    again = ingest("2023-01", source=months)

    assert (again["cached"], again["not_trips"]) == (False, first["not_trips"])


def test_whatever_a_pipeline_keeps_is_json_and_the_model_is_not_in_it(
    results: Path, yard: Yard, months: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.trips.training.ROUNDS", 20)
    pipeline("2023-01", source=months)
    kept = files(results)
    models = list((yard.lake / "models").iterdir())

    assert len(kept) >= 14  # five flows' and nine cached tasks'
    assert all(planted.plain_json(path.read_bytes()) for path in kept)
    assert len(models) == 1
    assert models[0].stat().st_size > sum(path.stat().st_size for path in kept)


@pytest.mark.parametrize("content", [None, b"", b"another model"])
def test_a_model_that_is_gone_or_changed_in_the_lake_is_made_again(
    content: bytes | None, results: Path, yard: Yard, months: str
) -> None:
    for month in ("2023-01", "2023-02"):
        ingest(month, source=months)
    first = train("2023-01", rounds=3, baseline=False)
    (model,) = (yard.lake / "models").iterdir()
    trained = model.read_bytes()
    model.write_bytes(content) if content is not None else model.unlink()
    second = train("2023-01", rounds=3, baseline=False)

    assert lake.read_bytes(yard.lake_url, f"models/{model.name}") == trained
    assert second["validate"] == first["validate"]


def test_a_flow_that_knows_nothing_of_this_reads_no_planted_object_in_its_container(
    results: Path, tmp_path: Path, marker: Path
) -> None:
    (tmp_path / "stranger.py").write_text(STRANGER)
    results.mkdir()
    (results / "known").write_bytes(planted.objects(marker)["pickle"])
    with get_client(sync_client=True) as client:
        flow = client.create_flow_from_name("stranger")
        deployment = client.create_deployment(flow, "one", path=str(tmp_path), entrypoint="stranger.py:stranger")
        run = client.create_flow_run_from_deployment(deployment)
        ended = subprocess.run(
            [sys.executable, "-m", "flows.engine"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PREFECT__FLOW_RUN_ID": str(run.id)}
            | {"PREFECT_API_URL": str(PREFECT_API_URL.value()), "PREFECT_LOCAL_STORAGE_PATH": str(results)},
            capture_output=True, text=True,
        )  # fmt: skip
        state = client.read_flow_run(UUID(str(run.id))).state

    assert not marker.exists()
    assert state is not None
    assert state.is_completed(), ended.stderr
