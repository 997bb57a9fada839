"""What MLflow shows of a training, and what its own loader predicts, on a real tracking server."""

from typing import Any

import mlflow
import numpy as np
import pyarrow as pa
import pytest

from flows.trips import mlflow_flavor, month_rows, registry
from flows.trips.cleaning import INPUT_SCHEMA, teaching
from flows.trips.graph import MODEL_NAME, Predictor
from tests.integration.conftest import Train, Yard


def test_run_in_mlflow_has_the_headline_a_curve_by_hour_and_a_table_by_distance(small: Train, yard: Yard) -> None:
    small(baseline=True)
    client = mlflow.MlflowClient(yard.tracking_uri)
    run = client.get_run(registry.required(yard.tracking_uri, registry.CANDIDATE).run_id)
    hours = [metric.step for metric in client.get_metric_history(run.info.run_id, "rmse_by_hour")]
    table = client.load_table(run.info.experiment_id, "errors-by-distance.json", [run.info.run_id])

    assert run.data.metrics.keys() == {"rmse", "mae", "p90", "baseline_rmse", "baseline_mae", "rmse_by_hour"}
    assert (hours, max(hours)) == (sorted(set(hours)), 23)
    assert table["trips"].sum() == int(run.data.params["validation_rows"])
    assert len(client.list_artifacts(run.info.run_id, "figures")) == 4


def test_run_in_mlflow_is_named_and_described_by_its_figures(small: Train, yard: Yard) -> None:
    trained = small()
    client = mlflow.MlflowClient(yard.tracking_uri)
    version = client.get_model_version(MODEL_NAME, trained["version"])
    run, rmse = client.get_run(version.run_id), f"{trained['validate']['rmse']:.3f}"

    assert run.info.run_name == f"2023-01, 20 rounds, RMSE {rmse}"
    assert f'load_model("models:/{MODEL_NAME}/{trained["version"]}")' in run.data.tags["mlflow.note.content"]
    assert f"RMSE is {rmse} minutes" in version.description
    assert "models:/trip-duration@champion" in client.get_registered_model(MODEL_NAME).description


def test_logged_model_takes_over_no_hour_as_a_metric(small: Train, yard: Yard) -> None:
    small()
    version = mlflow.MlflowClient(yard.tracking_uri).get_model_version_by_alias(MODEL_NAME, registry.CANDIDATE)
    logged = mlflow.MlflowClient(yard.tracking_uri).get_logged_model(version.source.removeprefix("models:/"))

    assert {metric.key for metric in logged.metrics} == {"rmse", "mae", "p90"}


def test_registered_model_has_signature_example_and_field_descriptions(small: Train, yard: Yard) -> None:
    small()
    mlflow.set_tracking_uri(yard.tracking_uri)
    info = mlflow.models.get_model_info(f"models:/{MODEL_NAME}@{registry.CANDIDATE}")

    assert info.signature == mlflow_flavor.signature()
    assert (info.metadata["fields"][0]["maximum"], info.saved_input_example_info is not None) == (265, True)


def test_mlflows_own_loader_predicts_what_the_graph_predicts(small: Train, yard: Yard) -> None:
    small()
    found = registry.required(yard.tracking_uri, registry.CANDIDATE)
    mlflow.set_tracking_uri(yard.tracking_uri)
    loaded = mlflow.pyfunc.load_model(f"models:/{MODEL_NAME}/{found.version}")
    rows = next(month_rows.passes(yard.lake_url, [month_rows.required(yard.lake_url, "2023-02")]))
    judged = teaching(rows).slice(0, 50)
    moments = np.array(judged["pickup"]).astype("datetime64[s]").astype(str)

    predicted = loaded.predict([row | {"pickup": moment} for row, moment in zip(records(judged), moments, strict=True)])
    expected = Predictor(registry.graph(yard.tracking_uri, found)).minutes(judged)
    assert predicted["minutes"].to_numpy() == pytest.approx(expected, abs=1e-4)


def records(rows: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return the model's inputs as a person would write them."""
    return list(rows.select(INPUT_SCHEMA.names).to_pylist())
