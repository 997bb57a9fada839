"""Score: a month of trips in the lake → predictions of the champion, beside their version, in the lake."""

from time import perf_counter

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact

from flows.caching import by_key, reuse
from flows.outcome import Result, completed
from flows.results import PLAIN
from flows.trips import lake, month_rows, registry
from flows.trips.graph import MODEL_NAME, Predictor
from flows.trips.links import prediction
from flows.trips.month import Month
from flows.trips.month_rows import MonthRows
from flows.trips.progress import counted
from flows.trips.registry import CHAMPION, Version
from flows.trips.report import mlflow_links, score_report
from flows.trips.scoring import SCORE_SCHEMA, scored
from flows.trips.settings import Settings


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
def score(month: Month, version: str | None = None, force: bool = False) -> Result:
    """Predict every trip of a month; an unchanged month and version are not scored again.

    Args:
        month: month to predict, such as 2023-02
        version: number of the version that predicts; empty: the champion
        force: predict even when nothing changed
    """
    started, settings = perf_counter(), Settings.from_env()
    model = registry.chosen(settings.tracking_uri, version, CHAMPION)
    rows = month_rows.required(settings.lake_url, month)
    target = lake.predictions_key(MODEL_NAME, model.version, month)
    _, cached = reuse(
        predictions, rows, model, settings,
        key=(model.version, model.run_id, rows.sha256, settings.lake_url),
        present=lake.notes(settings.lake_url, target) is not None, force=force,
    )  # fmt: skip
    state = "unchanged, from cache," if cached else "predicted"
    links = mlflow_links(settings.mlflow_ui, model, registry.experiment(settings.tracking_uri, model))
    report = score_report(month=month, rows=rows.rows, version=model.version, key=target, state=state, links=links)
    create_markdown_artifact(report, key=f"score-{month}", description=f"predictions of version {model.version}")
    seconds = perf_counter() - started
    message = f"{month}: {rows.rows:,} rows {state} by version {model.version} ({seconds:.1f} s)"
    return completed(message, {
        "month": month, "rows": rows.rows, "key": target, "version": model.version, "cached": cached,
        "seconds": seconds,
    }, then=prediction(settings.model_server))  # fmt: skip
