"""Claims about the report: one line per model, and what is better is called better."""

from flows.trips.baseline import Baseline
from flows.trips.report import duration_report

MODEL = {"rmse": 4.2, "mae": 2.6, "p90": 5.98, "rows": 62574.0, "rmse_hour_07": 3.9, "rows_hour_04": 0.0}
SOURCE = Baseline(rows=65946, validation_rows=62574, rmse=5.25, mae=3.3, seconds=9.0)


def report(champion=None, baseline=None):
    return duration_report(
        train="2023-01", validate="2023-02", rows=65946, model=MODEL, champion=champion, baseline=baseline
    )


def test_the_model_alone_has_one_line_without_a_comparison():
    assert "| this model | 2023-02 | 4.200 | 2.600 | 62,574 |  |\n" in report()
    assert "champion" not in report()


def test_the_source_method_says_by_how_much_this_model_is_better():
    assert "| source system's method | 2023-02 | 5.250 | 3.300 | 62,574 | 20.0% better |\n" in report(baseline=SOURCE)


def test_a_better_champion_makes_this_model_worse():
    assert "| champion | 2023-02 | 4.000 | 2.500 | 62,574 | 5.0% worse |" in report(MODEL | {"rmse": 4.0, "mae": 2.5})


def test_the_report_says_what_was_learnt_from_and_judged_on():
    assert "Trained on 2023-01 (65,946 trips), judged on 2023-02: trips of 1 to 60 minutes." in report()
    assert "Nine of ten predictions are within 6.0 minutes." in report()


def test_hours_without_trips_have_no_line():
    assert "| 07 | 3.90 |" in report()
    assert "| 04 |" not in report()
