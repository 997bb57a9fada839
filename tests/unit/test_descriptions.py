"""Claims about what MLflow's pages say of a run and a version."""

from flows.trips.descriptions import run_name, run_summary, usage, version_summary

METRICS = {"rmse": 4.2199, "mae": 2.6, "p90": 5.98}
BASELINE = {"baseline_rmse": 5.19, "baseline_mae": 3.4}
PARAMETERS = {"rounds": "100", "training_rows": "65946", "validation_rows": "62574"}
MODELS = ("this model", "baseline")
TAGS = {"train": "2023-01", "validate": "2023-02"}


def test_a_run_is_named_by_what_differs_between_runs():
    assert run_name("2023-01..2023-03", "100", 4.2199) == "2023-01..2023-03, 100 rounds, RMSE 4.220"


def test_a_version_is_described_in_one_sentence_beside_the_baseline():
    assert version_summary(METRICS | BASELINE, TAGS) == (
        "Trained on 2023-01; on 2023-02 its RMSE is 4.220 minutes, beside 5.190 for the baseline, "
        "its MAE 2.600 minutes."
    )


def test_a_run_s_summary_has_the_model_above_the_baseline_and_the_trips():
    text = run_summary(METRICS | BASELINE, PARAMETERS, TAGS)

    model, baseline = (next(line for line in text.splitlines() if f"| {name} |" in line) for name in MODELS)
    assert [figure in model for figure in ("4.220", "2.600", "5.98")] == [True] * 3
    assert [figure in baseline for figure in ("5.190", "3.400")] == [True] * 2
    assert "Trained on 65,946 trips of 2023-01 in 100 rounds; judged on 62,574 trips of 2023-02" in text


def test_a_run_s_summary_leaves_out_a_baseline_that_was_not_made():
    assert "baseline" not in run_summary(METRICS, PARAMETERS, TAGS) + version_summary(METRICS, TAGS)


def test_a_run_s_summary_links_the_prefect_run_where_there_is_one():
    url = "http://localhost:4200/runs/flow-run/1"

    assert f"]({url})" in run_summary(METRICS, PARAMETERS, TAGS | {"prefect_run": url})
    assert "Prefect" not in run_summary(METRICS, PARAMETERS, TAGS)


def test_usage_names_the_very_version_and_a_row_for_the_model_server():
    text = usage("/7", "this version", "http://lab:8080")

    assert 'mlflow.pyfunc.load_model("models:/trip-duration/7")' in text
    assert "curl http://lab:8080/predict -H 'Content-Type: application/json' -d '{\n  \"PULocationID\": 74," in text
