"""One part of the data path on a large month, in a process of its own, so that its peak of memory is its own.

`python -m tests.bench.work ingest|train|score FOLDER DATABASE_URL ROUNDS` prints its seconds, imports left out, and
its peak in MiB, imports included. The parts hand on by files in FOLDER, as the flows do by keys. The database server
is another process, not counted.
"""

import json
import resource
import sys
from functools import partial
from pathlib import Path
from time import perf_counter

from flows.trips import graph, lake, month_rows, source, table, training
from flows.trips.graph import MODEL_NAME, Predictor
from flows.trips.schema import typed
from flows.trips.scoring import SCORE_SCHEMA, scored
from tests.bench.measuring import TRAIN


def store(folder: Path, database_url: str) -> None:
    """The raw month into PostgreSQL."""
    file = source.inspect(TRAIN, folder / source.file_name(TRAIN))
    table.store(database_url, TRAIN, file.sha256, map(typed, source.batches(file)))


def export(folder: Path, database_url: str) -> None:
    """Its model rows from PostgreSQL into the lake."""
    stored = table.stored(database_url, TRAIN)
    month_rows.export(database_url, folder.as_uri(), stored)


def ingest(folder: Path, database_url: str, _: int) -> None:
    """Both, as the flow of that name does."""
    store(folder, database_url)
    export(folder, database_url)


def train(folder: Path, _: str, rounds: int) -> None:
    """The model and its graph."""
    rows = partial(month_rows.passes, folder.as_uri(), [month_rows.required(folder.as_uri(), TRAIN)])
    (folder / "model.onnx").write_bytes(graph.build(training.fit(rows, rounds=rounds), {"months": TRAIN}))


def score(folder: Path, _: str, __: int) -> None:
    """Every row's prediction into the lake."""
    url = folder.as_uri()
    rows = lake.read(url, lake.trips_key(TRAIN))
    predictor = Predictor((folder / "model.onnx").read_bytes())
    lake.write(url, lake.predictions_key(MODEL_NAME, "1", TRAIN), SCORE_SCHEMA, scored(predictor, "1", rows))


def peak_mib() -> float:
    """Return the most resident memory that this process has had."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux, where ru_maxrss begins with what the parent process had when it forked
        (peak,) = (line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS counts bytes


PARTS = {"ingest": ingest, "train": train, "score": score}

if __name__ == "__main__":
    part, folder, database_url, rounds = sys.argv[1:]
    started = perf_counter()
    PARTS[part](Path(folder), database_url, int(rounds))
    sys.stdout.write(json.dumps({"seconds": perf_counter() - started, "peak_mib": peak_mib()}))
