"""Claims about the source systems' method, on the first trips of two real months."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from flows.trips import baseline, cleaning, schema

DATA = Path(__file__).parents[2] / "data"
ROWS = 3000


def rows_of(month):
    raw = next(pq.ParquetFile(DATA / f"green_tripdata_{month}.parquet").iter_batches(ROWS))
    return cleaning.model_rows(schema.typed(raw), month)


@pytest.fixture(scope="module")
def result():
    train, validate = rows_of("2023-01"), rows_of("2023-02")
    return baseline.fit_and_judge([train.slice(0, 1000), train.slice(1000)], iter([validate]))


def test_the_method_beats_predicting_the_mean(result):
    taught, held_out = (cleaning.judged(rows_of(month))["minutes"].to_numpy() for month in ("2023-01", "2023-02"))
    assert result.rmse < 0.9 * np.sqrt(np.mean((held_out - taught.mean()) ** 2))


def test_only_trips_of_1_to_60_minutes_are_learned_from_and_judged(result):
    expected = [cleaning.judged(rows_of(month)).num_rows for month in ("2023-01", "2023-02")]
    assert [result.rows, result.validation_rows] == expected
    assert max(expected) < ROWS


def test_a_zone_pair_is_text_and_a_distance_a_number_as_in_the_source():
    record = next(baseline._records(rows_of("2023-01")))
    assert record == {"PU_DO": "166_143", "trip_distance": pytest.approx(2.58)}


def test_no_trip_to_learn_from_is_said_in_words():
    with pytest.raises(ValueError, match="no trip of 1 to 60 minutes"):
        baseline.fit_and_judge([], [rows_of("2023-02")])
