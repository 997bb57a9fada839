"""The columns of a trip, and the one place where raw columns get their types.

Months are published with different types (int32 or int64, text or double, all-null columns) and different columns.
Everything after `typed` sees one schema. Names are the city's own; PostgreSQL folds them to lower case.
Source: the data dictionary of green-taxi trip records, NYC Taxi and Limousine Commission.
"""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Column:
    """One published column: its name, its type here and in PostgreSQL, and whether a month without it is refused."""

    name: str
    type: pa.DataType
    sql: str
    required: bool = False


_SECONDS = (-62_135_596_800, 253_402_300_800)  # years 1 to 9999, the ones that every part of the path can hold
_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}  # per second
_TIME, _INT, _FLOAT, _TEXT = pa.timestamp("us"), pa.int32(), pa.float64(), pa.string()

COLUMNS = (
    Column("VendorID", _INT, "integer", required=True),
    Column("lpep_pickup_datetime", _TIME, "timestamp", required=True),
    Column("lpep_dropoff_datetime", _TIME, "timestamp", required=True),
    Column("store_and_fwd_flag", _TEXT, "text"),
    Column("RatecodeID", _INT, "integer", required=True),
    Column("PULocationID", _INT, "integer", required=True),
    Column("DOLocationID", _INT, "integer", required=True),
    Column("passenger_count", _INT, "integer", required=True),
    Column("trip_distance", _FLOAT, "double precision", required=True),
    Column("fare_amount", _FLOAT, "double precision"),
    Column("extra", _FLOAT, "double precision"),
    Column("mta_tax", _FLOAT, "double precision"),
    Column("tip_amount", _FLOAT, "double precision"),
    Column("tolls_amount", _FLOAT, "double precision"),
    Column("ehail_fee", _FLOAT, "double precision"),
    Column("improvement_surcharge", _FLOAT, "double precision"),
    Column("total_amount", _FLOAT, "double precision"),
    Column("payment_type", _INT, "integer"),
    Column("trip_type", _INT, "integer", required=True),
    Column("congestion_surcharge", _FLOAT, "double precision"),
    Column("cbd_congestion_fee", _FLOAT, "double precision"),  # published from 2025 on
)

TRIP_SCHEMA = pa.schema([(column.name, column.type) for column in COLUMNS])


class SchemaError(ValueError):
    """The file's columns cannot be those of trips; the message names the column and the remedy."""


def check_columns(names: list[str]) -> list[str]:
    """Return the published columns that are unknown here (they are left out); raise if a required one is missing."""
    missing = [column.name for column in COLUMNS if column.required and column.name not in names]
    if missing:
        raise SchemaError(
            f"missing column {', '.join(missing)}; found: {', '.join(names) or 'none'}. "
            "Is this a green-taxi month as the city publishes it (green_tripdata_YYYY-MM.parquet)?"
        )
    return [name for name in names if name not in TRIP_SCHEMA.names]


def typed(raw: pa.RecordBatch) -> pa.RecordBatch:
    """Return *raw* with exactly the columns and types of `TRIP_SCHEMA`, the same rows in the same order.

    Absent optional columns are null. Numbers that are not finite are null, and so are fractions and values beyond
    32 bits in integer columns, and times outside the years 1 to 9999. Text that is no number raises `SchemaError`.
    """
    arrays = [_typed_column(raw, column) for column in COLUMNS]
    return pa.RecordBatch.from_arrays(arrays, schema=TRIP_SCHEMA)


def _typed_column(raw: pa.RecordBatch, column: Column) -> pa.Array:
    position = raw.schema.get_field_index(column.name)
    if position < 0 or pa.types.is_null(raw.schema.field(position).type):
        return pa.nulls(raw.num_rows, column.type)
    values = raw.column(position)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if values.type == column.type and column.type in (_INT, _TEXT):
        return values
    try:
        if column.type == _TIME:
            return _local_time(values)
        if column.type == _TEXT:
            return values.cast(_TEXT)
        return _whole(_finite(values)) if column.type == _INT else _finite(values)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SchemaError(f"column {column.name} of type {values.type} is not {column.type}: {error}") from error


def _without_blanks(values: pa.Array) -> pa.Array:
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        text = pc.utf8_trim_whitespace(values.cast(_TEXT))
        return pc.if_else(pc.equal(text, ""), pa.scalar(None, _TEXT), text)
    return values


def _finite(values: pa.Array) -> pa.Array:
    numbers = _without_blanks(values).cast(_FLOAT, safe=False)
    return pc.if_else(pc.is_finite(numbers), numbers, pa.scalar(None, _FLOAT))


def _whole(numbers: pa.Array) -> pa.Array:
    fits = pc.and_(pc.greater_equal(numbers, -(2.0**31)), pc.less(numbers, 2.0**31))
    is_whole = pc.and_(pc.equal(pc.floor(numbers), numbers), fits)
    return pc.if_else(is_whole, numbers, pa.scalar(None, _FLOAT)).cast(_INT)


def _local_time(values: pa.Array) -> pa.Array:
    if pa.types.is_date(values.type):
        values = values.cast(pa.timestamp("s"), safe=False)
    if pa.types.is_timestamp(values.type):
        values = _within_years(values)
        if values.type.tz:
            values = pc.local_timestamp(values.cast(pa.timestamp("us", "America/New_York"), safe=False))
    return _without_blanks(values).cast(_TIME, safe=False)


def _within_years(moments: pa.Array) -> pa.Array:
    """Times that would wrap around in microseconds become null, not another time."""
    per_second, ticks = _TICKS[moments.type.unit], moments.cast(pa.int64())
    first, after = (max(-(2**63), min(second * per_second, 2**63 - 1)) for second in _SECONDS)
    keep = pc.and_(pc.greater_equal(ticks, first), pc.less(ticks, after))
    return pc.if_else(keep, moments, pa.scalar(None, moments.type))
