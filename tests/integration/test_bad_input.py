"""What is wrong is told in one line with the remedy, exits non-zero, and leaves nothing half-written."""

import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.__main__ import main
from flows.trips import table
from flows.trips.source import file_name
from tests.integration.conftest import Yard
from tests.integration.months import DATA, cut

REAL = DATA / file_name("2023-01")


def truncated(path: Path) -> None:
    path.write_bytes(REAL.read_bytes()[:-5000])


def not_parquet(path: Path) -> None:
    path.write_text("VendorID,trip_distance\n1,2.5\n")


def without_a_column(path: Path) -> None:
    pq.write_table(pq.read_table(REAL).drop_columns(["PULocationID"]), path)


def without_rows(path: Path) -> None:
    pq.write_table(pq.read_table(REAL).slice(0, 0), path)


def with_words_for_numbers(path: Path) -> None:
    trips = pq.read_table(REAL).slice(0, 100)
    at = trips.schema.get_field_index("trip_distance")
    pq.write_table(trips.set_column(at, "trip_distance", pa.array(["far"] * 100)), path)


def damaged_in_the_middle(path: Path) -> None:
    content = bytearray(REAL.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 20000] = bytes(20000)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (truncated, "is not a whole Parquet file"),
        (not_parquet, "is not a whole Parquet file"),
        (without_a_column, "missing column PULocationID"),
        (without_rows, "month 2023-01 is empty"),
        (with_words_for_numbers, "column trip_distance of type string is not double"),
        (damaged_in_the_middle, "Delete it and fetch it again"),
    ],
)
def test_bad_file_is_refused_and_the_old_rows_stay(yard: Yard, tmp_path: Path, caplog, spoil, message: str) -> None:
    months = cut(tmp_path / "months")
    assert main(["ingest", "--month", "2023-01", "--source", str(months)]) == 0
    spoil(months / file_name("2023-01"))

    assert main(["ingest", "--month", "2023-01", "--source", str(months)]) == 1
    assert message in caplog.records[-1].getMessage()
    assert table.stored(yard.database_url, "2023-01").rows == 3000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ingest", "--month", "2023-03"], "no file for month 2023-03"),
        (["train", "--train-on", "2023-01"], "put it there: .venv/bin/python -m flows ingest --month 2023-01"),
        (["pipeline", "--train-on", "2023-01", "--validate-on", "2023-01"], "is inside the training months"),
        (["promote"], "has no candidate; train one: .venv/bin/python -m flows train"),
        (["promote", "--rollback"], "no previous champion to go back to"),
        (["score", "--month", "2023-01"], "has no champion; promote one: .venv/bin/python -m flows promote"),
    ],
)
def test_wrong_choice_is_told_with_its_remedy(yard: Yard, caplog, arguments: list[str], message: str) -> None:
    assert main(arguments) == 1
    assert message in caplog.records[-1].getMessage()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ingest", "--month", "2009-01"], "before 2013-08, when green taxis began"),
        (["train", "--train-on", "2023-02..2023-01"], "end before they begin"),
    ],
)
def test_what_only_the_parameters_type_refuses_is_refused_before_a_run(yard: Yard, capfd, arguments, message) -> None:
    assert main(arguments) == 2
    assert message in capfd.readouterr().err


def test_wrong_database_address_is_told_without_the_password(yard: Yard, caplog, monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://trips:s3cret@127.0.0.1:1/trips")

    assert main(["ingest", "--month", "2023-01"]) == 1
    said = caplog.records[-1].getMessage()
    assert "PostgreSQL at 127.0.0.1:1/trips" in said
    assert "s3cret" not in caplog.text


@pytest.fixture(name="full_disk")
def _full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB: less than one month of rows."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a small file system needs root to mount: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_full_disk_is_told_and_nothing_is_half_written(yard: Yard, caplog, monkeypatch, full_disk: Path) -> None:
    monkeypatch.setenv("LAKE_URL", f"file://{full_disk}/lake")
    monkeypatch.setattr("flows.ingest.rows_in_lake.retry_delay_seconds", [0, 0, 0])

    assert main(["ingest", "--month", "2023-01"]) == 1
    assert "is there room?" in caplog.records[-1].getMessage()
    assert [path for path in full_disk.rglob("*") if path.is_file()] == []


def test_lake_that_cannot_be_written_is_told(yard: Yard, tmp_path: Path, caplog, monkeypatch) -> None:
    (tmp_path / "taken").write_text("a file where the lake should be")
    monkeypatch.setenv("LAKE_URL", f"file://{tmp_path}/taken/lake")
    monkeypatch.setattr("flows.ingest.rows_in_lake.retry_delay_seconds", [0, 0, 0])

    assert main(["ingest", "--month", "2023-01"]) == 1
    assert "Is the lake writable" in caplog.records[-1].getMessage()
    assert logging.getLogger("trainyard").level == logging.INFO
