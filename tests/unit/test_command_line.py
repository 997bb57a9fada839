"""The flows' command line: what it accepts and refuses by the schemas of the flows, without importing them."""

import subprocess
import sys
from importlib import import_module
from typing import Annotated, Any

import pytest
from prefect import flow
from pydantic import Field

from flows.__main__ import ADDRESSES, FLOWS, PROGRAM, main
from flows.command_line import FlowSignature, command_line, execute
from flows.signatures import signatures
from flows.trips.month import Month

SIGNATURES = {one.name: one for one in signatures(FLOWS)}
PREFECT_ONLY = {"title", "position"}


@flow(name="train")
def sample(
    month: Month,
    judge_on: Month | None = None,
    rounds: Annotated[int, Field(ge=1, le=5000)] = 30,
    margin: float = 0.5,
    baseline: bool = True,
    rollback: bool = False,
    zones: list[int] | None = None,
) -> None:
    """Train.

    Args:
        month: the month to learn from
    """


def ran(*arguments: str, name: str = "train") -> tuple[int, list[tuple[str, dict[str, Any]]]]:
    """Return the exit status, and what was run with which parameters."""
    runs: list[tuple[str, dict[str, Any]]] = []
    signature = FlowSignature(name, "Train.", sample.parameters.model_dump_for_openapi())
    group = command_line([signature], lambda flow, parameters: runs.append((flow, parameters)) or 0)
    return execute(group, PROGRAM, arguments), runs


def without(schema: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {name: {key: field[key] for key in field.keys() - keys} for name, field in schema["properties"].items()}


@pytest.mark.parametrize("name", FLOWS)
def test_a_schema_read_from_the_source_is_what_prefect_makes_of_the_imported_flow(name):
    registered = getattr(import_module(f"flows.{name}"), name).parameters.model_dump_for_openapi()
    read = SIGNATURES[name].parameters

    assert without(read, PREFECT_ONLY) == without(registered, PREFECT_ONLY)
    assert read.get("required", []) == registered.get("required", [])


@pytest.mark.parametrize(
    ("arguments", "parameters"),
    [
        (["--month", "2023-01"], {}),
        (["--month=2023-01", "--judge-on=2023-02"], {"judge_on": "2023-02"}),
        (["--month=2023-01", "--judge_on", "2023-02"], {"judge_on": "2023-02"}),
        (["--month=2023-01", "--rounds", "5", "--margin=0"], {"rounds": 5, "margin": 0.0}),
        (["--month=2023-01", "--rollback", "--no-baseline"], {"rollback": True, "baseline": False}),
        (["--month=2023-01", "--zones", "[1, 2]"], {"zones": [1, 2]}),
    ],
)
def test_the_given_parameters_arrive_in_their_types_and_no_others(arguments, parameters):
    assert ran("train", *arguments) == (0, [("train", {"month": "2023-01"} | parameters)])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trian"], "No such command 'trian'. Did you mean 'train'?"),
        (["train", "--mnth", "2023-01"], "No such option '--mnth'. Did you mean '--month'?"),
        (["train"], "Missing option '--month'. Example: --month 2023-01"),
        (["train", "--month", "2023-13"], "'--month': '2023-13' is not valid. Example: --month 2023-01"),
        (["train", "--month", "january"], "'--month': 'january' is not valid. Example: --month 2023-01"),
        (["train", "--month=2023-01", "--judge-on=x"], "'--judge-on': 'x' is not valid. Example: --judge-on 2023-01"),
        (["train", "--month=2023-01", "--rounds=0"], "0 is less than the minimum of 1. Example: --rounds 30"),
        (["train", "--month=2023-01", "--rounds=x"], "'x' is not a valid integer. Example: --rounds 30"),
        (["train", "--month=2023-01", "--margin=nan"], "'nan' is not a number. Example: --margin 0.5"),
        (["train", "--month=2023-01", "--zones=x"], "'x' is not of type 'array'"),
        (["train", "--month=2023-01", "--rollback", "true"], "unexpected extra argument"),
    ],
)
def test_invalid_arguments_are_refused_before_a_run(capsys, arguments, words):
    assert ran(*arguments) == (2, [])
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--rounds", "5"]])
def test_without_a_flow_the_pipeline_is_meant(capsys, arguments):
    assert ran(*arguments, name="pipeline") == (2, [])
    assert "flows pipeline --help' for help.\n\nError: Missing option '--month'" in capsys.readouterr().err


def test_the_help_of_a_flow_shows_options_descriptions_and_defaults(capsys):
    assert ran("train", "--help") == (0, [])
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    assert "Usage: .venv/bin/python -m flows train [OPTIONS]" in lines
    assert "--month TEXT the month to learn from [required]" in lines
    assert "--baseline / --no-baseline [default: baseline]" in lines


def test_help_imports_neither_prefect_nor_a_flow():
    program = "import sys; from flows.__main__ import main; main(['train', '--help']); print(*sys.modules, sep='\\n')"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert "--train-on" in printed
    assert not {"prefect", "mlflow", "pyarrow", "flows.train"} & set(printed.splitlines())


def test_missing_addresses_are_all_named_at_once(monkeypatch, capsys):
    for name in ADDRESSES:
        monkeypatch.delenv(name, raising=False)

    assert main(["promote"]) == 2
    said = capsys.readouterr().err
    assert f"Not set: {', '.join(ADDRESSES)}. " in said
    assert "set -a; . var/demo/environment; set +a" in said


def test_a_prefect_that_does_not_answer_is_named_with_its_remedy(monkeypatch, capsys):
    for name in ADDRESSES:
        monkeypatch.setenv(name, "http://127.0.0.1:9/api")

    assert main(["promote"]) == 1
    assert "Prefect does not answer at http://127.0.0.1:9/api" in capsys.readouterr().err
