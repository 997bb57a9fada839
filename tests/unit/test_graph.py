"""Claims about the model file: it says all that a caller must know, and a row alone is predicted as in a batch."""

import json

import numpy as np
import onnx
import pytest

from flows.trips import zones
from flows.trips.cleaning import INPUT_SCHEMA
from flows.trips.graph import FIELDS, Predictor
from flows.trips.schema import COLUMNS
from flows.trips.scoring import SCORE_SCHEMA, scored
from tests.unit.builders import make_rows, random_rows, tiny_graph, tiny_model

DOCUMENTED = {"name", "dtype", "description", "unit", "minimum", "maximum", "example", "required", "nullable",
              "format", "time_zone", "when_missing", "choices", "aliases"}  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return onnx.load_from_string(tiny_graph())


@pytest.fixture(scope="module")
def metadata(model):
    return {entry.key: entry.value for entry in model.metadata_props}


def test_the_metadata_has_exactly_the_five_documented_keys(metadata):
    assert set(metadata) == {"name", "fields", "output", "ignored_columns", "training"}
    assert metadata["name"] == "trip-duration"


def test_training_tells_the_months_and_rows(metadata):
    assert json.loads(metadata["training"]) == {"months": "2023-01", "rows": tiny_model().rows}


def test_the_fields_are_the_inputs_in_their_order_with_their_types(model, metadata):
    types = {onnx.TensorProto.INT64: "int64", onnx.TensorProto.FLOAT: "float32"}
    inputs = [(value.name, types[value.type.tensor_type.elem_type]) for value in model.graph.input]
    assert [(field["name"], field["dtype"]) for field in json.loads(metadata["fields"])] == inputs


def test_every_field_has_the_documented_keys_and_an_example_within_bounds(metadata):
    for field in json.loads(metadata["fields"]):
        assert set(field) == DOCUMENTED
        if field["format"] != "date-time":
            assert field["minimum"] <= field["example"] <= field["maximum"]


def test_each_choice_is_a_number_within_the_bounds_of_its_field():
    chosen = [field for field in FIELDS if field.choices]

    assert {field.name for field in chosen} >= {"PULocationID", "DOLocationID", "RatecodeID", "trip_type", "VendorID"}
    for field in chosen:
        assert all(field.minimum <= int(number) <= field.maximum for number in field.choices)
        assert str(field.example) in field.choices


def test_every_zone_of_the_city_has_its_name():
    names = zones.names()

    assert [int(number) for number in names] == list(range(1, 266))
    assert (names["1"], names["74"]) == ("Newark Airport, EWR", "East Harlem North, Manhattan")
    assert (names["264"], names["265"]) == ("Unknown", "Outside of NYC")


def test_each_published_column_is_a_field_an_alias_or_ignored(metadata):
    known = [name for field in FIELDS for name in (field.name, *field.aliases)]
    ignored = json.loads(metadata["ignored_columns"])

    assert {*known, *ignored} == {"pickup", *(column.name for column in COLUMNS)}
    assert not {*known} & {*ignored}


def test_a_field_that_may_be_absent_says_what_stands_in():
    assert all(field.required or field.nullable or field.when_missing for field in FIELDS)
    assert all(field.dtype == "float32" for field in FIELDS if field.nullable)  # NaN stands for null


def test_the_output_is_minutes_with_the_bounds_that_it_keeps(metadata):
    output = json.loads(metadata["output"])
    wild = make_rows(trip_distance=[0.0, 200.0, 1e9, None], PULocationID=[0, 265, 266, None])
    minutes = Predictor(tiny_graph()).minutes(wild)
    assert (output["name"], output["unit"]) == ("minutes", "minutes")
    assert ((minutes >= output["minimum"]) & (minutes <= output["maximum"])).all()


def test_one_row_alone_is_predicted_as_in_the_batch():
    rows, predictor = random_rows(50), Predictor(tiny_graph())
    alone = [predictor.minutes(rows.slice(row, 1))[0] for row in range(50)]
    np.testing.assert_array_equal(alone, predictor.minutes(rows))


def test_the_graph_has_few_nodes_since_each_is_time_per_request(model):
    assert sum(node.op_type != "Constant" for node in model.graph.node) <= 31


def test_no_rows_give_no_predictions():
    assert Predictor(tiny_graph()).minutes(make_rows().slice(0, 0)).shape == (0,)


def test_scores_keep_every_row_in_order_beside_its_prediction():
    rows, predictor = random_rows(50), Predictor(tiny_graph())
    (scores,) = scored(predictor, "7", [rows])
    assert scores.schema == SCORE_SCHEMA
    assert scores.select(INPUT_SCHEMA.names).equals(rows.select(INPUT_SCHEMA.names))
    assert scores["minutes"].to_pylist() == predictor.minutes(rows).tolist()
    assert set(scores["model_version"].to_pylist()) == {"7"}


def test_a_model_whose_tensors_lie_in_another_file_is_refused(model, tmp_path, monkeypatch):
    copy, path = onnx.ModelProto.FromString(model.SerializeToString()), tmp_path / "model.onnx"
    onnx.save_model(copy, path, save_as_external_data=True, convert_attribute=True, location="weights")
    monkeypatch.chdir(tmp_path)  # where a model of bytes would look for them
    with pytest.raises(Exception, match="External data path validation failed"):
        Predictor(path.read_bytes())
