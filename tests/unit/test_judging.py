"""Claims about the gate: only a candidate that is better by the margin takes the champion's place."""

import pytest

from flows.trips import judging, lake, month_rows
from flows.trips.cleaning import ROW_SCHEMA, judged
from flows.trips.judging import decide
from tests.unit.builders import random_rows, tiny_graph


@pytest.mark.parametrize(
    ("candidate", "champion", "promote", "why"),
    [
        (4.2, None, True, "there was no champion yet; RMSE 4.200 minutes on 2023-02"),
        (4.0, 5.0, True, "20.0% better, more than the margin of 0.5%"),
        (4.98, 5.0, False, "+0.4% is not better by the margin of 0.5%"),
        (5.0, 5.0, False, "+0.0% is not better"),
        (6.0, 5.0, False, "RMSE 6.000 against the champion's 5.000 minutes on 2023-02: -20.0% is not better"),
        (float("nan"), 5.0, False, "is not better"),
    ],
)
def test_the_decision_and_its_reason_follow_from_the_figures(candidate, champion, promote, why):
    decision = decide(candidate, champion, margin=0.005, month="2023-02")
    assert decision.promote is promote
    assert why in decision.why
    assert (decision.month, decision.champion_rmse) == ("2023-02", champion)


def test_errors_are_over_the_judged_rows_of_the_month(tmp_path):
    rows, notes = random_rows(500), {"sha256": "ab", "not_trips": "{}", "code": "c"}
    lake.write(tmp_path.as_uri(), lake.trips_key("2023-01"), ROW_SCHEMA, iter([rows]), lambda: notes)
    errors = judging.errors_on(tiny_graph(), tmp_path.as_uri(), month_rows.required(tmp_path.as_uri(), "2023-01"))
    assert errors.metrics()["rows"] == judged(rows).num_rows
