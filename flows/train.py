"""Train: months of model rows in the lake → statistics, trees, one graph → MLflow, as `candidate`."""

import logging
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Annotated

from prefect import flow, runtime, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.utilities.urls import url_for
from pydantic import Field

from flows.caching import by_key, reuse
from flows.judged_versions import metrics_of
from flows.outcome import Result, completed
from flows.results import PLAIN
from flows.trips import baseline, descriptions, figures, graph, judging, model_files, month_rows, registry, training
from flows.trips.baseline import Baseline
from flows.trips.evaluation import Errors
from flows.trips.fingerprint import commit, fingerprint
from flows.trips.model_files import Checksum
from flows.trips.month import Month, Months, each, following
from flows.trips.month_rows import MonthRows
from flows.trips.registry import CANDIDATE, CHAMPION, Lineage, Version
from flows.trips.report import Beside, duration_report, mlflow_links
from flows.trips.run_report import Report
from flows.trips.settings import Settings, command

log = logging.getLogger("trainyard.train")


@dataclass(frozen=True)
class Fitted:
    """The model, by its checksum in the lake, with what the fit took and what it looked at most."""

    sha256: Checksum
    rows: int
    seconds: float
    gain: dict[str, float]


@task(task_run_name="fit-{key[0]}", cache_key_fn=by_key, persist_result=True)
def fitted(months: list[MonthRows], settings: Settings, rounds: int, *, key: tuple[str, ...]) -> Fitted:
    """Fit the trees on *months* and put everything into one graph, kept in the lake."""
    trained = training.fit(partial(month_rows.passes, settings.lake_url, months), rounds=rounds)
    about = {"months": key[0], "rows": trained.rows, "rounds": rounds, "commit": commit()}
    checksum = model_files.store(settings.lake_url, graph.build(trained, about))
    return Fitted(checksum, trained.rows, trained.seconds, trained.gain())


@task(task_run_name="judge-{month.month}", cache_key_fn=by_key, persist_result=True)
def errors(made: Fitted, month: MonthRows, settings: Settings, *, key: tuple[str, ...]) -> Errors:
    """Return the errors of the model on a month that it has not seen."""
    return judging.errors_on(model_files.required(settings.lake_url, made.sha256), settings.lake_url, month)


@task(task_run_name="source-method-{key[0]}", cache_key_fn=by_key, persist_result=True)
def source_method(months: list[MonthRows], month: MonthRows, settings: Settings, *, key: tuple[str, ...]) -> Baseline:
    """Fit and judge the source systems' method on the same rows."""
    rows = partial(month_rows.passes, settings.lake_url)
    return baseline.fit_and_judge(rows(months), rows([month]))


@task(task_run_name="register-{key[0]}", cache_key_fn=by_key, persist_result=True, retries=3,
      retry_delay_seconds=[5, 15, 45])  # fmt: skip
def candidate(made: Fitted, found: Errors, source: Baseline | None, seen: list[Lineage], tags: dict[str, str],
              settings: Settings, *, key: tuple[str, ...]) -> Version:  # fmt: skip
    """Log the model with its metrics, figures and lineage, and register it."""
    metrics = found.headline()
    parameters = {name: str(value) for name, value in training.PARAMETERS.items()} | {
        "rounds": tags["rounds"],
        "train": key[0],
        "validate": tags["validate"],
        "training_rows": str(made.rows),
        "validation_rows": f"{found.metrics()['rows']:.0f}",
        "training_seconds": f"{made.seconds:.1f}",
    }
    if source:
        metrics |= {"baseline_rmse": source.rmse, "baseline_mae": source.mae}
        parameters |= {"baseline_seconds": f"{source.seconds:.1f}"}
    return registry.register(
        settings.tracking_uri,
        model_files.required(settings.lake_url, made.sha256),
        report=Report(
            name=descriptions.run_name(key[0], tags["rounds"], metrics["rmse"]),
            sentence=descriptions.version_summary(metrics, tags),
            summary=descriptions.run_summary(metrics, parameters, tags),
            metrics=metrics,
            rmse_by_hour=found.rmse_by_hour(),
            tables={"errors-by-distance": found.by_distance()},
            figures={
                "predicted-against-actual": figures.predicted_against_actual(found),
                "residuals": figures.residuals(found),
                "error-by-hour": figures.error_by_hour(found),
                "feature-gain": figures.feature_gain(made.gain),
            },
        ),
        model_server=settings.model_server,
        parameters=parameters,
        lineage=seen,
        tags=tags,
    )


@task(task_run_name="report", cache_policy=NO_CACHE)
def report(text: str) -> None:
    """Publish the report where the run is looked at."""
    create_markdown_artifact(
        text, key="duration-model-report", description="RMSE beside the champion's and the source's"
    )


