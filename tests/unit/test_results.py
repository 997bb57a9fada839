"""Claims about what Prefect stores and reads as results here: plain JSON of ours; nothing else is read, by anybody."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import prefect
import pytest
from prefect.filesystems import LocalFileSystem
from prefect.results import ResultRecord, ResultRecordMetadata, ResultStore
from prefect.serializers import PickleSerializer
from prefect.settings import PREFECT_LOCAL_STORAGE_PATH, temporary_settings
from prefect.states import Completed, Failed, get_state_exception

from flows.results import PLAIN, ForeignResultError
from flows.trips.month_rows import MonthRows
from tests import planted

ROWS = MonthRows("2023-01", "trips/month=2023-01/rows.parquet", 3, "ab", {"time_missing": 1}, "c")
PLANTED = sorted(planted.objects(Path("/")))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ResultStore]:
    """A new one, as every run has it: nothing is remembered in memory."""
    with temporary_settings({PREFECT_LOCAL_STORAGE_PATH: tmp_path}):
        yield ResultStore(result_storage=LocalFileSystem(basepath=str(tmp_path)), serializer=PLAIN)


@pytest.fixture
def marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that planted objects make where they are believed."""
    planted.module(tmp_path, tmp_path / "marker")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, planted.MODULE, raising=False)
    return tmp_path / "marker"


def state(kind, path: Path, serializer=PLAIN):
    """A final state as the API hands it on: where the result is, not the result."""
    return kind(data=ResultRecordMetadata(serializer=serializer, storage_key=str(path)))


def caused(path: Path):
    """What the API's failed state makes of the result: Prefect refuses plain data that is no error."""
    try:
        return get_state_exception(state(Failed, path))
    except TypeError:
        return json.loads(path.read_bytes())


READERS = {
    "a cached task": lambda store, path: store.read(path.name).result,
    "an asynchronous cached task": lambda store, path: asyncio.run(store.aread(path.name)).result,
    "a caller of a flow": lambda store, path: state(Completed, path).result(retry_result_failure=False, _sync=True),
    "a caller of a flow that failed": lambda store, path: caused(path),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_object_is_not_there_for_a_cached_task_and_runs_nothing(name, store, marker, tmp_path, caplog):
    (tmp_path / "k").write_bytes(planted.objects(marker)[name])

    assert not store.exists("k")
    assert not asyncio.run(store.aexists("k"))
    assert not marker.exists()
    assert "a stored result is not ours and is not read" in caplog.text


@pytest.mark.parametrize("name", PLANTED)
@pytest.mark.parametrize("read", READERS)
def test_a_planted_object_is_refused_or_plain_data_to_who_reads_it_and_runs_nothing(
    read, name, store, marker, tmp_path
):
    (tmp_path / "k").write_bytes(planted.objects(marker)[name])

    with contextlib.suppress(ForeignResultError):
        assert READERS[read](store, tmp_path / "k") == json.loads((tmp_path / "k").read_bytes())
    assert not marker.exists()


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_object_in_two_files_is_refused_and_runs_nothing(name, marker, tmp_path):
    record = planted.objects(marker)[name]
    try:
        result, metadata = (json.loads(record)[part] for part in ("result", "metadata"))
    except (ValueError, KeyError):
        result, metadata = record.decode("latin-1"), {}

    with pytest.raises(ForeignResultError):
        ResultRecord.deserialize_from_result_and_metadata(result.encode(), json.dumps(metadata).encode())
    assert not marker.exists()


def test_a_state_that_names_pickle_reads_nothing(marker, tmp_path):
    (tmp_path / "k").write_bytes(planted.objects(marker)["a bare pickle"])

    with pytest.raises(ForeignResultError):
        state(Completed, tmp_path / "k", PickleSerializer()).result(retry_result_failure=False, _sync=True)
    assert not marker.exists()


def test_a_result_that_an_older_version_pickled_is_not_there(store, tmp_path):
    old = ResultStore(result_storage=store.result_storage, serializer=PickleSerializer())
    old.write(ROWS, key="k")

    assert not store.exists("k")


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 10_000, "{", "null", "[]", '{"metadata": 1, "result": 2}'])
def test_json_that_is_no_record_is_not_there(text, store, tmp_path):
    (tmp_path / "k").write_text(text)

    assert not store.exists("k")


def test_a_dataclass_is_stored_as_plain_json_and_read_as_plain_data(store, tmp_path):
    store.write(ROWS, key="k")
    new = ResultStore(result_storage=store.result_storage, serializer=PLAIN)

    assert json.loads(json.loads((tmp_path / "k").read_text())["result"])["rows"] == 3
    assert new.exists("k")
    assert new.read("k").result == vars(ROWS)


def test_the_result_of_a_flow_is_bare_json_that_its_state_leads_to(tmp_path):
    (tmp_path / "k").write_bytes(PLAIN.dumps({"rows": 3, "seconds": 0.1}))

    assert state(Completed, tmp_path / "k").result(_sync=True) == {"rows": 3, "seconds": 0.1}


def test_an_error_is_stored_as_its_words(store, tmp_path):
    (tmp_path / "k").write_bytes(PLAIN.dumps(ValueError("no file for month")))

    assert str(get_state_exception(state(Failed, tmp_path / "k"))) == "ValueError: no file for month"


def test_prefect_reads_results_in_one_place_only():
    found = Path(prefect.__file__).parent.rglob("*.py")
    readers = {path.name for path in found if "serializer.loads(" in path.read_text()}

    assert readers == {"result_records.py", "serializers.py"}  # the second: a serializer within a serializer
