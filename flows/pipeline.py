"""Pipeline: the whole path as one run, each part a run of its own below it, so that the graph shows it."""

from time import perf_counter
from typing import Annotated, Any

from prefect import flow
from pydantic import Field

from flows.ingest import ingest
from flows.promote import promote
from flows.results import PLAIN
from flows.score import score
from flows.train import check_apart, train
from flows.trips.graph import MODEL_NAME
from flows.trips.month import Month, Months, each, following
from flows.trips.registry import CHAMPION


@flow(flow_run_name="pipeline-{train_on}", persist_result=True, result_serializer=PLAIN)
def pipeline(
    train_on: Annotated[
        Months, Field(description="month or months to learn from, as 2023-01 or 2023-01..2023-03")
    ] = "2023-01",
    validate_on: Annotated[Month | None, Field(description="month to judge on; empty: the one after the last")] = None,
    source: Annotated[
        str | None,
        Field(description="folder or URL that holds green_tripdata_YYYY-MM.parquet; empty: the setting"),
    ] = None,
    baseline: Annotated[bool, Field(description="fit the source system's method too, to compare (in memory)")] = True,
    force: Annotated[bool, Field(description="do everything again, even when nothing changed")] = False,
) -> dict[str, Any]:
    """Ingest → train → promote → score."""
    judged_on = validate_on or following(each(train_on)[-1])
    check_apart(train_on, judged_on)
    ingested = [ingest(month, source=source, force=force) for month in (*each(train_on), judged_on)]
    trained = train(train_on, validate_on=judged_on, baseline=baseline, force=force)
    started = perf_counter()
    promoted = promote(month=judged_on)
    promoted["seconds"] = perf_counter() - started
    scored = score(judged_on, force=force)
    return {
        "ingest": ingested,
        "train": trained,
        "validate": trained["validate"],
        "model": {"name": MODEL_NAME, "version": promoted["version"], "alias": CHAMPION},
        "promote": promoted,
        "score": scored,
    }
