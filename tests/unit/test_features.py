"""Claims about the features: the traced graph and NumPy agree on whatever may come in."""

import numpy as np
import pyarrow as pa
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.trips.cleaning import INPUT_SCHEMA, arrays
from flows.trips.features import NAMES, SIZES, STARTS, TABLE_ROWS, features, keys, plain
from flows.trips.graph import Predictor
from tests.unit.builders import make_rows, tiny_graph, tiny_model

odd = st.sampled_from([float("nan"), float("inf"), float("-inf"), 1e30, -1.0, 0.0, 200.0, 200.1])
number = odd | st.floats(0, 300, width=32)
zone = st.integers(-5, 299)
values = {"PULocationID": zone, "DOLocationID": zone, "pickup": st.integers(-(2**40), 2**40)}
inputs = st.lists(
    st.tuples(*(values.get(name, number) for name in INPUT_SCHEMA.names)), min_size=1, max_size=20
).map(lambda rows: pa.RecordBatch.from_arrays(
    [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), INPUT_SCHEMA, strict=True)],
    schema=INPUT_SCHEMA))  # fmt: skip


def by_numpy(rows):
    columns = plain(np, arrays(rows))
    return features(np, columns, keys(np, columns), tiny_model().table)


def by_numpy_and_xgboost(rows):
    return np.clip(tiny_model().booster.predict(xgb.DMatrix(by_numpy(rows), missing=np.inf)), 1, 60)


@settings(max_examples=200, deadline=None)
@given(inputs)
def test_the_graph_and_numpy_agree_on_whatever_comes_in(rows):
    minutes = Predictor(tiny_graph()).minutes(rows)
    assert np.isfinite(minutes).all()
    np.testing.assert_allclose(minutes, by_numpy_and_xgboost(rows), atol=1e-3)


@settings(max_examples=100, deadline=None)
@given(inputs)
def test_a_key_is_always_a_row_of_its_own_part_of_the_table(rows):
    found = keys(np, plain(np, arrays(rows)))
    assert (found >= STARTS).all()
    assert (found < np.add(STARTS, SIZES)).all()


def test_there_are_33_names_and_as_many_columns():
    assert len(set(NAMES)) == len(NAMES) == 33
    assert by_numpy(make_rows()).shape == (3, 33)


def test_the_six_key_spaces_fill_the_table():
    assert STARTS[-1] + SIZES[-1] == TABLE_ROWS == 84_224


def test_the_plain_features_of_a_trip_are_its_own_values():
    row = dict(zip(NAMES, by_numpy(make_rows(1, passenger_count=[None]))[0].tolist(), strict=True))
    assert row["passenger_count"] == -1
    assert (row["hour"], row["weekday"]) == (8.5, 6)  # 15 January 2023, 8:30, a Sunday
    assert (row["PULocationID"], row["DOLocationID"]) == (74, 166)


def test_miles_times_pace_is_the_product_of_two_columns():
    rows = by_numpy(make_rows(1))[0]
    row = dict(zip(NAMES, rows, strict=True))
    assert row["pair_pace_x_miles"] == row["pair_pace"] * row["trip_distance"]
