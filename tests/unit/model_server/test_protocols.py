"""MLflow's protocol and V2 give the same figures as our own, and refuse in the same way."""

import json

import numpy as np
import pytest

from tests.unit.model_server.builders import FIELDS, TRIP

ROWS = [TRIP | {"trip_distance": miles, "RatecodeID": None} for miles in (2, 0)]
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}
POSITIONAL = [[row.get(field["name"]) for field in FIELDS] for row in ROWS]
SPLIT = {"columns": list(COLUMNS), "data": [list(row.values()) for row in ROWS], "index": [0, 1]}
CSV = (
    "PULocationID,DOLocationID,pickup,trip_distance,RatecodeID\n"
    "130,205,2026-11-21T07:34:00,2,\n130.0,205,2026-11-21T07:34:00,0,1\n"
)
INFER = "/v2/models/trip-duration/infer"
DATATYPES = {"PULocationID": "INT64", "DOLocationID": "INT64", "pickup": "BYTES"}


def tensors(**changes) -> list[dict]:
    return [
        {"name": name, "shape": [2], "datatype": DATATYPES.get(name, "FP32"), "data": data}
        for name, data in (COLUMNS | changes).items()
    ]


@pytest.mark.parametrize(
    "document",
    [
        {"dataframe_split": SPLIT},
        {"dataframe_records": ROWS},
        {"inputs": COLUMNS},
        {"instances": ROWS},
        {"instances": POSITIONAL},
    ],
)
def test_each_form_of_mlflow_gives_a_record_per_row(client, document):
    answer = client.post("/invocations", json=document)

    assert answer.json["predictions"] == [{"minutes": 7.0}, {"minutes": 1.0}]
    assert answer.json["model_version"] == "1"


def test_csv_is_read_with_its_header_and_an_empty_cell_is_null(client):
    answer = client.post("/invocations", data=CSV, content_type="text/csv; charset=utf-8")

    assert answer.json["predictions"] == [{"minutes": 7.0}, {"minutes": 1.0}]


def test_one_row_of_scalars_is_one_row(client):
    assert client.post("/invocations", json={"inputs": ROWS[0]}).json["predictions"] == [{"minutes": 7.0}]


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("[]", "application/json", "exactly one of"),
        ('{"inputs": {}, "instances": []}', "application/json", "exactly one of"),
        ('{"dataframe_split": []}', "application/json", "dataframe_split is"),
        ('{"dataframe_split": {"columns": ["a"], "data": [[1, 2]]}}', "application/json", "as many values"),
        ('{"dataframe_split": {"columns": [[1]], "data": [[1]]}}', "application/json", "must be strings"),
        ('{"inputs": {"a": [1], "b": [1, 2]}}', "application/json", "same number of values"),
        ('{"inputs": {}}', "application/json", "at least one row"),
        ('{"dataframe_records": 3}', "application/json", "list of objects"),
        ("", "text/csv", "at least one row"),
        ("PULocationID\nabc", "text/csv", "is a string"),
        ("PULocationID\n1,2", "text/csv", "as many values"),
        (CSV.replace("130.0", "nan"), "text/csv", "not a whole number"),
        (CSV.replace("130.0", "inf"), "text/csv", "not a whole number"),
    ],
)
def test_what_mlflow_would_not_send_is_refused_in_words(client, body, kind, words):
    answer = client.post("/invocations", data=body, content_type=kind)

    assert answer.status_code == 422
    assert words in answer.json["detail"]


def test_ping_and_version_answer_as_mlflow_does(client):
    assert client.get("/ping").status_code == 200
    assert client.get("/version").text.count(".") == 2


def test_v2_describes_the_model_by_its_tensors(client):
    told = client.get("/v2/models/trip-duration").json

    assert told["versions"] == ["1"]
    assert told["inputs"][0] == {"name": "PULocationID", "datatype": "INT64", "shape": [-1]}
    assert told["outputs"] == [{"name": "minutes", "datatype": "FP32", "shape": [-1]}]


@pytest.mark.parametrize("path", ["", "/health/live", "/health/ready", "/models/trip-duration/versions/1/ready"])
def test_v2_health_is_open(client, path):
    assert client.get(f"/v2{path}").status_code == 200


def test_v2_infers_from_json_tensors(client):
    answer = client.post(INFER, json={"id": "a", "inputs": tensors(), "outputs": [{"name": "minutes"}]})

    assert answer.json == {
        "model_name": "trip-duration",
        "model_version": "1",
        "id": "a",
        "outputs": [{"name": "minutes", "datatype": "FP32", "shape": [2], "data": [7.0, 1.0]}],
    }


def test_v2_takes_a_column_per_row_too(client):
    given = [tensor | {"shape": [2, 1], "data": [[value] for value in tensor["data"]]} for tensor in tensors()]

    assert client.post(INFER, json={"inputs": given}).json["outputs"][0]["data"] == [7.0, 1.0]


def test_v2_takes_binary_tensors(client):
    kept = [tensor for tensor in tensors() if tensor["name"] != "trip_distance"]
    raw = np.array([2, 0], "<f4").tobytes()
    binary = {
        "name": "trip_distance",
        "shape": [2],
        "datatype": "FP32",
        "parameters": {"binary_data_size": 8},
    }
    head = json.dumps({"inputs": [*kept, binary]}).encode()

    headers = {"Inference-Header-Content-Length": str(len(head))}
    answer = client.post(INFER, data=head + raw, content_type="application/octet-stream", headers=headers)

    assert answer.json["outputs"][0]["data"] == [7.0, 1.0]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "missing required field `inputs`"),
        ({"inputs": []}, "at least one row"),
        ({"inputs": tensors(), "outputs": [{"name": "hours"}]}, "no output hours"),
        ({"inputs": tensors(pickup=["2026-11-21T07:34:00"])}, "has shape [2] and 1 values"),
        (
            {"inputs": [{"name": "a", "shape": [1], "datatype": "INT64", "data": [1]}, *tensors()]},
            "same number",
        ),
        ({"inputs": tensors(PULocationID=[266, 1])}, "266 is outside 0 to 265"),
        ({"inputs": [{"name": "a", "shape": [1], "datatype": "BOOL"}]}, "0 values"),
    ],
)
def test_v2_refuses_under_the_name_that_its_clients_read(client, document, words):
    answer = client.post(INFER, json=document)

    assert answer.status_code == 422
    assert words in answer.json["error"]


@pytest.mark.parametrize("path", ["/v2/models/other", "/v2/models/trip-duration/versions/9"])
def test_v2_knows_no_other_model_or_version(client, path):
    assert client.get(path).status_code == 404
    assert client.post(f"{path}/infer", json={"inputs": tensors()}).status_code == 404
