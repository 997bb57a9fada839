"""Whatever dies, each run reaches a final state by itself, and what can go on goes on."""

from tests.e2e.stack import SELF_HEALING, Prefect, compose, crash, healthy, inspect, run, until


def started(prefect: Prefect, seconds: int) -> str:
    run_id = prefect.start("patience/on-demand", seconds=seconds)
    prefect.until(run_id, "RUNNING")
    return run_id


def claimed_and_never_started(prefect: Prefect) -> str:
    """As by a worker that dies between its claim and the making of a container."""
    found = prefect.call("GET", "/deployments/name/patience/on-demand")
    later = {
        "type": "SCHEDULED",
        "state_details": {"scheduled_time": "2100-01-01T00:00:00Z"},
    }  # no worker takes it
    run_id = prefect.call("POST", f"/deployments/{found['id']}/create_flow_run", state=later)["id"]
    prefect.call("POST", f"/flow_runs/{run_id}/set_state", state={"type": "PENDING"}, force=True)
    return run_id


def recorded_tasks(prefect: Prefect, run_id: str) -> int:
    return prefect.call("POST", "/task_runs/count", task_runs={"flow_run_id": {"any_": [run_id]}})


def test_a_killed_container_is_a_crashed_run_within_ten_seconds(prefect: Prefect):
    run_id = started(prefect, 60)
    run("docker", "kill", prefect.container(run_id))

    assert prefect.until(run_id, seconds=10) == "CRASHED"


def test_a_run_out_of_memory_says_so(prefect: Prefect):
    run_id = prefect.start("patience/on-demand", megabytes=3000)

    assert prefect.until(run_id, seconds=60) == "CRASHED"
    assert "Out of memory" in prefect.call("GET", f"/flow_runs/{run_id}")["state"]["message"]


def test_a_failed_flow_is_failed_and_its_container_ended_well(prefect: Prefect):
    run_id = prefect.start("patience/on-demand", fail=True)

    assert prefect.until(run_id) == "FAILED"
    state = until(lambda: inspect(prefect.container(run_id))["State"], 10, "its container")
    until(lambda: inspect(prefect.container(run_id))["State"]["Status"] == "exited", 10, "its end")
    assert state["ExitCode"] == 0


def test_cancelling_runs_the_hooks_and_ends_the_container_within_eight_seconds(prefect: Prefect):
    run_id = started(prefect, 120)
    name = prefect.container(run_id)
    cancelling = {"type": "CANCELLING", "name": "Cancelling"}
    prefect.call("POST", f"/flow_runs/{run_id}/set_state", state=cancelling)
    until(lambda: inspect(name)["State"]["Status"] == "exited", 8, "container gone")

    assert prefect.until(run_id, seconds=5) == "CANCELLED"
    until(lambda: "farewell" in prefect.logs(run_id), 5, "the hook's line in the log")


def test_a_run_goes_on_while_the_worker_is_dead(prefect: Prefect):
    run_id = started(prefect, 8)
    crash("worker")

    assert prefect.until(run_id) == "COMPLETED"
    healthy("worker")


def test_a_run_made_while_the_worker_is_down_runs_when_it_is_back(prefect: Prefect):
    compose("stop", "worker")
    run_id = prefect.start("patience/on-demand")
    compose("start", "worker")

    assert prefect.until(run_id) == "COMPLETED"


def test_a_run_survives_a_crash_of_the_server_and_keeps_its_tasks(prefect: Prefect):
    run_id = started(prefect, 20)
    crash("prefect")

    assert prefect.until(run_id, seconds=90) == "COMPLETED"
    until(lambda: recorded_tasks(prefect, run_id) == 21, 20, "hold and 20 waits recorded")


def test_a_run_survives_a_crash_of_the_database_and_keeps_its_tasks(prefect: Prefect):
    run_id = started(prefect, 20)
    crash("postgres")

    assert prefect.until(run_id, seconds=90) == "COMPLETED"
    until(lambda: recorded_tasks(prefect, run_id) == 21, 20, "hold and 20 waits recorded")


def test_a_run_completes_over_a_database_that_is_down_for_half_a_minute(prefect: Prefect):
    run_id = started(prefect, 40)
    compose("stop", "postgres")
    run("sleep", "30")
    compose("start", "postgres")

    assert prefect.until(run_id, seconds=SELF_HEALING) == "COMPLETED"


def test_a_run_starts_without_the_registry(prefect: Prefect):
    compose("stop", "registry")
    run_id = prefect.start("patience/on-demand")

    assert prefect.until(run_id) == "COMPLETED"
    compose("start", "registry")


def test_a_run_whose_container_dies_while_the_worker_is_away_ends_by_itself(prefect: Prefect):
    run_id = started(prefect, 300)
    compose("stop", "worker")
    run("docker", "kill", prefect.container(run_id))

    assert prefect.until(run_id, seconds=SELF_HEALING) == "CRASHED"
    compose("start", "worker")


def test_nothing_hangs_that_ends_while_nobody_can_hear_it(prefect: Prefect):
    claimed = claimed_and_never_started(prefect)
    orphan = started(prefect, 300)
    compose("stop", "postgres")
    run("docker", "kill", prefect.container(orphan))
    crash("worker", "prefect")  # which forgets what it counted
    compose("start", "postgres")

    assert prefect.until(orphan, seconds=SELF_HEALING) == "CRASHED"
    assert prefect.until(claimed, seconds=SELF_HEALING) == "CRASHED"
    healthy("postgres", "prefect", "worker")
    again = prefect.start("patience/on-demand")
    assert prefect.until(again) == "COMPLETED"
