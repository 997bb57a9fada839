"""POST /predict: what is answered, and how every kind of bad request is refused."""

import json

import pytest

from services.model_server import limits
from services.model_server.payload import Reader
from services.model_server.predictor import Predictor
from tests.unit.model_server.builders import TRIP

JSON = "application/json"
FULL = TRIP | {"RatecodeID": 1, "trip_type": 1, "VendorID": 2, "passenger_count": 1}


def without(name: str) -> dict:
    return {key: value for key, value in FULL.items() if key != name}


def test_one_trip_gives_one_figure_with_the_version_that_made_it(client):
    answer = client.post("/predict", json=FULL)

    assert answer.json == {"minutes": 11.98, "model": "trip-duration", "model_version": "1", "assumed": []}
    assert answer.headers["X-Model-Version"] == "1"


def test_a_list_gives_a_list_in_the_same_order(client):
    answer = client.post("/predict", json=[FULL | {"trip_distance": miles} for miles in (2, 0, 1)])

    assert answer.json["minutes"] == [7.0, 1.0, 4.0]


def test_a_missing_pickup_is_now_and_the_answer_says_so(client):
    assumed = client.post("/predict", json=without("pickup")).json["assumed"]

    assert [entry["field"] for entry in assumed] == ["pickup"]
    assert assumed[0]["value"].startswith("20")


def test_in_a_list_one_entry_tells_how_many_rows_share_an_assumption(client):
    assumed = client.post("/predict", json=[FULL, without("trip_type"), without("trip_type")]).json["assumed"]

    assert assumed == [{"field": "trip_type", "value": None, "row": 1, "rows": 2}]


def test_an_explicit_null_is_an_answer_not_an_assumption(client):
    assert client.post("/predict", json=FULL | {"trip_type": None}).json["assumed"] == []


@pytest.mark.parametrize(
    ("pickup", "seconds"),
    [
        ("2026-11-21T07:34:00", 1795246440),
        ("2026-11-21 07:34", 1795246440),
        ("2026-11-21T12:34:00Z", 1795246440),
        ("2026-11-21T13:34:00+01:00", 1795246440),
        (1795246440, 1795246440),
        (1795246440.0, 1795246440),
    ],
)
def test_a_moment_reaches_the_model_as_new_york_wall_time_in_seconds(client, pickup, seconds):
    reader: Reader = client.application.extensions["serving"].champion.reader
    body = json.dumps(FULL | {"pickup": pickup}).encode()

    assert reader.read(body).values[2] == seconds
    assert reader.read(b"[" + body + b"]").columns[2] == [seconds]


BAD = {
    "malformed": ("{", 400, "truncated"),
    "empty body": ("", 400, "the body is empty"),
    "not UTF-8": (b'{"PULocationID": "\xff"}', 400, "not JSON"),
    "NaN": ('{"PULocationID": NaN}', 400, "send null"),
    "Infinity": (json.dumps(FULL | {"trip_distance": float("inf")}), 400, "send null"),
    "too deep": ("[" * 90_000, 400, "nested too deeply"),
    "a number": ("3", 422, "JSON object"),
    "empty list": ("[]", 422, "at least one row"),
    "a list of numbers": ("[1]", 422, "not an object"),
    "a string for a number": (json.dumps(FULL | {"trip_distance": "3.66"}), 422, "a string"),
    "true for a number": (json.dumps(FULL | {"PULocationID": True}), 422, "true or false"),
    "null where it is required": (json.dumps(FULL | {"PULocationID": None}), 422, "is null"),
    "half a zone": (json.dumps(FULL | {"PULocationID": 1.5}), 422, "not a whole number"),
    "a zone beyond the model's": (json.dumps(FULL | {"PULocationID": 266}), 422, "266 is outside 0 to 265"),
    "a huge zone": (json.dumps(FULL | {"PULocationID": 10**30}), 422, "outside 0 to 265"),
    "a huge distance": (json.dumps(FULL).replace("3.66", "1e400"), 400, "out of range"),
    "the year 1900": (json.dumps(FULL | {"pickup": "1900-01-01T00:00:00"}), 422, "outside 2009-01-01"),
    "the year 1": (json.dumps(FULL | {"pickup": "0001-01-01T00:00:00+14:00"}), 422, "not a date-time"),
    "a date alone": (json.dumps(FULL | {"pickup": "2026-11-21"}), 422, "not a date-time"),
    "a word for a date": (json.dumps(FULL | {"pickup": "tomorrow at noon"}), 422, "not a date-time"),
    "an object for a date": (json.dumps(FULL | {"pickup": {}}), 422, "an object"),
    "a missing field": (json.dumps(without("trip_distance")), 422, "trip_distance: is missing"),
    "an unknown field": (json.dumps(FULL | {"fare": 1}), 422, "fare: is not a field of this model"),
    "too many rows": (json.dumps([{}] * 10_001), 413, "at most 10000"),
    "too large": (" " * 100_001, 413, "larger than 100,000 bytes"),
}


