"""A row may name its columns as the data's publisher does; on every path, in JSON and in CSV."""

import json

import pytest

from services.model_server.column_names import ColumnNames
from services.model_server.fields import SchemaError
from services.model_server.payload import Reader
from services.model_server.predictor import ModelError, Predictor
from tests.unit.model_server.builders import FIELDS, TRIP, graph, release

PUBLISHED = """lpep_pickup_datetime,lpep_dropoff_datetime,RatecodeID,PULocationID,DOLocationID,trip_distance,fare_amount
2023-02-14 08:30:00,2023-02-14 08:41:00,1.0,74,166,2.0,11.5
2023-02-14 08:30:00,,,74,166,0,
"""
ROW = {"lpep_pickup_datetime": "2023-02-14 08:30:00", "PULocationID": 74, "dolocationid": 166, "trip_distance": 2}
ROW["fare_amount"] = 11.5
PATHS = ["/predict", "/invocations"]


def post(client, path: str, row: dict):
    return client.post(path, json=row if path == "/predict" else {"dataframe_records": [row]})


@pytest.fixture(name="reader")
def _reader(client) -> Reader:
    return client.application.extensions["serving"].champion.reader


def test_a_csv_cut_out_of_a_published_month_is_predicted(client):
    answer = client.post("/predict", data=PUBLISHED, content_type="text/csv")

    assert answer.json["minutes"] == [7.0, 1.0]
    assert [entry["field"] for entry in answer.json["assumed"]] == ["trip_type", "VendorID", "passenger_count"]


def test_both_paths_take_the_same_csv(client):
    one, other = (client.post(path, data=PUBLISHED, content_type="text/csv").json for path in PATHS)

    assert one["minutes"] == [row["minutes"] for row in other["predictions"]]
    assert one["assumed"] == other["assumed"]


@pytest.mark.parametrize("path", PATHS)
def test_json_rows_take_an_alias_any_case_and_an_unused_column(client, path):
    assert post(client, path, ROW).json["assumed"][0]["field"] != "pickup"
    assert post(client, path, ROW | {"trip_distance": "x"}).json["errors"][0]["field"] == "trip_distance"


def test_an_alias_is_the_field_itself(reader):
    same = {"pickup": ROW["lpep_pickup_datetime"], "PULocationID": 74, "DOLocationID": 166, "trip_distance": 2}
    one, many = (reader.read(json.dumps(body).encode()) for body in (ROW, [ROW]))

    assert one == reader.read(json.dumps(same).encode())
    assert many == reader.read(json.dumps([same]).encode())


@pytest.mark.parametrize("path", PATHS)
def test_a_field_under_two_names_is_an_error_with_both(client, path):
    problem = post(client, path, TRIP | {"lpep_pickup_datetime": "2023-02-14 08:30:00"}).json

    assert problem["errors"][0]["field"] == "lpep_pickup_datetime"
    assert "another name of pickup, which is sent as pickup too" in problem["detail"]


@pytest.mark.parametrize("path", PATHS)
def test_a_csv_with_a_field_twice_is_an_error_with_both_names(client, path):
    answer = client.post(path, data="Pickup,lpep_pickup_datetime\n1,2\n", content_type="text/csv")

    assert answer.status_code == 422
    assert "lpep_pickup_datetime: is another name of pickup, which is sent as Pickup too" in answer.json["detail"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("trip_distence", "trip_distence: is not a field of this model (did you mean trip_distance?)"),
        ("fare_amont", "did you mean fare_amount?"),
        ("colour", "colour: is not a field of this model; its fields are PULocationID"),
    ],
)
def test_an_unknown_column_is_refused_with_the_nearest_name(client, path, name, words):
    answers = [post(client, path, TRIP | {name: 1}), client.post(path, data=f"{name}\n1\n", content_type="text/csv")]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert all(words in answer.json["detail"] for answer in answers)


def test_a_spelling_that_means_two_fields_means_none(tmp_path):
    fields = [field | {"aliases": ["where"]} if "Location" in field["name"] else field for field in FIELDS]
    names = ColumnNames(Predictor(release(tmp_path, model=graph(fields=fields)), tmp_path).schema.fields)

    assert (names.field("where"), names.field("pulocationid")) == (None, "PULocationID")


def test_a_plain_row_is_read_without_a_look_at_other_names(reader, monkeypatch):
    monkeypatch.setattr(reader, "names", None)

    assert reader.read(json.dumps(TRIP).encode()).count == 1
    assert reader.read(json.dumps([TRIP, TRIP]).encode()).count == 2


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["pickup", "lpep_pickup_datetime"])
def test_a_value_that_only_its_reader_refuses_is_named_under_any_name(client, path, name):
    row = {"PULocationID": 74, "DOLocationID": 166, "trip_distance": 2, name: "tomorrow at noon"}
    text = ",".join(row) + "\n" + ",".join(map(str, row.values()))
    answers = [post(client, path, row), client.post(path, data=text, content_type="text/csv")]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert all("pickup: is not a date-time" in answer.json["detail"] for answer in answers)


def test_a_column_without_a_name_is_told_by_its_place(client):
    answer = client.post("/predict", data="trip_distance,\n1,2\n", content_type="text/csv")

    assert answer.json["detail"].startswith("column 2 of the header has no name; leave it out")


def test_a_mark_of_byte_order_is_no_part_of_the_first_name(client):
    answer = client.post("/predict", data="\ufeff" + PUBLISHED, content_type="text/csv")

    assert answer.json["minutes"] == [7.0, 1.0]


def test_a_value_without_a_name_is_taken_within_the_bounds(client):
    assert client.post("/predict", json=TRIP | {"RatecodeID": 7}).status_code == 200
    assert client.post("/predict", json=TRIP | {"RatecodeID": 100}).status_code == 422


@pytest.mark.parametrize("number", ["100", "one", ""])
def test_a_choice_that_could_not_be_sent_makes_no_model(tmp_path, number):
    fields = [field | {"choices": {number: "x"}} if field["name"] == "RatecodeID" else field for field in FIELDS]

    with pytest.raises(ModelError, match="no number within its bounds") as refused:
        Predictor(release(tmp_path, model=graph(fields=fields)), tmp_path)
    assert isinstance(refused.value.__cause__, SchemaError)
