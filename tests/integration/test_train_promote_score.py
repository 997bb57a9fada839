"""Train, promote and score on real parts, with small months and few rounds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pyarrow as pa
import pytest
from prefect.client.orchestration import get_client

from flows.ingest import ingest
from flows.promote import promote
from flows.score import score
from flows.train import train
from flows.trips import graph as graphs
from flows.trips import lake, mlflow_flavor, month_rows, registry
from flows.trips.cleaning import INPUT_SCHEMA, teaching
from flows.trips.graph import MODEL_NAME, Predictor
from flows.trips.judging import errors_on
from flows.trips.training import fit
from tests.integration.conftest import Yard
from tests.integration.months import cut

Train = Callable[..., dict[str, Any]]


@pytest.fixture(name="small")
def _small(yard: Yard, tmp_path: Path) -> Train:
    """Ingest two small months; return a training on them with few rounds."""
    months = str(cut(tmp_path / "months"))
    for month in ("2023-01", "2023-02"):
        ingest(month, source=months)
    return lambda train_on="2023-01", **options: train(train_on, **{"rounds": 20, "baseline": False} | options)


def test_training_registers_a_candidate_with_its_lineage(small: Train, yard: Yard) -> None:
    trained = small()
    candidate = registry.required(yard.tracking_uri, registry.CANDIDATE)
    run = mlflow.MlflowClient(yard.tracking_uri).get_run(candidate.run_id)

    assert (candidate.version, candidate.tags["train"]) == (trained["version"], "2023-01")
    assert {entry.dataset.name for entry in run.inputs.dataset_inputs} == {"trips 2023-01", "trips 2023-02"}


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


def test_flow_gives_what_the_plain_functions_give(small: Train, yard: Yard) -> None:
    trained = small()
    months = [month_rows.required(yard.lake_url, month) for month in ("2023-01", "2023-02")]
    plain = graphs.build(fit(lambda: month_rows.passes(yard.lake_url, months[:1]), rounds=20), {})

    assert errors_on(plain, yard.lake_url, months[1]).metrics()["rmse"] == pytest.approx(trained["validate"]["rmse"])


def test_second_training_on_unchanged_months_comes_from_cache(small: Train) -> None:
    first, second = small(), small()

    assert (first["cached"], second["cached"], second["version"]) == (False, True, first["version"])


def test_force_trains_again_and_registers_a_new_version(small: Train) -> None:
    first, forced = small(), small(force=True)

    assert int(forced["version"]) == int(first["version"]) + 1
    assert forced["validate"]["rmse"] == first["validate"]["rmse"]


def test_training_publishes_the_report_as_an_artifact(small: Train) -> None:
    small()
    with get_client(sync_client=True) as client:
        found = client.request(
            "POST", "/artifacts/latest/filter", json={"artifacts": {"key": {"any_": ["duration-model-report"]}}}
        )

    assert "| this model | 2023-02 |" in found.json()[0]["data"]


def test_first_candidate_becomes_champion(small: Train, yard: Yard) -> None:
    small()
    promoted = promote()

    assert (promoted["promoted"], promoted["version"]) == (True, "1")
    assert registry.version(yard.tracking_uri, registry.PREVIOUS) is None


def test_better_candidate_replaces_the_champion_which_becomes_previous(small: Train, yard: Yard) -> None:
    small(rounds=3)
    promote()
    small(rounds=60)

    assert "better, more than the margin" in promote()["why"]
    assert registry.required(yard.tracking_uri, registry.PREVIOUS).version == "1"


def test_worse_candidate_stays_candidate_and_is_told_why(small: Train) -> None:
    small(rounds=60)
    promote()
    small(rounds=3)
    promoted = promote()

    assert (promoted["promoted"], promoted["version"]) == (False, "1")
    assert "is not better by the margin of 0.5%" in promoted["why"]


def test_rollback_puts_the_previous_champion_back(small: Train, yard: Yard) -> None:
    small(rounds=3)
    promote()
    small(rounds=60)
    promote()

    assert promote(rollback=True)["version"] == "1"
    assert registry.required(yard.tracking_uri, registry.PREVIOUS).version == "2"


def test_model_is_not_judged_on_a_month_that_it_has_seen(small: Train) -> None:
    small()
    promote()
    small("2023-02", validate_on="2023-01")

    assert "learnt from 2023-01 and cannot be judged on it" in promote(month="2023-01")["why"]


def test_score_writes_a_prediction_for_every_row_in_order(small: Train, yard: Yard) -> None:
    small()
    promote()
    scored = score("2023-02")
    predictions = list(lake.read(yard.lake_url, scored["key"]))
    rows = list(month_rows.passes(yard.lake_url, [month_rows.required(yard.lake_url, "2023-02")]))

    assert [b["trip_distance"] for b in predictions] == [b["trip_distance"] for b in rows]
    assert np.isfinite(np.concatenate([b["minutes"].to_numpy() for b in predictions])).all()


def test_score_equals_the_registered_model_on_the_same_rows(small: Train, yard: Yard) -> None:
    small()
    promote()
    scored = next(iter(lake.read(yard.lake_url, score("2023-02")["key"])))
    graph = registry.graph(yard.tracking_uri, registry.required(yard.tracking_uri, registry.CHAMPION))

    assert Predictor(graph).minutes(scored) == pytest.approx(scored["minutes"].to_numpy(), abs=1e-5)


def test_unchanged_month_is_not_scored_twice(small: Train) -> None:
    small()
    promote()

    assert (score("2023-02")["cached"], score("2023-02")["cached"]) == (False, True)


def test_predictions_deleted_from_the_lake_are_made_again(small: Train, yard: Yard) -> None:
    small()
    promote()
    (yard.lake / score("2023-02")["key"]).unlink()

    assert score("2023-02")["cached"] is False


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
