"""`docker compose run --rm flows` against a real Prefect server."""

from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.settings import PREFECT_API_URL
from prefect.states import Completed

from flows.trips.month import Month
from infra.setup.run_flow import main


@flow(name="sample")
def sample(month: Month, rounds: int = 30, rollback: bool = False) -> None:
    """Do nothing."""


@pytest.fixture(name="deployed")
def _deployed(prefect_server: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample, with a month and rounds for the runs of its schedule."""
    monkeypatch.setenv("PREFECT_API_URL", PREFECT_API_URL.value())
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "nobody:nothing")
    monkeypatch.setenv("PREFECT_UI_URL", "http://localhost:4200")
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name="pool", type="process"), overwrite=True)
    sample.to_deployment("weekly", parameters={"month": "2023-02", "rounds": 5}, work_pool_name="pool").apply()


def runs() -> list:
    with get_client(sync_client=True) as client:
        return [run for run in client.read_flow_runs() if run.deployment_id]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sample"], "Missing option '--month'. Example: --month 2023-01"),
        (["sample/weekly", "--month", "2023-13"], "'2023-13' is not valid. Example: --month 2023-01"),
        (["smaple"], "Did you mean 'sample'?"),
        (["sample/wekly"], "'sample/weekly'?"),
    ],
)
def test_invalid_arguments_create_no_run(deployed: None, capsys, arguments: list[str], words: str) -> None:
    before = runs()

    assert main(arguments) == 2
    assert words in capsys.readouterr().err
    assert runs() == before


def test_help_shows_the_deployments_and_their_own_defaults(deployed: None, capsys) -> None:
    assert main(["--help"]) == 0
    assert "sample/weekly" in capsys.readouterr().out
    assert main(["sample", "--help"]) == 0
    assert "[default: 5]" in capsys.readouterr().out


def test_a_run_has_the_given_parameters_and_is_followed_to_its_end(deployed: None, capsys) -> None:
    before = {run.id for run in runs()}
    with ThreadPoolExecutor() as pool, get_client(sync_client=True) as client:
        followed = pool.submit(main, ["sample", "--month", "2023-01", "--rollback"])
        while not (started := [run for run in runs() if run.id not in before]):
            assert not followed.done()
            sleep(0.2)
        client.set_flow_run_state(started[0].id, Completed(), force=True)

        assert followed.result(30) == 0
    assert started[0].parameters == {"month": "2023-01", "rounds": 5, "rollback": True}
    said = capsys.readouterr().out
    assert "sample/weekly runs as" in said
    assert "No worker is online" in said
