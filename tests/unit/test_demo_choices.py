import pytest

from infra.demo.choices import Choices
from infra.demo.failures import DemoError


@pytest.fixture(name="folder")
def _folder(tmp_path):
    for month in ("2023-01", "2023-02", "2023-03"):
        (tmp_path / f"green_tripdata_{month}.parquet").touch()
    return str(tmp_path)


def test_nothing_given_leaves_the_months_to_the_flow_and_takes_the_repositorys_data():
    chosen = Choices.from_env({"TRAIN": "", "VALIDATE": "", "DATA": "", "KEEP": ""})

    assert (chosen.train, chosen.validate, chosen.keep) == (None, None, False)
    assert chosen.arguments[0] == "--source"
    assert chosen.arguments[1].endswith("/data")


def test_what_is_given_becomes_the_pipelines_arguments(folder):
    chosen = Choices.from_env({"TRAIN": "2023-01..2023-02", "VALIDATE": "2023-03", "DATA": folder, "KEEP": "1"})

    assert chosen.arguments == ["--train-on", "2023-01..2023-02", "--validate-on", "2023-03", "--source", folder]
    assert chosen.keep


def test_a_url_is_not_looked_into_before_the_flows_do():
    assert Choices.from_env({"TRAIN": "2019-01", "DATA": "https://example.org/trips"}).months == ["2019-01", "2019-02"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"TRAIN": "2023-13"}, "TRAIN=2023-13: month '2023-13' is not a month"),
        ({"TRAIN": "2023-02..2023-01"}, "end before they begin"),
        ({"VALIDATE": "soon"}, "VALIDATE=soon: month 'soon' is not a month"),
        ({"TRAIN": "2023-01..2023-02", "VALIDATE": "2023-02"}, "Choose another, such as VALIDATE=2023-03"),
        ({"TRAIN": "2022-12", "VALIDATE": "2023-01"}, "no file for month 2022-12"),
        ({"TRAIN": "2023-03"}, "VALIDATE is not given, so it is the month after TRAIN"),
        ({"DATA": "/nowhere/at/all"}, "DATA=/nowhere/at/all is no folder"),
    ],
)
def test_a_choice_that_cannot_be_meant_is_refused_with_a_remedy(folder, given, words):
    with pytest.raises(DemoError, match=r"\w") as refused:
        Choices.from_env({"DATA": folder} | given)

    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