@flow(flow_run_name="train-{train_on}", persist_result=True, result_serializer=PLAIN)
def train(
    train_on: Months,
    validate_on: Month | None = None,
    baseline: bool = True,
    rounds: Annotated[int, Field(ge=1, le=5000)] = training.ROUNDS,
    force: bool = False,
) -> Result:
    """Train on months in the lake, judge on another one, and register the model as `candidate`.

    Args:
        train_on: month or months to learn from, such as 2023-01 or 2023-01..2023-03
        validate_on: month to judge on, such as 2023-02; empty: the one after the last training month
        baseline: fit the source system's method too, to compare with; it works in memory
        rounds: boosting rounds
        force: train even when nothing changed
    """
    started, settings, months = perf_counter(), Settings.from_env(), each(train_on)
    judged_on = validate_on or following(months[-1])
    check_apart(train_on, judged_on)
    learnt = [month_rows.required(settings.lake_url, month) for month in months]
    unseen = month_rows.required(settings.lake_url, judged_on)
    inputs, outputs = (train_on, *(rows.sha256 for rows in learnt), str(rounds)), (judged_on, unseen.sha256)
    again = partial(reuse, present=True, force=force)

    def in_lake(made: Fitted) -> bool:
        return model_files.found(settings.lake_url, made.sha256) is not None

    made, _ = reuse(fitted, learnt, settings, rounds, key=inputs, present=in_lake, force=force)
    found, _ = again(errors, made, unseen, settings, key=(made.sha256, *outputs))
    source = again(source_method, learnt, unseen, settings, key=(*inputs, *outputs))[0] if baseline else None
    tags = {
        "train": train_on,
        "validate": judged_on,
        "rounds": str(rounds),
        "commit": commit(),
        "inputs": fingerprint(*inputs, *outputs, baseline),
        "prefect_run": url_for("flow-run", obj_id=runtime.flow_run.id) or "",
    }
    there = registry.tagged(settings.tracking_uri, "inputs", tags["inputs"]) is not None
    seen = [_lineage(settings, rows, "training") for rows in learnt] + [_lineage(settings, unseen, "validation")]
    registered, cached = reuse(
        candidate, made, found, source, seen, tags, settings,
        key=(*inputs, *outputs, str(baseline), settings.tracking_uri), present=there, force=force,
    )  # fmt: skip
    newest = registry.newest(settings.tracking_uri) or registered  # of two at once, the later one is the candidate
    registry.move(settings.tracking_uri, CANDIDATE, newest.version)

    report(_report(train_on, made, found, source, registered, unseen, settings))
    metrics = found.metrics()
    beside = f", {1 - metrics['rmse'] / source.rmse:.1%} below the source's {source.rmse:.3f}" if source else ""
    seconds = "unchanged, from cache" if cached else f"in {made.seconds:.1f} s"
    place = "is candidate" if newest.version == registered.version else f"is older than candidate {newest.version}"
    message = (
        f"{train_on}: {made.rows:,} trips {seconds}; RMSE {metrics['rmse']:.3f} minutes on {judged_on}{beside}; "
        f"version {registered.version} {place} ({perf_counter() - started:.1f} s)"
    )
    return completed(message, {
        "months": train_on, "rows": made.rows, "seconds": made.seconds, "cached": cached, "version": registered.version,
        "validate": {"months": judged_on, "rows": int(metrics["rows"]), "rmse": metrics["rmse"], "mae": metrics["mae"],
                     "p90": metrics["p90"], "baseline_rmse": source.rmse if source else None},
    }, then=command("promote"))  # fmt: skip


def check_apart(train_on: str, validate_on: str) -> None:
    """Raise `ValueError` when the month to judge on is one of those learnt from."""
    if validate_on in each(train_on):
        raise ValueError(
            f"validation month {validate_on} is inside the training months {train_on}: a model must be judged on trips "
            f"that it has not seen; choose another, for example {following(each(train_on)[-1])}"
        )


def _lineage(settings: Settings, rows: MonthRows, context: str) -> Lineage:
    return Lineage(rows.month, f"{settings.lake_url}/{rows.key}", rows.sha256, context)


def _report(train_on: str, made: Fitted, found: Errors, source: Baseline | None, registered: Version,
            unseen: MonthRows, settings: Settings) -> str:  # fmt: skip
    """Return the report of the training, with the champion of now beside it on the same month."""
    champion = registry.version(settings.tracking_uri, CHAMPION)
    return duration_report(
        train=train_on,
        validate=unseen.month,
        rows=made.rows,
        model=found.metrics(),
        champion=_champion(champion, unseen, settings) if champion else None,
        baseline=source,
        links=mlflow_links(settings.mlflow_ui, registered, registry.experiment(settings.tracking_uri, registered)),
    )


def _champion(champion: Version, month: MonthRows, settings: Settings) -> Beside:
    """Return the champion's figures on *month*, or why there are none."""
    if month.month in champion.learnt_from:
        return Beside(champion.version, f"learnt from {month.month}")
    try:
        return Beside(champion.version, metrics_of(champion, month, settings))
    except registry.ChangedModelError as error:
        log.warning("the champion is not judged: %s", error)
        return Beside(champion.version, "its file was changed")
