"""Claims about the errors of predictions, against NumPy on the same rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from flows.trips.evaluation import MILE_BANDS, Errors

JSON = TypeAdapter(Errors)


def some_rows(seed, rows):
    random = np.random.default_rng(seed)
    miles = random.choice([0.5, 1.0, 3.0, 7.0, 10.0, np.nan], rows).astype(np.float32)
    pickup = random.integers(-(2**33), 2**33, rows)
    predicted, actual = random.uniform(1, 60, rows).astype(np.float32), random.uniform(1, 60, rows)
    return {"predicted": predicted, "actual": actual, "pickup": pickup, "miles": miles}


def judged(rows, part=slice(None)):
    errors = Errors()
    errors.add(**{name: column[part] for name, column in rows.items()})
    return errors


@settings(max_examples=30, deadline=None)  # each example adds arrays of 1 MB
@given(st.integers(0, 2**32), st.integers(1, 300), st.floats(0, 1))
def test_merging_two_parts_equals_one_pass(seed, size, share):
    rows, cut = some_rows(seed, size), int(size * share)
    merged = judged(rows, slice(cut)) + judged(rows, slice(cut, None))
    for name, whole in vars(judged(rows)).items():
        np.testing.assert_allclose(getattr(merged, name), whole, rtol=1e-12, atol=1e-9, err_msg=name)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 300))
def test_errors_survive_json_to_the_last_bit(seed, size):
    errors = judged(some_rows(seed, size))
    copy = JSON.validate_json(JSON.dump_json(errors))
    for name, array in vars(errors).items():
        assert (getattr(copy, name).dtype, getattr(copy, name).tobytes()) == (array.dtype, array.tobytes())


@pytest.mark.parametrize("lists", [[], [[0.0] * 4] * 23, [[0.0] * 4] * 23 + [[0.0] * 3], [["0"] * 4] * 24, "0", None])
def test_json_of_another_shape_or_type_is_refused(lists):
    document = JSON.dump_python(judged(some_rows(1, 5)), mode="json")
    with pytest.raises(ValidationError, match="by_hour"):
        JSON.validate_python(document | {"by_hour": lists})


def test_overall_metrics_equal_numpy():
    rows = some_rows(2, 5000)
    error = rows["predicted"] - rows["actual"]
    expected = {
        "rmse": np.sqrt(np.mean(error**2)),
        "mae": np.abs(error).mean(),
        "bias": error.mean(),
        "rows": 5000,
    }
    metrics = judged(rows).metrics()
    assert {name: metrics[name] for name in expected} == pytest.approx(expected, rel=1e-9)


def test_metrics_of_an_hour_are_those_of_its_rows():
    rows = some_rows(3, 5000)
    hour = rows["pickup"].astype("datetime64[s]").astype(object)
    mine = np.array([moment.hour == 7 for moment in hour])
    alone, metrics = judged(rows, mine).metrics(), judged(rows).metrics()
    measures = ("rmse", "mae", "rows")
    assert [metrics[f"{name}_hour_07"] for name in measures] == pytest.approx([alone[name] for name in measures])


@pytest.mark.parametrize(
    ("miles", "band"),
    [(-1, 0), (0.99, 0), (1, 1), (1.99, 1), (2, 2), (5, 3), (9.99, 3), (10, 4), (np.inf, 4), (np.nan, 5)],
)
def test_a_band_of_miles_holds_its_lower_edge(miles, band):
    rows = some_rows(4, 1) | {"miles": np.array([miles], np.float32)}
    assert judged(rows).metrics()[f"rows_miles_{MILE_BANDS[band]}"] == 1


@given(st.integers(0, 2**32), st.integers(1, 300), st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_the_error_within_a_share_is_the_order_statistic_to_half_a_bin(seed, size, share):
    rows = some_rows(seed, size)
    ordered = np.sort(np.abs(rows["predicted"] - rows["actual"]))
    exact = ordered[max(int(np.ceil(share * size - 1e-6)), 1) - 1]
    assert judged(rows).within(share) == pytest.approx(exact, abs=0.0005 + 1e-9)


def test_p90_is_numpys_inverted_cdf_to_half_a_bin():
    rows = some_rows(5, 12345)
    exact = np.quantile(np.abs(rows["predicted"] - rows["actual"]), 0.9, method="inverted_cdf")
    assert judged(rows).metrics()["p90"] == pytest.approx(exact, abs=0.0005 + 1e-9)


def test_every_row_is_in_both_histograms_even_beyond_their_ends():
    beyond = np.array([-500.0, 0.0, 1.0, 60.0, 500.0])
    rows = {"predicted": beyond, "actual": beyond[::-1], "pickup": np.zeros(5, np.int64), "miles": beyond}
    errors = judged(rows)
    assert (errors.histogram.sum(), errors.minutes.sum()) == (5, 5)


def test_the_minutes_have_actual_time_on_the_first_axis():
    rows = some_rows(6, 1) | {"actual": np.array([2.5]), "predicted": np.array([60.0], np.float32)}
    assert np.argwhere(judged(rows).minutes).tolist() == [[1, 58]]


def test_a_prediction_that_is_no_number_is_refused_and_nothing_counted():
    errors, rows = Errors(), some_rows(7, 3)
    rows["predicted"][1] = np.nan
    with pytest.raises(ValueError, match="1 of 3 predicted or actual times are not finite"):
        errors.add(**rows)
    assert not any(array.any() for array in vars(errors).values())


def test_no_rows_are_no_judgement():
    with pytest.raises(ValueError, match="no row was judged"):
        judged(some_rows(8, 0)).metrics()


def test_names_suit_mlflow_and_empty_groups_state_only_their_rows():
    metrics = judged(some_rows(9, 1) | {"pickup": np.array([5 * 3600])}).metrics()
    assert all(name.replace("_", "").isalnum() for name in metrics)
    assert [name for name in metrics if name.endswith("_hour_06")] == ["rows_hour_06"]


def test_the_headline_is_rmse_mae_and_p90_of_all_rows():
    errors = judged(some_rows(10, 500))
    metrics = errors.metrics()
    assert errors.headline() == {name: metrics[name] for name in ("rmse", "mae", "p90")}


def test_the_rmse_by_hour_leaves_out_hours_without_rows():
    rows = some_rows(11, 500) | {"pickup": np.repeat([5 * 3600, 7 * 3600], 250)}
    errors = judged(rows)
    metrics = errors.metrics()
    assert errors.rmse_by_hour() == {5: metrics["rmse_hour_05"], 7: metrics["rmse_hour_07"]}


def test_the_table_by_distance_has_a_row_for_every_band_with_trips():
    errors = judged(some_rows(12, 300) | {"miles": np.repeat([0.5, 3.0, np.nan], 100)})
    table, metrics = errors.by_distance(), errors.metrics()
    assert table["distance"] == ["under 1 mile", "2 to 5 miles", "not recorded"]
    assert table["trips"] == [100, 100, 100]
    assert table["MAE (minutes)"][1] == pytest.approx(metrics["mae_miles_2_to_5"], abs=0.0005)
