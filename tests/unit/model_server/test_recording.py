"""What is recorded beside the requests: metrics, access log, prediction log, the shadow's comparison."""

import json
import math
import threading
from dataclasses import replace

import pyarrow.dataset as ds
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from services.model_server import create_app, exporter, log_writer, releases
from services.model_server.log_writer import LogWriter
from services.model_server.metrics_page import MetricsPage
from services.model_server.notes import MOST_ROWS, Note, Notes
from services.model_server.payload import Rows
from tests.integration.processes import free_port
from tests.unit.model_server.builders import TRIP, graph, release, serve

STOPPED = threading.Event()
STOPPED.set()


@pytest.fixture(name="start")
def _start(settings):
    """Starts an application with changed settings and without its threads: tests take notes themselves."""

    def start(**changes):
        app = create_app(replace(settings, **changes), stop=STOPPED)
        return app.test_client(), app.extensions["recorder"]

    return start


def samples(settings) -> dict[str, float]:
    families = text_string_to_metric_families(exporter.exposition(settings))
    return {
        sample.name.removeprefix("model_server_") + json.dumps(sample.labels, sort_keys=True): sample.value
        for family in families
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_status(start, settings):
    serve(settings.model_dir)
    client, recorder = start()
    client.post("/predict", json=[TRIP, TRIP])
    client.post("/predict", json={})
    client.get("/nothing/at/all")
    recorder.finish()

    found = samples(settings)
    assert found['requests_total{"method": "POST", "route": "/predict", "status": "200"}'] == 1
    assert found['requests_total{"method": "POST", "route": "/predict", "status": "422"}'] == 1
    assert found['requests_total{"method": "GET", "route": "other", "status": "404"}'] == 1
    assert found['rows_total{"version": "1"}'] == 2
    assert found['prediction_sum{"version": "1"}'] == pytest.approx(2 * 11.98)
    assert found['prediction_bucket{"le": "12.8", "version": "1"}'] == 2


def test_the_sums_of_all_workers_are_added_and_the_record_is_told(settings):
    serve(settings.model_dir, "7")
    for worker in ("1", "2"):
        releases.write(settings.model_dir / "metrics" / f"{worker}.json", {"swaps_total": 3.0})

    found = samples(settings)
    assert found["swaps_total{}"] == 6
    assert found['model_info{"alias": "champion", "name": "trip-duration", "version": "7"}'] == 1
    assert found["workers{}"] == 2


def test_the_metrics_have_a_port_of_their_own(settings):
    page = MetricsPage(replace(settings, model_server_metrics_port=(port := free_port())))
    page.start()
    url = f"http://127.0.0.1:{port}"

    assert "model_server_workers 0" in requests.get(f"{url}/metrics", timeout=5).text
    assert requests.head(f"{url}/metrics", timeout=5).headers["Content-Length"] > "0"
    assert requests.get(f"{url}/", timeout=5).status_code == 404
    assert requests.post(f"{url}/metrics", timeout=5).headers["Allow"] == "GET, HEAD"
    assert requests.get(f"{url}/metrics", headers={"Host": "evil.example"}, timeout=5).status_code == 421
    page.stop()


def test_each_request_is_one_line_of_json(start, settings, capfdbinary):
    serve(settings.model_dir)
    client, recorder = start()
    client.post("/predict", json=TRIP, headers={"X-Request-Id": "abc"})
    recorder.take()

    line = json.loads(capfdbinary.readouterr().out)
    assert (line["request_id"], line["route"], line["status"], line["rows"]) == ("abc", "/predict", 200, 1)


def test_predictions_reach_the_lake_as_parquet_with_their_inputs(start, settings, tmp_path):
    serve(settings.model_dir)
    client, recorder = start(lake_url=f"file://{tmp_path}/lake")
    client.post("/predict", json=TRIP, headers={"X-Request-Id": "one"})
    client.post("/predict", json=[TRIP, TRIP | {"trip_type": 2}], headers={"X-Request-Id": "two"})
    recorder.finish()

    assert LogWriter(settings.model_dir, f"file://{tmp_path}/lake/prediction-log").collect() == 3
    logged = ds.dataset(tmp_path / "lake" / "prediction-log", partitioning="hive").to_table().to_pylist()
    assert [(row["request_id"], row["row"]) for row in logged] == [("one", 0), ("two", 0), ("two", 1)]
    assert [row["trip_type"] for row in logged] == [None, None, 2.0]
    assert all(math.isclose(row["minutes"], 11.98, rel_tol=1e-6) for row in logged)


def test_a_lake_that_cannot_be_written_loses_nothing(start, settings, tmp_path):
    serve(settings.model_dir)
    client, recorder = start(lake_url=f"file://{tmp_path}/lake")
    client.post("/predict", json=TRIP)
    recorder.finish()
    (tmp_path / "file").touch()

    assert LogWriter(settings.model_dir, f"file://{tmp_path}/file/prediction-log").collect() == 0
    assert LogWriter(settings.model_dir, f"file://{tmp_path}/lake/prediction-log").collect() == 1


def test_much_that_waits_is_written_in_pieces_and_nothing_is_lost(start, settings, tmp_path, monkeypatch):
    serve(settings.model_dir)
    client, recorder = start(lake_url=f"file://{tmp_path}/lake")
    for _ in range(5):
        client.post("/predict", json=[TRIP] * 100)
        recorder.finish()
    (first, *_) = (settings.model_dir / "prediction-log").glob("*.msgpack")
    monkeypatch.setattr(log_writer, "MOST_BYTES", first.stat().st_size * 2)

    assert LogWriter(settings.model_dir, f"file://{tmp_path}/lake/prediction-log").collect() == 500
    assert len(list((tmp_path / "lake").rglob("*.parquet"))) == 3


def test_the_prediction_log_is_off_by_one_variable(start, settings, tmp_path):
    serve(settings.model_dir)
    client, recorder = start(lake_url=f"file://{tmp_path}/lake", prediction_log="off")
    client.post("/predict", json=TRIP)
    recorder.finish()

    assert not (settings.model_dir / "prediction-log").exists()


def test_rows_beyond_the_bound_are_dropped_and_counted_not_kept():
    notes = Notes()
    for _ in range(2):
        note = Note("id", {"REQUEST_METHOD": "POST"})
        note.rows = Rows([], [], MOST_ROWS, [])
        notes.add(note)

    assert [note.rows is None for note in notes.take()] == [False, True]
    assert notes.dropped_rows == MOST_ROWS


def candidate(settings, version: str, pace: float) -> None:
    made = release(settings.model_dir, version, graph(pace))
    releases.write(releases.pointer(settings.model_dir, "candidate"), made)


def test_the_shadow_is_compared_and_never_answers(start, settings):
    serve(settings.model_dir)
    candidate(settings, "2", 4.0)
    client, recorder = start(model_shadow_percent=100.0)

    versions = {client.post("/predict", json=TRIP).json["model_version"] for _ in range(5)}
    client.post("/predict", json=[TRIP, TRIP])
    recorder.finish()

    found = samples(settings)
    assert versions == {"1"}
    assert found['shadow_rows_total{"version": "2"}'] == 7
    assert found['shadow_difference_sum{"version": "2"}'] == pytest.approx(7 * 3.66, rel=1e-5)
    told = client.get("/model").json
    assert (told["version"], told["candidate"]["version"], told["candidate"]["shadow_percent"]) == ("1", "2", 100)


def test_the_candidate_answers_its_share_of_the_traffic(start, settings):
    serve(settings.model_dir)
    candidate(settings, "2", 4.0)
    client, _ = start(model_split_percent=50.0)

    versions = [client.post("/predict", json=TRIP).json["model_version"] for _ in range(200)]
    assert 60 < versions.count("2") < 140


def test_a_candidate_that_became_champion_is_no_candidate(start, settings):
    made = serve(settings.model_dir)
    releases.write(releases.pointer(settings.model_dir, "candidate"), made)
    client, _ = start(model_split_percent=50.0)

    assert client.get("/model").json["candidate"]["version"] is None
