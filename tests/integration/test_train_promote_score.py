"""Train, promote and score on real parts, with small months and few rounds."""

import mlflow
import numpy as np
import pytest
from prefect.client.orchestration import get_client

from flows.promote import promote
from flows.score import score
from flows.trips import graph as graphs
from flows.trips import lake, month_rows, registry
from flows.trips.graph import Predictor
from flows.trips.judging import errors_on
from flows.trips.training import fit
from tests.integration.conftest import Train, Yard


def test_training_registers_a_candidate_with_its_lineage(small: Train, yard: Yard) -> None:
    trained = small()
    candidate = registry.required(yard.tracking_uri, registry.CANDIDATE)
    run = mlflow.MlflowClient(yard.tracking_uri).get_run(candidate.run_id)

    assert (candidate.version, candidate.tags["train"]) == (trained["version"], "2023-01")
    assert {entry.dataset.name for entry in run.inputs.dataset_inputs} == {"trips 2023-01", "trips 2023-02"}


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
