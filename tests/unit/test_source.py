"""Claims about getting a month: whole, or an error that says what to do, from folders and a real HTTP server."""

import hashlib
from pathlib import Path

import httpx
import pyarrow as pa
import pytest

from flows.trips.schema import SchemaError
from flows.trips.source import SourceError, batches, fetch, file_name, inspect
from tests.unit.builders import write_month
from tests.unit.month_server import serving

NAME = file_name("2023-01")


@pytest.fixture
def month(tmp_path):
    (tmp_path / "published").mkdir()
    return write_month(tmp_path / "published", rows=500)


@pytest.fixture
def downloads(tmp_path):
    return tmp_path / "downloads"


def files_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_month_in_a_folder_is_used_where_it_lies(month, downloads):
    assert fetch("2023-01", str(month.parent), downloads) == month
    assert not downloads.exists()


def test_a_file_url_may_hold_a_space(tmp_path, downloads):
    (tmp_path / "my months").mkdir()
    path = write_month(tmp_path / "my months")
    assert fetch("2023-01", path.parent.as_uri(), downloads) == path


def test_a_folder_without_the_month_says_what_it_has(month, downloads):
    with pytest.raises(
        SourceError, match=r"no file for month 2023-02: the source has 2023-01, and no green_tripdata_2023-02"
    ):
        fetch("2023-02", str(month.parent), downloads)


def test_a_folder_that_does_not_exist_is_named(tmp_path, downloads):
    with pytest.raises(SourceError, match="month 2023-01: the source .*nowhere is no folder; give one, or a URL"):
        fetch("2023-01", str(tmp_path / "nowhere"), downloads)


def test_a_download_is_the_published_file(month, downloads):
    with serving(month.read_bytes()) as (url, _):
        assert fetch("2023-01", f"{url}/", downloads).read_bytes() == month.read_bytes()
    assert files_in(downloads) == [NAME]


def test_a_month_already_downloaded_is_not_asked_for_again(month, downloads):
    with serving(month.read_bytes()) as (url, seen):
        assert fetch("2023-01", url, downloads) == fetch("2023-01", url, downloads)
    assert len(seen) == 1


@pytest.mark.parametrize("cut", [0, 1, 2000])
def test_a_connection_that_breaks_off_leaves_no_file_of_the_final_name(cut, month, downloads):
    with serving(month.read_bytes(), cut=[cut]) as (url, _), pytest.raises(httpx.TransportError):
        fetch("2023-01", url, downloads)
    assert files_in(downloads) == ["green_tripdata_2023-01.part"]


def test_the_next_try_asks_only_for_what_is_missing(month, downloads):
    with serving(month.read_bytes(), cut=[2000]) as (url, seen):
        with pytest.raises(httpx.TransportError):
            fetch("2023-01", url, downloads)
        path = fetch("2023-01", url, downloads)
    assert path.read_bytes() == month.read_bytes()
    assert seen == [None, "bytes=2000-"]


def test_a_server_without_ranges_sends_the_file_from_its_beginning(month, downloads):
    with serving(month.read_bytes(), cut=[2000], ranges=False) as (url, _):
        with pytest.raises(httpx.TransportError):
            fetch("2023-01", url, downloads)
        assert fetch("2023-01", url, downloads).read_bytes() == month.read_bytes()


def test_a_partial_file_that_does_not_fit_is_deleted_and_fetched_anew(month, downloads):
    downloads.mkdir()
    (downloads / "green_tripdata_2023-01.part").write_bytes(bytes(100_000))
    with serving(month.read_bytes()) as (url, _):
        with pytest.raises(httpx.TransportError, match="did not fit; it was deleted, try again"):
            fetch("2023-01", url, downloads)
        assert fetch("2023-01", url, downloads).read_bytes() == month.read_bytes()


def test_a_body_cut_without_a_known_length_never_gets_the_final_name(month, downloads):
    with serving(month.read_bytes(), cut=[2000], length=False) as (url, _):
        with pytest.raises(httpx.TransportError, match="not a whole Parquet file"):
            fetch("2023-01", url, downloads)
        assert files_in(downloads) == []
        assert fetch("2023-01", url, downloads).read_bytes() == month.read_bytes()


@pytest.mark.parametrize("status", [403, 404])
def test_a_month_that_is_not_published_is_no_matter_of_retries(status, month, downloads):
    with (
        serving(month.read_bytes(), status=status) as (url, _),
        pytest.raises(SourceError, match=f"no file for month: {url}/{NAME} answered {status}; is the month published"),
    ):
        fetch("2023-01", url, downloads)


def test_a_server_error_may_be_retried(month, downloads):
    with serving(b"", status=503) as (url, _), pytest.raises(httpx.HTTPStatusError, match="503"):
        fetch("2023-01", url, downloads)


def test_a_whole_month_is_described_by_rows_and_checksum(month):
    found = inspect("2023-01", month)
    assert (found.rows, found.unknown_columns) == (500, [])
    assert found.sha256 == hashlib.sha256(month.read_bytes()).hexdigest()


def test_the_recorded_checksums_are_those_of_the_months_in_data():
    data = Path(__file__).parents[2] / "data"
    recorded = dict(line.split()[::-1] for line in (data / "SHA256SUMS").read_text().splitlines())
    assert {name: inspect(name[15:22], data / name).sha256 for name in recorded} == recorded


@pytest.mark.parametrize("content", [b"", b"PAR1", b"<html>not a month</html>"])
def test_what_is_no_parquet_is_refused_with_the_remedy(content, tmp_path):
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(SourceError, match=f"{NAME} is not a whole Parquet file.*Delete it and fetch it again"):
        inspect("2023-01", tmp_path / NAME)


def test_a_truncated_month_is_refused_before_a_row_is_read(month):
    month.write_bytes(month.read_bytes()[:-100])
    with pytest.raises(SourceError, match="not a whole Parquet file"):
        inspect("2023-01", month)


def test_a_month_damaged_in_the_middle_is_refused_while_it_is_read(month):
    content = bytearray(month.read_bytes())
    content[4:300] = bytes(296)
    month.write_bytes(content)
    with pytest.raises(SourceError, match="(?s)is damaged.*Delete it and fetch it again"):
        list(batches(inspect("2023-01", month)))


def test_an_empty_month_is_refused_by_name(tmp_path):
    with pytest.raises(SourceError, match="month 2023-01 is empty"):
        inspect("2023-01", write_month(tmp_path, rows=0))


def test_a_month_without_a_required_column_is_refused(tmp_path):
    with pytest.raises(SchemaError, match="missing column trip_distance"):
        inspect("2023-01", write_month(tmp_path, without=("trip_distance",)))


def test_raw_rows_come_in_file_order_in_batches_of_the_size_asked(tmp_path):
    path = write_month(tmp_path, types={"PULocationID": pa.int64()}, PULocationID=list(range(10)))
    raw = list(batches(inspect("2023-01", path), batch_rows=4))
    assert [batch.num_rows for batch in raw] == [4, 4, 2]
    assert [zone for batch in raw for zone in batch["PULocationID"].to_pylist()] == list(range(10))
