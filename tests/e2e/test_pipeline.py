"""The main job through the work pool: completes, is reused when nothing changed, and survives what it depends on."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.stack import Prefect, compose, run, until

FLOWS = ("docker", "compose", "--progress", "quiet", "run", "--rm", "--no-TTY", "flows")


def task_states(prefect: Prefect, run_id: str) -> list[str]:
    """State names of all task runs of the run's subflows, the wrappers of the subflows left out."""
    children = prefect.call("POST", "/flow_runs/filter", flow_runs={"parent_flow_run_id": {"any_": [run_id]}})
    of_children = {"flow_run_id": {"any_": [one["id"] for one in children]}}
    return [one["state"]["name"] for one in prefect.call("POST", "/task_runs/filter", task_runs=of_children)]


def test_the_flows_command_runs_the_pipeline_and_shows_its_logs(stack):
    said = run(*FLOWS).stdout

    assert "pipeline/daily runs as" in said
    assert "pipeline-2023-01 is Completed" in said
    assert "ingest-2023-01" in said


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["ingest", "--month", "2023-13"], 2, "ingest/daily refuses these parameters"),
        (["nothing"], 2, "There is no flow 'nothing'"),
        (["patience", "--fail", "true"], 1, "asked to fail"),
        (["--help"], 0, "train/weekly"),
    ],
)
def test_the_flows_command_says_what_is_wrong(stack, arguments, code, words):
    done = run(*FLOWS, *arguments, check=False)

    assert done.returncode == code, done.stdout
    assert words in done.stdout


def test_a_second_pipeline_run_takes_everything_from_cache_across_containers(prefect: Prefect):
    run_id = prefect.start("pipeline/daily")
    assert prefect.until(run_id, seconds=600) == "COMPLETED"
    states = until(lambda: task_states(prefect, run_id), 10, "task runs")

    assert states.count("Cached") >= 7  # store and export of two months, fit, judge, register at the least


@pytest.mark.parametrize("service", ["s3", "postgres"])
def test_the_pipeline_completes_over_half_a_minute_without(prefect: Prefect, service):
    run_id = prefect.start("pipeline/daily", force=True, baseline=False)
    prefect.until(run_id, "RUNNING", seconds=60)
    until(lambda: "Completed" in task_states(prefect, run_id), 120, "the first finished task")
    compose("stop", service)
    run("sleep", "30")
    compose("start", service)

    assert prefect.until(run_id, seconds=600) == "COMPLETED"


def test_five_runs_at_once_all_complete(prefect: Prefect):
    runs = [prefect.start("patience/on-demand", seconds=1) for _ in range(5)]
    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(lambda one: prefect.until(one, seconds=120), runs))

    assert set(ended) == {"COMPLETED"}
