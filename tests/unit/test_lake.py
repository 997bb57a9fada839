"""Claims about the lake on real folders: whole objects or none, and errors that name the remedy."""

import os
import subprocess

import numpy as np
import pyarrow as pa
import pytest

from flows.trips import lake, month_rows
from flows.trips.lake import LakeError

SCHEMA = pa.schema([("number", pa.int64())])
KEY = lake.trips_key("2023-01")


def numbers(*values):
    return pa.RecordBatch.from_pydict({"number": values}, schema=SCHEMA)


def written(url):
    return [value for batch in lake.read(url, KEY) for value in batch["number"].to_pylist()]


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "lake-test", folder]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small tmpfs needs root with the right to mount")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_rows_come_back_in_order_with_their_notes(tmp_path):
    url = tmp_path.as_uri()
    assert lake.write(url, KEY, SCHEMA, iter([numbers(3, 1), numbers(), numbers(2)]), lambda: {"sha256": "ab"}) == 3
    assert written(url) == [3, 1, 2]
    assert lake.notes(url, KEY)["sha256"] + lake.notes(url, KEY)["rows"] == "ab3"


def test_notes_are_taken_after_the_last_batch(tmp_path):
    seen = []
    batches = (seen.append(n) or numbers(n) for n in range(4))
    lake.write(tmp_path.as_uri(), KEY, SCHEMA, batches, lambda: {"seen": str(len(seen))})
    assert lake.notes(tmp_path.as_uri(), KEY)["seen"] == "4"


def test_a_second_write_replaces_the_first(tmp_path):
    for value in (1, 2):
        lake.write(tmp_path.as_uri(), KEY, SCHEMA, iter([numbers(value)]))
    assert written(tmp_path.as_uri()) == [2]


def test_only_the_columns_asked_for_are_read(tmp_path):
    both = pa.RecordBatch.from_pydict({"a": [1], "b": [2]})
    lake.write(tmp_path.as_uri(), KEY, both.schema, iter([both]))
    assert [batch.to_pydict() for batch in lake.read(tmp_path.as_uri(), KEY, ["b"])] == [{"b": [2]}]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_in_the_middle_keeps_the_old_object_and_no_part(error, tmp_path):
    def breaking():
        yield numbers(2)
        raise error

    lake.write(tmp_path.as_uri(), KEY, SCHEMA, iter([numbers(1)]))
    with pytest.raises(error):
        lake.write(tmp_path.as_uri(), KEY, SCHEMA, breaking())
    assert written(tmp_path.as_uri()) == [1]
    assert files_in(tmp_path) == ["rows.parquet"]


def test_a_full_disk_keeps_the_old_object_and_names_the_remedy(small_disk):
    url, noise = small_disk.as_uri(), np.random.default_rng(1).integers(0, 2**62, (8, 20_000))
    lake.write(url, KEY, SCHEMA, iter([numbers(1)]))
    with pytest.raises(LakeError, match="No space left on device.*is there room"):
        lake.write(url, KEY, SCHEMA, (pa.RecordBatch.from_arrays([pa.array(row)], schema=SCHEMA) for row in noise))
    assert written(url) == [1]
    assert files_in(small_disk) == ["rows.parquet"]


def test_a_read_only_lake_names_the_remedy(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(LakeError, match="Read-only file system.*Is the lake writable"):
        lake.write(small_disk.as_uri(), KEY, SCHEMA, iter([numbers(1)]))


def test_a_file_in_place_of_the_folder_names_the_remedy(tmp_path):
    (tmp_path / "trips").write_text("not a folder")
    with pytest.raises(LakeError, match="Is the lake writable"):
        lake.write(tmp_path.as_uri(), KEY, SCHEMA, iter([numbers(1)]))


def test_a_lake_that_cannot_be_made_is_not_called_an_absent_object():
    with pytest.raises(LakeError, match="Is the lake writable"):
        lake.write("file:///proc/lake", KEY, SCHEMA, iter([numbers(1)]))


def test_an_object_that_is_not_there_says_which_flow_makes_it(tmp_path):
    with pytest.raises(LakeError, match=f"{KEY} is not in the lake: run the flow that makes it"):
        written(tmp_path.as_uri())
    assert lake.notes(tmp_path.as_uri(), KEY) is None


def test_a_damaged_object_says_how_to_make_it_again(tmp_path):
    (tmp_path / KEY).parent.mkdir(parents=True)
    (tmp_path / KEY).write_bytes(b"PAR1 and no more")
    with pytest.raises(LakeError, match=r"cannot be used.*--force"):
        written(tmp_path.as_uri())


def test_an_address_of_an_unknown_kind_is_refused():
    with pytest.raises(LakeError, match="cannot be used"):
        lake.notes("gopher://lake", KEY)


def test_bytes_come_back_or_are_told_absent(tmp_path):
    lake.write_bytes(tmp_path.as_uri(), "models/a.onnx", b"model")
    assert lake.read_bytes(tmp_path.as_uri(), "models/a.onnx") == b"model"
    assert lake.read_bytes(tmp_path.as_uri(), "models/b.onnx") is None


def test_bytes_that_do_not_fit_the_disk_leave_the_old_ones_and_no_part(small_disk):
    lake.write_bytes(small_disk.as_uri(), "models/a.onnx", b"old")
    with pytest.raises(LakeError, match="is there room"):
        lake.write_bytes(small_disk.as_uri(), "models/a.onnx", bytes(1 << 20))
    assert lake.read_bytes(small_disk.as_uri(), "models/a.onnx") == b"old"
    assert files_in(small_disk) == ["a.onnx"]


def test_keys_hold_month_model_and_version():
    assert lake.trips_key("2023-01") == "trips/month=2023-01/rows.parquet"
    assert lake.predictions_key("m", "7", "2023-02") == "predictions/model=m/version=7/month=2023-02/rows.parquet"


def test_a_month_that_was_never_ingested_says_what_to_run(tmp_path):
    with pytest.raises(LakeError, match="python -m flows ingest --month 2023-01"):
        month_rows.required(tmp_path.as_uri(), "2023-01")


def test_a_month_in_the_lake_is_described_by_its_own_notes(tmp_path):
    notes = {"sha256": "ab", "not_trips": '{"time_missing": 2}', "code": "c"}
    lake.write(tmp_path.as_uri(), KEY, SCHEMA, iter([numbers(1)]), lambda: notes)
    found = month_rows.required(tmp_path.as_uri(), "2023-01")
    assert found == month_rows.MonthRows("2023-01", KEY, 1, "ab", {"time_missing": 2}, "c")


def test_a_pass_over_months_reads_them_one_after_the_other(tmp_path):
    url, months = tmp_path.as_uri(), ("2023-02", "2023-01")
    for month in months:
        batches = iter([numbers(int(month[-1]))])
        lake.write(url, lake.trips_key(month), SCHEMA, batches, lambda: {"sha256": "", "not_trips": "{}", "code": ""})
    read = month_rows.passes(url, [month_rows.required(url, month) for month in months])
    assert [batch["number"].to_pylist() for batch in read] == [[2], [1]]
