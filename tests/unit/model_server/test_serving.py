"""Which model is served: none, the first, the next; and what a model says about itself."""

import pytest

from services.model_server.checks import check
from services.model_server.fields import SchemaError
from services.model_server.predictor import ModelError, Predictor
from services.model_server.releases import Following, Refusal, status, write
from services.model_server.settings import Settings, SettingsError
from tests.unit.model_server.builders import FIELDS, TRIP, graph, release, serve


def changed(field: str, **changes: object) -> list[dict]:
    return [told | changes if told["name"] == field else told for told in FIELDS]


def loaded(folder, version="1", model=None) -> Predictor:
    return Predictor(release(folder, version, model), folder)


def test_without_a_model_the_server_lives_and_says_what_to_run(empty, settings):
    write(status(settings.model_dir, "champion"), Following(checked_at="", registry="ok", alias_version=None))

    answer = empty.post("/predict", json=TRIP)

    assert empty.get("/health/live").status_code == 200
    assert empty.get("/health/ready").status_code == 503
    assert "make demo" in answer.json["detail"]
    assert answer.headers["Retry-After"] == "2"


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (None, "has just started"),
        (Following(checked_at="", registry="down", alias_version=None), "does not answer (down)"),
        (
            Following(
                checked_at="",
                registry="ok",
                alias_version="3",
                refused=[Refusal(version="3", reason="bad", at="")],
            ),
            "Version 3 of trip-duration was refused: bad",
        ),
    ],
)
def test_a_server_without_a_model_says_why(empty, settings, seen, words):
    if seen:
        write(status(settings.model_dir, "champion"), seen)

    assert words in empty.get("/health/ready").json["detail"]


def test_a_new_version_is_served_from_the_next_look_on(client, settings):
    serve(settings.model_dir, "2", graph(5.0))
    client.application.extensions["serving"].refresh()

    answer = client.post("/predict", json=TRIP).json

    assert (answer["model_version"], answer["minutes"]) == ("2", 19.3)


def test_the_first_version_is_served_by_every_worker_as_soon_as_it_is_on_disk(empty, settings):
    serve(settings.model_dir, "1")

    assert empty.post("/predict", json=TRIP).status_code == 200


def test_a_version_that_does_not_load_leaves_the_old_one_and_is_told(client, settings):
    made = serve(settings.model_dir, "2")
    (settings.model_dir / made.file).write_bytes(b"not a graph")
    client.application.extensions["serving"].refresh()

    assert client.post("/predict", json=TRIP).json["model_version"] == "1"
    assert "version 2 does not load" in client.get("/health/ready").json["trouble"]


def test_the_model_page_tells_fields_output_and_training(client):
    told = client.get("/model").json

    assert [field["name"] for field in told["fields"]] == [field["name"] for field in FIELDS]
    assert told["output"]["unit"] == "minutes"
    assert told["metadata"]["training"] == {"months": ["2023-01"]}
    assert "registry" not in told


def test_a_graph_without_metadata_is_served_unbounded(tmp_path):
    schema = loaded(tmp_path, model=graph(described=False)).schema

    assert schema.output.name == "minutes"
    assert (schema.fields[0].low, schema.fields[0].minimum) == (-(2**63), None)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (changed("PULocationID", required=False), "int64, so it cannot be left out"),
        (changed("PULocationID", minimum=300), "minimum above its maximum"),
        (changed("PULocationID", name="zone"), "the graph takes"),
        (changed("pickup", time_zone="Mars/Base"), "Mars/Base"),
    ],
)
def test_a_description_that_no_request_could_satisfy_is_refused(tmp_path, fields, words):
    model = graph()
    graph_fields = graph(fields=fields)
    model.metadata_props[0].value = graph_fields.metadata_props[0].value

    with pytest.raises(ModelError, match=words) as caught:
        loaded(tmp_path, model=model)
    assert isinstance(caught.value.__cause__, SchemaError)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (graph(float("nan")), "not finite"),
        (graph(1000.0), "outside 1.0 to 60.0"),
        (graph(fields=changed("PULocationID", example=999)), "the example of its field PULocationID"),
    ],
)
def test_a_model_that_fails_its_own_example_is_refused(tmp_path, model, words):
    with pytest.raises(ModelError, match=words):
        check(loaded(tmp_path, model=model), None)


def test_settings_name_everything_that_is_wrong_at_once():
    with pytest.raises(SettingsError, match=r"MLFLOW_TRACKING_URI is not set.*MODEL_SERVER_PORT='x'"):
        Settings.from_env({"MODEL_SERVER_PORT": "x"})
    with pytest.raises(SettingsError, match="MODEL_SHADOW_PERCENT=500 is not from 0 to 100"):
        Settings.from_env({"MLFLOW_TRACKING_URI": "u", "MODEL_SHADOW_PERCENT": "500"})


def test_an_empty_variable_is_the_default():
    assert Settings.from_env({"MLFLOW_TRACKING_URI": "u", "MODEL_SERVER_PORT": ""}).model_server_port == 8080
