"""Claims about the statistics: sums that can be split anyhow, and figures that never hold a row's own duration."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.trips import cleaning
from flows.trips.features import KEYS, STARTS, TABLE_ROWS, keys, plain
from flows.trips.statistics import FOLDS, SMOOTHING, Statistics, folds
from tests.unit.builders import make_rows, random_rows

ROWS = random_rows(300)


def parts(rows):
    return cleaning.arrays(rows), rows["minutes"].to_numpy()


def counted(*batches):
    statistics = Statistics()
    for rows in batches:
        statistics.add(*parts(rows))
    return statistics


@settings(max_examples=20, deadline=None)  # each example holds arrays of 13 MB
@given(st.lists(st.integers(0, 300), max_size=4).map(sorted))
def test_any_split_into_batches_gives_the_sums_of_one_pass(cuts):
    edges = [0, *cuts, 300]
    split = counted(*(ROWS.slice(a, b - a) for a, b in zip(edges, edges[1:], strict=False)))
    np.testing.assert_allclose(split.sums, counted(ROWS).sums, rtol=1e-12, atol=1e-12)


def test_merging_two_machines_equals_one_pass():
    mine, other = counted(ROWS.slice(0, 100)), counted(ROWS.slice(100))
    mine.merge(other)
    np.testing.assert_allclose(mine.sums, counted(ROWS).sums, rtol=1e-12, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 299), st.floats(1, 60))
def test_the_duration_of_a_trip_never_changes_its_own_training_figures(row, minutes):
    trips, durations = parts(ROWS)
    longer = durations.copy()
    longer[row] = minutes
    before, after = (figures_of_own_fold(trips, d, row) for d in (durations, longer))
    np.testing.assert_allclose(after, before, rtol=1e-6)


def figures_of_own_fold(trips, minutes, row):
    statistics = Statistics()
    statistics.add(trips, minutes)
    return statistics.fold_tables()[folds(trips)[row] * TABLE_ROWS + keys(np, plain(np, trips))[row]]


@given(st.lists(st.tuples(st.integers(-(2**40), 2**40), st.integers(-5, 299), st.integers(-5, 299)), min_size=1))
def test_exact_duplicates_share_a_fold(drawn):
    pickup, first, second = (np.array(column, np.int64) for column in zip(*(drawn + drawn), strict=True))
    found = folds({"pickup": pickup, "PULocationID": first, "DOLocationID": second})
    assert set(found) <= set(range(FOLDS))
    assert np.array_equal(found[: len(drawn)], found[len(drawn) :])


def test_folds_are_of_similar_size():
    sizes = np.bincount(folds(cleaning.arrays(random_rows(5000))), minlength=FOLDS)
    assert sizes.min() > 0.9 * 1000


def test_the_table_equals_a_naive_group_by():
    trips, minutes = parts(ROWS)
    miles, table = trips["trip_distance"].astype(float), counted(ROWS).table()
    groups = defaultdict(list)
    for row, places in enumerate(keys(np, plain(np, trips))):
        for place in places:
            groups[place].append(row)
    for place, rows in groups.items():
        mean = (minutes[rows].sum() + SMOOTHING * minutes.mean()) / (len(rows) + SMOOTHING)
        moved = np.where(miles > 0, minutes, 0)
        pace = (moved[rows].sum() + SMOOTHING * moved.mean()) / (miles[rows].sum() + SMOOTHING * miles.mean())
        assert table[place] == pytest.approx([mean, pace, len(rows) / len(minutes)], rel=1e-5)


def test_one_trip_among_literals_moves_its_zone_towards_itself():
    rows = make_rows(PULocationID=[10, 10, 20], trip_distance=[1.0, 2.0, 3.0])  # 12 minutes each
    zones = counted(rows).table()[STARTS[KEYS.index("pickup_zone")] :]
    assert zones[10].tolist() == pytest.approx([12, (24 + 5 * 12) / (3 + 5 * 2), 2 / 3])
    assert zones[20].tolist() == pytest.approx([12, (12 + 5 * 12) / (3 + 5 * 2), 1 / 3])


def test_a_key_never_seen_has_the_mean_of_all_trips():
    trips, minutes = parts(ROWS)
    seen = np.unique(keys(np, plain(np, trips)))
    unseen = np.delete(counted(ROWS).table(), seen, axis=0)
    np.testing.assert_allclose(unseen[:, 0], minutes.mean(), rtol=1e-6)


def test_statistics_of_no_trip_are_finite():
    assert np.isfinite(Statistics().table()).all()
