"""The main job through the work pool: completes, is reused when nothing changed, and survives what it depends on."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace

import httpx
import psycopg2
import pytest

from tests.e2e.s3_requests import client
from tests.e2e.stack import ENDED, SELF_HEALING, Prefect, compose, crash, healthy, run, secret, setting, until
from tests.e2e.terminal import Terminal

TYPED = ("docker", "compose", "run", "--rm", "flows")
FLOWS = ("docker", "compose", "--progress", "quiet", "run", "--rm", "--no-TTY", "flows")


def children(prefect: Prefect, run_id: str) -> dict[str, str]:
    """State type of each subflow run of the run."""
    found = prefect.call("POST", "/flow_runs/filter", flow_runs={"parent_flow_run_id": {"any_": [run_id]}})
    return {one["id"]: one["state_type"] for one in found}


def task_states(prefect: Prefect, run_id: str) -> list[str]:
    """State names of all task runs of the run's subflows, the wrappers of the subflows left out."""
    of_children = {"flow_run_id": {"any_": list(children(prefect, run_id))}}
    return [one["state"]["name"] for one in prefect.call("POST", "/task_runs/filter", task_runs=of_children)]


def test_the_flows_command_ends_with_the_result_of_the_pipeline(prefect: Prefect):
    said = run(*FLOWS).stdout
    stages, end = said.split("\npipeline-2023-01: completed after ")
    run_id = re.search(r"flow-run/([0-9a-f-]{36})", said)[1]
    figures, verdict, rows, link, then = [line.strip() for line in end.splitlines()[1:]]

    assert "ingest   2023-01: 68,211 rows" in stages
    assert "Executing deployment step" not in said
    assert re.fullmatch(
        r"RMSE 4\.\d{3} minutes on 62,574 trips of 2023-02; the source's method has 5\.\d+: .*better", figures
    )
    assert re.match(r"version \d+ is (champion|not promoted).*RMSE 4\.", verdict)
    assert rows.startswith("64,809 trips of 2023-02 scored by version ")
    assert link.endswith("(log-in: make secrets)")
    assert then.startswith("next:  curl http://localhost:")
    assert all(f"pipeline {line}" in prefect.logs(run_id) for line in (figures, verdict, rows))


def test_a_failed_run_ends_with_its_cause_and_a_link_and_no_traceback(stack):
    done = run(*FLOWS, "score", "--month", "2020-01", check=False)

    assert done.returncode == 1
    cause, link = done.stdout.splitlines()[-2:]
    assert cause.strip() == (
        "month 2020-01 is not in the lake; put it there: docker compose run --rm flows ingest --month 2020-01"
    )
    assert link.endswith("(log-in: make secrets)")
    assert "Traceback" not in done.stdout


def test_every_parameter_of_every_deployment_is_described(prefect: Prefect):
    schemas = [one["parameter_openapi_schema"] for one in prefect.call("POST", "/deployments/filter")]
    fields = [field for schema in schemas for field in schema["properties"].items()]

    assert len(fields) > 15
    assert [name for name, field in fields if not field.get("description")] == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["ingest", "--month", "2023-13"], 2, "'2023-13' is not valid. Example: --month 2023-01"),
        (["ingest", "--month", "january"], 2, "'january' is not valid. Example: --month 2023-01"),
        (["ingest"], 2, "Missing option '--month'. Example: --month 2023-01"),
        (["ingest", "--mnth", "2023-01"], 2, "Did you mean '--month'?"),
        (["trian"], 2, "Did you mean 'train'?"),
        (["nothing"], 2, "No such command 'nothing'"),
        (["patience", "--fail"], 1, "asked to fail"),
        (["--help"], 0, "train/weekly"),
        (["train", "--help"], 0, "--no-baseline"),
    ],
)
def test_the_flows_command_says_what_is_wrong(stack, arguments, code, words):
    done = run(*FLOWS, *arguments, check=False)

    assert done.returncode == code, done.stdout
    assert words in done.stdout + done.stderr


@pytest.mark.parametrize(("answer", "told"), [("c", ": cancelled after"), ("", "Left running")])
def test_ctrl_c_in_the_flows_command_asks_what_becomes_of_the_run(prefect: Prefect, answer: str, told: str):
    with Terminal(*TYPED, "patience", "--seconds", "15") as terminal:
        terminal.read_until("wait-", 60)  # the first second is over
        terminal.type("\x03")
        terminal.read_until("[c/L]", 10)
        terminal.type(f"{answer}\n")
        terminal.read_until(told, 30)
        run_id = re.search(r"flow-run/([0-9a-f-]{36})", terminal.text)[1]

        assert terminal.exit_code(10) == 130
    assert prefect.until(run_id) == ("CANCELLED" if answer else "COMPLETED")


