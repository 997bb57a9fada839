"""From typed trips to model rows: the inputs, the target, and why a row cannot teach anything.

A row of the result is a trip as the model sees it. No row is dropped here: a row that cannot be a trip carries its
reason, so that counts add up and the same function serves training (with a drop-off) and prediction (without).
"""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.trips.features import FARTHEST_MILES
from flows.trips.month import bounds

SHORTEST_MINUTES, LONGEST_MINUTES = 1.0, 60.0  # the range that the source systems train and validate on
FASTEST_MPH = 100.0

INPUT_SCHEMA = pa.schema(
    [
        ("PULocationID", pa.int64()),  # taxi zone 1..265; 0 is unknown
        ("DOLocationID", pa.int64()),
        ("pickup", pa.int64()),  # local New York time, seconds since 1970
        ("trip_distance", pa.float32()),  # miles
        ("RatecodeID", pa.float32()),
        ("trip_type", pa.float32()),
        ("VendorID", pa.float32()),
        ("passenger_count", pa.float32()),
    ]
)
ROW_SCHEMA = INPUT_SCHEMA.append(pa.field("minutes", pa.float64())).append(pa.field("not_a_trip", pa.string()))


def model_inputs(trips: pa.RecordBatch) -> pa.RecordBatch:
    """Return the model's raw inputs, one row per trip in the same order; nothing known only at drop-off is read."""
    columns = {
        "PULocationID": pc.fill_null(trips["PULocationID"], 0),
        "DOLocationID": pc.fill_null(trips["DOLocationID"], 0),
        "pickup": _seconds(trips["lpep_pickup_datetime"]),
        "trip_distance": trips["trip_distance"],
    }
    columns |= {name: trips[name] for name in ("RatecodeID", "trip_type", "VendorID", "passenger_count")}
    arrays = [columns[field.name].cast(field.type, safe=False) for field in INPUT_SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=INPUT_SCHEMA)


def model_rows(trips: pa.RecordBatch, month: str) -> pa.RecordBatch:
    """Return the inputs with `minutes` (duration) and `not_a_trip` (reason, or null for a trip of 1 to 60 minutes)."""
    minutes = pc.divide(
        pc.subtract(trips["lpep_dropoff_datetime"], trips["lpep_pickup_datetime"]).cast(pa.int64()).cast(pa.float64()),
        60e6,
    )
    reasons = not_a_trip(trips["lpep_pickup_datetime"], trips["trip_distance"], minutes, month)
    return pa.RecordBatch.from_arrays([*model_inputs(trips).columns, minutes, reasons], schema=ROW_SCHEMA)


def not_a_trip(pickup: pa.Array, miles: pa.Array, minutes: pa.Array, month: str) -> pa.Array:
    """Return per row the first reason why it cannot be a trip of *month*, or null; all arrays have one shape (n,)."""
    first, after = (pa.scalar(moment, pa.timestamp("us")) for moment in bounds(month))
    speed = pc.divide(miles, pc.divide(pc.max_element_wise(minutes, 1 / 60), 60.0))
    checks = {
        "time_missing": pc.is_null(minutes),
        "distance_missing": pc.is_null(miles),
        "pickup_outside_month": pc.or_(pc.less(pickup, first), pc.greater_equal(pickup, after)),
        "dropoff_before_pickup": pc.less(minutes, 0.0),
        "under_1_minute": pc.less(minutes, SHORTEST_MINUTES),
        "over_60_minutes": pc.greater(minutes, LONGEST_MINUTES),
        "distance_impossible": pc.or_(pc.less(miles, 0.0), pc.greater(miles, FARTHEST_MILES)),
        "speed_impossible": pc.greater(speed, FASTEST_MPH),
    }
    conditions = pa.StructArray.from_arrays([pc.fill_null(check, False) for check in checks.values()], list(checks))
    return pc.case_when(conditions, *(pa.scalar(reason) for reason in checks))


def count_reasons(rows: pa.RecordBatch) -> Counter[str]:
    """Count the rows of each reason; rows that are trips are not in the result."""
    counted = pc.value_counts(rows["not_a_trip"].drop_null()).to_pylist()
    return Counter({entry["values"]: entry["counts"] for entry in counted})


def teaching(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return only the rows to learn from."""
    return rows.filter(pc.is_null(rows["not_a_trip"]))


def judged(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return the rows that the source systems validate on: 1 to 60 minutes, whatever else is odd about them."""
    minutes = rows["minutes"]
    keep = pc.and_(pc.greater_equal(minutes, SHORTEST_MINUTES), pc.less_equal(minutes, LONGEST_MINUTES))
    return rows.filter(pc.fill_null(keep, False))


def arrays(rows: pa.RecordBatch) -> dict[str, np.ndarray]:
    """Return the model's inputs as NumPy arrays of shape (n,); missing numbers are NaN, a missing pickup is 0."""
    columns = {field.name: rows[field.name] for field in INPUT_SCHEMA}
    columns["pickup"] = pc.fill_null(columns["pickup"], 0)
    return {name: column.to_numpy(zero_copy_only=False) for name, column in columns.items()}


def _seconds(moments: pa.Array) -> pa.Array:
    return pc.floor(pc.divide(moments.cast(pa.int64()).cast(pa.float64()), 1e6)).cast(pa.int64())