@pytest.mark.parametrize(("body", "status", "words"), BAD.values(), ids=BAD.keys())
def test_a_bad_body_is_refused_with_a_remedy(client, body, status, words):
    answer = client.post("/predict", data=body, content_type=JSON)

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert words in answer.json["detail"]


def test_every_bad_field_is_named_with_its_row_and_value(client):
    rows = [FULL, FULL | {"PULocationID": 266, "trip_type": "x"}]

    errors = client.post("/predict", json=rows).json["errors"]

    assert [(e["row"], e["field"], e["value"]) for e in errors] == [
        (1, "PULocationID", 266),
        (1, "trip_type", "x"),
    ]


@pytest.mark.parametrize("body", [[FULL | {"PULocationID": -1}] * 50, {f"f{n}": 1 for n in range(50)}])
def test_after_twenty_errors_nothing_more_is_looked_at(client, body):
    problem = client.post("/predict", json=body).json

    assert len(problem["errors"]) == 20
    assert problem["detail"].startswith("At least 20 fields are wrong")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/predict", 405), ("POST", "/model", 405), ("GET", "/nothing", 404), ("POST", "/predict", 415)],
)
def test_a_wrong_address_is_a_problem_document_too(client, method, path, status):
    answer = client.open(path, method=method, data="{}", content_type="text/plain")

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.json["status"] == status


def test_a_request_keeps_its_own_id_and_gets_one_when_it_has_none(client):
    assert client.get("/model", headers={"X-Request-Id": "abc"}).headers["X-Request-Id"] == "abc"
    assert client.get("/model", headers={"X-Request-Id": "a b\t"}).headers["X-Request-Id"] != "a b\t"
    assert client.get("/nothing").headers["X-Request-Id"]


def test_more_work_than_there_is_room_for_is_put_off_not_piled_up(client, monkeypatch):
    monkeypatch.setattr(limits, "WAIT_SECONDS", 0.01)
    held = client.application.extensions["limits"]

    held.enter(held._room)
    answer = client.post("/predict", json=[FULL])
    held.leave(held._room)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert client.post("/predict", json=[FULL]).status_code == 200


@pytest.mark.parametrize(("path", "body"), [("/predict", FULL), ("/invocations", {"inputs": [FULL]})])
def test_what_nobody_foresaw_is_for_the_log_and_not_for_the_client(client, monkeypatch, caplog, path, body):
    def fail(*_):
        raise RuntimeError("inner secret")

    monkeypatch.setattr(Predictor, "one", fail)
    monkeypatch.setattr(Predictor, "many", fail)
    answer = client.post(path, json=body, headers={"X-Request-Id": "abc"})

    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert (answer.headers["X-Request-Id"], "secret" in answer.text) == ("abc", False)
    assert "inner secret" in caplog.text
