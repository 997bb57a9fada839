"""A model's first load has bounds: time, memory, its own file; and only a wider one takes a served one's place."""

import os

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

from services.model_server import settings, trial
from services.model_server.checks import check, compatible
from services.model_server.predictor import ModelError, Predictor
from services.model_server.trial import Trial
from tests.unit.model_server.builders import FIELDS, OUTPUT, graph, release
from tests.unit.tree import ROOT

MB = 1_000_000


def with_nodes(*nodes: onnx.NodeProto, **weights: np.ndarray) -> onnx.ModelProto:
    """The usual model, whose start is the figure *extra* that the nodes make."""
    model = graph()
    model.graph.node[1].input[1] = "extra"
    for node in reversed(nodes):
        model.graph.node.insert(0, node)
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in weights.items())
    return model


def endless() -> onnx.ModelProto:
    """A loop of 2**62 turns over the first trip's distance."""
    number, condition = TensorProto.INT64, TensorProto.BOOL
    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["still"]), helper.make_node("Mul", ["x", "pace"], ["y"])],
        "turn",
        [helper.make_tensor_value_info(n, t, []) for n, t in (("i", number), ("on", condition))]
        + [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N"])],
        [
            helper.make_tensor_value_info("still", condition, []),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N"]),
        ],
    )
    loop = helper.make_node("Loop", ["turns", "yes", "trip_distance"], ["extra"], body=body)
    return with_nodes(loop, turns=np.array(2**62), yes=np.array(True))


def greedy() -> onnx.ModelProto:
    """Makes 4 GB of zeros of each request."""
    zeros = helper.make_node("Expand", ["trip_distance", "many"], ["zeros"])
    return with_nodes(zeros, helper.make_node("ReduceMin", ["zeros"], ["extra"], keepdims=0), many=np.array([10**9, 1]))


def elsewhere(place: str) -> onnx.ModelProto:
    """Keeps a number in another file."""
    model = graph()
    tensor = model.graph.initializer[1]
    set_external_data(tensor, place, 0, 4)
    tensor.ClearField("raw_data")
    return model


def tried(folder, model: onnx.ModelProto, **bounds: int) -> None:
    made = release(folder, "2", model)
    trial.run(Trial(folder=str(folder), new=made, served=None, **{"memory_bytes": 200 * MB, **bounds}))


def test_a_sound_model_passes(tmp_path):
    tried(tmp_path, graph())


@pytest.mark.parametrize(
    ("model", "words"),
    [(endless, "more than 1 s of a processor"), (greedy, "more than 200 MB of memory")],
)
def test_a_model_that_never_ends_or_eats_memory_is_refused(tmp_path, model, words):
    with pytest.raises(ModelError, match=words):
        tried(tmp_path, model(), cpu_seconds=1)


def test_a_model_that_waits_for_ever_is_refused_by_the_clock(tmp_path):
    with pytest.raises(ModelError, match="take more than 1 s$"):
        tried(tmp_path, endless(), seconds=1)


@pytest.mark.parametrize("place", ["data.bin", "../data.bin", "/etc/hostname", "/proc/self/environ"])
def test_a_model_reads_no_other_file(tmp_path, monkeypatch, place):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    for folder in (".", "versions/2"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "data.bin").write_bytes(np.float32(1).tobytes())

    with pytest.raises(ModelError, match="save_as_external_data=False"):
        tried(tmp_path, elsewhere(place))


def test_what_tries_a_model_knows_no_secret(monkeypatch):
    monkeypatch.setenv("MODEL_RELOAD_TOKEN", "secret")

    given = settings.trial_environment()
    assert given["PATH"] == os.environ["PATH"]
    assert "secret" not in given.values()


def test_a_file_that_is_not_what_was_released_is_not_loaded(tmp_path):
    made = release(tmp_path)

    with pytest.raises(ModelError, match="SHA-256"):
        Predictor(type(made)(name="n", version="1", file=made.file, registry="r", sha256="0" * 64), tmp_path)


def changed(field: str, **changes: object) -> list[dict]:
    return [told | changes if told["name"] == field else told for told in FIELDS]


def loaded(folder, version="1", model=None) -> Predictor:
    return Predictor(release(folder, version, model), folder)


NARROWER = [
    (FIELDS[:-1], "no field passenger_count"),
    ([*FIELDS, {"name": "fare", "dtype": "float32"}], "requires the new field fare"),
    (changed("trip_type", required=True), "field trip_type is required"),
    (changed("PULocationID", dtype="float32"), "PULocationID is float32, not int64"),
    (changed("PULocationID", minimum=1), "PULocationID takes 1 to 265, not 0 to 265"),
    (changed("trip_distance", maximum=100), "trip_distance takes 0 to 100, not 0 to 200"),
    (changed("pickup", maximum=1893456000), "to 2030-01-01T00:00:00, not 2009-01-01T00:00:00 to 2099"),
    (changed("trip_type", nullable=False, required=True), "trip_type takes no null"),
    (changed("pickup", when_missing=None, required=True), "pickup is no longer now when it is missing"),
    (changed("pickup", format=None, time_zone=None), "pickup is no date-time"),
    (changed("pickup", time_zone="Europe/Paris"), "in the time zone Europe/Paris, not America/New_York"),
    (changed("pickup", aliases=[]), "pickup is no longer called lpep_pickup_datetime too"),
    (changed("trip_distance", unit="km"), "trip_distance is in km, not miles"),
]


@pytest.mark.parametrize(("fields", "words"), NARROWER, ids=[words for _, words in NARROWER])
def test_a_model_that_refuses_what_is_answered_today_is_incompatible(tmp_path, fields, words):
    served, new = loaded(tmp_path), loaded(tmp_path, "2", graph(fields=fields))

    with pytest.raises(ModelError, match=words):
        compatible(new.schema, served.schema)


@pytest.mark.parametrize(
    "fields",
    [
        changed("PULocationID", minimum=-1, maximum=300, description="other words", example=1),
        changed("trip_distance", minimum=None, maximum=None),
        changed("trip_distance", required=False, nullable=True),
        changed("RatecodeID", unit="codes"),
        [*FIELDS, {"name": "fare", "dtype": "float32", "required": False, "nullable": True}],
    ],
)
def test_a_model_that_takes_more_is_compatible(tmp_path, fields):
    served, new = loaded(tmp_path), loaded(tmp_path, "2", graph(fields=fields))

    check(new, served.schema)


def test_a_model_that_refuses_a_column_that_was_left_out_is_incompatible(tmp_path):
    served, model = loaded(tmp_path), graph()
    next(entry for entry in model.metadata_props if entry.key == "ignored_columns").value = '["Fare_amount"]'

    with pytest.raises(ModelError, match="would fail: it refuses the column lpep_dropoff_datetime;"):
        compatible(loaded(tmp_path, "2", model).schema, served.schema)


def test_a_figure_in_another_unit_is_incompatible(tmp_path):
    served, model = loaded(tmp_path), graph()
    told = next(entry for entry in model.metadata_props if entry.key == "output")
    told.value = told.value.replace(f'"unit": "{OUTPUT["unit"]}"', '"unit": "hours"')

    with pytest.raises(ModelError, match="output's unit is hours, not minutes"):
        compatible(loaded(tmp_path, "2", model).schema, served.schema)
