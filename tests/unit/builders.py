"""Trips and months as tests want them: good by default, one column at a time made odd."""

from datetime import datetime, timedelta
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from flows.trips import cleaning, graph, training
from flows.trips.schema import TRIP_SCHEMA
from flows.trips.source import file_name

PICKUP = datetime(2023, 1, 15, 8, 30)
TRIP = {
    "VendorID": 2,
    "lpep_pickup_datetime": PICKUP,
    "lpep_dropoff_datetime": PICKUP + timedelta(minutes=12),
    "store_and_fwd_flag": "N",
    "RatecodeID": 1,
    "PULocationID": 74,
    "DOLocationID": 166,
    "passenger_count": 1,
    "trip_distance": 2.6,
    "fare_amount": 14.2,
    "payment_type": 1,
    "trip_type": 1,
}


def make_trips(rows=3, **overrides):
    """Typed trips, all alike; an override is one value for all rows or a list of one per row."""
    columns = TRIP | overrides
    lists = {name: value for name, value in columns.items() if isinstance(value, list)}
    count = len(next(iter(lists.values()), [None] * rows))
    filled = {name: lists.get(name, [columns.get(name)] * count) for name in TRIP_SCHEMA.names}
    return pa.RecordBatch.from_pydict(filled, schema=TRIP_SCHEMA)


def make_rows(rows=3, **overrides):
    """Model rows of January 2023, made from `make_trips`."""
    return cleaning.model_rows(make_trips(rows, **overrides), "2023-01")


def write_month(folder, month="2023-01", *, types=None, without=(), rows=3, **overrides):
    """A raw month as the city publishes it; *types* gives columns another type."""
    columns = dict(zip(TRIP_SCHEMA.names, make_trips(rows, **overrides).columns, strict=True))
    columns = {name: column.cast((types or {}).get(name, column.type)) for name, column in columns.items()}
    path = folder / file_name(month)
    pq.write_table(pa.table({name: column for name, column in columns.items() if name not in without}), path)
    return path


def random_rows(count, seed=1):
    """Model rows of January 2023 whose minutes depend on miles and hour, with odd and missing values among them."""
    random = np.random.default_rng(seed)
    miles = random.gamma(2.0, 1.5, count).round(2)
    seconds = random.integers(0, 31 * 86400, count)
    minutes = 3 + 4 * miles * (1 + 0.3 * (seconds // 3600 % 24 > 15)) + random.normal(0, 1, count)
    pickup = np.datetime64("2023-01-01", "us") + seconds.astype("timedelta64[s]")
    return make_rows(
        lpep_pickup_datetime=pickup.tolist(),
        lpep_dropoff_datetime=(pickup + (minutes * 60e6).astype("timedelta64[us]")).tolist(),
        PULocationID=random.integers(0, 266, count).tolist(),
        DOLocationID=random.integers(0, 266, count).tolist(),
        trip_distance=miles.tolist(),
        passenger_count=random.choice([None, 1, 2], count).tolist(),
    )


@cache
def tiny_model():
    """Ten rounds on 2 000 rows."""
    rows = random_rows(2000)
    return training.fit(lambda: [rows], rounds=10)


@cache
def tiny_graph():
    return graph.build(tiny_model(), {"months": "2023-01", "rows": tiny_model().rows})
