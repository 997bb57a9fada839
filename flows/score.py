"""Score: a month of trips in the lake → predictions of the champion, beside their version, in the lake."""

import logging
from time import perf_counter
from typing import Annotated, Any

from prefect import flow, task
from pydantic import Field

from flows.caching import by_key, reuse
from flows.results import PLAIN
from flows.trips import lake, month_rows, registry
from flows.trips.graph import MODEL_NAME, Predictor
from flows.trips.month import Month
from flows.trips.month_rows import MonthRows
from flows.trips.progress import counted
from flows.trips.registry import CHAMPION, Version
from flows.trips.scoring import SCORE_SCHEMA, scored
from flows.trips.settings import Settings

log = logging.getLogger("trainyard.score")


@task(task_run_name="score-{month.month}-by-{version.version}", cache_key_fn=by_key, persist_result=True, retries=3,
      retry_delay_seconds=[5, 15, 45])  # fmt: skip
def predictions(month: MonthRows, version: Version, settings: Settings, *, key: tuple[str, ...]) -> str:
    """Write the month's predictions to the lake; return their key."""
    predictor = Predictor(registry.graph(settings.tracking_uri, version))
    rows = counted(lake.read(settings.lake_url, month.key), f"score {month.month}", month.rows)
    target = lake.predictions_key(MODEL_NAME, version.version, month.month)
    lake.write(settings.lake_url, target, SCORE_SCHEMA, scored(predictor, version.version, rows))
    return target


@flow(flow_run_name="score-{month}", persist_result=True, result_serializer=PLAIN)
def score(
    month: Annotated[Month, Field(description="month to predict, as 2023-02")],
    force: Annotated[bool, Field(description="predict even when nothing changed")] = False,
) -> dict[str, Any]:
    """Predict every trip of a month with the champion; an unchanged month and champion are not scored again."""
    started, settings = perf_counter(), Settings.from_env()
    champion = registry.required(settings.tracking_uri, CHAMPION)
    rows = month_rows.required(settings.lake_url, month)
    target = lake.predictions_key(MODEL_NAME, champion.version, month)
    _, cached = reuse(
        predictions, rows, champion, settings,
        key=(champion.version, champion.run_id, rows.sha256, settings.lake_url),
        present=lake.notes(settings.lake_url, target) is not None, force=force,
    )  # fmt: skip
    seconds = perf_counter() - started
    state = "unchanged, from cache" if cached else "predicted"
    log.info(
        "score    %s: %s rows %s by version %s (%.1f s)",
        month,
        f"{rows.rows:,}",
        state,
        champion.version,
        seconds,
    )
    return {
        "month": month,
        "rows": rows.rows,
        "key": target,
        "version": champion.version,
        "cached": cached,
        "seconds": seconds,
    }
