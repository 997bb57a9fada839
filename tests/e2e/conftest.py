"""A whole stack, started once for all tests here; without an engine they are skipped in one visible line."""

from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.stack import Prefect, make_copy, remove, run, setting, until
from tests.engine import REMEDY, engine_runs, needs_engine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "stack" in item.fixturenames:
            item.add_marker(needs_engine)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [one for one in terminalreporter.stats.get("skipped", []) if REMEDY in str(one.longrepr)]
    if skipped and not engine_runs():
        terminalreporter.write_line(f"{len(skipped)} tests of the stack were skipped: each {REMEDY}", yellow=True)


@pytest.fixture(scope="session")
def stack() -> Iterator[None]:
    """The tests' own stack; removed afterwards, unless it was running before."""
    running = make_copy()
    run("make", "up")
    yield
    if not running:
        remove()


@pytest.fixture(scope="session")
def prefect(stack: None) -> Prefect:
    return Prefect()


@pytest.fixture(scope="session")
def champion(prefect: Prefect) -> str:
    """Version of the served champion; the pipeline makes one when there is none."""
    url = f"http://127.0.0.1:{setting('MODEL_SERVER_PORT')}/health/ready"
    if httpx.get(url).status_code != 200:
        assert prefect.until(prefect.start("pipeline/daily"), seconds=600) == "COMPLETED"
    return until(lambda: httpx.get(url).raise_for_status(), 60, "a served champion").json()["model_version"]
