"""Claims about typing: whatever types a month is published with, the same trips come out."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.trips.schema import COLUMNS, TRIP_SCHEMA, SchemaError, check_columns, typed
from tests.unit.builders import make_trips

NEW_YORK = ZoneInfo("America/New_York")
TEXTS = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
INTS = [pa.int16(), pa.int32(), pa.int64(), pa.uint64(), pa.float32(), pa.float64(), pa.decimal128(12, 2)]
FLOATS = [pa.float32(), pa.float64(), pa.decimal128(12, 2)]
ENCODED_INTS = [pa.dictionary(pa.int8(), pa.int64())]
TIMES = [pa.timestamp(unit) for unit in ("s", "ms", "us", "ns")]
ZONED_TIMES = [pa.timestamp(unit, zone) for unit in ("s", "us") for zone in ("UTC", "Europe/Paris", "America/New_York")]


def published(values, kind):
    """Values as a raw column of *kind*."""
    if kind in TEXTS:
        values = [None if value is None else str(value) for value in values]
    if pa.types.is_decimal(kind):
        values = [None if value is None else Decimal(str(value)) for value in values]
    if pa.types.is_timestamp(kind) and kind.tz:
        values = [None if value is None else value.replace(tzinfo=UTC) for value in values]
    if pa.types.is_dictionary(kind):
        return pa.array(values, kind.value_type).dictionary_encode().cast(kind)
    return pa.array(values, kind)


def expected(values, kind):
    """Values as they must come out of a raw column of *kind*."""
    if pa.types.is_null(kind):
        return [None] * len(values)
    if pa.types.is_timestamp(kind) and kind.tz:
        moments = [None if value is None else value.replace(tzinfo=UTC) for value in values]
        return [None if moment is None else moment.astimezone(NEW_YORK).replace(tzinfo=None) for moment in moments]
    return values


@st.composite
def months(draw):
    """Raw columns in any order and mix of types, with the values that must come out."""
    rows, raw, wanted = draw(st.integers(0, 5)), {}, {}
    until = datetime(2037, 1, 1)  # Arrow's time zones have no summer after 2037
    moments = st.datetimes(datetime(1900, 1, 1), until).map(lambda moment: moment.replace(microsecond=0))
    choices = {
        pa.int32(): (st.integers(0, 300), INTS + ENCODED_INTS + TEXTS),
        pa.float64(): (st.integers(-4000, 4000).map(lambda quarters: quarters / 4), FLOATS + TEXTS),
        pa.string(): (st.sampled_from(["Y", "N", ""]), TEXTS),
        pa.timestamp("us"): (moments, TIMES + ZONED_TIMES + TEXTS[:1]),
    }
    for column in draw(st.permutations(COLUMNS)):
        values, kinds = choices[column.type]
        kind = draw(st.sampled_from([*kinds, pa.null()]))
        drawn = draw(st.lists(st.none() | values, min_size=rows, max_size=rows))
        raw[column.name] = pa.nulls(rows) if kind == pa.null() else published(drawn, kind)
        wanted[column.name] = expected(drawn, kind)
    return pa.RecordBatch.from_pydict(raw), wanted


@settings(max_examples=100, deadline=None)
@given(months())
def test_any_mix_of_types_gives_the_same_trips_in_the_same_order(month):
    raw, wanted = month
    trips = typed(raw)
    assert trips.schema == TRIP_SCHEMA
    assert trips.to_pydict() == {name: wanted[name] for name in TRIP_SCHEMA.names}


@settings(max_examples=50, deadline=None)
@given(months())
def test_typing_twice_changes_nothing(month):
    once = typed(month[0])
    assert typed(once).equals(once)


@given(st.lists(st.none() | st.floats(width=64) | st.sampled_from([-(2.0**31), 2.0**31 - 1, 2.0**31, 0.5])))
def test_an_integer_is_kept_exactly_when_it_is_whole_and_has_32_bits(numbers):
    wanted = [int(n) if n is not None and -(2**31) <= n < 2**31 and n == int(n) else None for n in numbers]
    assert typed(raw_column("RatecodeID", pa.array(numbers, pa.float64())))["RatecodeID"].to_pylist() == wanted


@pytest.mark.parametrize("kind", INTS[1:4])
def test_the_smallest_integer_of_32_bits_survives_any_type(kind):
    value = 2**31 - 1 if kind == pa.uint64() else -(2**31)
    assert typed(raw_column("VendorID", pa.array([value], kind)))["VendorID"].to_pylist() == [value]


def test_numbers_that_are_not_finite_become_null():
    texts = typed(raw_column("fare_amount", pa.array(["1.5", " 2 ", "", "nan", "-inf"])))["fare_amount"]
    numbers = typed(raw_column("fare_amount", pa.array([1.5, float("nan"), float("inf")])))["fare_amount"]
    assert texts.to_pylist() == [1.5, 2.0, None, None, None]
    assert numbers.to_pylist() == [1.5, None, None]


@pytest.mark.parametrize("kind", [*TIMES[:3], *ZONED_TIMES[:3], pa.date32()])
def test_a_time_beyond_the_year_9999_becomes_null_and_no_other_time(kind):
    raw = pa.array([2**31 - 1 if kind == pa.date32() else 2**60], pa.int32() if kind == pa.date32() else pa.int64())
    assert typed(raw_column("lpep_pickup_datetime", raw.cast(kind)))["lpep_pickup_datetime"].to_pylist() == [None]


@pytest.mark.parametrize("name", ["PULocationID", "trip_distance", "lpep_pickup_datetime"])
@pytest.mark.parametrize("kind", TEXTS)
def test_text_that_cannot_be_read_names_its_column(name, kind):
    with pytest.raises(SchemaError, match=f"column {name} of type .*string"):
        typed(raw_column(name, published(["unknown"], kind)))


@pytest.mark.parametrize("name", TRIP_SCHEMA.names)
def test_a_column_of_lists_is_refused_by_name(name):
    with pytest.raises(SchemaError, match=f"column {name} of type list"):
        typed(raw_column(name, pa.array([[1]])))


@pytest.mark.parametrize("name", [column.name for column in COLUMNS if column.required])
def test_a_month_without_a_required_column_is_refused_by_name(name):
    with pytest.raises(SchemaError, match=f"missing column {name}; found: .*green_tripdata_YYYY-MM"):
        check_columns([column for column in TRIP_SCHEMA.names if column != name])


def test_optional_columns_may_be_absent_and_come_out_null():
    required = [column.name for column in COLUMNS if column.required]
    assert check_columns(required) == []
    assert typed(make_trips().select(required))["tip_amount"].null_count == 3


def test_unknown_columns_are_returned_and_left_out():
    raw = pa.RecordBatch.from_pydict(
        {"colour": ["green"] * 3} | dict(zip(TRIP_SCHEMA.names, make_trips(), strict=True))
    )
    assert check_columns(raw.schema.names) == ["colour"]
    assert typed(raw).equals(make_trips())


def raw_column(name, values):
    return pa.RecordBatch.from_arrays([values], [name])
