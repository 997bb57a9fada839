"""Time and memory of ingest, train and score as a month grows: is time linear, does memory stay below 2 GiB?

The months are drawn from the two real ones (seeded), each trip moved by up to a quarter of an hour and its distance
by up to 5 %, so that statistics and trees meet no copies.
`python -m tests.bench scale [--rounds N] [ROWS …]` takes other rounds and sizes.
"""

import argparse
import json
import logging
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from flows.trips import source, training
from flows.trips.month import bounds
from flows.trips.schema import TRIP_SCHEMA, typed
from tests.bench.database import postgres
from tests.bench.measuring import DATA, TRAIN, VALIDATE, exponent
from tests.bench.work import PARTS

log = logging.getLogger("bench")
SIZES = (1_000_000, 3_000_000, 10_000_000)
LARGEST_MIB = 2048
AIMS = {f"{part}_exponent": ("<=", 1.1) for part in PARTS} | {f"{part}_peak_mib": ("<=", LARGEST_MIB) for part in PARTS}
ROW_GROUP = 1 << 18
WEEKS = np.timedelta64(timedelta(weeks=4))  # from the second month back into the first, weekday kept
_TIMES = ("lpep_pickup_datetime", "lpep_dropoff_datetime")
JITTER_SECONDS, JITTER_SHARE = 900, 0.05


def write_month(path: Path, rows: int) -> None:
    """Write *rows* trips of the first month as the city publishes it: same columns, pickups inside the month."""
    real, chance = _real(), np.random.default_rng(42)
    with pq.ParquetWriter(path, real.schema) as writer:
        for start in range(0, rows, ROW_GROUP):
            drawn = real.take(chance.integers(0, real.num_rows, min(ROW_GROUP, rows - start)))
            writer.write_batch(_moved(drawn, chance))


def _real() -> pa.RecordBatch:
    months = []
    for month, back in ((TRAIN, np.timedelta64(0)), (VALIDATE, WEEKS)):
        for trips in map(typed, source.batches(source.inspect(month, DATA / source.file_name(month)))):
            months.append(_set(trips, {name: _times(trips, name) - back for name in _TIMES}))
    return pa.Table.from_batches(months).combine_chunks().to_batches()[0]


def _times(trips: pa.RecordBatch, name: str) -> np.ndarray:
    return trips[name].to_numpy(zero_copy_only=False)


def _moved(trips: pa.RecordBatch, chance: np.random.Generator) -> pa.RecordBatch:
    """Move each trip in time, its duration kept and its pickup not across the month's end, and change its miles."""
    pickup, dropoff = (_times(trips, name) for name in _TIMES)
    by = chance.integers(-JITTER_SECONDS, JITTER_SECONDS, len(pickup)).astype("timedelta64[s]")
    first, after = (np.datetime64(moment) for moment in bounds(TRAIN))
    leaves = (pickup + by < first) | (pickup + by >= after)
    by[leaves] = 0
    miles = trips["trip_distance"].to_numpy() * (1 + chance.uniform(-JITTER_SHARE, JITTER_SHARE, len(pickup)))
    return _set(trips, dict(zip(_TIMES, (pickup + by, dropoff + by), strict=True)) | {"trip_distance": miles})


def _set(trips: pa.RecordBatch, columns: dict[str, np.ndarray]) -> pa.RecordBatch:
    for name, values in columns.items():
        field = TRIP_SCHEMA.field(name)
        trips = trips.set_column(trips.schema.get_field_index(name), field, pa.array(values, field.type))
    return trips


def measure(part: str, folder: Path, database_url: str, rounds: int) -> dict[str, float]:
    """Run *part* as a process; return its seconds and the peak of its resident memory."""
    command = [sys.executable, "-m", "tests.bench.work", part, str(folder), database_url, str(rounds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    log.info("scale %s: %.1f s, %.0f MiB", part, found["seconds"], found["peak_mib"])
    return found


def run(*options: str) -> dict[str, object]:
    """Measure every part at every size."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench scale")
    parser.add_argument("--rounds", type=int, default=training.ROUNDS, help="of boosting; memory depends little on it")
    parser.add_argument("rows", type=int, nargs="*", default=SIZES)
    chosen = parser.parse_args(options)
    rows = chosen.rows
    found: dict[str, dict[str, dict[str, float]]] = {part: {} for part in PARTS}
    for count in rows:
        with postgres() as (folder, url):
            log.info("scale: writing a month of %s trips", f"{count:,}")
            write_month(folder / source.file_name(TRAIN), count)
            for part in PARTS:
                found[part][str(count)] = measure(part, folder, url, chosen.rounds)
    largest = str(max(rows))
    figures: dict[str, object] = {"rounds": chosen.rounds}
    for part, by_size in found.items():
        figures[f"{part}_peak_mib"] = by_size[largest]["peak_mib"]
        if len(rows) > 1:
            figures[f"{part}_exponent"] = exponent(rows, [each["seconds"] for each in by_size.values()])
    return figures | found
