"""Claims about what MLflow's own loader accepts: the rows that /predict of the model server accepts."""

import asyncio
import json
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import mlflow
import numpy as np
import onnx
import pandas as pd
import pytest
from mlflow.models import Model
from mlflow.pyfunc import scoring_server

from flows.trips import mlflow_flavor
from flows.trips.graph import Predictor
from services.model_server.fetching import graph as model_file
from tests.unit.builders import make_rows, tiny_graph

TRIP = {"PULocationID": 74, "DOLocationID": 166, "pickup": "2023-02-14T08:30:00", "trip_distance": 2.6}
REST = {"RatecodeID": 1, "trip_type": 1, "VendorID": 2, "passenger_count": 1}


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("version") / "model"
    model = onnx.load_from_string(tiny_graph())
    example = mlflow_flavor.example()
    mlflow_flavor.save_model(
        str(folder), Model(), model=model, signature=mlflow_flavor.signature(), input_example=example
    )
    return folder


@pytest.fixture(scope="module", name="predict")
def _predict(folder):
    loaded = mlflow.pyfunc.load_model(str(folder))
    return lambda *rows: loaded.predict(list(rows))["minutes"].tolist()


def test_a_person_s_row_is_predicted_as_the_graph_predicts_it(predict):
    row = make_rows(1, **REST, lpep_pickup_datetime=[datetime(2023, 2, 14, 8, 30)])  # zones and miles are TRIP's

    assert predict(TRIP | REST) == pytest.approx(Predictor(tiny_graph()).minutes(row).tolist())


@pytest.mark.parametrize("rest", [{}, dict.fromkeys(REST)], ids=["left out", "None"])
def test_optional_fields_may_be_left_out_or_none(predict, rest):
    assert predict(TRIP | rest) == predict(TRIP | dict.fromkeys(REST, np.nan))


@pytest.mark.parametrize("pickup", ["2023-02-14T13:30:00Z", datetime(2023, 2, 14, 8, 30), 1676363400])
def test_a_pickup_may_have_an_offset_or_be_a_datetime_or_local_seconds(predict, pickup):
    assert predict(TRIP | {"pickup": pickup}, TRIP) == predict(TRIP, TRIP)


def test_a_missing_pickup_is_now_in_new_york(folder):
    loaded, before = mlflow.pyfunc.load_model(str(folder)).unwrap_python_model(), datetime.now(ZoneInfo("UTC"))
    seen = {}
    loaded._session = Recorder(loaded._session, seen)
    loaded.predict(None, pd.DataFrame([TRIP | {"pickup": None}]))

    local = before.astimezone(ZoneInfo("America/New_York")).replace(tzinfo=ZoneInfo("UTC")).timestamp()
    assert seen["pickup"][0] == pytest.approx(local, abs=60)


class Recorder:
    """A session that keeps what it was asked."""

    def __init__(self, session, seen):
        self._session, self._seen = session, seen
        self.get_outputs = session.get_outputs

    def run(self, outputs, columns):
        self._seen.update(columns)
        return self._session.run(outputs, columns)


def test_whole_numbers_stand_for_any_number(predict):
    assert predict(TRIP | {"trip_distance": 3}) == predict(TRIP | {"trip_distance": 3.0})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"trip_distance": None}, "trip_distance is required, and missing in 1 of 1 rows"),
        ({"PULocationID": 300}, "PULocationID must be from 0 to 265, not 300"),
        ({"pickup": "2023-02-14"}, "pickup has a value of another kind: '2023-02-14' is not an ISO 8601 date-time"),
        ({"trip_type": "hail"}, "trip_type has a value of another kind"),
    ],
)
def test_a_wrong_value_is_refused_by_name(predict, wrong, message):
    with pytest.raises(ValueError, match=message):
        predict(TRIP | wrong)


@pytest.mark.parametrize(
    "request_body",
    [
        {"dataframe_records": [TRIP, TRIP | REST]},
        {"dataframe_split": {"columns": list(TRIP), "data": [list(TRIP.values())] * 2}},
        {"inputs": [TRIP, TRIP]},
        {"instances": [TRIP, TRIP]},
    ],
    ids=lambda body: next(iter(body)),
)
def test_mlflow_models_serve_takes_a_person_s_rows(folder, predict, request_body):
    server = httpx.ASGITransport(scoring_server.init(mlflow.pyfunc.load_model(str(folder))))
    client = httpx.AsyncClient(transport=server, base_url="http://localhost")
    answer = asyncio.run(client.post("/invocations", json=request_body))

    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"][0]["minutes"] == pytest.approx(predict(TRIP)[0])


def test_two_versions_in_one_process_keep_their_own_code(folder, tmp_path):
    other = tmp_path / "other"
    model = onnx.load_from_string(tiny_graph())
    mlflow_flavor.save_model(
        str(other), Model(), model=model, signature=mlflow_flavor.signature(), input_example=[TRIP]
    )
    code = other / mlflow_flavor.CODE.name
    code.write_text(code.read_text().replace("output.name: predicted", "output.name: predicted * 0"))

    both = [mlflow.pyfunc.load_model(str(path)).predict([TRIP])["minutes"][0] for path in (other, folder)]
    assert both[0] == 0 < both[1]


def test_the_graph_stays_where_the_model_server_and_the_onnx_flavor_look(folder):
    assert model_file(folder) == folder / "model.onnx"
    assert mlflow.onnx.load_model(str(folder)).graph.output[0].name == "minutes"


def test_the_example_in_mlflow_reads_as_a_person_would_write_it(folder):
    full, least = json.loads((folder / "input_example.json").read_text())

    assert full["pickup"] == "2023-02-14T08:30:00"
    assert least == {"PULocationID": 74, "DOLocationID": 166, "trip_distance": 2.6}
