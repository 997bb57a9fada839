"""Brings logged predictions to the lake as Parquet; a process of its own, for its memory, while there are any.

Files: <lake>/prediction-log/date=YYYY-MM-DD/<model>-<version>-<id>.parquet with request_id, at (UTC),
latency_ms, model, model_version, row (of the request), then fields and output under the model's own names.
"""

import logging
import shutil
import sys
import time
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from services.model_server import settings
from services.model_server.prediction_log import FOLDER, Entry, Logged, waits
from services.model_server.worker import end_with_parent, start_logs

TYPES = {"int64": pa.int64(), "float32": pa.float32()}
MOST_FILES = 600  # in one go: ten minutes of one worker
MOST_BYTES = 16_000_000  # in one go: decoded they take ten times as much
log = logging.getLogger("model_server.log_writer")


class LogWriter:
    """``collect`` is one round: take what waits, write it, forget it."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self._url, self._failed = folder / FOLDER, url, False

    def collect(self) -> int:
        """The number of rows written. What cannot be written now stays for the next round."""
        rows = 0
        while taken := next(self._folder.glob("taken-*"), None) or self._take():
            try:
                rows += self._write(taken)
            except (OSError, pa.ArrowException) as error:
                if not self._failed:
                    log.error("event=log_not_written url=%s error=%r", self._url, str(error))
                self._failed = True
                return rows
            shutil.rmtree(taken)
            self._failed = False
        return rows

    def _take(self) -> Path | None:
        """Move what waits, or some of it, into a folder; its id names what is written, so a second try overwrites."""
        taken, size = self._folder / f"taken-{uuid.uuid4().hex[:12]}", 0
        for path in sorted(self._folder.glob("*.msgpack"))[:MOST_FILES]:
            size += path.stat().st_size
            if taken.exists() and size > MOST_BYTES:
                break
            taken.mkdir(parents=True, exist_ok=True)
            path.rename(taken / path.name)
        return taken if size else None

    def _write(self, taken: Path) -> int:
        groups: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
        fields: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
        for path in sorted(taken.glob("*.msgpack")):
            for logged in msgspec.msgpack.decode(path.read_bytes(), type=list[Logged]):
                for entry in logged.entries:
                    day = datetime.fromtimestamp(entry.at, UTC).date().isoformat()
                    key = (day, logged.model, logged.version)
                    groups[key].append(entry)
                    fields[key] = logged.fields
        system, root = open_lake(self._url)
        for (day, model, version), entries in groups.items():
            table = to_table(model, version, fields[day, model, version], entries)
            put(system, table, f"{root}/date={day}", f"{model}-{version}-{taken.name.removeprefix('taken-')}.parquet")
        return sum(len(entry.rows) for entries in groups.values() for entry in entries)


def put(system: fs.FileSystem, table: pa.Table, folder: str, name: str) -> None:
    """Write *table* all or nothing. On S3 an object appears only when it is whole: the right to put is enough."""
    local = isinstance(system, fs.LocalFileSystem)
    if local:
        system.create_dir(folder, recursive=True)
    path = f"{folder}/{name}.new" if local else f"{folder}/{name}"
    with system.open_output_stream(path) as sink:
        pq.write_table(table, sink)
    if local:
        system.move(path, f"{folder}/{name}")


def open_lake(url: str) -> tuple[fs.FileSystem, str]:
    """The file system of *url* and the path in it; S3's place and keys come from AWS_* variables."""
    system, path = fs.FileSystem.from_uri(url)
    return system, path


def to_table(model: str, version: str, fields: list[tuple[str, str]], entries: list[Entry]) -> pa.Table:
    """One row per predicted row; NaN, the model's missing, is null."""
    of_row = [(entry, number, row) for entry in entries for number, row in enumerate(entry.rows)]
    count = len(of_row)
    columns = {
        "request_id": pa.array([entry.id for entry, _, _ in of_row], pa.string()),
        "at": pa.array([int(e.at * 1e6) for e, _, _ in of_row], pa.timestamp("us", tz="UTC")),
        "latency_ms": pa.array([entry.seconds * 1000 for entry, _, _ in of_row], pa.float32()),
        "model": pa.array([model] * count, pa.string()),
        "model_version": pa.array([version] * count, pa.string()),
        "row": pa.array([number for _, number, _ in of_row], pa.int32()),
    }
    for i, (name, dtype) in enumerate(fields):
        values = [None if row[i] is None or row[i] != row[i] else row[i] for _, _, row in of_row]
        columns[name] = pa.array(values, TYPES[dtype])
    return pa.table(columns)


def main() -> None:
    """Collect until nothing came for a whole round; who started this starts it again when something waits."""
    start_logs()
    end_with_parent(int(sys.argv[1]))
    configured = settings.load()
    writer = LogWriter(configured.model_dir, configured.prediction_log_url)
    while waits(configured.model_dir):
        if rows := writer.collect():
            log.info("event=logged rows=%d", rows)
        time.sleep(configured.prediction_log_seconds)


if __name__ == "__main__":
    main()
