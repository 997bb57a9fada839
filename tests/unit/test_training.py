"""Claims about the fit: the same rows give the same model, however they are cut."""

import pytest

from flows.trips import training
from flows.trips.features import NAMES
from flows.trips.training import TrainingError
from tests.unit.builders import make_rows, random_rows, tiny_model

ROWS = random_rows(2000)


def trees(trained):
    return trained.booster.get_dump()


def test_the_same_rows_give_the_same_trees():
    again = training.fit(lambda: [ROWS], rounds=10)
    assert trees(again) == trees(tiny_model())


@pytest.mark.parametrize("size", [100, 999])
def test_batches_of_another_size_give_the_same_table_and_fit(size):
    cut = training.fit(lambda: [ROWS.slice(start, size) for start in range(0, 2000, size)], rounds=10)
    assert cut.rows == tiny_model().rows
    assert cut.table == pytest.approx(tiny_model().table, rel=1e-6)
    assert cut.gain() == pytest.approx(tiny_model().gain(), rel=0.05, abs=0.01)


def test_rows_that_are_no_trips_teach_nothing():
    odd = make_rows(trip_distance=[-1.0] * 50)
    assert trees(training.fit(lambda: [odd, ROWS, odd], rounds=10)) == trees(tiny_model())


@pytest.mark.parametrize("batches", [[], [make_rows(trip_distance=[-1.0])]])
def test_no_row_to_learn_from_is_an_error(batches):
    with pytest.raises(TrainingError, match="no row to learn from"):
        training.fit(lambda: batches)


def test_gain_is_shares_by_feature_name_greatest_first():
    gain = tiny_model().gain()
    assert set(gain) <= set(NAMES)
    assert sum(gain.values()) == pytest.approx(1)
    assert list(gain.values()) == sorted(gain.values(), reverse=True)
