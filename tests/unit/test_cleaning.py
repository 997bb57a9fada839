"""Claims about model rows: every trip is counted once, and nothing known only at drop-off gets in."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.trips import cleaning
from flows.trips.cleaning import INPUT_SCHEMA, ROW_SCHEMA, count_reasons, model_inputs, model_rows
from flows.trips.graph import Predictor
from flows.trips.schema import TRIP_SCHEMA
from tests.unit.builders import PICKUP, make_rows, make_trips, tiny_graph

AFTER = ("lpep_dropoff_datetime", "store_and_fwd_flag", "payment_type")  # known at drop-off, like all money
MONEY = [name for name in TRIP_SCHEMA.names if name.endswith(("amount", "tax", "fee", "surcharge", "extra"))]
moments = st.none() | st.datetimes(datetime(2022, 12, 31), datetime(2023, 2, 2))
numbers = {pa.int32(): st.integers(-(2**31), 2**31 - 1), pa.float64(): st.floats(allow_nan=False, allow_infinity=False)}
values = {field.name: moments if pa.types.is_timestamp(field.type) else numbers.get(field.type, st.text(max_size=1))
          for field in TRIP_SCHEMA}  # fmt: skip
trips = st.lists(st.fixed_dictionaries({name: st.none() | value for name, value in values.items()}), max_size=6)


def batch(drawn):
    return pa.RecordBatch.from_pylist(drawn, schema=TRIP_SCHEMA)


def ends(*minutes):
    return [None if count is None else PICKUP + timedelta(minutes=count) for count in minutes]


@settings(max_examples=100, deadline=None)
@given(trips)
def test_counts_by_reason_and_trips_add_up_to_all_rows(drawn):
    rows = model_rows(batch(drawn), "2023-01")
    assert rows.schema == ROW_SCHEMA
    assert sum(count_reasons(rows).values()) + cleaning.teaching(rows).num_rows == len(drawn)


@settings(max_examples=100, deadline=None)
@given(trips)
def test_what_is_learnt_from_is_a_trip_of_the_month(drawn):
    for row in cleaning.teaching(model_rows(batch(drawn), "2023-01")).to_pylist():
        assert 1 <= row["minutes"] <= 60
        assert 0 <= row["trip_distance"] <= 200
        assert 1672531200 <= row["pickup"] < 1675209600


@settings(max_examples=100, deadline=None)
@given(trips)
def test_a_trip_that_has_not_ended_has_the_same_inputs(drawn):
    running = [trip | {"lpep_dropoff_datetime": None} for trip in drawn]
    assert model_inputs(batch(running)).equals(model_inputs(batch(drawn)))
    assert model_rows(batch(running), "2023-01").select(INPUT_SCHEMA.names).equals(model_inputs(batch(drawn)))


@settings(max_examples=30, deadline=None)
@given(trips.filter(len), st.data())
def test_what_is_known_after_the_trip_never_reaches_the_model(drawn, data):
    changes = {name: st.none() | values[name] for name in (*AFTER, *MONEY)}
    later = [trip | data.draw(st.fixed_dictionaries(changes)) for trip in drawn]
    before, after = model_inputs(batch(drawn)), model_inputs(batch(later))
    assert after.equals(before)
    predictor = Predictor(tiny_graph())
    assert np.array_equal(predictor.minutes(after), predictor.minutes(before))


def test_the_leakage_test_changes_every_column_that_is_no_input():
    known_at_pickup = {*INPUT_SCHEMA.names, "lpep_pickup_datetime"}
    assert {*AFTER, *MONEY} == set(TRIP_SCHEMA.names) - known_at_pickup


@pytest.mark.parametrize(
    ("reason", "column", "odd"),
    [
        ("time_missing", "lpep_dropoff_datetime", ends(12, None, 12)),
        ("time_missing", "lpep_pickup_datetime", ends(0, None, 0)),
        ("distance_missing", "trip_distance", [2.6, None, 2.6]),
        ("dropoff_before_pickup", "lpep_dropoff_datetime", ends(12, -1, 12)),
        ("under_1_minute", "lpep_dropoff_datetime", ends(12, 0.5, 12)),
        ("over_60_minutes", "lpep_dropoff_datetime", ends(12, 60.1, 60)),
        ("distance_impossible", "trip_distance", [2.6, 244152.0, 0.0]),
        ("distance_impossible", "trip_distance", [2.6, -0.1, 0.0]),
        ("speed_impossible", "trip_distance", [2.6, 21.0, 20.0]),  # in 12 minutes: 105 and 100 miles per hour
    ],
)
def test_the_odd_one_of_three_trips_carries_its_reason(reason, column, odd):
    rows = make_rows(**{column: odd})
    assert rows["not_a_trip"].to_pylist() == [None, reason, None]


def test_a_pickup_outside_the_month_is_refused_at_both_ends():
    pickups = [datetime(2022, 12, 31, 23, 59, 59), datetime(2023, 1, 1), datetime(2023, 2, 1)]
    rows = make_rows(lpep_pickup_datetime=pickups, lpep_dropoff_datetime=[p + timedelta(minutes=12) for p in pickups])
    assert rows["not_a_trip"].to_pylist() == ["pickup_outside_month", None, "pickup_outside_month"]


def test_a_row_with_several_faults_counts_for_the_first():
    rows = make_rows(lpep_dropoff_datetime=ends(12, -5, 12), trip_distance=[2.6, 900.0, 2.6])
    assert count_reasons(rows) == {"dropoff_before_pickup": 1}


def test_judged_are_trips_of_1_to_60_minutes_whatever_else_is_odd():
    rows = make_rows(lpep_dropoff_datetime=ends(0.5, 1, 60, 60.1, None), trip_distance=[2.6, None, 900.0, 2.6, 2.6])
    assert cleaning.judged(rows)["minutes"].to_pylist() == [1.0, 60.0]


def test_inputs_are_the_published_values_and_whole_seconds():
    trip = make_trips(1, lpep_pickup_datetime=[PICKUP.replace(microsecond=999_999)], passenger_count=[None])
    assert model_inputs(trip).to_pylist() == [
        {"PULocationID": 74, "DOLocationID": 166, "pickup": 1673771400, "trip_distance": np.float32(2.6),
         "RatecodeID": 1, "trip_type": 1, "VendorID": 2, "passenger_count": None}
    ]  # fmt: skip


def test_missing_zones_are_0_and_other_missing_numbers_are_nan():
    nothing = dict.fromkeys(TRIP_SCHEMA.names, [None])
    columns = cleaning.arrays(make_rows(**nothing))
    assert [columns[name].tolist() for name in ("PULocationID", "DOLocationID", "pickup")] == [[0], [0], [0]]
    assert all(np.isnan(columns[field.name]).all() for field in list(INPUT_SCHEMA)[3:])
