import json

import pytest

from infra.demo import pipeline, report
from infra.demo.comparison import Comparison
from infra.demo.failures import DemoError, with_log

RESULT = {
    "ingest": [{"month": m, "rows": 9, "cached": False, "seconds": 1.5} for m in ("2023-01", "2023-02")],
    "train": {"months": "2023-01", "rows": 9, "seconds": 4.0, "cached": False},
    "validate": {"months": "2023-02", "rows": 9, "rmse": 4.2, "mae": 2.6, "baseline_rmse": 5.2},
    "model": {"name": "trip-duration", "version": "1", "alias": "champion"},
    "promote": {"promoted": True, "why": "the first", "seconds": 0.2},
    "score": {"month": "2023-02", "rows": 9, "key": "predictions/x.parquet", "seconds": 1.0, "cached": False},
}
CONTRACT = {
    "train": {"months", "rows", "seconds"},
    "validate": {"months", "rows", "rmse", "mae", "baseline_rmse"},
    "model": {"name", "version", "alias"},
    "prediction": {"request", "response"},
    "batch": {"rows", "max_abs_difference_to_http"},
    "seconds": {"ingest", "train", "promote", "serve", "score", "total"},
}


def test_the_report_has_every_key_of_the_contract(tmp_path):
    prediction = {"request": {}, "response": {"minutes": 12.0}}

    made = report.build(RESULT, prediction, Comparison(8, 1, 1e-6), {"serve": 0.5, "total": 9.0})
    report.write(tmp_path / "report.json", made)

    read = json.loads((tmp_path / "report.json").read_text())
    assert {key: CONTRACT[key] - read[key].keys() for key in CONTRACT} == {key: set() for key in CONTRACT}
    assert (read["batch"]["outside"], read["seconds"]["ingest"]) == (1, 3.0)


@pytest.mark.parametrize("before", ["", "View run at: http://127.0.0.1\n"])
def test_the_flows_result_is_read_whole_whatever_libraries_print_before_it(before):
    assert pipeline.read(before + json.dumps(RESULT, indent=2) + "\n") == RESULT


@pytest.mark.parametrize("text", ["", "done", "[1]", '{"ingest": []}'])
def test_a_result_that_is_none_is_refused_in_words(text):
    with pytest.raises(DemoError, match="result"):
        pipeline.read(text)


def test_a_failure_shows_the_last_lines_of_its_log_and_where_it_is(tmp_path):
    log = tmp_path / "mlflow.log"
    log.write_text("\n".join(f"line {number}" for number in range(100)))

    words = with_log("mlflow ended by itself", log)

    assert words.startswith(f"mlflow ended by itself; its last lines, from {log}:")
    assert ("line 99" in words, "line 9\n" in words) == (True, False)
