"""`make demo` as a newcomer runs it: in a fresh copy of the tree, killed on the way, and once more."""

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.copies import ROOT, copy_project

AFTER_SECONDS = 12  # the parts are up or nearly so, and the first flows may run


@dataclass(frozen=True)
class Copy:
    """A copy of the tracked files, with this environment's packages."""

    folder: Path

    def demo(self, **options: str) -> "subprocess.Popen[str]":
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
        return subprocess.Popen(
            ["make", "demo", *(f"{name}={value}" for name, value in options.items())],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def report(self) -> dict[str, Any]:
        return json.loads((self.folder / "var/demo/report.json").read_text())

    def processes(self) -> list[str]:
        found = psutil.process_iter(["cmdline"])
        return [" ".join(p.info["cmdline"]) for p in found if str(self.folder) in " ".join(p.info["cmdline"] or [])]


@dataclass(frozen=True)
class Told:
    """What a run printed, and how it ended."""

    text: str
    status: int


def finished(run: "subprocess.Popen[str]") -> Told:
    text, _ = run.communicate(timeout=900)
    return Told(text, run.returncode)


@pytest.fixture(scope="module", name="copy")
def _copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    folder = tmp_path_factory.mktemp("fresh")
    copy_project(folder)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    os.utime(ROOT / ".venv/ready")
    return Copy(folder)


@pytest.fixture(scope="module", name="killed")
def _killed(copy: Copy) -> None:
    """A demo ended by SIGKILL on its way."""
    run = copy.demo()
    time.sleep(AFTER_SECONDS)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()


@pytest.fixture(scope="module", name="first")
def _first(copy: Copy, killed: None) -> Told:
    return finished(copy.demo())


@pytest.fixture(scope="module", name="second")
def _second(copy: Copy, first: Told) -> Told:
    return finished(copy.demo())


def test_demo_after_a_kill_ends_well(first: Told) -> None:
    assert first.status == 0, first.text


def test_report_shows_the_model_well_below_the_baseline(copy: Copy, first: Told) -> None:
    judged = copy.report()["validate"]

    assert (judged["rows"], judged["rmse"] <= 4.25) == (62574, True)
    assert judged["baseline_rmse"] == pytest.approx(5.19, abs=0.01)


def test_batch_and_http_agree_on_the_whole_month(copy: Copy, first: Told) -> None:
    batch = copy.report()["batch"]

    assert batch["rows"] + batch["outside"] == 64809
    assert batch["max_abs_difference_to_http"] <= 1e-5


def test_report_names_the_served_champion(copy: Copy, first: Told) -> None:
    report = copy.report()

    assert report["model"] == {"name": "trip-duration", "version": "1", "alias": "champion"}
    assert report["prediction"]["response"]["model_version"] == "1"


def test_second_demo_takes_unchanged_stages_from_cache(second: Told, first: Told) -> None:
    assert second.status == 0, second.text
    assert second.text.count("unchanged, from cache") == 4  # two months, training, score


def test_nothing_is_left_running(copy: Copy, second: Told) -> None:
    assert copy.processes() == []
