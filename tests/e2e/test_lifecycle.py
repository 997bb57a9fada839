"""Down, up, opened to others, asked to delete: what the stack holds stays, and nothing is made twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.arguments import recorded
from tests.e2e.stack import ROOT, Prefect, compose, container, edit, healthy, inspect, run, secret, setting, until
from tests.unit.model_server.builders import TRIP


def answer() -> dict[str, Any]:
    """The served prediction for one trip, with its model's version."""
    url = f"http://127.0.0.1:{setting('MODEL_SERVER_PORT')}/predict"
    return until(lambda: httpx.post(url, json=TRIP).raise_for_status(), 60, "a served champion").json()


def mlflow_status(**login: Any) -> int:
    """What MLflow's published address says to a request for its experiments."""
    url = f"http://localhost:{setting('MLFLOW_PORT')}/api/2.0/mlflow/experiments/get?experiment_id=0"
    return httpx.get(url, timeout=30, **login).status_code


def images() -> set[str]:
    """Every image that has a name, with its id."""
    named = ("--filter", "dangling=false", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}")
    return set(run("docker", "images", "--no-trunc", *named).stdout.splitlines())


@pytest.fixture
def opened(prefect: Prefect) -> Iterator[str]:
    """The stack with BIND on every address; back on loopback afterwards."""
    edit(".env", "BIND=127.0.0.1", "BIND=0.0.0.0")
    try:
        yield run("make", "up").stdout
    finally:
        edit(".env", "BIND=0.0.0.0", "BIND=127.0.0.1")
        run("make", "up")


def test_smoke_passes_every_claim_and_hands_no_secret_to_a_program(stack: None, tmp_path: Path):
    environment, arguments = recorded(tmp_path)
    claims = run("make", "smoke", env=environment).stdout.splitlines()
    seen = arguments.read_text()

    assert len(claims) == 20
    assert [claim for claim in claims if not claim.startswith("PASS  ")] == []
    assert "docker compose logs" in seen
    assert [one.name for one in (ROOT / ".secrets").iterdir() if one.read_text().removeprefix("admin:") in seen] == []


def test_down_and_up_keep_everything_and_make_nothing(champion: str, prefect: Prefect):
    run_id = prefect.start("patience/on-demand")
    prefect.until(run_id)
    before, made = answer(), images()
    run("make", "down")
    assert not compose("ps", "--quiet")
    said = run("make", "up").stdout

    assert "Building" not in said
    assert "Deploying" not in said
    assert images() == made
    assert answer() == before
    assert before["model_version"] == champion
    assert prefect.state(run_id) == "COMPLETED"


def test_up_again_restarts_nothing(stack: None):
    before = compose("ps", "--quiet")
    run("make", "up")

    assert compose("ps", "--quiet") == before


def test_up_brings_back_what_was_stopped_and_those_who_missed_it(prefect: Prefect):
    compose("stop", "postgres")
    until(lambda: inspect(container("mlflow"))["State"]["Health"]["Status"] == "unhealthy", 120, "MLflow's distress")
    run("make", "up")

    healthy("postgres", "prefect", "mlflow", "worker")
    assert prefect.until(prefect.start("patience/on-demand")) == "COMPLETED"


def test_beyond_this_machine_mlflow_asks_for_a_log_in_and_the_registry_does_not_listen(opened: str):
    ports = {line.split()[0]: line for line in compose("ps", "--format", "{{.Service}} {{.Ports}}").splitlines()}

    assert "TLS" in opened
    assert "0.0.0.0:" in ports["gate"]
    assert "0.0.0.0:" not in ports["gate-registry"]
    assert "->" not in ports["mlflow"]
    assert mlflow_status() == 401
    assert mlflow_status(auth=("admin", "wrong")) == 401
    assert mlflow_status(auth=("admin", secret("mlflow_password"))) == 200
    assert "user admin, password" in run("make", "secrets").stdout


def test_what_asks_for_no_log_in_is_not_opened(stack: None):
    override = ROOT / "docker-compose.override.yml"
    override.write_text("services: {gate: {ports: ['0.0.0.0:5999:5001']}}\n")
    try:
        done = run("make", "up", check=False)
    finally:
        override.unlink()

    assert done.returncode != 0
    assert "gate would listen beyond this machine" in done.stderr


def test_mlflow_asks_for_nothing_on_this_machine(stack: None):
    assert mlflow_status() == 200


def test_clean_asks_and_deletes_nothing_without_a_yes(stack: None):
    done = run("make", "clean", check=False, input="no\n")

    assert done.returncode != 0
    assert "every run, model version" in done.stdout
    assert "Nothing deleted" in done.stdout
    assert compose("ps", "--quiet")
