"""Ingest: a raw month → PostgreSQL (every row) → the lake (model rows; what cannot be a trip is counted by reason)."""

import logging
from pathlib import Path
from time import perf_counter
from typing import Any

from prefect import State, Task, flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import TaskRun

from flows.caching import by_key, reuse
from flows.outcome import Result, completed
from flows.results import PLAIN
from flows.trips import month_rows, source, table
from flows.trips.fingerprint import code
from flows.trips.month import Month
from flows.trips.month_rows import MonthRows
from flows.trips.progress import counted
from flows.trips.schema import typed
from flows.trips.settings import Settings, command
from flows.trips.source import MonthFile
from flows.trips.table import StoredMonth

log = logging.getLogger("trainyard.ingest")


async def worth_a_retry(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Retry what the network or a restarting server may have caused, never a wrong name or a bad file."""
    return not isinstance(await state.aresult(raise_on_failure=False), ValueError)


@task(task_run_name="fetch-{month}", tags=["network"], cache_policy=NO_CACHE, retries=4,
      retry_delay_seconds=[2, 5, 15, 45], retry_condition_fn=worth_a_retry)  # fmt: skip
def month_file(month: str, folder_or_url: str, downloads: str) -> MonthFile:
    """Return the month's file on this machine, whole and checked."""
    return source.inspect(month, source.fetch(month, folder_or_url, Path(downloads)))


@task(task_run_name="store-{file.month}", cache_key_fn=by_key, persist_result=True, retries=3,
      retry_delay_seconds=[5, 15, 45], retry_condition_fn=worth_a_retry)  # fmt: skip
def trips_in_database(file: MonthFile, settings: Settings, *, key: tuple[str, ...]) -> StoredMonth:
    """Replace the month in PostgreSQL, all or nothing."""
    raw = counted(source.batches(file), f"store {file.month}", file.rows)
    return table.store(settings.database_url, file.month, file.sha256, map(typed, raw))


@task(task_run_name="export-{stored.month}", cache_key_fn=by_key, persist_result=True, retries=3,
      retry_delay_seconds=[5, 15, 45], retry_condition_fn=worth_a_retry)  # fmt: skip
def rows_in_lake(stored: StoredMonth, settings: Settings, *, key: tuple[str, ...]) -> MonthRows:
    """Write the month's model rows from PostgreSQL to the lake."""
    return month_rows.export(settings.database_url, settings.lake_url, stored)


@flow(flow_run_name="ingest-{month}", persist_result=True, result_serializer=PLAIN)
def ingest(
    month: Month,
    source: str | None = None,
    force: bool = False,
) -> Result:
    """Bring one month of trips into PostgreSQL and the lake; an unchanged month is not touched.

    Args:
        month: month to ingest, such as 2023-01
        source: folder or URL that holds green_tripdata_YYYY-MM.parquet; empty: the setting TRIPS_SOURCE
        force: ingest even when the file is unchanged
    """
    started, settings = perf_counter(), Settings.from_env()
    before = table.stored(settings.database_url, month)
    file = month_file(month, source or settings.source, settings.downloads)
    in_database = before is not None and before.sha256 == file.sha256
    stored, stored_before = reuse(
        trips_in_database,
        file,
        settings,
        key=(month, file.sha256, settings.database),
        present=in_database,
        force=force,
    )
    there = month_rows.found(settings.lake_url, month)
    in_lake = there is not None and (there.sha256, there.code) == (file.sha256, code())
    rows, exported_before = reuse(
        rows_in_lake,
        stored,
        settings,
        key=(month, file.sha256, settings.lake_url),
        present=in_lake,
        force=force or not stored_before,
    )
    cached, seconds = stored_before and exported_before, perf_counter() - started
    counts = ", ".join(f"{count:,} {reason}" for reason, count in rows.not_trips.items()) or "none"
    state = "unchanged, from cache" if cached else "stored"
    if file.unknown_columns:
        log.warning("ingest   %s: columns not known here, left out: %s", month, ", ".join(file.unknown_columns))
    create_markdown_artifact(
        _counts(rows, file), key=f"ingest-{month}", description=f"rows of {month} and what was refused"
    )
    message = f"{month}: {rows.rows:,} rows {state}; excluded from training: {counts} ({seconds:.1f} s)"
    return completed(message, {
        "month": month, "rows": rows.rows, "not_trips": rows.not_trips, "cached": cached, "seconds": seconds,
    }, then=command(f"train --train-on {month}"))  # fmt: skip


def _counts(rows: MonthRows, file: MonthFile) -> str:
    lines = [f"| {reason} | {count:,} |" for reason, count in rows.not_trips.items()]
    head = f"# Trips of {rows.month}\n\n{rows.rows:,} rows from `{Path(file.path).name}`, SHA-256 `{file.sha256}`.\n"
    return "\n".join([head, "| excluded from training | rows |", "|---|---:|", *lines])
