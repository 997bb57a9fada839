"""Claims about the reports: one line per model, what is better is called better, and links that open."""

from flows.trips.baseline import Baseline
from flows.trips.judging import Decision
from flows.trips.registry import Version
from flows.trips.report import Beside, duration_report, mlflow_links, pipeline_report, promotion_report
from flows.trips.verdict import Verdict

MODEL = {"rmse": 4.2, "mae": 2.6, "p90": 5.98, "rows": 62574.0, "rmse_hour_07": 3.9, "rows_hour_04": 0.0}
SOURCE = Baseline(rows=65946, validation_rows=62574, rmse=5.25, mae=3.3, seconds=9.0)
MLFLOW = "http://localhost:5001"


def report(champion=None, baseline=None):
    return duration_report(
        train="2023-01", validate="2023-02", rows=65946, model=MODEL, champion=champion, baseline=baseline, links="L"
    )


def test_the_model_alone_has_one_line_without_a_comparison():
    assert "| this model | 2023-02 | 4.200 | 2.600 | 62,574 |  |\n" in report()
    assert "champion" not in report()


def test_the_source_method_says_by_how_much_this_model_is_better():
    assert "| source system's method | 2023-02 | 5.250 | 3.300 | 62,574 | 20.0% better |\n" in report(baseline=SOURCE)


def test_a_better_champion_makes_this_model_worse():
    champion = Beside("3", MODEL | {"rmse": 4.0, "mae": 2.5})
    assert "| champion, version 3 | 2023-02 | 4.000 | 2.500 | 62,574 | 5.0% worse |" in report(champion)


def test_a_champion_without_figures_says_why():
    assert "| champion, version 3 | 2023-02 | | | | learnt from 2023-02 |" in report(Beside("3", "learnt from 2023-02"))


def test_the_report_says_what_was_learnt_from_and_judged_on():
    assert "Trained on 2023-01 (65,946 trips), judged on 2023-02: trips of 1 to 60 minutes.\nL\n" in report()
    assert "Nine of ten predictions are within 6.0 minutes." in report()


def test_hours_without_trips_have_no_line():
    assert "| 07 | 3.90 |" in report()
    assert "| 04 |" not in report()


def test_links_open_the_version_and_its_run_among_models_of_this_kind():
    links = mlflow_links(MLFLOW, Version("7", "abc", {}), "12")

    assert f"({MLFLOW}/#/models/trip-duration/versions/7?workflowType=machine_learning)" in links
    assert f"({MLFLOW}/#/experiments/12/runs/abc?workflowType=machine_learning)" in links


def test_the_promotion_shows_both_figures_the_month_and_the_reason():
    decision = Decision(False, "it is not better", "2023-02", 4.3, 4.2)
    text = promotion_report(Verdict.now("8", "not promoted", decision, "7"), MLFLOW)

    assert "# Version 8 is not promoted\n\nit is not better.\n" in text
    assert "| RMSE (min) on 2023-02 |" in text
    assert "workflowType=machine_learning) | 4.300 | not promoted |" in text
    assert "workflowType=machine_learning) | 4.200 | stays champion |" in text


def test_the_pipelines_message_has_figures_verdict_and_rows():
    result = {
        "ingest": [{"month": "2023-01", "rows": 68211}],
        "train": {"months": "2023-01", "version": "2"},
        "validate": {"months": "2023-02", "rows": 62574, "rmse": 4.22, "baseline_rmse": 5.192},
        "promote": {"version": "1", "sentence": "version 1 is champion: because"},
        "score": {"month": "2023-02", "rows": 64809, "version": "1"},
    }
    markdown, message = pipeline_report(result, MLFLOW, seconds=58)

    assert message.splitlines() == [
        "RMSE 4.220 minutes on 62,574 trips of 2023-02; the source's method has 5.192: 18.7% better",
        "version 1 is champion: because",
        "64,809 trips of 2023-02 scored by version 1; 58.0 s in total",
    ]
    assert "- **ingest**: 68,211 rows of 2023-01\n" in markdown
    assert f"([version 2]({MLFLOW}/#/models/trip-duration/versions/2?" in markdown
