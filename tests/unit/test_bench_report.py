import json

import pytest

from tests.bench import report
from tests.bench.measuring import exponent, in_turns, ratio


def test_figures_are_written_whole_and_nothing_else_is_left(tmp_path):
    report.write("model", {"rmse": 5.0}, tmp_path)
    path = report.write("model", {"rmse": 4.2, "train": {"seconds": 8}}, tmp_path)
    assert json.loads(path.read_text()) == {"rmse": 4.2, "train": {"seconds": 8}}
    assert list(tmp_path.iterdir()) == [path]


def test_figures_that_are_no_json_leave_the_old_file(tmp_path):
    path = report.write("model", {"rmse": 4.2}, tmp_path)
    with pytest.raises(TypeError):
        report.write("model", {"rmse": object()}, tmp_path)
    assert json.loads(path.read_text()) == {"rmse": 4.2}


def test_table_says_which_aims_were_missed(tmp_path):
    figures = {"ratio": 0.3, "part": {"seconds": 1234.5}, "below": 0.19}
    lines = report.table("model", figures, {"ratio": ("<=", 0.25), "below": (">=", 0.18)}, tmp_path).splitlines()
    assert lines[1].split() == ["ratio", "0.3", "aim", "<=", "0.25:", "MISSED"]
    assert lines[2].split() == ["part.seconds", "1,234"]
    assert lines[3].endswith("reached")


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_exponent_is_the_power_that_time_grows_with(power):
    rows = [1e6, 3e6, 1e7]
    assert exponent(rows, [7 * count**power for count in rows]) == pytest.approx(power)


def test_contenders_take_turns_and_ratios_are_of_one_round():
    order, figures = [], {"one": iter([1.0, 30.0]), "other": iter([2.0, 60.0])}

    def measure(name):
        order.append(name)
        return next(figures[name])

    turns = in_turns({name: lambda name=name: measure(name) for name in figures}, 2)
    assert order == ["one", "other", "one", "other"]
    assert ratio(turns["other"], turns["one"]) == 2
