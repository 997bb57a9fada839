"""Claims about what the flows command prints: the product's lines and the end, not Prefect's commentary."""

import pytest

from infra.setup.follow_run import Follower

RUN = {
    "id": "r",
    "name": "pipeline-2023-01",
    "state_type": "COMPLETED",
    "state": {"name": "Completed", "message": "RMSE 4.2\nversion 1 is champion"},
    "total_run_time": 58.4,
}


@pytest.fixture(name="follower")
def _follower(monkeypatch: pytest.MonkeyPatch) -> Follower:
    """A follower that has met one run and one task."""
    monkeypatch.setenv("PREFECT_UI_URL", "http://localhost:4200")
    follower = Follower(None)
    follower.names, follower.tasks = {"r": "pipeline-2023-01"}, {"t": "fit: "}
    return follower


def printed(follower, capsys, message, task=None, level=20):
    line = {"id": message, "flow_run_id": "r", "task_run_id": task, "level": level, "message": message}
    follower.print_line(line | {"timestamp": "2026-11-27T10:11:12"})
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "message",
    [
        "Executing deployment step: set_working_directory",
        "Running 1 deployment pull step(s)",
        "Worker 'docker' submitting flow run 'x'",
        "Beginning subflow run 'ingest-2023-01' for flow 'ingest'",
        "Finished in state Completed('RMSE 4.2')",
        "Encountered exception during execution: ValueError('no')\nTraceback (most recent call last):\n  File",
    ],
)
def test_prefects_commentary_is_not_printed(follower, capsys, message):
    assert printed(follower, capsys, message) == ""


def test_a_line_of_the_product_is_printed_as_it_is(follower, capsys):
    assert printed(follower, capsys, "ingest   2023-01: 68,211 rows stored").endswith(
        "ingest   2023-01: 68,211 rows stored\n"
    )


def test_a_task_that_ended_is_one_word(follower, capsys):
    assert printed(follower, capsys, "Finished in state Completed()", task="t").endswith("fit: completed\n")


def test_a_failed_try_is_told_without_its_traceback(follower, capsys):
    message = "Task run failed with exception: no - Retry 1/4 will start\nTraceback (most recent call last):\n  File"

    assert printed(follower, capsys, message, "t", 40).endswith(
        "fit: Task run failed with exception: no - Retry 1/4 will start\n"
    )


def test_the_end_is_the_result_the_link_and_the_next_command(follower, capsys):
    follower.next = "next:  curl"
    follower.print_end(RUN)

    assert capsys.readouterr().out.splitlines() == [
        "",
        "pipeline-2023-01: completed after 58 s",
        "  RMSE 4.2",
        "  version 1 is champion",
        "run:   http://localhost:4200/runs/flow-run/r   (log-in: make secrets)",
        "next:  curl",
    ]


@pytest.mark.parametrize(
    "said", ["Flow run encountered an exception: flows.trips.registry.NoModelError: ", "NoModelError: "]
)
def test_a_failure_is_its_cause_without_the_class(follower, capsys, said):
    state = {"name": "Failed", "message": f"{said}model trip-duration has no candidate; train one: train"}
    follower.print_end(RUN | {"state": state, "state_type": "FAILED"})

    assert capsys.readouterr().out.splitlines()[2] == "  model trip-duration has no candidate; train one: train"
