"""The whole stack, started once for all tests of this folder; without an engine they are skipped in one
visible line."""

import subprocess

import pytest

from tests.e2e.stack import ROOT, Prefect, run


def engine_runs() -> bool:
    try:
        return subprocess.run(["docker", "info"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not engine_runs():
        skip = pytest.mark.skip(reason="needs a Docker engine; install and start one with: make engine")
        for item in items:
            if item.path.is_relative_to(ROOT / "tests/e2e"):
                item.add_marker(skip)


@pytest.fixture(scope="session")
def stack() -> None:
    run("make", "up")


@pytest.fixture(scope="session")
def prefect(stack: None) -> Prefect:
    return Prefect()
