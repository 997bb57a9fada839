import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.demo import comparison
from infra.demo.comparison import Comparison

FIELDS = [
    {"name": "zone", "minimum": 0, "maximum": 265},
    {"name": "pickup", "when_missing": "now"},
    {"name": "miles", "minimum": 0, "maximum": 200, "nullable": True},
]


class FakeServer:
    """Answers as the model server does: minutes = miles, 0 when missing, plus *error*."""

    def __init__(self, error: float = 0.0) -> None:
        self.error, self.asked = error, []

    def fields(self):
        return FIELDS

    def output(self):
        return "minutes"

    def predict(self, rows):
        self.asked += rows
        return {"minutes": [(row["miles"] or 0.0) + self.error for row in rows]}


@pytest.fixture(name="scores")
def _scores(tmp_path):
    """Five trips: a good one, one without miles, and three beyond the bounds."""
    miles = np.array([1.5, np.nan, 2.0, 201.0, 1.0], np.float32)
    columns = {"zone": [1, 2, 266, 3, 4], "pickup": [5, 6, 7, 8, None], "miles": miles}
    columns["minutes"] = np.nan_to_num(miles)
    pq.write_table(pa.table(columns), tmp_path / "scores.parquet")
    return tmp_path / "scores.parquet"


def test_only_rows_that_the_server_takes_are_sent_and_the_others_counted(scores):
    server = FakeServer()

    assert comparison.compare(scores, server) == Comparison(2, 3, 0.0)
    assert server.asked == [{"zone": 1, "pickup": 5, "miles": 1.5}, {"zone": 2, "pickup": 6, "miles": None}]


@pytest.mark.parametrize(("error", "difference"), [(-0.25, 0.25), (float("nan"), float("inf"))])
def test_the_largest_difference_is_told_and_no_answer_counts_as_equal(scores, error, difference):
    assert comparison.compare(scores, FakeServer(error)).max_abs_difference == difference
