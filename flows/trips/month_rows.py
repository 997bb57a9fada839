"""A month of model rows in the lake, and how it gets there from the database.

What was refused, and the checksum of the city's file, travel in the Parquet file's own metadata.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pyarrow as pa

from flows.trips import lake, table
from flows.trips.cleaning import ROW_SCHEMA, count_reasons, model_rows
from flows.trips.fingerprint import code
from flows.trips.month import Month
from flows.trips.progress import counted
from flows.trips.settings import command


@dataclass(frozen=True)
class MonthRows:
    """*rows* model rows of *month* under *key*; *not_trips* counts by reason those that nothing is learnt from."""

    month: Month
    key: str
    rows: int
    sha256: str
    not_trips: dict[str, int]
    code: str


def found(lake_url: str, month: str) -> MonthRows | None:
    """Return the month as it is in the lake now, or None."""
    key = lake.trips_key(month)
    notes = lake.notes(lake_url, key)
    if notes is None or "sha256" not in notes:
        return None
    return MonthRows(month, key, int(notes["rows"]), notes["sha256"], json.loads(notes["not_trips"]), notes["code"])


def required(lake_url: str, month: str) -> MonthRows:
    """Return the month as it is in the lake, or raise `lake.LakeError` that says how to get it there."""
    rows = found(lake_url, month)
    if rows is None:
        raise lake.LakeError(f"month {month} is not in the lake; put it there: {command(f'ingest --month {month}')}")
    return rows


def export(database_url: str, lake_url: str, stored: table.StoredMonth) -> MonthRows:
    """Write the month's model rows from the database to the lake; memory does not grow with the month."""
    key, refused = lake.trips_key(stored.month), Counter[str]()

    def rows(trips: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in counted(trips, f"lake {stored.month}", stored.rows):
            made = model_rows(batch, stored.month)
            refused.update(count_reasons(made))
            yield made

    def notes() -> dict[str, str]:
        return {"sha256": stored.sha256, "not_trips": json.dumps(refused), "code": code()}

    # Closed here and now: a failed write would else leave the month locked until the traceback is forgotten.
    with closing(table.read(database_url, stored.month)) as trips:
        count = lake.write(lake_url, key, ROW_SCHEMA, rows(trips), notes)
    return MonthRows(stored.month, key, count, stored.sha256, dict(refused.most_common()), code())


def passes(lake_url: str, months: list[MonthRows]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of *months* one after the other: one pass."""
    for month in months:
        yield from lake.read(lake_url, month.key)
