"""Ingest on real PostgreSQL: all rows or none, counted, and nothing done twice."""

import logging
import threading
from pathlib import Path

import pytest

from flows.ingest import ingest
from flows.trips import lake, month_rows, schema, source, table
from tests.integration.conftest import Yard
from tests.integration.months import DATA, cut


def rows_in_database(yard: Yard, month: str) -> int:
    return sum(batch.num_rows for batch in table.read(yard.database_url, month))


def test_every_published_row_reaches_database_and_lake(yard: Yard) -> None:
    result = ingest("2023-01")

    assert (result["rows"], rows_in_database(yard, "2023-01")) == (68211, 68211)
    assert month_rows.required(yard.lake_url, "2023-01").rows == 68211


def test_rows_that_cannot_be_trips_are_counted_by_reason(yard: Yard) -> None:
    refused = ingest("2023-02")["not_trips"]

    assert refused["pickup_outside_month"] == 26
    assert sum(refused.values()) == 64809 - 62503


def test_database_keeps_the_order_and_values_of_the_file(yard: Yard) -> None:
    ingest("2023-01")
    file = source.inspect("2023-01", DATA / source.file_name("2023-01"))

    stored = [row for batch in table.read(yard.database_url, "2023-01") for row in batch.slice(0, 500).to_pylist()]
    assert [row for batch in source.batches(file) for row in schema.typed(batch).slice(0, 500).to_pylist()] == stored


def test_second_ingest_of_an_unchanged_month_changes_nothing(yard: Yard) -> None:
    first = ingest("2023-01")
    written = (yard.lake / lake.trips_key("2023-01")).stat().st_mtime_ns
    second = ingest("2023-01")

    assert (first["cached"], second["cached"]) == (False, True)
    assert (yard.lake / lake.trips_key("2023-01")).stat().st_mtime_ns == written


def test_second_ingest_says_that_it_came_from_cache(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    ingest("2023-01")
    with caplog.at_level(logging.INFO, "trainyard"):
        ingest("2023-01")

    assert "2023-01: 68,211 rows unchanged, from cache" in caplog.text


def test_force_ingests_an_unchanged_month_again(yard: Yard) -> None:
    ingest("2023-01")

    assert ingest("2023-01", force=True)["cached"] is False


def test_changed_file_replaces_the_month(yard: Yard, tmp_path: Path) -> None:
    ingest("2023-01")
    ingest("2023-01", source=str(cut(tmp_path / "months")))

    assert rows_in_database(yard, "2023-01") == 3000


def test_partition_dropped_by_hand_is_made_again(yard: Yard, tmp_path: Path) -> None:
    months = str(cut(tmp_path / "months"))
    ingest("2023-01", source=months)
    with table._cursor(yard.database_url) as cursor:
        cursor.execute("DROP TABLE trips_2023_01")

    assert ingest("2023-01", source=months)["cached"] is False
    assert rows_in_database(yard, "2023-01") == 3000


def test_file_deleted_from_the_lake_is_made_again(yard: Yard, tmp_path: Path) -> None:
    months = str(cut(tmp_path / "months"))
    ingest("2023-01", source=months)
    (yard.lake / lake.trips_key("2023-01")).unlink()
    ingest("2023-01", source=months)

    assert month_rows.required(yard.lake_url, "2023-01").rows == 3000


def test_ingest_broken_off_in_the_middle_leaves_the_old_rows(yard: Yard, tmp_path: Path) -> None:
    ingest("2023-01", source=str(cut(tmp_path / "months")))

    def breaks_off():
        yield next(map(schema.typed, source.batches(source.inspect("2023-01", DATA / source.file_name("2023-01")))))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        table.store(yard.database_url, "2023-01", "other", breaks_off())
    assert rows_in_database(yard, "2023-01") == 3000


def test_two_ingests_of_one_month_at_once_leave_one_whole_month(yard: Yard) -> None:
    def store() -> None:
        file = source.inspect("2023-01", DATA / source.file_name("2023-01"))
        table.store(yard.database_url, "2023-01", file.sha256, map(schema.typed, source.batches(file)))

    threads = [threading.Thread(target=store) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert rows_in_database(yard, "2023-01") == 68211


def test_two_months_at_once_do_not_wait_for_each_other_for_ever(yard: Yard) -> None:
    def store(month: str) -> None:
        file = source.inspect(month, DATA / source.file_name(month))
        table.store(yard.database_url, month, file.sha256, map(schema.typed, source.batches(file)))

    threads = [threading.Thread(target=store, args=(month,)) for month in ("2023-01", "2023-02")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert (rows_in_database(yard, "2023-01"), rows_in_database(yard, "2023-02")) == (68211, 64809)