def test_a_second_pipeline_run_takes_everything_from_cache_across_containers(prefect: Prefect):
    run_id = prefect.start("pipeline/daily")
    assert prefect.until(run_id, seconds=600) == "COMPLETED"
    states = until(lambda: task_states(prefect, run_id), 10, "task runs")

    assert states.count("Cached") >= 7  # store and export of two months, fit, judge, register at the least


@dataclass(frozen=True)
class Yield:
    """What pipeline runs leave: trips by month, objects in the lake, model versions and the newest one's figures."""

    trips: dict[str, int]
    objects: set[str]
    versions: int
    rmse: float
    rows: float

    def with_one_more_version(self) -> "Yield":
        """The same after another run: all is replaced by its like, and one version of the model is added."""
        return replace(self, versions=self.versions + 1)


def harvest() -> Yield:
    """What is there now."""
    place = {"host": "127.0.0.1", "port": setting("POSTGRES_PORT"), "dbname": "trips", "user": "trips"}
    with closing(psycopg2.connect(**place, password=secret("postgres_trips"))) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT month, count(*) FROM trips GROUP BY month")
        trips = dict(cursor.fetchall())
    objects = {one.object_name for one in client("flows").list_objects("lake", "trips/", recursive=True)}
    registry = f"http://127.0.0.1:{setting('MLFLOW_PORT')}/api/2.0/mlflow"
    newest_first = {"filter": "name='trip-duration'", "max_results": 1000, "order_by": "creation_timestamp DESC"}
    found = httpx.get(f"{registry}/model-versions/search", params=newest_first).raise_for_status().json()
    versions = found["model_versions"]
    newest = httpx.get(f"{registry}/runs/get", params={"run_id": versions[0]["run_id"]}).raise_for_status().json()
    figures, parameters = (
        {one["key"]: one["value"] for one in newest["run"]["data"][kind]} for kind in ("metrics", "params")
    )
    return Yield(trips, objects, len(versions), round(figures["rmse"], 5), float(parameters["validation_rows"]))


def in_its_middle(prefect: Prefect) -> str:
    """A pipeline run that makes everything again, and has finished its first task."""
    run_id = prefect.start("pipeline/daily", force=True, baseline=False)
    prefect.until(run_id, "RUNNING", seconds=60)
    until(lambda: "Completed" in task_states(prefect, run_id), 120, "the first finished task")
    return run_id


@pytest.mark.parametrize("service", ["s3", "postgres"])
def test_the_pipeline_completes_over_half_a_minute_without(prefect: Prefect, champion: str, service: str):
    before = harvest()
    run_id = in_its_middle(prefect)
    compose("stop", service)
    run("sleep", "30")
    compose("start", service)

    assert prefect.until(run_id, seconds=600) == "COMPLETED"
    assert harvest() == before.with_one_more_version()


@pytest.mark.parametrize("service", ["s3", "postgres", "prefect", "mlflow"])
def test_the_pipeline_completes_over_a_crash(prefect: Prefect, champion: str, service: str):
    before = harvest()
    run_id = in_its_middle(prefect)
    crash(service)

    assert prefect.until(run_id, seconds=600) == "COMPLETED"
    assert harvest() == before.with_one_more_version()
    healthy(service)


def test_the_pipeline_gives_the_same_after_everything_died_in_its_middle(prefect: Prefect, champion: str):
    before = harvest()
    run_id = in_its_middle(prefect)
    run("docker", "kill", prefect.container(run_id))
    crash("worker", "prefect", "postgres", "s3")

    assert prefect.until(run_id, seconds=SELF_HEALING) == "CRASHED"
    until(lambda: not set(children(prefect, run_id).values()) - ENDED, SELF_HEALING, "the end of its subflow runs")
    healthy("postgres", "s3", "prefect", "worker")
    assert prefect.until(prefect.start("pipeline/daily", force=True, baseline=False), seconds=600) == "COMPLETED"
    assert harvest() == before.with_one_more_version()


def test_five_runs_at_once_all_complete(prefect: Prefect):
    runs = [prefect.start("patience/on-demand", seconds=1) for _ in range(5)]
    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(lambda one: prefect.until(one, seconds=120), runs))

    assert set(ended) == {"COMPLETED"}
