"""Pipeline: the whole path as one run, each part a run of its own below it, so that the graph shows it."""

from collections.abc import Sequence
from time import perf_counter
from typing import Any, cast

from prefect import Flow, State, flow
from prefect.artifacts import create_markdown_artifact
from prefect.utilities.engine import link_state_to_flow_run_result

from flows.ingest import ingest
from flows.outcome import Result, completed
from flows.promote import promote
from flows.results import PLAIN
from flows.score import score
from flows.train import check_apart, train
from flows.trips.graph import MODEL_NAME
from flows.trips.links import prediction
from flows.trips.month import Month, Months, each, following
from flows.trips.registry import CHAMPION
from flows.trips.report import pipeline_report
from flows.trips.settings import Settings


@flow(flow_run_name="pipeline-{train_on}", persist_result=True, result_serializer=PLAIN)
def pipeline(
    train_on: Months = "2023-01",
    validate_on: Month | None = None,
    source: str | None = None,
    baseline: bool = True,
    force: bool = False,
) -> Result:
    """Ingest → train → promote → score.

    Args:
        train_on: month or months to learn from, such as 2023-01 or 2023-01..2023-03
        validate_on: month to judge on, such as 2023-02; empty: the one after the last training month
        source: folder or URL that holds green_tripdata_YYYY-MM.parquet; empty: the setting TRIPS_SOURCE
        baseline: fit the source system's method too, to compare with; it works in memory
        force: do everything again, even when nothing changed
    """
    started, settings = perf_counter(), Settings.from_env()
    judged_on = validate_on or following(each(train_on)[-1])
    check_apart(train_on, judged_on)
    ingested = [part(ingest, month, source=source, force=force) for month in (*each(train_on), judged_on)]
    trained = part(train, train_on, validate_on=judged_on, baseline=baseline, force=force, after=ingested)
    promoted = part(promote, month=judged_on, version=trained["version"])
    scored = part(score, judged_on, version=promoted["version"], force=force)
    result = {
        "ingest": ingested,
        "train": trained,
        "validate": trained["validate"],
        "model": {"name": MODEL_NAME, "version": promoted["version"], "alias": CHAMPION},
        "promote": promoted,
        "score": scored,
    }
    report, message = pipeline_report(result, settings.mlflow_ui, seconds=perf_counter() - started)
    create_markdown_artifact(report, key="pipeline", description=f"trained on {train_on}, judged on {judged_on}")
    return completed(message, result, then=prediction(settings.model_server))


def part(flow: Flow[..., Result], *arguments: Any, after: Sequence[Result] = (), **parameters: Any) -> Result:
    """Run *flow* below this one; the graph shows it behind the parts in *after* and those that its parameters are from.

    Prefect draws an edge from a flow's result to where it is used, but not when that flow returned a state, which
    ours do for their message: so the result is linked here.
    """
    state = cast("State[Result]", flow(*arguments, return_state=True, wait_for=after, **parameters))
    result = state.result()
    link_state_to_flow_run_result(state, result)
    return result
