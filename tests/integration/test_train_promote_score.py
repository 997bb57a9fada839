"""Train, promote and score on real parts, with small months and few rounds."""

from pathlib import Path

import mlflow
import numpy as np
import pytest
from prefect.client.orchestration import get_client

from flows.pipeline import pipeline
from flows.promote import promote
from flows.score import score
from flows.trips import graph as graphs
from flows.trips import lake, month_rows, registry
from flows.trips.graph import MODEL_NAME, Predictor
from flows.trips.judging import errors_on
from flows.trips.training import fit
from tests.integration.conftest import Train, Yard
from tests.integration.months import cut


def artifact(key: str) -> str:
    """The newest artifact of the key."""
    with get_client(sync_client=True) as client:
        return str(client.request("GET", f"/artifacts/{key}/latest").json()["data"])


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


@pytest.mark.row("S1.9")
def test_training_publishes_the_report_as_an_artifact(small: Train) -> None:
    small()

    assert "| this model | 2023-02 |" in artifact("duration-model-report")
    assert "/#/models/trip-duration/versions/1?" in artifact("duration-model-report")


def test_report_judges_a_champion_of_another_month_on_this_one(small: Train, yard: Yard) -> None:
    first = small(rounds=3)
    promote()
    mlflow.MlflowClient(yard.tracking_uri).set_model_version_tag(MODEL_NAME, "1", "validate", "2023-03")
    small()

    assert f"| champion, version 1 | 2023-02 | {first['validate']['rmse']:.3f} |" in artifact("duration-model-report")


def test_report_says_that_a_champion_has_seen_the_month(small: Train) -> None:
    small("2023-02", validate_on="2023-01", rounds=3)
    promote(month="2023-01")
    small()

    assert "| champion, version 1 | 2023-02 | | | | learnt from 2023-02 |" in artifact("duration-model-report")


def test_cached_training_does_not_move_the_candidate_back(small: Train, yard: Yard) -> None:
    small(rounds=3)
    small(rounds=5)
    again = small(rounds=3)

    assert (again["cached"], again["version"]) == (True, "1")
    assert registry.required(yard.tracking_uri, registry.CANDIDATE).version == "2"


def test_first_candidate_becomes_champion(small: Train, yard: Yard) -> None:
    small()
    promoted = promote()

    assert (promoted["promoted"], promoted["version"]) == (True, "1")
    assert registry.version(yard.tracking_uri, registry.PREVIOUS) is None


def test_verdict_lasts_on_the_version_and_as_an_artifact(small: Train, yard: Yard) -> None:
    small(rounds=60)
    promote()
    small(rounds=3)
    state = promote(return_state=True)
    version = mlflow.MlflowClient(yard.tracking_uri).get_model_version(MODEL_NAME, "2")

    assert "version 2 is not promoted, version 1 stays champion: RMSE" in version.description
    assert state.message.startswith("version 2 is not promoted, version 1 stays champion: RMSE")
    assert (version.tags["verdict"], version.tags["verdict_month"]) == ("not promoted", "2023-02")
    assert float(version.tags["verdict_rmse"]) > float(version.tags["verdict_champion_rmse"])
    assert "# Version 2 is not promoted" in artifact("promotion")


def test_second_promotion_says_why_the_champion_is_champion(small: Train, yard: Yard) -> None:
    small()
    first = promote()
    again = promote(return_state=True)

    assert again.message.startswith(f"version 1 is champion already; it was promoted: {first['why']}")
    assert again.result()["at"] == first["at"]


def test_promotion_judges_the_version_that_it_is_given(small: Train) -> None:
    small(rounds=30)
    small(rounds=3)

    assert promote(version="1")["version"] == "1"


def test_promotion_of_an_unknown_version_says_so(small: Train) -> None:
    small()

    with pytest.raises(registry.NoModelError, match="has no version 9"):
        promote(version="9")


def test_pipeline_hands_version_and_champion_on_and_the_graph_shows_it(yard: Yard, tmp_path: Path) -> None:
    state = pipeline("2023-01", source=str(cut(tmp_path / "months")), baseline=False, return_state=True)
    with get_client(sync_client=True) as client:
        nodes = client.request("GET", f"/flow_runs/{state.state_details.flow_run_id}/graph-v2").json()["nodes"]
    flow_of = {id_: node["label"].partition(" / ")[0] for id_, node in nodes}
    edges = {(flow_of[parent["id"]], flow_of[id_]) for id_, node in nodes for parent in node["parents"]}

    assert edges == {("ingest", "train"), ("train", "promote"), ("ingest", "promote"), ("promote", "score")}
    assert "version 1 is champion: there was no champion yet" in state.message
    assert "**promote**: version 1 is champion" in artifact("pipeline")


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
