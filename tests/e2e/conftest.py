"""The whole stack, started once for all tests here; without an engine they are skipped in one visible line."""

import pytest

from tests.e2e.stack import ROOT, Prefect, run
from tests.engine import REMEDY, engine_runs, needs_engine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(ROOT / "tests/e2e"):
            item.add_marker(needs_engine)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [one for one in terminalreporter.stats.get("skipped", []) if REMEDY in str(one.longrepr)]
    if skipped and not engine_runs():
        terminalreporter.write_line(f"{len(skipped)} tests of the stack were skipped: each {REMEDY}", yellow=True)


@pytest.fixture(scope="session")
def stack() -> None:
    run("make", "up")


@pytest.fixture(scope="session")
def prefect(stack: None) -> Prefect:
    return Prefect()
